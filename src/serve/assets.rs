//! The console: the files of `web/`, kept in the binary.

use crate::serve::reply::Reply;
use crate::serve::tag;
use axum::http::header::CACHE_CONTROL;
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
    let tag = tag::of(&file.metadata.sha256_hash());
    let reply = tag::reply(&tag, known, || Reply::text(kind(path), file.data.into_owned()));
    Some(reply.with(CACHE_CONTROL, "no-cache"))
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
