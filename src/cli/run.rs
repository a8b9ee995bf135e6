//! `huangpu run`: a market through its command files.

use crate::cli::{self, Ended, files, files::DayFile, print_json, progress, rerun, say};
use crate::node::{DataDir, IdTaken, Node, Submitted, hex};
use crate::report::{self, Compliance, DayReport, FinalReport, Report as _};
use anyhow::{Context, Result};
use base::{Date, MarketId, Timestamp, UserId};
use engine::rulebook::Rulebook;
use engine::{ClientId, Command, Door, Envelope, Event, OPERATOR, Record, State};
use gateway::{Names, Resolver};
use journal::{Disk, RealDisk};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder with a rulebook (.toml) for each market and one command file (.jsonl) a day; or rulebooks and command files; or `-`: a log
    /// that `huangpu log --json` printed, from standard input
    #[arg(required = true, value_name = "FOLDER | RULEBOOK FILE | -")]
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

/// What to do about a line that was changed after it was run.
const EDITED: &str = "A line that was run is in the log for good: put the old line back, and write what is new as a line of \
    its own, with an id of its own, at the end of its day. To begin anew with the edited file, name another directory with --data";

/// A command that the rules refused.
#[derive(Debug, Serialize)]
struct Refusal {
    record: u64,
    line: Option<usize>,
    by: String,
    id: Option<String>,
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
    /// Why no market traded on this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_trading: Option<String>,
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
    if args.paths == [PathBuf::from("-")] {
        return rerun::run(args.data.as_deref(), args.json);
    }
    let story = files::read(&args.paths, args.dates)?;
    let data = match &args.data {
        Some(data) => data.clone(),
        None => DataDir::default_for(&story.name)?,
    };
    let mut node = cli::open(&data, args.json)?;
    node.takes_files()?;
    let reports = node.dir().reports();
    RealDisk.create_dir(&reports).with_context(|| format!("cannot make {}", reports.display()))?;
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
    let others = markets[1..].iter().filter(|market| report::has_duties(node.state(), **market));
    let others: Vec<Compliance> = others.map(|market| report::compliance(node.state(), *market)).collect();
    for compliance in &others {
        report::write_csv(&dir_of(&node, &compliance.market), compliance)?;
    }
    if args.json {
        let data = data.display().to_string();
        let outcome = Outcome { data, days: &days, last: &last, other_markets: &others };
        print_json(&outcome)?;
    } else {
        let mut text = "\n=== At the end ===\n\n".to_owned();
        for compliance in &others {
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
    // Logs from before the texts of long ids were kept know it by the whole hash, with which the text is longer than an id may be.
    let old = ClientId::of(&format!("rulebook/{hash}"));
    let is_old = node.answers().get((OPERATOR, old)).is_some();
    let client_id = if is_old { old } else { ClientId::of(&format!("rulebook/{}", &hash[..32])) };
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
    let mut refusals: Vec<Refusal> = Vec::new();
    let played = play(node, markets[0], file, bar, &mut refusals);
    let played = played.and_then(|already_in_log| finish(node, markets, file, already_in_log, &mut refusals));
    if played.is_err() {
        node.flush(&mut refusals_into(file, &mut refusals))?;
    }
    let already_in_log = played.map_err(|error| {
        // What follows from a refusal fails after it: the refusal is told first.
        let before: Vec<String> = refusals.iter().map(|refusal| refusal.place(&file.path)).collect();
        anyhow::anyhow!("{}{error:#}", before.concat())
    })?;
    let fresh = already_in_log < file.lines.len();
    let traded = |market: &&MarketId| {
        let state = node.state();
        let begun =
            |rulebook: &Rulebook| rulebook.versions.first().is_some_and(|first| first.from <= file.date);
        let known = state.markets().get(market.index()).is_some_and(|adopted| begun(&adopted.rulebook));
        fresh && known && state.venue().list_date(**market) == file.date
    };
    let report = |market: &MarketId| report::day_report(node.state(), *market);
    let report_of_first = Some(&markets[0]).filter(traded).map(report);
    let other_markets: Vec<DayReport> = markets[1..].iter().filter(traded).map(report).collect();
    let idle = fresh && report_of_first.is_none() && other_markets.is_empty();
    Ok(Day {
        file: file.path.display().to_string(),
        date: file.date.to_string(),
        commands: file.lines.len(),
        already_in_log,
        refusals,
        no_trading: idle.then(|| no_trading(node.state(), markets, file.date)),
        report: report_of_first,
        other_markets,
    })
}

/// Why no market trades on a day.
fn no_trading(state: &State, markets: &[MarketId], date: Date) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let why = |market: &MarketId| {
        let rulebook = &state.markets().get(market.index())?.rulebook;
        let (code, first) = (&rulebook.code, rulebook.versions.first()?.from);
        if date < first {
            return Some(format!("the rules of {code} begin on {first}"));
        }
        let calendar = &state.venue().rules(*market).calendar;
        let weekday = usize::try_from(date.weekday() - 1).ok().and_then(|day| DAYS.get(day))?;
        if calendar.is_trading_day(date) {
            return None;
        }
        let is_holiday = calendar.holidays.contains(&date);
        let what = if is_holiday { format!("a holiday, {weekday}") } else { format!("a {weekday}") };
        Some(format!("{date} is {what}, and no trading day of {code}"))
    };
    let reasons: Vec<String> = markets.iter().filter_map(why).collect();
    if reasons.is_empty() { "no market had begun its day".to_owned() } else { reasons.join("; ") }
}

impl Refusal {
    /// With the place in the file, as an error has it.
    fn place(&self, file: &Path) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let Self { stage, reason, because, .. } = self;
        let id = self.id.as_deref().unwrap_or("(unknown)");
        format!("{}{line}: {id} was refused: {stage}/{reason}: {because}\n", file.display())
    }
}

/// Who refused what, as it comes out of the log.
fn refusals_into<'r>(
    file: &'r DayFile,
    refusals: &'r mut Vec<Refusal>,
) -> impl FnMut(&Record, &[Event], &State) -> Result<()> + 'r {
    move |record: &Record, events: &[Event], state: &State| {
        for event in events {
            let Event::Refused(reason) = event else { continue };
            let by = Names(state).participant(record.envelope.actor);
            let id = record.envelope.client_id;
            let is_its =
                |placed: &&files::Placed| placed.line.by == by && ClientId::of(&placed.line.id) == id;
            refusals.push(Refusal {
                record: record.sequence.0,
                line: file.lines.iter().find(is_its).map(|placed| placed.number),
                by: by.clone(),
                id: id.text().map(str::to_owned),
                stage: reason.stage(),
                reason: reason.code(),
                because: reason.sentence(),
            });
        }
        Ok(())
    }
}

/// Sends a day's commands; how many of them the log had already.
fn play(
    node: &mut Node,
    market: MarketId,
    file: &DayFile,
    bar: &indicatif::ProgressBar,
    refusals: &mut Vec<Refusal>,
) -> Result<usize> {
    let mut observer = refusals_into(file, refusals);
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
        gateway::check_texts(node.state(), &command)
            .map_err(|error| anyhow::anyhow!("{}:{}", place(), error.in_line(&placed.text)))?;
        let envelope = Envelope { actor, user, client_id: ClientId::of(&line.id), door: Door::File, command };
        let submitted = node.submit(line.time, envelope, &mut observer);
        let submitted = submitted.map_err(|error| match error.downcast_ref::<IdTaken>() {
            Some(taken) => anyhow::anyhow!("{taken}. {EDITED}"),
            None => error,
        });
        match submitted.with_context(place)? {
            Submitted::Known(_) | Submitted::Waiting(_) => already_in_log += 1,
            Submitted::New(_) => {}
        }
        bar.inc(1);
    }
    node.flush(&mut observer)?;
    Ok(already_in_log)
}

/// Ends the day, if anything of it is new.
fn finish(
    node: &mut Node,
    markets: &[MarketId],
    file: &DayFile,
    already_in_log: usize,
    refusals: &mut Vec<Refusal>,
) -> Result<usize> {
    let mut observer = refusals_into(file, refusals);
    if already_in_log < file.lines.len() {
        end_day(node, markets, file, &mut observer)?;
    }
    node.flush(&mut observer)?;
    Ok(already_in_log)
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
        let why = day.no_trading.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("No trading on this day{why}.\n")
    } else {
        reports.join("\n")
    });
    if !day.refusals.is_empty() {
        text.push_str(&format!("\nRefused on {} ({})\n", day.date, day.refusals.len()));
        for Refusal { record, by, id, stage, reason, because, .. } in &day.refusals {
            let id = id.as_deref().unwrap_or("(unknown)");
            text.push_str(&format!("  #{record} {by}/{id}: {stage}/{reason}: {because}\n"));
        }
    }
    text
}
