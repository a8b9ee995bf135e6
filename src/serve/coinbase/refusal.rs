//! Problems in the form of this API: `{"message": …}`, with the words that its clients know where there are such.

use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use serde::Serialize;

#[derive(Serialize)]
struct Refusal<'a> {
    message: &'a str,
    /// The code of the problem under `/v1`.
    code: &'static str,
    /// The market's own reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A problem as it is sent.
pub(super) fn tell(problem: Problem) -> Reply {
    let status = match problem.status {
        // What is known there as a bad request.
        409 | 422 if problem.reason.as_deref() != Some("order_unknown") => 400,
        409 | 422 => 404,
        status => status,
    };
    let message = message(&problem);
    let refusal = Refusal { message: &message, code: problem.code.text(), reason: problem.reason.as_deref() };
    let reply = Reply::json_at(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &refusal);
    match problem.retry_after {
        Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

fn message(problem: &Problem) -> String {
    let known = match (problem.code, problem.reason.as_deref(), problem.field.as_deref()) {
        (Code::BadSignature, ..) => "invalid signature",
        (Code::StaleTime, ..) => "request timestamp expired",
        (Code::Unauthenticated, ..) => "CB-ACCESS-KEY header is required",
        (Code::NotFound, ..) => "NotFound",
        (Code::RateLimited, ..) => "Private rate limit exceeded",
        (_, Some("insufficient_cash" | "insufficient_holding"), _) => "Insufficient funds",
        (_, Some("order_unknown" | "not_the_owner"), _) => "order not found",
        (Code::BadField, _, Some("product_id" | "instrument")) => "Product not found",
        (Code::BadField, _, Some(field)) => return format!("{}: {}", own_word(field), problem.detail),
        _ => return problem.detail.clone(),
    };
    known.to_owned()
}

/// What this API calls a field.
fn own_word(field: &str) -> &str {
    match field {
        "quantity" => "size",
        "trigger" => "stop_price",
        "display" => "max_floor",
        field => field,
    }
}
