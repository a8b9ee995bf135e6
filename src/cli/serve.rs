//! `huangpu serve`: a node that people and programs can use.

use crate::cli::files::{self, Story};
use crate::cli::{Ended, print, progress, run};
use crate::config::{Config, ConfigArgs, Effective};
use crate::node::{DataDir, Node};
use crate::serve::access::{hash_password, random_text};
use crate::serve::{Clock, Opening, Running, acceptor, start, start_log};
use anyhow::{Context, Result, bail};
use base::{Timestamp, UserId};
use engine::{ClientId, Command, Envelope, Event, OPERATOR};
use roster::{CreateUser, Duties, Duty};
use std::path::PathBuf;
use std::process::ExitCode;

/// What to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A folder with a rulebook for each market, or rulebook files. Command files there are played into a log that is new
    #[arg(value_name = "FOLDER | RULEBOOK", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Check configuration, rulebooks and log, and do not serve
    #[arg(long)]
    check: bool,
    /// Do not play the command files of the folder
    #[arg(long)]
    no_play: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    let config = Effective::read(&args.config)?.config;
    start_log(&config.log);
    let mut story = files::read_to_serve(&args.paths)?;
    if args.no_play {
        story.days.clear();
    }
    let data = match &config.data {
        Some(data) => data.clone(),
        None => DataDir::default_for(&story.name)?,
    };
    if args.check && !DataDir::at(&data).has_log(&journal::RealDisk)? {
        print("configuration and rulebooks are in order; the log will be made\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let bar = progress::bar("opening the log", false);
    let (mut node, opened) = Node::open(&data, &mut progress::told(&bar))?;
    bar.finish_and_clear();
    print(&format!("log: {} ({} records)\n", data.display(), opened.records))?;
    if args.check {
        acceptor(&config, &data)?;
        print("configuration, rulebooks and log are in order\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    prepare(&mut node, &story)?;
    let clock = clock(&config, &node);
    let first = admit_operator(&mut node, clock)?;
    let first = first.map_or_else(String::new, |password| {
        format!("first operator: user operator, password {password} (to be changed at the first sign-in)\n")
    });
    block_on(serve(node, config, data, clock, |_| Ok(first)))
}

/// The clock of the configuration; never before the last record.
fn clock(config: &Config, node: &Node) -> Clock {
    match &config.clock {
        Some(from) => Clock::sandbox(from.time, node.time()),
        None => Clock::real(),
    }
}

/// Opens the markets of a log that is new, and plays the command files into it.
fn prepare(node: &mut Node, story: &Story) -> Result<()> {
    if !node.state().markets().is_empty() {
        for rulebook in &story.rulebooks {
            if node.state().market_id(&rulebook.code).is_none() {
                bail!("the log has no market {}: propose its rulebook to the node that runs", rulebook.code);
            }
        }
        return Ok(());
    }
    let begins = story.days.first().and_then(|day| day.lines.first());
    let begins = begins.map_or_else(|| Clock::real().now(), |first| first.line.time);
    let mut markets = Vec::new();
    for rulebook in &story.rulebooks {
        markets.push(run::adopt(node, begins, rulebook)?);
    }
    let total = story.days.iter().map(|day| day.lines.len() as u64).sum();
    let bar = progress::bar("playing the command files", false);
    bar.set_length(total);
    for file in &story.days {
        run::run_day(node, &markets, file, &bar)?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// Where there are no users, admits the first one, and from then on every command names its user. Gives its password.
fn admit_operator(node: &mut Node, clock: Clock) -> Result<Option<String>> {
    if node.state().roster().in_force() {
        return Ok(None);
    }
    let password = random_text(16)?;
    let operator = CreateUser {
        participant: OPERATOR,
        name: "operator".to_owned(),
        duties: Duties::of(&[Duty::Operator]),
        password: hash_password(&password)?,
        must_change: true,
    };
    let new = node.state().roster().user_named("operator").is_none();
    let commands =
        new.then_some(Command::CreateUser(operator)).into_iter().chain([Command::PutRosterInForce]);
    for (number, command) in commands.enumerate() {
        own(node, clock.now().max(node.time()), &format!("serve/{number}"), command)?;
    }
    Ok(new.then_some(password))
}

/// A command of the node itself.
pub(crate) fn own(node: &mut Node, time: Timestamp, id: &str, command: Command) -> Result<()> {
    let envelope = Envelope { actor: OPERATOR, user: UserId::NOBODY, client_id: ClientId::of(id), command };
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
    let tls = acceptor(&config, &data)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut running = start(node, Opening { config, data, clock, tls }).await?;
    let text = begun(&running)?;
    print(&format!("console: {scheme}://{}/\n{text}", running.address))?;
    tracing::info!(address = %running.address, "serving");
    let failed = tokio::select! {
        told = told_to_stop() => {
            told?;
            false
        }
        () = running.failed() => true,
    };
    if !failed {
        print("stopping\n")?;
    }
    running.stop().await.context("the node did not end well")?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Waits for an interrupt from the keyboard, or the signal by which a service is ended.
async fn told_to_stop() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed?,
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}
