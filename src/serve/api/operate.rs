//! What operators see of the node, and the documents of the API.

use crate::node::Follower;
use crate::serve::App;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::reply::Reply;
use crate::serve::{page, tag};
use axum::http::header::CACHE_CONTROL;
use engine::State;
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering::Relaxed;
use utoipa::ToSchema;

const TAG: &str = "operation";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::reads("/v1/operations", Allowed::Operators, TAG, "How the node is doing", operations)
            .gives::<Operations>(),
        Endpoint::reads("/v1/openapi.json", Allowed::Anyone, TAG, "This document", openapi)
            .gives::<serde_json::Value>(),
        Endpoint::reads(
            "/v1/asyncapi.json",
            Allowed::Anyone,
            TAG,
            "The messages of the stream, as an AsyncAPI document",
            asyncapi,
        )
        .gives::<serde_json::Value>(),
        Endpoint::reads("/v1/docs", Allowed::Anyone, TAG, "The API as a page to read", docs),
        Endpoint::reads("/v1/docs.css", Allowed::Anyone, TAG, "How that page looks", style),
    ]
}

fn openapi(call: &Call, _: &Follower) -> Answered {
    let (text, tag) = &call.app.openapi;
    Ok(document(call, tag, "application/json", text))
}

fn asyncapi(call: &Call, _: &Follower) -> Answered {
    let (text, tag) = &call.app.asyncapi;
    Ok(document(call, tag, "application/json", text))
}

fn docs(call: &Call, _: &Follower) -> Answered {
    let (text, tag) = &call.app.page;
    Ok(document(call, tag, "text/html; charset=utf-8", text))
}

fn style(_: &Call, _: &Follower) -> Answered {
    Ok(Reply::text("text/css; charset=utf-8", page::STYLE))
}

/// A document that is the same until the node is another.
fn document(call: &Call, tag: &str, kind: &'static str, text: &str) -> Reply {
    let reply = tag::reply(tag, tag::known(&call.headers), || Reply::text(kind, text));
    reply.with(CACHE_CONTROL, "no-cache")
}

/// How the node is doing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Operations {
    /// Seconds since it began to run.
    pub uptime: u64,
    /// The last record of the log.
    pub sequence: u64,
    /// Records since it began to run.
    pub records: u64,
    /// Of them, refused.
    pub refused: u64,
    /// Records a second since it began to run.
    pub records_per_second: u64,
    /// From a command's arrival to its durable answer: half, 99 and 99.9 of a hundred are below, microseconds.
    pub latency: Latency,
    /// The log on disk.
    pub journal: JournalView,
    /// Bytes free where the log is.
    pub disk_free_bytes: u64,
    /// The last snapshot: the record it stands at, and how long the node stood still for it, microseconds.
    pub snapshot: [u64; 2],
    /// Commands that wait for their answer.
    pub waiting: u64,
    /// Sessions of people.
    pub sessions: u64,
    /// Streams that are open, and that were cut off.
    pub streams: [u64; 2],
    /// Requests over HTTP.
    pub requests: u64,
    /// Operators of the node who have no password yet: until two have one, nothing that takes two persons can be done.
    pub not_enrolled: Vec<String>,
}

/// Quantiles of a latency as they were measured, over the last 4,096 answers; microseconds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Latency {
    /// Half are below.
    pub p50_us: u64,
    /// 99 of a hundred are below.
    pub p99_us: u64,
    /// 999 of a thousand are below.
    pub p999_us: u64,
}

/// The log on disk.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct JournalView {
    /// Its files.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
}

fn operations(call: &Call, follower: &Follower) -> Answered {
    Ok(Reply::json(&figures(&call.app, follower.state())))
}

/// How the node is doing now, at a state of the log.
#[must_use]
pub(crate) fn figures(app: &App, state: &State) -> Operations {
    let sequence = state.sequence().0;
    let gauges = &app.gauges;
    let (uptime, records) = (gauges.started.elapsed().as_secs(), gauges.records.load(Relaxed));
    let sizes = crate::serve::metrics::segment_bytes(&app.data);
    let [p50_us, p99_us, p999_us] = gauges.latest.quantiles_us([500, 990, 999]);
    Operations {
        uptime,
        sequence,
        records,
        refused: gauges.refused.load(Relaxed),
        records_per_second: records / uptime.max(1),
        latency: Latency { p50_us, p99_us, p999_us },
        journal: JournalView { segments: sizes.len() as u64, bytes: sizes.iter().sum() },
        disk_free_bytes: fs4::available_space(&app.data).unwrap_or_default(),
        snapshot: [gauges.snapshot[0].load(Relaxed), gauges.snapshot[1].load(Relaxed)],
        waiting: app.clerk.waiting_count() as u64,
        sessions: app.sessions.count() as u64,
        streams: [gauges.streams.load(Relaxed), gauges.streams_cut.load(Relaxed)],
        requests: gauges.requests.load(Relaxed),
        not_enrolled: not_enrolled(state),
    }
}

fn not_enrolled(state: &State) -> Vec<String> {
    let users = state.roster().users().iter();
    let waits = |user: &&roster::User| {
        let operates = user.participant == engine::OPERATOR && user.duties.has(roster::Duty::Operator);
        operates && user.active && !user.is_enrolled()
    };
    users.filter(waits).map(|user| user.name.clone()).collect()
}
