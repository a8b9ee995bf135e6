//! Everything that touched an account.

use super::history::{limit, look_up};
use super::views::{account, local};
use crate::projection::Position;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of an account's trail.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailPage {
    /// Only what came before this place, such as `17.2`.
    pub before: Option<String>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// An account's trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Trail {
    /// The record of the log after which it was so.
    pub sequence: u64,
    /// What touched the account, the latest first.
    pub items: Vec<TrailView>,
    /// The `before` of the next page.
    pub next: Option<String>,
}

/// Something that touched an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct TrailView {
    /// Its place in the log.
    pub position: String,
    /// The record.
    pub sequence: u64,
    /// When.
    pub time: String,
    /// Who sent the command, and as whom; of others only supervisors and auditors learn it.
    pub by: Option<String>,
    /// See `by`.
    pub user: Option<String>,
    /// The command, as far as `by` is shown.
    pub command: Option<String>,
    /// What happened.
    pub event: String,
    /// All that is known of it; for supervisors and auditors.
    pub data: Option<serde_json::Value>,
    /// What it changed of what the account owns.
    pub changes: Vec<Change>,
}

/// A change of what an account owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct Change {
    /// Of what.
    pub asset: String,
    /// By how much, with its sign; zero where it was only set aside.
    pub change: String,
}

pub(super) fn trail(call: &Call) -> Answered {
    let TrailPage { before, limit: wanted } = call.query()?;
    let (caller, wanted) = (call.caller()?, limit(wanted)?);
    let wrong =
        |text: &String| Problem::new(Code::BadQuery, format!("before: a place such as 17.2, found {text:?}"));
    let before = before.as_ref().map(|text| text.parse::<Position>().map_err(|_| wrong(text))).transpose()?;
    let (id, wide) = {
        let follower = call.app.reader.read();
        let (state, wide) = (follower.state(), caller.sees_all(follower.state()));
        (account(state, call.parameter("account"), |id| wide || caller.owns(state, id))?, wide)
    };
    let seen = look_up(call, |view| view.trail(id, before, wanted))?;
    let follower = call.app.reader.read();
    let (state, names) = (follower.state(), gateway::Names(follower.state()));
    let full = seen.value.len() == wanted as usize;
    let next = seen.value.last().filter(|_| full).map(|row| row.position.to_string());
    let items = seen.value.iter().map(|row| {
        let shown = wide || row.actor == caller.participant;
        let user =
            u16::try_from(row.user).ok().map(base::UserId).filter(|user| *user != base::UserId::NOBODY);
        TrailView {
            position: row.position.to_string(),
            sequence: row.position.sequence,
            time: local(state, None, row.time),
            by: shown.then(|| names.participant(row.actor)),
            user: user.filter(|_| shown).map(|user| names.user(user)),
            command: shown.then(|| row.command.clone()),
            event: row.kind.clone(),
            data: wide.then(|| serde_json::from_str(&row.json).unwrap_or_default()),
            changes: row
                .changes
                .iter()
                .map(|(asset, change)| Change {
                    asset: names.asset(*asset),
                    change: names.units(*asset, (*change).into()),
                })
                .collect(),
        }
    });
    Ok(Reply::json(&Trail { sequence: seen.sequence, items: items.collect(), next }).at(seen.sequence))
}
