//! Writes what was adopted as a rulebook file again: the first version in full, of each later one what it changes.
//!
//! What is written reads back as the same rules. The log keeps one source for a version and none for a rule, so each table
//! names the source of its version.

mod table;

use crate::zone;
use base::decimal;
use engine::rulebook::{Rulebook, Version};
use std::collections::BTreeMap;
use std::fmt::Write;
use table::{Table, tables};

/// One rule of a version, as a rulebook file states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands below its version: `trading.continuous.band`; an entry of a list has its own, such as
    /// `trading.calendar.holidays[2026-10-01]` and `registry.period[2025]`.
    pub path: String,
    /// What is written there.
    pub value: String,
}

/// Every rule of a version, in the order of the file.
#[must_use]
pub fn rules(rulebook: &Rulebook, version: &Version) -> Vec<Rule> {
    let mut rules = Vec::new();
    for table in tables(rulebook, version) {
        for (key, value) in table.keys.iter().filter(|(key, _)| *key != "holidays") {
            rules.push(Rule { path: format!("{}.{key}", table.name), value: value.clone() });
        }
    }
    for date in &version.trading.calendar.holidays {
        rules.push(Rule { path: format!("trading.calendar.holidays[{date}]"), value: date.to_string() });
    }
    for hours in &version.trading.hours {
        let keys: Vec<String> =
            table::hours(hours).into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
        for day in table::days_of(hours) {
            let path = format!("trading.hours[{day}]");
            rules.push(Rule { path, value: keys.join(", ") });
        }
    }
    for period in &version.registry.periods {
        let path = format!("registry.period[{}]", period.year);
        rules.push(Rule { path, value: period.deadline.to_string() });
    }
    rules
}

/// The whole rulebook as a file.
#[must_use]
pub fn write(rulebook: &Rulebook) -> String {
    let mut text = String::from(
        "# The rules of this market, written from what was adopted. The log keeps one source for a version and none for a\n\
         # rule: each table names that of its version.\n\n",
    );
    let price = decimal::text(rulebook.price.tick.into(), rulebook.price.decimals);
    let (currency, unit) = (&rulebook.currency, &rulebook.unit);
    let _ = write!(
        text,
        "code = {}\nname = {}\ncurrency = {{ code = {}, decimals = {} }}\nunit = {{ code = {}, decimals = {} }}\nprice = {{ tick = {} }}\n",
        quoted(&rulebook.code),
        quoted(&rulebook.name),
        quoted(&currency.code),
        currency.decimals,
        quoted(&unit.code),
        unit.decimals,
        quoted(&price),
    );
    let mut before: Option<&Version> = None;
    for version in &rulebook.versions {
        write_version(&mut text, rulebook, before, version);
        before = Some(version);
    }
    text
}

fn write_version(text: &mut String, rulebook: &Rulebook, before: Option<&Version>, version: &Version) {
    let source = quoted(if version.source.trim().is_empty() { "not stated" } else { &version.source });
    let _ = write!(text, "\n[[version]]\nfrom = {}\nsource = {source}\n", version.from);
    let old = before.map(|before| tables(rulebook, before)).unwrap_or_default();
    let new = tables(rulebook, version);
    // What ended, by the table in which that is said.
    let mut ended: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for table in &old {
        if let Some((parent, key)) = table.name.rsplit_once('.')
            && !new.iter().any(|now| now.name == table.name)
        {
            ended.entry(parent).or_default().push(key);
        }
    }
    let had_hours = before.map(|before| &before.trading.hours[..]).unwrap_or_default();
    if version.trading.hours.is_empty() && !had_hours.is_empty() {
        ended.entry("trading").or_default().push("hours");
    }
    let (had, has) = (before.map(|before| &before.registry.periods[..]), &version.registry.periods);
    if has.is_empty() && had.is_some_and(|had| !had.is_empty()) {
        ended.entry("registry").or_default().push("period");
    }
    for (parent, keys) in ended {
        let _ = write!(text, "\n[version.{parent}]\n");
        for key in keys {
            let _ = writeln!(text, "{key} = \"none\"");
        }
    }
    for table in &new {
        let was = old.iter().find(|was| was.name == table.name);
        let keys = changed(was, table, before, version);
        if !keys.is_empty() {
            let _ = write!(text, "\n[version.{}]\n", table.name);
            for (key, value) in keys {
                let _ = writeln!(text, "{key} = {value}");
            }
            let _ = writeln!(text, "source = {source}");
        }
    }
    let (name, more) = more_of(had_hours, &version.trading.hours, ("hours", "hours_add"));
    for hours in more {
        let _ = write!(text, "\n[[version.trading.{name}]]\n");
        for (key, value) in table::hours_table(hours) {
            let _ = writeln!(text, "{key} = {value}");
        }
        let _ = writeln!(text, "source = {source}");
    }
    let had = had.unwrap_or_default();
    let (name, more) = more_of(had, has, ("period", "period_add"));
    for period in more {
        let (year, deadline) = (period.year, period.deadline);
        let _ = write!(
            text,
            "\n[[version.registry.{name}]]\nyear = {year}\ndeadline = {deadline}\nsource = {source}\n"
        );
    }
}

/// What a version has to state of a list over the one before it, and under which name: only what was added, where nothing else
/// has changed.
fn more_of<'a, T: PartialEq>(
    had: &[T],
    has: &'a [T],
    (whole, add): (&'static str, &'static str),
) -> (&'static str, &'a [T]) {
    match has.strip_prefix(had) {
        Some(more) if !had.is_empty() => (add, more),
        _ => (whole, has),
    }
}

/// The keys of a table that a version has to state over the one before it.
fn changed(
    was: Option<&Table>,
    table: &Table,
    before: Option<&Version>,
    version: &Version,
) -> Vec<(&'static str, String)> {
    let Some(was) = was.filter(|was| was.keys != table.keys) else {
        return if was.is_some() { Vec::new() } else { table.keys.clone() };
    };
    // A table that names its kind starts afresh.
    if table.keys.iter().any(|(key, _)| *key == "kind") {
        return table.keys.clone();
    }
    let mut keys = Vec::new();
    for (key, value) in &table.keys {
        if was.keys.iter().any(|(old, held)| old == key && held == value) {
            continue;
        }
        let held = before.map(|before| &before.trading.calendar.holidays);
        let now = &version.trading.calendar.holidays;
        match held.filter(|held| *key == "holidays" && !held.is_empty() && now.is_superset(held)) {
            Some(held) => keys.push(("holidays_add", table::dates(now.difference(held)))),
            None => keys.push((*key, value.clone())),
        }
    }
    let gone = was.keys.iter().filter(|(key, _)| !table.keys.iter().any(|(now, _)| now == key));
    keys.extend(gone.map(|(key, _)| (*key, "\"none\"".to_owned())));
    keys
}

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            sign if sign.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(sign));
            }
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

/// The name of a time zone with these offsets; of several, one that a market is likely to mean.
fn zone_name(offsets: &[base::UtcOffset]) -> String {
    zone::name(offsets).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn reread(text: &str) -> Rulebook {
        let mut none = |name: &str| Err(std::io::Error::other(name.to_owned()));
        crate::parse(text, "x.toml", &mut none).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// What is written reads back as the same rules.
    fn round(rulebook: &Rulebook) -> String {
        let text = write(rulebook);
        assert_eq!(&reread(&text), rulebook, "{text}");
        text
    }

    #[test]
    fn every_rulebook_of_the_project_reads_back() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebooks");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "toml") {
                round(&crate::read(&path).unwrap());
                files += 1;
            }
        }
        assert!(files >= 3);
    }

    const FULL: &str = include_str!("../tests/every_rule.toml");

    #[test]
    fn every_rule_reads_back_and_ends_again() {
        let text = round(&reread(FULL));
        // No version of the file states what held already.
        assert_eq!(text.matches("time_zone").count(), 1, "{text}");
        assert_eq!(text.matches("holidays_add = [2027-05-03]").count(), 1, "{text}");
        assert_eq!(text.matches("period_add").count(), 1, "{text}");
        // Backwards, every rule that began ends.
        let mut back = reread(FULL);
        let dates: Vec<_> = back.versions.iter().map(|version| version.from).collect();
        back.versions.reverse();
        back.versions.iter_mut().zip(dates).for_each(|(version, from)| version.from = from);
        round(&back);
    }

    #[test]
    fn a_rule_has_a_path_and_its_text() {
        let book = reread(FULL);
        let last = rules(&book, book.versions.last().unwrap());
        let at = |path: &str| last.iter().find(|rule| rule.path == path).map(|rule| rule.value.clone());
        assert_eq!(at("trading.continuous.band").as_deref(), Some("\"2.5%\""));
        assert_eq!(at("trading.continuous.quantity_max").as_deref(), Some("500_000"));
        assert_eq!(at("trading.calendar.holidays[2027-05-03]").as_deref(), Some("2027-05-03"));
        assert_eq!(at("trading.calendar.time_zone").as_deref(), Some("\"Europe/Berlin\""));
    }
}
