//! The book against the naive one: whatever is done to both, nothing that can be seen differs.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use base::Side;
use common::{Act, Numbers, Pair};
use proptest::prelude::*;

fn sides() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

/// Prices as they come: near each other, at the edges of pages of any size, and anywhere.
fn prices() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -20_i64..20,
        4 => 33_000_i64..34_100,
        2 => (0_u32..63, -2_i64..3).prop_map(|(bit, off)| (1_i64 << bit).saturating_add(off)),
        2 => (0_u32..63, -2_i64..3).prop_map(|(bit, off)| (-1_i64 << bit).saturating_add(off)),
        1 => any::<i64>(),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), Just(-1)],
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (sides(), prices(), 1_i64..1_000).prop_map(|(side, price, left)| Act::Join { side, price, left }),
        5 => any::<u64>().prop_map(|which| Act::Leave { which }),
        2 => (any::<u64>(), any::<u64>()).prop_map(|(which, by)| Act::Reduce { which, by }),
        2 => (any::<u64>(), 1_i64..1_000).prop_map(|(which, left)| Act::Refresh { which, left }),
        2 => (sides(), prices(), 1_i64..3_000)
            .prop_map(|(side, limit, quantity)| Act::Take { side, limit, quantity }),
        1 => Just(Act::Restore),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_acts_tells_the_books_apart(acts in prop::collection::vec(acts(), 1..400)) {
        let mut pair = Pair::new();
        for act in acts {
            pair.act(act);
        }
        pair.compare();
    }
}

/// A market that wanders, with now and then a price from anywhere.
fn wander(seed: u64, acts: u64, spread: i64, depth: u64, wild: u64) {
    let mut numbers = Numbers(seed);
    let mut pair = Pair::new();
    let mut middle = 1_000_000;
    for act in 0..acts {
        middle += numbers.within(-spread / 50 - 1, spread / 50 + 1);
        let side = if numbers.below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = numbers.within(0, spread) * numbers.within(0, spread) / spread.max(1);
        let price = match side {
            _ if numbers.below(wild) == 0 => numbers.next().cast_signed() >> numbers.below(64),
            Side::Buy => middle - away,
            Side::Sell => middle + away,
        };
        let standing = pair.naive.standing.len() as u64;
        let act_now = match numbers.below(20) {
            0..10 if standing < depth => Act::Join { side, price, left: numbers.within(1, 100) },
            0..15 => Act::Leave { which: numbers.next() },
            15 | 16 => Act::Reduce { which: numbers.next(), by: numbers.next() },
            17 => Act::Refresh { which: numbers.next(), left: numbers.within(1, 100) },
            _ => Act::Take { side, limit: middle, quantity: numbers.within(1, 500) },
        };
        pair.act(act_now);
        if act % 50_000 == 49_999 {
            pair.act(Act::Restore);
            pair.compare();
        }
    }
    pair.compare();
}

/// Many in a release build, fewer in a debug one.
const ACTS: u64 = if cfg!(debug_assertions) { 60_000 } else { 1_500_000 };

#[test]
fn a_narrow_market() {
    wander(1, ACTS, 10, 300, 1_000_000);
}

#[test]
fn a_wide_market() {
    wander(2, ACTS, 20_000, 3_000, 1_000);
}

#[test]
fn a_thin_market_over_a_vast_range() {
    wander(3, ACTS, 40_000_000, 60, 50);
}

#[test]
fn prices_from_anywhere() {
    wander(4, ACTS, 1_000, 2_000, 2);
}
