//! The first request of a connection: who asks, from which page, and whether there is room.

use super::hub::Seat;
use super::socket::{self, Arrival};
use crate::serve::access::{Via, token_in};
use crate::serve::endpoint::Endpoint;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::{App, door};
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
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
    let caller = match door::identify(app, &parts.headers, parts.method.as_str(), &target, b"") {
        Ok(caller) => caller,
        Err(problem) => {
            door::take(app, None, peer)?;
            return Err(problem);
        }
    };
    let with_cookie = has_cookie(&parts.headers);
    if with_cookie {
        check_origin(&parts.headers)?;
    }
    door::take(app, caller.as_ref(), peer)?;
    let (upgrade, seat) = upgrade(app, parts).await?;
    let signed_out = with_cookie
        && !matches!(caller.as_ref().map(|caller| &caller.via), Some(Via::Session(_) | Via::Key(_)));
    let caller = caller.map(|caller| caller.at(Door::Stream));
    let arrival = Arrival { caller, signed_out, peer };
    let own = Arc::clone(app);
    Ok(upgrade.on_upgrade(move |socket| socket::run(own, socket, arrival, seat)))
}

/// Takes a request as one for a WebSocket, if there is room for one more.
///
/// # Errors
/// It is none, or there is no room.
pub(crate) async fn upgrade(app: &App, parts: &mut Parts) -> Result<(WebSocketUpgrade, Seat), Problem> {
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

/// A browser sends its cookie whichever page opens the socket, and says which page that is: only a page of this node may. A program
/// that keeps a cookie says nothing, and no page can keep a browser from saying it.
fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let page = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, place)| place);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match (page, host) {
        (Some(page), Some(host)) if page.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(Problem::new(Code::Csrf, "a page of another place opened this stream")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_a_page_of_this_node_uses_its_cookie() {
        let headers = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("node.example:8080"));
            headers.extend(origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))));
            headers
        };
        assert!(check_origin(&headers(None)).is_ok());
        assert!(check_origin(&headers(Some("https://node.example:8080"))).is_ok());
        for other in
            ["https://evil.example", "https://node.example", "null", "https://node.example:8080.evil.example"]
        {
            assert_eq!(check_origin(&headers(Some(other))).unwrap_err().code, Code::Csrf, "{other}");
        }
    }
}
