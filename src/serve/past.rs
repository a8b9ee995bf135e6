//! The past: a thread that feeds the projection, with a state of its own, so that a slow database holds up nobody but those who
//! look into the past.

use crate::config::Config;
use crate::node::Node;
use crate::projection::{Projection, Writer, catch_up};
use anyhow::{Context, Result};
use engine::{Events, Record, State};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long a reader waits for the projection to know what the reader knows.
const PATIENCE: Duration = Duration::from_secs(2);
/// Records a transaction at most.
const TOGETHER: u64 = 10_000;

/// Where the past is looked up.
pub struct Past {
    /// The database.
    pub projection: Projection,
    written: watch::Receiver<u64>,
}

/// What feeds the projection.
pub struct Feed {
    batches: Sender<Arc<Vec<Record>>>,
    thread: JoinHandle<()>,
}

impl Past {
    /// Opens the projection of a node that does not run yet, feeds it what it lacks, and starts the thread.
    ///
    /// # Errors
    /// The database cannot be opened or written, or is that of another log.
    pub fn start(config: &Config, node: &Node) -> Result<(Self, Feed)> {
        let url = match &config.projection.url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", node.dir().projection().display()),
        };
        let projection = Projection::open(&url, node.log_id())?;
        let caught = catch_up(&projection, node.dir(), &mut |_| ())?;
        let (tell, written) = watch::channel(caught.writer.last());
        let (batches, given) = channel();
        let work = move || {
            let mut fed = Fed { writer: caught.writer, state: caught.state, events: Events::new(), tell };
            if let Err(error) = fed.run(&given) {
                tracing::error!(
                    "the projection stands still, and is taken up again at the next start: {error:#}"
                );
            }
        };
        let thread = std::thread::Builder::new().name("projection".to_owned()).spawn(work);
        Ok((
            Self { projection, written },
            Feed { batches, thread: thread.context("no thread for the projection")? },
        ))
    }

    /// Waits until the projection knows a record, but not for ever: it says itself at which record it stands.
    pub async fn at_least(&self, sequence: u64) {
        let mut written = self.written.clone();
        let _ = tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= sequence)).await;
    }

    /// The last record it knows.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        *self.written.borrow()
    }
}

impl Feed {
    /// Gives it records that are durable.
    pub fn give(&self, records: Arc<Vec<Record>>) {
        // A projection that has failed is behind, and nothing more: it is never the truth.
        let _ = self.batches.send(records);
    }

    /// Ends the thread when everything is written.
    pub fn end(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            tracing::error!("the projection's thread panicked");
        }
    }
}

struct Fed {
    writer: Writer,
    state: State,
    events: Events,
    tell: watch::Sender<u64>,
}

impl Fed {
    fn run(&mut self, given: &Receiver<Arc<Vec<Record>>>) -> Result<()> {
        while let Ok(batch) = given.recv() {
            self.note(&batch)?;
            while self.writer.noted() < TOGETHER
                && let Ok(more) = given.try_recv()
            {
                self.note(&more)?;
            }
            let last = self.writer.commit()?;
            self.tell.send_replace(last);
        }
        Ok(())
    }

    fn note(&mut self, records: &[Record]) -> Result<()> {
        for record in records {
            self.state.apply(record, &mut self.events);
            self.writer.note(record, self.events.as_slice(), &self.state)?;
        }
        Ok(())
    }
}
