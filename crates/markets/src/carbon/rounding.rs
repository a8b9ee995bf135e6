//! The roundings of the price list: price limits, the closing price and the composite price.
//!
//! All of them round half-up to 0.01 CNY; that is what the public record shows on every day but one.

use base::div_half_up;

/// The price limits of one day, both inclusive, in fen a tonne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Lowest price that may trade, fen a tonne.
    pub lower_fen: i64,
    /// Highest price that may trade, fen a tonne.
    pub upper_fen: i64,
}

impl Band {
    /// The limits `width_bp` basis points (1/10,000) below and above a previous close in fen, each rounded half-up
    /// to a fen (listed trading ±1,000 bp, block trading ±3,000 bp: market notice of 2021-06-22; the rounding is
    /// computed from the record). `None` where the close is not positive, the width is outside 0..=10,000, or a
    /// limit does not fit.
    pub fn around(previous_close_fen: i64, width_bp: i64) -> Option<Band> {
        if previous_close_fen <= 0 || !(0..=10_000).contains(&width_bp) {
            return None;
        }
        let limit = |bp: i64| {
            let exact = i128::from(previous_close_fen) * i128::from(bp);
            div_half_up(exact, 10_000)
        };
        Some(Band { lower_fen: limit(10_000 - width_bp)?, upper_fen: limit(10_000 + width_bp)? })
    }

    /// Whether a price in fen may trade.
    pub fn contains(&self, price_fen: i64) -> bool {
        (self.lower_fen..=self.upper_fen).contains(&price_fen)
    }
}

/// The closing price in fen a tonne: the volume-weighted average of the day's listed trades (market notice of
/// 2021-06-22), rounded half-up. `None` without volume.
pub fn vwap_close_fen(amount_fen: i64, volume_t: i64) -> Option<i64> {
    div_half_up(i128::from(amount_fen), i128::from(volume_t))
}

/// The simple mean of closing prices in fen, rounded half-up: the composite price until 2025-12-31 (computed from
/// the record). `None` of no prices or of a negative sum.
pub fn mean_close_fen(closes_fen: &[i64]) -> Option<i64> {
    let count = i128::try_from(closes_fen.len()).ok()?;
    let sum: i128 = closes_fen.iter().copied().map(i128::from).sum();
    div_half_up(sum, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_round_half_up() {
        // 51.23 x 1.1 = 56.353, x 0.9 = 46.107; 52.25 x 1.1 = 57.475, x 0.9 = 47.025: the tie goes up.
        assert_eq!(Band::around(5_123, 1_000), Some(Band { lower_fen: 4_611, upper_fen: 5_635 }));
        assert_eq!(Band::around(5_225, 1_000), Some(Band { lower_fen: 4_703, upper_fen: 5_748 }));
        assert_eq!(Band::around(4_800, 3_000), Some(Band { lower_fen: 3_360, upper_fen: 6_240 }));
    }

    #[test]
    fn limits_refuse_what_has_no_meaning() {
        assert_eq!(Band::around(0, 1_000), None);
        assert_eq!(Band::around(-1, 1_000), None);
        assert_eq!(Band::around(100, 10_001), None);
        assert_eq!(Band::around(100, -1), None);
        assert_eq!(Band::around(i64::MAX, 1_000), None);
        assert!(Band::around(i64::MAX, 0).is_some());
    }

    #[test]
    fn closes() {
        assert_eq!(vwap_close_fen(21_023_005_325, 4_103_953), Some(5_123));
        assert_eq!(vwap_close_fen(5, 2), Some(3));
        assert_eq!(vwap_close_fen(4, 3), Some(1));
        assert_eq!(vwap_close_fen(0, 0), None);
        // 2024-12-26: the exact mean is 97.805 and goes up; the published composite says 97.80.
        assert_eq!(mean_close_fen(&[9_750, 9_940, 9_712, 9_720]), Some(9_781));
        assert_eq!(mean_close_fen(&[]), None);
    }

    #[test]
    fn nothing_overflows() {
        assert_eq!(mean_close_fen(&[i64::MAX, i64::MAX]), Some(i64::MAX));
    }
}
