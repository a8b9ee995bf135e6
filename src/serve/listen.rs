//! Connections: accepted up to a number, given so long to say what they want, and let finish when the node stops. HTTP/2 is spoken
//! where TLS is, and the client asks for it.

use crate::serve::gentle::Gentle;
use crate::serve::http::Peer;
use crate::serve::line::Line;
use crate::serve::patience::Patience;
use crate::serve::seats::{Seat, Seats};
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Bytes of a head that are read at all: what is larger is refused by whoever reads HTTP, without a word.
const HEAD_READ_MAX: usize = 64 << 10;
/// Requests of a connection at a time, over HTTP/2.
const STREAMS_MAX: u32 = 128;
/// How often a client is asked over HTTP/2 whether it lives, and how long it may take to say so.
const LIVES: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));
/// Times the time for a head that a connection over HTTP/2 may be idle, and that its last answers may take.
const IDLE: u32 = 6;

/// How connections are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How many at a time.
    pub connections_max: usize,
    /// Of them, how many are kept for operators.
    pub connections_kept: usize,
    /// How many from one address.
    pub connections_each: usize,
    /// How long the head of a request may take, and how long a client may take nothing of its answer.
    pub head: Duration,
    /// How long connections may take to finish when the node stops.
    pub grace: Duration,
}

/// A request came in on a seat that is kept for operators.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept;

/// Accepts connections until it is told to stop, then lets those that are open finish.
///
/// # Errors
/// The address cannot be listened on any more.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    terms: Terms,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let seats = Seats::new(terms.connections_max, terms.connections_kept, terms.connections_each);
    let mut open = tokio::task::JoinSet::new();
    loop {
        let free = tokio::select! {
            free = seats.free() => free.context("nobody closes this")?,
            () = stopped(&mut stop) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or a connection that broke off at once: the next one may do better.
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(seat) = seats.take(free, peer.ip()) else {
            tracing::debug!(%peer, "this address has as many connections as it may");
            continue;
        };
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        open.spawn(async move {
            let _ = stream.set_nodelay(true);
            let way = Way { peer, router, terms, line: Line::default(), kept: seat.kept };
            match tls {
                None => way.http1(stream, seat, stop).await,
                Some(tls) => match tokio::time::timeout(terms.head, tls.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        way.http2(stream, seat, stop).await;
                    }
                    Ok(Ok(stream)) => way.http1(stream, seat, stop).await,
                    Ok(Err(error)) => tracing::debug!(%peer, "no TLS: {error}"),
                    Err(_) => tracing::debug!(%peer, "no TLS in time"),
                },
            }
        });
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    let finished = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(terms.grace, finished).await.is_err() {
        tracing::warn!("some connections did not finish in time");
    }
    Ok(())
}

/// Waits until the node stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // When nobody can say so any more, it has.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Requests of a connection, and how many of them are being answered.
#[derive(Default)]
struct Busy {
    came: AtomicU64,
    now: AtomicUsize,
}

/// A connection on its way to the router.
#[derive(Clone)]
struct Way {
    peer: SocketAddr,
    router: Router,
    terms: Terms,
    line: Line,
    kept: bool,
}

impl Way {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let http1 = request.version() < Version::HTTP_2;
        let mut request =
            request.map(|body| if http1 { Body::new(body) } else { Body::new(Gentle::new(body)) });
        let known = request.extensions_mut();
        known.insert(Peer(self.peer));
        known.insert(self.line.clone());
        if self.kept {
            known.insert(Kept);
        }
        let mut answer = self.router.oneshot(request).await?;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.line.becomes_stream();
        }
        // Whoever is not served on a seat that is kept does not stay on it.
        if self.kept && http1 && answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }

    /// How long the head of a request may take.
    fn head(&self) -> Duration {
        // Who holds a seat that is kept must say at once why.
        if self.kept { self.terms.head.min(Duration::from_secs(2)) } else { self.terms.head }
    }

    async fn http1<S>(self, stream: S, seat: Seat, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (peer, head) = (self.peer, self.head());
        let stream = Patience::new(stream, self.terms.head, self.line.clone(), seat);
        let service = hyper::service::service_fn(move |request| self.clone().answer(request));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(HEAD_READ_MAX);
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, "a connection ended: {error}");
        }
    }

    async fn http2<S>(self, stream: S, seat: Seat, mut stop: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (peer, head, idle) = (self.peer, self.terms.head, self.head() * IDLE);
        let stream = Patience::new(stream, head, self.line.clone(), seat);
        let busy = Arc::new(Busy::default());
        let counted = Arc::clone(&busy);
        let service = hyper::service::service_fn(move |request| {
            let (way, busy) = (self.clone(), Arc::clone(&counted));
            async move {
                busy.came.fetch_add(1, Relaxed);
                busy.now.fetch_add(1, Relaxed);
                let answer = way.answer(request).await;
                busy.now.fetch_sub(1, Relaxed);
                answer
            }
        });
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEAD_READ_MAX).unwrap_or(u32::MAX))
            .keep_alive_interval(LIVES.0)
            .keep_alive_timeout(LIVES.1);
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stopped(&mut stop) => None,
            () = is_idle(&busy, idle) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(head * IDLE, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return tracing::debug!(%peer, "a connection took too long to end"),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, "a connection ended: {error}");
        }
    }
}

/// Waits until a connection has had nothing to do for a while.
async fn is_idle(busy: &Busy, idle: Duration) {
    loop {
        let before = busy.came.load(Relaxed);
        tokio::time::sleep(idle).await;
        if busy.now.load(Relaxed) == 0 && busy.came.load(Relaxed) == before {
            return;
        }
    }
}
