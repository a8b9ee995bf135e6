//! How long the node waits for a client to take its answer. Who asks for much and does not read would keep his connection for ever,
//! and there are only so many.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// An answer is taken whole within so many times as long as may pass while nothing of it is taken.
const WHOLE: u32 = 6;

/// A connection whose client takes its answers, or is cut off.
pub(super) struct Patience<S> {
    stream: S,
    most: Duration,
    /// It has become a WebSocket, whose clients are cut off when too much waits for them.
    endless: Arc<AtomicBool>,
    /// Runs while nothing is taken.
    still: Option<Pin<Box<Sleep>>>,
    /// When what is being written must have been taken.
    until: Option<Instant>,
}

impl<S: AsyncWrite + Unpin> Patience<S> {
    /// A connection of which something must be taken within a time, until it is said to be endless.
    pub(super) fn new(stream: S, most: Duration, endless: Arc<AtomicBool>) -> Self {
        Self { stream, most, endless, still: None, until: None }
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        let written = write(Pin::new(&mut self.stream), context);
        if self.endless.load(Ordering::Relaxed) {
            return written;
        }
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.most * WHOLE);
        if written.is_ready() {
            self.still = None;
            return if Instant::now() > until { Poll::Ready(Err(late())) } else { written };
        }
        let most = self.most;
        let still = self.still.get_or_insert_with(|| Box::pin(tokio::time::sleep(most)));
        still.as_mut().poll(context).map(|()| Err(late()))
    }
}

fn late() -> Error {
    Error::new(ErrorKind::TimedOut, "the client does not take its answer")
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.wrote(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.wrote(context, |stream, context| stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.until = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
