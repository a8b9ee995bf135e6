//! What a client is told when it does not get what it asked for: problem details (RFC 9457), with a code that stays the same.

use engine::Rejection;
use gateway::Wrong;
use registry::CustodyRejection;
use serde::{Deserialize, Serialize};
use trading::{AmendRejection, BidRejection, BlockRejection, CancelRejection};
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// Every kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them, in the order of the docs.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code.
            #[must_use]
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// See its title.
    BadRequest = "bad_request", 400, "The request cannot be read.";
    /// See its title.
    BadJson = "bad_json", 400, "The body is not the JSON that is expected here.";
    /// See its title.
    BadQuery = "bad_query", 400, "The query has a parameter that is unknown, missing or malformed.";
    /// See its title.
    Unauthenticated = "unauthenticated", 401, "Sign in, or sign the request with a key.";
    /// See its title.
    BadCredentials = "bad_credentials", 401, "User, password or code is wrong.";
    /// See its title.
    BadSignature = "bad_signature", 401, "The signature is not that of this request under this key.";
    /// See its title.
    StaleTime = "stale_time", 401, "The time of the signature is too far from the node's.";
    /// See its title.
    Forbidden = "forbidden", 403, "Your roles and duties do not permit this.";
    /// See its title.
    Csrf = "csrf", 403, "A change within a session carries the session's X-CSRF-Token.";
    /// See its title.
    PasswordChangeNeeded = "password_change_needed", 403, "Choose a password of your own first.";
    /// See its title.
    NotFound = "not_found", 404, "There is no such thing, or it is not yours to see.";
    /// See its title.
    MethodNotAllowed = "method_not_allowed", 405, "This is not done with this method here.";
    /// See its title.
    TimedOut = "timed_out", 408, "The request took too long to arrive.";
    /// See its title.
    IdUsed = "id_used", 409, "Your id stands for another command already.";
    /// See its title.
    TooLarge = "too_large", 413, "The body is larger than this node takes.";
    /// See its title.
    Misdirected = "misdirected", 421, "This node has another name than the one it was asked by.";
    /// See its title.
    HeadersTooLarge = "headers_too_large", 431, "The head of the request is larger than this node takes.";
    /// See its title.
    UnsupportedMediaType = "unsupported_media_type", 415, "A body is written as application/json.";
    /// See its title.
    BadField = "bad_field", 422, "A field names something that is not there, or has a value that cannot be.";
    /// See its title.
    Refused = "refused", 422, "The command was refused by the market's rules; the refusal is in the log.";
    /// See its title.
    RateLimited = "rate_limited", 429, "You ask more often than you may.";
    /// See its title.
    Replayed = "replayed", 429, "This very request was sent before: sign it anew, or give it an id of its own.";
    /// See its title.
    LockedOut = "locked_out", 429, "Too many failed attempts to sign in: try again later.";
    /// See its title.
    Internal = "internal", 500, "The node has a fault; it is in its log.";
    /// See its title.
    Busy = "busy", 503, "The node has as much waiting as it takes: try again.";
    /// See its title.
    ClockHeld = "clock_held", 503, "The node does not believe its clock, and takes no commands until it is right: try again.";
    /// See its title.
    NodeStopping = "node_stopping", 503, "The node is stopping: whether a command was taken is not known; send it again with its id.";
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What happened this time.
    pub detail: String,
    /// The field it is about.
    pub field: Option<Box<str>>,
    /// What is wrong with it, or what is not there, in parts.
    pub wrong: Option<Box<Wrong>>,
    /// Line of the body, from 1.
    pub line: Option<u32>,
    /// Column of the line, from 1.
    pub column: Option<u32>,
    /// Of a refusal: the stage and its reason.
    pub refusal: Option<Rejection>,
    /// The record that holds the command.
    pub sequence: Option<u64>,
    /// The sender's id of the command.
    pub id: Option<Box<str>>,
    /// Of a refusal: the command was sent before, and this was the answer.
    pub repeated: Option<bool>,
    /// Seconds after which to try again.
    pub retry_after: Option<u32>,
    /// Of a refusal that came too late: what became of the order.
    pub ended: Option<Box<Ended>>,
}

/// What became of an order, a listing, a block or a bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ended {
    /// `filled`, `cancelled`, `expired` or `removed`.
    pub status: String,
    /// Why it ended with something left, as the event says: `withdrawn`, `mass_cancelled`, `self_trade` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The record with which it ended.
    pub sequence: u64,
    /// The time of that record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A problem, as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Shown<'a> {
    /// A reference that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// What the kind means.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: &'a str,
    /// The stable code of the kind.
    code: Code,
    /// The field it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// What `detail` says, in parts: of a field, or of what is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<WrongView<'a>>,
    /// Line of the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Column of the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// Of a refusal: the stage that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    /// Of a refusal: the stage's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The record that holds the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    /// The sender's id of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Of a refusal: the command was sent before, and this was the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<bool>,
    /// Seconds after which to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    /// Of a refusal that came too late: what became of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<&'a Ended>,
}

/// What is wrong, in parts, so that it can be said in another language.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Wrong)]
struct WrongView<'a> {
    /// `absent`, `unexpected`, `too_fine`, `too_large`, `off_tick`, or `broken`.
    kind: &'static str,
    /// Of `absent`: the kind of thing that is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'a str>,
    /// Of `unexpected`: what is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
    /// What stands there; of `absent`, the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    /// Of `too_fine`: the most decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<u8>,
    /// Of `off_tick`: the step of prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    tick: Option<&'a str>,
    /// Of `broken`: the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
}

impl<'a> WrongView<'a> {
    fn of(wrong: &'a Wrong) -> Self {
        let (kind, parts) = match wrong {
            Wrong::Absent { what, name } => {
                ("absent", Self { what: Some(what), found: Some(name), ..Self::default() })
            }
            Wrong::Unexpected { expected, found } => {
                ("unexpected", Self { expected: Some(expected), found: Some(found), ..Self::default() })
            }
            Wrong::TooFine { found, decimals } => {
                ("too_fine", Self { found: Some(found), decimals: Some(*decimals), ..Self::default() })
            }
            Wrong::TooLarge { found } => ("too_large", Self { found: Some(found), ..Self::default() }),
            Wrong::OffTick { found, tick } => {
                ("off_tick", Self { found: Some(found), tick: Some(tick), ..Self::default() })
            }
            Wrong::Broken(rule) => ("broken", Self { rule: Some(rule), ..Self::default() }),
        };
        Self { kind, ..parts }
    }
}

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Shown {
            kind: format!("/problems/{}", self.code.text()),
            title: self.code.title(),
            status: self.code.status(),
            detail: &self.detail,
            code: self.code,
            field: self.field.as_deref(),
            wrong: self.wrong.as_deref().map(WrongView::of),
            line: self.line,
            column: self.column,
            stage: self.refusal.map(Rejection::stage),
            reason: self.refusal.map(Rejection::code),
            sequence: self.sequence,
            id: self.id.as_deref(),
            repeated: self.repeated,
            retry_after: self.retry_after,
            ended: self.ended.as_deref(),
        };
        shown.serialize(serializer)
    }
}

/// What a sender is told of a refusal. That something of another's stands under the number that it named is in the log, for those
/// who watch; the sender is told what it would be told if nothing stood there.
fn told(reason: Rejection) -> Rejection {
    match reason {
        Rejection::Cancel(CancelRejection::NotTheOwner) => CancelRejection::OrderUnknown.into(),
        Rejection::Amend(AmendRejection::NotTheOwner) => AmendRejection::OrderUnknown.into(),
        Rejection::Bid(BidRejection::NotTheOwner) => BidRejection::BidUnknown.into(),
        Rejection::Block(BlockRejection::NotTheCounterparty) => BlockRejection::ProposalUnknown.into(),
        Rejection::Custody(CustodyRejection::NotThePledgee) => CustodyRejection::PledgeUnknown.into(),
        _ => reason,
    }
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (field, line, column, refusal) = (None, None, None, None);
        let (detail, sequence, id, retry_after) = (detail.into(), None, None, None);
        let (wrong, repeated, ended) = (None, None, None);
        Self { code, detail, field, wrong, line, column, refusal, sequence, id, repeated, retry_after, ended }
    }

    /// Nothing is here, or nothing that the caller may see.
    #[must_use]
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what}"))
    }

    /// About a field.
    #[must_use]
    pub fn field(field: &str, wrong: impl Into<Wrong>) -> Self {
        let wrong = wrong.into();
        let (field, detail) = (Some(field.into()), wrong.to_string());
        Self { field, wrong: Some(Box::new(wrong)), ..Self::new(Code::BadField, detail) }
    }

    /// Nothing of this kind has this name, or nothing that the caller may see.
    #[must_use]
    pub fn absent(what: &'static str, name: &str) -> Self {
        let wrong = Wrong::absent(what, name);
        let said = Self::new(Code::NotFound, wrong.to_string());
        Self { wrong: Some(Box::new(wrong)), ..said }
    }

    /// A refusal that is in the log.
    #[must_use]
    pub fn refused(reason: Rejection, sequence: u64, id: String, repeated: bool) -> Self {
        let reason = told(reason);
        let (refusal, sequence, id) = (Some(reason), Some(sequence), Some(id.into()));
        Self {
            refusal,
            sequence,
            id,
            repeated: Some(repeated),
            ..Self::new(Code::Refused, reason.sentence())
        }
    }

    /// To be tried again in so many seconds.
    #[must_use]
    pub fn again_in(seconds: u64, code: Code, detail: impl Into<String>) -> Self {
        Self { retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..Self::new(code, detail) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_that_something_of_another_s_stands_there() {
        let (strangers, others): (Vec<Rejection>, Vec<Rejection>) =
            Rejection::catalogue().into_iter().partition(|reason| reason.code().starts_with("not_the_"));
        assert_eq!(strangers.len(), 5);
        for reason in strangers {
            assert_eq!(told(reason).stage(), reason.stage());
            assert!(told(reason).code().ends_with("_unknown"), "{reason:?}");
        }
        assert!(others.iter().all(|reason| told(*reason) == *reason));
    }
}
