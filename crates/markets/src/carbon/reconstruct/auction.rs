//! One-way auctions (单向竞价): each trades at one uniform price.

use super::{Infeasible, Trade, traded};

/// What the record says of the auctions of one instrument-day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuctionFacts {
    /// Volume, t.
    pub volume_t: i64,
    /// Amount, fen, exact.
    pub amount_fen: i64,
}

/// The fewest uniform-price auctions with exactly this volume and amount, one trade each: one if the amount divides
/// by the volume, else two at neighbouring fen, the lower first. Auctions have no price limits.
///
/// Two always suffice: with `p = amount / volume` and `r = amount % volume > 0`, the trades `volume − r` at `p` and
/// `r` at `p + 1` sum to `p·volume + r`, and both are at least 1 t as `0 < r < volume`. The only impossible day is one
/// whose lower price would be zero.
///
/// # Errors
/// Why no auctions make this day.
pub fn auction_trades(facts: &AuctionFacts) -> Result<Vec<Trade>, Infeasible> {
    let AuctionFacts { volume_t, amount_fen } = *facts;
    if !traded(volume_t, amount_fen)? {
        return Ok(Vec::new());
    }
    if amount_fen < volume_t {
        return Err(Infeasible::AmountBelowLow { amount_fen, least_fen: i128::from(volume_t) });
    }
    let (price_fen, rest_t) = (amount_fen / volume_t, amount_fen % volume_t);
    let lower = Trade { price_fen, quantity_t: volume_t - rest_t };
    if rest_t == 0 {
        return Ok(vec![lower]);
    }
    Ok(vec![lower, Trade::new(i128::from(price_fen) + 1, i128::from(rest_t))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auction(volume_t: i64, amount_fen: i64) -> Result<Vec<Trade>, Infeasible> {
        auction_trades(&AuctionFacts { volume_t, amount_fen })
    }

    #[test]
    fn one_price_or_two() {
        assert_eq!(auction(0, 0), Ok(vec![]));
        assert_eq!(auction(10, 70), Ok(vec![Trade { price_fen: 7, quantity_t: 10 }]));
        assert_eq!(
            auction(10, 73),
            Ok(vec![Trade { price_fen: 7, quantity_t: 7 }, Trade { price_fen: 8, quantity_t: 3 }])
        );
    }

    #[test]
    fn impossible() {
        assert_eq!(auction(0, 1), Err(Infeasible::AmountWithoutVolume { amount_fen: 1 }));
        assert_eq!(auction(-1, 1), Err(Infeasible::Negative { volume_t: -1, amount_fen: 1 }));
        assert_eq!(auction(3, 2), Err(Infeasible::AmountBelowLow { amount_fen: 2, least_fen: 3 }));
        assert!(auction(1, i64::MAX).is_ok());
        assert!(auction(i64::MAX, i64::MAX).is_ok());
    }
}
