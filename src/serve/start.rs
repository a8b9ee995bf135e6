//! Starting and stopping: what threads there are, and in what order they end.

use crate::config::Config;
use crate::node::{Flow, Follower, Node, Pipeline, Standing};
use crate::serve::access::{
    Lockouts, Passwords, Pending, Rates, Secrets, Sessions, Terms as SessionTerms, Used,
};
use crate::serve::clerk::{Clerk, Counter};
use crate::serve::clock::machine_ms;
use crate::serve::gauges::Gauges;
use crate::serve::past::{self, Past};
use crate::serve::reader::{Feed, Reader, Sink};
use crate::serve::site::Site;
use crate::serve::stream::{self, Hub};
use crate::serve::{
    App, Clock, Plausible, Speaks, api, coinbase, heads, http, listen, openapi, page, tag, ticker, unlocks,
};
use anyhow::{Context, Result, anyhow};
use base::InstrumentId;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

/// How long connections may take to finish when the node stops.
const GRACE: Duration = Duration::from_secs(5);

/// What a node is started with.
pub struct Opening {
    /// How it is set up.
    pub config: Config,
    /// Where its data lies.
    pub data: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// TLS, where it is spoken.
    pub tls: Option<Speaks>,
}

/// A node that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it answers with.
    pub app: Arc<App>,
    stop: watch::Sender<bool>,
    server: tokio::task::JoinHandle<Result<()>>,
    ticker: tokio::task::JoinHandle<()>,
    heads: tokio::task::JoinHandle<()>,
    herald: tokio::task::JoinHandle<()>,
    run_loop: JoinHandle<Result<Node>>,
    ended: oneshot::Receiver<()>,
}

/// Starts a node that is open: the run loop, the reader, and the server.
///
/// # Errors
/// The address is taken, or there are no threads to be had.
pub async fn start(node: Node, opening: Opening) -> Result<Running> {
    let Opening { config, data, clock, tls } = opening;
    let site = Arc::new(Site::of(&config, tls.as_ref().map(|tls| &tls.certificate))?);
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr()?;
    let (gauges, log_id) = (Arc::new(Gauges::default()), node.log_id());
    let url = past::url(&config, &node);
    let opened = tokio::task::spawn_blocking(move || open_past(&url, node));
    let (node, past, past_feed, candles) = opened.await.context("the projection was not opened")??;
    let hub = Hub::new(Arc::clone(&gauges), candles);
    let lockouts =
        Arc::new(Lockouts::new(config.sessions.lock_out_after, minutes(config.sessions.lock_out_minutes)));
    let sinks: Vec<Box<dyn Sink>> = vec![hub.sink(), unlocks::sink(Arc::clone(&lockouts))];
    let (reader, feed) = Reader::start(Follower::of(&node)?, sinks)?;
    let last = (node.state().sequence().0 > 0).then(|| node.time());
    clock.watch(Plausible::of(&config.time), last);
    let flow = Flow { snapshot_every: Some(config.snapshots.every_records), ..Flow::default() };
    let pipeline = Pipeline::start(node, flow)?;
    let standing = pipeline.standing();
    let clerk = Arc::new(Clerk::new(pipeline.inbox(), clock.clone(), Arc::clone(&gauges)));
    let (run_loop, ended) = run(pipeline, Arc::clone(&clerk), (feed, past_feed), Arc::clone(&gauges))?;
    let app = Arc::new(app(
        config,
        (data, log_id, standing),
        clock,
        clerk,
        (reader, past, hub),
        (gauges, lockouts),
        (site, tls.is_some()),
    )?);
    let router = http::router(&app, api::endpoints(), coinbase::router(&app));
    let (stop, stopping) = watch::channel(false);
    let terms = listen::Terms {
        connections_max: app.config.limits.connections_max,
        connections_kept: app.config.limits.connections_kept,
        connections_each: app.config.limits.connections_per_address,
        head: Duration::from_secs(app.config.limits.header_timeout_seconds),
        grace: GRACE,
    };
    let server = tokio::spawn(listen::serve(listener, tls.map(|tls| tls.acceptor), router, terms, stopping));
    let ticker = tokio::spawn(ticker::run(Arc::clone(&app)));
    let heads = tokio::spawn(heads::run(Arc::clone(&app.standing)));
    let herald = tokio::spawn(stream::herald(Arc::clone(&app)));
    Ok(Running { address, app, stop, server, ticker, heads, herald, run_loop, ended })
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes.saturating_mul(60))
}

/// The minute that runs of each instrument.
type Minutes = Vec<(InstrumentId, stream::Candle)>;

/// Opens the projection of a node that does not run yet, and reads what its streams begin with: where this may block.
fn open_past(url: &str, node: Node) -> Result<(Node, Past, past::Feed, Minutes)> {
    let (past, feed) = Past::start(url, &node)?;
    let minutes = stream::minutes(&past.projection, node.state());
    Ok((node, past, feed, minutes))
}

fn run(
    mut pipeline: Pipeline,
    clerk: Arc<Clerk>,
    (feed, past): (Feed, past::Feed),
    gauges: Arc<Gauges>,
) -> Result<(JoinHandle<Result<Node>>, oneshot::Receiver<()>)> {
    let (tell, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("run loop".to_owned());
    let thread = thread.spawn(move || {
        let mut counter = Counter::new(clerk, feed, past, gauges);
        let ran = pipeline.run(&mut counter);
        let node = ran.and_then(|()| pipeline.stop(&mut counter));
        counter.end();
        let _ = tell.send(());
        node
    });
    Ok((thread.context("no thread for the run loop")?, ended))
}

fn app(
    config: Config,
    (data, log_id, standing): (PathBuf, [u8; 16], Arc<Standing>),
    clock: Clock,
    clerk: Arc<Clerk>,
    (reader, past, hub): (Arc<Reader>, Past, Arc<Hub>),
    (gauges, lockouts): (Arc<Gauges>, Arc<Lockouts>),
    (site, secure): (Arc<Site>, bool),
) -> Result<App> {
    let some = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    let terms = SessionTerms {
        idle: minutes(config.sessions.idle_minutes),
        life: minutes(config.sessions.hours_max.saturating_mul(60)),
    };
    Ok(App {
        sessions: Sessions::new(terms),
        lockouts,
        passwords: Passwords::new()?,
        pending: Pending::default(),
        secrets: Secrets::open(&data)?,
        used: Used::open(&data, machine_ms())?,
        rates: Rates::per_second(some(config.limits.requests_per_second), some(config.limits.burst)),
        sign_ins: Rates::per_minute(some(config.limits.sign_in_per_minute)),
        config,
        data,
        log_id,
        standing,
        clock,
        clerk,
        reader,
        past,
        hub,
        promises: stream::Promises::default(),
        gauges,
        site,
        openapi: tagged(openapi::text(&api::endpoints())),
        asyncapi: tagged(stream::asyncapi()),
        page: tagged(page::page(&api::endpoints())),
        secure,
    })
}

/// A document and its tag.
fn tagged(text: String) -> (String, String) {
    let tag = tag::of(text.as_bytes());
    (text, tag)
}

impl Running {
    /// Waits until the node ends by itself, which it does only when it has failed.
    pub async fn failed(&mut self) {
        let _ = (&mut self.ended).await;
    }

    /// Stops: no more connections, those that are open finish, every command that was taken is made durable and applied, the log
    /// is sealed and a snapshot written.
    ///
    /// # Errors
    /// The log could not be written.
    pub async fn stop(self) -> Result<()> {
        let Self { app, stop, server, ticker, heads, herald, run_loop, .. } = self;
        ticker.abort();
        heads.abort();
        herald.abort();
        stop.send_replace(true);
        app.hub.stop(GRACE).await;
        match server.await {
            Ok(served) => served?,
            Err(error) => tracing::error!("the server broke off: {error}"),
        }
        app.clerk.close();
        let ended = tokio::task::spawn_blocking(move || run_loop.join()).await?;
        let node = ended.map_err(|_| anyhow!("the run loop panicked"))??;
        let (record, began, due) = (node.state().sequence().0, Instant::now(), node.is_snapshot_due());
        node.close(&mut |_, _, _| Ok(()))?;
        if due {
            tracing::info!(record, took_ms = began.elapsed().as_millis(), "log sealed, snapshot written");
        }
        tracing::info!(record, "stopped");
        Ok(())
    }
}
