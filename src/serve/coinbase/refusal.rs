//! Problems in the form of this API: `{"message": …}`, with the words that its clients know where there are such.

use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use engine::Rejection;
use gateway::Wrong;
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
    /// Of what came too late: `filled` or `canceled`, as the order itself says.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_reason: Option<&'static str>,
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
    let done_reason = problem.ended.as_ref().map(|ended| match ended.status.as_str() {
        "filled" => "filled",
        _ => "canceled",
    });
    let refusal = Refusal { message: &message, code: problem.code.text(), reason, done_reason };
    let reply = Reply::json_at(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &refusal);
    match problem.retry_after {
        Some(seconds) => reply.with(RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

/// What is said of a problem: the words by which clients tell refusals apart, and what the node says of it.
pub(super) fn words(problem: &Problem) -> String {
    let detail = &problem.detail;
    if problem.ended.is_some() {
        return format!("Order already done: {detail}");
    }
    if let Some(words) = problem.refusal.and_then(|reason| of_the_market(reason.code(), detail)) {
        return words;
    }
    let field = problem.field.as_deref().map(own_word);
    match (problem.code, field, problem.wrong.as_deref()) {
        (Code::BadSignature, ..) => "invalid signature".to_owned(),
        (Code::StaleTime, ..) => "request timestamp expired".to_owned(),
        (Code::Unauthenticated, ..) => "CB-ACCESS-KEY header is required".to_owned(),
        (Code::NotFound, ..) => "NotFound".to_owned(),
        (Code::RateLimited, ..) => "Private rate limit exceeded".to_owned(),
        (Code::BadField, Some("order"), _) => ORDER.to_owned(),
        (Code::BadField, Some("product_id" | "instrument"), _) => "Product not found".to_owned(),
        (Code::BadField, Some(field), Some(Wrong::TooFine { .. } | Wrong::OffTick { .. })) => {
            format!("{field} too precise: {detail}")
        }
        (Code::BadField, Some(field), _) => format!("{field}: {detail}"),
        _ => detail.clone(),
    }
}

/// What is said where the market refused, if there is a word for it.
fn of_the_market(reason: &str, sentence: &str) -> Option<String> {
    let words = match reason {
        "insufficient_cash" | "insufficient_holding" => return Some("Insufficient funds".to_owned()),
        "order_unknown" => return Some(ORDER.to_owned()),
        // Orders that stand can be cancelled all the same.
        "market_closed" | "instrument_halted" => "Cancel only mode",
        "funds_not_positive" | "funds_too_small" => "size is too small: of these funds",
        "quantity_not_positive" | "quantity_off_lot" => "size is too small or no whole number of lots",
        "instrument_delisted" | "instrument_unknown" | "method_not_offered" => {
            return Some("Product not found".to_owned());
        }
        "trading_blocked" | "account_frozen" => return Some("Trading pair not available".to_owned()),
        _ => return None,
    };
    Some(format!("{words}: {sentence}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_the_words_that_clients_know() {
        let fine = Wrong::TooFine { found: "1.001".to_owned(), decimals: 2 };
        let tick = Wrong::OffTick { found: "1.01".to_owned(), tick: "0.05".to_owned() };
        let of = |field: &str, wrong: Wrong| words(&Problem::field(field, wrong));
        assert_eq!(of("price", fine.clone()), "price too precise: \"1.001\" has more than 2 decimals");
        assert!(of("price", tick).starts_with("price too precise: "));
        assert!(of("quantity", fine).starts_with("size too precise: "));
        assert_eq!(of("trigger", Wrong::Broken("so".to_owned())), "stop_price: so");
        let mut known = std::collections::BTreeMap::new();
        for reason in Rejection::catalogue() {
            let problem = Problem::refused(reason, 1, "a".to_owned(), false);
            let words = words(&problem);
            assert!(words == problem.detail || words.len() > 5, "{words}");
            known.insert((reason.stage(), reason.code()), words);
        }
        let of = |stage, code| known[&(stage, code)].as_str();
        assert!(of("enter", "market_closed").starts_with("Cancel only mode: "));
        assert!(of("enter", "instrument_halted").starts_with("Cancel only mode: "));
        assert!(of("enter", "quantity_off_lot").starts_with("size is too small"));
        assert_eq!(of("hold", "insufficient_cash"), "Insufficient funds");
        assert_eq!(of("access", "trading_blocked"), "Trading pair not available");
        assert_eq!(of("cancel", "order_unknown"), ORDER);
        assert_eq!(of("enter", "price_outside_band"), "The price lies outside the day's band.");
    }
}
