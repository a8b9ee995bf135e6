//! `huangpu new market`: a folder that `huangpu run` and `huangpu serve` take as it is, small enough to be read and changed.

use crate::cli::{Ended, print};
use anyhow::{Context, Result, bail};
use base::Date;
use jiff::tz::TimeZone;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const RULEBOOK: &str = include_str!("rulebook.toml");
const SETUP: &str = include_str!("setup.jsonl");
const FIRST_DAY: &str = include_str!("first_day.jsonl");

/// Which market.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its code: lower-case letters, digits and hyphens, at most 32
    #[arg(value_parser = code)]
    name: String,
    /// The folder to write, which must not be there or be empty [default: NAME]
    dir: Option<PathBuf>,
    /// What is traded
    #[arg(long, value_enum, default_value = "certificate")]
    class: Class,
    /// The currency that is paid
    #[arg(long, value_name = "CODE", default_value = "CNY", value_parser = currency)]
    currency: String,
    /// The time zone that the market keeps
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai", value_parser = zone)]
    time_zone: String,
    /// The first day of trading, a weekday [default: the last weekday that is over]
    #[arg(long, value_name = "DATE", value_parser = weekday)]
    first_day: Option<Date>,
}

/// The class of what is traded. Allowances and offsets need a year; `define_asset` in docs/commands.md says how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Class {
    /// A bond, a note, a share
    Security,
    /// A certificate, such as one of green electricity
    Certificate,
    /// A right to use or to discharge
    Right,
    /// A commodity, or a warehouse receipt for it
    Commodity,
    /// A unit of a fund
    FundUnit,
}

impl Class {
    fn word(self) -> &'static str {
        match self {
            Class::Security => "security",
            Class::Certificate => "certificate",
            Class::Right => "right",
            Class::Commodity => "commodity",
            Class::FundUnit => "fund_unit",
        }
    }
}

fn code(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = text.starts_with('-') || text.ends_with('-');
    if text.is_empty() || text.len() > 32 || edges || !text.chars().all(fits) {
        return Err("expected lower-case letters, digits and hyphens, at most 32".to_owned());
    }
    Ok(text.to_owned())
}

fn currency(text: &str) -> Result<String, String> {
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("expected the code of a currency such as CNY or EUR".to_owned());
    }
    Ok(text.to_owned())
}

fn zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("expected a time zone such as Asia/Shanghai or Europe/Berlin".to_owned()),
    }
}

fn weekday(text: &str) -> Result<Date, String> {
    match Date::parse(text).filter(|date| (2000..=2059).contains(&date.year())) {
        Some(date) if date.weekday() <= 5 => Ok(date),
        Some(_) => Err("this is no weekday: the market trades from Monday to Friday".to_owned()),
        None => Err("expected a date such as 2026-03-02, from 2000 to 2059".to_owned()),
    }
}

/// The last weekday before a date.
fn weekday_before(date: Date) -> Date {
    let mut before = Date(date.0 - 1);
    while before.weekday() > 5 {
        before = Date(before.0 - 1);
    }
    before
}

pub(crate) fn run(args: &Args) -> Ended {
    let zone = TimeZone::get(&args.time_zone).with_context(|| format!("no time zone {}", args.time_zone))?;
    let today = jiff::Timestamp::now().to_zoned(zone.clone()).date();
    let today =
        Date::parse(&today.to_string()).context("the clock of this machine is beyond every calendar")?;
    let first = args.first_day.unwrap_or_else(|| weekday_before(today));
    let setup = weekday_before(first);
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let fill = |template: &str| -> Result<String> {
        let text = template
            .replace("{name}", &args.name)
            .replace("{class}", args.class.word())
            .replace("{currency}", &args.currency)
            .replace("{zone}", &args.time_zone)
            .replace("{first}", &first.to_string())
            .replace("{setup_at}", &format!("{setup}T"))
            .replace("{first_at}", &format!("{first}T"))
            .replace("{setup_offset}", &offset(&zone, setup)?)
            .replace("{first_offset}", &offset(&zone, first)?);
        Ok(text)
    };
    let files = [
        ("rulebook.toml".to_owned(), fill(RULEBOOK)?),
        (format!("{setup}.jsonl"), fill(SETUP)?),
        (format!("{first}.jsonl"), fill(FIRST_DAY)?),
    ];
    write(&dir, &files)?;
    let paths: Vec<String> = files.iter().map(|(name, _)| dir.join(name).display().to_string()).collect();
    let dir = dir.display();
    print(&format!(
        "wrote {}\n\nnext:\n  huangpu run {dir}      its first trade\n  huangpu serve {dir}    a node with a console\n\n\
         docs/your-market.md says how it goes on\n",
        paths.join(", ")
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The offset of a time zone at nine in the morning of a day, as times of command files have it.
fn offset(zone: &TimeZone, date: Date) -> Result<String> {
    let (year, month, day) = date.civil();
    let (year, month, day) = (i16::try_from(year)?, i8::try_from(month)?, i8::try_from(day)?);
    let at = jiff::civil::datetime(year, month, day, 9, 0, 0, 0).to_zoned(zone.clone())?;
    Ok(at.strftime("%:z").to_string())
}

/// Writes the files into a folder that is new or empty.
fn write(dir: &Path, files: &[(String, String)]) -> Result<()> {
    if dir.exists() {
        let mut there = fs::read_dir(dir).with_context(|| format!("{} is no folder", dir.display()))?;
        if there.next().is_some() {
            bail!("{} is there already and is not empty: name another folder", dir.display());
        }
    }
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    for (name, text) in files {
        let path = dir.join(name);
        let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_days_and_currencies() {
        for good in ["a", "lake-2", "9"] {
            assert!(code(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a b", "a/b", "湖", &"a".repeat(33)] {
            assert!(code(bad).is_err(), "{bad}");
        }
        assert!(currency("EUR").is_ok() && currency("eur").is_err() && currency("EURO").is_err());
        assert!(zone("Europe/Berlin").is_ok() && zone("Mars/North").is_err());
        assert!(
            weekday("2026-03-02").is_ok() && weekday("2026-03-01").is_err() && weekday("2099-03-02").is_err()
        );
        let monday = Date::parse("2026-03-02").unwrap();
        assert_eq!(weekday_before(monday).to_string(), "2026-02-27");
    }
}
