//! An auditor that trusts no room: what it can know from events and public state alone, it counts again.

use super::floor::Floor;
use base::{AccountId, AssetId, Method, Money, Side, TradeId};
use engine::{Command, Event, Record, State};
use registry::Event as R;
use std::collections::BTreeMap;
use trading::Event as T;

type Cells = BTreeMap<(AccountId, AssetId), i128>;

/// What an auditor has counted so far.
#[derive(Default)]
pub struct Audit {
    /// Units of each asset in the world.
    outstanding: BTreeMap<AssetId, i128>,
    trades: u64,
    /// The order books, counted again.
    pub floor: Floor,
}

impl Audit {
    /// Looks at one record and what came of it.
    pub fn look(&mut self, before: &State, after: &State, record: &Record, events: &[Event]) {
        events.iter().for_each(|event| self.count(event));
        self.check_conservation(after);
        self.check_trades(before, after, events);
        check_buckets(after);
        self.floor.look(before, after, record, events);
        check_refusal(before, after, record, events);
    }

    fn count(&mut self, event: &Event) {
        let Event::Registry(event) = event else { return };
        let mut add = |asset, units: i64| *self.outstanding.entry(asset).or_default() += i128::from(units);
        match *event {
            R::Issued { asset, quantity, .. } => add(asset, quantity.0),
            R::Cancelled { asset, quantity, .. } | R::Surrendered { asset, quantity, .. } => {
                add(asset, -quantity.0);
            }
            R::Deposited { currency, amount, .. } => add(currency, amount.0),
            R::WithdrawalSettled { currency, amount, paid: true, .. } => add(currency, -amount.0),
            R::CarryOverDecided { from, into, quantity, approved: true, .. } => {
                add(from, -quantity.0);
                add(into, quantity.0);
            }
            _ => {}
        }
    }

    /// What is held is what the events say was made and not ended.
    fn check_conservation(&self, state: &State) {
        let registry = state.registry();
        assert_eq!(registry.ledger().audit(), [], "the ledger adds up");
        for asset in (0..registry.assets().len()).map(AssetId::at) {
            let held: i128 =
                registry.ledger().holders(asset).map(|(_, holding)| i128::from(holding.total().0)).sum();
            let counted = self.outstanding.get(&asset).copied().unwrap_or_default();
            assert_eq!(held, counted, "holdings of {} are what events made", registry.asset(asset).code);
        }
    }

    /// Every trade is novated and settled once, in its own record; prices are within the band and numbers dense.
    fn check_trades(&mut self, before: &State, state: &State, events: &[Event]) {
        let (mut traded, mut novated, mut settled) = (Vec::new(), Vec::new(), Vec::new());
        let mut filled = false;
        for event in events {
            match event {
                Event::Trading(T::Traded(trade)) => {
                    self.trades += 1;
                    assert_eq!(trade.id, TradeId(self.trades), "trades are numbered without a gap");
                    assert!(trade.quantity.is_positive() && trade.price.is_positive());
                    assert_ne!(trade.buyer.account, trade.seller.account);
                    traded.push(trade.id);
                    check_trade(before, state, trade);
                }
                Event::Trading(T::Filled { trade, .. }) => {
                    self.trades += 1;
                    assert_eq!(*trade, TradeId(self.trades), "trades are numbered without a gap");
                    filled = true;
                    traded.push(*trade);
                }
                Event::Clearing(clearing::Event::Novated { trade, buyer_fee, seller_fee }) => {
                    // A rebate is paid out of the other side's fee.
                    assert!(buyer_fee.0 + seller_fee.0 >= 0);
                    assert!(filled || (buyer_fee.0 >= 0 && seller_fee.0 >= 0));
                    filled = false;
                    novated.push(*trade);
                }
                Event::Registry(R::Settled { trade }) => settled.push(*trade),
                _ => {}
            }
        }
        assert_eq!(traded, novated, "every trade is novated once");
        assert_eq!(traded, settled, "every trade is settled once: both legs or neither");
    }
}

/// Nothing trades while it is halted or for an account that is frozen, and a listed price lies within the day's band.
fn check_trade(before: &State, after: &State, trade: &base::Trade) {
    assert!(!before.venue().instruments()[trade.instrument.index()].halted, "a halted instrument traded");
    for party in [trade.buyer, trade.seller] {
        let account = before.registry().account(party.account).expect("a party to a trade has an account");
        assert!(!account.frozen, "a frozen account traded");
    }
    if trade.method == Method::Listed {
        let reference = after.venue().instruments()[trade.instrument.index()].day.reference;
        let listing = after.venue().rules(trade.market).listing.as_ref().expect("there is listed trading");
        let (low, high) = trading::band_limits(reference, listing.band);
        assert!((low..=high).contains(&trade.price), "a listed trade lies within the day's band");
    }
}

/// Every bucket is made of the things that fill it.
fn check_buckets(state: &State) {
    let registry = state.registry();
    let (reserved, mut pledged, mut frozen, mut locked) =
        (held_in_the_market(state), Cells::new(), Cells::new(), Cells::new());
    for (_, pledge) in registry.pledges() {
        *pledged.entry((pledge.account, pledge.asset)).or_default() += i128::from(pledge.quantity.0);
    }
    for (_, freeze) in registry.freezes() {
        *frozen.entry((freeze.account, freeze.asset)).or_default() += i128::from(freeze.quantity.0);
    }
    for (_, conversion) in registry.conversions().filter(|(_, conversion)| conversion.approved.is_none()) {
        *frozen.entry((conversion.account, conversion.from)).or_default() +=
            i128::from(conversion.quantity.0);
    }
    for (account, asset, quantity) in registry.locks() {
        *locked.entry((account, asset)).or_default() += i128::from(quantity.0);
    }
    for asset in (0..registry.assets().len()).map(AssetId::at) {
        for account in (0..registry.accounts().len()).map(AccountId::at) {
            let held = registry.ledger().holding(account, asset);
            let cell = |cells: &Cells| cells.get(&(account, asset)).copied().unwrap_or_default();
            let found = [held.reserved, held.pledged, held.frozen, held.locked].map(|q| i128::from(q.0));
            let expected = [&reserved, &pledged, &frozen, &locked].map(cell);
            assert_eq!(found, expected, "reserved, pledged, frozen, locked of {account}/{asset}");
        }
    }
}

/// What everything that stands in the market, and every withdrawal, has set aside.
fn held_in_the_market(state: &State) -> Cells {
    let (venue, registry) = (state.venue(), state.registry());
    let mut cells = Cells::new();
    let mut hold =
        |account, instrument: base::InstrumentId, method, side, left: i64, amount: Money, traded: Money| {
            let instrument = &venue.instruments()[instrument.index()];
            let cash = |amount| state.clearing().cash_hold(instrument.market, method, side, amount).unwrap();
            let (asset, units) = match side {
                Side::Sell => (instrument.asset, left),
                Side::Buy => (instrument.currency, cash(amount).0 - cash(traded).0),
            };
            *cells.entry((account, asset)).or_default() += i128::from(units);
        };
    for (_, order) in venue.orders() {
        let t = order.terms;
        hold(t.account, t.instrument, Method::Listed, t.side, order.left().0, order.amount, order.traded);
    }
    for (_, proposal) in venue.proposals() {
        let t = proposal.terms;
        hold(t.account, t.instrument, Method::Block, t.side, t.quantity.0, proposal.amount, Money::ZERO);
    }
    for (_, auction) in venue.auctions() {
        let t = &auction.terms;
        hold(t.account, t.instrument, Method::Auction, t.side, t.quantity.0, auction.amount, Money::ZERO);
    }
    for (_, bid) in venue.bids() {
        let auction = venue.auction(bid.terms.auction).expect("a bid belongs to an auction that stands");
        let (instrument, side) = (auction.terms.instrument, auction.terms.side.opposite());
        hold(
            bid.terms.account,
            instrument,
            Method::Auction,
            side,
            bid.terms.quantity.0,
            bid.amount,
            Money::ZERO,
        );
    }
    for order in venue.book_orders() {
        let instrument = &venue.instruments()[order.instrument.index()];
        let asset = if order.side == Side::Sell { instrument.asset } else { instrument.currency };
        *cells.entry((order.account, asset)).or_default() += i128::from(order.held.0);
    }
    for (_, withdrawal) in registry.withdrawals() {
        *cells.entry((withdrawal.account, withdrawal.currency)).or_default() +=
            i128::from(withdrawal.amount.0);
    }
    cells
}

/// A refused command does what the passing of time would have done, and nothing else.
fn check_refusal(before: &State, after: &State, record: &Record, events: &[Event]) {
    if !events.iter().any(|event| matches!(event, Event::Refused(_))) {
        return;
    }
    let mut tick = record.clone();
    tick.envelope.command = Command::Tick;
    (tick.envelope.actor, tick.envelope.user) = (engine::OPERATOR, base::UserId::NOBODY);
    let (mut state, mut passed) = (before.clone(), engine::Events::new());
    state.apply(&tick, &mut passed);
    let others: Vec<&Event> = events.iter().filter(|event| !matches!(event, Event::Refused(_))).collect();
    assert_eq!(others, Vec::from_iter(passed.as_slice()), "a refusal is all that came of a refused command");
    assert!(state == *after, "a refused command changes nothing");
}
