//! The binary as a user meets it: the example, repeats, bad input, damage, and a kill in the middle.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn huangpu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_huangpu")).current_dir(root()).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = huangpu(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The first four days of the market as they were published: open, high, low, close, listed volume and amount, block volume.
const RECORD: [(&str, [&str; 7]); 4] = [
    ("2021-07-16", ["48.00", "52.80", "48.00", "51.23", "4103953", "210230053.25", "0"]),
    ("2021-07-19", ["52.80", "53.00", "52.08", "52.30", "130800", "6841289.00", "0"]),
    ("2021-07-20", ["52.92", "54.00", "52.90", "53.28", "162000", "8631277.00", "0"]),
    ("2021-07-21", ["54.20", "55.50", "54.07", "54.40", "112000", "6092830.00", "100000"]),
];

#[test]
fn the_example_makes_the_first_days_of_the_market_and_everyone_is_accounted_for() {
    let data = tempfile::tempdir().unwrap();
    let run = json(&["run", "examples/carbon", "--data", path(data.path()), "--json"]);
    for (date, facts) in RECORD {
        let day = run["days"].as_array().unwrap().iter().find(|day| day["date"] == date).unwrap();
        for line in day["price_list"]["lines"].as_array().unwrap() {
            let turnover =
                |method: usize, what: &str| line["turnover"][method][what].as_str().unwrap().to_owned();
            let field = |name: &str| line[name].as_str().unwrap().to_owned();
            let found = [
                field("open"),
                field("high"),
                field("low"),
                field("close"),
                turnover(0, "volume"),
                turnover(0, "turnover"),
                turnover(1, "volume"),
            ];
            assert_eq!(found, facts, "{date} {}", line["line"]);
        }
    }
    assert_eq!(run["conservation"]["ok"], true);
    let period = &run["compliance"]["periods"][0];
    let duties = period["duties"].as_array().unwrap();
    let states: Vec<_> = duties
        .iter()
        .map(|duty| (duty["participant"].as_str().unwrap(), duty["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("DONGJIANG", "met"), ("BEIHU", "met"), ("NANSHAN", "met"), ("XIHE", "short")]);
    // 33,114,946.00 CNY for 619,999 t in December; 210,000 t are missing; 5 and 10 times, rounded once, half-up.
    assert_eq!(duties[3]["fine"]["least"], "56081853.84");
    assert_eq!(duties[3]["fine"]["most"], "112163707.68");

    let reasons: std::collections::BTreeSet<String> = run["days"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|day| day["refusals"].as_array().unwrap())
        .map(|refusal| refusal["reason"].as_str().unwrap().to_owned())
        .collect();
    for shown in [
        "listing_too_large",
        "price_outside_band",
        "barred_from_trading",
        "market_closed",
        "not_among_best_prices",
        "insufficient_holding",
        "block_too_small",
        "worse_than_reserve",
        "offset_cap_exceeded",
        "vintage_too_late",
    ] {
        assert!(reasons.contains(shown), "the story no longer shows {shown}: {reasons:?}");
    }
    for file in [
        "2021-07-16/price_list.csv",
        "2021-07-16/statement.csv",
        "2021-07-16/alerts.csv",
        "compliance.csv",
        "conservation.csv",
    ] {
        assert!(data.path().join("reports").join(file).exists(), "{file}");
    }
}

#[test]
fn running_again_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let args = ["run", "examples/carbon", "--data", path(data.path()), "--json"];
    let segment = data.path().join("journal/00000000000000000001.hpj");
    let first = json(&args);
    let log = fs::read(&segment).unwrap();
    let second = json(&args);
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(first["compliance"], second["compliance"]);
    assert!(fs::read(&segment).unwrap() == log, "the log changed");
    for day in second["days"].as_array().unwrap() {
        assert_eq!(day["commands"], day["already_in_log"], "{}", day["date"]);
    }
    let verified = json(&["verify", path(data.path()), "--json"]);
    assert_eq!(verified["digest"], first["digest"]);
    assert_eq!(verified["snapshots"], 1);
}

#[test]
fn reports_and_records_of_any_moment() {
    let data = tempfile::tempdir().unwrap();
    let run = json(&["run", "examples/carbon", "--data", path(data.path()), "--json"]);
    let day = json(&["report", path(data.path()), "prices", "--as-of", "2021-07-19", "--json"]);
    let days = run["days"].as_array().unwrap();
    let then = days.iter().find(|day| day["date"] == "2021-07-19").unwrap();
    assert_eq!(day["price_list"], then["price_list"]);

    let before = json(&["report", path(data.path()), "holdings", "--as-of", "40", "--json"]);
    let after = json(&["report", path(data.path()), "holdings", "--json"]);
    assert_ne!(before["holdings"], after["holdings"]);
    let folder = data.path().join("out");
    assert!(huangpu(&["report", path(data.path()), "--csv", path(&folder)]).status.success());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 6);

    let log = text(&huangpu(&["log", path(data.path()), "--json"]).stdout);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = run["as_of"]["record"].as_u64().unwrap();
    assert_eq!(lines.len() as u64, last);
    assert!(lines.iter().zip(1..).all(|(line, number)| line["record"] == number));
    let some = text(
        &huangpu(&[
            "log",
            path(data.path()),
            "--from",
            "2021-07-19",
            "--to",
            "2021-07-19",
            "--account",
            "HM-C",
        ])
        .stdout,
    );
    assert!(some.contains("take_listing account=HM-C") && some.contains("settled"), "{some}");
    assert!(!some.contains("account=NS instrument"), "{some}");

    // Nothing is told of a moment or an account that there is not.
    let ahead = huangpu(&["report", path(data.path()), "prices", "--as-of", &(last + 1).to_string()]);
    assert_eq!(ahead.status.code(), Some(1));
    assert!(text(&ahead.stderr).contains(&format!("the log ends with record {last}")), "{ahead:?}");
    let unknown = huangpu(&["log", path(data.path()), "--account", "NOBODY"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("none of the records asked for names \"NOBODY\""), "{unknown:?}");
}

#[test]
fn the_log_is_written_as_command_files_are() {
    for example in ["carbon", "bond-continuous", "side-by-side"] {
        let (data, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = format!("examples/{example}");
        json(&["run", &folder, "--data", path(data.path()), "--json"]);
        let log = text(&huangpu(&["log", path(data.path()), "--json"]).stdout);
        // Take every record of the log but the rulebooks' back into files, and run them: the same market comes out.
        let mut rulebooks: Vec<PathBuf> = fs::read_dir(root().join(&folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
            .collect();
        rulebooks.sort();
        let mut files: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
        for line in log.lines() {
            let mut line: Value = serde_json::from_str(line).unwrap();
            if line["do"] != "adopt_rulebook" && !line["id"].as_str().unwrap().starts_with("end/") {
                // Some make a line longer than one of a command file may be.
                line.as_object_mut().unwrap().remove("events");
                let date = line["time"].as_str().unwrap()[..10].to_owned();
                writeln!(files.entry(date).or_default(), "{line}").unwrap();
            }
        }
        let mut args = vec!["run".to_owned()];
        args.extend(rulebooks.iter().map(|rulebook| path(rulebook).to_owned()));
        for (date, lines) in files {
            let file = again.path().join(format!("{date}.jsonl"));
            fs::write(&file, lines).unwrap();
            args.push(path(&file).to_owned());
        }
        let copy = again.path().join("data");
        args.extend(["--json".to_owned(), "--data".to_owned(), path(&copy).to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let copied = json(&args);
        let original = json(&["verify", path(data.path()), "--json"]);
        assert_eq!(copied["digest"], original["digest"], "{example}");
    }
}

#[test]
fn a_day_on_an_order_book_shows_what_it_says() {
    let data = tempfile::tempdir().unwrap();
    let run = json(&["run", "examples/bond-continuous", "--data", path(data.path()), "--json"]);
    let day = &run["days"][1];
    let line = &day["price_list"]["lines"][0];
    // By hand: 25,000 in the opening call at 98.63; 15,000 more at that, 35,000 at 98.66; 10,000 at 98.59; 10,000 at 98.40;
    // 15,000 at 98.20; 13,000 at 98.10 after the interruption; 10,000 at 98.50 after the halt; 8,000 at 98.66 in the closing call.
    let prices =
        ["previous_close", "open", "high", "low", "close"].map(|field| line[field].as_str().unwrap());
    assert_eq!(prices, ["98.60", "98.63", "98.66", "98.10", "98.66"]);
    assert_eq!(line["turnover"][0]["method"], "continuous");
    assert_eq!(line["turnover"][0]["volume"], "141000");
    assert_eq!(line["turnover"][0]["turnover"], "13890780.00");
    // A firm and its client are two owners: that they trade with each other is no trade with oneself.
    assert_eq!(day["alerts"]["alerts"], serde_json::json!([]));
    let reasons: Vec<&str> = day["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| refusal["reason"].as_str().unwrap())
        .collect();
    let expected = [
        "life_unfit",
        "would_take",
        "trigger_unfit",
        "instrument_halted",
        "quantity_off_lot",
        "quantity_too_large",
        "price_outside_band",
        "insufficient_cash",
        "trading_blocked",
        "market_closed",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(run["conservation"]["ok"], true);
    let log = text(&huangpu(&["log", path(data.path()), "--from", "2026-03-03"]).stdout);
    for shown in [
        "call_uncrossed instrument=B2609 price=98.63 quantity=25000",
        "end=unfillable",
        "end=self_trade",
        "order_reduced",
        "order_triggered",
        "phase=interruption until=2026-03-03T10:04:00+08:00",
        "phase=interruption until=2026-03-03T10:50:00+08:00",
        "end=blocked",
        "phase=closing_call",
        "end=call_over",
    ] {
        assert!(log.contains(shown), "the story no longer shows {shown}");
    }
}

#[test]
fn listings_and_an_order_book_share_one_node() {
    let data = tempfile::tempdir().unwrap();
    let run = json(&["run", "examples/side-by-side", "--data", path(data.path()), "--json"]);
    let day = &run["days"][0];
    let traded = |report: &Value| {
        let line = &report["price_list"]["lines"][0];
        let method = line["turnover"][0]["method"].as_str().unwrap();
        (method.to_owned(), line["turnover"][0]["turnover"].as_str().unwrap().to_owned())
    };
    assert_eq!(traded(day), ("listed".to_owned(), "1400000.00".to_owned()));
    assert_eq!(traded(&day["other_markets"][0]), ("continuous".to_owned(), "986000.00".to_owned()));
    let refusals = day["refusals"].as_array().unwrap();
    let refused = |id: &str| refusals.iter().any(|refusal| refusal["id"] == id);
    // Without the money from its allowances the power company buys no bills; with it, it does.
    assert!(refused("too-early") && !refused("0303-019"));
    let holdings = json(&["report", path(data.path()), "holdings", "--market", "carbon-cn", "--json"]);
    let holdings = holdings["holdings"]["holdings"].as_array().unwrap();
    let held = |account: &str, asset: &str, bucket: &str| {
        let found = holdings.iter().find(|line| line["account"] == account && line["asset"] == asset);
        found.map_or("0", |line| line[bucket].as_str().unwrap()).to_owned()
    };
    assert_eq!(held("DJ", "CNY", "available"), "414000.00"); // 1,400,000.00 less 986,000.00
    assert_eq!(held("DJ", "B2609", "available"), "10000");
    assert_eq!(held("HM", "CEA26", "locked"), "20000");
    for file in ["2026-03-03/price_list.csv", "bond-continuous/2026-03-03/price_list.csv"] {
        assert!(data.path().join("reports").join(file).exists(), "{file}");
    }
    let again = json(&["run", "examples/side-by-side", "--data", path(data.path()), "--json"]);
    assert_eq!(again["digest"], run["digest"]);
}

#[test]
fn rulebooks_that_do_not_go_together() {
    let folder = tempfile::tempdir().unwrap();
    let rulebook = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let file = |name: &str| fs::copy(root().join(name), folder.path().join("day.jsonl")).unwrap();
    file("examples/side-by-side/2026-03-03.jsonl");
    let run = || {
        let output = huangpu(&["run", path(folder.path()), "--data", path(&folder.path().join("data"))]);
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    assert!(run().contains("has a rulebook (.toml) for each market, this one has none"));
    let bond = fs::read_to_string(root().join("rulebooks/bond-continuous.toml")).unwrap();
    rulebook("1.toml", &bond);
    rulebook("2.toml", &bond);
    assert!(run().contains("2.toml: another rulebook here is also for the market bond-continuous"));
    rulebook(
        "2.toml",
        &bond.replace("\"bond-continuous\"", "\"bond-berlin\"").replace("Asia/Shanghai", "Europe/Berlin"),
    );
    assert!(run().contains("2.toml: its time zone is not that of"));
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn bad_input_names_its_place_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rulebook = root().join("examples/carbon/rulebook.toml");
    let file = folder.path().join("2021-07-16.jsonl");
    let data = folder.path().join("data");
    let head = r#"{"time":"2021-07-16T09:00:00+08:00","id":"1","by":"operator","do":"#;
    for (line, expected) in [
        ("{\"time\":\"2021-07-16T09:00:00+08:00\",\"id\":1".to_owned(), ":1:"),
        (
            format!("{head}\"fly\"}}"),
            ":1:67: do: there is no command \"fly\", expected one of `register_participant`, ",
        ),
        (format!("{head}\"tick\",\"colour\":\"red\"}}"), "colour: unknown field `colour`"),
        (format!("{head}\"list_instrument\",\"code\":\"CEA\"}}"), "asset: there is no asset \"CEA\""),
        (format!("{head}\"list_instrument\"}}"), "missing field `code`"),
        (head.replace("09:00:00+08:00", "09:00") + "\"tick\"}", ":1:9: time: expected a time such as"),
        (head.replace("\"operator\"", "\"nobody\"") + "\"tick\"}", "by: there is no participant \"nobody\""),
        (
            format!("{head}\"tick\"}}\n{}\"tick\"}}", head.replace("07-16", "07-17")),
            ":2:9: time: 2021-07-17 in a file that is named for 2021-07-16",
        ),
        (
            format!("{head}\"tick\"}}\n{}\"tick\"}}", head.replace("09:00", "08:59")),
            ":2:9: time: it lies before",
        ),
        (
            format!("{head}\"deposit\",\"account\":\"X\",\"amount\":1.5,\"reference\":\"r\"}}"),
            "amount: a number with a fraction is written as text",
        ),
        (String::new(), "there are no commands in it"),
    ] {
        fs::write(&file, &line).unwrap();
        let output = huangpu(&["run", path(&rulebook), path(&file), "--data", path(&data)]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(
            error.contains(path(&file)) && error.contains(expected),
            "{line}\n{error}\nexpected {expected}"
        );
    }
    fs::write(&file, [b'{', 0xff, b'}']).unwrap();
    let output = huangpu(&["run", path(&rulebook), path(&file), "--data", path(&data)]);
    assert!(text(&output.stderr).contains(":1: not UTF-8 text"));

    // The same id for another command is refused, and the first stands.
    fs::write(&file, format!("{head}\"tick\"}}")).unwrap();
    assert!(huangpu(&["run", path(&rulebook), path(&file), "--data", path(&data)]).status.success());
    let digest = json(&["verify", path(&data), "--json"])["digest"].clone();
    fs::write(&file, format!("{head}\"declare_holiday\",\"date\":\"2021-08-02\"}}")).unwrap();
    let output = huangpu(&["run", path(&rulebook), path(&file), "--data", path(&data)]);
    assert!(text(&output.stderr).contains("the id 1 was used by the same sender for another command"));
    assert_eq!(json(&["verify", path(&data), "--json"])["digest"], digest);
}

#[test]
fn a_mistyped_year_does_not_reach_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let rulebook = root().join("examples/carbon/rulebook.toml");
    let data = folder.path().join("data");
    let day = |name: &str, date: &str, id: &str| {
        let file = folder.path().join(name);
        let line = format!(r#"{{"time":"{date}T09:00:00+08:00","id":"{id}","by":"operator","do":"tick"}}"#);
        fs::write(&file, line).unwrap();
        file
    };
    let run = |file: &Path, flags: &[&str]| {
        let arguments = ["run", path(&rulebook), path(file), "--data", path(&data)];
        let output = huangpu(&[&arguments[..], flags].concat());
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = run(&day("2026-03-02.jsonl", "2062-03-02", "1"), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("2026-03-02.jsonl:1:9: time: 2062-03-02 in a file that is named for 2026-03-02"),
        "{said}"
    );
    assert_eq!(run(&day("2026-03-02.jsonl", "2026-03-02", "1"), &[]).0, Some(0));
    // A file that is named for no day, or for the mistyped one: the record before it says what is likely.
    for name in ["day.jsonl", "2062-03-03.jsonl"] {
        let file = day(name, "2062-03-03", "2");
        let (code, said) = run(&file, &[]);
        assert_eq!(code, Some(1), "{said}");
        let expected =
            ":1:9: time: 2062-03-03T01:00:00Z is more than a year after the record before it, 2026-03-02T";
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(run(&day("2026-03-03.jsonl", "2026-03-03", "2"), &[]).0, Some(0), "the log was not touched");
    assert_eq!(run(&day("day.jsonl", "2062-03-03", "3"), &["--any-date"]).0, Some(0));
}

#[test]
fn verify_says_where_a_log_was_touched() {
    let data = tempfile::tempdir().unwrap();
    json(&["run", "examples/carbon", "--data", path(data.path()), "--json"]);
    let segment = data.path().join("journal/00000000000000000001.hpj");
    let log = fs::read(&segment).unwrap();
    let end = log.iter().rposition(|&byte| byte != 0).unwrap();
    for at in (4_096..end).step_by(1_009) {
        let mut touched = log.clone();
        touched[at] ^= 0x10;
        fs::write(&segment, &touched).unwrap();
        let output = huangpu(&["verify", path(data.path())]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "byte {at}");
        assert!(error.contains("00000000000000000001.hpj"), "byte {at}: {error}");
    }
    fs::write(&segment, &log).unwrap();
    let snapshots = data.path().join("snapshots");
    let snapshot = fs::read_dir(&snapshots).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes[100] ^= 1;
    fs::write(&snapshot, bytes).unwrap();
    let output = huangpu(&["verify", path(data.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("snapshot"));
    // A damaged snapshot stops nothing else: the log is the truth.
    json(&["run", "examples/carbon", "--data", path(data.path()), "--json"]);
}

/// A story of many days: more to print than a pipe holds, so that a reader who stops reading stops the run.
fn long_story(folder: &Path) -> usize {
    let rulebook = root().join("rulebooks/carbon-cn.toml");
    fs::copy(rulebook, folder.join("rulebook.toml")).unwrap();
    let mut lines = String::new();
    let mut number = 0;
    let mut line = |lines: &mut String, time: &str, by: &str, what: &str| {
        number += 1;
        writeln!(lines, r#"{{"time":"{time}+08:00","id":"{number}","by":"{by}",{what}}}"#).unwrap();
        number
    };
    let at = "2021-07-15T09:00:00";
    for (code, role) in
        [("AUTH", "authority"), ("BANK", "settlement_bank"), ("A", "institution"), ("B", "institution")]
    {
        line(
            &mut lines,
            at,
            "operator",
            &format!(r#""do":"register_participant","code":"{code}","name":"{code}","roles":["{role}"]"#),
        );
    }
    for code in ["A", "B"] {
        line(
            &mut lines,
            at,
            "operator",
            &format!(r#""do":"open_account","participant":"{code}","code":"{code}""#),
        );
    }
    line(
        &mut lines,
        at,
        "operator",
        r#""do":"define_asset","code":"CEA","class":"allowance","vintages":[2019,2020]"#,
    );
    line(&mut lines, at, "operator", r#""do":"list_instrument","code":"CEA""#);
    line(
        &mut lines,
        at,
        "AUTH",
        r#""do":"issue","account":"A","asset":"CEA","quantity":100000000,"reason":"start""#,
    );
    line(
        &mut lines,
        at,
        "BANK",
        r#""do":"deposit","account":"B","amount":"1000000000.00","reference":"start""#,
    );
    fs::write(folder.join("2021-07-15.jsonl"), &lines).unwrap();
    let mut days = 1;
    let mut date = base::Date::parse("2021-07-16").unwrap();
    while days < 81 {
        if date.weekday() <= 5 {
            lines.clear();
            for minute in 30..59 {
                let time = format!("{date}T09:{minute}:00");
                let listing = line(
                    &mut lines,
                    &time,
                    "A",
                    r#""do":"place_listing","account":"A","instrument":"CEA","side":"sell","price":"48.00","quantity":500"#,
                );
                line(
                    &mut lines,
                    &time,
                    "B",
                    &format!(r#""do":"take_listing","account":"B","listing":"{listing}","quantity":400"#),
                );
            }
            fs::write(folder.join(format!("{date}.jsonl")), &lines).unwrap();
            days += 1;
        }
        date = date.next();
    }
    days
}

#[test]
fn a_killed_run_loses_nothing_it_said_and_ends_with_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    let days = long_story(folder.path());
    let whole = folder.path().join("whole");
    let digest = json(&["run", path(folder.path()), "--data", path(&whole), "--json"])["digest"].clone();

    let data = folder.path().join("killed");
    let mut said = 0;
    for stop_after in [1, 7, 20, 21, 33] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_huangpu"))
            .current_dir(root())
            .args(["run", path(folder.path()), "--data", path(&data)])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::with_capacity(256, child.stdout.take().unwrap()).lines();
        let mut ended = 0;
        while ended < stop_after {
            let line = lines.next().unwrap().unwrap();
            ended += usize::from(line.starts_with("As of record") || line.contains("are already in the log"));
        }
        child.kill().unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            None,
            "the run was over before it was killed: the story is too short"
        );
        said = said.max(ended);

        let verified = json(&["verify", path(&data), "--json"]);
        assert_eq!(verified["ok"], true);
    }
    let again = json(&["run", path(folder.path()), "--data", path(&data), "--json"]);
    assert_eq!(again["digest"], digest);
    let known = again["days"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|day| day["commands"] == day["already_in_log"])
        .count();
    assert!(
        (said..days).contains(&known),
        "{said} days were reported before the kills, {known} are in the log"
    );
}

#[test]
fn a_log_is_used_by_one_node_at_a_time() {
    let data = tempfile::tempdir().unwrap();
    json(&["run", "examples/carbon", "--data", path(data.path()), "--json"]);
    let (node, _) = huangpu::node::Node::open(data.path(), &mut |_, _| ()).unwrap();
    let output = huangpu(&["run", "examples/carbon", "--data", path(data.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("in use"), "{}", text(&output.stderr));
    drop(node);
}
