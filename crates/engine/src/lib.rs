//! The engine: one deterministic state, changed by one function, [`State::apply`], over one river of records.
//!
//! Architecture Invariant: this is the only crate that composes rooms, and it never names a market. It reads no clock, draws
//! no random number, starts no thread, does no I/O and uses no floating point: the state is a pure function of the records.
//!
//! Where to read: `apply.rs` is the path of a command from end to end, on one page a family; `after_trade.rs` is where a match on a
//! book goes on to the other rooms; `clock.rs` is what the calendar does
//! before a command; `access.rs` and `duties.rs` say who may send what; `four_eyes.rs` is where what
//! one person proposes waits for another; `revise.rs` is how a trade is taken back; `codec.rs` is how a record's payload is written.

mod access;
mod adopt;
mod after_trade;
mod apply;
mod cbor;
mod client_id;
mod clock;
mod codec;
mod command;
mod digest;
mod door;
mod duties;
mod event;
mod four_eyes;
mod glance;
mod rejection;
mod revise;
pub mod rulebook;
pub mod snapshot;
mod state;

pub use access::{AccessRejection, Permission};
pub use client_id::{ClientId, ClientKey, ID_BYTES_MAX};
pub use codec::{CodecError, HEADER_BYTES, body, decode, encode};
pub use command::{Command, Envelope, Record};
pub use digest::LogDigest;
pub use door::Door;
pub use event::{Event, Events};
pub use four_eyes::{Act, ActRejection};
pub use glance::GROUP;
pub use rejection::{EngineRejection, Rejection};
pub use state::{Adopted, State};

/// The participant that exists from the beginning: the node's operator.
pub const OPERATOR: base::ParticipantId = base::ParticipantId(0);
