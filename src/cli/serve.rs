//! `huangpu serve`: a node that people and programs can use.

use crate::cli::files::{self, Dates, Story};
use crate::cli::{self, Ended, ceremony, print, progress, run};
use crate::config::{Config, ConfigArgs, Effective};
use crate::node::{DataDir, Node, verify};
use crate::report::Horizon;
use crate::serve::{
    Clock, Opening, Plausible, Running, check_projection, check_tls, speaks, start, start_log,
};
use anyhow::{Context, Result, bail};
use base::{Timestamp, UserId};
use engine::rulebook::Rulebook;
use engine::{ClientId, Command, Door, Envelope, Event, OPERATOR, State};
use journal::RealDisk;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder with a rulebook for each market, or rulebook files. Command files there are played into a log that is new
    #[arg(value_name = "FOLDER | RULEBOOK", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Check configuration, certificate, rulebooks and log, also beside a node that runs; change nothing, and do not serve
    #[arg(long)]
    check: bool,
    /// Do not play the command files of the folder
    #[arg(long)]
    no_play: bool,
    #[command(flatten)]
    dates: Dates,
}

pub(crate) fn run(args: &Args) -> Ended {
    let config = Effective::read(&args.config)?.config;
    start_log(&config.log);
    let mut story = files::read_to_serve(&args.paths, args.dates)?;
    if args.no_play {
        story.days.clear();
    }
    let data = match &config.data {
        Some(data) => data.clone(),
        None => DataDir::default_for(&story.name)?,
    };
    if args.check {
        return check(&config, &story, &data);
    }
    let mut node = cli::open(&data, false)?;
    prepare(&mut node, &story, args.dates, config.clock.as_ref().map(|from| from.time))?;
    let clock = clock(&config, &node);
    // What would end the start is found before anybody is admitted.
    check_tls(&config, &data)?;
    check_projection(&config, &node)?;
    // What was just played into a new log may be of any year.
    clock.watch(Plausible::of(&config.time), node.state().roster().in_force().then(|| node.time()));
    let first = ceremony::admit(&mut node, &clock, &data)?;
    block_on(serve(node, config, data, clock, move |running| {
        let _ = print(&ceremony::said(&first, running));
        Ok(String::new())
    }))
}

/// Looks at everything that a start depends on and that can be looked at beside a node that runs, and changes nothing.
fn check(config: &Config, story: &Story, data: &Path) -> Ended {
    check_tls(config, data)?;
    let dir = DataDir::at(data);
    if !dir.has_log(&RealDisk)? {
        dir.may_begin(&RealDisk)?;
        let calendars = calendars(story.rulebooks.iter());
        print(&format!("{calendars}configuration and rulebooks are in order; the log will be made\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let verified = progress::during("verifying the log", false, |told| verify(&dir, told));
    let verified = verified.with_context(|| format!("{} does not verify", data.display()))?;
    let others = knows_markets(&verified.state, story)?;
    let others: Vec<String> = others.iter().map(|code| format!("{}\n", other_rules(code))).collect();
    let (records, tail) = (verified.summary.records, verified.tail());
    let markets = verified.state.markets().iter().map(|market| &market.rulebook);
    print(&format!(
        "log: {} ({records} records; {tail})\n{}{}{}configuration, rulebooks and log are in order\n",
        data.display(),
        others.concat(),
        calendars(markets),
        against_the_clock(config, &verified.state)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Until when the calendars are known, a line each.
fn calendars<'r>(rulebooks: impl Iterator<Item = &'r Rulebook>) -> String {
    let now = Clock::real().now();
    rulebooks
        .map(|rulebook| {
            let today = rulebook.versions[0].trading.calendar.local(now).0;
            format!("{}\n", Horizon::of(rulebook, today).text())
        })
        .collect()
}

/// What a start would say of the clock; nothing where all is well, and of a sandbox.
fn against_the_clock(config: &Config, state: &State) -> String {
    let (now, last) = (Clock::real().now(), state.time());
    let pause = now.0.saturating_sub(last.0) / SECOND;
    let days = config.time.pause_days_max.cast_signed();
    match () {
        () if config.clock.is_some() => String::new(),
        () if pause < -1 => format!("the last record lies {} s ahead of the clock\n", -pause),
        () if pause / 86_400 >= days && state.roster().in_force() => format!(
            "the last record is {} days old, more than time.pause_days_max: the node starts and takes no command until an operator confirms its clock\n",
            pause / 86_400
        ),
        () => String::new(),
    }
}

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The clock of the configuration; never before the last record.
fn clock(config: &Config, node: &Node) -> Clock {
    if let Some(from) = &config.clock {
        return Clock::sandbox(from.time, node.time());
    }
    let clock = Clock::real();
    let paused = clock.now().0.saturating_sub(node.time().0) / (86_400 * SECOND);
    if node.state().sequence().0 > 0 && paused >= 7 {
        tracing::info!(
            "the last record of the log is {paused} days old: what the calendar had due since then happens now"
        );
    }
    clock
}

/// Whether a log has every market that is to be served. Gives those for which it has other rules than the rulebook that was named.
fn knows_markets<'s>(state: &State, story: &'s Story) -> Result<Vec<&'s str>> {
    let mut others = Vec::new();
    for rulebook in &story.rulebooks {
        let Some(market) = state.market_id(&rulebook.code) else {
            bail!("the log has no market {}: propose its rulebook to the node that runs", rulebook.code)
        };
        if state.markets()[market.index()].rulebook != *rulebook {
            others.push(rulebook.code.as_str());
        }
    }
    Ok(others)
}

/// What to know of such a market.
fn other_rules(code: &str) -> String {
    format!(
        "the rules of {code} are those of the log, and the rulebook named here has others: propose it to the node that runs"
    )
}

/// Opens the markets of a log that is new, and plays the command files into it; where that was broken off, it goes on from there.
/// A log with users, or with a market of which nothing is said here, is not new. `clock` is when a sandbox begins.
fn prepare(node: &mut Node, story: &Story, dates: Dates, clock: Option<Timestamp>) -> Result<()> {
    let state = node.state();
    let is_ours = |code: &str| story.rulebooks.iter().any(|rulebook| rulebook.code == code);
    if state.roster().in_force() || !state.markets().iter().all(|market| is_ours(&market.rulebook.code)) {
        for code in knows_markets(state, story)? {
            tracing::warn!("{}", other_rules(code));
        }
        return Ok(());
    }
    let last = (node.state().sequence().0 > 0).then(|| node.time());
    dates.check_pauses(story, last)?;
    let begins = story.days.first().and_then(|day| day.lines.first()).map(|first| first.line.time);
    let begins = begins.or(clock).unwrap_or_else(|| Clock::real().now()).max(node.time());
    let mut markets = Vec::new();
    for rulebook in &story.rulebooks {
        markets.push(match node.state().market_id(&rulebook.code) {
            Some(market) => market,
            None => run::adopt(node, begins, rulebook)?,
        });
    }
    let total = story.days.iter().map(|day| day.lines.len() as u64).sum();
    let bar = progress::bar("playing the command files", false);
    bar.set_length(total);
    for file in &story.days {
        if let Err(error) = run::run_day(node, &markets, file, &bar) {
            node.flush(&mut |_, _, _| Ok(()))?;
            bail!(
                "{error:#}\n(every command before this line is in the log: the next start goes on from here, or serves without the \
                 files where --no-play says so)"
            );
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// A command of the node itself.
pub(crate) fn own(node: &mut Node, time: Timestamp, id: &str, command: Command) -> Result<()> {
    let envelope = Envelope {
        actor: OPERATOR,
        user: UserId::NOBODY,
        client_id: ClientId::of(id),
        door: Door::Node,
        command,
    };
    let mut refused = None;
    node.submit(time, envelope, &mut |_, _, _| Ok(()))?;
    node.flush(&mut |_, events, _| {
        refused = events.iter().find_map(|event| match event {
            Event::Refused(reason) => Some(*reason),
            _ => None,
        });
        Ok(())
    })?;
    match refused {
        Some(reason) => bail!("{id} was refused: {}", reason.sentence()),
        None => Ok(()),
    }
}

/// Runs what serves, on as many threads as there are cores.
pub(crate) fn block_on(serving: impl Future<Output = Ended>) -> Ended {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serving)
}

/// Serves until it is told to stop or fails. `begun` is told when it begins, and says what is printed then.
pub(crate) async fn serve(
    node: Node,
    config: Config,
    data: PathBuf,
    clock: Clock,
    begun: impl FnOnce(&Running) -> Result<String>,
) -> Ended {
    let tls = speaks(&config, &data)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut running = start(node, Opening { config, data, clock, tls }).await?;
    let mut stop = Stop::listen()?;
    let text = begun(&running)?;
    // From here on nobody need read what is printed: a node does not end with the terminal it was started from.
    let _ = print(&format!("console: {scheme}://{}/\n{text}", running.address));
    tracing::info!(address = %running.address, record = running.app.reader.sequence(), "serving");
    let told = tokio::select! {
        signal = stop.told() => Some(signal),
        () = running.failed() => None,
    };
    let failed = told.is_none();
    match told {
        Some(signal) => {
            tracing::info!(signal, "stopping");
            let _ = print("stopping\n");
        }
        None => tracing::error!("the node has failed: stopping"),
    }
    running.stop().await.context("the node did not end well")?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The ways in which a node is told to stop.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Listens for an interrupt from the keyboard, and for the signal by which a service is ended. What comes from then on is heard.
    fn listen() -> Result<Self> {
        let heard = |kind| signal(kind).context("signals cannot be listened for");
        Ok(Self { interrupt: heard(SignalKind::interrupt())?, terminate: heard(SignalKind::terminate())? })
    }

    /// Which of them it was.
    async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupt",
            _ = self.terminate.recv() => "terminate",
        }
    }
}
