//! What operators see of the node, and the documents of the API.

use crate::node::Follower;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use crate::serve::{App, Going, page, tag};
use axum::http::Method;
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
        Endpoint::reads("/v1/clock", Allowed::Operators, TAG, "How the node's clock goes", clock)
            .gives::<ClockView>(),
        Endpoint::acts(
            Method::POST,
            "/v1/clock",
            Allowed::Operators,
            TAG,
            "Confirm a clock that was put forward, by naming the time that another clock shows",
            confirm,
        )
        .with_body::<ConfirmClock>()
        .gives::<ClockView>(),
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

/// How the node's clock goes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClockView {
    /// What it shows, UTC.
    pub shows: String,
    /// What a record would be stamped with, UTC.
    pub now: String,
    /// `well`; `behind` the last record, whose time every record has until it has caught up; `ahead`: it was put forward, and no
    /// command is taken.
    pub going: String,
    /// Seconds by which it is behind or ahead.
    pub seconds: u64,
    /// Times that it was found put forward, and put back, since the node began to run.
    pub steps: [u64; 2],
    /// Whether it is that of a sandbox.
    pub sandbox: bool,
}

impl ClockView {
    fn of(app: &App) -> Self {
        let clock = &app.clock;
        let (going, by) = match clock.going() {
            Going::Well => ("well", std::time::Duration::ZERO),
            Going::Behind(by) => ("behind", by),
            Going::Ahead(by) => ("ahead", by),
        };
        Self {
            shows: gateway::format_time(clock.shows(), None),
            now: gateway::format_time(clock.now(), None),
            going: going.to_owned(),
            seconds: by.as_secs(),
            steps: clock.steps(),
            sandbox: clock.is_sandbox(),
        }
    }
}

fn clock(call: &Call, _: &Follower) -> Answered {
    Ok(Reply::json(&ClockView::of(&call.app)))
}

/// That a clock is right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmClock {
    /// What time it is, by another clock: RFC 3339, within a minute of what the node's shows.
    time: String,
}

fn confirm(call: Call) -> Later {
    Box::pin(async move {
        let ConfirmClock { time } = call.json()?;
        let time = gateway::read_time(&time).map_err(|why| Problem::field("time", why))?;
        let (app, user) = (&call.app, call.caller()?.user);
        let shows = app.clock.confirm(time).map_err(|why| {
            tracing::warn!(%user, "the clock was not confirmed: another time was named");
            Problem::field("time", why.to_string())
        })?;
        let shows = gateway::format_time(shows, None);
        tracing::warn!(%user, shows, "the clock was confirmed");
        Ok(Reply::json(&ClockView::of(app)))
    })
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
