//! The console: the files of `web/`, kept in the binary.

use crate::serve::reply::Reply;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "web/"]
#[exclude = "test/*"]
struct Files;

/// The file at a path of the console, or nothing new where the client has it already.
#[must_use]
pub(super) fn file(path: &str, known: Option<&str>) -> Option<Reply> {
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let file = Files::get(path)?;
    let hash = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let reply = if known.is_some_and(|known| names(known, &tag)) {
        Reply { status: StatusCode::NOT_MODIFIED, ..Reply::nothing() }
    } else {
        Reply::text(kind(path), file.data.into_owned())
    };
    Some(reply.with(ETAG, &tag).with(CACHE_CONTROL, "no-cache"))
}

/// Whether one of the tags of an `If-None-Match` is this one. A weak one is too: a proxy that packs a file makes it so.
fn names(known: &str, tag: &str) -> bool {
    let strong = |one: &str| one.trim().trim_start_matches("W/") == tag;
    known.trim() == "*" || known.split(',').any(strong)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}
