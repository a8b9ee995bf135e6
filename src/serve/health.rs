//! Whether the node lives, and whether it can be used: for those who start, restart and route.

use crate::report::{Horizon, horizons};
use crate::serve::endpoint::{Allowed, Call, Endpoint, Later};
use crate::serve::reply::Reply;
use crate::serve::{App, Going, Held};
use axum::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const TAG: &str = "operation";
/// Records that those who read may be behind what was acknowledged, in a node that is ready.
const BEHIND_MAX: u64 = 100_000;
/// Bytes that must be free where the log is, in a node that is ready: some segments.
const FREE_MIN: u64 = 256 << 20;

/// The endpoints.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let anyone = Allowed::Anyone;
    vec![
        Endpoint::acts(Method::GET, "/healthz", anyone, TAG, "Whether the node lives", healthz)
            .gives::<Health>(),
        Endpoint::acts(Method::GET, "/readyz", anyone, TAG, "Whether the node can be used", readyz)
            .gives::<Health>()
            .gives_at::<Health>(503),
    ]
}

/// How the node is, in a word, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or what is wrong.
    pub status: String,
    /// The last record that readers see.
    pub sequence: u64,
    /// What does not keep the node from being used, and should be looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What keeps the node from being used.
#[must_use]
pub(super) fn trouble(app: &App) -> Option<String> {
    if !app.clerk.is_open() {
        return Some("the node is stopping".to_owned());
    }
    let behind = app.clerk.acknowledged().saturating_sub(app.reader.sequence());
    if behind > BEHIND_MAX {
        return Some(format!("those who read are {behind} records behind"));
    }
    if let Going::Ahead(by) = app.clock.going() {
        return Some(Held(by).to_string());
    }
    let free = fs4::available_space(&app.data).unwrap_or(u64::MAX);
    if free < FREE_MIN {
        return Some(format!("{free} bytes are free where the log is"));
    }
    None
}

/// What should be looked at.
#[must_use]
pub(super) fn warnings(app: &App) -> Vec<String> {
    let behind = match app.clock.going() {
        Going::Behind(by) => Some(format!(
            "the clock is {} s behind the last record: every record has its time until the clock has caught up",
            by.as_secs()
        )),
        _ => None,
    };
    let horizons = horizons(app.reader.read().state(), app.clock.now());
    behind.into_iter().chain(horizons.iter().filter_map(Horizon::warning)).collect()
}

fn healthz(call: Call) -> Later {
    Box::pin(async move {
        let (status, sequence) = ("ok".to_owned(), call.app.reader.sequence());
        let health = Health { status, sequence, warnings: Vec::new() };
        Ok(Reply::json(&health))
    })
}

fn readyz(call: Call) -> Later {
    Box::pin(async move {
        let (trouble, sequence) = (trouble(&call.app), call.app.reader.sequence());
        let status = if trouble.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let warnings = warnings(&call.app);
        let health = Health { status: trouble.unwrap_or_else(|| "ok".to_owned()), sequence, warnings };
        Ok(Reply::json_at(status, &health))
    })
}
