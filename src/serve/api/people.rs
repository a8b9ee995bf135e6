//! Users and keys.

use super::commands::{Sent, names, send_command, user_name};
use super::views::{List, local};
use crate::node::Follower;
use crate::serve::App;
use crate::serve::access::{hash_of, random, random_text};
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::{Method, StatusCode};
use base::{Timestamp, UserId};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use engine::Command;
use gateway::Wrong;
use roster::{CreateKey, Duties, Duty, InviteUser, Link, OfferLink, RevokeKey};
use serde::{Deserialize, Serialize};
use std::io::Write;
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
            "Admit a user, who chooses a password by a link (a second person approves)",
            invite,
        )
        .with_body::<NewUser>()
        .gives::<LinkMade>()
        .gives_at::<LinkMade>(202),
        Endpoint::acts(
            Method::POST,
            "/v1/users/{user}/link",
            operators,
            TAG,
            "Give a user a link to choose another password (a second person approves)",
            offer,
        )
        .with_body::<NewLink>()
        .gives_at::<LinkMade>(202),
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
    /// It has a password, so that it can sign in.
    pub enrolled: bool,
    /// It has a link to choose one, which is good until then.
    pub link_until: Option<String>,
    /// Too many failures from many addresses have locked it out, but from where it has signed in; two persons unlock it.
    pub locked_out: bool,
}

fn duties(duties: Duties) -> Vec<String> {
    duties.iter().map(|duty| duty.name().to_owned()).collect()
}

fn users(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let (everyone, now) = (caller.sees_everyone(state), call.app.clock.now());
    let all = state.roster().users().iter().filter(|user| everyone || user.participant == caller.participant);
    let all = all.map(|user| UserView {
        user: user.name.clone(),
        participant: names(follower).participant(user.participant),
        duties: duties(user.duties),
        active: user.active,
        must_change: user.must_change,
        totp: user.totp.is_some(),
        enrolled: user.is_enrolled(),
        link_until: user.link.filter(|link| link.expires > now).map(|link| local(state, None, link.expires)),
        locked_out: call.app.lockouts.locked_everywhere(&user.name).is_some(),
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
}

/// How long a link is good.
const LINK_HOURS: i64 = 72;

/// A link that was made, for the user alone. It opens nothing by itself: the second person, who approves, is given a code, and the user
/// is asked for both. So neither can choose the password in the user's place.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct LinkMade {
    /// The page on which the user chooses a password, below the node's address. It is shown once.
    pub link: String,
    /// The token in it.
    pub token: String,
    /// The link is good until then.
    pub link_until: String,
    /// It works when a second person has approved.
    #[serde(flatten)]
    pub sent: Sent,
}

/// The page on which a user chooses a password.
#[must_use]
pub fn link_path(user: &str, token: &str) -> String {
    format!("/#/enrol/{user}/{token}")
}

fn new_link(app: &App, codes_off: bool) -> Result<(String, Link), Problem> {
    let fault = |error: anyhow::Error| Problem::new(Code::Internal, error.to_string());
    let token = URL_SAFE_NO_PAD.encode(random::<32>().map_err(fault)?);
    let expires = Timestamp(app.clock.now().0.saturating_add(LINK_HOURS * 3_600_000_000_000));
    let token_hash = hash_of(token.as_bytes());
    Ok((token, Link { token_hash, expires, coded: true, codes_off }))
}

fn link_made(app: &App, name: &str, (token, link): (String, Link), sent: Sent) -> Answered {
    let status = if sent.act.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    if sent.act.is_none() && !sent.repeated {
        // Nobody approves where an operator is alone. Then the code goes to whoever started the node, not to the one with the link.
        let code = app.secrets.approval_code(name, link.token_hash);
        let _ = writeln!(std::io::stdout(), "code for the link of user {name}: {code}");
    }
    let link_until = local(app.reader.read().state(), None, link.expires);
    let (link, sequence) = (link_path(name, &token), sent.sequence);
    Ok(Reply::json_at(status, &LinkMade { link, token, link_until, sent }).at(sequence))
}

fn invite(call: Call) -> Later {
    Box::pin(async move {
        let NewUser { id, participant, name, duties } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        let participant = {
            let follower = app.reader.read();
            let state = follower.state();
            let found = state.registry().participant_id(&participant);
            let found = found.filter(|found| caller.operates(state) || *found == caller.participant);
            found.ok_or_else(|| Problem::field("participant", Wrong::absent("participant", &participant)))?
        };
        let (token, link) = new_link(app, false)?;
        let command = InviteUser { participant, name: name.clone(), duties, link };
        let sent = send_command(app, caller, call.name(id), Command::InviteUser(command)).await?;
        link_made(app, &name, (token, link), sent)
    })
}

fn sent(sent: Sent) -> Answered {
    let status = if sent.act.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(Reply::json_at(status, &sent).at(sent.sequence))
}

/// Another way in for someone.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLink {
    /// Your own name for this command.
    #[schema(min_length = 1, max_length = 64)]
    id: Option<String>,
    /// One-time codes are off once the link was used: for a user whose device is lost.
    #[serde(default)]
    codes_off: bool,
}

fn offer(call: Call) -> Later {
    Box::pin(async move {
        let NewLink { id, codes_off } = if call.body.is_empty() { NewLink::default() } else { call.json()? };
        let (app, caller) = (&call.app, call.caller()?);
        let (user, name) = (another(&call)?, call.parameter("user").to_owned());
        let (token, link) = new_link(app, codes_off)?;
        let sent =
            send_command(app, caller, call.name(id), Command::OfferLink(OfferLink { user, link })).await?;
        link_made(app, &name, (token, link), sent)
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
