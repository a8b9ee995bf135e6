//! Users and keys.

use super::commands::{Sent, names, send_command, user_name};
use super::views::List;
use crate::node::Follower;
use crate::serve::access::{hash_of, random_text};
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::{Method, StatusCode};
use base::UserId;
use engine::Command;
use gateway::Wrong;
use roster::{CreateKey, CreateUser, Duties, Duty, RevokeKey, SetPassword, SetTotp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const TAG: &str = "users and keys";

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::SignedIn;
    let operators = Allowed::Duties(&[Duty::Operator]);
    let shown = Allowed::Duties(&[Duty::Operator, Duty::Supervisor, Duty::Auditor]);
    vec![
        Endpoint::reads(
            "/v1/users",
            shown,
            TAG,
            "Users: of your participant; of all, for those who run or watch the node",
            users,
        )
        .gives_list::<UserView>(),
        Endpoint::acts(
            Method::POST,
            "/v1/users",
            operators,
            TAG,
            "Admit a user (a second person approves)",
            create_user,
        )
        .with_body::<NewUser>()
        .gives::<Sent>()
        .gives_at::<Sent>(202),
        Endpoint::acts(
            Method::POST,
            "/v1/users/{user}/password",
            operators,
            TAG,
            "Give a user another password (a second person approves)",
            reset,
        )
        .with_body::<Reset>()
        .gives_at::<Sent>(202),
        Endpoint::acts(
            Method::DELETE,
            "/v1/users/{user}/totp",
            operators,
            TAG,
            "Turn a user's one-time codes off (a second person approves)",
            codes_off,
        )
        .gives_at::<Sent>(202),
        Endpoint::reads(
            "/v1/keys",
            SignedIn,
            TAG,
            "Your keys; of all, for those who run or watch the node",
            keys,
        )
        .gives_list::<KeyView>(),
        Endpoint::acts(
            Method::POST,
            "/v1/keys",
            SignedIn,
            TAG,
            "Ask for a key (a second person approves); its secret is shown once",
            create_key,
        )
        .with_body::<NewKey>()
        .gives::<KeyMade>()
        .gives_at::<KeyMade>(202),
        Endpoint::acts(Method::DELETE, "/v1/keys/{key}", SignedIn, TAG, "End a key", revoke).gives::<Sent>(),
    ]
}

/// A user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct UserView {
    /// The name it signs in with.
    pub user: String,
    /// Whose user it is.
    pub participant: String,
    /// What it is there to do.
    pub duties: Vec<String>,
    /// It may act.
    pub active: bool,
    /// It must choose a password first.
    pub must_change: bool,
    /// One-time codes are on.
    pub totp: bool,
}

fn duties(duties: Duties) -> Vec<String> {
    duties.iter().map(|duty| duty.name().to_owned()).collect()
}

fn users(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let everyone = caller.sees_everyone(state);
    let all = state.roster().users().iter().filter(|user| everyone || user.participant == caller.participant);
    let all = all.map(|user| UserView {
        user: user.name.clone(),
        participant: names(follower).participant(user.participant),
        duties: duties(user.duties),
        active: user.active,
        must_change: user.must_change,
        totp: user.totp.is_some(),
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// A user to be admitted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// Whose user it will be.
    participant: String,
    /// The name it signs in with.
    name: String,
    /// What it is there to do.
    #[schema(value_type = Vec<String>)]
    duties: Duties,
    /// Its first password: it must choose another one.
    password: String,
}

fn create_user(call: Call) -> Later {
    Box::pin(async move {
        let NewUser { id, participant, name, duties, password } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        let participant = {
            let follower = app.reader.read();
            let state = follower.state();
            let found = state.registry().participant_id(&participant);
            let found = found.filter(|found| caller.operates(state) || *found == caller.participant);
            found.ok_or_else(|| Problem::field("participant", Wrong::absent("participant", &participant)))?
        };
        let password = app.passwords.hash("password", password).await?;
        let command = CreateUser { participant, name, duties, password, must_change: true };
        sent(send_command(app, caller, call.name(id), Command::CreateUser(command)).await?)
    })
}

fn sent(sent: Sent) -> Answered {
    let status = if sent.act.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(Reply::json_at(status, &sent).at(sent.sequence))
}

/// Another password for someone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// The password: the user must choose another one.
    password: String,
}

fn reset(call: Call) -> Later {
    Box::pin(async move {
        let Reset { id, password } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        let user = another(&call)?;
        let password = app.passwords.hash("password", password).await?;
        let command = Command::SetPassword(SetPassword { user, password, must_change: true });
        sent(send_command(app, caller, call.name(id), command).await?)
    })
}

fn codes_off(call: Call) -> Later {
    Box::pin(async move {
        let command = Command::SetTotp(SetTotp { user: another(&call)?, secret_hash: None });
        sent(send_command(&call.app, call.caller()?, call.name(None), command).await?)
    })
}

/// The user in the path, whom the caller sees. How oneself signs in is changed within a session, where one shows that it is oneself.
fn another(call: &Call) -> Result<UserId, Problem> {
    let (name, caller, follower) = (call.parameter("user"), call.caller()?, call.app.reader.read());
    let state = follower.state();
    let found = state.roster().user_named(name).filter(|id| {
        let of = state.roster().user(*id).map(|user| user.participant);
        caller.operates(state) || of == Some(caller.participant)
    });
    match found {
        Some(user) if user == caller.user => {
            Err(Problem::new(Code::Forbidden, "your own is changed below /v1/session"))
        }
        found => found.ok_or_else(|| Problem::absent("user", name)),
    }
}

/// A key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct KeyView {
    /// Its public name.
    pub key: String,
    /// As whom it sends.
    pub user: String,
    /// The one account it may touch; all where none is named.
    pub account: Option<String>,
    /// What it may do.
    pub duties: Vec<String>,
    /// It was not ended.
    pub active: bool,
}

fn keys(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let everyone = caller.sees_everyone(state);
    let all = state.roster().keys().iter().filter(|key| everyone || key.user == caller.user);
    let all = all.map(|key| KeyView {
        key: key.id.clone(),
        user: user_name(follower, key.user),
        account: key.account.map(|account| names(follower).account(account)),
        duties: duties(key.duties),
        active: key.active,
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// The one account it may touch; all where none is named.
    account: Option<String>,
    /// What it may do: duties of yours.
    #[schema(value_type = Vec<String>)]
    duties: Duties,
}

/// A key that was asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct KeyMade {
    /// Its public name.
    pub key: String,
    /// Its secret, which is shown once.
    pub secret: String,
    /// It works when a second person has approved.
    #[serde(flatten)]
    pub sent: Sent,
}

fn create_key(call: Call) -> Later {
    Box::pin(async move {
        let NewKey { id, account, duties } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        if !duties.is_within(caller.duties) {
            return Err(Problem::field("duties", "a key has duties of its user, and no others"));
        }
        let account = match account {
            None => caller.account,
            Some(code) => {
                let follower = app.reader.read();
                let state = follower.state();
                let found = state.registry().account_id(&code).filter(|account| caller.owns(state, *account));
                Some(found.ok_or_else(|| Problem::field("account", Wrong::absent("account", &code)))?)
            }
        };
        let key = random_text(20).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let secret = app.secrets.of_key(&key);
        let secret_hash = hash_of(secret.as_bytes());
        let command = CreateKey { user: caller.user, id: key.clone(), secret_hash, account, duties };
        let sent = send_command(app, caller, call.name(id), Command::CreateKey(command)).await?;
        let (status, sequence) = (if sent.act.is_some() { 202 } else { 200 }, sent.sequence);
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Ok(Reply::json_at(status, &KeyMade { key, secret, sent }).at(sequence))
    })
}

fn revoke(call: Call) -> Later {
    Box::pin(async move {
        let (app, caller, id) = (&call.app, call.caller()?, call.parameter("key").to_owned());
        let seen = {
            let follower = app.reader.read();
            let (state, key) = (follower.state(), follower.state().roster().key(&id));
            key.is_some_and(|key| key.user == caller.user || caller.operates(state))
        };
        if !seen {
            return Err(Problem::absent("key", &id));
        }
        sent(send_command(app, caller, call.name(None), Command::RevokeKey(RevokeKey { id })).await?)
    })
}
