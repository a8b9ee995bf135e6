//! Subscribers of market data: one thread of this process reads for all of them. They take messages from their sockets and throw
//! them away, as far as that is all a machine of theirs would leave to this one; the first of them reads what it is told, and
//! ends the measurement where a message is missing.

use super::client::Socket;
use anyhow::{Context, Result, bail, ensure};
use huangpu::demo::Stage;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// What is subscribed to, and by how many.
pub(super) struct Wanted {
    pub(super) instrument: String,
    pub(super) channels: Vec<String>,
    pub(super) count: usize,
}

/// What was read so far.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

#[derive(Default)]
struct Counted {
    messages: AtomicU64,
    bytes: AtomicU64,
    cut_off: AtomicU64,
}

/// See the module.
pub(super) struct Subscribers {
    counted: Arc<Counted>,
    end: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Subscribers {
    /// Comes back when all of them have subscribed.
    pub(super) fn start(address: SocketAddr, stage: &Stage, wanted: Wanted) -> Result<Self> {
        let (counted, stage) = (Arc::new(Counted::default()), stage.clone());
        let ((end, ended), (ready, wait)) = (oneshot::channel(), sync_channel(1));
        let own = Arc::clone(&counted);
        let thread = std::thread::Builder::new().name("subscribers".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut tasks = open(address, &stage, &wanted, &own).await?;
                let _ = ready.send(());
                tokio::select! {
                    _ = ended => Ok(()),
                    Some(failed) = tasks.join_next() => failed.context("a subscriber's task panicked")?,
                }
            })
        })?;
        let subscribers = Self { counted, end, thread };
        match wait.recv() {
            Ok(()) => Ok(subscribers),
            Err(_) => bail!("they cannot subscribe: {:?}", subscribers.end()),
        }
    }

    /// What was read so far.
    pub(super) fn read(&self) -> Read {
        Read { messages: self.counted.messages.load(Relaxed), bytes: self.counted.bytes.load(Relaxed) }
    }

    /// Lets them go. Gives how many the node had cut off.
    pub(super) fn end(self) -> Result<u64> {
        let _ = self.end.send(());
        match self.thread.join() {
            Ok(ended) => ended.map(|()| self.counted.cut_off.load(Relaxed)),
            Err(_) => bail!("the subscribers' thread panicked"),
        }
    }
}

async fn open(
    address: SocketAddr,
    stage: &Stage,
    wanted: &Wanted,
    counted: &Arc<Counted>,
) -> Result<JoinSet<Result<()>>> {
    let mut tasks = JoinSet::new();
    for number in 0..wanted.count {
        let traders = stage.traders.len().max(1);
        let trader = stage.traders.get(number % traders).context("there are no traders")?;
        // A signature is accepted once: those of one key must bear different times.
        let mut socket = Socket::open(address, trader, (number / traders) as u64).await?;
        for channel in &wanted.channels {
            socket.subscribe(channel, &wanted.instrument).await?;
        }
        let counted = Arc::clone(counted);
        match number {
            0 => drop(tasks.spawn(follow(socket, counted))),
            _ => drop(tasks.spawn(take(socket, counted))),
        }
    }
    Ok(tasks)
}

/// Reads until the node cuts it off, which is no failure of the measurement.
async fn take(mut socket: Socket, counted: Arc<Counted>) -> Result<()> {
    while let Ok(text) = socket.read_text().await {
        counted.messages.fetch_add(1, Relaxed);
        counted.bytes.fetch_add(text.len() as u64, Relaxed);
    }
    counted.cut_off.fetch_add(1, Relaxed);
    std::future::pending().await
}

/// Stands where the last message of each channel stood, and sees that none is missing.
async fn follow(mut socket: Socket, counted: Arc<Counted>) -> Result<()> {
    let mut at: BTreeMap<String, u64> = BTreeMap::new();
    while let Ok(text) = socket.read_text().await {
        counted.messages.fetch_add(1, Relaxed);
        counted.bytes.fetch_add(text.len() as u64, Relaxed);
        let message: Value = serde_json::from_str(text.as_str())?;
        let Some(channel) = message["channel"].as_str().filter(|_| message["seq"].is_u64()) else { continue };
        let (seq, prev) = (message["seq"].as_u64().unwrap_or(0), message["prev"].as_u64().unwrap_or(0));
        if let Some(at) = at.insert(channel.to_owned(), seq) {
            ensure!(prev <= at && seq > at, "{channel}: at {at} came {seq}, which follows {prev}");
        }
    }
    counted.cut_off.fetch_add(1, Relaxed);
    std::future::pending().await
}
