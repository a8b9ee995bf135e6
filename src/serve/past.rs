//! The past: a thread that feeds the projection, with a state of its own, so that a slow database holds up nobody but those who
//! look into the past. One that falls too far behind, or fails for a while, takes up again from the log.

use crate::config::Config;
use crate::node::{DataDir, Node};
use crate::projection::{Projection, Writer, catch_up};
use anyhow::{Context, Result};
use engine::{Events, Record, State};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a reader waits for the projection to know what the reader knows.
const PATIENCE: Duration = Duration::from_secs(2);
/// Records a transaction at most.
const TOGETHER: u64 = 50_000;

/// When it is read from the log again.
#[derive(Clone, Copy)]
struct Terms {
    /// Records that wait for the projection at most: what is more, it reads from the log.
    waiting_max: usize,
    /// How long a database that has failed is left alone.
    pause: Duration,
    /// How long a node that stops waits for its database.
    ending: Duration,
}

const TERMS: Terms =
    Terms { waiting_max: 100_000, pause: Duration::from_secs(2), ending: Duration::from_secs(5) };

/// Where the past is looked up.
pub struct Past {
    /// The database.
    pub projection: Projection,
    written: watch::Receiver<u64>,
}

/// Records on their way, or word that some were left out.
enum Given {
    Records(Arc<Vec<Record>>),
    LeftOut,
}

/// How much is on the way.
#[derive(Default)]
struct Way {
    waiting: AtomicUsize,
    left_out: AtomicBool,
    /// How often the database has failed.
    failures: AtomicUsize,
}

/// What feeds the projection.
pub(super) struct Feed {
    given: Sender<Given>,
    way: Arc<Way>,
    waiting_max: usize,
    ending: Duration,
    /// Closed when the thread is at its end.
    running: Receiver<()>,
    thread: JoinHandle<()>,
}

/// Where the projection of a node is.
#[must_use]
pub(super) fn url(config: &Config, node: &Node) -> String {
    match &config.projection.url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", node.dir().projection().display()),
    }
}

/// Whether the projection of a node can be opened: asked before anything is said or done that a failed start would leave behind.
///
/// # Errors
/// The database cannot be opened or written, or is that of another log.
pub fn check(config: &Config, node: &Node) -> Result<()> {
    Projection::open(&url(config, node), node.log_id()).map(|_| ())
}

impl Past {
    /// Opens the projection of a node that does not run yet, at a URL, feeds it what it lacks, and starts the thread.
    ///
    /// # Errors
    /// The database cannot be opened or written, or is that of another log.
    pub(super) fn start(url: &str, node: &Node) -> Result<(Self, Feed)> {
        Self::feed(url, node, TERMS)
    }

    fn feed(url: &str, node: &Node, Terms { waiting_max, pause, ending }: Terms) -> Result<(Self, Feed)> {
        let projection = Projection::open(url, node.log_id())?;
        let caught = catch_up(&projection, node.dir(), &mut |done| told(done, node))?;
        let (tell, written) = watch::channel(caught.writer.last());
        let ((given, taken), way) = (channel(), Arc::new(Way::default()));
        let mut fed = Fed {
            projection: projection.clone(),
            dir: node.dir().clone(),
            writer: caught.writer,
            state: caught.state,
            events: Events::new(),
            way: Arc::clone(&way),
            tell,
            pause,
        };
        let (runs, running) = channel();
        let thread = std::thread::Builder::new().name("projection".to_owned());
        let thread = thread.spawn(move || {
            let _runs: Sender<()> = runs;
            fed.run(&taken);
        });
        let thread = thread.context("no thread for the projection")?;
        Ok((Self { projection, written }, Feed { given, way, waiting_max, ending, running, thread }))
    }

    /// Waits until the projection knows a record, but not for ever: it says itself at which record it stands.
    pub(crate) async fn at_least(&self, sequence: u64) {
        let mut written = self.written.clone();
        let _ = tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= sequence)).await;
    }

    /// The last record it knows.
    #[must_use]
    pub(crate) fn sequence(&self) -> u64 {
        *self.written.borrow()
    }
}

impl Feed {
    /// Gives it records that are durable. It never waits: where too many are on the way they are left out, to be read from the log.
    pub(super) fn give(&self, records: Arc<Vec<Record>>) {
        if self.way.left_out.load(Ordering::Acquire) {
            return;
        }
        let given = if self.way.waiting.load(Ordering::Relaxed) > self.waiting_max {
            self.way.left_out.store(true, Ordering::Release);
            Given::LeftOut
        } else {
            self.way.waiting.fetch_add(records.len(), Ordering::Relaxed);
            Given::Records(records)
        };
        // A projection that is gone is behind, and nothing more: it is never the truth.
        let _ = self.given.send(given);
    }

    /// Ends the thread when everything is written. A database that takes too long is not waited for: it takes up at the next start.
    pub(super) fn end(self) {
        drop(self.given);
        if self.running.recv_timeout(self.ending) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the projection's database does not answer: it takes up at the next start");
        } else if self.thread.join().is_err() {
            tracing::error!("the projection's thread panicked");
        }
    }
}

/// Says how far a projection has come that a start waits for, where that takes a while.
fn told(done: u64, node: &Node) {
    let last = node.state().sequence().0;
    if done < last {
        tracing::info!("the projection has taken {done} of {last} records");
    }
}

struct Fed {
    projection: Projection,
    dir: DataDir,
    writer: Writer,
    state: State,
    events: Events,
    way: Arc<Way>,
    tell: watch::Sender<u64>,
    pause: Duration,
}

/// Why the feeding stopped.
enum Stopped {
    /// Nothing more will come.
    Ended,
    /// Some records were left out.
    LeftOut,
}

impl Fed {
    fn run(&mut self, taken: &Receiver<Given>) {
        loop {
            match self.feed(taken) {
                Ok(Stopped::Ended) => return,
                Ok(Stopped::LeftOut) => {
                    tracing::warn!("the projection is far behind: it reads on from the log")
                }
                Err(error) => self.failed("the projection stands still", &error),
            }
            while let Err(error) = self.take_up() {
                self.failed("the projection cannot be taken up again yet", &error);
                if self.wait(taken) {
                    return;
                }
            }
        }
    }

    fn failed(&self, what: &str, error: &anyhow::Error) {
        self.way.failures.fetch_add(1, Ordering::Release);
        tracing::error!("{what}: {error:#}");
    }

    fn feed(&mut self, taken: &Receiver<Given>) -> Result<Stopped> {
        while let Ok(first) = taken.recv() {
            let mut next = Some(first);
            let mut left_out = false;
            while let Some(given) = next.take() {
                match given {
                    Given::Records(records) => self.note(&records)?,
                    Given::LeftOut => left_out = true,
                }
                if !left_out && self.writer.noted() - self.writer.last() < TOGETHER {
                    next = taken.try_recv().ok();
                }
            }
            let last = self.writer.commit()?;
            self.tell.send_replace(last);
            if left_out {
                return Ok(Stopped::LeftOut);
            }
        }
        Ok(Stopped::Ended)
    }

    fn note(&mut self, records: &[Record]) -> Result<()> {
        self.way.waiting.fetch_sub(records.len(), Ordering::Relaxed);
        let known = self.state.sequence();
        for record in records.iter().filter(|record| record.sequence > known) {
            self.state.apply(record, &mut self.events);
            self.writer.note(record, self.events.as_slice(), &self.state)?;
        }
        Ok(())
    }

    /// Reads on from the log. What is given meanwhile comes after it, or is known already then.
    fn take_up(&mut self) -> Result<()> {
        self.way.left_out.store(false, Ordering::Release);
        let caught = catch_up(&self.projection, &self.dir, &mut |_| ())?;
        (self.writer, self.state) = (caught.writer, caught.state);
        self.tell.send_replace(self.writer.last());
        Ok(())
    }

    /// Lets a while go by, and what is given meanwhile: it is in the log. True where nothing more will come.
    fn wait(&self, taken: &Receiver<Given>) -> bool {
        let until = Instant::now() + self.pause;
        loop {
            match taken.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Given::Records(records)) => {
                    self.way.waiting.fetch_sub(records.len(), Ordering::Relaxed);
                }
                Ok(Given::LeftOut) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests;
