//! What goes back over HTTP.

use crate::serve::problem::Problem;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use serde::Serialize;

/// The header that says at which record of the log an answer was true.
pub(super) const SEQUENCE: HeaderName = HeaderName::from_static("huangpu-sequence");

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// What it is written in.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The record at which it was true.
    pub sequence: Option<u64>,
    /// Other headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// Something as JSON.
    #[must_use]
    pub fn json<T: Serialize>(what: &T) -> Self {
        Self::json_at(StatusCode::OK, what)
    }

    /// Something as JSON, under another status.
    #[must_use]
    pub fn json_at<T: Serialize>(status: StatusCode, what: &T) -> Self {
        // What is shown is made of texts and numbers: it can always be written.
        let body = serde_json::to_vec(what).unwrap_or_default();
        Self { status, content_type: "application/json", body, sequence: None, headers: Vec::new() }
    }

    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        let (status, body) = (StatusCode::NO_CONTENT, Vec::new());
        Self { status, content_type: "", body, sequence: None, headers: Vec::new() }
    }

    /// Text of some kind.
    #[must_use]
    pub fn text(content_type: &'static str, text: impl Into<Vec<u8>>) -> Self {
        let (status, body) = (StatusCode::OK, text.into());
        Self { status, content_type, body, sequence: None, headers: Vec::new() }
    }

    /// True at a record.
    #[must_use]
    pub fn at(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// As a response.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let Self { status, content_type, body, sequence, headers } = self;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let all = response.headers_mut();
        if !content_type.is_empty() {
            all.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(sequence) = sequence {
            all.insert(SEQUENCE, HeaderValue::from(sequence));
        }
        for (name, value) in headers {
            all.append(name, value);
        }
        response
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reply = Self::json_at(status, &problem);
        let reply = Self { content_type: "application/problem+json", ..reply };
        match problem.retry_after {
            Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
            None => reply,
        }
    }
}
