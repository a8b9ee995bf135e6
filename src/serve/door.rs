//! The door: what every request passes before an endpoint does anything, in this order. Its size, who sends it, how often, whether
//! a change within a session is meant, whether the user must first choose a password, and whether the caller may.

use crate::serve::App;
use crate::serve::access::{Caller, Signature, Signed, Spent, Via, token_in, verify};
use crate::serve::endpoint::{Allowed, Answered, Call, Does, Endpoint};
use crate::serve::guard::too_large;
use crate::serve::listen::Kept;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderName};
use axum::http::{HeaderMap, Method, Response};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use utoipa::openapi::path::ParameterIn;

/// How far the time of a signature may be from the node's, in milliseconds.
pub(super) const WINDOW_MS: i64 = 10_000;

const KEY: HeaderName = HeaderName::from_static("hp-key");
const TIME: HeaderName = HeaderName::from_static("hp-time");
const SIGN: HeaderName = HeaderName::from_static("hp-sign");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const LEFT: HeaderName = HeaderName::from_static("ratelimit-remaining");

/// Who sends a request, and the signature that shows it, where one does.
pub(super) type Known = (Caller, Option<Signature>);

/// Tells who sends a request.
type Identify = fn(&App, &HeaderMap, &str, &str, &[u8]) -> Result<Option<Known>, Problem>;

/// How those who ask are known, and how they are told of problems.
pub(super) struct Manner {
    /// Who sends a request, by its headers, method, path with query, and body.
    pub(super) identify: Identify,
    /// A problem, as it is sent.
    pub(super) tell: fn(Problem) -> Reply,
    /// Whether a parameter that an endpoint does not know is refused.
    pub(super) strict: bool,
    /// Whether a wrong signature is refused where none is needed: some clients sign everything, whatever their clock says.
    pub(super) signs_open: bool,
}

/// The manner of the node's own API: sessions and keys, and problem details.
pub(super) static OWN: Manner = Manner { identify, tell: Reply::from, strict: true, signs_open: true };

/// Answers a request for an endpoint.
pub(super) async fn answer(
    app: Arc<App>,
    endpoint: Arc<Endpoint>,
    manner: &'static Manner,
    peer: IpAddr,
    path: Vec<(String, String)>,
    request: Request,
) -> Response<Body> {
    let mut spent = None;
    let answered = match enter(&app, (&endpoint, manner), peer, path, request, &mut spent).await {
        Ok(call) => endpoint.does.it(call).await,
        Err(problem) => Err(problem),
    };
    let reply = answered.unwrap_or_else(manner.tell);
    app.gauges.request(reply.status.as_u16());
    let reply = match spent {
        Some((limit, left)) => reply.with(LIMIT, &limit).with(LEFT, &left),
        None => reply,
    };
    reply.into_response()
}

async fn enter(
    app: &Arc<App>,
    (endpoint, manner): (&Endpoint, &Manner),
    peer: IpAddr,
    path: Vec<(String, String)>,
    request: Request,
    spent: &mut Option<(String, String)>,
) -> Result<Call, Problem> {
    // What someone was told of is known here too: a user that was admitted, a password that was changed.
    app.reader.at_least(app.clerk.acknowledged()).await;
    let (parts, body) = request.into_parts();
    let is_kept = parts.extensions.get::<Kept>().is_some();
    let body = read(app, body).await?;
    let (headers, uri) = (parts.headers, parts.uri);
    let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
    let known = match (manner.identify)(app, &headers, parts.method.as_str(), target, &body) {
        Ok(known) => known,
        Err(_) if !manner.signs_open && endpoint.allowed.is_open(app.config.market_data.public) => None,
        Err(problem) => {
            // Who is not who he says he is, is nobody: he may try so often and no more.
            spend(app, None, peer, spent)?;
            return Err(problem);
        }
    };
    let (caller, signature) = known.map_or((None, None), |(caller, signature)| (Some(caller), signature));
    spend(app, caller.as_ref(), peer, spent)?;
    if is_kept && !is_for_all(endpoint) {
        keep_for_operators(app, caller.as_ref())?;
    }
    if !body.is_empty() {
        check_content(&headers)?;
    }
    if let Some(caller) = &caller {
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        if changes && let Via::Session(token) = &caller.via {
            check_csrf(app, token, &headers)?;
        }
        if caller.must_change && !endpoint.path.starts_with("/v1/session") {
            return Err(Problem::new(
                Code::PasswordChangeNeeded,
                "send the old one and a new one to /v1/session/password",
            ));
        }
    }
    let open = app.config.market_data.public;
    endpoint.allowed.admits(caller.as_ref(), app.reader.read().state(), open)?;
    if manner.strict {
        check_query(endpoint, uri.query().unwrap_or_default())?;
    }
    let method = parts.method;
    Ok(Call { app: Arc::clone(app), caller, signature, method, path, uri, headers, body, peer })
}

/// What is answered on every seat: signing in, and whether the node lives.
fn is_for_all(endpoint: &Endpoint) -> bool {
    let signs_in = endpoint.method == Method::POST && endpoint.path == "/v1/session";
    signs_in || ["/healthz", "/readyz"].contains(&endpoint.path.as_str())
}

/// The last seats of a node are for those who run it.
///
/// # Errors
/// It is somebody else.
pub(super) fn keep_for_operators(app: &App, caller: Option<&Caller>) -> Result<(), Problem> {
    if caller.is_some_and(|caller| caller.operates(app.reader.read().state())) {
        return Ok(());
    }
    Err(Problem::again_in(5, Code::Busy, "as many connections are open as may be"))
}

async fn read(app: &App, body: Body) -> Result<axum::body::Bytes, Problem> {
    let most = app.config.limits.body_bytes_max;
    let arriving = axum::body::to_bytes(body, most);
    let within = Duration::from_secs(app.config.limits.header_timeout_seconds);
    match tokio::time::timeout(within, arriving).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.to_string().contains("length limit") => Err(too_large(most)),
        Ok(Err(_)) => Err(Problem::new(Code::BadRequest, "the body broke off")),
        Err(_) => Err(Problem::new(Code::TimedOut, "the body did not arrive in time")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Who sends a request. Whoever claims to be someone and is not gets no further.
///
/// # Errors
/// The signature, its time or its key; a session that has ended is no session.
pub(super) fn identify(
    app: &App,
    headers: &HeaderMap,
    method: &str,
    target: &str,
    body: &[u8],
) -> Result<Option<Known>, Problem> {
    if headers.contains_key(&KEY) {
        let wanted = |name: &HeaderName| {
            let detail = || format!("a request with {KEY} has {TIME} and {SIGN} too");
            text(headers, name).ok_or_else(|| Problem::new(Code::BadSignature, detail()))
        };
        let (key, time, sign) = (wanted(&KEY)?, wanted(&TIME)?, wanted(&SIGN)?);
        let signed = Signed { time, method, path: target, body };
        return signer(app, key, &signed, sign).map(|(caller, signature)| Some((caller, Some(signature))));
    }
    let token = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(token_in);
    let Some((token, session)) = token.and_then(|token| Some((token, app.sessions.find(token)?))) else {
        return Ok(None);
    };
    let caller = Caller::of(app.reader.read().state(), session.user, Via::Session(token.to_owned()));
    Ok(caller.map(|caller| (caller, None)))
}

/// The owner of the key that signed something. It may have been sent before: what reads may be, a command is known by its name, and
/// for the rest there is [`once`].
///
/// # Errors
/// The signature, its time or its key.
pub(super) fn signer(
    app: &App,
    key: &str,
    signed: &Signed<'_>,
    sign: &str,
) -> Result<(Caller, Signature), Problem> {
    let bad = || Problem::new(Code::BadSignature, "no such key, or another signature");
    let stale = |detail: String| Problem::new(Code::StaleTime, detail);
    let sent_ms: i64 =
        signed.time.parse().map_err(|_| stale(format!("{TIME} is in milliseconds since 1970")))?;
    let now = crate::serve::clock::machine_ms();
    if sent_ms.abs_diff(now) > WINDOW_MS.unsigned_abs() {
        return Err(stale(format!("the node's time is {now}, more than {WINDOW_MS} ms away")));
    }
    let bytes: [u8; 32] = unhex(sign).ok_or_else(bad)?;
    let user = known_key(app, key, |secret| verify(secret.as_bytes(), signed, &bytes)).ok_or_else(bad)?;
    let caller = Caller::of(app.reader.read().state(), user, Via::Key(key.to_owned()));
    Ok((caller.ok_or_else(bad)?, Signature { bytes, sent_ms }))
}

/// Accepts a signature that is accepted once, by this node and those before it.
///
/// # Errors
/// It was accepted before, or may have been.
pub(super) async fn once(app: &App, signature: &Signature) -> Result<(), Problem> {
    let &Signature { bytes, sent_ms } = signature;
    if app.used.is_before(sent_ms) {
        let detail = "it was signed before this node began: sign again";
        return Err(Problem::again_in(1, Code::Replayed, detail));
    }
    let now = crate::serve::clock::machine_ms();
    match app.used.is_new(bytes, now, sent_ms.saturating_add(WINDOW_MS)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::again_in(1, Code::Replayed, "this signature was used before: sign again")),
        Err(error) => {
            tracing::error!("{error:#}");
            Err(Problem::new(Code::Internal, "the signature could not be written down"))
        }
    }
}

/// The user of a key, if the key is in use and its secret does what is asked of it.
pub(super) fn known_key(app: &App, key: &str, fits: impl FnOnce(&str) -> bool) -> Option<base::UserId> {
    let (user, hash) = {
        let follower = app.reader.read();
        let found = follower.state().roster().key(key).filter(|key| key.active)?;
        (found.user, found.secret_hash)
    };
    let secret = app.secrets.of_key(key);
    (crate::serve::access::hash_of(secret.as_bytes()) == hash && fits(&secret)).then_some(user)
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Out of whose allowance a request is taken.
fn payer(caller: Option<&Caller>, peer: IpAddr) -> String {
    match caller.map(|caller| (&caller.via, caller.user)) {
        Some((Via::Key(key), _)) => format!("key {key}"),
        Some((Via::Session(_), user)) => format!("user {}", user.0),
        None => format!("from {peer}"),
    }
}

/// Takes one request out of an allowance, and says what is left.
///
/// # Errors
/// None is left.
pub(super) fn take(app: &App, caller: Option<&Caller>, peer: IpAddr) -> Result<Spent, Problem> {
    app.rates.spend(&payer(caller, peer)).map_err(|seconds| {
        Problem::again_in(seconds, Code::RateLimited, format!("none is left for {seconds} s"))
    })
}

fn spend(
    app: &App,
    caller: Option<&Caller>,
    peer: IpAddr,
    spent: &mut Option<(String, String)>,
) -> Result<(), Problem> {
    let taken = take(app, caller, peer);
    *spent = Some(match &taken {
        Ok(left) => (left.limit.to_string(), left.left.to_string()),
        Err(_) => (app.config.limits.burst.to_string(), "0".to_owned()),
    });
    taken.map(|_| ())
}

/// An endpoint that takes a query reads it, and refuses what it does not know. One that takes none refuses all, where it is not one
/// that is called from outside by those who may add something of their own.
fn check_query(endpoint: &Endpoint, query: &str) -> Result<(), Problem> {
    let reads = endpoint.parameters.iter().any(|one| matches!(one.parameter_in, ParameterIn::Query));
    if query.is_empty() || reads || endpoint.allowed == Allowed::Anyone {
        return Ok(());
    }
    Err(Problem::new(Code::BadQuery, format!("this takes no query, found {query:?}")))
}

fn check_content(headers: &HeaderMap) -> Result<(), Problem> {
    let wrong = |detail| Err(Problem::new(Code::UnsupportedMediaType, detail));
    let written = text(headers, &CONTENT_TYPE).unwrap_or_default();
    let kind = written.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return wrong(format!("this one is written as {written:?}"));
    }
    match text(headers, &CONTENT_ENCODING) {
        Some(coding) if !coding.trim().eq_ignore_ascii_case("identity") => {
            wrong(format!("a body is sent as it is, this one is encoded as {coding:?}"))
        }
        _ => Ok(()),
    }
}

fn check_csrf(app: &App, token: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted = app.sessions.find(token).map(|session| session.csrf);
    let fits = |wanted: &String| text(headers, &CSRF) == Some(wanted.as_str());
    if wanted.as_ref().is_some_and(fits) {
        return Ok(());
    }
    Err(Problem::new(Code::Csrf, "the header is missing, or is not this session's"))
}

impl Does {
    /// Does it.
    async fn it(self, call: Call) -> Answered {
        match self {
            Self::Reads(read) => {
                let app = Arc::clone(&call.app);
                app.reader.at_least(app.clerk.acknowledged()).await;
                let follower = app.reader.read();
                read(&call, &follower).map(|reply| reply.at(follower.state().sequence().0))
            }
            Self::LooksUp(look_up) => {
                call.app.past.at_least(call.app.clerk.acknowledged()).await;
                let looked_up = tokio::task::spawn_blocking(move || look_up(&call)).await;
                looked_up
                    .unwrap_or_else(|_| Err(Problem::new(Code::Internal, "what was looked up broke off")))
            }
            Self::Acts(act) => act(call).await,
            // The router takes these elsewhere, before anything is read.
            Self::Upgrades(_) => Err(Problem::new(Code::BadRequest, "this is a WebSocket")),
        }
    }
}
