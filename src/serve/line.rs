//! What is said of a connection between the two that have to do with it: its wrapping, which reads and writes its bytes, and the
//! WebSocket that it may become.

use futures_util::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::task::Waker;
use tokio::sync::Notify;

#[derive(Default)]
struct Inner {
    is_stream: AtomicBool,
    said_all: Notify,
    answered: AtomicBool,
    reader: AtomicWaker,
}

/// See the module. Clones are of the same connection.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Inner>);

impl Line {
    /// It is a WebSocket from here on: what its client has to say may end before what it is told.
    pub(super) fn becomes_stream(&self) {
        self.0.is_stream.store(true, Release);
    }

    /// Whether it has become a WebSocket.
    pub(super) fn is_stream(&self) -> bool {
        self.0.is_stream.load(Acquire)
    }

    /// The client's side has ended, and everything it said before was read. Whether that is kept back: a WebSocket writes no more once
    /// it has seen it.
    pub(super) fn keeps_back_the_end(&self, reader: &Waker) -> bool {
        if !self.is_stream() {
            return false;
        }
        self.0.reader.register(reader);
        self.0.said_all.notify_one();
        !self.0.answered.load(Acquire)
    }

    /// Waits until the client has said all that it will.
    pub(crate) async fn said_all(&self) {
        self.0.said_all.notified().await;
    }

    /// Everything was answered: the end may be seen.
    pub(crate) fn answered(&self) {
        if !self.0.answered.swap(true, AcqRel) {
            self.0.reader.wake();
        }
    }
}
