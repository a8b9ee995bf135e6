//! Problems in the form of this API: `{"message": …}`, with the words that its clients know where there are such.

use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use engine::Rejection;
use serde::Serialize;

/// What is said of an order that is not there to be cancelled, or is another's.
const ORDER: &str = "order not found";

#[derive(Serialize)]
struct Refusal<'a> {
    message: &'a str,
    /// The code of the problem under `/v1`.
    code: &'static str,
    /// The market's own reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// A problem as it is sent.
pub(in crate::serve) fn tell(problem: Problem) -> Reply {
    let reason = problem.refusal.map(Rejection::code);
    let message = words(&problem);
    let status = match problem.code.status() {
        409 | 422 if message == ORDER => 404,
        // What is known there as a bad request.
        409 | 422 => 400,
        status => status,
    };
    let refusal = Refusal { message: &message, code: problem.code.text(), reason };
    let reply = Reply::json_at(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &refusal);
    match problem.retry_after {
        Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

/// What is said of a problem.
pub(super) fn words(problem: &Problem) -> String {
    let known = match (problem.code, problem.refusal.map(Rejection::code), problem.field.as_deref()) {
        (Code::BadSignature, ..) => "invalid signature",
        (Code::StaleTime, ..) => "request timestamp expired",
        (Code::Unauthenticated, ..) => "CB-ACCESS-KEY header is required",
        (Code::NotFound, ..) => "NotFound",
        (Code::RateLimited, ..) => "Private rate limit exceeded",
        (_, Some("insufficient_cash" | "insufficient_holding"), _) => "Insufficient funds",
        (_, Some("order_unknown"), _) | (Code::BadField, _, Some("order")) => ORDER,
        (Code::BadField, _, Some("product_id" | "instrument")) => "Product not found",
        (Code::BadField, _, Some(field)) => return format!("{}: {}", own_word(field), problem.detail),
        _ => return problem.detail.clone(),
    };
    known.to_owned()
}

/// What this API calls a field.
fn own_word(field: &str) -> &str {
    match field {
        "id" => "client_oid",
        "quantity" => "size",
        "trigger" => "stop_price",
        "display" => "max_floor",
        field => field,
    }
}
