//! The reader: a thread with a [`Follower`] that applies what the node has applied, and tells those who show it to others.
//! Whoever reads waits for this copy and not for the node.

use crate::node::Follower;
use anyhow::{Context, Result};
use engine::{Event, Record, State};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Batches that the reader may be behind before the node waits for it.
const BATCHES_BEHIND_MAX: usize = 1_024;
/// Records that are applied while others must wait to read.
const RECORDS_TOGETHER: usize = 256;

/// Who is told of every record, in order, by the reader's thread.
pub trait Sink: Send {
    /// A record, what happened because of it, and the state after it.
    fn note(&mut self, record: &Record, events: &[Event], state: &State);

    /// So many records were noted that what was gathered can be sent.
    fn batch_noted(&mut self, state: &State);
}

/// See the module.
pub struct Reader {
    follower: RwLock<Follower>,
    applied: watch::Sender<u64>,
}

/// What feeds a reader.
pub struct Feed {
    batches: SyncSender<Arc<Vec<Record>>>,
    thread: JoinHandle<()>,
}

impl Reader {
    /// Starts the thread.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(follower: Follower, sinks: Vec<Box<dyn Sink>>) -> Result<(Arc<Self>, Feed)> {
        let (applied, _) = watch::channel(follower.state().sequence().0);
        let reader = Arc::new(Self { follower: RwLock::new(follower), applied });
        let (batches, given) = sync_channel(BATCHES_BEHIND_MAX);
        let own = Arc::clone(&reader);
        let thread = std::thread::Builder::new().name("reader".to_owned());
        let thread = thread.spawn(move || own.run(&given, sinks)).context("no thread for the reader")?;
        Ok((reader, Feed { batches, thread }))
    }

    /// The copy as it stands.
    pub fn read(&self) -> RwLockReadGuard<'_, Follower> {
        self.follower.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last record applied here.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        *self.applied.borrow()
    }

    /// Waits until a record is applied here.
    pub async fn at_least(&self, sequence: u64) {
        // The sender lives in this very struct: it cannot have gone away.
        let _ = self.applied.subscribe().wait_for(|applied| *applied >= sequence).await;
    }

    fn run(&self, given: &Receiver<Arc<Vec<Record>>>, mut sinks: Vec<Box<dyn Sink>>) {
        while let Ok(batch) = given.recv() {
            for records in batch.chunks(RECORDS_TOGETHER) {
                let mut follower = self.follower.write().unwrap_or_else(PoisonError::into_inner);
                for record in records {
                    if let Err(error) = follower.follow(record) {
                        tracing::error!("the reader cannot follow record {}: {error:#}", record.sequence);
                        return;
                    }
                    let (events, state) = (follower.events(), follower.state());
                    sinks.iter_mut().for_each(|sink| sink.note(record, events, state));
                }
                drop(follower);
                let follower = self.read();
                sinks.iter_mut().for_each(|sink| sink.batch_noted(follower.state()));
                self.applied.send_replace(follower.state().sequence().0);
            }
        }
    }
}

impl Feed {
    /// Gives the reader records that are durable. It waits where the reader is too far behind.
    ///
    /// # Errors
    /// The reader is at its end.
    pub fn give(&self, records: Arc<Vec<Record>>) -> Result<()> {
        self.batches.send(records).ok().context("the reader has ended")
    }

    /// Ends the reader when it has read everything.
    pub fn end(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            tracing::error!("the reader's thread panicked");
        }
    }
}
