//! Tags of what is sent as it is until the node is another: whoever has it already is not sent it again (RFC 9110).

use crate::serve::access::hash_of;
use crate::serve::reply::Reply;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};

/// The tag of some bytes. It is a weak one: they may be packed on their way.
pub(super) fn of(bytes: &[u8]) -> String {
    format!("W/\"{}\"", &crate::node::hex(&hash_of(bytes))[..32])
}

/// A document under its tag, or nothing new where the client has it.
pub(super) fn reply(tag: &str, known: Option<&str>, document: impl FnOnce() -> Reply) -> Reply {
    let reply = if known.is_some_and(|known| names(known, tag)) {
        Reply { status: StatusCode::NOT_MODIFIED, ..Reply::nothing() }
    } else {
        document()
    };
    reply.with(ETAG, tag)
}

/// What a client says that it has.
pub(super) fn known(headers: &HeaderMap) -> Option<&str> {
    headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok())
}

/// Whether one of the tags of an `If-None-Match` is this one, strong or weak.
fn names(known: &str, tag: &str) -> bool {
    let bare = |one: &str| one.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|one| bare(one) == bare(tag))
}
