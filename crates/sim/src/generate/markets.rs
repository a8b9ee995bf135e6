//! Markets: rulebooks as they are written, with their numbers changed as a seed says.

use super::{DAY, FAMILIES, Profile};
use base::{BasisPoints, Date, Money, Price, Quantity, Tariff};
use clearing::rules::FeeSchedule;
use engine::rulebook::{Paired, Rulebook, Version};
use faulty_disk::Dice;
use registry::rules::{CarryOver, Period};
use supervision::rules::{Act, CountRule, PositionLimit};
use trading::rules::{ClosePrice, Corrections, Own, TieRule};

/// A rulebook that lies in this repository, and what it extends.
macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../../", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "rulebooks/carbon-cn.toml"
    "rulebooks/carbon-shanghai.toml"
    "rulebooks/bond-continuous.toml"
    "tests/scenarios/rulebooks/book.toml"
    "tests/scenarios/rulebooks/book-fees.toml"
    "tests/scenarios/rulebooks/book-limits.toml"
    "tests/scenarios/rulebooks/book-no-calls.toml"
    "tests/scenarios/rulebooks/book-volatile.toml"
    "tests/scenarios/rulebooks/fees.toml"
    "tests/scenarios/rulebooks/limits.toml"
    "tests/scenarios/rulebooks/lot.toml"
    "tests/scenarios/rulebooks/new-york.toml"
    "tests/scenarios/rulebooks/no-listing.toml"
    "tests/scenarios/rulebooks/overnight.toml"
};

/// The rulebook of a file of this repository; none where it does not read, which the tests of this crate see to.
#[must_use]
pub(super) fn rulebook(name: &str) -> Option<Rulebook> {
    let text =
        |name: &str| FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    rulebook::parse(&text(name)?, name, &mut |name| text(name).ok_or_else(missing)).ok()
}

/// The names of the files.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Days on which something changes: the opening of a market, its second and third versions, the turn of a year with a window to
/// carry over, the days around a deadline.
const STARTS: [&str; 8] = [
    "2021-07-14",
    "2022-12-28",
    "2023-03-13",
    "2023-12-28",
    "2024-04-29",
    "2024-10-18",
    "2025-12-30",
    "2026-03-02",
];

impl Profile {
    pub(super) fn roll(dice: &mut Dice, faults: &mut Dice) -> Self {
        let start = dice.pick(&STARTS).and_then(|start| Date::parse(start)).unwrap_or_default();
        let count = 1 + dice.roll(3);
        let names: Vec<&str> = names().collect();
        let books: Vec<&str> = names.iter().copied().filter(|name| name.contains("/bo")).collect();
        let markets = (0..count).filter_map(|number| {
            // Order books and the carbon market's own ways to trade, side by side.
            let names = if number == 1 { &books } else { &names };
            let mut rulebook = rulebook(dice.pick(names)?)?;
            rulebook.code = format!("{}-{number}", rulebook.code);
            for version in &mut rulebook.versions {
                vary(dice, version);
            }
            Some(rulebook)
        });
        let mut markets: Vec<Rulebook> = markets.collect();
        // A market that opens later than the others opens with them.
        let day = Date(start.0);
        for version in markets.iter_mut().filter_map(|rulebook| rulebook.versions.first_mut()) {
            version.from = version.from.min(day);
        }
        let mut weights = [70, 40, 14, 32, 10, 22, 14, 20, 5];
        // One family in the foreground, another out of sight.
        weights[dice.roll(FAMILIES.len())] *= 3;
        weights[dice.roll(FAMILIES.len())] /= 3;
        Self {
            steps: 450 + dice.roll(900),
            flush_once_in: *dice.pick(&[1, 1, 2, 4, 12]).unwrap_or(&1),
            fault_once_in: *faults.pick(&[None, Some(60), Some(30), Some(15), Some(8)]).unwrap_or(&None),
            hostile_once_in: *dice.pick(&[3, 6, 6, 12]).unwrap_or(&6),
            start: i64::from(start.0) * DAY + dice.between(0, DAY - 1),
            roster_after: *dice.pick(&[None, None, Some(0), Some(60), Some(300)]).unwrap_or(&None),
            operators: 1 + dice.roll(3),
            traders: 4 + dice.roll(4),
            accounts: 1 + dice.roll(2),
            markets,
            weights,
        }
    }
}

fn schedule(dice: &mut Dice) -> FeeSchedule {
    let rate_ppm = *dice.pick(&[0, 50, 500, 3_333, 20_000]).unwrap_or(&0);
    let least = Money(*dice.pick(&[0, 0, 1, 500, 5_000]).unwrap_or(&0));
    let most = dice.once_in(3).then(|| Money(least.0 + dice.between(0, 100_000)));
    FeeSchedule { rate_ppm, least, most }
}

fn act(dice: &mut Dice) -> Act {
    let acts = [Act::AlertOnly, Act::HaltInstrument, Act::FreezeAccount, Act::StopOwner];
    *dice.pick(&acts).unwrap_or(&Act::AlertOnly)
}

/// Changes some of the numbers of a version; the others stay as they are written.
pub(super) fn vary(dice: &mut Dice, version: &mut Version) {
    let trading = &mut version.trading;
    if dice.once_in(3) {
        trading.lot = Quantity(*dice.pick(&[1, 5, 10, 100]).unwrap_or(&1));
    }
    if let Some(listing) = &mut trading.listing
        && dice.once_in(2)
    {
        listing.band = BasisPoints(*dice.pick(&[100, 500, 1_000, 3_000, 12_000]).unwrap_or(&1_000));
        listing.best_prices = *dice.pick(&[1, 2, 5, 100]).unwrap_or(&5);
        listing.quantity_below = Quantity(*dice.pick(&[1_000, 10_001, 100_000]).unwrap_or(&100_000));
    }
    if let Some(block) = &mut trading.block {
        block.quantity_min = Quantity(*dice.pick(&[1_000, 10_000, 100_000]).unwrap_or(&10_000));
    }
    if let Some(auction) = &mut trading.auction
        && dice.once_in(2)
    {
        auction.tie = if dice.once_in(2) { TieRule::Lot } else { TieRule::Time };
        auction.cancel_if_underbid = dice.once_in(3);
        auction.band = dice.once_in(3).then_some(BasisPoints(1_000));
        auction.bid_min = Quantity(*dice.pick(&[1, 10, 50]).unwrap_or(&1));
        auction.reserve_of_reference =
            dice.once_in(3).then_some(BasisPoints(*dice.pick(&[9_000, 10_005]).unwrap_or(&9_000)));
    }
    vary_book(dice, version);
    for fee in &mut version.clearing.fees {
        if dice.once_in(2) {
            (fee.buyer, fee.seller) = (schedule(dice), schedule(dice));
        }
    }
    vary_registry(dice, version);
    vary_persons(dice, version);
    let count = |dice: &mut Dice| CountRule { times: 1 + u32::from(dice.once_in(2)), act: act(dice) };
    if dice.once_in(3) {
        version.supervision.self_trade = Some(count(dice));
        version.supervision.at_price_limit = Some(count(dice));
    }
    if dice.once_in(4) {
        let quantity = Quantity(dice.between(1_000, 500_000));
        version.supervision.position_limit = Some(PositionLimit { quantity, act: act(dice) });
    }
    if dice.once_in(2) {
        let days = [Corrections::Never, Corrections::DaysAfter(1), Corrections::DaysAfter(3)];
        version.trading.corrections = *dice.pick(&days).unwrap_or(&Corrections::Never);
    }
    // Now and then as it was decided before: by account, and alerts as they were raised.
    if dice.once_in(4) {
        version.trading.own = Own::Account;
        version.supervision.grow = false;
        if let Some(rules) = &mut version.trading.continuous {
            rules.stop_at_reference = false;
        }
    }
}

/// What takes two persons: as it is written, as it was before rulebooks said so, or anything.
fn vary_persons(dice: &mut Dice, version: &mut Version) {
    if dice.once_in(3) {
        version.two_persons = None;
    } else if dice.once_in(3)
        && let Some(rules) = &mut version.two_persons
    {
        rules.acts = Paired::ALL.iter().filter(|_| dice.once_in(2)).map(|(_, act)| *act).collect();
        rules.deposit_from = Money(*dice.pick(&[0, 1, 100_000, 100_000_000]).unwrap_or(&0));
    }
}

fn vary_book(dice: &mut Dice, version: &mut Version) {
    let Some(rules) = &mut version.trading.continuous else { return };
    // Small lots, so that accounts are not empty after a few orders.
    version.trading.lot = Quantity(version.trading.lot.0.min(10));
    rules.band = BasisPoints(*dice.pick(&[100, 500, 1_000, 2_000]).unwrap_or(&1_000));
    if dice.once_in(2) {
        rules.dynamic_band = Some(BasisPoints(*dice.pick(&[5, 20, 100, 300]).unwrap_or(&100)));
        rules.interruption_s = *dice.pick(&[1, 30, 300]).unwrap_or(&30);
    }
    if dice.once_in(2) {
        rules.resumption_s = *dice.pick(&[0, 20, 300]).unwrap_or(&0);
    }
    if dice.once_in(3) {
        rules.orders_per_second_max = Some(*dice.pick(&[1, 2, 5]).unwrap_or(&2));
    }
    if dice.once_in(3) {
        rules.value_max = Some(Money(dice.between(10_000, 10_000_000)));
    }
    if dice.once_in(2) {
        rules.close = if dice.once_in(2) { ClosePrice::Last } else { ClosePrice::Average };
    }
    if dice.once_in(2) {
        let rate = |dice: &mut Dice| *dice.pick(&[0, 0, 30, 300, 1_000, 20_000]).unwrap_or(&0);
        let least = Money(*dice.pick(&[0, 0, 1, 500]).unwrap_or(&0));
        version.clearing.book = Tariff {
            taker_ppm: rate(dice),
            maker_ppm: rate(dice),
            call_ppm: rate(dice),
            rebate_ppm: rate(dice),
            least,
            most: dice.once_in(3).then(|| Money(least.0 + dice.between(0, 50_000))),
        };
    }
}

fn vary_registry(dice: &mut Dice, version: &mut Version) {
    let registry = &mut version.registry;
    if dice.once_in(2) {
        registry.resale_after_days = *dice.pick(&[0, 1, 2]).unwrap_or(&1);
    }
    if dice.once_in(4) {
        registry.holding_limit = Some(Quantity(dice.between(100_000, 3_000_000)));
    }
    if dice.once_in(2) {
        registry.preallocation = Some(BasisPoints(*dice.pick(&[7_000, 3_333, 12_000]).unwrap_or(&7_000)));
        registry.shortfall_cap = Some(BasisPoints(*dice.pick(&[2_000, 0, 10_000]).unwrap_or(&2_000)));
    }
    if dice.once_in(2) {
        let deadline =
            Date(version.from.0.saturating_add(i32::try_from(dice.between(0, 900)).unwrap_or_default()));
        let known = registry.periods.iter().any(|period| period.year == 2025);
        if !known {
            registry.periods.push(Period { year: 2025, deadline });
        }
    }
    if dice.once_in(2) && registry.carry_over.is_none() {
        registry.carry_over = Some(CarryOver {
            opens: version.from,
            closes: Date(version.from.0.saturating_add(600)),
            sales_from: Date(version.from.0 - 400),
            sales_to: Date(version.from.0 + 5),
            base: Quantity(10_000),
            of_net_sales: BasisPoints(15_000),
            vintage_to: 2024,
            into_vintage: 2025,
        });
    }
}

/// Makes a rulebook such as no one may adopt.
pub(super) fn spoil(dice: &mut Dice, rulebook: &mut Rulebook) {
    let Some(first) = rulebook.versions.first_mut() else { return };
    match dice.roll(14) {
        13 => first.trading.corrections = Corrections::DaysAfter(Corrections::DAYS_MAX + 1),
        12 => first.two_persons.iter_mut().for_each(|rules| rules.deposit_from = Money(-1)),
        10 => first.clearing.book.taker_ppm = 1_000_001,
        11 if first.trading.continuous.is_some() => {
            first.trading.listing = Some(trading::rules::ListingRules {
                sessions: Vec::new(),
                band: BasisPoints(1_000),
                quantity_below: Quantity(10),
                best_prices: 1,
            });
        }
        0 => first.trading.lot = Quantity(0),
        1 => first.trading.tick_value = -1,
        2 => first.clearing.fees[0].buyer.rate_ppm = -1,
        3 => first.trading.calendar.day_end = base::TimeOfDay(86_400),
        4 => first.trading.launch_reference = Some(Price(0)),
        5 => rulebook.versions.clear(),
        6 => rulebook.versions.reverse(),
        7 => rulebook.price.tick += 1,
        8 => {
            rulebook.code = "a rulebook".to_owned();
        }
        _ => {
            rulebook.code.push('x');
            rulebook.currency.decimals += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rulebook_reads() {
        for name in names() {
            assert!(rulebook(name).is_some(), "{name}");
        }
    }
}
