//! Load on a whole node from a second process, over loopback: REST and WebSocket, from request to durable acknowledgement.
//!
//! Every connection is a trader of its own who sends the next command when the last one is answered: of a hundred commands 30
//! trade or wait at the best prices, 35 stand away from them, and 35 cancel such an order. The node runs as it would anywhere,
//! but for its rate limits.

mod client;
mod node;
mod subscribers;

use crate::histogram::Histogram;
use anyhow::{Context, Result, ensure};
use client::{Connection, Flow, Transport};
use huangpu::demo::Stage;
use node::Process;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use subscribers::{Subscribers, Wanted};
use tokio::task::JoinSet;

/// How long a load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(1_500);

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Connections at a time, one measurement each.
    pub(crate) connections: Vec<usize>,
    /// Seconds a measurement.
    pub(crate) seconds: u64,
    /// Subscribers of market data beside the load, in the last measurements.
    pub(crate) subscribers: usize,
    /// What they subscribe to.
    pub(crate) channels: Vec<String>,
}

/// The measurements, in a data directory of their own.
pub(crate) fn measure(dir: &Path, plan: &Plan) -> Result<Value> {
    let data = tempfile::tempdir_in(dir)?;
    let most = plan.connections.iter().copied().max().unwrap_or(1).max(1);
    let stage = node::set(data.path(), most)?;
    let process = Process::start(data.path())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found = runtime.block_on(all(&process, &stage, plan));
    process.stop()?;
    found
}

async fn all(process: &Process, stage: &Stage, plan: &Plan) -> Result<Value> {
    let address = process.address;
    let mut found = json!({});
    for transport in [Transport::Rest, Transport::WebSocket] {
        for connections in &plan.connections {
            let measured = one(address, stage, transport, *connections, plan.seconds).await?;
            found[format!("{} {connections}", transport.name())] = measured.to_json(process);
        }
    }
    if plan.subscribers == 0 {
        return Ok(found);
    }
    // First on something that does not trade, then on what does.
    for (what, instrument) in [("idle", &stage.instruments[1]), ("watching", &stage.instruments[0])] {
        let wanted = Wanted {
            instrument: instrument.clone(),
            channels: plan.channels.clone(),
            count: plan.subscribers,
        };
        let subscribers = Subscribers::start(address, stage, wanted)?;
        for transport in [Transport::Rest, Transport::WebSocket] {
            let connections = 50.min(stage.traders.len());
            let before = (Instant::now(), subscribers.read());
            let measured = one(address, stage, transport, connections, plan.seconds).await?;
            let name = format!("{} {connections} beside {} {what}", transport.name(), plan.subscribers);
            let mut json = measured.to_json(process);
            let (took, read) = (before.0.elapsed(), subscribers.read());
            let per_second = |now: u64, then: u64| u128::from(now - then) * 1_000 / took.as_millis().max(1);
            json["messages_per_second"] = u64::try_from(per_second(read.messages, before.1.messages))?.into();
            json["megabytes_per_second"] =
                u64::try_from(per_second(read.bytes, before.1.bytes) / 1_000_000)?.into();
            found[name] = json;
        }
        found[format!("{} {what}, and of these cut off", plan.subscribers)] = subscribers.end()?.into();
    }
    Ok(found)
}

/// What a load came to.
struct Measured {
    took: Duration,
    latency: Histogram,
    refused: u64,
}

impl Measured {
    fn to_json(&self, process: &Process) -> Value {
        let us = |of_10_000| self.latency.at(of_10_000) / 1_000;
        let per_second = u128::from(self.latency.total()) * 1_000_000 / self.took.as_micros().max(1);
        json!({
            "commands_per_second": u64::try_from(per_second).unwrap_or(u64::MAX),
            "p50_us": us(5_000), "p99_us": us(9_900), "p999_us": us(9_990), "most_us": self.latency.most() / 1_000,
            "refused": self.refused, "node_mib": process.mib(),
        })
    }
}

/// A load over so many connections.
async fn one(
    address: SocketAddr,
    stage: &Stage,
    transport: Transport,
    connections: usize,
    seconds: u64,
) -> Result<Measured> {
    ensure!(connections <= stage.traders.len(), "there are {} traders", stage.traders.len());
    let mut tasks = JoinSet::new();
    let begins = Instant::now() + WARM_UP + Duration::from_millis(connections as u64 * 2);
    let ends = begins + Duration::from_secs(seconds);
    for (number, trader) in stage.traders.iter().take(connections).enumerate() {
        let (trader, instrument) = (trader.clone(), stage.instruments[0].clone());
        tasks.spawn(async move {
            let seed = number as u64 ^ u64::from(std::process::id()) ^ unique();
            let connection = Connection::open(transport, address, &trader).await?;
            closed_loop(connection, Flow::new(trader, instrument, seed), begins, ends).await
        });
    }
    let (mut latency, mut refused) = (Histogram::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        let (one, of_one) = ended.context("a connection's task panicked")??;
        latency.absorb(&one);
        refused += of_one;
    }
    Ok(Measured { took: ends - begins, latency, refused })
}

/// So that no two measurements use the same ids.
fn unique() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

async fn closed_loop(
    mut connection: Connection,
    mut flow: Flow,
    begins: Instant,
    ends: Instant,
) -> Result<(Histogram, u64)> {
    let (mut latency, mut refused) = (Histogram::new(), 0);
    loop {
        let command = flow.next();
        let sent = Instant::now();
        if sent >= ends {
            return Ok((latency, refused));
        }
        let answer = connection.ask(&command).await?;
        let answered = Instant::now();
        if sent >= begins && answered < ends {
            latency.add(u64::try_from((answered - sent).as_nanos()).unwrap_or(u64::MAX));
            refused += u64::from(answer.refused);
        }
        flow.told(&command, &answer);
    }
}
