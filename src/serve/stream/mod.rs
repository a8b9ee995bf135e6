//! Streams (docs/streams.md): what happens, told over a WebSocket to those who may see it, as it happens.
//!
//! ```text
//! reader's thread ─note─▶ tape ─flush─▶ streams: rendered once, kept in a ring, shared ─▶ outbox ─▶ writer ─▶ socket
//!                                                                                        (bounded: full = cut off)
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `hub.rs` | the streams that are open, who subscribes to them, and the one lock |
//! | `tape.rs` | what the records since the last publication did, without a single text |
//! | `desk.rs` | the orders that stand of those firms that somebody watches |
//! | `candles.rs` | the running minute of every instrument |
//! | `publish.rs` | from the tape to messages |
//! | `pace.rs` | when market data may be told again |
//! | `queue.rs` | a book order by order, for those who follow it so |
//! | `views.rs`, `book.rs`, `acts.rs` | what is shown as it stands, and what changed of it |
//! | `log.rs` | one stream: its numbers, its ring, its subscribers |
//! | `topic.rs` | what can be subscribed to, and by whom |
//! | `words.rs` | what a client says |
//! | `asyncapi.rs` | every message as a document |
//! | `upgrade.rs`, `socket.rs`, `outbox.rs` | a connection, from its first request to its end |
//! | `promises.rs` | whose orders end with their connection |
//! | `herald.rs` | what is due is told; once a second figures of the node; streams that nobody reads any more end |
//!
//! Architecture Invariant: nobody who subscribes is waited for. A message goes into a bounded queue or the subscriber is cut off;
//! the reader's thread never waits for a socket, and the engine never waits for the reader's thread unless that falls far behind.

mod acts;
mod asyncapi;
mod book;
mod candles;
mod desk;
mod herald;
mod hub;
mod items;
mod known;
mod log;
mod outbox;
mod pace;
mod promises;
mod publish;
mod queue;
mod socket;
mod tape;
mod topic;
mod upgrade;
mod views;
mod words;
mod writer;

pub use asyncapi::text as asyncapi;
pub(crate) use candles::{Candle, before as minutes};
pub(crate) use herald::run as herald;
pub(crate) use hub::{Hub, Seat, Subscriber};
pub(crate) use known::orders as known_orders;
pub(crate) use outbox::{End, Out, Outbox};
pub(crate) use promises::Promises;
pub(crate) use queue::{QueueChange, Standing};
pub(crate) use topic::{Topic, check_by_order};
pub(crate) use upgrade::{endpoints, line, take_for, upgrade};
pub(crate) use writer::run as write;
