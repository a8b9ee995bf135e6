//! Signing in and out, the password, the link by which a user first chooses one, and one-time codes.

use super::commands::send_command;
use super::views::word;
use crate::node::Follower;
use crate::serve::App;
use crate::serve::access::{COOKIE, Caller, Secrets, Session, Via, hash_of};
use crate::serve::clock::machine_ms;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint, Later};
use crate::serve::gauges::SignIn as CameOfIt;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::seats::network;
use axum::http::{Method, header::SET_COOKIE};
use base::UserId;
use engine::Command;
use roster::{Enrol, EnrolTotp, SetPassword, SetTotp};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};
use utoipa::ToSchema;

const TAG: &str = "session";
/// How long a one-time code is the one of now, in milliseconds.
const STEP_MS: u64 = 30_000;

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::{Anyone, SignedIn};
    vec![
        Endpoint::acts(Method::POST, "/v1/session", Anyone, TAG, "Sign in", sign_in)
            .with_body::<SignIn>()
            .gives::<SessionView>(),
        Endpoint::reads("/v1/session", SignedIn, TAG, "Who you are", who).gives::<SessionView>(),
        Endpoint::acts(Method::DELETE, "/v1/session", SignedIn, TAG, "Sign out", sign_out).gives_nothing(),
        Endpoint::acts(
            Method::POST,
            "/v1/session/password",
            SignedIn,
            TAG,
            "Choose another password",
            password,
        )
        .with_body::<NewPassword>()
        .gives_nothing(),
        Endpoint::acts(
            Method::POST,
            "/v1/session/enrol",
            Anyone,
            TAG,
            "Choose a password by the link that you were given",
            enrol,
        )
        .with_body::<ByLink>()
        .gives_nothing(),
        Endpoint::acts(
            Method::POST,
            "/v1/session/totp",
            SignedIn,
            TAG,
            "Ask for a secret for one-time codes",
            show_secret,
        )
        .with_body::<OwnPassword>()
        .gives::<Enrolment>(),
        Endpoint::acts(
            Method::PUT,
            "/v1/session/totp",
            SignedIn,
            TAG,
            "Turn one-time codes on, by a first code",
            totp_on,
        )
        .with_body::<FirstCode>()
        .gives_nothing(),
        Endpoint::acts(
            Method::POST,
            "/v1/session/totp/off",
            SignedIn,
            TAG,
            "Turn one-time codes off",
            totp_off,
        )
        .with_body::<OwnPassword>()
        .gives_nothing(),
    ]
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The name of the user.
    user: String,
    /// The password.
    password: String,
    /// The one-time code of now, where the user has turned codes on.
    code: Option<String>,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct SessionView {
    /// The name of the user.
    pub user: String,
    /// The code of the participant.
    pub participant: String,
    /// Its name.
    pub name: String,
    /// What the participant is in the market.
    pub roles: Vec<String>,
    /// What the user is there to do.
    pub duties: Vec<String>,
    /// The participant's accounts.
    pub accounts: Vec<String>,
    /// What changes within the session carry as X-CSRF-Token; empty where a key signs.
    pub csrf: String,
    /// The user must choose a password first.
    pub must_change: bool,
    /// One-time codes are on.
    pub totp: bool,
}

fn view(follower: &Follower, caller: &Caller, csrf: String) -> SessionView {
    let state = follower.state();
    let participant = state.registry().participant(caller.participant);
    let accounts = state.registry().accounts().iter().enumerate();
    let accounts = accounts.filter(|(index, _)| caller.owns(state, base::AccountId::at(*index)));
    let user = state.roster().user(caller.user);
    SessionView {
        user: user.map_or_else(String::new, |user| user.name.clone()),
        participant: participant.code.clone(),
        name: participant.name.clone(),
        roles: participant.roles.iter().map(word).collect(),
        duties: caller.duties.iter().map(|duty| duty.name().to_owned()).collect(),
        accounts: accounts.map(|(_, account)| account.code.clone()).collect(),
        csrf,
        must_change: caller.must_change,
        totp: user.is_some_and(|user| user.totp.is_some()),
    }
}

fn sign_in(call: Call) -> Later {
    Box::pin(async move {
        let SignIn { user, password, code } = call.json()?;
        let app = &call.app;
        spend_attempt(&call)?;
        if let Some(seconds) = app.lockouts.locked_out(&user, call.peer) {
            return Err(locked_out(app, seconds));
        }
        let found = check(app, &user, password, code).await;
        let tried = app.lockouts.tried(&user, call.peer, found.is_some());
        tried.map_err(|seconds| locked_out(app, seconds))?;
        let from = call.peer.to_string();
        match found {
            Some(id) => {
                app.gauges.sign_in(CameOfIt::Succeeded);
                tracing::info!(user, from, "signed in");
                opened(app, id)
            }
            None => {
                failed(app, &user, from, "failed to sign in");
                Err(Problem::new(Code::BadCredentials, "these are not a user's name, password and code"))
            }
        }
    })
}

/// Takes one attempt out of the allowance of an address.
fn spend_attempt(call: &Call) -> Result<(), Problem> {
    call.app.sign_ins.spend(&network(call.peer).to_string()).map(drop).map_err(|seconds| {
        let detail = format!("too many attempts from your address: try again in {seconds} s");
        Problem::again_in(seconds, Code::RateLimited, detail)
    })
}

/// Notes that somebody was not who he said.
fn failed(app: &App, user: &str, from: String, what: &str) {
    app.gauges.sign_in(CameOfIt::Failed);
    // A name that is nobody's may be a password in the wrong place.
    let known = app.reader.read().state().roster().user_named(user).is_some();
    let user = if known { user } else { "nobody's name" };
    tracing::warn!(user, from, "{what}");
}

/// What a name is told that failed too often.
fn locked_out(app: &App, seconds: u64) -> Problem {
    app.gauges.sign_in(CameOfIt::LockedOut);
    Problem::again_in(seconds, Code::LockedOut, format!("try again in {seconds} s"))
}

/// The user with a name, a password and, where codes are on, the code of now.
async fn check(app: &App, name: &str, password: String, code: Option<String>) -> Option<UserId> {
    let found = {
        let follower = app.reader.read();
        let roster = follower.state().roster();
        let id = roster.user_named(name);
        id.and_then(|id| Some((id, roster.user(id)?.clone()))).filter(|(_, user)| user.active)
    };
    let hash = found.as_ref().map(|(_, user)| user.password.clone());
    let fits = app.passwords.is(password, hash).await;
    let (id, user) = found.filter(|_| fits)?;
    let Some(wanted) = user.totp else { return Some(id) };
    let totp = totp(app.secrets.totp(name, wanted, &user.sealed)?)?;
    // The codes are those of the machine's clock, whatever clock the market runs on.
    let step = totp.check_current(&code?)?;
    is_new_code(app, name, step).await.then_some(id)
}

/// Whether a code, by its step in time, is used for the first time: with this node or one before it.
async fn is_new_code(app: &App, user: &str, step: u64) -> bool {
    let what = hash_of(format!("code {step} of {user}").as_bytes());
    // It is accepted a step before and a step after its own.
    let until = i64::try_from(step.saturating_add(3).saturating_mul(STEP_MS)).unwrap_or(i64::MAX);
    app.used.is_new(what, machine_ms(), until).await.unwrap_or_else(|error| {
        tracing::error!("{error:#}");
        false
    })
}

/// Codes of six digits, every thirty seconds, as every authenticator makes them (RFC 6238).
fn totp(secret: Vec<u8>) -> Option<Totp> {
    Builder::new().with_secret(secret).build().ok()
}

fn opened(app: &App, user: UserId) -> Answered {
    let fault = |_| Problem::new(Code::Internal, "no session could be opened");
    let (token, Session { csrf, .. }) = app.sessions.open(user).map_err(fault)?;
    let follower = app.reader.read();
    let caller = Caller::of(follower.state(), user, Via::Session(token.clone()));
    let caller = caller.ok_or_else(|| Problem::new(Code::BadCredentials, "the user may not act"))?;
    let cookie = cookie(app, &token, app.config.sessions.hours_max.saturating_mul(3_600));
    Ok(Reply::json(&view(&follower, &caller, csrf)).with(SET_COOKIE, &cookie))
}

fn cookie(app: &App, token: &str, seconds: u64) -> String {
    let secure = if app.secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

fn who(call: &Call, follower: &Follower) -> Answered {
    let caller = call.caller()?;
    let csrf = match &caller.via {
        Via::Session(token) => call.app.sessions.find(token).map(|session| session.csrf),
        Via::Key(_) => None,
    };
    Ok(Reply::json(&view(follower, caller, csrf.unwrap_or_default())))
}

fn token(caller: &Caller) -> Result<&str, Problem> {
    match &caller.via {
        Via::Session(token) => Ok(token),
        Via::Key(_) => Err(Problem::new(Code::Forbidden, "this is done within a session, not with a key")),
    }
}

fn sign_out(call: Call) -> Later {
    Box::pin(async move {
        call.app.sessions.end(token(call.caller()?)?);
        Ok(Reply::nothing().with(SET_COOKIE, &cookie(&call.app, "", 0)))
    })
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The one in use.
    old: String,
    /// The one to come, of at least ten characters.
    new: String,
}

fn password(call: Call) -> Later {
    Box::pin(async move {
        let NewPassword { old, new } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        let token = token(caller)?;
        let (name, in_use) = confirm(&call, "old", old).await?;
        let password = app.passwords.choose("new", new, &name, &in_use).await?;
        let command = Command::SetPassword(SetPassword { user: caller.user, password, must_change: false });
        send_command(app, caller, call.name(None), command).await?;
        app.sessions.end_others(caller.user, Some(token));
        Ok(Reply::nothing())
    })
}

/// Whoever changes how a user signs in shows that it is the user. Gives its name, and the hash of its password.
async fn confirm(call: &Call, field: &str, password: String) -> Result<(String, String), Problem> {
    let (app, caller) = (&call.app, call.caller()?);
    let (name, hash) = {
        let follower = app.reader.read();
        let user = follower.state().roster().user(caller.user);
        user.map(|user| (user.name.clone(), user.password.clone())).unwrap_or_default()
    };
    if let Some(seconds) = app.lockouts.locked_out(&name, call.peer) {
        return Err(locked_out(app, seconds));
    }
    let right = app.passwords.is(password, Some(hash.clone())).await;
    app.lockouts.tried(&name, call.peer, right).map_err(|seconds| locked_out(app, seconds))?;
    if right {
        return Ok((name, hash));
    }
    Err(Problem {
        field: Some(field.into()),
        ..Problem::new(Code::BadCredentials, "this is not your password")
    })
}

/// A user who has been given a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByLink {
    /// The name of the user: it stands in the link.
    user: String,
    /// The token: it stands in the link.
    token: String,
    /// The code that the second person was given; none where one of the first operators enrols.
    code: Option<String>,
    /// The password to come, of at least ten characters.
    password: String,
}

/// Chooses a password by a link, which is good once. Who comes with a wrong token or code is not told which of it is wrong, nor whether
/// there is such a user.
fn enrol(call: Call) -> Later {
    Box::pin(async move {
        let ByLink { user: name, token, code, password } = call.json()?;
        let app = &call.app;
        spend_attempt(&call)?;
        if let Some(seconds) = app.lockouts.locked_out(&name, call.peer) {
            return Err(locked_out(app, seconds));
        }
        let found = linked(app, &name, &token, code.as_deref());
        let tried = app.lockouts.tried(&name, call.peer, found.is_some());
        tried.map_err(|seconds| locked_out(app, seconds))?;
        let Some((caller, token_hash, in_use)) = found else {
            failed(app, &name, call.peer.to_string(), "came with a link that is not good");
            let detail = "the link was used, its time is over, or the code is another: ask for a new one";
            return Err(Problem::new(Code::BadCredentials, detail));
        };
        let password = app.passwords.choose("password", password, &name, &in_use).await?;
        let user = caller.user;
        send_command(app, &caller, call.name(None), Command::Enrol(Enrol { user, token_hash, password }))
            .await?;
        app.sessions.end_others(user, None);
        tracing::info!(user = name, from = call.peer.to_string(), "enrolled");
        Ok(Reply::nothing())
    })
}

/// The user whose link has a token, where it is good and the code is that of the second person; with the hash of the token, and that
/// of the password in use.
fn linked(app: &App, name: &str, token: &str, code: Option<&str>) -> Option<(Caller, [u8; 32], String)> {
    let follower = app.reader.read();
    let (state, token_hash) = (follower.state(), hash_of(token.as_bytes()));
    let id = state.roster().user_named(name)?;
    let caller = Caller::of(state, id, Via::Session(String::new()))?;
    let user = state.roster().user(id)?;
    let link = user.link.filter(|link| link.token_hash == token_hash && app.clock.now() < link.expires)?;
    // Of a user who does not have the token, nothing is compared.
    let wanted = app.secrets.approval_code(name, token_hash);
    let code = code.map(|code| code.trim().to_ascii_lowercase());
    let fits = !link.coded || code.is_some_and(|code| hash_of(code.as_bytes()) == hash_of(wanted.as_bytes()));
    fits.then(|| (caller, token_hash, user.password.clone()))
}

/// A secret for one-time codes.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolment {
    /// In base32, to be typed.
    secret: String,
    /// As `otpauth://…`, to be shown as a code.
    uri: String,
}

fn show_secret(call: Call) -> Later {
    Box::pin(async move {
        let OwnPassword { password } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        token(caller)?;
        let (name, _) = confirm(&call, "password", password).await?;
        let fault = || Problem::new(Code::Internal, "no secret could be made");
        let secret = Secrets::new_totp().map_err(|_| fault())?;
        let totp = totp(secret.clone()).ok_or_else(fault)?;
        app.pending.put(caller.user, secret);
        let secret = totp.secret().to_base32();
        let uri = format!("otpauth://totp/Huangpu:{name}?secret={secret}&issuer=Huangpu");
        Ok(Reply::json(&Enrolment { secret, uri }))
    })
}

/// A first code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstCode {
    /// Six digits.
    code: String,
    /// The password in use.
    password: String,
}

/// Shows that it is the user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPassword {
    /// The one in use.
    password: String,
}

fn totp_on(call: Call) -> Later {
    Box::pin(async move {
        let FirstCode { code, password } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        token(caller)?;
        let (name, _) = confirm(&call, "password", password).await?;
        let Some(secret) = app.pending.get(caller.user) else {
            return Err(Problem::field("code", "ask for a secret first: one is kept for ten minutes"));
        };
        let step = totp(secret.clone()).and_then(|totp| totp.check_current(&code));
        // It is one that was used, too: nobody signs in with it.
        let new = match step {
            Some(step) => is_new_code(app, &name, step).await,
            None => false,
        };
        if !new {
            return Err(Problem::field("code", "this is not the code of now"));
        }
        let fault = |_| Problem::new(Code::Internal, "the secret could not be sealed");
        let (secret_hash, sealed) = (hash_of(&secret), app.secrets.seal(&name, &secret).map_err(fault)?);
        let command = Command::EnrolTotp(EnrolTotp { user: caller.user, secret_hash, sealed });
        send_command(app, caller, call.name(None), command).await?;
        app.pending.forget(caller.user);
        Ok(Reply::nothing())
    })
}

fn totp_off(call: Call) -> Later {
    Box::pin(async move {
        let OwnPassword { password } = call.json()?;
        let (app, caller) = (&call.app, call.caller()?);
        token(caller)?;
        confirm(&call, "password", password).await?;
        let command = Command::SetTotp(SetTotp { user: caller.user, secret_hash: None });
        send_command(app, caller, call.name(None), command).await?;
        Ok(Reply::nothing())
    })
}
