//! Connections: accepted up to a number, given so long to say what they want, and let finish when the node stops.

use crate::serve::http::Peer;
use crate::serve::patience::Patience;
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// How connections are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How many at a time.
    pub connections_max: usize,
    /// How long the head of a request may take, and how long a client may take nothing of its answer.
    pub head: Duration,
    /// How long connections may take to finish when the node stops.
    pub grace: Duration,
}

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
    let room = Arc::new(Semaphore::new(terms.connections_max));
    let mut open = tokio::task::JoinSet::new();
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit.context("nobody closes this")?,
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
        let (router, tls, stop) = (router.clone(), tls.clone(), stop.clone());
        open.spawn(async move {
            let _permit = permit;
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection(stream, peer, router, terms, stop).await,
                Some(tls) => match tokio::time::timeout(terms.head, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection(stream, peer, router, terms, stop).await,
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

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    terms: Terms,
    mut stop: watch::Receiver<bool>,
) {
    let endless = Arc::new(AtomicBool::new(false));
    let stream = Patience::new(stream, terms.head, Arc::clone(&endless));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(Peer(peer));
        let (answered, endless) = (router.clone().oneshot(request), Arc::clone(&endless));
        async move {
            let answer = answered.await;
            if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::SWITCHING_PROTOCOLS) {
                endless.store(true, Ordering::Relaxed);
            }
            answer
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(terms.head);
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
