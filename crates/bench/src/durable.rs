//! Commands through a whole node, each acknowledged when it is durable and applied.

use crate::histogram::Histogram;
use crate::probe;
use crate::stream::{Listings, Stream};
use anyhow::{Context, Result, bail};
use engine::{Event, Record, State};
use huangpu::node::{Answer, Flow, Inbox, Node, Outlet, Pipeline, Submission, TurnedAway};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Records that a batch has, and batches that are on the way at once.
const FIXED: [(usize, u64); 6] = [(1, 1), (100, 1), (100, 3), (8_189, 1), (8_189, 2), (8_189, 4)];
/// The tag of a command that is not measured.
const UNMEASURED: u64 = u64::MAX;

/// Counts acknowledgements, and takes the time of each from the moment that stands in its tag.
pub(crate) struct Clerk {
    began: Instant,
    pub(crate) latency: Histogram,
    acknowledged: Arc<AtomicU64>,
    sender: Option<Thread>,
    refused: Option<String>,
}

impl Clerk {
    pub(crate) fn new(began: Instant) -> Self {
        let (latency, acknowledged) = (Histogram::new(), Arc::default());
        Self { began, latency, acknowledged, sender: None, refused: None }
    }

    fn told(&mut self) {
        // Nobody else writes it.
        self.acknowledged.store(self.acknowledged.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

impl Outlet for Clerk {
    fn applied(&mut self, tag: u64, record: &Record, events: &[Event], _: &State) -> Result<()> {
        if tag != UNMEASURED {
            self.latency.add(ns_since(self.began).saturating_sub(tag));
        }
        if let Some(Event::Refused(why)) = events.first() {
            self.refused.get_or_insert_with(|| format!("record {}: {}", record.sequence, why.sentence()));
        }
        self.told();
        Ok(())
    }

    fn repeated(&mut self, _: u64, answer: Answer) -> Result<()> {
        bail!("record {} was sent twice: this is a fault of the bench", answer.sequence)
    }

    fn turned_away(&mut self, _: u64, why: TurnedAway) -> Result<()> {
        bail!("{why}: this is a fault of the bench")
    }

    fn batch_told(&mut self) -> Result<()> {
        if let Some(sender) = &self.sender {
            sender.unpark();
        }
        Ok(())
    }
}

fn ns_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A node in an empty directory, with the stream set up in it.
pub(crate) fn opened(data: &Path, stream: &dyn Stream) -> Result<Node> {
    let (mut node, _) = Node::open(data, &mut |_, _| ())?;
    for (time, envelope) in stream.setup()? {
        node.submit(time, envelope, &mut |_, _, _| Ok(()))?;
    }
    node.flush(&mut |record, events, _| match events.first() {
        Some(Event::Refused(why)) => bail!("setup, record {}: {}", record.sequence, why.sentence()),
        _ => Ok(()),
    })?;
    Ok(node)
}

/// Sends commands of a stream until told to stop, and says how many.
pub(crate) struct Sender {
    pub(crate) inbox: Inbox,
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) began: Instant,
    pub(crate) acknowledged: Arc<AtomicU64>,
    pub(crate) enough: Arc<AtomicBool>,
}

impl Sender {
    /// Takes the next commands of the stream; the tag is when they were to be sent.
    fn fill(&mut self, into: &mut VecDeque<Submission>, tag: u64) {
        let (time, envelope) = self.stream.next();
        into.push_back(Submission { time, envelope, tag });
    }

    /// Keeps so many batches on the way, and no more.
    fn full_speed(mut self, batch: usize, on_the_way: u64) -> Result<()> {
        let (mut sent, mut made) = (0_u64, VecDeque::with_capacity(batch));
        let batch = batch as u64;
        while !self.enough.load(Ordering::Relaxed) {
            // Made while there is time: what a sender needs to think of a command is not what is measured.
            while (made.len() as u64) < batch {
                self.fill(&mut made, 0);
            }
            while sent + batch - self.acknowledged.load(Ordering::Acquire) > batch * on_the_way {
                thread::park();
            }
            let now = ns_since(self.began);
            made.iter_mut().for_each(|submission| submission.tag = now);
            self.inbox.send_all(&mut made)?;
            sent += batch;
        }
        Ok(())
    }

    /// Sends so many a second, at even distances, whatever becomes of them. The time of a command is that at which it was to be
    /// sent: a sender that falls behind makes the commands late, not the figures good.
    fn open_loop(mut self, rate: u64) -> Result<()> {
        let (mut sent, mut due) = (0_u64, VecDeque::new());
        let at = |number: u64| {
            u64::try_from(u128::from(number) * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX)
        };
        let start = ns_since(self.began);
        while !self.enough.load(Ordering::Relaxed) {
            let now = ns_since(self.began) - start;
            while at(sent) <= now && due.len() < 10_000 {
                self.fill(&mut due, start + at(sent));
                sent += 1;
            }
            self.inbox.send_all(&mut due)?;
            let now = ns_since(self.began) - start;
            if let Some(wait) = at(sent).checked_sub(now) {
                thread::sleep(Duration::from_nanos(wait));
            }
        }
        Ok(())
    }
}

/// Runs one load for some seconds in a directory of its own.
fn run(
    dir: &Path,
    flow: Flow,
    seconds: u64,
    send: impl FnOnce(Sender) -> Result<()> + Send + 'static,
) -> Result<(Clerk, Duration)> {
    let data = tempfile::tempdir_in(dir)?;
    let stream = Box::new(Listings::new()?);
    let mut pipeline = Pipeline::start(opened(data.path(), &*stream)?, flow)?;
    let began = Instant::now();
    let mut clerk = Clerk::new(began);
    let enough = Arc::new(AtomicBool::new(false));
    let sender = Sender {
        inbox: pipeline.inbox(),
        stream,
        began,
        acknowledged: Arc::clone(&clerk.acknowledged),
        enough: Arc::clone(&enough),
    };
    let sending = thread::Builder::new().name("sender".to_owned()).spawn(move || send(sender))?;
    clerk.sender = Some(sending.thread().clone());
    let clock = thread::spawn(move || {
        thread::sleep(Duration::from_secs(seconds));
        enough.store(true, Ordering::Relaxed);
    });
    pipeline.run(&mut clerk)?;
    let took = began.elapsed();
    clock.join().ok().context("the clock panicked")?;
    sending.join().ok().context("the sender panicked")??;
    drop(pipeline.stop(&mut clerk)?);
    if let Some(refused) = &clerk.refused {
        bail!("a command was refused, {refused} This is a fault of the bench");
    }
    Ok((clerk, took))
}

fn put(found: &mut Value, what: &str, clerk: &Clerk, took: Duration) {
    let latency = &clerk.latency;
    let rate = u128::from(latency.total()) * 1_000_000_000 / took.as_nanos().max(1);
    found[format!("{what}: commands/s")] = json!(rate);
    let us = |ns: u64| ns.div_ceil(1_000);
    let percentiles =
        json!([us(latency.at(5_000)), us(latency.at(9_900)), us(latency.at(9_990)), us(latency.most())]);
    found[format!("{what}: p50, p99, p99.9, most, us")] = percentiles;
}

pub(crate) fn bar(steps: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len} {elapsed} (left: {eta})")
    {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Batches of a fixed size at full speed, then commands that arrive one by one at a pace of their own.
pub(crate) fn measure(dir: &Path, seconds: u64, rates: &[u64]) -> Result<Value> {
    let (p50, p99) = probe::sync_us(dir)?;
    let mut found = json!({ "disk sync p50, us": p50, "disk sync p99, us": p99 });
    let bar = bar((FIXED.len() + rates.len()) as u64, "durable");
    for (batch, on_the_way) in FIXED {
        let flow = Flow { batch_records_max: batch, waiting_max: batch, ..Flow::default() };
        let (clerk, took) = run(dir, flow, seconds, move |sender| sender.full_speed(batch, on_the_way))?;
        put(&mut found, &format!("{batch} a batch, {on_the_way} on the way"), &clerk, took);
        bar.inc(1);
    }
    for &rate in rates {
        if rate == 0 {
            bail!("a rate of 0 commands a second measures nothing");
        }
        let (clerk, took) = run(dir, Flow::default(), seconds, move |sender| sender.open_loop(rate))?;
        put(&mut found, &format!("{rate}/s arriving"), &clerk, took);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (p50, p99) = probe::sync_us(dir)?;
    found["disk sync afterwards p50, us"] = json!(p50);
    found["disk sync afterwards p99, us"] = json!(p99);
    Ok(found)
}
