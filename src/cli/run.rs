//! `huangpu run`: a market through its command files.

use crate::cli::{self, Ended, files, files::DayFile, print_json, progress, say};
use crate::node::{DataDir, Node, Submitted, hex};
use crate::report::{self, Compliance, DayReport, FinalReport, Report as _};
use anyhow::{Context, Result};
use base::{MarketId, Timestamp, UserId};
use engine::rulebook::Rulebook;
use engine::{ClientId, Command, Door, Envelope, Event, OPERATOR, Record, State};
use gateway::{Names, Resolver};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder with a rulebook (.toml) for each market and one command file (.jsonl) a day; or rulebooks and command files
    #[arg(required = true, value_name = "FOLDER | RULEBOOK FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    dates: files::Dates,
    /// Where the log and the reports are kept [default: a folder under your data directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
}

/// A command that the rules refused.
#[derive(Debug, Serialize)]
struct Refusal {
    record: u64,
    by: String,
    id: String,
    stage: &'static str,
    reason: &'static str,
    because: &'static str,
}

/// What came of a day's file.
#[derive(Debug, Serialize)]
pub(crate) struct Day {
    file: String,
    date: String,
    commands: usize,
    already_in_log: usize,
    refusals: Vec<Refusal>,
    /// None on a day without trading, and where all was in the log already.
    #[serde(flatten)]
    report: Option<DayReport>,
    /// Of the other markets that traded on this day.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_markets: Vec<DayReport>,
}

/// What came of everything.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    data: String,
    days: &'a [Day],
    #[serde(flatten)]
    last: &'a FinalReport,
    #[serde(skip_serializing_if = "<[Compliance]>::is_empty")]
    other_markets: &'a [Compliance],
}

pub(crate) fn run(args: &Args) -> Ended {
    let story = files::read(&args.paths, args.dates)?;
    let data = match &args.data {
        Some(data) => data.clone(),
        None => DataDir::default_for(&story.name)?,
    };
    let mut node = cli::open(&data, args.json)?;
    node.takes_files()?;
    let last = (node.state().sequence().0 > 0).then(|| node.time());
    args.dates.check_pauses(&story, last)?;
    let begins =
        story.days.first().and_then(|day| day.lines.first()).map_or(Timestamp(0), |first| first.line.time);
    let markets = story.rulebooks.iter().map(|rulebook| adopt(&mut node, begins, rulebook));
    let markets = markets.collect::<Result<Vec<MarketId>>>()?;

    let total = story.days.iter().map(|day| day.lines.len() as u64).sum();
    let bar = progress::bar("running", args.json);
    bar.set_length(total);
    let mut days = Vec::new();
    for file in &story.days {
        let day = match run_day(&mut node, &markets, file, &bar) {
            Ok(day) => day,
            Err(error) => {
                // What stands before the faulty line is taken; a corrected file takes up from there.
                node.flush(&mut |_, _, _| Ok(()))?;
                anyhow::bail!("{error:#}\n(stopped here: every command before this line is in the log)");
            }
        };
        for report in day.report.iter().chain(&day.other_markets) {
            report::write_day(&dir_of(&node, &report.price_list.market), report)?;
        }
        if !args.json {
            bar.suspend(|| say(&day_text(&day)))?;
        }
        days.push(day);
    }
    bar.finish_and_clear();

    let last = report::final_report(node.state(), markets[0], &hex(&node.digest()));
    report::write_final(&node.dir().reports(), &last)?;
    let others: Vec<Compliance> =
        markets[1..].iter().map(|market| report::compliance(node.state(), *market)).collect();
    for compliance in &others {
        report::write_csv(&dir_of(&node, &compliance.market), compliance)?;
    }
    if args.json {
        let data = data.display().to_string();
        let outcome = Outcome { data, days: &days, last: &last, other_markets: &others };
        print_json(&outcome)?;
    } else {
        let mut text = "\n=== At the end ===\n\n".to_owned();
        for compliance in others.iter().filter(|compliance| !compliance.periods.is_empty()) {
            text.push_str(&format!("{}\n", compliance.text()));
        }
        say(&format!("{text}{}\nreports: {}\n", last.text(), node.dir().reports().display()))?;
    }
    let conserved = last.conservation.ok;
    node.close(&mut |_, _, _| Ok(()))?;
    Ok(if conserved { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Opens the market of a rulebook, or amends it; one that the log knows is passed over.
pub(crate) fn adopt(node: &mut Node, time: Timestamp, rulebook: &Rulebook) -> Result<MarketId> {
    let hash = hex(blake3::hash(&postcard::to_stdvec(rulebook)?).as_bytes());
    let client_id = ClientId::of(&format!("rulebook/{hash}"));
    let command = Command::AdoptRulebook(Box::new(rulebook.clone()));
    let envelope = Envelope { actor: OPERATOR, user: UserId::NOBODY, client_id, door: Door::File, command };
    let code = &rulebook.code;
    let mut refused = None;
    node.submit(time, envelope, &mut |_, _, _| Ok(()))
        .with_context(|| format!("the rulebook {code} cannot be adopted"))?;
    node.flush(&mut |_, events, _| {
        refused = events
            .iter()
            .find_map(|event| if let Event::Refused(reason) = event { Some(*reason) } else { None });
        Ok(())
    })?;
    if let Some(reason) = refused {
        anyhow::bail!("the rulebook {code} is not adopted: {}", reason.sentence());
    }
    node.state().market_id(code).with_context(|| format!("the rulebook {code} is not adopted"))
}

/// Where the reports of a market go.
fn dir_of(node: &Node, code: &str) -> PathBuf {
    let market = node.state().market_id(code).unwrap_or(MarketId(0));
    report::market_dir(&node.dir().reports(), market, code)
}

/// Plays a day's file, and ends the day.
pub(crate) fn run_day(
    node: &mut Node,
    markets: &[MarketId],
    file: &DayFile,
    bar: &indicatif::ProgressBar,
) -> Result<Day> {
    let market = markets[0];
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut observer = |record: &Record, events: &[Event], state: &State| {
        let names = Names(state);
        refusals.extend(events.iter().filter_map(|event| match event {
            Event::Refused(reason) => Some(Refusal {
                record: record.sequence.0,
                by: names.participant(record.envelope.actor),
                id: record.envelope.client_id.to_string(),
                stage: reason.stage(),
                reason: reason.code(),
                because: reason.sentence(),
            }),
            _ => None,
        }));
        Ok(())
    };
    let mut already_in_log = 0;
    for placed in &file.lines {
        let place = || format!("{}:{}", file.path.display(), placed.number);
        let line = &placed.line;
        let resolve = |node: &Node| {
            let resolver = Resolver { state: node.state(), market: Some(market), book: node };
            let actor = resolver.participant("by", &line.by)?;
            let user = line.user.as_deref().map(|name| resolver.user("as", name)).transpose()?;
            Ok((actor, user.unwrap_or(UserId::NOBODY), resolver.resolve(&line.command)?))
        };
        // What a command names may have been made by one that waits in the batch.
        let mut resolved: Result<_, gateway::ResolveError> = resolve(node);
        if node.has_pending() && (line.command.looks_at_state() || resolved.is_err()) {
            node.flush(&mut observer)?;
            resolved = resolve(node);
        }
        let (actor, user, command) =
            resolved.map_err(|error| anyhow::anyhow!("{}:{}", place(), error.in_line(&placed.text)))?;
        let envelope = Envelope { actor, user, client_id: ClientId::of(&line.id), door: Door::File, command };
        match node.submit(line.time, envelope, &mut observer).with_context(place)? {
            Submitted::Known(_) | Submitted::Waiting(_) => already_in_log += 1,
            Submitted::New(_) => {}
        }
        bar.inc(1);
    }
    let fresh = already_in_log < file.lines.len();
    if fresh {
        end_day(node, markets, file, &mut observer)?;
    }
    node.flush(&mut observer)?;
    let traded = |market: &&MarketId| fresh && node.state().venue().list_date(**market) == file.date;
    let report = |market: &MarketId| report::day_report(node.state(), *market);
    Ok(Day {
        file: file.path.display().to_string(),
        date: file.date.to_string(),
        commands: file.lines.len(),
        already_in_log,
        refusals,
        report: Some(&market).filter(traded).map(report),
        other_markets: markets[1..].iter().filter(traded).map(report).collect(),
    })
}

/// Lets the day end by the calendar of every market, whether or not a command was sent after that.
fn end_day(
    node: &mut Node,
    markets: &[MarketId],
    file: &DayFile,
    observer: &mut crate::node::Observer<'_>,
) -> Result<()> {
    let ends = markets.iter().map(|market| {
        let rulebook = &node.state().markets()[market.index()].rulebook;
        let calendar = &rulebook.version_on(file.date).trading.calendar;
        calendar.instant(file.date, calendar.day_end)
    });
    let ends = ends.fold(node.time(), Timestamp::max);
    let client_id = ClientId::of(&format!("end/{}", file.date));
    let tick = Envelope {
        actor: OPERATOR,
        user: UserId::NOBODY,
        client_id,
        door: Door::File,
        command: Command::Tick,
    };
    node.submit(ends, tick, observer)?;
    Ok(())
}

fn day_text(day: &Day) -> String {
    let (file, commands) = (&day.file, day.commands);
    if day.already_in_log == commands {
        return format!("\n{file}: its {commands} commands are already in the log\n");
    }
    let again = match day.already_in_log {
        0 => String::new(),
        known => format!(", {known} of them already in the log"),
    };
    let mut text = format!("\n=== {} ({file}: {commands} commands{again}) ===\n\n", day.date);
    let reports: Vec<String> = day.report.iter().chain(&day.other_markets).map(DayReport::text).collect();
    text.push_str(&if reports.is_empty() {
        "No trading on this day.\n".to_owned()
    } else {
        reports.join("\n")
    });
    if !day.refusals.is_empty() {
        text.push_str(&format!("\nRefused on {} ({})\n", day.date, day.refusals.len()));
        for Refusal { record, by, id, stage, reason, because } in &day.refusals {
            text.push_str(&format!("  #{record} {by}/{id}: {stage}/{reason}: {because}\n"));
        }
    }
    text
}
