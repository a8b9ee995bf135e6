//! `sim --seed N` runs the days of one seed, `sim --seeds N..M` those of many. A failing seed prints the shortest history found and
//! the command that runs it again; the exit code is then 1.

use clap::Parser;
use comfy_table::{LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressStyle};
use sim::coverage::Coverage;
use sim::plant::{Nothing, Plant};
use sim::step::KINDS;
use sim::{History, Outcome, reduce, replay, simulate};
use std::process::ExitCode;
use std::time::Instant;

/// Simulates days of business on a faulty disk, with an auditor beside them.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The seed to run.
    #[arg(long, value_name = "N", conflicts_with = "seeds", required_unless_present = "seeds")]
    seed: Option<u64>,
    /// The seeds to run: from N up to but not including M.
    #[arg(long, value_name = "N..M", value_parser = span)]
    seeds: Option<(u64, u64)>,
    /// Runs only these steps of the seed, as a failing seed prints them.
    #[arg(long, value_name = "STEPS", requires = "seed", value_parser = steps)]
    only: Option<Steps>,
    /// Prints every step taken.
    #[arg(long)]
    verbose: bool,
    /// Runs at most that the search for a shorter history may take.
    #[arg(long, value_name = "RUNS", default_value_t = 600)]
    effort: usize,
    /// Fails also where a kind of command was never taken, or a refusal never seen but for the few that cannot be reached.
    #[arg(long)]
    cover: bool,
}

/// Places of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Steps(Vec<(usize, usize)>);

fn span(text: &str) -> Result<(u64, u64), String> {
    let span = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    span.filter(|(from, to)| from < to).ok_or_else(|| "seeds are written N..M, with N below M".to_owned())
}

fn steps(text: &str) -> Result<Steps, String> {
    let span = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    let spans: Option<Vec<_>> = text.split(',').map(span).collect();
    spans.map(Steps).ok_or_else(|| "steps are written as 3,5-9,12".to_owned())
}

/// The places of a history, as `--only` reads them.
fn written(history: &History) -> String {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for (index, _) in history {
        match spans.last_mut() {
            Some((_, to)) if *to + 1 == *index => *to = *index,
            _ => spans.push((*index, *index)),
        }
    }
    let span =
        |(from, to): &(usize, usize)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    spans.iter().map(span).collect::<Vec<_>>().join(",")
}

/// Refusals that business hardly reaches, and not in the seeds of every change: amounts beyond sixty-three bits where lower limits come first, a book of 2^27 orders, a
/// conversion into an asset that is full, the 65,536th user, a rulebook adopted anew whose days begin at another time; and of trades that are taken back,
/// that within a day what was bought has left the buyer, or the money the seller. A scenario shows each that can be reached at all.
const UNREACHED: [(&str, &str); 13] = [
    ("place", "amount_too_large"),
    ("clearing", "amount_too_large"),
    ("carry_over", "issue_too_large"),
    ("enter", "book_full"),
    ("roster", "too_many"),
    ("rulebook", "day_begins_changed"),
    ("unwind", "account_closed"),
    ("unwind", "units_reserved"),
    ("unwind", "units_pledged"),
    ("unwind", "units_frozen"),
    ("unwind", "units_gone"),
    ("unwind", "money_reserved"),
    ("unwind", "money_gone"),
];

fn main() -> ExitCode {
    let args = Args::parse();
    sim::keep_panics();
    let (from, to) =
        args.seeds.unwrap_or_else(|| args.seed.map_or((0, 1), |seed| (seed, seed.saturating_add(1))));
    let started = Instant::now();
    let bar = ProgressBar::new(to - from);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {elapsed}, {eta} to go  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut coverage = Coverage::default();
    let mut failed = 0;
    for seed in from..to {
        let outcome = one(seed, &args);
        coverage.add(&outcome.coverage);
        if args.verbose {
            bar.suspend(|| print_history(&outcome.history));
        }
        if outcome.finding.is_some() {
            failed += 1;
            bar.set_message(format!("{failed} failed"));
            bar.suspend(|| explain(seed, &outcome, &args));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    summary(&coverage, args.seeds.is_some());
    println!("{} seeds, {failed} failed, {:.1} s", to - from, started.elapsed().as_secs_f64());
    let expected = |reason| !UNREACHED.contains(&reason);
    let missed = coverage.never_seen().into_iter().any(expected);
    let gaps = args.cover && (missed || !coverage.never_taken().is_empty());
    if failed > 0 || gaps { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn one(seed: u64, args: &Args) -> Outcome {
    let whole = simulate(seed, &mut Nothing);
    let Some(Steps(spans)) = &args.only else { return whole };
    let kept = |index: usize| spans.iter().any(|(from, to)| (*from..=*to).contains(&index));
    let steps: History = whole.history.into_iter().filter(|(index, _)| kept(*index)).collect();
    replay(seed, &mut Nothing, &steps, &whole.created)
}

fn print_history(history: &History) {
    for (index, step) in history {
        println!("{index:5}  {step}");
    }
}

fn explain(seed: u64, outcome: &Outcome, args: &Args) {
    let Some(finding) = &outcome.finding else { return };
    println!("\nseed {seed} failed after {} steps: {finding}", outcome.history.len());
    if args.only.is_some() {
        print_history(&outcome.history);
        return;
    }
    let mut nothing = || Box::new(Nothing) as Box<dyn Plant>;
    let reduced = reduce::reduce(seed, &mut nothing, outcome, finding, args.effort);
    println!("the shortest history found in {} runs has {} steps:", reduced.runs, reduced.history.len());
    print_history(&reduced.history);
    println!("then: {}", reduced.finding);
    println!("again: cargo run --release -p sim -- --seed {seed} --only {}", written(&reduced.history));
    println!("whole: cargo run --release -p sim -- --seed {seed} --verbose\n");
}

fn summary(coverage: &Coverage, many: bool) {
    let table = |head: &[&str]| {
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-')));
        table.set_header(head.to_vec());
        table
    };
    let mut commands = table(&["command", "taken", "refused"]);
    for kind in KINDS {
        let (taken, refused) = coverage.commands.get(kind).copied().unwrap_or_default();
        if many || taken + refused > 0 {
            commands.add_row([(*kind).to_owned(), taken.to_string(), refused.to_string()]);
        }
    }
    println!("{commands}");
    let mut refusals = table(&["refused at", "because", "times"]);
    for ((stage, code), times) in &coverage.refusals {
        refusals.add_row([(*stage).to_owned(), (*code).to_owned(), times.to_string()]);
    }
    println!("{refusals}");
    let mut events = table(&["what came of it", "times"]);
    coverage.events.iter().for_each(|(name, times)| {
        events.add_row([name.clone(), times.to_string()]);
    });
    println!("{events}");
    let mut steps = table(&["step", "times"]);
    coverage.steps.iter().for_each(|(kind, times)| {
        steps.add_row([(*kind).to_owned(), times.to_string()]);
    });
    coverage.faults.iter().for_each(|(fault, times)| {
        steps.add_row([format!("fault of the disk: {fault}"), times.to_string()]);
    });
    println!("{steps}");
    let Coverage { records, days, trades, openings, cuts, found, lost, unknown, .. } = coverage;
    println!("records {records}, trading days {days}, trades {trades}, verdicts not given {unknown}");
    println!(
        "openings {} (over a snapshot {}), torn writes cut {}, damage told {}, found durable {found}, lost unacknowledged {lost}",
        openings.0, openings.1, cuts.0, cuts.1
    );
    if many {
        println!("never taken: {:?}", coverage.never_taken());
        let never: Vec<String> =
            coverage.never_seen().iter().map(|(stage, code)| format!("{stage}/{code}")).collect();
        println!(
            "never refused: {}",
            if never.is_empty() { "nothing left".to_owned() } else { never.join(" ") }
        );
    }
}
