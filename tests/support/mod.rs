//! What the tests of the whole engine share: a world to send commands to, an auditor that looks after each, and the script
//! in which scenarios are written.

#![allow(dead_code, missing_docs, unreachable_pub)] // no library: each test binary uses a part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod audit;
pub mod book_market;
pub mod floor;
pub mod opened;
pub mod probe;
pub mod script;
pub mod world;
