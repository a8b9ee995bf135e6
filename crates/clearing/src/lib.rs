//! Clearing (支付清算): a trade becomes an obligation, with its fees; the day's statement says what everyone bought, sold,
//! paid and received.
//!
//! Architecture Invariant: this room moves nothing. It says what is owed; the registry fulfils it. Settlement today is gross,
//! trade by trade; netting and later cycles will put more between [`ClearingHouse::novate`] and the obligation, not elsewhere.

mod kept;
mod messages;
pub mod rules;
mod statements;

pub use kept::Kept;
pub use messages::{ClearingRejection, Event};
pub use statements::Statement;

use base::{
    AccountId, Date, Delivery, FeeLine, Fill, InstrumentId, MarketId, Method, Money, Obligation, Outcome,
    Part, ParticipantId, Party, Payment, Quantity, Side, Tariff, Trade, TradeId, div_half_up,
};
use kept::KeptTrades;
use rules::{FeeSchedule, Rules};
use serde::{Deserialize, Serialize};
use statements::Statements;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Market {
    rules: Rules,
    fee_account: AccountId,
    date: Date,
    statements: Statements,
    kept: KeptTrades,
}

/// The state of the clearing room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearingHouse {
    markets: Vec<Market>,
}

/// The fee on an order that has traded `amount` in all, in minor units.
fn fee_on(schedule: &FeeSchedule, amount: Money) -> Money {
    if amount.0 <= 0 {
        return Money::ZERO;
    }
    let fee = div_half_up(i128::from(amount.0) * i128::from(schedule.rate_ppm), 1_000_000);
    let fee = Money(fee.unwrap_or(i64::MAX)).max(schedule.least);
    schedule.most.map_or(fee, |most| fee.min(most))
}

impl ClearingHouse {
    /// Opens a market whose fees go to `fee_account`.
    pub fn add_market(&mut self, rules: Rules, fee_account: AccountId, date: Date) {
        let (statements, kept) = (Statements::default(), KeptTrades::default());
        self.markets.push(Market { rules, fee_account, date, statements, kept });
    }

    /// The rules in force in a market.
    #[must_use]
    pub fn rules(&self, market: MarketId) -> &Rules {
        &self.markets[market.index()].rules
    }

    /// Puts rules into force. The engine does this between two days.
    pub fn set_rules(&mut self, market: MarketId, rules: Rules) {
        self.markets[market.index()].rules = rules;
    }

    /// Begins a trading day: its statement is empty.
    pub fn begin_day(&mut self, market: MarketId, date: Date) {
        let market = &mut self.markets[market.index()];
        market.date = date;
        market.statements.clear();
    }

    /// What has to be set aside for an order to be sure of its amount and its fees: the whole of both for a buyer, nothing
    /// for a seller, whose fee comes out of the proceeds.
    ///
    /// # Errors
    /// More than can be counted.
    pub fn cash_hold(
        &self,
        market: MarketId,
        method: Method,
        side: Side,
        amount: Money,
    ) -> Result<Money, ClearingRejection> {
        if side == Side::Sell {
            return Ok(Money::ZERO);
        }
        let fee = fee_on(&self.markets[market.index()].rules.fee(method).buyer, amount);
        amount.plus(fee).ok_or(ClearingRejection::AmountTooLarge)
    }

    /// From now on the trades of a market are kept until so many trading days have ended, that of the trade the first of them; none:
    /// they are not kept. The engine says so between two days.
    pub fn set_window(&mut self, market: MarketId, window: Option<u32>) {
        self.markets[market.index()].kept.set_window(window);
    }

    /// A trading day of a market ended: trades that can no longer be corrected are forgotten.
    pub fn end_day(&mut self, market: MarketId) {
        self.markets[market.index()].kept.end_day();
    }

    /// The trade with a number, while it can be corrected: its market, its trading day, and how it stands.
    #[must_use]
    pub fn kept(&self, trade: TradeId) -> Option<(MarketId, Date, &Kept)> {
        self.markets.iter().enumerate().find_map(|(index, market)| {
            let (date, _, kept) = market.kept.find(trade)?;
            Some((MarketId::at(index), date, kept))
        })
    }

    /// The trades of a market that are kept, in the order in which they were made, with their days.
    pub fn all_kept(&self, market: MarketId) -> impl Iterator<Item = (Date, &Kept)> {
        self.markets[market.index()].kept.iter()
    }

    /// The trades of a day that stand, in the order in which they were made.
    pub fn standing(&self, market: MarketId, date: Date) -> impl Iterator<Item = &Kept> {
        self.markets[market.index()].kept.standing(date)
    }

    /// The fees, of the buyer and of the seller, that a trade pays for another amount: by the rules of its day and from where its
    /// orders stood before it, as when it was made. What the same orders paid on other trades stays as it is, and what the buyer
    /// had set aside bounds nothing any more. `None` where the trade is not kept, or they cannot be counted.
    #[must_use]
    pub fn fees_anew(&self, market: MarketId, trade: TradeId, amount: Money) -> Option<(Money, Money)> {
        let (_, rules, kept) = self.markets.get(market.index())?.kept.find(trade)?;
        if kept.method == Method::Continuous {
            let part = |side| Part::of(side, kept.aggressor);
            let (buying, selling) = ((part(Side::Buy), kept.bases.0), (part(Side::Sell), kept.bases.1));
            for (part, base) in [buying, selling] {
                rules.book.base_after(base, part, amount)?.checked_add(Tariff::HALF)?;
            }
            let (buyer, seller) = rules.book.charge(amount, buying, i64::MAX, selling, kept.seller_paid);
            return Some((Money(buyer.fee), Money(seller.fee)));
        }
        amount.plus(Money(kept.bases.0.max(kept.bases.1)))?;
        let fee = rules.fee(kept.method);
        let party = |account, before| Party { account, traded_before: Money(before) };
        let buyer = Self::fee_step(&fee.buyer, &party(kept.buyer, kept.bases.0), amount);
        let seller = Self::seller_fee_step(&fee.seller, &party(kept.seller, kept.bases.1), amount);
        Some((buyer, seller))
    }

    /// A trade comes to something else from now on; `to` is empty where it is taken back. The day's statement, which is that of the
    /// day on which this is done, has the difference.
    pub fn revise(
        &mut self,
        (market, trade): (MarketId, TradeId),
        (buyer, seller): (ParticipantId, ParticipantId),
        (from, to): (&Outcome, &Outcome),
    ) {
        let market = &mut self.markets[market.index()];
        let Some(kept) = market.kept.find_mut(trade) else { return };
        (kept.price, kept.quantity) = (to.price, to.quantity);
        (kept.buyer_fee, kept.seller_fee) = (to.buyer_fee, to.seller_fee);
        kept.busted = !to.quantity.is_positive();
        let (quantity, amount) =
            (Quantity(to.quantity.0 - from.quantity.0), Money(to.amount.0 - from.amount.0));
        let fee = |from: Money, to: Money| Money(to.0 - from.0);
        let (bought, sold) = ((buyer, kept.instrument), (seller, kept.instrument));
        market.statements.buys(bought, quantity, amount, fee(from.buyer_fee, to.buyer_fee));
        market.statements.sells(sold, quantity, amount, fee(from.seller_fee, to.seller_fee));
    }

    /// Where the fees of a market go.
    #[must_use]
    pub fn fee_account(&self, market: MarketId) -> AccountId {
        self.markets[market.index()].fee_account
    }

    /// The fee for one more trade of an order. Fees run on what the order has traded in all, so that an order filled in
    /// parts costs what it would have cost at once, and what was set aside is always enough.
    fn fee_step(schedule: &FeeSchedule, party: &Party, amount: Money) -> Money {
        let after = Money(party.traded_before.0 + amount.0);
        Money(fee_on(schedule, after).0 - fee_on(schedule, party.traded_before).0)
    }

    /// The same for a seller, whose order never pays more than it has brought so far: what a small part could not pay, the
    /// next parts do.
    fn seller_fee_step(schedule: &FeeSchedule, party: &Party, amount: Money) -> Money {
        let fee = |traded: Money| fee_on(schedule, traded).min(traded);
        let after = Money(party.traded_before.0 + amount.0);
        Money(fee(after).0 - fee(party.traded_before).0).min(amount)
    }

    /// Turns a trade between `buyer` and `seller` into the obligation that fulfils it.
    pub fn novate(
        &mut self,
        trade: &Trade,
        (buyer, seller): (ParticipantId, ParticipantId),
        out: &mut impl FnMut(Event),
    ) -> Obligation {
        let market = &mut self.markets[trade.market.index()];
        let fee = market.rules.fee(trade.method);
        let buyer_fee = Self::fee_step(&fee.buyer, &trade.buyer, trade.amount);
        let seller_fee = Self::seller_fee_step(&fee.seller, &trade.seller, trade.amount);

        market.statements.buys((buyer, trade.instrument), trade.quantity, trade.amount, buyer_fee);
        market.statements.sells((seller, trade.instrument), trade.quantity, trade.amount, seller_fee);

        market.kept.keep(trade.date, &market.rules, || Kept::of_trade(trade, (buyer_fee, seller_fee)));

        let (from, to) = (trade.seller.account, trade.buyer.account);
        out(Event::Novated { trade: trade.id, buyer_fee, seller_fee });
        Obligation {
            trade: trade.id,
            market: trade.market,
            date: trade.date,
            delivery: Delivery { asset: trade.asset, from, to, quantity: trade.quantity },
            payment: Payment { currency: trade.currency, from: to, to: from, amount: trade.amount },
            fees: FeeLine { to: market.fee_account, buyer: buyer_fee, seller: seller_fee },
        }
    }

    /// The fees on orders of a market's books.
    #[must_use]
    #[inline]
    pub fn tariff(&self, market: MarketId) -> Tariff {
        self.markets[market.index()].rules.book
    }

    /// A look ahead at a line of the day's statement, which brings the place where it stands into the cache.
    #[must_use]
    #[inline]
    pub fn glance(&self, market: MarketId, who: ParticipantId, what: InstrumentId) -> i64 {
        self.markets.get(market.index()).map_or(0, |market| market.statements.glance(who, what))
    }

    /// Turns a fill of a book into the obligation that fulfils it. Its fees were fixed when the orders met.
    #[inline]
    pub fn novate_fill(
        &mut self,
        fill: &Fill,
        (buyer, seller): (ParticipantId, ParticipantId),
        out: &mut impl FnMut(Event),
    ) -> Obligation {
        let market = &mut self.markets[fill.market.index()];
        let (buyer_fee, seller_fee) = (fill.buyer.fee, fill.seller.fee);
        market.statements.buys((buyer, fill.instrument), fill.quantity, fill.amount, buyer_fee);
        market.statements.sells((seller, fill.instrument), fill.quantity, fill.amount, seller_fee);
        market.kept.keep(fill.date, &market.rules, || Kept::of_fill(fill));
        let (from, to) = (fill.seller.account, fill.buyer.account);
        out(Event::Novated { trade: fill.id, buyer_fee, seller_fee });
        Obligation {
            trade: fill.id,
            market: fill.market,
            date: fill.date,
            delivery: Delivery { asset: fill.asset, from, to, quantity: fill.quantity },
            payment: Payment { currency: fill.currency, from: to, to: from, amount: fill.amount },
            fees: FeeLine { to: market.fee_account, buyer: buyer_fee, seller: seller_fee },
        }
    }

    /// The statement of the day that [`ClearingHouse::begin_day`] began last, by participant and instrument.
    pub fn statements(
        &self,
        market: MarketId,
    ) -> (Date, impl Iterator<Item = (ParticipantId, InstrumentId, Statement)>) {
        let market = &self.markets[market.index()];
        (market.date, market.statements.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_in_parts_is_the_fee_at_once() {
        let schedule = FeeSchedule { rate_ppm: 333, least: Money(500), most: Some(Money(9_000)) };
        for total in [1_i64, 999, 1_501_501, 1_501_502, 30_000_000, 90_000_000_000] {
            for parts in [1_i64, 2, 3, 7] {
                let mut party = Party { account: AccountId(0), traded_before: Money::ZERO };
                let mut fees = 0;
                for part in 0..parts {
                    let amount = Money(total * (part + 1) / parts - total * part / parts);
                    let fee = ClearingHouse::fee_step(&schedule, &party, amount);
                    assert!(fee.0 >= 0);
                    fees += fee.0;
                    party.traded_before.0 += amount.0;
                }
                assert_eq!(fees, fee_on(&schedule, Money(total)).0, "{total} in {parts}");
                let (mut party, mut fees) = (Party { traded_before: Money::ZERO, ..party }, 0);
                for part in 0..parts {
                    let amount = Money(total * (part + 1) / parts - total * part / parts);
                    let fee = ClearingHouse::seller_fee_step(&schedule, &party, amount);
                    assert!((0..=amount.0).contains(&fee.0));
                    fees += fee.0;
                    party.traded_before.0 += amount.0;
                }
                assert_eq!(
                    fees,
                    fee_on(&schedule, Money(total)).0.min(total),
                    "a seller's {total} in {parts}"
                );
            }
        }
        assert_eq!(fee_on(&schedule, Money::ZERO), Money::ZERO);
        assert_eq!(fee_on(&schedule, Money(1_000_000)), Money(500));
        assert_eq!(fee_on(&schedule, Money(10_000_000)), Money(3_330));
        assert_eq!(fee_on(&schedule, Money(i64::MAX)), Money(9_000));
    }
}
