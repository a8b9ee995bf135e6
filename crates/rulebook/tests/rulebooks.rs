//! The rulebooks of the project: that they parse, and what holds on given dates.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{BasisPoints, Date, Method, Money, Price, Quantity, Tariff, TimeOfDay};
use engine::rulebook::{Rulebook, Version};
use registry::rules::Fine;
use rulebook::{Cited, read_cited};
use std::path::Path;
use trading::rules::{ClosePrice, CompositePrice, TieRule};

fn cited(file: &str) -> Cited {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebooks").join(file);
    read_cited(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn on<'a>(book: &'a Rulebook, day: &str) -> &'a Version {
    book.versions.iter().rfind(|version| version.from <= date(day)).unwrap()
}

#[test]
fn the_national_market_on_its_first_day() {
    let book = cited("carbon-cn.toml").rulebook;
    assert_eq!((book.code.as_str(), book.currency.decimals, book.price.tick), ("carbon-cn", 2, 1));
    assert_eq!(book.name, "China's national carbon market (全国碳排放权交易市场)");
    assert_eq!(book.versions[0].from, date("2021-07-16"));
    let Version { trading, clearing, registry, supervision, .. } = on(&book, "2021-07-16");
    assert_eq!(
        (trading.tick_value, trading.lot, trading.launch_reference),
        (1, Quantity(1), Some(Price(4_800)))
    );
    assert_eq!(trading.calendar.offsets.len(), 1);
    assert_eq!(trading.calendar.offsets[0].seconds, 8 * 3_600);
    assert_eq!(trading.calendar.weekdays, 0b001_1111);
    let listing = trading.listing.as_ref().unwrap();
    assert_eq!((listing.band, listing.quantity_below), (BasisPoints(1_000), Quantity(100_000)));
    assert_eq!(listing.best_prices, 5);
    let hours: Vec<_> = listing.sessions.iter().map(|s| format!("{}-{}", s.opens, s.closes)).collect();
    assert_eq!(hours, ["09:30-11:30", "13:00-15:00"]);
    let block = trading.block.as_ref().unwrap();
    assert_eq!((block.band, block.quantity_min), (BasisPoints(3_000), Quantity(100_000)));
    assert_eq!(block.sessions[0].opens, TimeOfDay::parse("13:00").unwrap());
    let auction = trading.auction.as_ref().unwrap();
    assert_eq!((auction.band, auction.reserve_of_reference), (None, None));
    assert_eq!(trading.composite.as_ref().unwrap().price, CompositePrice::Mean);
    assert_eq!(clearing.fees, <[clearing::rules::FeeRule; 3]>::default());
    assert_eq!((registry.resale_after_days, registry.offset_cap), (1, BasisPoints(500)));
    assert_eq!((registry.preallocation, registry.borrowing), (None, false));
    assert_eq!(registry.carry_over, None);
    let years: Vec<_> = registry.periods.iter().map(|p| (p.year, p.deadline.to_string())).collect();
    assert_eq!(years, [(2020, "2021-12-31".to_owned())]);
    assert_eq!(supervision.self_trade.unwrap().times, 1);
}

#[test]
fn the_fine_changes_with_the_interim_regulation() {
    let book = cited("carbon-cn.toml").rulebook;
    let fine = |day| on(&book, day).registry.fine.clone().unwrap();
    let fixed = Fine::Fixed { least: Money(2_000_000), most: Money(3_000_000) };
    let multiple = Fine::OfAveragePrice { least: 5, most: 10, methods: Method::ALL.to_vec() };
    assert_eq!(fine("2021-07-16"), fixed);
    assert_eq!(fine("2024-04-30"), fixed);
    assert_eq!(fine("2024-05-01"), multiple);
    assert_eq!(fine("2026-01-01"), multiple);
    // What the regulation did not change holds on.
    let (before, after) = (on(&book, "2024-04-30"), on(&book, "2024-05-01"));
    assert_eq!(before.supervision.manipulation, None);
    let manipulation = after.supervision.manipulation.unwrap();
    assert_eq!((manipulation.of_gain_least, manipulation.of_gain_most), (1, 10));
    assert_eq!((manipulation.least, manipulation.most), (Money(50_000_000), Money(500_000_000)));
    assert_eq!(before.trading, after.trading);
    assert_eq!(before.registry.periods, after.registry.periods);
}

#[test]
fn the_composite_line_and_the_allocation_plan() {
    let book = cited("carbon-cn.toml").rulebook;
    let composite = |day| on(&book, day).trading.composite.clone().unwrap();
    assert_eq!(
        (composite("2025-12-31").code, composite("2025-12-31").price),
        ("COMCEA".into(), CompositePrice::Mean)
    );
    let after = composite("2026-01-01");
    assert_eq!((after.code, after.price), ("COMCEA".into(), CompositePrice::Instrument("CEA25".into())));
    let registry = &on(&book, "2025-12-31").registry;
    assert_eq!(registry.preallocation, Some(BasisPoints(7_000)));
    assert_eq!(registry.shortfall_cap, Some(BasisPoints(2_000)));
    assert_eq!(on(&book, "2024-10-20").registry.shortfall_cap, None);
    let carry_over = registry.carry_over.as_ref().unwrap();
    assert_eq!((carry_over.base, carry_over.of_net_sales), (Quantity(10_000), BasisPoints(15_000)));
    assert_eq!((carry_over.vintage_to, carry_over.into_vintage), (2024, 2025));
    assert_eq!((carry_over.sales_from, carry_over.sales_to), (date("2024-01-01"), date("2025-12-31")));
    let periods: Vec<_> = registry.periods.iter().map(|p| (p.year, p.deadline.year())).collect();
    assert_eq!(periods, [(2020, 2021), (2021, 2023), (2022, 2023), (2023, 2024), (2024, 2025)]);
    assert_eq!(on(&book, "2026-01-01").registry, *registry);
}

#[test]
fn holidays_are_weekdays_and_no_trading_days() {
    let calendar = &cited("carbon-cn.toml").rulebook.versions[0].trading.calendar;
    assert_eq!(calendar.holidays.len(), 100);
    assert!(calendar.holidays.iter().all(|day| day.weekday() <= 5 && !calendar.is_trading_day(*day)));
    assert!(calendar.is_trading_day(date("2021-07-16")));
    assert!(!calendar.is_trading_day(date("2026-06-19")));
}

#[test]
fn every_rule_is_cited_and_what_was_not_read_is_marked() {
    let Cited { rulebook, citations } = cited("carbon-cn.toml");
    assert!(rulebook.versions.iter().all(|version| !version.source.is_empty()));
    let find = |table: &str, from: &str| {
        citations.iter().find(|c| c.table == table && c.from == date(from)).unwrap()
    };
    assert!(!find("trading.listing", "2021-07-16").secondary);
    assert!(find("registry.resale", "2021-07-16").secondary);
    assert!(find("registry.fine", "2021-07-16").secondary);
    assert!(find("registry.fine", "2024-05-01").source.contains("art. 24"));
    assert!(find("registry.carry_over", "2024-10-21").secondary);
    assert!(cited("carbon-shanghai.toml").citations.iter().all(|citation| citation.secondary));
}

#[test]
fn shanghai_is_another_market() {
    let book = cited("carbon-shanghai.toml").rulebook;
    let version = on(&book, "2023-11-30");
    let auction = version.trading.auction.as_ref().unwrap();
    assert_eq!((auction.reserve_of_reference, auction.tie), (Some(BasisPoints(12_000)), TieRule::Time));
    assert_eq!(version.trading.launch_reference, Some(Price(6_191)));
    assert_eq!((&version.trading.block, &version.trading.composite), (&None, &None));
    assert_eq!(version.registry.resale_after_days, 0);
}

#[test]
fn bonds_trade_on_an_order_book() {
    let Cited { rulebook: book, citations } = cited("bond-continuous.toml");
    let Version { trading, clearing, registry, .. } = on(&book, "2026-03-03");
    // One tick is a fen on one bond; a lot is 100,000 CNY face.
    assert_eq!((trading.tick_value, trading.lot, trading.launch_reference), (1, Quantity(1_000), None));
    assert_eq!((&trading.listing, &trading.block, &trading.auction), (&None, &None, &None));
    let continuous = trading.continuous.as_ref().unwrap();
    let calls = [continuous.opening_call.unwrap(), continuous.closing_call.unwrap()];
    let hours: Vec<_> =
        calls.iter().chain(&continuous.sessions).map(|s| format!("{}-{}", s.opens, s.closes)).collect();
    assert_eq!(hours, ["09:15-09:25", "15:25-15:30", "09:30-11:30", "13:00-15:25"]);
    assert_eq!((continuous.band, continuous.dynamic_band), (BasisPoints(1_000), Some(BasisPoints(200))));
    assert_eq!((continuous.interruption_s, continuous.resumption_s), (180, 300));
    assert_eq!(continuous.quantity_max, Quantity(1_000_000));
    assert_eq!(continuous.value_max, Some(Money(20_000_000_000)));
    assert_eq!((continuous.orders_per_second_max, continuous.close), (Some(100), ClosePrice::Last));
    assert_eq!((clearing.book, registry.resale_after_days), (Tariff::default(), 0));
    // Only the lot was read in the rule itself as it is.
    let read: Vec<_> =
        citations.iter().filter(|citation| !citation.secondary).map(|c| c.table.as_str()).collect();
    assert_eq!(read, ["", "trading.quantity"]);
}

#[test]
fn fees_of_a_book_are_exact() {
    let text = r#"
        extends = "rulebooks/bond-continuous.toml"
        [[version]]
        from = 2022-04-25
        source = "made up"
        [version.clearing.fees.book]
        taker = "0.002%"
        maker = "0%"
        call = "0.0015%"
        rebate = "0.0005%"
        least = "1.00"
        most = "200.00"
        source = "made up"
    "#;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut load = |name: &str| std::fs::read_to_string(root.join(name));
    let book = rulebook::parse(text, "x.toml", &mut load).unwrap_or_else(|error| panic!("{error}"));
    let expected = Tariff {
        taker_ppm: 20,
        maker_ppm: 0,
        call_ppm: 15,
        rebate_ppm: 5,
        least: Money(100),
        most: Some(Money(20_000)),
    };
    assert_eq!(book.versions[0].clearing.book, expected);
}

#[test]
fn every_calendar_knows_the_whole_of_its_last_year() {
    for file in ["carbon-cn.toml", "carbon-shanghai.toml", "bond-continuous.toml"] {
        let book = cited(file).rulebook;
        let calendar = &book.versions.last().unwrap().trading.calendar;
        assert_eq!(calendar.known_until, Some(date("2026-12-31")), "{file}");
        for holiday in [
            "2026-01-01",
            "2026-01-02",
            "2026-02-16",
            "2026-02-23",
            "2026-04-06",
            "2026-05-05",
            "2026-06-19",
            "2026-09-25",
            "2026-10-01",
            "2026-10-02",
            "2026-10-05",
            "2026-10-06",
            "2026-10-07",
        ] {
            assert!(!calendar.is_trading_day(date(holiday)), "{file} {holiday}");
        }
        for day in ["2026-01-05", "2026-02-24", "2026-09-28", "2026-10-08", "2026-12-31"] {
            assert!(calendar.is_trading_day(date(day)), "{file} {day}");
        }
        assert!(!calendar.is_trading_day(date("2027-01-04")), "{file}: nobody knows");
    }
}
