//! The figures for Prometheus, in its text format.

use crate::node::DataDir;
use crate::report::{Horizon, horizons};
use crate::serve::endpoint::{Allowed, Call, Endpoint, Later};
use crate::serve::gauges::{BUCKETS, Histogram};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::{App, Going, health};
use axum::http::Method;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// The content type of the format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The endpoint.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let summary = "The figures for Prometheus; for this machine and for operators, or for anyone where that is configured";
    vec![Endpoint::acts(Method::GET, "/metrics", Allowed::Anyone, "operation", summary, metrics)]
}

fn metrics(call: Call) -> Later {
    Box::pin(async move {
        let app = &call.app;
        let operator = call.caller.as_ref().is_some_and(|caller| caller.operates(app.reader.read().state()));
        if !(app.config.metrics.public || call.peer.is_loopback() || operator) {
            let whom = "this is for operators of the node, and for the machine it runs on";
            return Err(Problem::new(Code::Forbidden, whom));
        }
        Ok(Reply::text(TEXT, page(app)))
    })
}

/// What a figure is.
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The page as it grows.
#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# HELP huangpu_{name} {help}\n# TYPE huangpu_{name} {kind}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, Kind::Gauge, help);
        let _ = writeln!(self.0, "huangpu_{name} {value}");
    }

    fn seconds(&mut self, name: &str, help: &str, us: u64) {
        self.head(name, Kind::Gauge, help);
        let _ = writeln!(self.0, "huangpu_{name} {}", seconds(us));
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, Kind::Counter, help);
        let _ = writeln!(self.0, "huangpu_{name} {value}");
    }

    fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, &'a AtomicU64)>,
    ) {
        self.head(name, Kind::Counter, help);
        for (of, value) in values {
            let _ = writeln!(self.0, "huangpu_{name}{{{label}=\"{of}\"}} {}", value.load(Relaxed));
        }
    }

    /// A histogram whose bucket at each place holds what is at most 2 to the power of it; `unit` writes a bound.
    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram, unit: fn(u64) -> String) {
        self.head(name, Kind::Histogram, help);
        let (buckets, sum) = histogram.read();
        let mut below = 0;
        for (place, count) in buckets.iter().enumerate() {
            below += count;
            let bound = if place + 1 == BUCKETS { "+Inf".to_owned() } else { unit(1 << place) };
            let _ = writeln!(self.0, "huangpu_{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(self.0, "huangpu_{name}_sum {}\nhuangpu_{name}_count {below}", unit(sum));
    }
}

/// Microseconds as seconds, in decimals.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// The whole page.
fn page(app: &App) -> String {
    let (mut page, gauges) = (Page::default(), &app.gauges);
    let read = |value: &AtomicU64| value.load(Relaxed);
    page.head("build_info", Kind::Gauge, "The version of the node.");
    let _ = writeln!(page.0, "huangpu_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    page.gauge("uptime_seconds", "Since the node began to run.", gauges.started.elapsed().as_secs());
    page.gauge("ready", "Whether the node can be used.", u64::from(health::trouble(app).is_none()));

    let (ahead, behind) = match app.clock.going() {
        Going::Well => (0, 0),
        Going::Ahead(by) => (by.as_secs(), 0),
        Going::Behind(by) => (0, by.as_secs()),
    };
    page.gauge("clock_ahead_seconds", "By which the clock was put forward and is not believed.", ahead);
    page.gauge("clock_behind_seconds", "By which the clock lies behind the last record.", behind);
    let [forward, back] = app.clock.steps();
    page.counter("clock_forward_steps_total", "Times that the clock was found put forward.", forward);
    page.counter("clock_back_steps_total", "Times that the clock was found put back.", back);
    page.head("calendar_known_days", Kind::Gauge, "Days for which the calendar of a market is still known.");
    for Horizon { market, days, .. } in horizons(app.reader.read().state(), app.clock.now()) {
        if let Some(days) = days {
            let _ = writeln!(page.0, "huangpu_calendar_known_days{{market=\"{market}\"}} {days}");
        }
    }

    page.gauge("log_record", "The last record of the log that readers see.", app.reader.sequence());
    page.counter("records_total", "Records that became durable and were applied.", read(&gauges.records));
    page.counters("refusals_total", "Of these, refused by the rules, by stage.", "stage", gauges.refusals());
    page.histogram(
        "answer_seconds",
        "From a command's arrival to its durable answer.",
        &gauges.answers,
        seconds,
    );
    page.head(
        "answer_latest_seconds",
        Kind::Gauge,
        "Quantiles of the last 4,096 of these, as they were measured.",
    );
    for (share, us) in ["0.5", "0.99", "0.999"].iter().zip(gauges.latest.quantiles_us([500, 990, 999])) {
        let _ = writeln!(page.0, "huangpu_answer_latest_seconds{{quantile=\"{share}\"}} {}", seconds(us));
    }
    page.histogram("sync_seconds", "Write and sync of a batch.", &gauges.syncs, seconds);
    let plain = |number: u64| number.to_string();
    page.histogram("batch_records", "Records a batch.", &gauges.batch_records, plain);
    let waiting = u64::try_from(app.clerk.waiting_count()).unwrap_or(u64::MAX);
    page.gauge("commands_waiting", "Commands that were sent and have no answer yet.", waiting);
    let behind = app.clerk.acknowledged().saturating_sub(app.reader.sequence());
    page.gauge("reader_behind_records", "Records that those who read are behind.", behind);

    page.counters(
        "http_requests_total",
        "Requests over HTTP, by the class of their answer.",
        "class",
        gauges.requests_by_class(),
    );
    page.gauge("streams", "WebSockets that are open.", read(&gauges.streams));
    page.counter(
        "streams_cut_total",
        "WebSockets that were cut off because they read too slowly.",
        read(&gauges.streams_cut),
    );
    let sessions = u64::try_from(app.sessions.count()).unwrap_or(u64::MAX);
    page.gauge("sessions", "Sessions of people.", sessions);
    page.counters(
        "sign_ins_total",
        "Attempts to sign in, by what came of them.",
        "result",
        gauges.sign_ins(),
    );
    disk(&mut page, app);
    page.0
}

/// The bytes of each segment of a log.
pub(super) fn segment_bytes(data: &Path) -> Vec<u64> {
    let files = std::fs::read_dir(DataDir::at(data).journal()).into_iter().flatten().flatten();
    let segments = files.filter(|file| file.path().extension().is_some_and(|found| found == "hpj"));
    segments.filter_map(|file| Some(file.metadata().ok()?.len())).collect()
}

fn disk(page: &mut Page, app: &App) {
    let sizes = segment_bytes(&app.data);
    page.gauge("journal_bytes", "Bytes of the log's segments.", sizes.iter().sum());
    let segments = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
    page.gauge("journal_segments", "The log's segments.", segments);
    let free = fs4::available_space(&app.data).unwrap_or_default();
    page.gauge("disk_free_bytes", "Free where the log is.", free);
    let [record, pause_us] = app.gauges.snapshot.each_ref().map(|value| value.load(Relaxed));
    page.gauge("snapshot_record", "The record of the last snapshot since the start.", record);
    page.seconds("snapshot_pause_seconds", "How long the node stood still for it.", pause_us);
    page.gauge("projection_record", "The last record of the projection.", app.past.sequence());
    let behind = app.reader.sequence().saturating_sub(app.past.sequence());
    page.gauge("projection_behind_records", "Records that the projection is behind.", behind);
}
