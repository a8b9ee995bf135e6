//! `huangpu history`: the public record of a market, made again by orders that go through the whole engine, and compared with
//! the engine's own price list.
//!
//! The record says what a day came to, not who traded: a planner works out orders of invented participants that make the day
//! exactly (`sources`, `made`, `facts`, `session`, `book`), sends them through a node like anyone's (`plan`, `sender`), and the price list that
//! the engine closes with is held against the record (`compare`). A day that no orders can make is reported with the reason,
//! and nothing of it is traded. A publisher's slip in one place is outvoted by the others, reported, and the rest goes on.
//!
//! Architecture Invariant: the planner reads files, never the engine. So a second run plans the same commands, and the node
//! knows them as repeats.

mod book;
mod cast;
mod collect;
mod compare;
mod facts;
mod layout;
mod lines;
mod made;
mod outcome;
mod plan;
mod sender;
mod session;
mod sources;
mod totals;

pub use outcome::{Corrected, Exception, Outcome};

use crate::node::{DataDir, Node, Submitted, Until, hex, replay};
use anyhow::{Context, Result, bail};
use base::{Date, Sequence};
use collect::Collector;
use compare::Comparison;
use engine::State;
use markets::carbon::record::{Day, Record, RecordError};
use plan::{Planner, date_of};
use sender::Planned;
use std::path::PathBuf;

/// New commands after which the log is synced, at the end of a day.
const FLUSH_EVERY: u64 = 4_096;

/// Where the public record can be had.
pub const WHERE: &str = "The public record of China's national carbon market is published by the Shanghai Environment and \
    Energy Exchange (上海环境能源交易所): daily prices, volume and amount by way of trading, and notices of holidays, on \
    www.cneeex.com. It is no part of this project; docs/history.md says how its files are laid out";

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The rulebook file.
    pub rulebook: PathBuf,
    /// The directory of listed.csv, methods.csv and holidays.csv, or of the files that `layout` names.
    pub record: PathBuf,
    /// A file that says how the files of the record are laid out, where they are not as these three.
    pub layout: Option<PathBuf>,
    /// The data directory of the node.
    pub data: PathBuf,
    /// The first day, where it is not that of the record.
    pub from: Option<Date>,
    /// The last day, where it is not that of the record.
    pub to: Option<Date>,
}

/// The commands that went to the node.
struct Feed<'a> {
    node: &'a mut Node,
    collector: Collector,
    commands: u64,
    known: u64,
    unsynced: u64,
}

impl Feed<'_> {
    fn send(&mut self, planned: Vec<Planned>) -> Result<()> {
        let Self { node, collector, .. } = self;
        for Planned { time, envelope } in planned {
            let is_first = self.commands == 0;
            let submitted = node.submit(time, envelope, &mut |r, e, s| collector.observe(r, e, s));
            let submitted = submitted.context(
                "the data directory holds the log of another record, rulebook or first day: name an empty one",
            )?;
            self.commands += 1;
            let first = match submitted {
                Submitted::New(sequence) => {
                    self.unsynced += 1;
                    sequence
                }
                Submitted::Waiting(sequence) => {
                    self.known += 1;
                    sequence
                }
                Submitted::Known(answer) => {
                    self.known += 1;
                    if let Some(refusal) = answer.refusal {
                        let (sequence, sentence) = (answer.sequence, refusal.sentence());
                        bail!("record {sequence} of the log was refused: {sentence}");
                    }
                    answer.sequence
                }
            };
            if is_first && first != Sequence(1) {
                bail!("the data directory holds another log: name an empty one");
            }
        }
        if self.unsynced >= FLUSH_EVERY {
            node.flush(&mut |r, e, s| collector.observe(r, e, s))?;
            self.unsynced = 0;
        }
        Ok(())
    }
}

/// Makes the record again, durably, and compares. `progress` is told how many days are done, and of how many.
///
/// # Errors
/// The rulebook or the record cannot be read, they do not fit each other, the data directory is in use or holds another log,
/// or the engine refused an order.
pub fn run(options: &Options, progress: &mut dyn FnMut(u64, u64)) -> Result<Outcome> {
    let rulebook = rulebook::read(&options.rulebook)?;
    let layout = options.layout.as_deref().map(layout::read).transpose()?.unwrap_or_default();
    let record = Record::read_as(&layout, &options.record).map_err(|error| unreadable(error, options))?;
    let days = within(&record.days, options)?;
    let [first, .., last] = &[days.first(), days.last()];
    let (Some(first), Some(last)) = (first, last) else {
        bail!("the record in {} has no day in this span", options.record.display());
    };
    let (first, last) = (date_of(first.date)?, date_of(last.date)?);
    let mut planner = Planner::new(&rulebook, &record, first)?;

    let (mut node, _) = Node::open(&options.data, &mut |_, _| ())?;
    node.takes_files()?;
    let mut feed =
        Feed { node: &mut node, collector: Collector::default(), commands: 0, known: 0, unsynced: 0 };
    feed.send(planner.take())?;
    let total = days.len() as u64;
    for (done, day) in (0..).zip(days) {
        progress(done, total);
        planner.day(day)?;
        feed.send(planner.take())?;
    }
    progress(total, total);
    let Feed { mut collector, commands, known, .. } = feed;
    node.flush(&mut |r, e, s| collector.observe(r, e, s))?;
    let mut outcome = Outcome {
        from: first.to_string(),
        to: last.to_string(),
        days: total,
        commands,
        already_in_log: known,
        ..Outcome::default()
    };
    describe(node.state(), node.digest(), &mut outcome);
    let instruments = node.state().venue().instruments().iter();
    let codes = instruments.enumerate().map(|(index, i)| (i.code.clone(), base::InstrumentId::at(index)));
    let codes = codes.collect();
    node.close(&mut |_, _, _| Ok(()))?;
    if known > 0 {
        // What was in the log before this run was not seen happening: read it from the log.
        collector = Collector::default();
        replay(&DataDir::at(&options.data), Until::End, &mut |r, e, s| collector.observe(r, e, s))?;
    }
    outcome.trades = collector.trades;
    let findings = planner.findings;
    Comparison::new(&rulebook, &codes, &collector, &findings, &mut outcome).days(&record, days)?;
    outcome.notes.splice(0..0, findings.notes);
    outcome.exceptions.extend(findings.exceptions);
    outcome.exceptions.extend(twice(&record, first, last)?);
    outcome.exceptions.sort_by(|a, b| a.date.cmp(&b.date));
    Ok(outcome)
}

/// Why the record cannot be read; of one that is not there, where the public one can be had.
fn unreadable(error: RecordError, options: &Options) -> anyhow::Error {
    let is_missing = |source: &std::io::Error| source.kind() == std::io::ErrorKind::NotFound;
    match &error {
        RecordError::Unreadable { source, .. } if is_missing(source) && options.layout.is_none() => {
            anyhow::Error::new(error).context(format!(
                "{} is not a folder with listed.csv, methods.csv and holidays.csv. {WHERE}",
                options.record.display()
            ))
        }
        _ => error.into(),
    }
}

/// Rows of some days that stand there twice.
fn twice(record: &Record, first: Date, last: Date) -> Result<Vec<Exception>> {
    let mut found = Vec::new();
    for slip in &record.slips {
        let date = date_of(slip.date)?;
        if (first..=last).contains(&date) {
            found.push(Exception {
                date: date.to_string(),
                instrument: slip.instrument.clone(),
                column: slip.column.clone(),
                record: slip.record.clone(),
                engine: slip.counted.clone(),
                reason: "it stands there twice: the first counts".to_owned(),
            });
        }
    }
    Ok(found)
}

/// The days of the record that are asked for.
fn within<'d>(days: &'d [Day], options: &Options) -> Result<&'d [Day]> {
    let mut dates = Vec::with_capacity(days.len());
    for day in days {
        dates.push(date_of(day.date)?);
    }
    let first = options.from.map_or(0, |from| dates.partition_point(|date| *date < from));
    let end = options.to.map_or(dates.len(), |to| dates.partition_point(|date| *date <= to));
    Ok(days.get(first..end).unwrap_or_default())
}

/// What the state says of itself.
fn describe(state: &State, digest: [u8; 32], outcome: &mut Outcome) {
    let price = |price: base::Price| facts::yuan(price.0);
    let names = gateway::Names(state);
    let corrections = state.venue().corrections().iter().map(|correction| Corrected {
        date: correction.date.to_string(),
        line: names.line(correction.line),
        from: price(correction.from),
        to: price(correction.to),
        reason: correction.reason.clone(),
    });
    outcome.corrections = corrections.collect();
    outcome.records = state.sequence().0;
    outcome.conserved = state.registry().ledger().audit().is_empty();
    outcome.digest = hex(&digest);
}
