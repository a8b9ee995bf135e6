//! A node that serves: HTTP, WebSocket and the console in front of one pipeline.
//!
//! ```text
//! request ─▶ door (who, how often, may they) ─▶ endpoint ─▶ clerk ─▶ inbox ─▶ run loop ─▶ clerk ─▶ answer
//!                                                 │                              │
//!                                                 └──── reads ◀── reader ◀───────┘──▶ streams, projection
//! ```
//!
//! Architecture Invariant: this room decides nothing about the market. What it refuses by itself it refuses because of who asks;
//! everything else is a command to the engine. Nobody who reads, however slowly, holds up the engine.

pub mod access;
mod api;
mod assets;
mod book;
mod clerk;
mod clock;
mod coinbase;
mod door;
mod endpoint;
mod gauges;
mod gentle;
mod guard;
mod heads;
mod health;
mod http;
mod line;
mod listen;
mod logging;
mod metrics;
mod openapi;
mod page;
mod past;
mod patience;
mod problem;
mod reader;
mod reply;
mod seats;
pub(crate) mod site;
mod start;
mod stream;
mod tag;
mod ticker;
mod tls;
mod unlocks;

pub use api::{Name, Sent, send};
pub use api::{endpoints, link_path};
pub use clock::{Clock, Going, Hand, Held, NotThatTime, Plausible};
pub use endpoint::{Allowed, Endpoint};
pub use logging::start as start_log;
pub use past::check as check_projection;
pub use problem::{Code, Problem};
pub use start::{Opening, Running, start};
pub use stream::asyncapi;
pub use tls::{Speaks, check as check_tls, speaks};

use crate::config::Config;
use crate::node::Standing;
use access::{Lockouts, Passwords, Pending, Rates, Secrets, Sessions, Used};
use clerk::Clerk;
use gauges::Gauges;
use past::Past;
use reader::Reader;
use std::path::PathBuf;
use std::sync::Arc;

/// What every request is answered with.
pub struct App {
    /// How the node is set up.
    pub config: Config,
    /// Where its data lies.
    pub data: PathBuf,
    /// The id of its log.
    pub log_id: [u8; 16],
    /// Where its log stands: what the signed head is made of.
    pub standing: Arc<Standing>,
    /// What time it is.
    pub clock: Clock,
    /// Takes commands in.
    pub clerk: Arc<Clerk>,
    /// Reads the state.
    pub reader: Arc<Reader>,
    /// Looks into the past.
    pub past: Past,
    /// Tells what happens as it happens.
    pub(crate) hub: Arc<stream::Hub>,
    /// Whose orders end with their connection.
    pub(crate) promises: stream::Promises,
    /// What is counted.
    pub gauges: Arc<Gauges>,
    /// Sessions of people.
    pub sessions: Sessions,
    /// Who failed to sign in too often.
    pub lockouts: Arc<Lockouts>,
    /// Passwords.
    pub passwords: Passwords,
    /// Secrets for one-time codes that are not yet in use.
    pub pending: Pending,
    /// Secrets of keys.
    pub secrets: Secrets,
    /// What is accepted once: signatures that opened a stream, one-time codes.
    pub used: Used,
    /// How often one may ask.
    pub rates: Rates<String>,
    /// How often one may try to sign in.
    pub sign_ins: Rates<String>,
    /// Where the node is, and whose pages may use it.
    pub site: Arc<site::Site>,
    /// The OpenAPI document, as JSON, and its tag.
    pub openapi: (String, String),
    /// The AsyncAPI document of the stream, as JSON, and its tag.
    pub asyncapi: (String, String),
    /// The API as a page to read, and its tag.
    pub page: (String, String),
    /// Cookies are for TLS alone.
    pub secure: bool,
}
