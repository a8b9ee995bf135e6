//! Clearing (支付清算): a trade becomes an obligation, with its fees; the day's statement says what everyone bought, sold,
//! paid and received.
//!
//! Architecture Invariant: this room moves nothing. It says what is owed; the registry fulfils it. Settlement today is gross,
//! trade by trade; netting and later cycles will put more between [`ClearingHouse::novate`] and the obligation, not elsewhere.

mod messages;
pub mod rules;
mod statements;

pub use messages::{ClearingRejection, Event};
pub use statements::Statement;

use base::{
    AccountId, Date, Delivery, FeeLine, Fill, InstrumentId, MarketId, Method, Money, Obligation,
    ParticipantId, Party, Payment, Side, Tariff, Trade, div_half_up,
};
use rules::{FeeSchedule, Rules};
use serde::{Deserialize, Serialize};
use statements::Statements;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Market {
    rules: Rules,
    fee_account: AccountId,
    date: Date,
    statements: Statements,
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
        self.markets.push(Market { rules, fee_account, date, statements: Statements::default() });
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
