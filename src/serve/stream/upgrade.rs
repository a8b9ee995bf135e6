//! The first request of a connection: who asks, from which page, and whether there is room.

use super::hub::Seat;
use super::socket::{self, Arrival};
use crate::serve::access::{Caller, Via, token_in};
use crate::serve::endpoint::Endpoint;
use crate::serve::guard::said_host;
use crate::serve::line::Line;
use crate::serve::listen::Kept;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::{App, door};
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{COOKIE, ORIGIN, SEC_WEBSOCKET_KEY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use engine::Door;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Where the stream is.
pub(super) const PATH: &str = "/v1/stream";
/// A frame may be larger than a message that is read, by so much: then the client is told, and not thrown out.
const FRAME: usize = 4;

/// The stream among the endpoints.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let summary = "Market data, your own business and commands over a WebSocket (docs/streams.md); who you are may be said in \
                   the first message";
    vec![Endpoint::upgrades(PATH, "streams", summary, |app, peer, request| {
        Box::pin(enter(app, peer, request))
    })]
}

/// Answers the request that opens a stream.
async fn enter(app: Arc<App>, peer: IpAddr, request: Request) -> Response<Body> {
    app.gauges.requests.fetch_add(1, Relaxed);
    app.reader.at_least(app.clerk.acknowledged()).await;
    let (mut parts, _) = request.into_parts();
    match admit(&app, peer, &mut parts).await {
        Ok(response) => response,
        Err(problem) => Reply::from(problem).into_response(),
    }
}

async fn admit(app: &Arc<App>, peer: IpAddr, parts: &mut Parts) -> Result<Response<Body>, Problem> {
    let target = parts.uri.path_and_query().map_or(PATH, |target| target.as_str()).to_owned();
    let known = match door::identify(app, &parts.headers, parts.method.as_str(), &target, b"") {
        Ok(known) => known,
        Err(problem) => {
            door::take(app, None, peer)?;
            return Err(problem);
        }
    };
    let with_cookie = has_cookie(&parts.headers);
    let (caller, signature) = known.map_or((None, None), |(caller, signature)| (Some(caller), signature));
    door::take(app, caller.as_ref(), peer)?;
    if parts.extensions.get::<Kept>().is_some() {
        door::keep_for_operators(app, caller.as_ref())?;
    }
    let (upgrade, mut seat) = upgrade(app, parts).await?;
    if let Some(caller) = &caller {
        take_for(app, &mut seat, caller)?;
    }
    if let Some(signature) = signature {
        door::once(app, &signature).await?;
    }
    let signed_out = with_cookie
        && !matches!(caller.as_ref().map(|caller| &caller.via), Some(Via::Session(_) | Via::Key(_)));
    let (caller, line) = (caller.map(|caller| caller.at(Door::Stream)), line(parts));
    let arrival = Arrival { caller, signed_out, peer, line };
    let own = Arc::clone(app);
    Ok(upgrade.on_upgrade(move |socket| socket::run(own, socket, arrival, seat)))
}

/// Takes a request as one for a WebSocket, if there is room for one more.
///
/// # Errors
/// It is none, a page of another place asks for it, or there is no room.
pub(crate) async fn upgrade(app: &App, parts: &mut Parts) -> Result<(WebSocketUpgrade, Seat), Problem> {
    check_origin(app, parts)?;
    check_key(&parts.headers)?;
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await;
    let upgrade =
        upgrade.map_err(|error| Problem::new(Code::BadRequest, format!("this is a WebSocket: {error}")))?;
    let busy =
        || Problem { retry_after: Some(5), ..Problem::new(Code::Busy, "as many streams are open as may be") };
    let seat = app.hub.sit(app.config.limits.connections_max).ok_or_else(busy)?;
    let most = app.config.limits.body_bytes_max.saturating_mul(FRAME);
    Ok((upgrade.max_message_size(most).max_frame_size(most), seat))
}

fn has_cookie(headers: &HeaderMap) -> bool {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|text| token_in(text).is_some())
}

/// What the connection is, to those who wrap it.
pub(crate) fn line(parts: &Parts) -> Line {
    parts.extensions.get::<Line>().cloned().unwrap_or_default()
}

/// Counts a stream as one of its user's.
///
/// # Errors
/// The user has as many as may be.
pub(crate) fn take_for(app: &App, seat: &mut Seat, caller: &Caller) -> Result<(), Problem> {
    let most = app.config.limits.streams_per_user;
    if seat.belongs_to(caller.user, most) {
        return Ok(());
    }
    Err(Problem::again_in(5, Code::Busy, format!("a user has at most {most} streams at a time")))
}

/// Sixteen bytes, once (RFC 6455, 4.2.1).
fn check_key(headers: &HeaderMap) -> Result<(), Problem> {
    let mut all = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let is_key = all.next().is_some_and(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    if is_key && all.next().is_none() {
        return Ok(());
    }
    Err(Problem::new(
        Code::BadRequest,
        "this is a WebSocket: Sec-WebSocket-Key is sixteen random bytes in base64",
    ))
}

/// A browser says which page opens a socket, and sends its cookie whichever that is: only a page of this node may, or one of an origin
/// that the configuration names. A program says nothing, and no page can keep a browser from saying it.
fn check_origin(app: &App, parts: &Parts) -> Result<(), Problem> {
    let Some(origin) = parts.headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    if app.site.admits(origin, said_host(&parts.uri, &parts.headers)) {
        return Ok(());
    }
    Err(Problem::new(Code::Csrf, "a page of another place opened this stream"))
}
