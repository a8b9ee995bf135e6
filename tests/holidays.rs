//! Holidays from a list, as an operator imports them.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{Date, TimeOfDay};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn huangpu(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_huangpu")).current_dir(root).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const LIST: &str = "date,name,kind,day_end
2026-12-25,Christmas 圣诞节,holiday,
2027-01-01,New Year 元旦,holiday,
2027-01-02,New Year's Saturday,holiday,
2027-02-05,New Year's eve 除夕,half_day,12:00
";

fn import(folder: &Path, list: &str, more: &[&str]) -> Output {
    let file = folder.join("list.csv");
    fs::write(&file, list).unwrap();
    let given = [
        "calendar",
        "import",
        file.to_str().unwrap(),
        "rulebooks/carbon-cn.toml",
        "--source",
        "A \"notice\" of 2026-11-04",
    ];
    huangpu(&[&given[..], more].concat())
}

#[test]
fn a_list_becomes_a_version() {
    let folder = tempfile::tempdir().unwrap();
    let done = import(folder.path(), LIST, &["--from", "2026-12-15"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(
        text(&done.stderr).contains("2027-01-02 (Sat) is no trading day anyway"),
        "{}",
        text(&done.stderr)
    );
    let file = folder.path().join("amended.toml");
    fs::write(&file, &done.stdout).unwrap();
    assert!(text(&done.stdout).contains("    2027-01-01, # New Year 元旦\n"));
    let book = rulebook::read(&file).unwrap();
    let date = |text: &str| Date::parse(text).unwrap();
    let held = book.version_on(date("2026-12-15"));
    let calendar = &held.trading.calendar;
    assert_eq!((held.from, calendar.known_until), (date("2026-12-15"), Some(date("2027-12-31"))));
    assert!(
        held.source.contains("A \"notice\" of 2026-11-04; imported from list.csv (BLAKE3 "),
        "{}",
        held.source
    );
    for (day, trades) in [
        ("2026-12-24", true),
        ("2026-12-25", false),
        ("2027-01-01", false),
        ("2027-01-04", true),
        ("2028-01-03", false),
    ] {
        assert_eq!(calendar.is_trading_day(date(day)), trades, "{day}");
    }
    let eve = held.trading.hours_on(date("2027-02-05"));
    assert_eq!(eve.day_end, TimeOfDay::parse("12:00").unwrap());
    assert_eq!(eve.sessions(base::Method::Listed).len(), 1, "there is no afternoon");
    // What it prints can be looked at.
    let shown =
        huangpu(&["calendar", "show", file.to_str().unwrap(), "--from", "2026-12-24", "--to", "2027-02-28"]);
    let expected = "2026-12-25 Fri holiday\n2027-01-01 Fri holiday\n2027-02-05 Fri hours of its own, the day ends at 12:00\n";
    assert!(text(&shown.stdout).starts_with(expected), "{}", text(&shown.stdout));
}

#[test]
fn a_holiday_that_is_none_after_all() {
    let folder = tempfile::tempdir().unwrap();
    let list = "date,name,kind\n2026-10-07,moved,trading_day\n2026-10-08,moved,holiday\n";
    let done = import(folder.path(), list, &["--from", "2026-09-01", "--known-until", "2026-12-31"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let file = folder.path().join("amended.toml");
    fs::write(&file, &done.stdout).unwrap();
    let book = rulebook::read(&file).unwrap();
    let calendar = &book.versions.last().unwrap().trading.calendar;
    let trades = |day: &str| calendar.is_trading_day(Date::parse(day).unwrap());
    assert_eq!((trades("2026-10-06"), trades("2026-10-07"), trades("2026-10-08")), (false, true, false));
}

#[test]
fn a_list_that_cannot_be_read_says_where() {
    let folder = tempfile::tempdir().unwrap();
    for (list, expected) in [
        ("", "there is no column `date`"),
        ("date,name\n2027-01-01,x\n", "list.csv:1: there is no column `kind`"),
        ("date,name,kind\n", "there are no days in it"),
        (
            "date,name,kind\n2027-13-01,x,holiday\n",
            "list.csv:2: date: expected a day that the calendar has, found \"2027-13-01\"",
        ),
        (
            "date,name,kind\n2027-01-01,x,holiday\n\n1/4/2027,x,holiday\n",
            "list.csv:4: date: expected a date such as",
        ),
        (
            "date,name,kind\n2027-01-01,x,fest\n",
            "list.csv:2: kind: expected holiday, half_day or trading_day, found \"fest\"",
        ),
        ("date,name,kind\n2027-01-01,x,half_day\n", "list.csv:2: day_end: a half day says when it ends"),
        (
            "date,name,kind,day_end\n2027-01-01,x,half_day,noon\n",
            "expected a time of day such as \"12:30\", found \"noon\"",
        ),
        ("date,name,kind,day_end\n2027-01-01,x,holiday,12:00\n", "only a half day has an end of its own"),
        (
            "date,name,kind\n2027-01-01,x,holiday\n2027-01-01,y,holiday\n",
            "list.csv:3: date: 2027-01-01 stands twice",
        ),
        ("date,name,kind\n2026-12-01,x,holiday\n", "2026-12-01 lies before 2026-12-15"),
    ] {
        let done = import(folder.path(), list, &["--from", "2026-12-15"]);
        let said = text(&done.stderr);
        assert_eq!((done.status.code(), said.contains(expected)), (Some(1), true), "{list:?}: {said}");
        assert!(done.stdout.is_empty());
    }
    // A version must come after those that there are.
    let done = import(folder.path(), LIST, &["--from", "2025-12-15"]);
    assert!(text(&done.stderr).contains("version dates must rise"), "{}", text(&done.stderr));
    let done = import(folder.path(), LIST, &["--from", "2026-12-15", "--known-until", "2026-12-31"]);
    assert!(
        text(&done.stderr).contains("a calendar must be known until its last holiday"),
        "{}",
        text(&done.stderr)
    );
}
