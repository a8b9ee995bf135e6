//! The order book: price levels, best first, each a queue in the order of arrival, for any number of instruments.
//!
//! [`Orders`] holds every standing order of a venue in one table, one cache line each, and gives them ids that are never
//! issued twice. A [`Book`] holds no order: it has the levels of one instrument (or of its stop orders) and the queues,
//! which are linked through the table. What else the venue keeps with an order is the `T` of [`Orders<T>`].
//!
//! Architecture Invariant: this crate matches nothing and refuses nothing. It knows who stands where, and which order is
//! next; prices, quantities and what they are worth are the venue's business. It is deterministic: equal calls give
//! equal slots, ids and queues, also after a restore.

mod book;
mod ladder;
mod orders;

pub use book::{Book, Level};
pub use orders::{Order, Orders, Slot};
