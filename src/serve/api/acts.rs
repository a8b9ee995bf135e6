//! Acts that wait for a second person (四眼原则).

use super::commands::{Sent, send_command};
use super::views::{List, local};
use crate::node::Follower;
use crate::serve::access::Caller;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use axum::http::Method;
use base::ActId;
use engine::{Command, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const TAG: &str = "acts of two persons";

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::SignedIn;
    vec![
        Endpoint::reads(
            "/v1/acts",
            SignedIn,
            TAG,
            "What waits for a second person: yours to approve, or proposed by you",
            acts,
        )
        .gives_list::<ActView>(),
        Endpoint::acts(
            Method::POST,
            "/v1/acts/{act}/approve",
            SignedIn,
            TAG,
            "Approve: the command is done now",
            approve,
        )
        .with_body::<Approval>()
        .gives::<Approved>(),
        Endpoint::acts(
            Method::POST,
            "/v1/acts/{act}/withdraw",
            SignedIn,
            TAG,
            "Withdraw, or reject",
            withdraw,
        )
        .with_body::<Withdrawal>()
        .gives::<Sent>(),
    ]
}

/// An act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ActView {
    /// Its number.
    pub act: u64,
    /// The command, as in docs/commands.md.
    pub command: serde_json::Value,
    /// Who proposed it.
    pub proposer: String,
    /// For whom.
    pub participant: String,
    /// When.
    pub proposed: String,
    /// It is gone then.
    pub expires: String,
    /// The caller proposed it.
    pub mine: bool,
    /// The caller may approve it.
    pub may_approve: bool,
}

fn acts(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let all = state.acts().filter_map(|act| act_view(state, caller, act));
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// An act as a caller sees it, if it does.
#[must_use]
pub(crate) fn act_view(state: &State, caller: &Caller, act: &engine::Act) -> Option<ActView> {
    let names = gateway::Names(state);
    let mine = act.proposer == caller.user;
    let may_approve = !mine && state.may_approve(caller.participant, caller.user, act);
    let seen = mine || may_approve || act.actor == caller.participant || caller.sees_all(state);
    seen.then(|| ActView {
        act: act.id.0.into(),
        command: redacted(names.command(&act.command, &[])),
        proposer: state.roster().user(act.proposer).map_or_else(String::new, |user| user.name.clone()),
        participant: names.participant(act.actor),
        proposed: local(state, None, act.proposed),
        expires: local(state, None, act.expires),
        mine,
        may_approve,
    })
}

/// Hashes of secrets are of no use to a reader.
pub(super) fn redacted(mut command: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = command.as_object_mut() {
        for name in ["password_hash", "secret_hash", "token_hash", "sealed"] {
            fields.shift_remove(name);
        }
        if let Some(inner) = fields.get_mut("act") {
            *inner = redacted(inner.take());
        }
    }
    command
}

/// An approval.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
}

/// The act that a path names, if it waits and the caller may see it; or whichever it names, where what is sent has been sent before:
/// then its first answer is given.
fn act(call: &Call, sent_as: Option<&str>) -> Result<ActId, Problem> {
    let id = ActId(call.number("act")?);
    let (follower, caller) = (call.app.reader.read(), call.caller()?);
    let state = follower.state();
    if sent_as.is_some_and(|sent_as| follower.answer(caller.participant, sent_as).is_some()) {
        return Ok(id);
    }
    let seen = state.acts().any(|act| {
        act.id == id
            && (act.proposer == caller.user
                || act.actor == caller.participant
                || state.may_approve(caller.participant, caller.user, act))
    });
    if seen { Ok(id) } else { Err(Problem::not_found(format_args!("act {}", id.0))) }
}

/// What came of an approval.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Approved {
    /// Where a user was given a link: the code that is asked for beside it, to be handed to the user by another way. It is shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// For whom the code is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_for: Option<String>,
    /// The command that was approved.
    #[serde(flatten)]
    pub sent: Sent,
}

fn approve(call: Call) -> Later {
    Box::pin(async move {
        let Approval { id } = if call.body.is_empty() { Approval::default() } else { call.json()? };
        let name = call.name(id);
        let (app, act) = (&call.app, act(&call, name.known())?);
        let link = link_of(app.reader.read().state(), act);
        let sent = send_command(app, call.caller()?, name, Command::ApproveAct { act }).await?;
        let sequence = sent.sequence;
        let code = link.as_ref().map(|(user, token_hash)| app.secrets.approval_code(user, *token_hash));
        let code_for = link.map(|(user, _)| user);
        Ok(Reply::json(&Approved { code, code_for, sent }).at(sequence))
    })
}

/// The user to whom an act gives a link for which a code is asked, and the hash of its token.
fn link_of(state: &State, act: ActId) -> Option<(String, [u8; 32])> {
    let (user, link) = match &state.act(act)?.command {
        Command::InviteUser(c) => (c.name.clone(), c.link),
        Command::OfferLink(c) => (state.roster().user(c.user)?.name.clone(), c.link),
        _ => return None,
    };
    link.coded.then_some((user, link.token_hash))
}

/// A withdrawal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdrawal {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// Why.
    reason: String,
}

fn withdraw(call: Call) -> Later {
    Box::pin(async move {
        let Withdrawal { id, reason } = call.json()?;
        let name = call.name(id);
        let command = Command::WithdrawAct { act: act(&call, name.known())?, reason };
        let sent = send_command(&call.app, call.caller()?, name, command).await?;
        Ok(Reply::json(&sent).at(sent.sequence))
    })
}
