//! The log, for those who audit it: its head, and its records with what happened because of them.

use super::history::{limit, look_up};
use super::views::{List, local};
use crate::node::{Follower, Head as SignedHead, hex};
use crate::projection::RecordRow;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use base::{ParticipantId, UserId};
use gateway::Names;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const TAG: &str = "log";

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::Watchers;
    vec![
        Endpoint::reads(
            "/v1/log/head",
            Watchers,
            TAG,
            "The last record, and the digest of the log up to it",
            head,
        )
        .gives::<Head>(),
        Endpoint::reads(
            "/v1/log/signed_head",
            Allowed::SignedIn,
            TAG,
            "The last record, the chain and the digest there, signed by the node: keep it elsewhere",
            signed_head,
        )
        .gives::<SignedHead>(),
        Endpoint::looks_up("/v1/log", Watchers, TAG, "Records with what happened, in order", records)
            .with_query::<After>()
            .gives_list::<RecordView>(),
        Endpoint::looks_up("/v1/log/{record}", Watchers, TAG, "One record", record).gives::<RecordView>(),
    ]
}

/// The head of the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Head {
    /// The last record.
    pub sequence: u64,
    /// When it was taken.
    pub time: String,
    /// The digest of the log up to it: `huangpu verify` comes to the same.
    pub digest: String,
    /// The id of the log.
    pub log_id: String,
}

fn head(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let digest = follower.digest();
    let time = local(state, None, state.time());
    let log_id = call.app.log_id.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Reply::json(&Head { sequence: state.sequence().0, time, digest: hex(&digest), log_id }))
}

/// What the node signs does not wait for those who read: it is what was durable last.
fn signed_head(call: &Call, _: &Follower) -> Answered {
    Ok(Reply::json(&call.app.standing.head()))
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct After {
    /// Only records after this one.
    pub after: Option<u64>,
    /// Items at most, 1 to 1000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// A record, and what happened because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct RecordView {
    /// Its number.
    pub sequence: u64,
    /// When it was taken.
    pub time: String,
    /// Who sent it.
    pub by: String,
    /// As which user.
    pub user: Option<String>,
    /// The sender's name for it; none where an old log has only its hash.
    pub id: Option<String>,
    /// By which door it came: `file`, `http`, `stream`, `facade` or `node`. None in records of logs that did not say yet.
    pub door: Option<String>,
    /// The command, as in docs/commands.md.
    pub command: serde_json::Value,
    /// The stage that refused it.
    pub stage: Option<String>,
    /// The stage's reason.
    pub reason: Option<String>,
    /// What happened: at most the first thousand events.
    pub events: Vec<serde_json::Value>,
}

fn view(names: &Names<'_>, row: RecordRow) -> RecordView {
    let user = u16::try_from(row.user).ok().map(UserId).filter(|user| *user != UserId::NOBODY);
    RecordView {
        sequence: row.sequence.0,
        time: local(names.0, None, row.time),
        by: names.participant(ParticipantId(row.actor.0)),
        user: user.map(|user| names.user(user)),
        id: row.client_id,
        door: row.door,
        command: super::acts::redacted(serde_json::from_str(&row.json).unwrap_or_default()),
        stage: row.stage,
        reason: row.reason,
        events: row
            .events
            .iter()
            .map(|event| serde_json::from_str(&event.json).unwrap_or_default())
            .collect(),
    }
}

fn records(call: &Call) -> Answered {
    let After { after, limit: wanted } = call.query()?;
    let wanted = limit(wanted)?;
    let seen = look_up(call, |view| view.records(after.unwrap_or(0), wanted))?;
    let next = seen.value.last().filter(|_| seen.value.len() == wanted as usize).map(|row| row.sequence.0);
    let follower = call.app.reader.read();
    let names = Names(follower.state());
    let items = seen.value.into_iter().map(|row| view(&names, row)).collect();
    Ok(Reply::json(&List { sequence: seen.sequence, items, next }).at(seen.sequence))
}

fn record(call: &Call) -> Answered {
    let number: u64 = call.number("record")?;
    if i64::try_from(number).is_err() {
        return Err(Problem::not_found(format_args!("record {number}")));
    }
    let seen = look_up(call, |view| view.record(number))?;
    let row =
        seen.value.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no record {number}")))?;
    let follower = call.app.reader.read();
    Ok(Reply::json(&view(&Names(follower.state()), row)).at(seen.sequence))
}
