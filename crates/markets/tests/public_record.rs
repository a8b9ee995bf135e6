//! What holds in the public record of 2021-07-16 to 2024-12-31, computed from its files.
//!
//! The files are no part of the project: `HUANGPU_SHARED` names the directory that has them under `data/cea`, else
//! `shared` beside the project is looked at. Without them the test says that it was skipped.

#![allow(clippy::panic, reason = "a figure that does not hold fails the test, with the row that has it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use jiff::ToSpan;
use jiff::civil::{Weekday, date};
use markets::carbon::reconstruct::{
    AuctionFacts, BlockFacts, ListedFacts, Trade, auction_trades, block_trades, listed_trades,
};
use markets::carbon::record::{Agreement, Day, Figure, ListedRow, Method, MethodRow, Record};
use markets::carbon::rounding::{Band, mean_close_fen, vwap_close_fen};

const COMPOSITE: &str = "COMCEA";
/// The first reference price of the market, 48.00 CNY; the first day has no previous close.
const LAUNCH_FEN: i64 = 4_800;

/// What the test counts while it goes through the record.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    instrument_days: usize,
    traded: usize,
    untraded: usize,
    trades: usize,
    most_trades: usize,
    cut_amounts: usize,
    days_at_limit: usize,
    beyond_inward_limit: usize,
    block_days: [usize; 4],
    auction_days: usize,
    one_instrument: usize,
    several_instruments: usize,
    composite_open_high_low_differ: usize,
}

fn record() -> Option<Record> {
    let shared = std::env::var_os("HUANGPU_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let directory = shared.join("data/cea");
    if !directory.is_dir() {
        // Not `eprintln!`, which the test harness keeps to itself when a test passes.
        let directory = directory.display();
        let _ = writeln!(std::io::stderr(), "skipped: no public record at {directory} (set HUANGPU_SHARED)");
        return None;
    }
    Some(Record::read(&directory).expect("the record is well formed"))
}

#[test]
fn the_record_is_what_the_rules_say() {
    let Some(record) = record() else { return };
    let mut counts = Counts::default();
    for day in &record.days {
        for row in day.instruments(COMPOSITE) {
            counts.instrument_days += 1;
            check_listed(day, row, &mut counts);
            check_block_and_auction(day, row, &mut counts);
        }
        check_composite(day, &mut counts);
    }
    assert_eq!(
        counts,
        Counts {
            instrument_days: 1_539,
            traded: 1_267,
            untraded: 272,
            trades: 3_899,
            most_trades: 43,
            cut_amounts: 106,
            days_at_limit: 35,
            beyond_inward_limit: 9,
            block_days: [976, 284, 279, 0],
            auction_days: 0,
            one_instrument: 514,
            several_instruments: 326,
            composite_open_high_low_differ: 0,
        }
    );
}

fn of(figure: &Figure) -> i64 {
    figure.get().expect("a figure in every row")
}

fn reference_fen(row: &ListedRow) -> i64 {
    row.previous_close_fen.get().unwrap_or(LAUNCH_FEN)
}

fn check_listed(day: &Day, row: &ListedRow, counts: &mut Counts) {
    let exact = day.method_row(&row.instrument, Method::Listed).expect("the reader joins them");
    match row.agreement(exact) {
        Some(Agreement::Same) => {}
        Some(Agreement::CutToYuan) => counts.cut_amounts += 1,
        Some(Agreement::Different) | None => panic!("{row:?} and {exact:?}"),
    }
    let band = Band::around(reference_fen(row), 1_000).expect("a positive close");
    let facts = ListedFacts {
        open_fen: of(&row.open_fen),
        high_fen: row.high_fen.get(),
        low_fen: row.low_fen.get(),
        volume_t: of(&exact.volume_t),
        amount_fen: of(&exact.amount_fen),
        band,
        listing_max_t: 99_999,
    };
    let trades = listed_trades(&facts).unwrap_or_else(|reason| panic!("{row:?}: {reason}"));
    assert_sums(&trades, exact);
    let Some((high_fen, low_fen)) = row.high_fen.get().zip(row.low_fen.get()) else {
        counts.untraded += 1;
        assert!(trades.is_empty());
        assert_eq!(of(&row.open_fen), of(&row.close_fen), "{row:?}");
        assert_eq!(row.previous_close_fen.get().unwrap_or(of(&row.close_fen)), of(&row.close_fen), "{row:?}");
        return;
    };
    counts.traded += 1;
    counts.trades += trades.len();
    counts.most_trades = counts.most_trades.max(trades.len());
    assert_eq!(trades.first().map(|trade| trade.price_fen), Some(of(&row.open_fen)));
    assert_eq!(trades.iter().map(|trade| trade.price_fen).max(), row.high_fen.get());
    assert_eq!(trades.iter().map(|trade| trade.price_fen).min(), row.low_fen.get());
    assert_eq!(
        vwap_close_fen(of(&exact.amount_fen), of(&exact.volume_t)),
        Some(of(&row.close_fen)),
        "{row:?}"
    );
    counts.days_at_limit += usize::from(high_fen == band.upper_fen || low_fen == band.lower_fen);
    let reference = reference_fen(row);
    counts.beyond_inward_limit += usize::from(high_fen * 10 > reference * 11 || low_fen * 10 < reference * 9);
}

fn check_block_and_auction(day: &Day, row: &ListedRow, counts: &mut Counts) {
    let exact = day.method_row(&row.instrument, Method::Block).expect("the record has one each day");
    let facts = BlockFacts {
        volume_t: of(&exact.volume_t),
        amount_fen: of(&exact.amount_fen),
        band: Band::around(reference_fen(row), 3_000).expect("a positive close"),
        block_min_t: 100_000,
    };
    let blocks = block_trades(&facts).unwrap_or_else(|reason| panic!("{exact:?}: {reason}"));
    assert_sums(&blocks, exact);
    counts.block_days[blocks.len()] += 1;
    match day.method_row(&row.instrument, Method::Auction) {
        None => assert!(day.date < date(2024, 9, 30), "{row:?}"),
        Some(exact) => {
            assert!(day.date >= date(2024, 9, 30), "{row:?}");
            let facts = AuctionFacts { volume_t: of(&exact.volume_t), amount_fen: of(&exact.amount_fen) };
            let auctions = auction_trades(&facts).unwrap_or_else(|reason| panic!("{exact:?}: {reason}"));
            assert_sums(&auctions, exact);
            counts.auction_days += usize::from(!auctions.is_empty());
        }
    }
}

fn assert_sums(trades: &[Trade], exact: &MethodRow) {
    assert_eq!(trades.iter().map(|trade| trade.quantity_t).sum::<i64>(), of(&exact.volume_t), "{exact:?}");
    assert_eq!(
        trades.iter().map(Trade::amount_fen).sum::<i128>(),
        i128::from(of(&exact.amount_fen)),
        "{exact:?}"
    );
}

fn check_composite(day: &Day, counts: &mut Counts) {
    let composite = day.listed_row(COMPOSITE).expect("a composite line each day");
    let rows: Vec<&ListedRow> = day.instruments(COMPOSITE).collect();
    for method in [Method::Listed, Method::Block, Method::Auction] {
        let exact = |row: &ListedRow| day.method_row(&row.instrument, method);
        let Some(sum) = exact(composite) else { continue };
        let volume_t: i64 = rows.iter().filter_map(|row| exact(row)).map(|exact| of(&exact.volume_t)).sum();
        let amount_fen: i64 =
            rows.iter().filter_map(|row| exact(row)).map(|exact| of(&exact.amount_fen)).sum();
        assert_eq!((of(&sum.volume_t), of(&sum.amount_fen)), (volume_t, amount_fen), "{sum:?}");
    }
    if let [only] = rows[..] {
        counts.one_instrument += 1;
        let differ = (of(&only.open_fen), only.high_fen.get(), only.low_fen.get())
            != (of(&composite.open_fen), composite.high_fen.get(), composite.low_fen.get());
        counts.composite_open_high_low_differ += usize::from(differ);
        assert_eq!(
            (only.previous_close_fen.get(), of(&only.close_fen)),
            (composite.previous_close_fen.get(), of(&composite.close_fen))
        );
        assert_eq!(
            (of(&only.volume_t), of(&only.amount_fen)),
            (of(&composite.volume_t), of(&composite.amount_fen))
        );
        return;
    }
    counts.several_instruments += 1;
    let closes: Vec<i64> = rows.iter().map(|row| of(&row.close_fen)).collect();
    if day.date == date(2024, 12, 26) {
        // The exact mean is 97.805. The published 97.80 is what binary floating point makes of it.
        assert_eq!((mean_close_fen(&closes), of(&composite.close_fen)), (Some(9_781), 9_780));
    } else {
        assert_eq!(mean_close_fen(&closes), Some(of(&composite.close_fen)), "{composite:?}");
    }
}

#[test]
fn closes_chain_and_totals_add_up() {
    let Some(record) = record() else { return };
    let mut closes: BTreeMap<&str, i64> = BTreeMap::new();
    let mut first: Vec<(String, &str, i64, Option<i64>)> = Vec::new();
    let mut totals: BTreeMap<(&str, Method), (i64, i64)> = BTreeMap::new();
    let (mut listed_rows, mut method_rows) = (0, 0);
    for day in &record.days {
        let composite_before = closes.get(COMPOSITE).copied();
        for row in &day.listed {
            listed_rows += 1;
            match closes.insert(&row.instrument, of(&row.close_fen)) {
                Some(close_fen) => assert_eq!(row.previous_close_fen.get(), Some(close_fen), "{row:?}"),
                None => {
                    assert_eq!(row.previous_close_fen.get(), None, "{row:?}");
                    first.push((row.date.to_string(), &row.instrument, of(&row.open_fen), composite_before));
                }
            }
        }
        assert_eq!(day.listed.len(), closes.len(), "an instrument left the record on {}", day.date);
        for row in &day.methods {
            method_rows += 1;
            let total = totals.entry((&row.instrument, row.method)).or_default();
            *total = (total.0 + of(&row.volume_t), total.1 + of(&row.amount_fen));
            assert_eq!(*total, (of(&row.total_volume_t), of(&row.total_amount_fen)), "{row:?}");
        }
    }
    assert_eq!((record.days.len(), listed_rows, method_rows, record.holidays.len()), (840, 2_379, 5_053, 94));
    let expected = [
        ("2021-07-16", "CEA", 4_800, None),
        ("2021-07-16", COMPOSITE, 4_800, None),
        ("2023-08-28", "CEA21", 7_306, Some(7_306)),
        ("2023-08-28", "CEA22", 7_306, Some(7_306)),
        ("2024-10-28", "CEA23", 10_425, Some(10_425)),
    ];
    assert_eq!(first, expected.map(|(day, name, open, composite)| (day.to_owned(), name, open, composite)));
}

#[test]
fn every_weekday_is_a_trading_day_or_a_holiday() {
    let Some(record) = record() else { return };
    let (first, last) = (date(2021, 7, 16), date(2024, 12, 31));
    let trading: Vec<_> = record.days.iter().map(|day| day.date).collect();
    let expected: Vec<_> = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday))
        .filter(|day| record.holidays.binary_search(day).is_err())
        .collect();
    assert_eq!(trading, expected);
}
