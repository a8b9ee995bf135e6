//! `huangpu calendar`: the days of a rulebook that are unlike the others, and more of them from a list of holidays.

use crate::cli::{Ended, print};
use crate::report::Horizon;
use crate::serve::Clock;
use anyhow::{Context, Result, bail};
use base::{Date, TimeOfDay};
use engine::rulebook::{Rulebook, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to do with a calendar.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print the holidays of a rulebook, its days with hours of their own, and until when it is known
    Show(Show),
    /// Print a rulebook with the days of a list (CSV: date,name,kind,day_end) added as a version of its own
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The rulebook
    rulebook: PathBuf,
    /// The first day [default: today]
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    from: Option<Date>,
    /// The last day [default: the last one for which the calendar is known, or a year later]
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    to: Option<Date>,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The list: a header, then one day a line; kind is holiday, half_day (with day_end) or trading_day
    list: PathBuf,
    /// The rulebook
    rulebook: PathBuf,
    /// The first day under the amended rules, after that of the last version
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    from: Date,
    /// Who published the list, under which name, and when
    #[arg(long)]
    source: String,
    /// The last day for which it is known [default: the last day of the year of its last entry]
    #[arg(long, value_name = "DATE", value_parser = gateway::read_date)]
    known_until: Option<Date>,
}

pub(crate) fn run(args: &Args) -> Ended {
    match &args.what {
        What::Show(show) => self::show(show),
        What::Import(import) => self::import(import),
    }
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn day_of(date: Date) -> &'static str {
    usize::try_from(date.weekday() - 1).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or_default()
}

fn show(args: &Show) -> Ended {
    let rulebook = rulebook::read(&args.rulebook)?;
    let horizon = Horizon::of(&rulebook, rulebook.versions[0].trading.calendar.local(Clock::real().now()).0);
    let from =
        args.from.unwrap_or_else(|| rulebook.versions[0].trading.calendar.local(Clock::real().now()).0);
    let to = args
        .to
        .or(horizon.known_until.filter(|last| *last >= from))
        .unwrap_or(Date(from.0.saturating_add(365)));
    if to < from {
        bail!("--to: {to} lies before {from}");
    }
    let mut text = String::new();
    for date in (from.0..=to.0).map(Date) {
        if let Some(what) = unlike(&rulebook, date) {
            let _ = writeln!(text, "{date} {} {what}", day_of(date));
        }
    }
    print(&format!("{text}{}\n", horizon.text()))?;
    Ok(ExitCode::SUCCESS)
}

/// What makes a day unlike the others of its weekday.
fn unlike(rulebook: &Rulebook, date: Date) -> Option<String> {
    let rules = &rulebook.version_on(date).trading;
    let calendar = &rules.calendar;
    let week = calendar.weekdays >> (date.weekday() - 1) & 1 == 1;
    if !week {
        return None;
    }
    if calendar.holidays.contains(&date) {
        return Some("holiday".to_owned());
    }
    if calendar.is_closed_as_unknown(date) {
        return Some("not known: closed".to_owned());
    }
    let own = rules.hours.iter().rfind(|hours| hours.dates.contains(&date))?;
    let end = own.day_end.unwrap_or(calendar.day_end);
    Some(format!("hours of its own, the day ends at {end}"))
}

/// A line of a list.
struct Entry {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Holiday,
    HalfDay(TimeOfDay),
    TradingDay,
}

fn read_list(path: &Path, bytes: &[u8]) -> Result<BTreeMap<Date, Entry>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes);
    let headers = reader.headers().with_context(|| path.display().to_string())?.clone();
    let place = |name: &str| headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name);
    let column = |name: &str| {
        place(name).with_context(|| {
            format!(
                "{}:1: there is no column `{name}`; the header is date,name,kind and, for half days, day_end",
                path.display()
            )
        })
    };
    let (date_at, name_at, kind_at, end_at) =
        (column("date")?, column("name")?, column("kind")?, place("day_end"));
    let mut entries = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| path.display().to_string())?;
        let line = line_of(bytes, &row);
        let field = |at: usize| row.get(at).unwrap_or_default();
        let mut bad =
            |column: &str, why: String| wrong.push(format!("{}:{line}: {column}: {why}", path.display()));
        let date = match gateway::read_date(field(date_at)) {
            Ok(date) => date,
            Err(why) => {
                bad("date", why);
                continue;
            }
        };
        let end = end_at.map(field).filter(|end| !end.is_empty());
        let kind = match (field(kind_at), end.map(|end| (end, TimeOfDay::parse(end)))) {
            ("holiday", None) => Kind::Holiday,
            ("trading_day", None) => Kind::TradingDay,
            ("half_day", Some((_, Some(end)))) => Kind::HalfDay(end),
            ("half_day", Some((end, None))) => {
                bad("day_end", format!("expected a time of day such as \"12:30\", found {end:?}"));
                continue;
            }
            ("half_day", None) => {
                bad("day_end", "a half day says when it ends, such as 12:30".to_owned());
                continue;
            }
            ("holiday" | "trading_day", Some(_)) => {
                bad("day_end", "only a half day has an end of its own".to_owned());
                continue;
            }
            (other, _) => {
                bad("kind", format!("expected holiday, half_day or trading_day, found {other:?}"));
                continue;
            }
        };
        let name = field(name_at).chars().filter(|sign| !sign.is_control()).collect();
        if entries.insert(date, Entry { name, kind }).is_some() {
            bad("date", format!("{date} stands twice in the list"));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    if entries.is_empty() {
        bail!("{}: there are no days in it", path.display());
    }
    Ok(entries)
}

/// The line of a row: the reader's own count is behind after empty lines, and a row begins with those before it.
fn line_of(bytes: &[u8], row: &csv::StringRecord) -> usize {
    let start = row.position().map_or(0, csv::Position::byte);
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    let (before, rest) = bytes.split_at(start);
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    before.iter().chain(blank).filter(|byte| **byte == b'\n').count() + 1
}

fn import(args: &Import) -> Ended {
    let bytes = fs::read(&args.list).with_context(|| format!("cannot read {}", args.list.display()))?;
    let entries = read_list(&args.list, &bytes)?;
    let text = fs::read_to_string(&args.rulebook);
    let text = text.with_context(|| format!("cannot read {}", args.rulebook.display()))?;
    let rulebook = rulebook::read(&args.rulebook)?;
    let held = rulebook.version_on(args.from);
    if let Some((early, _)) = entries.iter().find(|(date, _)| **date < args.from) {
        bail!(
            "{}: {early} lies before {}, the first day under the amended rules (--from)",
            args.list.display(),
            args.from
        );
    }
    let change = Change::of(&entries, held);
    for note in &change.notes {
        // What was left out is no part of the rulebook that is printed.
        let _ = writeln!(std::io::stderr().lock(), "huangpu: {note}");
    }
    let last = entries.keys().next_back().copied().unwrap_or(args.from);
    let year_end = Date::new(last.year(), 12, 31).unwrap_or(last);
    let known = args.known_until.unwrap_or(year_end);
    let digest = blake3::hash(&bytes).to_hex();
    let file = args.list.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let source = toml_text(&format!("{}; imported from {file} (BLAKE3 {})", args.source, &digest[..16]));
    let version = change.version(args.from, known, &source, &entries, held);
    let whole = format!("{}\n\n{version}", text.trim_end());
    // Read again as it will be adopted: what does not fit says where.
    let name = args.rulebook.to_string_lossy();
    rulebook::parse(&whole, &name, &mut |name| fs::read_to_string(name))
        .with_context(|| format!("{} does not take these days", args.rulebook.display()))?;
    print(&whole)?;
    Ok(ExitCode::SUCCESS)
}

/// What a list changes in a calendar.
struct Change {
    holidays: BTreeSet<Date>,
    /// Holidays of the rulebook on which there is trading after all.
    back: BTreeSet<Date>,
    half: BTreeMap<TimeOfDay, BTreeSet<Date>>,
    notes: Vec<String>,
}

impl Change {
    fn of(entries: &BTreeMap<Date, Entry>, held: &Version) -> Self {
        let calendar = &held.trading.calendar;
        let (mut holidays, mut back, mut half) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let mut notes = Vec::new();
        for (&date, entry) in entries {
            let in_week = calendar.weekdays >> (date.weekday() - 1) & 1 == 1;
            let known = calendar.holidays.contains(&date);
            match entry.kind {
                _ if !in_week => notes.push(format!("{date} ({}) is no trading day anyway", day_of(date))),
                Kind::Holiday if known => notes.push(format!("{date} is a holiday of the rulebook already")),
                Kind::Holiday => {
                    holidays.insert(date);
                }
                Kind::HalfDay(end) => {
                    half.entry(end).or_insert_with(BTreeSet::new).insert(date);
                    back.extend(Some(date).filter(|_| known));
                }
                Kind::TradingDay if known => {
                    back.insert(date);
                }
                Kind::TradingDay => notes.push(format!("{date} is a trading day of the rulebook already")),
            }
        }
        Self { holidays, back, half, notes }
    }

    fn version(
        &self,
        from: Date,
        known: Date,
        source: &str,
        entries: &BTreeMap<Date, Entry>,
        held: &Version,
    ) -> String {
        let calendar = &held.trading.calendar;
        let mut text = format!(
            "[[version]]\nfrom = {from}\nsource = {source}\n\n[version.trading.calendar]\nknown_until = {known}\n"
        );
        let name = |date: &Date| entries.get(date).map(|entry| entry.name.as_str()).unwrap_or_default();
        if self.back.is_empty() {
            if !self.holidays.is_empty() {
                text.push_str(&dates("holidays_add", self.holidays.iter(), name));
            }
        } else {
            let all: BTreeSet<Date> =
                calendar.holidays.difference(&self.back).chain(&self.holidays).copied().collect();
            text.push_str(&dates("holidays", all.iter(), name));
        }
        let _ = writeln!(text, "source = {source}");
        let key = if held.trading.hours.is_empty() { "hours" } else { "hours_add" };
        for (end, on) in &self.half {
            let _ = write!(
                text,
                "\n[[version.trading.{key}]]\n{}day_end = \"{end}\"\nsource = {source}\n",
                dates("dates", on.iter(), name)
            );
        }
        text
    }
}

/// An array of dates, one a line, each with its name behind it.
fn dates<'d, 'n>(
    key: &str,
    dates: impl Iterator<Item = &'d Date>,
    name: impl Fn(&Date) -> &'n str,
) -> String {
    let mut text = format!("{key} = [\n");
    for date in dates {
        let name = name(date);
        let comment = if name.is_empty() { String::new() } else { format!(" # {name}") };
        let _ = writeln!(text, "    {date},{comment}");
    }
    text.push_str("]\n");
    text
}

/// Text between quotes, as TOML writes it.
fn toml_text(text: &str) -> String {
    let escaped: String = text
        .chars()
        .filter(|sign| !sign.is_control())
        .flat_map(|sign| matches!(sign, '"' | '\\').then_some('\\').into_iter().chain([sign]))
        .collect();
    format!("\"{escaped}\"")
}
