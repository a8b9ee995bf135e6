//! Listed trading (挂牌协议): open, high, low, volume and amount.

use super::{Infeasible, Trade, traded};
use crate::carbon::rounding::Band;

/// Most trades that [`listed_trades`] gives for one instrument-day; the busiest day of the record needs far fewer.
pub const TRADES_MAX: i128 = 1_000_000;

/// What the record says of the listed trading of one instrument-day, and the rules of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedFacts {
    /// Price of the first trade, fen a tonne. Not looked at where nothing traded.
    pub open_fen: i64,
    /// Highest price, fen a tonne; none where nothing traded.
    pub high_fen: Option<i64>,
    /// Lowest price, fen a tonne; none where nothing traded.
    pub low_fen: Option<i64>,
    /// Volume, t.
    pub volume_t: i64,
    /// Amount, fen, exact.
    pub amount_fen: i64,
    /// The day's price limits.
    pub band: Band,
    /// Largest single listing, t: 99,999 (a single listing is below 100,000 t, market notice of 2021-06-22).
    pub listing_max_t: i64,
}

/// Trades, in order, that make this day: the first at the opening price, the highest and the lowest price among them,
/// no price outside them, each at most `listing_max_t`, with exactly this volume and amount. Empty where nothing
/// traded.
///
/// # When there are such trades
///
/// Let `M` be the set of the prices open, high and low (one to three of them). Each must trade at least 1 t. Take those
/// `|M|` tonnes away: the rest is `V' = V − |M|` tonnes for `A' = A − ΣM` fen. Trades exist if and only if
///
/// ```text
/// V' >= 0   and   low·V' <= A' <= high·V'.
/// ```
///
/// It is necessary, because each tonne of the rest costs between low and high. It is sufficient: if `V' = 0` then
/// `A' = 0` and nothing is left. Else let `p = floor(A' / V')` and `r = A' − p·V'`, so `0 <= r < V'`. The trades
/// `V' − r` at `p` and `r` at `p + 1` sum to `V'` tonnes and `p·V' + r = A'` fen. Now `p >= low` as
/// `A' >= low·V'`; and where `r > 0`, `p·V' < A' <= high·V'` gives `p < high`, so `p + 1 <= high`. Sizes do not matter:
/// a quantity is cut into as many trades at its price as the largest listing asks for.
///
/// # Which trades are given
///
/// At most five prices: `M` and the two neighbours. One tonne at the day's extremes would be odd, so each price of `M`
/// gets the same quantity `q`, half of the most that leaves the rest possible. As the condition for
/// `V − |M|q` and `A − qΣM` is linear in `q`, that most is a minimum of three quotients, and it is at least 1 because
/// `q = 1` is the condition above. The day goes from the open to the nearer extreme, then across to the other.
///
/// # Errors
/// Why no trades make this day.
pub fn listed_trades(facts: &ListedFacts) -> Result<Vec<Trade>, Infeasible> {
    let ListedFacts { volume_t, amount_fen, .. } = *facts;
    if !traded(volume_t, amount_fen)? {
        let none = facts.high_fen.is_none() && facts.low_fen.is_none();
        return if none { Ok(Vec::new()) } else { Err(Infeasible::PricesWithoutVolume) };
    }
    let (Some(high_fen), Some(low_fen)) = (facts.high_fen, facts.low_fen) else {
        return Err(Infeasible::VolumeWithoutPrices { volume_t });
    };
    check_prices(facts, high_fen, low_fen)?;
    let mut known = vec![facts.open_fen, high_fen, low_fen];
    known.sort_unstable();
    known.dedup();
    let each_t = known_quantity(facts, &known)?;
    let quantities = quantities(facts, &known, each_t)?;
    in_order(facts, high_fen, low_fen, quantities)
}

fn check_prices(facts: &ListedFacts, high_fen: i64, low_fen: i64) -> Result<(), Infeasible> {
    let ListedFacts { open_fen, band, listing_max_t, .. } = *facts;
    if listing_max_t < 1 {
        return Err(Infeasible::SizeLimitNotPositive { limit_t: listing_max_t });
    }
    if low_fen > high_fen {
        return Err(Infeasible::RangeReversed { low_fen, high_fen });
    }
    if !(low_fen..=high_fen).contains(&open_fen) {
        return Err(Infeasible::OpenOutsideRange { open_fen, low_fen, high_fen });
    }
    if low_fen < 1 {
        return Err(Infeasible::PriceNotPositive { price_fen: low_fen });
    }
    if high_fen > band.upper_fen {
        return Err(Infeasible::BandBroken { price_fen: high_fen, limit_fen: band.upper_fen });
    }
    if low_fen < band.lower_fen {
        return Err(Infeasible::BandBroken { price_fen: low_fen, limit_fen: band.lower_fen });
    }
    Ok(())
}

/// Decides whether there are trades, and how many tonnes each known price gets. `known` is ascending, from the lowest
/// price to the highest.
fn known_quantity(facts: &ListedFacts, known: &[i64]) -> Result<i128, Infeasible> {
    let ListedFacts { open_fen, volume_t, amount_fen, .. } = *facts;
    let (volume, amount) = (i128::from(volume_t), i128::from(amount_fen));
    let low = i128::from(known.first().copied().unwrap_or(open_fen));
    let high = i128::from(known.last().copied().unwrap_or(open_fen));
    let sum: i128 = known.iter().copied().map(i128::from).sum();
    let prices = known.iter().map(|_| 1_i64).sum::<i64>();
    let count = i128::from(prices);
    if volume < count {
        return Err(Infeasible::FewerTonnesThanPrices { volume_t, prices });
    }
    let least_fen = sum + low * (volume - count);
    if amount < least_fen {
        return Err(Infeasible::AmountBelowLow { amount_fen, least_fen });
    }
    let most_fen = sum + high * (volume - count);
    if amount > most_fen {
        return Err(Infeasible::AmountAboveHigh { amount_fen, most_fen });
    }
    let mut most_t = volume / count;
    if sum > low * count {
        most_t = most_t.min((amount - low * volume) / (sum - low * count));
    }
    if high * count > sum {
        most_t = most_t.min((high * volume - amount) / (high * count - sum));
    }
    Ok((most_t / 2).max(1))
}

/// Price and tonnes, ascending by price, each price once.
fn quantities(facts: &ListedFacts, known: &[i64], each_t: i128) -> Result<Vec<(i64, i128)>, Infeasible> {
    let count: i128 = known.iter().map(|_| 1_i128).sum();
    let sum: i128 = known.iter().copied().map(i128::from).sum();
    let rest_t = i128::from(facts.volume_t) - count * each_t;
    let rest_fen = i128::from(facts.amount_fen) - sum * each_t;
    let mut all: Vec<(i64, i128)> = known.iter().map(|price| (*price, each_t)).collect();
    if rest_t > 0 {
        let (price, upper_t) = (rest_fen / rest_t, rest_fen % rest_t);
        for (price_fen, quantity_t) in [(price, rest_t - upper_t), (price + 1, upper_t)] {
            let out_of_range = |_| Infeasible::OutOfRange { price_fen, quantity_t };
            if quantity_t > 0 {
                all.push((i64::try_from(price_fen).map_err(out_of_range)?, quantity_t));
            }
        }
    }
    all.sort_unstable();
    all.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 += later.1;
        }
        same
    });
    Ok(all)
}

/// Puts the open first, then the prices from the extreme nearer to it to the other, and cuts what is too large.
fn in_order(
    facts: &ListedFacts,
    high_fen: i64,
    low_fen: i64,
    mut quantities: Vec<(i64, i128)>,
) -> Result<Vec<Trade>, Infeasible> {
    let open_fen = facts.open_fen;
    if high_fen - open_fen < open_fen - low_fen {
        quantities.reverse();
    }
    quantities.sort_by_key(|(price_fen, _)| *price_fen != open_fen);
    let max_t = i128::from(facts.listing_max_t);
    let trades: i128 = quantities.iter().map(|(_, quantity_t)| (quantity_t + max_t - 1) / max_t).sum();
    if trades > TRADES_MAX {
        return Err(Infeasible::TooManyTrades { trades, most: TRADES_MAX });
    }
    let mut day = Vec::new();
    for (price_fen, mut left_t) in quantities {
        while left_t > 0 {
            let quantity_t = left_t.min(max_t);
            day.push(Trade::new(i128::from(price_fen), quantity_t)?);
            left_t -= quantity_t;
        }
    }
    Ok(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: ListedFacts = ListedFacts {
        open_fen: 4_800,
        high_fen: Some(5_280),
        low_fen: Some(4_800),
        volume_t: 4_103_953,
        amount_fen: 21_023_005_325,
        band: Band { lower_fen: 4_320, upper_fen: 5_280 },
        listing_max_t: 99_999,
    };

    fn small(volume_t: i64, amount_fen: i64) -> ListedFacts {
        ListedFacts { open_fen: 11, high_fen: Some(13), low_fen: Some(10), volume_t, amount_fen, ..DAY }
    }

    fn within(band: Band, facts: ListedFacts) -> Result<Vec<Trade>, Infeasible> {
        listed_trades(&ListedFacts { band, ..facts })
    }

    const WIDE: Band = Band { lower_fen: 1, upper_fen: i64::MAX };

    #[test]
    fn the_first_day() {
        let trades = listed_trades(&DAY).unwrap();
        assert_eq!(trades.first().map(|trade| trade.price_fen), Some(4_800));
        assert_eq!(trades.iter().map(Trade::amount_fen).sum::<i128>(), 21_023_005_325);
        assert_eq!(trades.iter().map(|trade| trade.quantity_t).sum::<i64>(), 4_103_953);
        assert!(trades.iter().all(|trade| (1..=99_999).contains(&trade.quantity_t)));
        assert!(trades.len() < 60, "{}", trades.len());
    }

    #[test]
    fn one_price() {
        let facts = ListedFacts { open_fen: 10, high_fen: Some(10), ..small(5, 50) };
        assert_eq!(within(WIDE, facts), Ok(vec![Trade { price_fen: 10, quantity_t: 5 }]));
    }

    #[test]
    fn no_trades() {
        let facts = ListedFacts { high_fen: None, low_fen: None, volume_t: 0, amount_fen: 0, ..DAY };
        assert_eq!(listed_trades(&facts), Ok(vec![]));
    }

    #[test]
    fn every_reason() {
        let reasons = [
            (ListedFacts { amount_fen: 7, ..small(0, 0) }, Infeasible::AmountWithoutVolume { amount_fen: 7 }),
            (small(0, 0), Infeasible::PricesWithoutVolume),
            (small(-1, 0), Infeasible::Negative { volume_t: -1, amount_fen: 0 }),
            (ListedFacts { low_fen: None, ..small(5, 50) }, Infeasible::VolumeWithoutPrices { volume_t: 5 }),
            (
                ListedFacts { listing_max_t: 0, ..small(5, 50) },
                Infeasible::SizeLimitNotPositive { limit_t: 0 },
            ),
            (
                ListedFacts { low_fen: Some(14), ..small(5, 50) },
                Infeasible::RangeReversed { low_fen: 14, high_fen: 13 },
            ),
            (
                ListedFacts { open_fen: 14, ..small(5, 50) },
                Infeasible::OpenOutsideRange { open_fen: 14, low_fen: 10, high_fen: 13 },
            ),
            (ListedFacts { low_fen: Some(0), ..small(5, 50) }, Infeasible::PriceNotPositive { price_fen: 0 }),
            (small(2, 21), Infeasible::FewerTonnesThanPrices { volume_t: 2, prices: 3 }),
            (small(5, 53), Infeasible::AmountBelowLow { amount_fen: 53, least_fen: 54 }),
            (small(5, 61), Infeasible::AmountAboveHigh { amount_fen: 61, most_fen: 60 }),
            (
                ListedFacts { listing_max_t: 1, ..small(2_000_000, 22_000_000) },
                Infeasible::TooManyTrades { trades: 2_000_000, most: TRADES_MAX },
            ),
        ];
        for (facts, reason) in reasons {
            assert_eq!(within(WIDE, facts), Err(reason));
        }
        let band = Band { lower_fen: 10, upper_fen: 12 };
        assert_eq!(within(band, small(5, 55)), Err(Infeasible::BandBroken { price_fen: 13, limit_fen: 12 }));
        let band = Band { lower_fen: 11, upper_fen: 13 };
        assert_eq!(within(band, small(5, 55)), Err(Infeasible::BandBroken { price_fen: 10, limit_fen: 11 }));
    }

    #[test]
    fn reasons_in_plain_words() {
        let reason = within(WIDE, small(5, 53)).unwrap_err();
        assert_eq!(reason.to_string(), "the amount 53 fen is below the least possible, 54 fen");
        let reason = within(WIDE, small(2, 21)).unwrap_err();
        assert_eq!(reason.to_string(), "2 t cannot have traded at 3 different prices (open, high, low)");
    }

    #[test]
    fn extremes_do_not_panic() {
        let max = i64::MAX;
        let facts = ListedFacts {
            open_fen: max,
            high_fen: Some(max),
            low_fen: Some(1),
            volume_t: max,
            amount_fen: max,
            band: WIDE,
            listing_max_t: max,
        };
        assert!(listed_trades(&facts).is_err());
        assert!(listed_trades(&ListedFacts { low_fen: Some(i64::MIN), ..facts }).is_err());
        assert!(listed_trades(&ListedFacts { open_fen: 1, high_fen: Some(1), ..facts }).is_ok());
    }
}
