//! Blocks: by hand, against brute force, and at the edges.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn facts(volume_t: i64, amount_fen: i64) -> BlockFacts {
    BlockFacts { volume_t, amount_fen, band: Band { lower_fen: 7, upper_fen: 13 }, block_min_t: 10 }
}

#[test]
fn one_two_three() {
    let trade = |price_fen, quantity_t| Trade { price_fen, quantity_t };
    assert_eq!(block_trades(&facts(0, 0)), Ok(vec![]));
    assert_eq!(block_trades(&facts(15, 150)), Ok(vec![trade(10, 15)]));
    // 12 t at 10 and 13 t at 11.
    assert_eq!(block_trades(&facts(25, 263)), Ok(vec![trade(10, 12), trade(11, 13)]));
    // The average is 10.03: neighbours would leave a block of 1 t, so the prices lie further apart.
    let day = facts(39, 391);
    let two = block_trades(&day).unwrap();
    assert_eq!(two.len(), 2);
    check(&day, &two);
}

#[test]
fn every_reason() {
    let reasons = [
        (facts(0, 1), Infeasible::AmountWithoutVolume { amount_fen: 1 }),
        (facts(-1, 1), Infeasible::Negative { volume_t: -1, amount_fen: 1 }),
        (facts(9, 90), Infeasible::BelowBlockMin { volume_t: 9, block_min_t: 10 }),
        (facts(10, 69), Infeasible::AmountBelowLow { amount_fen: 69, least_fen: 70 }),
        (facts(10, 131), Infeasible::AmountAboveHigh { amount_fen: 131, most_fen: 130 }),
        (
            facts(19, 191),
            Infeasible::NoBlocks {
                volume_t: 19,
                amount_fen: 191,
                block_min_t: 10,
                lower_fen: 7,
                upper_fen: 13,
            },
        ),
        (BlockFacts { block_min_t: 0, ..facts(9, 90) }, Infeasible::SizeLimitNotPositive { limit_t: 0 }),
        (
            BlockFacts { band: Band { lower_fen: 9, upper_fen: 8 }, ..facts(10, 90) },
            Infeasible::RangeReversed { low_fen: 9, high_fen: 8 },
        ),
        (
            BlockFacts { band: Band { lower_fen: 0, upper_fen: 8 }, ..facts(10, 50) },
            Infeasible::PriceNotPositive { price_fen: 0 },
        ),
    ];
    for (facts, reason) in reasons {
        assert_eq!(block_trades(&facts), Err(reason));
    }
    assert_eq!(
        block_trades(&facts(19, 191)).unwrap_err().to_string(),
        "19 t for 191 fen cannot be divided into blocks of at least 10 t at whole-fen prices from 7 to 13 fen"
    );
}

/// The fewest blocks for every (volume, amount), by adding one block after the other.
fn fewest(volume_max: i64, min: i64, band: Band) -> BTreeMap<(i64, i64), usize> {
    let mut fewest = BTreeMap::new();
    let mut sums = BTreeSet::from([(0, 0)]);
    for count in 1.. {
        let mut next = BTreeSet::new();
        for (volume, amount) in &sums {
            for quantity in min..=volume_max - volume {
                for price in band.lower_fen..=band.upper_fen {
                    next.insert((volume + quantity, amount + quantity * price));
                }
            }
        }
        if next.is_empty() {
            return fewest;
        }
        for sum in &next {
            fewest.entry(*sum).or_insert(count);
        }
        sums = next;
    }
    fewest
}

#[test]
fn as_few_as_brute_force_finds_and_none_where_it_finds_none() {
    let mut counts = BTreeMap::new();
    for min in 1..=6 {
        for width in 0..=5 {
            let band = Band { lower_fen: 2, upper_fen: 2 + width };
            let volume_max = 4 * min + 4;
            let fewest = fewest(volume_max, min, band);
            for volume_t in 1..=volume_max {
                for amount_fen in 0..=volume_t * (band.upper_fen + 1) {
                    let day = BlockFacts { volume_t, amount_fen, band, block_min_t: min };
                    let found = block_trades(&day);
                    let expected = fewest.get(&(volume_t, amount_fen)).copied();
                    assert_eq!(found.as_ref().ok().map(Vec::len), expected, "{day:?}: {found:?}");
                    *counts.entry(expected).or_insert(0) += 1;
                    if let Ok(trades) = found {
                        check(&day, &trades);
                    }
                }
            }
        }
    }
    let kinds: Vec<_> = counts.keys().copied().collect();
    assert_eq!(kinds, [None, Some(1), Some(2), Some(3)], "{counts:?}");
}

fn check(day: &BlockFacts, trades: &[Trade]) {
    assert_eq!(trades.iter().map(|trade| trade.quantity_t).sum::<i64>(), day.volume_t);
    assert_eq!(trades.iter().map(Trade::amount_fen).sum::<i128>(), i128::from(day.amount_fen));
    assert!(
        trades.iter().all(|trade| trade.quantity_t >= day.block_min_t && day.band.contains(trade.price_fen))
    );
    assert!(trades.is_sorted_by_key(|trade| trade.price_fen), "{trades:?}");
}

#[test]
fn real_sizes_near_the_lower_limit() {
    let band = Band { lower_fen: 5_000, upper_fen: 9_000 };
    let day = |volume_t: i64, excess_fen: i64| {
        let amount_fen = band.lower_fen * volume_t + excess_fen;
        BlockFacts { volume_t, amount_fen, band, block_min_t: 100_000 }
    };
    // Two blocks need a divisor of the excess from 100,000 to V - 100,000; 350,003 is odd and no multiple of 3.
    let trades = block_trades(&day(400_000, 350_003)).unwrap();
    assert_eq!(trades.len(), 3);
    check(&day(400_000, 350_003), &trades);
    // With one tonne more than three blocks, 100,000 x a sum of prices and one price more must make the excess.
    assert!(matches!(block_trades(&day(300_001, 250_001)), Err(Infeasible::NoBlocks { .. })));
    assert_eq!(block_trades(&day(300_001, 250_000)).map(|trades| trades.len()), Ok(2));
    assert!(matches!(block_trades(&day(900_000, 99_999)), Err(Infeasible::NoBlocks { .. })));
}

#[test]
fn extremes_end_and_do_not_panic() {
    let max = i64::MAX;
    let band = Band { lower_fen: 1, upper_fen: max };
    let day = BlockFacts { volume_t: 3_037_000_500, amount_fen: max, band, block_min_t: 1_000_000_000 };
    assert!(!matches!(block_trades(&day), Err(Infeasible::OutOfRange { .. })));
    let day = BlockFacts { volume_t: max, amount_fen: max, band, block_min_t: max };
    assert_eq!(block_trades(&day), Ok(vec![Trade { price_fen: 1, quantity_t: max }]));
    let day = BlockFacts { volume_t: max - 1, amount_fen: max, band, block_min_t: 1 };
    assert_eq!(block_trades(&day).map(|trades| trades.len()), Ok(2));
}

#[test]
fn a_search_given_up_says_so() {
    // 300,001 t with an excess of 250,001: d = 1 and d = 2 must be ruled out, then triples.
    let search = |steps_left| {
        let (width, volume, excess, min) = (4_000, 300_001, 250_001, 100_000);
        Search { lower: 5_000, width, volume, excess, min, steps_left }.blocks()
    };
    assert_eq!(search(2), Err(Infeasible::Undecided { steps: SEARCH_STEPS_MAX }));
    assert_eq!(search(SEARCH_STEPS_MAX), Ok(None));
}
