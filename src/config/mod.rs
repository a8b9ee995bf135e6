//! The configuration of a node: one table of fields, and one precedence for all of them: default, file, environment, flag.
//!
//! Every field has one name, `limits.burst`: so it is called in the file (`burst` in the table `[limits]`), as a variable
//! (`HUANGPU_LIMITS_BURST`) and on the command line (`--set limits.burst=400`; the common ones have a flag of their own). Where a
//! value came from is kept with it, so that a mistake names its place and `huangpu config` can say it.

mod args;
mod field;
mod file;
mod load;
mod show;

pub use args::ConfigArgs;
pub(crate) use field::masked;
pub use load::{Effective, Mistake, Mistakes, Origin};

use base::Timestamp;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// What a node is told about itself. [`Effective::read`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The data directory; where there is none, the caller chooses one by what is served.
    pub data: Option<PathBuf>,
    /// Where the node listens.
    pub listen: SocketAddr,
    /// A sandbox clock: it begins at this market time, or at the log's last record if that is later, and then runs like a real one.
    pub clock: Option<Moment>,
    /// TLS.
    pub tls: Tls,
    /// What the node writes about its work.
    pub log: Log,
    /// By which names the node is asked, and by whose pages.
    pub http: Http,
    /// What one client can ask of the node.
    pub limits: Limits,
    /// Sign-ins of people.
    pub sessions: Sessions,
    /// Acts that wait for a second person. That there must be one is no setting.
    pub approvals: Approvals,
    /// The database that answers queries about the past.
    pub projection: Projection,
    /// Snapshots.
    pub snapshots: Snapshots,
    /// What is believed of the clock.
    pub time: Time,
    /// What is open to everyone.
    pub market_data: MarketData,
    /// The figures for Prometheus.
    pub metrics: Metrics,
}

/// A time, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// As written: RFC 3339.
    pub text: String,
    /// The same as a number.
    pub time: Timestamp,
}

/// TLS: from files, or with a certificate that the node makes for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those above it, PEM.
    pub certificate: Option<PathBuf>,
    /// The private key, PEM.
    pub key: Option<PathBuf>,
    /// A certificate that nobody vouches for, for trying out.
    pub self_made: bool,
}

impl Tls {
    /// Whether the node speaks TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.self_made || self.certificate.is_some()
    }
}

/// Lines for people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// The least of what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What ends the node or loses something.
    Error,
    /// What someone should look at.
    Warn,
    /// Starts, stops, sign-ins, connections that were cut off.
    #[default]
    Info,
    /// Connections that broke off, commands that were turned away.
    Debug,
    /// Everything.
    Trace,
}

/// What the node writes about its work, on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// The least that is written.
    pub level: LogLevel,
}

/// By which names the node is asked, and by whose pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// Names of the node besides `localhost`, its addresses and those in its certificate.
    pub hosts: Vec<String>,
    /// Origins whose pages may use the API and open streams, besides the node's own.
    pub origins: Vec<String>,
}

/// What one client can ask of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second, for each key and session, in the long run.
    pub requests_per_second: u32,
    /// Requests that may come at once.
    pub burst: u32,
    /// Attempts to sign in a minute, for each address.
    pub sign_in_per_minute: u32,
    /// Bytes a body at most.
    pub body_bytes_max: usize,
    /// Seconds in which a request's head and body must be there.
    pub header_timeout_seconds: u64,
    /// Connections at a time.
    pub connections_max: usize,
    /// Of them, those from one address.
    pub connections_per_address: usize,
    /// Of them, those that are kept for operators of the node.
    pub connections_kept: usize,
    /// Streams of one user at a time.
    pub streams_per_user: usize,
    /// Messages that may wait for a client of a stream; one that leaves more is cut off.
    pub stream_queue_messages: usize,
}

/// Sign-ins of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u64,
    /// Hours after which a session ends in any case.
    pub hours_max: u64,
    /// Wrong passwords in a row that lock a user out.
    pub lock_out_after: u32,
    /// Minutes for which it is locked out.
    pub lock_out_minutes: u64,
}

/// Acts that wait for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approvals {
    /// Hours after which a proposed act is void.
    pub expire_hours: u64,
}

/// The database that answers queries about the past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// `sqlite:PATH` or `postgres://…`; a SQLite file in the data directory where there is none.
    pub url: Option<String>,
}

/// Snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshots {
    /// Records between two snapshots while the node runs.
    pub every_records: u64,
}

/// What is believed of the machine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds by which it may be put forward at once while the node runs.
    pub jump_seconds_max: u64,
    /// Days that a node may have stood still before it is started.
    pub pause_days_max: u64,
}

impl Default for Time {
    fn default() -> Self {
        Self { jump_seconds_max: 60, pause_days_max: 366 }
    }
}

/// What is open to everyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketData {
    /// Whether market data may be read without signing in.
    pub public: bool,
    /// Whether the orders of a book are shown one by one, without their owners.
    pub by_order: bool,
}

/// The figures for Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Whether anyone may read them; otherwise this machine and operators.
    pub public: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 200,
            burst: 400,
            sign_in_per_minute: 10,
            body_bytes_max: 65_536,
            header_timeout_seconds: 10,
            connections_max: 4_096,
            connections_per_address: 1_024,
            connections_kept: 16,
            streams_per_user: 64,
            stream_queue_messages: 1_024,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { idle_minutes: 30, hours_max: 12, lock_out_after: 5, lock_out_minutes: 15 }
    }
}

impl Default for Approvals {
    fn default() -> Self {
        Self { expire_hours: 24 }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { every_records: 1_000_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: None,
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            clock: None,
            tls: Tls::default(),
            log: Log::default(),
            http: Http::default(),
            limits: Limits::default(),
            sessions: Sessions::default(),
            approvals: Approvals::default(),
            projection: Projection::default(),
            snapshots: Snapshots::default(),
            time: Time::default(),
            market_data: MarketData::default(),
            metrics: Metrics::default(),
        }
    }
}
