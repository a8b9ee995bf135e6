//! The tape: what the records since the last publication did, in ids and integers. It is written while others wait to read, so
//! nothing is rendered here; what can be read from the state afterwards is only marked.

use super::candles::{Candle, Candles, Counted};
use super::desk::{Desk, Live};
use super::queue::{Fill, Touch};
use base::{
    AccountId, InstrumentId, Method, Money, OrderId, Price, ProposalId, Quantity, Side, Timestamp, TradeId,
    amount_of,
};
use engine::{Command, Event, Record, State};
use std::collections::BTreeSet;
use trading::{Event as Trading, Revision};

/// One side of a trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party {
    pub(super) account: AccountId,
    pub(super) order: Option<OrderId>,
    pub(super) fee: Money,
}

/// A trade.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deal {
    pub(super) trade: TradeId,
    pub(super) instrument: InstrumentId,
    pub(super) method: Method,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) amount: Money,
    pub(super) aggressor: Option<Side>,
    pub(super) buyer: Party,
    pub(super) seller: Party,
}

/// Something that is told as it happened, and not as it stands afterwards.
#[derive(Clone, Debug)]
pub(super) enum What {
    Order(Live),
    Deal(Deal),
    Settled(Deal),
    /// A trade was corrected, or taken back: how it stands, or what it was.
    Revised(Deal, &'static str),
    Candle(InstrumentId, Candle),
    Alert(Box<supervision::Alert>),
}

/// The same with its record.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    pub(super) what: What,
}

/// What changed of what is shown as it stands.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) books: BTreeSet<InstrumentId>,
    /// An order went whose instrument is not known any more: any book may have changed.
    pub(super) all_books: bool,
    pub(super) listings: bool,
    pub(super) ticker: bool,
    pub(super) status: bool,
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) all_accounts: bool,
    pub(super) acts: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Tape {
    pub(super) happened: Vec<Happened>,
    pub(super) marks: Marks,
    /// Whether somebody follows a book order by order, and what happened to orders since.
    pub(super) by_order: bool,
    pub(super) touches: Vec<Touch>,
    /// Trades of the record that is noted.
    deals: Vec<Deal>,
}

impl Tape {
    /// Notes a record. `watched`: somebody reads a stream at all.
    pub(super) fn note(
        &mut self,
        (record, events): (&Record, &[Event]),
        state: &State,
        (desk, candles): (&mut Desk, &mut Candles),
        watched: bool,
    ) {
        if !watched {
            self.count_only(record, events, state, candles);
            return;
        }
        let told = |what| Happened { seq: record.sequence.0, time: record.time, what };
        self.deals.clear();
        for event in events {
            match event {
                Event::Trading(event) => {
                    self.trading(record, event, state, candles);
                    if !desk.is_idle() {
                        desk.note(record, event, state);
                    }
                }
                &Event::Clearing(clearing::Event::Novated { trade, buyer_fee, seller_fee }) => {
                    if let Some(deal) = self.deals.iter_mut().rfind(|deal| deal.trade == trade) {
                        (deal.buyer.fee, deal.seller.fee) = (buyer_fee, seller_fee);
                    }
                }
                Event::Registry(event) => self.registry(event, record, state),
                Event::Supervision(supervision::Event::Raised(alert)) => {
                    self.happened.push(told(What::Alert(alert.clone())));
                }
                Event::Supervision(supervision::Event::Grown { alert, .. }) => {
                    let grown = state.watch().alert(*alert).cloned().map(Box::new);
                    self.happened.extend(grown.map(|alert| told(What::Alert(alert))));
                }
                Event::RulebookAdopted { .. } | Event::RulesInForce { .. } => {
                    (self.marks.status, self.marks.ticker) = (true, true);
                }
                Event::Roster(_)
                | Event::ActProposed { .. }
                | Event::ActApproved { .. }
                | Event::ActWithdrawn { .. }
                | Event::ActExpired { .. } => self.marks.acts = true,
                _ => {}
            }
        }
        for deal in self.deals.drain(..) {
            desk.spend(deal.buyer.order, Money(deal.amount.0.saturating_add(deal.buyer.fee.0)));
            desk.spend(deal.seller.order, deal.amount);
            self.happened.push(told(What::Deal(deal)));
        }
        for live in desk.finish_record() {
            self.marks.accounts.insert(live.account);
            self.happened.push(told(What::Order(live)));
        }
    }

    /// The running minutes go on when nobody looks.
    fn count_only(&mut self, record: &Record, events: &[Event], state: &State, candles: &mut Candles) {
        for event in events {
            let Event::Trading(event) = event else { continue };
            if let &Trading::DayBegan { market, date, .. } = event {
                candles.day_began(market, date);
            } else if let Trading::TradeBusted(revision) | Trading::TradeCorrected(revision) = event {
                candles.revise(revision.instrument, revision.trade, &revision.to);
            } else if let Some(deal) = deal(event, &record.envelope.command, state) {
                count(&deal, record.time, state, candles);
            }
        }
    }

    fn trading(&mut self, record: &Record, event: &Trading, state: &State, candles: &mut Candles) {
        if self.by_order {
            self.touches.extend(touch(event));
        }
        let marks = &mut self.marks;
        match event {
            &Trading::DayBegan { market, date, .. } => {
                candles.day_began(market, date);
                (marks.status, marks.ticker, marks.all_books) = (true, true, true);
                // What was bought the day before is free now.
                marks.all_accounts = true;
            }
            Trading::DayEnded { .. } => (marks.status, marks.ticker, marks.all_accounts) = (true, true, true),
            Trading::PhaseChanged { .. }
            | Trading::HaltedSet { .. }
            | Trading::HolidayDeclared { .. }
            | Trading::HolidayRevoked { .. } => {
                (marks.status, marks.all_books) = (true, true);
            }
            Trading::InstrumentListed { .. }
            | Trading::InstrumentDelisted { .. }
            | Trading::ReferenceCorrected { .. } => (marks.status, marks.ticker) = (true, true),
            &Trading::BookPhaseChanged { instrument, .. } => {
                marks.status = true;
                marks.books.insert(instrument);
            }
            &Trading::CallIndicated { instrument, .. } | &Trading::CallUncrossed { instrument, .. } => {
                marks.books.insert(instrument);
            }
            &Trading::OrderRested { instrument, .. } | &Trading::OrderAmended { instrument, .. } => {
                marks.books.insert(instrument);
                marks.ticker = true;
            }
            Trading::OrderPlaced { terms, .. } => {
                (marks.listings, marks.ticker) = (true, true);
                marks.accounts.insert(terms.account);
            }
            Trading::OrderEnded { .. } | Trading::OrderReduced { .. } | Trading::OrderTriggered { .. } => {
                (marks.all_books, marks.listings, marks.ticker) = (true, true, true);
            }
            Trading::BlockProposed { terms, .. } => {
                marks.accounts.insert(terms.account);
            }
            Trading::BlockEnded { .. }
            | Trading::AuctionAnnounced { .. }
            | Trading::BidPlaced { .. }
            | Trading::BidEnded { .. }
            | Trading::AuctionUncrossed { .. }
            | Trading::AuctionCancelled { .. } => marks.all_accounts = true,
            Trading::TradeBusted(revision) => self.revised(record, revision, "busted", candles),
            Trading::TradeCorrected(revision) => self.revised(record, revision, "corrected", candles),
            _ => {}
        }
        if let Some(deal) = deal(event, &record.envelope.command, state) {
            self.deal(deal, record, state, candles);
        }
    }

    /// A trade is told again: one that was taken back as what it was.
    fn revised(&mut self, record: &Record, of: &Revision, status: &'static str, candles: &mut Candles) {
        let marks = &mut self.marks;
        marks.ticker = true;
        marks.accounts.extend([of.buyer, of.seller, of.fees_to]);
        let stands = if status == "busted" { of.from } else { of.to };
        let party = |account, fee| Party { account, order: None, fee };
        let deal = Deal {
            trade: of.trade,
            instrument: of.instrument,
            method: of.method,
            price: stands.price,
            quantity: stands.quantity,
            amount: stands.amount,
            aggressor: None,
            buyer: party(of.buyer, stands.buyer_fee),
            seller: party(of.seller, stands.seller_fee),
        };
        let told = |what| Happened { seq: record.sequence.0, time: record.time, what };
        self.happened.push(told(What::Revised(deal, status)));
        let candle = candles.revise(of.instrument, of.trade, &of.to);
        self.happened.extend(candle.map(|candle| told(What::Candle(of.instrument, candle))));
    }

    fn deal(&mut self, deal: Deal, record: &Record, state: &State, candles: &mut Candles) {
        let marks = &mut self.marks;
        marks.books.insert(deal.instrument);
        marks.accounts.extend([deal.buyer.account, deal.seller.account]);
        (marks.ticker, marks.listings) = (true, marks.listings || deal.method == Method::Listed);
        self.deals.push(deal);
        if let Some(candle) = count(&deal, record.time, state, candles) {
            let what = What::Candle(deal.instrument, candle);
            self.happened.push(Happened { seq: record.sequence.0, time: record.time, what });
        }
    }

    fn registry(&mut self, event: &registry::Event, record: &Record, state: &State) {
        use registry::Event as R;
        let accounts = &mut self.marks.accounts;
        match *event {
            R::Issued { account, .. }
            | R::Cancelled { account, .. }
            | R::Deposited { account, .. }
            | R::WithdrawalRequested { account, .. }
            | R::WithdrawalSettled { account, .. }
            | R::Pledged { account, .. }
            | R::PledgeReleased { account, .. }
            | R::Frozen { account, .. }
            | R::Unfrozen { account, .. }
            | R::Surrendered { account, .. }
            | R::CarryOverApplied { account, .. }
            | R::CarryOverDecided { account, .. } => {
                accounts.insert(account);
            }
            R::Transferred { from, to, .. } => accounts.extend([from, to]),
            R::Settled { trade } => {
                // Where the fees went.
                accounts.extend(state.markets().iter().map(|market| market.fee_account));
                if let Some(deal) = self.deals.iter().rfind(|deal| deal.trade == trade) {
                    let what = What::Settled(*deal);
                    self.happened.push(Happened { seq: record.sequence.0, time: record.time, what });
                }
            }
            _ => {}
        }
    }
}

/// What an event does to an order of a book, if it does.
fn touch(event: &Trading) -> Option<Touch> {
    match *event {
        Trading::OrderRested { order, .. }
        | Trading::OrderAmended { order, .. }
        | Trading::OrderEnded { order, .. }
        | Trading::OrderReduced { order, .. }
        | Trading::OrderTriggered { order, .. } => Some(Touch::Order(order)),
        Trading::Filled { trade, instrument, price, quantity, buy, sell, aggressor, .. } => {
            Some(Touch::Fill(Fill { trade, instrument, price, quantity, buy, sell, aggressor }))
        }
        _ => None,
    }
}

fn count(deal: &Deal, time: Timestamp, state: &State, candles: &mut Candles) -> Option<Candle> {
    let market = state.venue().instrument(deal.instrument)?.market;
    let (instrument, method, price) = (deal.instrument, deal.method, deal.price);
    let (quantity, amount) = (deal.quantity.0, deal.amount.0);
    candles.count(
        Counted { trade: deal.trade, instrument, market, method, time, price, quantity, amount },
        state,
    )
}

/// The trade that an event is, if it is one.
fn deal(event: &Trading, command: &Command, state: &State) -> Option<Deal> {
    match event {
        &Trading::Filled { trade, instrument, price, quantity, buy, sell, buyer, seller, aggressor } => {
            let amount = amount_of(price, quantity, state.venue().instrument(instrument)?.tick_value)?;
            let party = |account, order| Party { account, order: Some(order), fee: Money::ZERO };
            let (buyer, seller, method) = (party(buyer, buy), party(seller, sell), Method::Continuous);
            Some(Deal { trade, instrument, method, price, quantity, amount, aggressor, buyer, seller })
        }
        Trading::Traded(made) => {
            let (buyer, seller) = (made.buyer.account, made.seller.account);
            let mut aggressor = None;
            // Of those who agreed, the one who came first has an order: its listing, or its proposal.
            let first = match command {
                Command::TakeListing(take) => {
                    aggressor = Some(if take.account == buyer { Side::Buy } else { Side::Sell });
                    Some((take.account, take.listing))
                }
                Command::AcceptBlock(accept) => {
                    let ProposalId(number) = accept.proposal;
                    Some((accept.account, OrderId(number)))
                }
                _ => None,
            };
            let order = |account| first.filter(|(second, _)| *second != account).map(|(_, order)| order);
            let party = |account| Party { account, order: order(account), fee: Money::ZERO };
            Some(Deal {
                trade: made.id,
                instrument: made.instrument,
                method: made.method,
                price: made.price,
                quantity: made.quantity,
                amount: made.amount,
                aggressor,
                buyer: party(buyer),
                seller: party(seller),
            })
        }
        _ => None,
    }
}
