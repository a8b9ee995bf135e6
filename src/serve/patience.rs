//! The wrapping of a connection. It waits only so long for a client to take its answer: who asks for much and does not read would keep
//! the connection for ever, and there are only so many. It keeps the end of what a client says from a WebSocket that has answers to give
//! still. And it is closed gently: what the client had on the way is read and forgotten for a while, since a machine that gets bytes
//! after its end throws away, at the other side too, what was to be read there: the answer.

use super::line::Line;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

/// An answer is taken whole within so many times as long as may pass while nothing of it is taken.
const WHOLE: u32 = 6;
/// How long what a client had on the way is read after the end.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// And how much of it, in bytes.
pub(super) const LINGER_MAX: usize = 4 << 20;

/// A connection whose client takes its answers, or is cut off. `P` is its place, which is given back with it.
pub(super) struct Patience<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Send + 'static,
{
    /// There until the end.
    stream: Option<S>,
    place: Option<P>,
    most: Duration,
    line: Line,
    /// Runs while nothing is taken.
    still: Option<Pin<Box<Sleep>>>,
    /// When what is being written must have been taken.
    until: Option<Instant>,
    /// It was cut off: there is nothing to be gentle about.
    cut: bool,
}

impl<S, P> Patience<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Send + 'static,
{
    /// A connection of which something must be taken within a time, unless it becomes a WebSocket, whose clients are cut off when too
    /// much waits for them.
    pub(super) fn new(stream: S, most: Duration, line: Line, place: P) -> Self {
        let (stream, place) = (Some(stream), Some(place));
        Self { stream, place, most, line, still: None, until: None, cut: false }
    }

    fn stream(&mut self) -> Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| Error::from(ErrorKind::NotConnected))
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        let written = write(self.stream()?, context);
        if self.line.is_stream() {
            return written;
        }
        let until = *self.until.get_or_insert_with(|| Instant::now() + self.most * WHOLE);
        if written.is_ready() {
            self.still = None;
            return if Instant::now() > until { self.late() } else { written };
        }
        let most = self.most;
        let still = self.still.get_or_insert_with(|| Box::pin(tokio::time::sleep(most)));
        match still.as_mut().poll(context) {
            Poll::Ready(()) => self.late(),
            Poll::Pending => Poll::Pending,
        }
    }

    fn late(&mut self) -> Poll<Result<usize>> {
        self.cut = true;
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client does not take its answer")))
    }
}

impl<S, P> Drop for Patience<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Send + 'static,
{
    fn drop(&mut self) {
        let (stream, place) = (self.stream.take(), self.place.take());
        let Some(stream) = stream.filter(|_| !self.cut) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let _ = tokio::time::timeout(LINGER, linger(stream)).await;
                drop(place);
            });
        }
    }
}

/// Says that this is the end, and reads what comes until the client says so too.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<()> {
    stream.shutdown().await?;
    let (mut into, mut left) = ([0; 4_096], LINGER_MAX);
    while left > 0 {
        match stream.read(&mut into).await? {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}

impl<S, P> AsyncRead for Patience<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Send + Unpin + 'static,
{
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let (before, room) = (into.filled().len(), into.remaining() > 0);
        let read = self.stream()?.poll_read(context, into);
        let ended = matches!(read, Poll::Ready(Ok(()))) && room && into.filled().len() == before;
        if ended && self.line.keeps_back_the_end(context.waker()) {
            return Poll::Pending;
        }
        read
    }
}

impl<S, P> AsyncWrite for Patience<S, P>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    P: Send + Unpin + 'static,
{
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
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = self.stream()?.poll_flush(context);
        if flushed.is_ready() {
            self.until = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}
