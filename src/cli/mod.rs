//! The command line. Each command is a file of its own here.

mod backup;
mod calendar;
mod ceremony;
mod completions;
mod config;
mod demo;
mod files;
mod head;
mod history;
mod log;
mod new;
mod progress;
mod project;
mod report;
mod rerun;
mod restore;
mod run;
mod serve;
mod verify;

use crate::node::{Node, Opened};
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Open-source financial market infrastructure: from order to settled holding to surrendered allowance, on one durable log.
#[derive(Debug, Parser)]
#[command(name = "huangpu", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write what one begins with: a market of your own
    New(new::Args),
    /// Run a market through its command files, day by day, and print what each day brought
    Run(run::Args),
    /// Make the public record of a market again, order by order, and compare it row by row
    History(history::Args),
    /// Print the holidays of a rulebook, or add more from a list
    Calendar(calendar::Args),
    /// Serve markets over HTTP and WebSocket, with a console
    Serve(serve::Args),
    /// Serve two markets with a crowd that trades, to look around in
    Demo(demo::Args),
    /// Check a log: checksums, hash chain, replay to the same digest, conservation
    Verify(verify::Args),
    /// Print the signed head of a log, to be kept elsewhere: `verify --head` tells whether a log still holds it
    Head(head::Args),
    /// Print a report, as of any day or record
    Report(report::Args),
    /// Print the records of a log and what happened because of them
    Log(log::Args),
    /// Copy a log while its node runs, and verify the copy
    Backup(backup::Args),
    /// Make a data directory from a backup
    Restore(restore::Args),
    /// Print the configuration that a node would run with, and where each value comes from
    Config(config::Args),
    /// Make the projection of a log again: its history in a database, for reads that need it
    Project(project::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// What a command ended with: 0 for yes, 1 for no.
type Ended = anyhow::Result<ExitCode>;

/// Runs the command line. Exit code 0: done; 1: not done, or a check failed, with the reason on standard error; 2: the
/// command line was wrong.
#[must_use]
pub fn main() -> ExitCode {
    end(Cli::parse())
}

/// [`main`] with arguments of the caller's, without the name of the program.
#[must_use]
pub fn main_with(args: Vec<OsString>) -> ExitCode {
    end(Cli::parse_from(std::iter::once("huangpu".into()).chain(args)))
}

fn end(cli: Cli) -> ExitCode {
    let ended = match cli.command {
        Command::New(args) => new::run(&args),
        Command::Run(args) => run::run(&args),
        Command::History(args) => history::run(&args),
        Command::Calendar(args) => calendar::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Head(args) => head::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Log(args) => log::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Project(args) => project::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    ended.unwrap_or_else(|error| {
        if error.downcast_ref().is_some_and(is_gone) {
            return ExitCode::SUCCESS;
        }
        complain(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

/// Says on standard error what is wrong. Where that is gone too, the exit code says it alone.
fn complain(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "huangpu: {}", gateway::shown(what));
}

/// Opens a data directory, or makes one, with a bar, and says how it was found.
fn open(data: &Path, quiet: bool) -> anyhow::Result<Node> {
    let (node, opened) = progress::during("opening the log", quiet, |told| Node::open(data, told))?;
    check_whole(data, &opened)?;
    for path in &opened.passed_over {
        complain(&format!(
            "{} is damaged, of another version, or not sealed by this node: passed over, the log was replayed instead",
            path.display()
        ));
    }
    tracing::info!(
        data = %data.display(),
        records = opened.records,
        cut_bytes = opened.cut_bytes,
        version = env!("CARGO_PKG_VERSION"),
        "log opened"
    );
    if !quiet {
        let cut = match opened.cut_bytes {
            0 => String::new(),
            bytes => format!(", {bytes} bytes of a torn write cut"),
        };
        say(&format!("log: {} ({} records{cut})\n", data.display(), opened.records))?;
    }
    Ok(node)
}

/// Whether a log has everything that its snapshots and its signed heads know of.
///
/// # Errors
/// It has not.
fn check_whole(data: &Path, opened: &Opened) -> anyhow::Result<()> {
    const ADVICE: &str = "Bring the missing segments back, or a backup; to go on without them, remove the snapshots and heads.jsonl";
    let (data, records) = (data.display(), opened.records);
    if let Some(known_to) = opened.known_to {
        anyhow::bail!(
            "the log in {data} ends with record {records}, and a snapshot of it stands at record {known_to}: what came between is \
             lost. {ADVICE}"
        );
    }
    if let Some(head) = &opened.missing {
        let (record, time) = (head.record, &head.time);
        let what = if record > records {
            format!(
                "ends with record {records}, and this node has signed a head of record {record} ({time}): what came between is lost"
            )
        } else {
            format!(
                "is not the one whose head of record {record} ({time}) this node has signed: it was rewritten"
            )
        };
        anyhow::bail!("the log in {data} {what}. {ADVICE}");
    }
    Ok(())
}

/// Prints what work says of itself: it goes on when nobody reads that any more.
///
/// # Errors
/// Standard output cannot be written.
fn say(text: &str) -> std::io::Result<()> {
    print(text).or_else(|error| if is_gone(&error) { Ok(()) } else { Err(error) })
}

/// Whether a reader has gone away.
fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// Prints what a program reads.
///
/// # Errors
/// As [`print`].
fn print_json(what: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(print(&format!("{}\n", serde_json::to_string_pretty(what)?))?)
}

/// Prints to standard output; a reader that has gone away is not a fault. Everything that is printed goes through here: what would
/// drive the terminal, or would not be seen, is escaped.
///
/// # Errors
/// Standard output cannot be written.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(gateway::shown(text).as_bytes())?;
    out.flush()
}
