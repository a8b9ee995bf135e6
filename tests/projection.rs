//! The projection against the state, the reports and itself: over SQLite, and over PostgreSQL where
//! `HUANGPU_TEST_POSTGRES` names one.

#![allow(unreachable_pub, clippy::unwrap_used, clippy::panic)] // a test that cannot go on has failed

#[path = "projection/feed.rs"]
mod feed;
#[path = "projection/history.rs"]
mod history;
#[path = "projection/place.rs"]
mod place;
#[path = "projection/views.rs"]
mod views;
