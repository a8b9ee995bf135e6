//! What is refused before anything is looked at: heads that are none of HTTP, heads and bodies that are too large, and requests that are
//! meant for somebody else.

use crate::serve::coinbase;
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use crate::serve::site::Site;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, HOST};
use axum::http::{HeaderMap, Response, Version};
use std::sync::Arc;

/// Bytes of a request's headers at most.
const HEAD_MAX: usize = 32 << 10;

/// See the module.
pub(super) struct Guard {
    /// Whom requests may be for.
    pub(super) site: Arc<Site>,
    /// Bytes of a body at most.
    pub(super) body_max: usize,
}

impl Guard {
    /// Lets a request through, or answers it.
    ///
    /// # Errors
    /// The answer.
    pub(super) fn admit(&self, request: Request) -> Result<Request, Box<Response<Body>>> {
        match self.check(&request) {
            Ok(()) => Ok(request),
            Err(problem) if coinbase::is_below(request.uri().path()) => {
                Err(Box::new(coinbase::tell(problem).into_response()))
            }
            Err(problem) => Err(Box::new(Reply::from(problem).into_response())),
        }
    }

    fn check(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let size = size(request);
        if size > HEAD_MAX {
            let detail = format!("the head of a request has at most {HEAD_MAX} bytes, this one has {size}");
            return Err(Problem::new(Code::HeadersTooLarge, detail));
        }
        let host = host(request)?;
        if let Some(host) = host.filter(|host| !self.site.is_at(host)) {
            let detail = format!("this node is not {host:?}: its names are set with http.hosts");
            return Err(Problem::new(Code::Misdirected, detail));
        }
        // Who says that much will follow is told at once, and need not send it.
        let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.body_max as u64) {
            return Err(too_large(self.body_max));
        }
        Ok(())
    }
}

/// What is said of a body that is too large.
pub(super) fn too_large(most: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("a body has at most {most} bytes"))
}

/// How large a head is, as HTTP/1.1 writes it.
fn size(request: &Request) -> usize {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    fields.sum::<usize>() + target + request.method().as_str().len() + 14
}

/// Whom a request is for, as it says.
///
/// # Errors
/// HTTP/1.1 says so once.
fn host(request: &Request) -> Result<Option<&str>, Problem> {
    let headers = request.headers();
    let bad = |detail: &str| Problem::new(Code::BadRequest, detail);
    let count = headers.get_all(HOST).iter().count();
    if count > 1 || (count == 0 && request.version() == Version::HTTP_11) {
        return Err(bad("a request of HTTP/1.1 has one Host"));
    }
    let named =
        headers.get(HOST).map(|host| host.to_str().map_err(|_| bad("the Host is no name"))).transpose()?;
    // What stands in the request line goes before what stands below it.
    Ok(request.uri().authority().map(axum::http::uri::Authority::as_str).or(named))
}

/// Whom the page of a browser was asked of, where a request says so.
pub(super) fn said_host<'a>(uri: &'a axum::http::Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(axum::http::uri::Authority::as_str).or(named)
}
