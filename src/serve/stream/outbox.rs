//! What waits to be sent to one client: a queue, bounded in messages and in bytes. Whoever leaves it full is cut off.

use crate::serve::gauges::Gauges;
use axum::extract::ws::Utf8Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, watch};

/// Why a connection ends: the close code, and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The close code of the WebSocket.
    pub(crate) code: u16,
    /// In a few words.
    pub(crate) reason: &'static str,
}

impl End {
    /// The client closed, or the connection broke off.
    pub(crate) const LEFT: Self = Self { code: 1000, reason: "" };
    /// The node stops.
    pub(crate) const STOPPING: Self = Self { code: 1001, reason: "the node is stopping" };
    /// The client broke the protocol of WebSockets.
    pub(crate) const VIOLATION: Self = Self { code: 1002, reason: "not the protocol" };
    /// A text was none.
    pub(crate) const NOT_UTF8: Self = Self { code: 1007, reason: "not UTF-8" };
    /// A message was larger than any may be.
    pub(crate) const TOO_LARGE: Self = Self { code: 1009, reason: "a message was too large" };
    /// Nobody signed in.
    pub(crate) const NOT_SIGNED_IN: Self = Self { code: 4001, reason: "not signed in" };
    /// Who signed in may not.
    pub(crate) const NOT_PERMITTED: Self = Self { code: 4003, reason: "not permitted" };
    /// The client read too slowly.
    pub(crate) const TOO_SLOW: Self = Self { code: 4008, reason: "read too slowly" };
    /// The client said nothing, not even that it lives.
    pub(crate) const SILENT: Self = Self { code: 4008, reason: "silent for too long" };
    /// The session or the key is no more, or may other things than before.
    pub(crate) const SIGNED_OUT: Self = Self { code: 4010, reason: "signed out" };
}

impl End {
    /// Why it ends when a message cannot be read.
    pub(crate) fn of(error: &axum::Error) -> Self {
        use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};
        let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
        match source {
            Some(Error::Capacity(_)) => Self::TOO_LARGE,
            Some(Error::Utf8(_)) => Self::NOT_UTF8,
            Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Self::LEFT,
            Some(Error::Protocol(_)) => Self::VIOLATION,
            _ => Self::LEFT,
        }
    }
}

/// Something to send.
#[derive(Clone, Debug)]
pub(crate) enum Out {
    /// A message.
    One(Utf8Bytes),
    /// Messages that were missed: they count as one, so that a resumption cuts nobody off.
    Many(Vec<Utf8Bytes>),
}

/// Bytes that may wait for a client.
const BYTES_MAX: usize = 32 << 20;

impl Out {
    /// How long it is.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::One(text) => text.len(),
            Self::Many(texts) => texts.iter().map(|text| text.len()).sum(),
        }
    }
}

/// See the module.
pub(crate) struct Outbox {
    queue: mpsc::Sender<Out>,
    /// Bytes that wait.
    bytes: AtomicUsize,
    /// Told when something was written.
    room: Notify,
    end: watch::Sender<Option<End>>,
    gauges: Arc<Gauges>,
}

impl Outbox {
    /// A queue of so many messages, and where they come out.
    #[must_use]
    pub(crate) fn new(capacity: usize, gauges: Arc<Gauges>) -> (Arc<Self>, mpsc::Receiver<Out>) {
        let (queue, out) = mpsc::channel(capacity.max(1));
        let (end, _) = watch::channel(None);
        (Arc::new(Self { queue, bytes: AtomicUsize::new(0), room: Notify::new(), end, gauges }), out)
    }

    /// Puts something into the queue. False: the connection is at its end, because the queue is full or already.
    pub(crate) fn push(&self, out: Out) -> bool {
        if self.end.borrow().is_some() {
            return false;
        }
        let bytes = out.bytes();
        let waiting = self.bytes.fetch_add(bytes, Relaxed).saturating_add(bytes);
        // What is large may wait alone.
        let sent = match waiting > BYTES_MAX.max(bytes) {
            true => Err(TrySendError::Full(out)),
            false => self.queue.try_send(out),
        };
        if matches!(sent, Err(TrySendError::Full(_))) && self.end(End::TOO_SLOW) {
            self.gauges.streams_cut.fetch_add(1, Relaxed);
        }
        sent.is_ok()
    }

    /// So many bytes wait no more.
    pub(super) fn written(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Relaxed);
        self.room.notify_one();
    }

    /// Whether less than half of what may wait does: then there is room for answers, and what the client says is read.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.capacity() * 2 >= self.queue.max_capacity() && self.bytes.load(Relaxed) * 2 <= BYTES_MAX
    }

    /// Waits until something was written.
    pub(crate) async fn wrote(&self) {
        self.room.notified().await;
    }

    /// Puts a text into the queue.
    pub(crate) fn say(&self, text: String) -> bool {
        self.push(Out::One(text.into()))
    }

    /// Ends the connection; the first reason counts. Whether this was it.
    pub(crate) fn end(&self, end: End) -> bool {
        self.end.send_if_modified(|ended| {
            let first = ended.is_none();
            if first {
                *ended = Some(end);
            }
            first
        })
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) -> End {
        let mut end = self.end.subscribe();
        // The sender lives in this very struct: it cannot have gone away.
        let ended = end.wait_for(Option::is_some).await.ok().and_then(|ended| *ended);
        ended.unwrap_or(End::LEFT)
    }
}
