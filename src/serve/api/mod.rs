//! The API, version 1: every endpoint, in the order of the docs.

pub(crate) mod accounts;
pub(crate) mod acts;
pub(crate) mod commands;
pub(crate) mod history;
mod late;
mod log;
pub(crate) mod market;
mod negotiated;
pub(crate) mod operate;
mod orders;
mod past_book;
mod people;
mod rules;
mod session;
pub(crate) mod supervision;
pub(crate) mod trades;
mod trail;
pub(crate) mod views;

pub use commands::{Name, Sent, send};
pub use people::link_path;

use crate::serve::endpoint::Endpoint;
use crate::serve::{health, metrics, stream};

/// Every endpoint.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let rooms = [
        session::endpoints(),
        market::endpoints(),
        rules::endpoints(),
        history::endpoints(),
        stream::endpoints(),
        commands::endpoints(),
        orders::endpoints(),
        accounts::endpoints(),
        acts::endpoints(),
        people::endpoints(),
        supervision::endpoints(),
        past_book::endpoints(),
        log::endpoints(),
        operate::endpoints(),
        health::endpoints(),
        metrics::endpoints(),
    ];
    rooms.into_iter().flatten().collect()
}
