//! How versions and files are laid over one another.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

use base::{BasisPoints, Date, Money, Quantity};
use engine::rulebook::{Rulebook, Version};
use rulebook::parse;
use std::collections::BTreeMap;
use std::io;

const VALID: &str = include_str!("valid.toml");

/// Reads `top.toml` among files given as name and text; `base.toml` is the valid file.
fn read(files: &[(&str, &str)]) -> Result<Rulebook, String> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::from([("rules/base.toml", VALID)]);
    texts.extend(files.iter().copied());
    let text = texts["rules/top.toml"];
    let mut load =
        |name: &str| texts.get(name).map(|text| (*text).to_owned()).ok_or(io::ErrorKind::NotFound.into());
    parse(text, "rules/top.toml", &mut load).map_err(|error| error.to_string())
}

fn version<'a>(book: &'a Rulebook, from: &str) -> &'a Version {
    book.versions.iter().find(|version| Some(version.from) == Date::parse(from)).unwrap()
}

#[test]
fn a_later_version_states_only_what_changes() {
    let book = read(&[("rules/top.toml", VALID)]).unwrap();
    let [before, after] = &book.versions[..] else { panic!() };
    assert_eq!(after.trading.listing.as_ref().unwrap().band, BasisPoints(2_000));
    let (mut one, mut other) = (before.trading.clone(), after.trading.clone());
    one.listing.as_mut().unwrap().band = BasisPoints(0);
    other.listing.as_mut().unwrap().band = BasisPoints(0);
    assert_eq!((one, &before.clearing, &before.registry), (other, &after.clearing, &after.registry));
    // 0.05 CNY is five fen; fees are millionths; a quantity is in tonnes.
    assert_eq!((before.trading.tick_value, before.trading.lot), (5, Quantity(10)));
    let fee = before.clearing.fees[0].buyer;
    assert_eq!((fee.rate_ppm, fee.least, fee.most), (1_000, Money(100), Some(Money(500))));
}

#[test]
fn a_file_extends_another_by_date() {
    let top = r#"
extends = "./base.toml"
code = "example"
name_zh = "示例"

[[version]]
from = 2021-07-16
source = "made up"
[version.clearing.fees.listed]
buyer = { most = "none" }
seller = { rate = "0.2%" }
source = "made up"

[[version]]
from = 2021-12-01
source = "made up later"
[version.trading]
block = "none"
[version.trading.calendar]
holidays_add = [2021-12-31]
source = "made up"
[[version.registry.period_add]]
year = 2022
deadline = 2023-06-30
source = "made up"
"#;
    let book = read(&[("rules/top.toml", top)]).unwrap();
    assert_eq!((book.code.as_str(), book.name.as_str()), ("example", "X (示例)"));
    let dates: Vec<_> = book.versions.iter().map(|version| version.from.to_string()).collect();
    assert_eq!(dates, ["2021-07-16", "2021-12-01", "2022-01-01"]);
    let first = version(&book, "2021-07-16");
    assert_eq!(first.source, "s; made up");
    let fee = first.clearing.fees[0];
    assert_eq!((fee.buyer.rate_ppm, fee.buyer.least, fee.buyer.most), (1_000, Money(100), None));
    assert_eq!(fee.seller.rate_ppm, 2_000);
    let last = version(&book, "2022-01-01");
    assert_eq!((last.source.as_str(), &last.trading.block), ("s", &None));
    assert_eq!((last.trading.calendar.holidays.len(), last.registry.periods.len()), (3, 3));
    assert_eq!((last.clearing.fees[0], first.trading.calendar.holidays.len()), (fee, 2));
}

#[test]
fn a_rule_ended_and_stated_anew_keeps_nothing() {
    let top = r#"
extends = "base.toml"
[[version]]
from = 2021-08-01
source = "s"
[version.trading]
listing = "none"
"#;
    let complaints = read(&[("rules/top.toml", top)]).unwrap_err();
    let first = complaints.lines().next().unwrap();
    assert_eq!(
        first,
        "rules/base.toml:57:1: version[1].trading.listing.best_prices: missing from [version.trading.listing]: \
         expected a whole number above zero"
    );
}

#[test]
fn a_kind_starts_afresh() {
    let top = r#"
extends = "base.toml"
[[version]]
from = 2021-08-01
source = "s"
[version.registry.fine]
kind = "of_average_price"
least = 5
most = 10
methods = ["listed"]
source = "s"
[[version]]
from = 2021-09-01
source = "s"
[version.registry.fine]
kind = "fixed"
least = "1.00"
most = "2.00"
source = "s"
"#;
    assert!(read(&[("rules/top.toml", top)]).is_ok());
}

#[test]
fn circles_and_long_chains_are_refused() {
    let circle =
        [("rules/top.toml", "extends = \"a.toml\""), ("rules/a.toml", "extends = \"../rules/top.toml\"")];
    assert_eq!(
        read(&circle).unwrap_err(),
        "rules/a.toml:1:11: extends: a file must not extend itself, directly or through others, found \"rules/top.toml\""
    );
    let mut asked = 0;
    let error = parse("extends = \"0\"", "top", &mut |_| {
        asked += 1;
        Ok(format!("extends = \"{asked}\""))
    });
    assert_eq!(asked, 15);
    assert_eq!(
        error.unwrap_err().to_string(),
        "14:1:11: extends: at most 16 files may extend one another, found \"15\""
    );
}

#[test]
fn the_unit_cannot_be_changed_by_a_file_that_extends() {
    let top = "extends = \"base.toml\"\nunit = { code = \"kg\", decimals = 3 }\n";
    assert_eq!(
        read(&[("rules/top.toml", top)]).unwrap_err(),
        "rules/top.toml:2:8: unit: a file keeps the currency, unit and price of the file that it extends, found a table"
    );
}
