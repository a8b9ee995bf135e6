//! Trading (资产交易): instruments, listings, order books, blocks, one-way auctions, bands, phases and the price list.
//!
//! Architecture Invariant: this room holds no money and no title. It says what two parties agreed; whether they can is
//! asked of the registry by the engine before it agrees, and what follows from it is the business of other rooms.
//!
//! Architecture Invariant: time comes with each command and from nowhere else. What happens by the calendar (a session
//! opens, a day ends, an auction closes) is a step that the engine takes, in order of time, before a command is applied.

mod auction;
mod block;
mod board;
mod control;
mod day;
mod floor;
mod hours;
mod instrument;
mod listing;
mod messages;
mod revision;
pub mod rules;

pub use auction::{Auction, Bid, Uncrossed};
pub use block::Proposal;
pub use control::Correction;
pub use day::Due;
pub use floor::{BookOrder, Incoming, Indication, PostTrade};
pub use instrument::{Instrument, PriceLine, Statistics, band_limits};
pub use listing::Order;
pub use messages::*;
pub use revision::Stands;

use base::{
    AccountId, AuctionId, BidId, InstrumentId, MarketId, Method, Money, OrderId, Party, Price, ProposalId,
    Quantity, Side, Trade, TradeId, amount_of,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The state of the trading room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    markets: Vec<day::Market>,
    instruments: Vec<Instrument>,
    codes: BTreeMap<String, InstrumentId>,
    boards: Vec<board::Board>,
    orders: BTreeMap<OrderId, Order>,
    floor: floor::Floor,
    proposals: BTreeMap<ProposalId, Proposal>,
    auctions: BTreeMap<AuctionId, Auction>,
    bids: BTreeMap<BidId, Bid>,
    corrections: Vec<Correction>,
    opened: u64,
    trades: u64,
}

/// The two sides of a trade about to be made.
pub(crate) struct Match {
    pub(crate) method: Method,
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
    pub(crate) buyer: Party,
    pub(crate) seller: Party,
}

impl Venue {
    /// The instrument of an id, where there is one.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(id.index())
    }

    /// All instruments, by id.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The instrument with this code.
    #[must_use]
    pub fn instrument_id(&self, code: &str) -> Option<InstrumentId> {
        self.codes.get(code).copied()
    }

    /// Corrections of reference prices, in the order in which they were made.
    #[must_use]
    pub fn corrections(&self) -> &[Correction] {
        &self.corrections
    }

    /// The rules in force in a market.
    #[must_use]
    pub fn rules(&self, market: MarketId) -> &rules::Rules {
        &self.markets[market.index()].rules
    }

    /// Whether two accounts are one's own to the rules of an instrument's market. Whether one owner has both is the registry's
    /// to say.
    fn is_own(
        &self,
        instrument: InstrumentId,
        (one, other): (AccountId, AccountId),
        same_owner: impl FnOnce(AccountId, AccountId) -> bool,
    ) -> bool {
        let market = self.instruments[instrument.index()].market;
        one == other || self.markets[market.index()].rules.own == rules::Own::Owner && same_owner(one, other)
    }

    fn next_id(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }

    fn amount(&self, instrument: InstrumentId, price: Price, quantity: Quantity) -> Option<Money> {
        amount_of(price, quantity, self.instruments[instrument.index()].tick_value)
    }

    fn terms(
        &self,
        method: Method,
        instrument: InstrumentId,
        (account, side): (AccountId, Side),
        quantity: Quantity,
        amount: Money,
    ) -> Terms {
        let Instrument { market, asset, currency, .. } = self.instruments[instrument.index()];
        let (filled, traded) = (Quantity::ZERO, Money::ZERO);
        Terms { market, method, asset, currency, account, side, quantity, amount, filled, traded }
    }

    /// Makes a trade whose terms were checked: it counts in the price list from now on.
    fn trade(&mut self, instrument: InstrumentId, made: Match, out: &mut impl FnMut(Event)) -> Trade {
        let Match { method, price, quantity, buyer, seller } = made;
        let traded = &mut self.instruments[instrument.index()];
        let amount = amount_of(price, quantity, traded.tick_value);
        let amount =
            amount.unwrap_or_else(|| unreachable!("an order's amount bounds the amounts of its trades"));
        let market = traded.market;
        let band = self.markets[market.index()].rules.listing.as_ref().map(|listing| listing.band);
        let limits = band.map(|band| band_limits(traded.day.reference, band));
        let at_edge = |(lower, upper)| price <= lower || price >= upper;
        let at_limit = method == Method::Listed && limits.is_some_and(at_edge);
        self.trades += 1;
        let trade = Trade {
            id: TradeId(self.trades),
            market,
            instrument,
            method,
            date: self.markets[market.index()].date,
            price,
            quantity,
            amount,
            asset: traded.asset,
            currency: traded.currency,
            buyer,
            seller,
            at_limit,
        };
        traded.record(&trade);
        self.record_composite(&day::Made { market, instrument, method, quantity, amount, own: false });
        out(Event::Traded(Box::new(trade)));
        trade
    }

    /// Ends every listing, block and bid of an account, and every auction it initiated: nothing of it stays in the market.
    /// Returns what was set aside for them.
    pub fn remove_account(&mut self, account: AccountId, out: &mut impl FnMut(Event)) -> Vec<Terms> {
        self.remove_where(End::Removed, |owner, _| owner == account, out)
    }

    /// Whether something of an account stands in the market: an order, a listing, a block on either side, an auction or a bid.
    #[must_use]
    pub fn anything_of(&self, account: AccountId) -> bool {
        let block = |terms: &ProposeBlock| terms.account == account || terms.counterparty == account;
        self.orders.values().any(|order| order.terms.account == account)
            || self.proposals.values().any(|proposal| block(&proposal.terms))
            || self.auctions.values().any(|auction| auction.terms.account == account)
            || self.bids.values().any(|bid| bid.terms.account == account)
            || self.book_orders().any(|order| order.account == account)
    }

    /// Ends the listings that `which` names, by owner and instrument. Returns what was set aside for them.
    pub fn end_listings(
        &mut self,
        end: End,
        which: impl Fn(AccountId, InstrumentId) -> bool,
        out: &mut impl FnMut(Event),
    ) -> Vec<Terms> {
        let orders = self.orders.iter();
        let orders = orders.filter(|(_, order)| which(order.terms.account, order.terms.instrument));
        let orders: Vec<OrderId> = orders.map(|(id, _)| *id).collect();
        orders.into_iter().map(|id| self.end_order(id, end, out)).collect()
    }

    fn remove_where(
        &mut self,
        end: End,
        which: impl Fn(AccountId, InstrumentId) -> bool,
        out: &mut impl FnMut(Event),
    ) -> Vec<Terms> {
        let mut ended = self.end_listings(end, &which, out);
        let involved =
            |p: &ProposeBlock| which(p.account, p.instrument) || which(p.counterparty, p.instrument);
        let proposals = self.proposals.iter().filter(|(_, proposal)| involved(&proposal.terms));
        let proposals: Vec<ProposalId> = proposals.map(|(id, _)| *id).collect();
        let auctions = self
            .auctions
            .iter()
            .filter(|(_, auction)| which(auction.terms.account, auction.terms.instrument));
        let auctions: Vec<AuctionId> = auctions.map(|(id, _)| *id).collect();
        ended.extend(proposals.into_iter().map(|id| self.end_proposal(id, end, out)));
        for auction in auctions {
            let reason = if end == End::Expired { AuctionEnd::LotNotDrawn } else { AuctionEnd::Halted };
            ended.extend(self.end_auction(auction, reason, out));
        }
        let instrument = |bid: &Bid| self.auctions[&bid.terms.auction].terms.instrument;
        let bids = self.bids.iter().filter(|(_, bid)| which(bid.terms.account, instrument(bid)));
        let bids: Vec<BidId> = bids.map(|(id, _)| *id).collect();
        ended.extend(bids.into_iter().map(|id| self.end_bid(id, end, out)));
        ended
    }
}
