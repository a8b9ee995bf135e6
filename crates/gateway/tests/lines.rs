//! Whatever a line holds, reading it ends with a command or with an error that has a place in the line; and what a person gets
//! wrong is said of the right field.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use gateway::{LineError, parse_line};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

fn examples() -> Vec<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folders =
        ["carbon", "bond-continuous"].map(|folder| std::fs::read_dir(examples.join(folder)).unwrap());
    let mut lines = Vec::new();
    for entry in folders.into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = std::fs::read_to_string(path).unwrap();
            lines.extend(text.lines().filter(|line| line.starts_with('{')).map(str::to_owned));
        }
    }
    lines.sort();
    assert!(lines.len() > 200);
    lines
}

fn names(error: &LineError) -> Vec<String> {
    let (_, names) = error.message.split_once("expected ").unwrap_or_default();
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every command, and every field of any.
fn known() -> (Vec<String>, Vec<String>) {
    let head = r#"{"time":"2021-07-16T09:00:00+08:00","id":"1","by":"operator","do":"#;
    let commands = names(&parse_line(&format!("{head}\"?\"}}")).unwrap_err());
    let asked = |command: &String| parse_line(&format!("{head}\"{command}\",\"?\":0}}")).unwrap_err();
    let fields: BTreeSet<String> = commands.iter().flat_map(|command| names(&asked(command))).collect();
    assert!(commands.len() > 30 && fields.len() > 20, "is this looking at the right words?");
    (commands, fields.into_iter().collect())
}

#[track_caller]
fn check(line: &str) {
    let Err(error) = parse_line(line) else { return };
    let columns = line.chars().count().max(1);
    assert!((1..=columns).contains(&error.column), "{line}\n{error}");
    assert!(!error.message.is_empty(), "{line}");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{1,30}(\\.[0-9]{0,30})?".prop_map(Value::from),
        Just(Value::from("2021-07-16T09:00:00+08:00")),
        Just(Value::from("sell")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// Pieces that turn one valid thing into another thing.
const PIECES: [&str; 22] = [
    "",
    "0",
    "-1",
    "1e999",
    "48.5",
    "null",
    "true",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"do\":",
    "\"price\":\"48\",",
    "\n",
    "碳",
    "\u{feff}",
];

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_a_place(text: String, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&text);
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_value_in_any_field_is_read_or_refused_with_a_place(
        command in prop::sample::select(known().0),
        fields in prop::collection::vec((prop::sample::select(known().1), value()), 0..8),
        head in prop::collection::vec(prop::option::weighted(0.1, value()), 4),
    ) {
        let usual = ["2021-07-16T09:00:00+08:00", "1", "operator", &command].map(Value::from);
        let names = ["time", "id", "by", "do"].map(str::to_owned);
        let head = head.into_iter().zip(usual).map(|(other, usual)| other.unwrap_or(usual));
        let object = Map::from_iter(fields.into_iter().chain(names.into_iter().zip(head)));
        check(&Value::Object(object).to_string());
    }

    #[test]
    fn an_example_with_something_changed_is_read_or_refused_with_a_place(
        line in prop::sample::select(examples()),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..12_usize, prop::sample::select(&PIECES[..])),
            1..4,
        ),
    ) {
        let mut line = line;
        for (at, length, piece) in changes {
            let starts: Vec<usize> = line.char_indices().map(|(start, _)| start).chain([line.len()]).collect();
            let at = at.index(starts.len());
            let end = starts[(at + length).min(starts.len() - 1)];
            line.replace_range(starts[at]..end, piece);
        }
        check(&line);
    }
}

#[test]
fn every_example_cut_anywhere_is_refused_with_a_place() {
    for line in examples().iter().step_by(9) {
        assert!(parse_line(line).is_ok(), "{line}");
        for end in (0..line.len()).filter(|end| line.is_char_boundary(*end)) {
            assert!(parse_line(&line[..end]).is_err(), "{}", &line[..end]);
            check(&line[..end]);
        }
    }
}

const GOOD: &str = concat!(
    r#"{"time": "2021-07-16T09:30:00+08:00", "id": "price", "by": "江", "do": "place_listing", "#,
    r#""account": "DJ", "instrument": "CEA", "side": "sell", "price": "48.00", "quantity": 30000}"#
);

/// `what` in the place of `place` in a good line gives an error about `field` (`?`: none), in the column where `at` begins, that
/// contains `message`.
#[track_caller]
fn wrong(place: &str, what: &str, field: &str, at: &str, message: &str) {
    assert!(GOOD.contains(place), "{place}");
    let line = GOOD.replacen(place, what, 1);
    let error = parse_line(&line).expect_err(&line);
    assert_eq!(error.field.as_deref().unwrap_or("?"), field, "{line}\n{error}");
    assert!(error.message.contains(message), "{line}\n{error}\nexpected {message}");
    let start = line.rfind(at).unwrap_or_else(|| panic!("{line} does not contain {at}"));
    let start = if at.is_empty() { 0 } else { start };
    assert_eq!(error.column, line[..start].chars().count() + 1, "{line}\n{error}");
}

#[test]
fn a_value_of_the_wrong_type() {
    let price = |value: &str, message: &str| {
        wrong("\"48.00\"", value, "price", &format!("{value}, \"quantity\""), message);
    };
    price("true", "invalid type: boolean `true`, expected a number such as 100000 or \"48.00\"");
    price("null", "expected a number such as 100000");
    price("[]", "expected a number such as 100000");
    price("{\"x\":{\"price\":[1]}}", "expected a number such as 100000");
    price("-5", "it is not negative, found -5");
    price("-9223372036854775808", "it is not negative, found -9223372036854775808");
    price("-9223372036854775809", "it is not negative, found -9223372036854776000");
    price("-0.5", "it is not negative, found -0.5");
    price("-0", "it is not negative, found -0");
    price("48.0", "a number this long, with a point or with an exponent is written as text");
    price("48.5", "a number with a fraction is written as text: \"48.5\"");
    price("1e3", "a number this long, with a point or with an exponent is written as text");
    price("1e-300", "a number this long, with a point or with an exponent is written as text");
    price("18446744073709551616", "a number this long, with a point or with an exponent is written as text");
    price("\"-5\"", "it is not negative, found \"-5\"");
    price("\"-0.00\"", "it is not negative, found \"-0.00\"");
    price("\"--5\"", "without sign and exponent, found \"--5\"");
    price("\"+5\"", "without sign and exponent, found \"+5\"");
    price("\"1e3\"", "without sign and exponent, found \"1e3\"");
    price("\" 5\"", "without sign and exponent, found \" 5\"");
    price("\"48,00\"", "expected a number such as");
    price("\"\"", "expected a number such as");
    wrong("\"48.00\"", "1e999", "price", "9, \"quantity\"", "number out of range");
    wrong("\"sell\"", "\"give\"", "side", "\"give\"", "unknown variant `give`, expected `buy` or `sell`");
    wrong("\"sell\"", "1", "side", "1, \"price\"", "invalid type");
    wrong("\"DJ\"", "7", "account", "7, \"inst", "invalid type: integer `7`, expected a string");
    wrong(
        "\"price\", \"by\"",
        "7, \"by\"",
        "id",
        "7, \"by\"",
        "expected your own name for this command, found 7",
    );
    wrong("\"江\"", "[\"江\"]", "by", "[\"江\"]", "expected the code of the participant who sends it");
    wrong("\"place_listing\"", "null", "do", "null", "expected the name of a command, found null");
}

#[test]
fn a_field_too_many_too_few_or_twice() {
    let price = "\"price\": \"48.00\"";
    wrong(price, "\"cost\": 48", "cost", "48, ", "unknown field `cost`, expected one of `account`");
    wrong(price, "\"a`b.c[d\": 48", "a`b.c[d", "48, ", "unknown field");
    wrong(price, "\"\": 48", "", "48, ", "unknown field ``");
    wrong(", \"price\": \"48.00\"", "", "price", "", "missing field `price`");
    wrong(
        "\"time\": \"2021-07-16T09:30:00+08:00\", ",
        "",
        "time",
        "",
        "missing field `time`: a time such as",
    );
    wrong("\"do\": \"place_listing\", ", "", "do", "", "missing field `do`: the name of a command");
    wrong(price, "\"price\": 1, \"price\": 2", "price", "2, ", "this field is written twice");
    wrong(price, "\"price\": 1, \"pr\\u0069ce\": 2", "price", "2, ", "this field is written twice");
    wrong("\"by\": \"江\"", "\"by\": \"A\", \"by\": \"B\"", "by", "\"B\"", "this field is written twice");
}

#[test]
fn names_times_and_ids_that_are_none() {
    let known = "expected one of `register_participant`";
    wrong("place_listing", "fly", "do", "\"fly\"", known);
    wrong("place_listing", "a.b", "do", "\"a.b\"", known);
    wrong("place_listing", "missing field `price`", "do", "\"missing", known);
    wrong("place_listing", "", "do", "\"\"", known);
    wrong("+08:00", "", "time", "\"2021", "expected a time such as");
    wrong("07-16", "02-30", "time", "\"2021", "expected a day that the calendar has");
    wrong(":00+", ":60+", "time", "\"2021", "expected a time of day from 00:00:00 to 23:59:59");
    wrong("+08:00", "+24:00", "time", "\"2021", "expected an offset from UTC of less than a day");
    wrong("2021-", "0000-", "time", "\"0000", "expected a year from 1900 to 2261");
    wrong("2021-", "9999-", "time", "\"9999", "expected a year from 1900 to 2261");
    for id in ["", "a b", "PB/x", "/", "碳", "a\\u0001", "a\\u007f", "a\\u200b", &"x".repeat(65)] {
        let written = format!("\"{id}\", \"by\"");
        wrong("\"price\", \"by\"", &written, "id", &format!("\"{id}\", \"by"), "an id has 1 to 64 printable");
    }
    for id in ["!", "~", "a.b:c|d%25#?&=+", "..", "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11", &"x".repeat(64)] {
        let line = GOOD.replacen("\"price\", \"by\"", &format!("\"{id}\", \"by\""), 1);
        assert_eq!(parse_line(&line).unwrap().id, id);
    }
}

#[test]
fn what_is_not_a_line_of_json() {
    let deep = format!("{}1]", "[".repeat(200));
    wrong("30000", &deep, "quantity", &deep[126..], "recursion limit exceeded");
    wrong(
        "30000",
        &format!("\"{}\"", "x".repeat(70_000)),
        "?",
        "",
        "a line has at most 65536 bytes, this one has 70",
    );
    wrong("\"48.00\"", "\"48.00", "?", "quantity", "expected `,` or `}`");
    wrong("{", "", "?", "\": \"2021-", "invalid type: string \"time\", expected a map");
    wrong("}", "} x", "?", "x", "trailing characters");
    wrong("30000}", "7", "?", "7", "EOF while parsing an object");
    wrong("\"by\": \"江\"", "\"by\": \"江\n\"", "?", "\n", "control character");
    wrong("\"by\":", "\n\"by\"", "?", "\"江\"", "expected `:`");
    for line in ["[]", "null", "1", "\"x\"", "", " ", "\u{feff}{}", "{", "{\"", "{\"\\", "}", "{}{}"] {
        assert!(parse_line(line).is_err(), "{line}");
        check(line);
    }
}

#[test]
fn items_of_lists_and_names_that_are_only_text() {
    let head =
        r#"{"time":"2021-07-16T09:00:00+08:00","id":"roles","by":"roles\": [","do":"register_participant","#;
    let line = format!("{head}\"code\":\"A\",\"name\":\"\\\\\",\"roles\":[\"operator\",\"king\"]}}");
    let error = parse_line(&line).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("roles[1]"), "{error}");
    assert_eq!(error.column, line.find("[\"operator").unwrap() + 1, "{error}");
}

#[test]
fn long_lines_of_nothing_much_are_refused() {
    let fields: String = (0..6_000).map(|number| format!("\"{number:x}\":0,")).collect();
    check(&format!("{{{}}}", fields.trim_end_matches(',')));
    check(&"[".repeat(60_000));
    check(&"{\"a\":".repeat(12_000));
}

#[test]
fn a_line_may_name_the_user_of_its_sender() {
    let line =
        |user: &str| format!(r#"{{"time":"2021-07-16T09:00:00+08:00","id":"1","by":"A",{user}"do":"tick"}}"#);
    assert_eq!(parse_line(&line("")).unwrap().user, None);
    assert_eq!(parse_line(&line(r#""as":"li","#)).unwrap().user.as_deref(), Some("li"));
    let error = parse_line(&line(r#""as":7,"#)).unwrap_err();
    assert_eq!((error.field.as_deref(), error.column), (Some("as"), 60));
}

#[test]
fn an_act_is_a_command_within_a_command_and_no_more() {
    let line = |act: &str| {
        let head = r#""time":"2021-07-16T09:00:00+08:00","id":"1","by":"A","do":"propose_act""#;
        parse_line(&format!(r#"{{{head},"act":{act},"expires":"2021-07-16T10:00:00+08:00"}}"#))
    };
    let read = line(r#"{"do":"halt","instrument":"X","reason":"r"}"#).unwrap().command;
    let written = serde_json::to_value(&read).unwrap();
    let act = serde_json::json!({ "do": "halt", "instrument": "X", "reason": "r" });
    assert_eq!(written["propose_act"]["act"], act);
    for (act, because) in [
        ("7", "invalid type"),
        ("{}", "`do`"),
        (r#"{"do":7}"#, "`do`"),
        (r#"{"do":"dance"}"#, "unknown variant `dance`"),
        (r#"{"do":"halt","instrument":"X"}"#, "missing field `reason`"),
        (r#"{"do":"halt","instrument":"X","reason":"r","why":1}"#, "unknown field `why`"),
        (r#"{"do":"propose_act","act":{"do":"tick"},"expires":""}"#, "a proposal is not proposed"),
    ] {
        let error = line(act).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("act"), "{act}: {error}");
        assert!(error.message.contains(because), "{act}: {error}");
    }
}
