//! A market of one's own, as a newcomer makes it: written, run, changed, checked and served.

#![allow(clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

mod common;

use common::client::Client;
use common::process::{Process, huangpu};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn told(args: &[&str]) -> Value {
    let output = huangpu(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Makes a market in a folder and gives what was said.
fn made(args: &[&str]) -> Output {
    huangpu(&[&["new", "market"], args].concat())
}

#[test]
fn what_is_written_runs_as_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    // In the words of the command itself: `huangpu run lake`, from where it was written.
    let here = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huangpu"));
        command.current_dir(folder.path()).env("XDG_DATA_HOME", folder.path().join("home")).args(args);
        command.output().unwrap()
    };
    let said = here(&["new", "market", "lake"]);
    assert!(said.status.success(), "{said:?}");
    let said = text(&said.stdout);
    let run = said.lines().find_map(|line| line.trim().strip_prefix("huangpu run ")).unwrap();
    let ran = here(&["run", run.split_whitespace().next().unwrap()]);
    assert!(ran.status.success(), "{ran:?}");
    let ran = text(&ran.stdout);
    // One line traded, nothing was refused, and nothing is told that this market does not have.
    assert!(ran.contains("ONE   continuous") && ran.contains("2,020.00"), "{ran}");
    assert!(ran.contains("No trading on this day: the rules of lake begin on "), "{ran}");
    for absent in ["Refused", "Compliance", "block", "listed", "auction"] {
        assert!(!ran.contains(absent), "{absent}: {ran}");
    }
    assert!(market.join("rulebook.toml").exists() && said.contains("docs/your-market.md"));
}

#[test]
fn every_class_every_zone_and_a_day_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    for (index, class) in
        ["security", "certificate", "right", "commodity", "fund_unit"].into_iter().enumerate()
    {
        let market = folder.path().join(class);
        let (zone, currency) = [("Europe/Berlin", "EUR"), ("America/New_York", "USD")][index % 2];
        let options =
            ["--class", class, "--time-zone", zone, "--currency", currency, "--first-day", "2026-03-30"];
        let said = made(&[&["a-market", path(&market)], &options[..]].concat());
        assert!(said.status.success(), "{said:?}");
        let data = market.join("data");
        let run = told(&["run", path(&market), "--data", path(&data), "--json"]);
        let day = &run["days"][1];
        assert_eq!(day["date"], "2026-03-30");
        assert_eq!(day["price_list"]["lines"][0]["close"], "50.50");
        assert_eq!(day["price_list"]["lines"][0]["turnover"][0]["volume"], "40");
        assert!(run["days"].as_array().unwrap().iter().all(|day| day["refusals"] == serde_json::json!([])));
        assert_eq!(run["conservation"]["ok"], true);
        assert_eq!(run["compliance"], Value::Null);
        let log = text(&huangpu(&["log", path(&data)]).stdout);
        assert!(log.contains(&format!("class={class}")), "{log}");
        // Of all reports, those that the market has.
        let all = told(&["report", path(&data), "--json"]);
        let names: Vec<&String> = all.as_object().unwrap().keys().collect();
        assert_eq!(names, ["price_list", "statement", "alerts", "holdings", "conservation"]);
    }
}

#[test]
fn it_is_checked_and_served_and_goes_on_in_the_log_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market)]).status.success());
    let data = folder.path().join("data");
    let checked = huangpu(&["serve", path(&market), "--check", "--data", path(&data)]);
    assert!(checked.status.success(), "{checked:?}");
    let run = told(&["run", path(&market), "--data", path(&data), "--json"]);
    let mut node = Process::start(folder.path(), &["serve", path(&market)]);
    assert!(node.said.contains("/#/enrol/operator/"), "{}", node.said);
    node.stop();
    let verified = told(&["verify", path(&data), "--json"]);
    assert!(verified["records"].as_u64() > run["as_of"]["record"].as_u64(), "{verified}");
}

#[test]
fn nothing_is_overwritten_and_a_wrong_word_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market)]).status.success());
    let again = made(&["lake", path(&market)]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is there already and is not empty"), "{again:?}");
    for wrong in [
        vec!["Lake"],
        vec!["lake", "--class", "allowance"],
        vec!["lake", "--currency", "yuan"],
        vec!["lake", "--time-zone", "Mars/North"],
        vec!["lake", "--first-day", "2026-03-01"],
    ] {
        let place = folder.path().join("other");
        let mut args = wrong.clone();
        args.insert(1, path(&place));
        assert_eq!(made(&args).status.code(), Some(2), "{wrong:?}");
        assert!(!place.exists());
    }
}

/// Appends lines to the first day of a new market, runs it, and gives the errors.
fn with_lines(lines: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market), "--first-day", "2026-03-02"]).status.success());
    let day = market.join("2026-03-02.jsonl");
    let mut all = fs::read_to_string(&day).unwrap();
    for (number, line) in lines.iter().enumerate() {
        all.push_str(&format!(
            "{{\"time\": \"2026-03-02T10:00:00+08:00\", \"id\": \"more-{number}\", {line}}}\n"
        ));
    }
    fs::write(&day, all).unwrap();
    let output = huangpu(&["run", path(&market), "--data", path(&folder.path().join("data"))]);
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_refusal_is_told_where_it_happened_before_what_follows_from_it() {
    // The account is refused as its code is taken; what names the account that was meant cannot go on.
    let (_, said) = with_lines(&[
        r#""by": "REGISTRY", "do": "register_participant", "code": "NORTH", "name": "Again", "roles": ["institution"]"#,
        r#""by": "NORTH", "do": "cancel_order", "account": "NORTH-2", "order": "first-01""#,
    ]);
    let refused = said.find("2026-03-02.jsonl:4: more-0 was refused: ").unwrap_or_else(|| panic!("{said}"));
    let failed = said.find("2026-03-02.jsonl:5:").unwrap_or_else(|| panic!("{said}"));
    assert!(refused < failed && said[failed..].contains("NORTH-2"), "{said}");
}

#[test]
fn a_mistyped_command_and_a_missing_field_say_what_there_is() {
    let order = r#""account": "NORTH-1", "instrument": "ONE", "price": "50.00", "quantity": 1"#;
    let cases = [
        (format!(r#""by": "NORTH", "do": "plce_order", {order}"#), "did you mean \"place_order\"?"),
        (format!(r#""by": "NORTH", "do": "place_order", {order}"#), "missing field `side`: `buy` or `sell`"),
        (
            r#""by": "REGISTRY", "do": "define_asset", "code": "TWO""#.to_owned(),
            "missing field `class`: one of `allowance`, `offset`, `security`, `certificate`, `right`, `commodity`, `fund_unit`",
        ),
        (
            r#""by": "operator", "do": "register_participant", "code": "X", "name": "X""#.to_owned(),
            "missing field `roles`: one of `operator`, `registrar`",
        ),
        (
            r#""by": "BANK", "do": "settle_withdrawal", "withdrawal": 1"#.to_owned(),
            "missing field `paid`: `true` or `false`",
        ),
    ];
    for (line, expected) in cases {
        let (_, said) = with_lines(&[&line]);
        assert!(said.contains("2026-03-02.jsonl:4:") && said.contains(expected), "{said}");
    }
}

#[test]
fn a_day_without_trading_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market), "--first-day", "2026-03-02"]).status.success());
    let rulebook = market.join("rulebook.toml");
    let rules = fs::read_to_string(&rulebook).unwrap();
    fs::write(&rulebook, rules.replace("holidays = []", "holidays = [2026-03-04]")).unwrap();
    for day in ["2026-03-04", "2026-03-07"] {
        let line =
            format!(r#"{{"time": "{day}T10:00:00+08:00", "id": "{day}", "by": "operator", "do": "tick"}}"#);
        fs::write(market.join(format!("{day}.jsonl")), line).unwrap();
    }
    let output = huangpu(&["run", path(&market), "--data", path(&folder.path().join("data"))]);
    let said = text(&output.stdout);
    for expected in [
        "No trading on this day: the rules of lake begin on 2026-03-02.",
        "No trading on this day: 2026-03-04 is a holiday, Wednesday, and no trading day of lake.",
        "No trading on this day: 2026-03-07 is a Saturday, and no trading day of lake.",
    ] {
        assert!(said.contains(expected), "{said}{}", text(&output.stderr));
    }
}

#[test]
fn an_edited_file_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market), "--first-day", "2026-03-02"]).status.success());
    let data = folder.path().join("data");
    told(&["run", path(&market), "--data", path(&data), "--json"]);
    let day = market.join("2026-03-02.jsonl");
    fs::write(&day, fs::read_to_string(&day).unwrap().replace("\"quantity\": 40", "\"quantity\": 41"))
        .unwrap();
    let output = huangpu(&["run", path(&market), "--data", path(&data)]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("2026-03-02.jsonl:3: the id first-02 was used by the same sender"), "{said}");
    assert!(said.contains("put the old line back") && said.contains("--data"), "{said}");
}

/// Someone who has chosen a password by a link, and signed in.
fn enrolled(node: &Process, user: &str, token: &str, code: Option<&str>) -> Client {
    let mut client = Client::new(node.address);
    let mut link = json!({ "user": user, "token": token, "password": "a password of my own" });
    if let Some(code) = code {
        link["code"] = code.into();
    }
    assert_eq!(client.post("/v1/session/enrol", &link).status, 204);
    client.sign_in(user, "a password of my own").good();
    client
}

#[test]
fn members_and_their_users_are_admitted_and_trade() {
    let folder = tempfile::tempdir().unwrap();
    let market = folder.path().join("lake");
    assert!(made(&["lake", path(&market), "--first-day", "2026-03-02"]).status.success());
    let mut node =
        Process::start(folder.path(), &["serve", path(&market), "--clock", "2026-03-03T10:00:00+08:00"]);
    let token = |user: &str| {
        let link = format!("/#/enrol/{user}/");
        node.said.lines().find_map(|line| Some(line.split_once(link.as_str())?.1.to_owned())).unwrap()
    };
    // Each of the first two operators has a link of their own; everyone else is admitted by both.
    let first = enrolled(&node, "operator", &token("operator"), None);
    let second = enrolled(&node, "operator2", &token("operator2"), None);
    let admit = |participant: &str, name: &str, duty: &str| {
        let user = json!({ "participant": participant, "name": name, "duties": [duty] });
        let made = first.post("/v1/users", &user).good();
        let approved = second.post(&format!("/v1/acts/{}/approve", made["act"]), &json!({})).good();
        enrolled(&node, name, made["token"].as_str().unwrap(), approved["code"].as_str())
    };
    let send =
        |who: &Client, command: &str, fields: Value| who.post(&format!("/v1/commands/{command}"), &fields);
    send(&first, "register_participant", json!({ "code": "EAST", "name": "East", "roles": ["institution"] }))
        .good();
    send(&first, "open_account", json!({ "participant": "EAST", "code": "EAST-1" })).good();
    let [north, east, bank] =
        [("NORTH", "nora", "trader"), ("EAST", "eva", "trader"), ("BANK", "ben", "clearing")]
            .map(|(firm, name, duty)| admit(firm, name, duty));
    send(&bank, "deposit", json!({ "account": "EAST-1", "amount": "1000.00", "reference": "first" })).good();
    let order = |account: &str, side: &str| json!({ "account": account, "instrument": "ONE", "side": side, "price": "50.50", "quantity": 10 });
    send(&north, "place_order", order("NORTH-1", "sell")).good();
    send(&east, "place_order", order("EAST-1", "buy")).good();
    let held = east.get("/v1/accounts/EAST-1/holdings").good();
    let total = |asset: &str| {
        let held = held["items"].as_array().unwrap().iter().find(|held| held["asset"] == asset);
        held.map(|held| held["total"].as_str().unwrap().to_owned())
    };
    assert_eq!((total("ONE").as_deref(), total("CNY").as_deref()), (Some("10"), Some("495.00")), "{held}");
    node.stop();
}
