//! The public record, made again by orders and compared with the engine's price list.
//!
//! The record itself is no part of the project: `HUANGPU_SHARED` names the directory that has it under `data/cea`, else
//! `shared` beside the project is looked at. Without it the tests that need it say that they were skipped.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what does not hold fails the test")]

use base::Date;
use huangpu::history::{Exception, Options, Outcome, run};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

fn rulebook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rulebooks/carbon-cn.toml")
}

fn shared_record() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let record = std::env::var_os("HUANGPU_SHARED").map_or_else(beside, PathBuf::from).join("data/cea");
    if record.is_dir() {
        return Some(record);
    }
    // Not `eprintln!`, which the test harness keeps to itself when a test passes.
    let _ =
        writeln!(std::io::stderr(), "skipped: no public record at {} (set HUANGPU_SHARED)", record.display());
    None
}

fn date(text: &str) -> Option<Date> {
    Some(Date::parse(text).expect("a date"))
}

fn options(record: &Path, data: &Path) -> Options {
    let (record, data) = (record.to_owned(), data.join("data"));
    Options { rulebook: rulebook(), record, layout: None, data, from: None, to: None }
}

fn play(options: &Options) -> Outcome {
    run(options, &mut |_, _| ()).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Every file under a directory, by path.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).expect("a file"));
        }
    }
    files
}

/// What the comparison says, without what depends on how much was in the log before.
fn findings(outcome: &Outcome) -> Outcome {
    Outcome { already_in_log: 0, ..outcome.clone() }
}

fn places(outcome: &Outcome) -> Vec<(&str, &str, &str, &str, &str)> {
    let exceptions = outcome.exceptions.iter();
    exceptions
        .map(|Exception { date, instrument, column, record, engine, .. }| {
            (&**date, &**instrument, &**column, &**record, &**engine)
        })
        .collect()
}

const TIE: (&str, &str, &str, &str, &str) = ("2024-12-26", "COMCEA", "close", "97.80", "97.81");

#[test]
fn the_whole_record_has_one_exception_and_a_second_run_changes_nothing() {
    let Some(record) = shared_record() else { return };
    let dir = tempfile::tempdir().expect("a directory");
    let options = options(&record, dir.path());
    let outcome = play(&options);
    assert_eq!(places(&outcome), [TIE]);
    assert!(outcome.exceptions[0].reason.contains("exactly 97.805"), "{}", outcome.exceptions[0].reason);
    assert_eq!((outcome.days, outcome.rows, outcome.rows_matched), (840, 7_432, 7_431));
    assert_eq!(outcome.columns, 7 * 2_379 + 4 * 5_053);
    // Open, high and low of the composite on the 326 days with several instruments; five lines have a first day.
    assert_eq!((outcome.columns_undetermined, outcome.columns_not_made), (3 * 326 + 5, 0));
    assert_eq!(outcome.columns_matched, outcome.columns - outcome.columns_undetermined - 1);
    assert_eq!(outcome.amounts_cut_to_yuan, 212);
    assert!(outcome.conserved && outcome.notes.is_empty());
    assert_eq!((outcome.already_in_log, outcome.records), (0, outcome.commands));
    let corrected: Vec<_> =
        outcome.corrections.iter().map(|c| (&*c.date, &*c.line, &*c.from, &*c.to)).collect();
    assert_eq!(corrected, [("2024-12-26", "COMCEA", "97.81", "97.80")]);

    let before = files(&options.data);
    let again = play(&options);
    assert_eq!(again.already_in_log, again.commands);
    assert_eq!(findings(&again), findings(&outcome));
    assert!(files(&options.data) == before, "a second run changed the data directory");
    assert!(again.text().contains("nothing was changed"));
}

#[test]
fn a_span_of_the_record_begins_from_what_was_before_it() {
    let Some(record) = shared_record() else { return };
    let spans: [(&str, &str, u64, &[_]); 5] = [
        ("2021-07-16", "2021-09-30", 53, &[]),
        ("2023-08-25", "2023-09-15", 16, &[]),
        ("2023-08-28", "2023-09-01", 5, &[]),
        ("2024-10-26", "2024-12-31", 47, &[TIE]),
        ("2024-12-27", "2024-12-31", 3, &[]),
    ];
    for (from, to, days, exceptions) in spans {
        let dir = tempfile::tempdir().expect("a directory");
        let outcome = play(&Options { from: date(from), to: date(to), ..options(&record, dir.path()) });
        assert_eq!(outcome.days, days, "{from}");
        assert_eq!(places(&outcome), exceptions, "{from}");
        assert_eq!(outcome.rows - outcome.rows_matched, exceptions.len() as u64, "{from}");
        assert!(outcome.conserved && outcome.notes.is_empty(), "{:?}", outcome.notes);
    }
}

// --- a small record of the test's own -----------------------------------------------------------------------------------

/// Price in fen and tonnes of a trade.
type Fills = &'static [(i64, i64)];

/// What an instrument does on a day: listed trades, blocks, auctions.
#[derive(Clone, Copy)]
struct Doing(&'static str, Fills, Fills, Fills);

/// Sums of a line and of its methods.
#[derive(Clone, Default)]
struct Made {
    close: Option<i64>,
    totals: [(i64, i64); 3],
}

fn half_up(numerator: i64, denominator: i64) -> i64 {
    (2 * numerator + denominator) / (2 * denominator)
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// The two files of a record in which everything adds up: a model of its own, a few lines long.
fn write_record(days: &[(&str, Vec<Doing>)]) -> (String, String) {
    let mut listed =
        "date,instrument,previous_close_cny,open_cny,high_cny,low_cny,close_cny,volume_t,amount_cny\n"
            .to_owned();
    let mut methods =
        "date,instrument,method,volume_t,amount_cny,total_volume_t,total_amount_cny\n".to_owned();
    let mut lines: BTreeMap<&str, Made> = BTreeMap::new();
    for (date, doings) in days {
        let before = lines.get("COMCEA").and_then(|line| line.close);
        let (mut all, mut closes) = ([(0, 0); 3], Vec::new());
        for Doing(code, trades, blocks, auctions) in doings {
            let line = lines.entry(code).or_default();
            let previous = line.close;
            let reference = previous.or(before).unwrap_or(4_800);
            let sum = |fills: Fills| fills.iter().fold((0, 0), |(v, a), (price, t)| (v + t, a + price * t));
            let sums = [sum(trades), sum(blocks), sum(auctions)];
            let (volume, amount) = sums[0];
            let close = if volume > 0 { half_up(amount, volume) } else { reference };
            line.close = Some(close);
            closes.push(close);
            let price = |price: Option<i64>| price.map(yuan).unwrap_or_default();
            let open = trades.first().map_or(reference, |(price, _)| *price);
            let high = price(trades.iter().map(|(price, _)| *price).max());
            let low = price(trades.iter().map(|(price, _)| *price).min());
            let (open, close) = (yuan(open), yuan(close));
            let (previous, amount) = (price(previous), yuan(amount));
            writeln!(listed, "{date},{code},{previous},{open},{high},{low},{close},{volume},{amount}")
                .unwrap();
            for (method, sums) in sums.into_iter().enumerate() {
                line.totals[method].0 += sums.0;
                line.totals[method].1 += sums.1;
                all[method].0 += sums.0;
                all[method].1 += sums.1;
            }
            write_methods(&mut methods, date, code, sums, line);
        }
        // The simple mean, and from 2026 the line of CEA25.
        let current = doings.iter().position(|doing| doing.0 == "CEA25").filter(|_| *date >= "2026-01-01");
        let mean = half_up(closes.iter().sum(), i64::try_from(closes.len()).unwrap());
        let mean = current.map_or(mean, |current| closes[current]);
        let line = lines.entry("COMCEA").or_default();
        line.close = Some(mean);
        for (total, sums) in line.totals.iter_mut().zip(all) {
            *total = (total.0 + sums.0, total.1 + sums.1);
        }
        // With one instrument the composite's row is that instrument's; with several its open, high and low are not looked at.
        let row = match doings.len() {
            1 => listed.lines().last().unwrap().replacen(doings[0].0, "COMCEA", 1),
            _ => {
                let (volume, amount) = all[0];
                let (previous, mean) = (before.map(yuan).unwrap_or_default(), yuan(mean));
                format!("{date},COMCEA,{previous},{mean},{mean},{mean},{mean},{volume},{}", yuan(amount))
            }
        };
        // The composite goes on where an instrument ends.
        let mut fields: Vec<String> = row.split(',').map(str::to_owned).collect();
        fields[2] = before.map(yuan).unwrap_or_default();
        writeln!(listed, "{}", fields.join(",")).unwrap();
        write_methods(&mut methods, date, "COMCEA", all, line);
    }
    (listed, methods)
}

fn write_methods(out: &mut String, date: &str, code: &str, sums: [(i64, i64); 3], line: &Made) {
    for ((name, (volume, amount)), total) in ["listed", "block", "auction"].iter().zip(sums).zip(line.totals)
    {
        let (amount, total_amount) = (yuan(amount), yuan(total.1));
        writeln!(out, "{date},{code},{name},{volume},{amount},{},{total_amount}", total.0).unwrap();
    }
}

const NONE: Fills = &[];

/// Eight days of two instruments: a block of two prices, auctions at one price and at two, a day without trades, and the
/// end of an instrument.
fn small_days() -> Vec<(&'static str, Vec<Doing>)> {
    let old = |trades| Doing("CEA", trades, NONE, NONE);
    let new = |trades| Doing("CEA21", trades, NONE, NONE);
    vec![
        ("2022-03-01", vec![old(&[(4_800, 500), (5_280, 70_000), (4_700, 30), (4_911, 99_999)])]),
        ("2022-03-02", vec![old(&[(5_000, 10), (5_003, 77)]), new(&[(5_100, 1)])]),
        (
            "2022-03-03",
            vec![Doing("CEA", &[(5_050, 3)], &[(5_001, 100_000), (6_100, 123_457)], NONE), new(NONE)],
        ),
        // The 4th is a holiday that the rulebook does not know; the 5th and 6th are a weekend.
        (
            "2022-03-07",
            vec![
                Doing("CEA", &[(5_050, 3)], NONE, &[(4_000, 10_000)]),
                Doing("CEA21", &[(5_150, 9), (5_120, 1)], NONE, &[(5_000, 1_000), (5_001, 333)]),
            ],
        ),
        ("2022-03-08", vec![old(&[(5_060, 1_000), (5_040, 20)]), new(&[(5_200, 50_000)])]),
        ("2022-03-09", vec![old(&[(5_060, 1_000)]), new(&[(5_200, 600)])]),
        ("2022-03-10", vec![old(&[(5_070, 1_000), (5_069, 5)])]),
        ("2022-03-11", vec![old(&[(5_071, 2_000)])]),
    ]
}

/// Writes a record into a directory and plays it.
fn play_small(listed: &str, methods: &str) -> (tempfile::TempDir, Options, Outcome) {
    let dir = tempfile::tempdir().expect("a directory");
    let record = dir.path().join("record");
    std::fs::create_dir(&record).unwrap();
    std::fs::write(record.join("listed.csv"), listed).unwrap();
    std::fs::write(record.join("methods.csv"), methods).unwrap();
    std::fs::write(record.join("holidays.csv"), "date\n2022-03-04\n2026-01-01\n").unwrap();
    let options = options(&record, dir.path());
    let outcome = play(&options);
    (dir, options, outcome)
}

/// Replaces one piece of text that stands there once.
fn tampered(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

#[test]
fn a_small_record_with_every_method_agrees() {
    let (listed, methods) = write_record(&small_days());
    let (_dir, options, outcome) = play_small(&listed, &methods);
    assert_eq!(places(&outcome), [], "{}", outcome.text());
    assert_eq!((outcome.rows, outcome.rows_matched), (21 + 63, 21 + 63));
    assert_eq!(outcome.columns_undetermined, 3 + 3 * 5);
    assert!(outcome.conserved && outcome.corrections.is_empty());
    assert_eq!(outcome.notes, ["2022-03-04: holidays.csv has it, the rulebook has not; declared"]);

    // In two runs, the first up to a day in the middle: the log is the same as in one.
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let half = play(&Options { to: date("2022-03-07"), data: data.clone(), ..options.clone() });
    assert_eq!((half.days, half.exceptions.len()), (4, 0));
    let whole = play(&Options { data, ..options });
    assert_eq!(whole.already_in_log, half.commands);
    assert_eq!(findings(&whole), findings(&outcome));
}

#[test]
fn a_composite_that_becomes_one_instrument_starts_from_the_mean() {
    let doing =
        |old: Fills, new: Fills| vec![Doing("CEA24", old, NONE, NONE), Doing("CEA25", new, NONE, NONE)];
    let days = vec![
        ("2025-12-30", vec![Doing("CEA24", &[(4_800, 10)], NONE, NONE)]),
        ("2025-12-31", doing(&[(4_900, 10)], &[(4_700, 3)])),
        ("2026-01-05", doing(&[(5_000, 10)], &[(4_600, 3)])),
        ("2026-01-06", doing(NONE, &[(4_650, 3)])),
    ];
    let (listed, methods) = write_record(&days);
    assert!(listed.contains("2026-01-05,COMCEA,48.00,") && listed.contains("2026-01-06,COMCEA,46.00,"));
    let (_dir, _, outcome) = play_small(&listed, &methods);
    assert_eq!(places(&outcome), [], "{}", outcome.text());
    assert!(outcome.corrections.is_empty() && outcome.notes.is_empty(), "{:?}", outcome.notes);
}

/// Where the bytes of a segment end and its zeros begin.
fn written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[test]
fn a_run_that_was_cut_off_goes_on() {
    let (listed, methods) = write_record(&small_days());
    let (_dir, options, outcome) = play_small(&listed, &methods);
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { data: dir.path().join("data"), ..options };
    let half = play(&Options { to: date("2022-03-07"), ..options.clone() });
    let segment = options.data.join("journal/00000000000000000001.hpj");
    let first = written(&std::fs::read(&segment).unwrap());
    assert_eq!(findings(&play(&options)), findings(&outcome));
    // The second half of the last write never reached the disk.
    let mut bytes = std::fs::read(&segment).unwrap();
    let cut = first.midpoint(written(&bytes));
    bytes[cut..].fill(0);
    std::fs::write(&segment, bytes).unwrap();
    let again = play(&options);
    assert_eq!((again.already_in_log, again.commands), (half.commands, outcome.commands));
    assert_eq!(findings(&again), findings(&outcome));
}

#[test]
fn a_day_that_no_trades_make_is_reported_and_the_days_after_it_still_match() {
    // A block of 99,999 t is too small, and listed trades at 57.00 are beyond the band, whatever else the row says.
    let mut days = small_days();
    days[4].1[1] = Doing("CEA21", &[(5_700, 50_000)], &[(5_200, 99_999)], NONE);
    let (listed, methods) = write_record(&days);
    let (_dir, options, outcome) = play_small(&listed, &methods);
    assert_eq!(
        places(&outcome),
        [
            ("2022-03-08", "CEA21", "high", "57.00", "not traded"),
            ("2022-03-08", "CEA21", "block.volume", "99999", "not traded")
        ],
        "{}",
        outcome.text()
    );
    assert_eq!(outcome.exceptions[0].reason, "the price 5700 fen is beyond the limit 5662 fen");
    // The rows of CEA21 and of the composite, in both files.
    assert_eq!(outcome.rows - outcome.rows_matched, 6);
    let corrected: Vec<_> = outcome.corrections.iter().map(|c| (&*c.date, &*c.line, &*c.to)).collect();
    assert_eq!(corrected, [("2022-03-08", "CEA21", "57.00"), ("2022-03-08", "COMCEA", "53.80")]);
    assert!(outcome.corrections[0].reason.starts_with("the record cannot be made by any set of trades"));
    assert!(outcome.corrections[1].reason.contains("made without CEA21"));
    assert_eq!(findings(&play(&options)), findings(&outcome));
}

#[test]
fn what_contradicts_itself_is_reported_where_it_stands() {
    let (listed, methods) = write_record(&small_days());
    let good = &listed;
    // The two files differ.
    let listed =
        tampered(good, "50.60,1000,50600.00\n2022-03-09,CEA21", "50.60,1001,50600.00\n2022-03-09,CEA21");
    let (_dir, _, outcome) = play_small(&listed, &methods);
    assert_eq!(places(&outcome), [("2022-03-09", "CEA", "volume", "1001", "1000")]);
    assert!(outcome.exceptions[0].reason.contains("contradict each other"));
    // A running total jumps, and stays there: said once.
    let total = "2022-03-09,CEA21,listed,600,31200.00,50611,";
    let jumped = methods.replace(total, "2022-03-09,CEA21,listed,600,31200.00,50612,");
    assert_ne!(jumped, methods);
    let (_dir, _, outcome) = play_small(good, &jumped);
    assert_eq!(places(&outcome), [("2022-03-09", "CEA21", "listed.total_volume", "50612", "50611")]);
    // A close that is not the average: the published one is carried forward.
    let close =
        |date: &str| good.lines().find(|line| line.starts_with(&format!("{date},CEA,"))).unwrap().to_owned();
    let (day, next) = (close("2022-03-10"), close("2022-03-11"));
    let listed = tampered(good, &day, &day.replace(",50.70,1005,", ",50.71,1005,"));
    let listed = tampered(&listed, &next, &next.replace("CEA,50.70,", "CEA,50.71,"));
    let (_dir, _, outcome) = play_small(&listed, &methods);
    assert_eq!(places(&outcome), [("2022-03-10", "CEA", "close", "50.71", "50.70")], "{}", outcome.text());
    assert_eq!(outcome.corrections.len(), 1);
}

#[test]
fn a_day_of_the_record_without_trading_is_an_exception() {
    let mut days = small_days();
    // Holidays of the rulebook and of holidays.csv, and a Saturday.
    let old = || vec![Doing("CEA", &[(5_060, 1_000)], NONE, NONE), Doing("CEA21", NONE, NONE, NONE)];
    days.insert(3, ("2022-03-04", old()));
    days.insert(4, ("2022-03-05", old()));
    let (listed, methods) = write_record(&days);
    let (_dir, _, outcome) = play_small(&listed, &methods);
    let days = [
        ("2022-03-04", "COMCEA", "date", "2022-03-04", "no trading day"),
        ("2022-03-05", "COMCEA", "date", "2022-03-05", "no trading day"),
    ];
    assert_eq!(places(&outcome), days, "{}", outcome.text());
    assert!(outcome.exceptions[0].reason.contains("holidays.csv"));
    assert!(outcome.exceptions[1].reason.contains("calendar"));
    assert_eq!(outcome.rows - outcome.rows_matched, 2 * (3 + 9));
    assert!(outcome.conserved);
}

#[test]
fn other_rules_are_kept_too() {
    // Fees, three days until resale, lots instead of time: the same price list, and nothing is refused.
    let (listed, methods) = write_record(&small_days());
    let (dir, options, _) = play_small(&listed, &methods);
    let rules = std::fs::read_to_string(rulebook()).unwrap();
    let rules = rules.replace("rate = \"0%\"", "rate = \"0.08%\", least = \"6.00\"");
    let rules = tampered(&rules, "after_days = 1", "after_days = 3");
    let rules = tampered(&rules, "tie = \"time\"", "tie = \"lot\"");
    let path = dir.path().join("other.toml");
    std::fs::write(&path, rules).unwrap();
    let outcome = play(&Options { rulebook: path, data: dir.path().join("other"), ..options });
    assert_eq!(places(&outcome), [], "{}", outcome.text());
    assert!(outcome.conserved);
}

#[test]
fn another_log_is_left_alone() {
    let (listed, methods) = write_record(&small_days());
    let (dir, options, _) = play_small(&listed, &methods);
    let before = files(&options.data);
    let message = |options: &Options| format!("{:#}", run(options, &mut |_, _| ()).expect_err("refused"));
    // From another day, and from another record.
    let later = Options { from: date("2022-03-03"), ..options.clone() };
    assert!(message(&later).contains("name an empty one"));
    let mut days = small_days();
    days[1].1[0] = Doing("CEA", &[(5_000, 10), (5_003, 78)], NONE, NONE);
    let (listed, methods) = write_record(&days);
    std::fs::write(dir.path().join("record/listed.csv"), listed).unwrap();
    std::fs::write(dir.path().join("record/methods.csv"), methods).unwrap();
    assert!(message(&options).contains("name an empty one"));
    assert!(files(&options.data.join("journal")).len() <= before.len());
}
