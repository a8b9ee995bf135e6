//! Order books: the auditor's own, kept as lists and looked through from the start each time. Nothing here is fast.
//!
//! An order comes in, meets what stands first at the best price, and so on; the auditor follows the events of a record one by one
//! and says of each whether it could come now: whether the one that traded was the first in its queue, at its own price, within the
//! band; whether one that rested or ended had nothing more to meet; whether a call found the price that the rule gives.

mod calls;
mod funds;
mod judge;
mod orders;
mod phases;

use super::shadow::{Instrument, Market, Shadow};
use base::{Part, Side, Tariff};
pub use funds::Purse;
pub(super) use orders::Filled;
use trading::rules::Own;
use trading::{Life, OrderKind, Phase, SelfTrade};

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has come in and neither stands nor has ended.
    Under,
    /// It stands in the book.
    Book,
    /// It waits for the last price to reach its trigger.
    Stop,
    /// It waits for the closing call.
    Closer,
}

/// An order of a book.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Whose.
    pub account: u32,
    /// In what.
    pub instrument: u32,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// The worst price at which it may trade.
    pub price: i128,
    /// How long it may stand.
    pub life: Life,
    /// It only adds.
    pub post_only: bool,
    /// What happens where it meets its owner's own.
    pub self_trade: SelfTrade,
    /// Units it must trade at once.
    pub minimum: i128,
    /// Units shown at a time; zero: all.
    pub display: i128,
    /// The price that a stop waits for; zero: none.
    pub trigger: i128,
    /// Units traded.
    pub filled: i128,
    /// Units that can still trade, hidden ones included.
    pub left: i128,
    /// Of these, units that everyone sees.
    pub shown: i128,
    /// Where it is.
    pub place: Place,
    /// When it came to where it is: its place in the queue.
    pub since: u64,
    /// Money (a buyer) or units (a seller) still set aside.
    pub held: i128,
    /// Amounts traded, each times the rate of its part: what the fee runs on, millionths.
    pub base: i128,
    /// Fees paid.
    pub paid: i128,
    /// Of an order for an amount: what it has left of it. Its units are then the most that it may trade.
    pub purse: Option<Purse>,
}

/// What an instrument's book is doing.
#[derive(Clone, Debug, Default)]
pub struct Pit {
    /// The phase.
    pub phase: Phase,
    /// When an interruption ends.
    pub until: Option<i64>,
    /// What the call that runs was last said to come to: price, quantity, imbalance.
    pub indicated: (Option<i128>, i128, i128),
    /// A call that trades: its price, and units that are still to trade.
    pub call: Option<(i128, i128)>,
    /// The order that has come in and is trading, and the price around which the dynamic band lies.
    pub incoming: Option<(u64, i128)>,
    /// Its next trade would lie outside the dynamic band: an interruption must follow.
    pub interrupts: bool,
}

/// The rate of a part in a trade.
fn rate(tariff: &Tariff, part: Part) -> i128 {
    i128::from(match part {
        Part::Maker => tariff.maker_ppm,
        Part::Taker => tariff.taker_ppm,
        Part::Call => tariff.call_ppm,
    })
}

/// The fee on a base: rounded half-up, at least and at most what the schedule says, nothing on nothing.
fn fee(tariff: &Tariff, base: i128) -> i128 {
    if base <= 0 {
        return 0;
    }
    let fee = ((base + 500_000) / 1_000_000).max(tariff.least.0.into());
    tariff.most.map_or(fee, |most| fee.min(most.0.into()))
}

/// The part of a side of a trade.
fn part_of(side: Side, aggressor: Option<Side>) -> Part {
    match aggressor {
        None => Part::Call,
        Some(came_in) if came_in == side => Part::Taker,
        Some(_) => Part::Maker,
    }
}

/// What both sides of a trade of an amount pay in the end, from what their fees ran on before; none where sixty-three bits do not
/// count it.
pub(super) fn fees_of(
    tariff: &Tariff,
    amount: i128,
    aggressor: Option<Side>,
    before: (i128, i128),
    seller_paid: i128,
) -> Option<(i128, i128)> {
    let after = |side, base: i128| base + amount * rate(tariff, part_of(side, aggressor));
    let (bought, sold) = (after(Side::Buy, before.0), after(Side::Sell, before.1));
    if bought.max(sold) + 500_000 > i64::MAX.into() {
        return None;
    }
    let buyer = (fee(tariff, bought) - fee(tariff, before.0)).max(0);
    let seller = (fee(tariff, sold) - seller_paid).clamp(0, amount);
    let rebate = |side, other: i128| match part_of(side, aggressor) {
        Part::Maker => (amount * i128::from(tariff.rebate_ppm) / 1_000_000).min(other),
        _ => 0,
    };
    Some((buyer - rebate(Side::Buy, seller), seller - rebate(Side::Sell, buyer)))
}

/// What a buyer sets aside for an amount on top of a base it has paid on: the amount and the highest fee it can come to; none
/// where sixty-three bits do not count it.
fn hold(tariff: &Tariff, base: i128, amount: i128) -> Option<i128> {
    let highest = tariff.taker_ppm.max(tariff.maker_ppm).max(tariff.call_ppm);
    let after = base + amount * i128::from(highest);
    let whole = amount + fee(tariff, after) - fee(tariff, base);
    (after + 500_000 <= i64::MAX.into() && whole <= i64::MAX.into()).then_some(whole)
}

/// Whether an order of a side with this limit trades at a price.
fn reaches(side: Side, limit: i128, price: i128) -> bool {
    if side == Side::Buy { price <= limit } else { price >= limit }
}

impl Instrument {
    /// The last price of the day, else the reference.
    #[must_use]
    pub fn last(&self) -> i128 {
        self.last_traded().unwrap_or(self.reference)
    }

    /// The last price of the day, where something has traded by orders.
    #[must_use]
    pub fn last_traded(&self) -> Option<i128> {
        self.prints.iter().rev().find(|print| print.method == 0 && !print.own).map(|print| print.price)
    }
}

impl Shadow {
    /// The fees of an instrument's book.
    fn tariff(&self, instrument: u32) -> Tariff {
        self.market_of(instrument).map(|market| market.rules.clearing.book).unwrap_or_default()
    }

    /// The day's band of an instrument's book.
    pub(crate) fn book_band(&self, instrument: u32) -> (i128, i128) {
        let known = self.instrument(instrument).zip(self.market_of(instrument));
        known.map_or((0, 0), |(listed, market)| {
            let rules = market.rules.trading.continuous.as_ref();
            rules.map_or((0, 0), |rules| Market::band(listed.reference, rules.band.0))
        })
    }

    /// The queue of a side: better prices first, at one price the one that has stood there longest.
    #[must_use]
    pub fn queue(&self, instrument: u32, side: Side) -> Vec<(u64, Order)> {
        let here =
            |order: &Order| (order.instrument, order.side, order.place) == (instrument, side, Place::Book);
        let mut queue: Vec<(u64, Order)> =
            self.books.iter().filter(|(_, order)| here(order)).map(|(id, order)| (*id, *order)).collect();
        let better = |price: i128| if side == Side::Buy { -price } else { price };
        queue.sort_by_key(|(_, order)| (better(order.price), order.since));
        queue
    }

    /// Whether two accounts are one owner's.
    pub(in crate::audit) fn same_owner(&self, one: u32, other: u32) -> bool {
        let open = |id: u32| self.accounts.get(id as usize).filter(|account| !account.closed);
        let owner = |id: u32| open(id).map(|account| &account.owner);
        one == other || owner(one).zip(owner(other)).is_some_and(|(one, other)| one == other)
    }

    /// Whether two accounts are one's own to the rules of an instrument's market.
    pub(in crate::audit) fn is_own(&self, instrument: u32, one: u32, other: u32) -> bool {
        let by_owner = self.market_of(instrument).map(|market| market.rules.trading.own == Own::Owner);
        one == other || by_owner == Some(true) && self.same_owner(one, other)
    }

    /// The dynamic band around a price; everything where the rules have none.
    fn within_dynamic(&self, instrument: u32, near: i128, price: i128) -> bool {
        let rules = self.market_of(instrument).and_then(|market| market.rules.trading.continuous.as_ref());
        rules.and_then(|rules| rules.dynamic_band).is_none_or(|width| {
            let (low, high) = Market::band(near, width.0);
            low <= price && price <= high
        })
    }

    /// What an order could still meet at once: the first of the other side's queue that its limit reaches.
    fn next_meeting(&self, order: &Order) -> Option<(u64, Order)> {
        let first = self.queue(order.instrument, order.side.opposite()).into_iter().next();
        first.filter(|(_, maker)| reaches(order.side, order.price, maker.price))
    }

    /// Whether an order could trade so many units at once: hidden ones included, within its limit and the dynamic band, up to an
    /// order of its own owner that would stop it.
    fn could_trade(&self, order: &Order, near: i128, needed: i128) -> bool {
        let mut found = 0;
        for (_, maker) in self.queue(order.instrument, order.side.opposite()) {
            let meets = reaches(order.side, order.price, maker.price)
                && self.within_dynamic(order.instrument, near, maker.price);
            let own = order.self_trade != SelfTrade::Allow && self.same_owner(order.account, maker.account);
            if !meets || own && order.self_trade != SelfTrade::CancelResting {
                return false;
            }
            found += if own { 0 } else { maker.left };
            if found >= needed {
                return true;
            }
        }
        false
    }
}
