//! The API, version 1: every endpoint, in the order of the docs.

pub(crate) mod accounts;
mod acts;
pub(crate) mod commands;
pub(crate) mod market;
mod operate;
mod orders;
mod people;
mod session;
mod supervision;
pub(crate) mod views;


use crate::serve::endpoint::Endpoint;

/// Every endpoint.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let rooms = [
        session::endpoints(),
        market::endpoints(),
        commands::endpoints(),
        orders::endpoints(),
        accounts::endpoints(),
        acts::endpoints(),
        people::endpoints(),
        supervision::endpoints(),
        operate::endpoints(),
    ];
    rooms.into_iter().flatten().collect()
}
