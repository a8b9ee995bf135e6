//! Integer money, prices and quantities. Products go through `i128` and every result is checked.

use serde::{Deserialize, Serialize};

macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// `self + other`, or `None` on overflow.
            #[must_use]
            pub const fn plus(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }

            /// `self - other`, or `None` on overflow.
            #[must_use]
            pub const fn minus(self, other: Self) -> Option<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Some(Self(difference)),
                    None => None,
                }
            }

            /// Above zero.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

amounts! {
    /// Integer units of an asset (for an allowance: tonnes; on the ledger also minor units of a currency).
    Quantity;
    /// Integer ticks per unit of the instrument.
    Price;
    /// Integer minor units of a currency (for CNY: fen).
    Money;
}

impl Money {
    /// The same amount as units on the ledger, where cash is an asset like any other.
    #[must_use]
    pub const fn on_ledger(self) -> Quantity {
        Quantity(self.0)
    }
}

/// A rate in hundredths of a percent: 10% is 1,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BasisPoints(pub i64);

impl BasisPoints {
    /// The whole: 100%.
    pub const ONE: Self = Self(10_000);
}

/// What `quantity` costs at `price`, where one tick on one unit is worth `tick_value` minor units. `None` when the
/// result does not fit.
#[must_use]
#[inline]
pub fn amount_of(price: Price, quantity: Quantity, tick_value: i64) -> Option<Money> {
    let short = price.0.checked_mul(quantity.0).and_then(|ticks| ticks.checked_mul(tick_value));
    short.map(Money).or_else(|| long_amount_of(price, quantity, tick_value))
}

/// The same where 64 bits do not hold what is on the way: a last factor of zero may still bring it back.
#[cold]
#[inline(never)]
fn long_amount_of(price: Price, quantity: Quantity, tick_value: i64) -> Option<Money> {
    let amount =
        i128::from(price.0).checked_mul(i128::from(quantity.0))?.checked_mul(i128::from(tick_value))?;
    i64::try_from(amount).ok().map(Money)
}

/// `numerator / denominator` rounded to the nearest integer, a half away from zero (四舍五入). `None` when the denominator
/// is not positive or the result does not fit.
#[must_use]
pub fn half_up(numerator: i128, denominator: i128) -> Option<i128> {
    let denominator = u128::try_from(denominator).ok().filter(|denominator| *denominator > 0)?;
    let (quotient, rest) = (numerator.unsigned_abs() / denominator, numerator.unsigned_abs() % denominator);
    let magnitude = quotient.checked_add(u128::from(rest >= denominator - rest))?;
    let magnitude = i128::try_from(magnitude).ok()?;
    Some(if numerator < 0 { -magnitude } else { magnitude })
}

/// [`half_up`] for a result that is a price or an amount.
#[must_use]
pub fn div_half_up(numerator: i128, denominator: i128) -> Option<i64> {
    half_up(numerator, denominator).and_then(|result| i64::try_from(result).ok())
}

/// `rate` of `whole`, rounded down: the share a cap or a quota allows. `None` when the result does not fit.
#[must_use]
pub fn share(whole: i64, rate: BasisPoints) -> Option<i64> {
    let product = i128::from(whole).checked_mul(i128::from(rate.0))?;
    i64::try_from(product.div_euclid(i128::from(BasisPoints::ONE.0))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero() {
        for (n, d, want) in [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (5, 3, 2), (0, 7, 0), (19_561, 2, 9_781)] {
            assert_eq!(div_half_up(n, d), Some(want), "{n}/{d}");
        }
        assert_eq!(div_half_up(1, 0), None);
        assert_eq!(div_half_up(i128::MAX, 1), None);
        assert_eq!(half_up(i128::MAX, 1), Some(i128::MAX));
        assert_eq!(half_up(i128::MAX, i128::MAX), Some(1));
        assert_eq!(half_up(i128::MIN, 1), None);
        assert_eq!(half_up(5, -2), None);
    }

    #[test]
    fn an_amount_that_does_not_fit_is_refused() {
        assert_eq!(amount_of(Price(5_280), Quantity(99_999), 1), Some(Money(527_994_720)));
        assert_eq!(amount_of(Price(i64::MAX), Quantity(2), 1), None);
        assert_eq!(share(100_001, BasisPoints(500)), Some(5_000));
    }
}
