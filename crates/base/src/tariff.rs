//! What an order on a book pays: a pure function of what it has traded, so that parts cost what the whole would.

use crate::{Money, Price, Quantity, Side, amount_of};
use serde::{Deserialize, Serialize};

/// Parts of a whole in which fee rates are given: millionths.
const PPM: i128 = 1_000_000;

/// How an order came to a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It stood in the book.
    Maker,
    /// It came in and met what stood.
    Taker,
    /// It met others in a call auction, where nobody comes first.
    Call,
}

impl Part {
    /// The part of a side of a trade, by the side that came in; none in a call auction.
    #[must_use]
    #[inline]
    pub fn of(side: Side, aggressor: Option<Side>) -> Self {
        match aggressor {
            None => Self::Call,
            Some(came_in) if came_in == side => Self::Taker,
            Some(_) => Self::Maker,
        }
    }
}

/// What a side of a trade pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Its fee, minor units.
    pub paid: i64,
    /// The same, less its rebate.
    pub fee: i64,
    /// What its next fee runs on.
    pub base: i64,
}

/// The fees on orders of a book. Clearing takes them from the rulebook; an order carries what it has paid on.
///
/// The fee of an order is `rate × amount` summed over its trades by the part it had in each, rounded half-up, at least
/// [`Tariff::least`] once it has paid anything, at most [`Tariff::most`]. A maker's rebate is rounded down trade by trade and
/// is never more than the other side's fee on the same trade: the venue pays nothing out of its own pocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// Millionths of the amount for a taker.
    pub taker_ppm: i64,
    /// Millionths of the amount for a maker.
    pub maker_ppm: i64,
    /// Millionths of the amount for either side of a trade in a call auction.
    pub call_ppm: i64,
    /// Millionths of the amount paid to a maker.
    pub rebate_ppm: i64,
    /// At least this for an order that pays a fee at all.
    pub least: Money,
    /// At most this for an order.
    pub most: Option<Money>,
}

impl Tariff {
    /// Whether every number is one that a rulebook may state.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let rates = [self.taker_ppm, self.maker_ppm, self.call_ppm, self.rebate_ppm];
        rates.iter().all(|rate| (0..=1_000_000).contains(rate))
            && self.least.0 >= 0
            && self.most.is_none_or(|most| most >= self.least)
    }

    /// Half a minor unit, in millionths: a fee is rounded half-up.
    pub const HALF: i64 = 500_000;

    const fn rate(&self, part: Part) -> i64 {
        match part {
            Part::Maker => self.maker_ppm,
            Part::Taker => self.taker_ppm,
            Part::Call => self.call_ppm,
        }
    }

    fn highest_rate(&self) -> i64 {
        self.taker_ppm.max(self.maker_ppm).max(self.call_ppm)
    }

    /// The fee on a base: amounts in millionths of a minor unit, already multiplied by their rates.
    #[must_use]
    #[inline]
    pub fn fee(&self, base: i64) -> Money {
        if base <= 0 {
            return Money::ZERO;
        }
        let fee = Money((base + Self::HALF) / 1_000_000).max(self.least);
        self.most.map_or(fee, |most| fee.min(most))
    }

    /// The base after a trade of `amount`: what the fee runs on. `None` where it cannot be counted; an order whose whole
    /// amount could be counted by [`Tariff::highest`] never meets that.
    #[must_use]
    #[inline]
    pub fn base_after(&self, base: i64, part: Part, amount: Money) -> Option<i64> {
        base.checked_add(amount.0.checked_mul(self.rate(part))?)
    }

    /// A maker's rebate on one trade, rounded down, before the other side's fee bounds it.
    #[must_use]
    #[inline]
    pub fn rebate(&self, part: Part, amount: Money) -> Money {
        if part != Part::Maker || self.rebate_ppm == 0 {
            return Money::ZERO;
        }
        let rebate = i128::from(amount.0) * i128::from(self.rebate_ppm) / PPM;
        Money(i64::try_from(rebate).unwrap_or(i64::MAX))
    }

    /// The highest fee that an order can still come to pay if all of `amount` trades: on top of what it has paid on `base`.
    /// `None` where it cannot be counted.
    #[must_use]
    #[inline]
    pub fn highest(&self, base: i64, amount: Money) -> Option<Money> {
        let after = base.checked_add(amount.0.checked_mul(self.highest_rate())?)?;
        after.checked_add(Self::HALF)?;
        self.fee(after).minus(self.fee(base))
    }

    /// The fee of one more trade of an order, in minor units and before any rebate, and what the next one runs on.
    #[must_use]
    #[inline]
    pub fn step(&self, base: i64, part: Part, amount: Money) -> (i64, i64) {
        // An order whose whole amount could be counted never comes to the bound.
        let after = self.base_after(base, part, amount).unwrap_or(i64::MAX / 2);
        (self.fee(after).0 - self.fee(base).0, after)
    }

    /// What each side of a trade pays: of either its part and the base before the trade, of the seller's order what it has paid so
    /// far. A buyer never pays more than `spare`, what it has set aside beyond this trade and the amount of all that can still
    /// trade: fees may have risen since. A seller never pays more than the trade brings: what a small part could not pay, the next
    /// parts of a sale do. A maker's rebate is paid out of the other side's fee.
    #[must_use]
    #[inline]
    pub fn charge(
        &self,
        amount: Money,
        (buyer_part, buyer_base): (Part, i64),
        spare: i64,
        (seller_part, seller_base): (Part, i64),
        seller_paid: i64,
    ) -> (Charge, Charge) {
        // An order whose whole amount could be counted never comes to the bound.
        let after = |base, part| self.base_after(base, part, amount).unwrap_or(i64::MAX / 2);
        let (buyer_after, seller_after) = (after(buyer_base, buyer_part), after(seller_base, seller_part));
        let buyer_fee = (self.fee(buyer_after).0 - self.fee(buyer_base).0).clamp(0, spare);
        let seller_fee = (self.fee(seller_after).0 - seller_paid).clamp(0, amount.0);
        let buyer_rebate = self.rebate(buyer_part, amount).0.min(seller_fee);
        let seller_rebate = self.rebate(seller_part, amount).0.min(buyer_fee);
        let buyer = Charge { paid: buyer_fee, fee: buyer_fee - buyer_rebate, base: buyer_after };
        let seller = Charge { paid: seller_fee, fee: seller_fee - seller_rebate, base: seller_after };
        (buyer, seller)
    }

    /// What a buyer sets aside for `quantity` at `price` on top of a base already paid on: amount and highest fee.
    #[must_use]
    #[inline]
    pub fn hold(&self, base: i64, price: Price, quantity: Quantity, tick_value: i64) -> Option<Money> {
        let amount = amount_of(price, quantity, tick_value)?;
        amount.plus(self.highest(base, amount)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::div_half_up;

    const TARIFF: Tariff = Tariff {
        taker_ppm: 300,
        maker_ppm: 100,
        call_ppm: 200,
        rebate_ppm: 0,
        least: Money(500),
        most: Some(Money(9_000)),
    };

    /// The exact fee on an amount at one rate, rounded half-up.
    fn fee_at(amount: Money, rate_ppm: i64) -> Option<Money> {
        div_half_up(i128::from(amount.0) * i128::from(rate_ppm), PPM).map(Money)
    }

    #[test]
    fn parts_cost_what_the_whole_would() {
        for total in [1_i64, 999, 1_501_501, 30_000_000, 90_000_000_000] {
            for parts in [1, 2, 3, 7] {
                let (mut base, mut paid) = (0, 0);
                for part in 0..parts {
                    let amount = Money(total * (part + 1) / parts - total * part / parts);
                    let after = TARIFF.base_after(base, Part::Taker, amount).unwrap();
                    paid += TARIFF.fee(after).0 - TARIFF.fee(base).0;
                    base = after;
                }
                let at_once = fee_at(Money(total), 300).unwrap().clamp(Money(500), Money(9_000));
                assert_eq!(paid, at_once.0, "{total} in {parts}");
                assert!(paid <= TARIFF.highest(0, Money(total)).unwrap().0);
            }
        }
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        assert_eq!(TARIFF.highest(0, Money(i64::MAX / 200)), None);
        assert_eq!(TARIFF.highest(i64::MAX - 1, Money(1)), None);
        assert_eq!(TARIFF.hold(0, Price(i64::MAX), Quantity(2), 1), None);
        assert_eq!(TARIFF.fee(0), Money::ZERO);
        let free = Tariff::default();
        assert_eq!(free.hold(0, Price(100), Quantity(7), 1), Some(Money(700)));
    }

    #[test]
    fn a_rebate_is_rounded_down_and_only_for_makers() {
        let tariff = Tariff { rebate_ppm: 50, ..TARIFF };
        assert_eq!(tariff.rebate(Part::Maker, Money(39_999)), Money(1));
        assert_eq!(tariff.rebate(Part::Maker, Money(19_999)), Money(0));
        assert_eq!(tariff.rebate(Part::Taker, Money(39_999)), Money(0));
    }
}
