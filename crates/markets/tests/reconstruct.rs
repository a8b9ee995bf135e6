//! Reconstruction against random days and, where they are small, against every day there is.

use std::collections::BTreeSet;

use markets::carbon::reconstruct::{
    AuctionFacts, BlockFacts, Infeasible, ListedFacts, Trade, auction_trades, block_trades, listed_trades,
};
use markets::carbon::rounding::Band;
use proptest::prelude::*;

const LISTING_MAX_T: i64 = 99_999;
const BLOCK_MIN_T: i64 = 100_000;

fn volume(trades: &[Trade]) -> i64 {
    trades.iter().map(|trade| trade.quantity_t).sum()
}

fn amount(trades: &[Trade]) -> i64 {
    trades.iter().map(|trade| trade.price_fen * trade.quantity_t).sum()
}

fn high(trades: &[Trade]) -> Option<i64> {
    trades.iter().map(|trade| trade.price_fen).max()
}

fn low(trades: &[Trade]) -> Option<i64> {
    trades.iter().map(|trade| trade.price_fen).min()
}

/// The facts that the record would give of these trades.
fn facts(trades: &[Trade], band: Band) -> ListedFacts {
    ListedFacts {
        open_fen: trades.first().map_or(1, |trade| trade.price_fen),
        high_fen: high(trades),
        low_fen: low(trades),
        volume_t: volume(trades),
        amount_fen: amount(trades),
        band,
        listing_max_t: LISTING_MAX_T,
    }
}

fn trade(
    price: impl Strategy<Value = i64>,
    quantity: impl Strategy<Value = i64>,
) -> impl Strategy<Value = Trade> {
    (price, quantity).prop_map(|(price_fen, quantity_t)| Trade { price_fen, quantity_t })
}

/// A band around a previous close, and trades within it.
fn day(
    width_bp: i64,
    quantity: std::ops::Range<i64>,
    most: usize,
) -> impl Strategy<Value = (Band, Vec<Trade>)> {
    (1_000_i64..20_000).prop_flat_map(move |close| {
        let band = Band::around(close, width_bp).expect("a close above zero");
        let prices = band.lower_fen..=band.upper_fen;
        (Just(band), prop::collection::vec(trade(prices, quantity.clone()), 1..=most))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn listed_days_come_back_exactly((band, trades) in day(1_000, 1..300_000, 30)) {
        let facts = facts(&trades, band);
        let made = listed_trades(&facts).expect("trades made this day");
        prop_assert_eq!(made.first().map(|trade| trade.price_fen), Some(facts.open_fen));
        prop_assert_eq!((high(&made), low(&made)), (facts.high_fen, facts.low_fen));
        prop_assert_eq!((volume(&made), amount(&made)), (facts.volume_t, facts.amount_fen));
        prop_assert!(made.iter().all(|trade| (1..=LISTING_MAX_T).contains(&trade.quantity_t)));
        let prices: BTreeSet<i64> = made.iter().map(|trade| trade.price_fen).collect();
        prop_assert!(prices.len() <= 5);
        let fullest = facts.volume_t / LISTING_MAX_T;
        prop_assert!(i64::try_from(made.len()).expect("few") <= fullest + 5);
        prop_assert_eq!(listed_trades(&facts), Ok(made));
    }

    #[test]
    fn listed_days_beyond_the_possible_say_why((band, trades) in day(1_000, 1..5_000, 6), beyond in 1_i64..10_000) {
        let facts = facts(&trades, band);
        let (high_fen, low_fen) = (high(&trades).expect("trades"), low(&trades).expect("trades"));
        let known = BTreeSet::from([facts.open_fen, high_fen, low_fen]);
        let sum: i64 = known.iter().sum();
        let prices = i64::try_from(known.len()).expect("at most three");
        let (least, most) =
            (sum + low_fen * (facts.volume_t - prices), sum + high_fen * (facts.volume_t - prices));
        for amount_fen in [least, most] {
            let made = listed_trades(&ListedFacts { amount_fen, ..facts });
            prop_assert_eq!(made.map(|made| amount(&made)), Ok(amount_fen));
        }
        let amount_fen = (least - beyond).max(0);
        prop_assert_eq!(
            listed_trades(&ListedFacts { amount_fen, ..facts }),
            Err(Infeasible::AmountBelowLow { amount_fen, least_fen: i128::from(least) })
        );
        let amount_fen = most + beyond;
        prop_assert_eq!(
            listed_trades(&ListedFacts { amount_fen, ..facts }),
            Err(Infeasible::AmountAboveHigh { amount_fen, most_fen: i128::from(most) })
        );
        prop_assert_eq!(
            listed_trades(&ListedFacts { open_fen: high_fen + beyond, ..facts }),
            Err(Infeasible::OpenOutsideRange { open_fen: high_fen + beyond, low_fen, high_fen })
        );
        let limit_fen = high_fen - 1;
        prop_assert_eq!(
            listed_trades(&ListedFacts { band: Band { upper_fen: limit_fen, ..band }, ..facts }),
            Err(Infeasible::BandBroken { price_fen: high_fen, limit_fen })
        );
    }

    #[test]
    fn block_days_come_back_exactly((band, trades) in day(3_000, BLOCK_MIN_T..3_000_000, 5)) {
        let day =
            BlockFacts { volume_t: volume(&trades), amount_fen: amount(&trades), band, block_min_t: BLOCK_MIN_T };
        let made = block_trades(&day).expect("blocks made this day");
        prop_assert_eq!((volume(&made), amount(&made)), (day.volume_t, day.amount_fen));
        prop_assert!(made.iter().all(|block| block.quantity_t >= BLOCK_MIN_T && band.contains(block.price_fen)));
        prop_assert!(made.len() <= trades.len().min(3));
    }

    #[test]
    fn auction_days_come_back_exactly(trades in prop::collection::vec(trade(1..20_000_i64, 1..5_000_000_i64), 1..6)) {
        let day = AuctionFacts { volume_t: volume(&trades), amount_fen: amount(&trades) };
        let made = auction_trades(&day).expect("auctions made this day");
        prop_assert_eq!((volume(&made), amount(&made)), (day.volume_t, day.amount_fen));
        prop_assert!(made.len() <= trades.len().min(2));
        prop_assert!(made.iter().all(|auction| auction.price_fen > 0 && auction.quantity_t > 0));
    }

    #[test]
    fn nothing_panics(figures in prop::array::uniform8(any::<i64>()), some in any::<[bool; 2]>()) {
        let [open_fen, high, low, volume_t, amount_fen, lower_fen, upper_fen, size_t] = figures;
        let band = Band { lower_fen, upper_fen };
        let (high_fen, low_fen) = (some[0].then_some(high), some[1].then_some(low));
        let listing_max_t = size_t;
        // The outcome is whatever it is; reaching the end of each call is the point.
        let _ = listed_trades(
            &ListedFacts { open_fen, high_fen, low_fen, volume_t, amount_fen, band, listing_max_t },
        );
        let _ = auction_trades(&AuctionFacts { volume_t, amount_fen });
        let narrow = Band { lower_fen, upper_fen: lower_fen.saturating_add(100) };
        let _ = block_trades(&BlockFacts { volume_t, amount_fen, band: narrow, block_min_t: size_t });
    }
}

/// Every amount that `volume_t` tonnes can make at these prices, where each price of `known` trades at least once.
fn amounts(volume_t: i64, prices: std::ops::RangeInclusive<i64>, known: &BTreeSet<i64>) -> BTreeSet<i64> {
    let mut sums: BTreeSet<(i64, Vec<i64>)> = BTreeSet::from([(0, Vec::new())]);
    for _ in 0..volume_t {
        let mut next = BTreeSet::new();
        for (sum, seen) in &sums {
            for price in prices.clone() {
                let mut seen = seen.clone();
                if known.contains(&price) && !seen.contains(&price) {
                    seen.push(price);
                    seen.sort_unstable();
                }
                next.insert((sum + price, seen));
            }
        }
        sums = next;
    }
    sums.into_iter().filter(|(_, seen)| seen.len() == known.len()).map(|(sum, _)| sum).collect()
}

#[test]
fn listed_days_are_possible_exactly_where_brute_force_finds_trades() {
    let band = Band { lower_fen: 1, upper_fen: 9 };
    let (mut possible, mut impossible) = (0, 0);
    for volume_t in 1..=7 {
        for low_fen in 1..=3 {
            for high_fen in low_fen..=low_fen + 4 {
                for open_fen in low_fen..=high_fen {
                    let known = BTreeSet::from([open_fen, low_fen, high_fen]);
                    let reachable = amounts(volume_t, low_fen..=high_fen, &known);
                    for amount_fen in 0..=volume_t * (high_fen + 1) {
                        let facts = ListedFacts {
                            open_fen,
                            high_fen: Some(high_fen),
                            low_fen: Some(low_fen),
                            volume_t,
                            amount_fen,
                            band,
                            listing_max_t: 2,
                        };
                        let made = listed_trades(&facts);
                        assert_eq!(made.is_ok(), reachable.contains(&amount_fen), "{facts:?}: {made:?}");
                        if made.is_ok() { possible += 1 } else { impossible += 1 }
                    }
                }
            }
        }
    }
    assert!(possible > 500 && impossible > 500, "{possible} {impossible}");
}
