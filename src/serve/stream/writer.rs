//! Writes what is in an outbox to its socket, and the last word.

use super::outbox::{End, Out, Outbox};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often a client is asked whether it lives.
const PING: Duration = Duration::from_secs(20);
/// How long the last word may take.
const LAST: Duration = Duration::from_secs(4);
/// Messages that are written before the socket is told to send them.
const TOGETHER: usize = 64;

type Sink = SplitSink<WebSocket, Message>;

/// Runs until the connection ends. `passed_on`: what it writes was passed on by others, who took it from the outbox.
pub(crate) async fn run(mut sink: Sink, mut out: mpsc::Receiver<Out>, outbox: Arc<Outbox>, passed_on: bool) {
    let mut ping = tokio::time::interval(PING);
    ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ping.tick().await;
    let (end, until) = loop {
        let first = tokio::select! {
            biased;
            end = outbox.ended() => break (end, Instant::now() + LAST),
            first = out.recv() => first,
            _ = ping.tick() => Some(Out::Many(Vec::new())),
        };
        let Some(first) = first else { break (End::LEFT, Instant::now() + LAST) };
        let mut writing = std::pin::pin!(write(&mut sink, first, &mut out, &outbox));
        let end = tokio::select! {
            biased;
            end = outbox.ended() => end,
            written = &mut writing => {
                if written.is_err() {
                    outbox.end(End::LEFT);
                }
                continue;
            }
        };
        // What was taken out of the outbox comes before the last word, and would be lost with the future.
        let until = Instant::now() + LAST;
        let _ = tokio::time::timeout_at(until, writing).await;
        break (end, until);
    };
    let _ = tokio::time::timeout_at(until, last_word(sink, out, passed_on, end)).await;
}

async fn write(
    sink: &mut Sink,
    first: Out,
    out: &mut mpsc::Receiver<Out>,
    outbox: &Outbox,
) -> Result<(), axum::Error> {
    let mut next = Some(first);
    for _ in 0..TOGETHER {
        let Some(this) = next.take() else { break };
        let bytes = this.bytes();
        feed(sink, this).await?;
        outbox.written(bytes);
        next = out.try_recv().ok();
    }
    if let Some(last) = next {
        let bytes = last.bytes();
        feed(sink, last).await?;
        outbox.written(bytes);
    }
    sink.flush().await
}

async fn feed(sink: &mut Sink, out: Out) -> Result<(), axum::Error> {
    match out {
        Out::One(text) => sink.feed(Message::Text(text)).await,
        Out::Many(texts) if texts.is_empty() => sink.feed(Message::Ping(axum::body::Bytes::new())).await,
        Out::Many(texts) => {
            for text in texts {
                sink.feed(Message::Text(text)).await?;
            }
            Ok(())
        }
    }
}

/// What is still to be written. Where it passes through other hands on its way from the outbox, they end when they have passed on all
/// of it; the outbox itself lasts as long as the connection.
async fn rest(out: &mut mpsc::Receiver<Out>, passed_on: bool) -> Option<Out> {
    if passed_on { out.recv().await } else { out.try_recv().ok() }
}

/// Why it ends. Who is cut off because it reads too slowly is not sent what else there was for it.
async fn last_word(
    mut sink: Sink,
    mut out: mpsc::Receiver<Out>,
    passed_on: bool,
    end: End,
) -> Result<(), axum::Error> {
    if end.code != End::TOO_SLOW.code {
        while let Some(waiting) = rest(&mut out, passed_on).await {
            feed(&mut sink, waiting).await?;
        }
    }
    let frame = CloseFrame { code: end.code, reason: end.reason.into() };
    sink.send(Message::Close(Some(frame))).await?;
    sink.close().await
}
