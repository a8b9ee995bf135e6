//! A facade in the shape of the Coinbase Exchange API, so that programs written for that exchange work here unchanged
//! (docs/coinbase.md). It is thin: it reads what the node's own API reads, sends what that sends, and translates.
//!
//! Architecture Invariant: the facade knows nothing that `/v1` does not know, and permits nothing that `/v1` does not permit.

mod account;
mod code;
mod feed;
mod history;
mod ledger;
mod new_order;
mod orders;
mod product;
mod refusal;
mod send;
mod sign;
mod within;

use crate::serve::door::Manner;
use crate::serve::endpoint::{Allowed, Call, Endpoint};
use crate::serve::problem::{Code, Problem};
use crate::serve::{App, http};
use axum::Router;
use axum::http::Method;
use axum::routing::any;
use base::{Date, Timestamp};
use roster::Duty;
use std::sync::Arc;

/// Where it is mounted.
pub(super) const MOUNT: &str = "/coinbase";
/// Items of a page where none are asked for, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1_000;
const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// Its signatures and its way of refusing.
static MANNER: Manner =
    Manner { identify: sign::identify, tell: refusal::tell, strict: false, signs_open: false };

pub(super) use refusal::tell;

/// Whether a path is one of this API's.
pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix(MOUNT).is_some_and(|rest| rest.starts_with('/'))
}

/// Its router, with what is asked for in vain below it. Some clients end every path with a slash.
pub(super) fn router(app: &Arc<App>) -> Router {
    let nothing = || async { refusal::tell(Problem::not_found("such path")).into_response() };
    let all = endpoints().into_iter().flat_map(|endpoint| {
        let path = format!("{}/", endpoint.path);
        [endpoint.clone(), Endpoint { path, ..endpoint }]
    });
    http::mount(app, all.collect(), &MANNER).route("/coinbase/{*rest}", any(nothing))
}

fn endpoints() -> Vec<Endpoint> {
    use Allowed::{MarketData, SignedIn};
    const TRADERS: Allowed = Allowed::Duties(&[Duty::Trader]);
    let reads = |path: &str, allowed, does| Endpoint::reads(&format!("{MOUNT}{path}"), allowed, "", "", does);
    let looks_up =
        |path: &str, allowed, does| Endpoint::looks_up(&format!("{MOUNT}{path}"), allowed, "", "", does);
    let acts =
        |method, path: &str, does| Endpoint::acts(method, &format!("{MOUNT}{path}"), TRADERS, "", "", does);
    vec![
        reads("/time", MarketData, product::time),
        reads("/currencies", MarketData, product::currencies),
        reads("/currencies/{currency}", MarketData, product::currency),
        reads("/products", MarketData, product::products),
        looks_up("/products/spark-lines", MarketData, history::spark_lines),
        reads("/products/{product}", MarketData, product::one),
        reads("/products/{product}/book", MarketData, product::book),
        looks_up("/products/{product}/ticker", MarketData, history::ticker),
        looks_up("/products/{product}/trades", MarketData, history::trades),
        looks_up("/products/{product}/candles", MarketData, history::candles),
        looks_up("/products/{product}/stats", MarketData, history::stats),
        reads("/accounts", SignedIn, account::accounts),
        reads("/accounts/{account}", SignedIn, account::one),
        looks_up("/accounts/{account}/holds", SignedIn, account::holds),
        looks_up("/accounts/{account}/ledger", SignedIn, ledger::ledger),
        reads("/profiles", SignedIn, account::profiles),
        reads("/profiles/{profile}", SignedIn, account::profile),
        reads("/fees", SignedIn, account::fees),
        reads("/payment-methods", SignedIn, account::none),
        reads("/coinbase-accounts", SignedIn, account::none),
        looks_up("/orders", SignedIn, orders::list),
        looks_up("/orders/{order}", SignedIn, orders::one),
        looks_up("/fills", SignedIn, orders::fills),
        acts(Method::POST, "/orders", send::place),
        acts(Method::DELETE, "/orders", send::cancel_all),
        acts(Method::DELETE, "/orders/{order}", send::cancel),
        Endpoint::upgrades("/coinbase/ws", "", "", |app, peer, request| {
            Box::pin(feed::enter(app, peer, request))
        }),
    ]
}

/// The query of a request: some parameters may be given more than once, and what is not known is not looked at.
struct Asked(Vec<(String, String)>);

impl Asked {
    fn of(call: &Call) -> Result<Self, Problem> {
        call.query().map(Self)
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A whole number.
    fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let read = |text: &str| text.parse().map_err(|_| bad(format!("{name} is a whole number")));
        self.one(name).map(read).transpose()
    }

    /// How many items are wanted.
    fn limit(&self) -> Result<u32, Problem> {
        let most = self.number("limit")?.map_or(PAGE, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
        Ok(most.clamp(1, PAGE_MAX))
    }

    /// A time: RFC 3339, of UTC where it names no offset, a date, or seconds since 1970. A date is all of its day (UTC): from its
    /// first instant, to its last.
    fn time(&self, name: &str, edge: Edge) -> Result<Option<Timestamp>, Problem> {
        let read = |text: &str| {
            let wrong = || bad(format!("{name} is a time such as 2026-03-04T02:00:00Z, or a date"));
            if let Some(date) = Date::parse(text) {
                let start = gateway::parse_time(&format!("{date}T00:00:00Z")).ok_or_else(wrong)?;
                return Ok(if edge == Edge::First {
                    start
                } else {
                    Timestamp(start.0.saturating_add(DAY_NS - 1))
                });
            }
            let seconds = || text.parse().ok().and_then(|seconds: i64| seconds.checked_mul(1_000_000_000));
            let utc = || gateway::parse_time(&format!("{text}Z"));
            let time = gateway::parse_time(text).or_else(utc).or_else(|| seconds().map(Timestamp));
            time.ok_or_else(wrong)
        };
        self.one(name).map(read).transpose()
    }
}

/// The instant of a date that is meant, where no time stands beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    First,
    Last,
}

/// A number of a JSON object as it was written, which the number itself does not say: what stands under a name and is read as it.
fn as_written<'a>(text: &'a str, name: &str, number: &serde_json::Number) -> Option<&'a str> {
    let key = format!("\"{name}\"");
    text.match_indices(&key).find_map(|(at, _)| {
        let rest = text[at + key.len()..].trim_start().strip_prefix(':')?.trim_start();
        let digits = |one: char| one.is_ascii_digit() || matches!(one, '.' | '-' | '+' | 'e' | 'E');
        let token = &rest[..rest.find(|one| !digits(one)).unwrap_or(rest.len())];
        let read: Option<serde_json::Number> = serde_json::from_str(token).ok();
        (read.as_ref() == Some(number)).then_some(token)
    })
}

/// A request that cannot be read.
fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadQuery, detail)
}

/// A time as this API writes it: UTC, always with six digits of a second.
fn utc(time: Timestamp) -> String {
    let micros = time.0.div_euclid(1_000);
    let whole = Timestamp(micros.div_euclid(1_000_000).saturating_mul(1_000_000_000));
    let text = gateway::format_time(whole, None);
    format!("{}.{:06}Z", text.trim_end_matches('Z'), micros.rem_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_utc_and_a_date_is_all_of_its_day() {
        let read = |text: &str, edge| {
            Asked(vec![("start".to_owned(), text.to_owned())]).time("start", edge).ok().flatten()
        };
        let time = |text: &str| read(text, Edge::First);
        let wanted = Some(Timestamp(1_772_589_600_000_000_000));
        for text in ["2026-03-04T02:00:00Z", "2026-03-04T10:00:00+08:00", "2026-03-04T02:00:00", "1772589600"]
        {
            assert_eq!(time(text), wanted, "{text}");
        }
        assert_eq!(time("2026-03-04T02:00:00.500"), Some(Timestamp(1_772_589_600_500_000_000)));
        assert_eq!((time("never"), time("2026-03-04T02:00:00ZZ"), time("2026-13-04")), (None, None, None));
        assert_eq!(time("2026-03-04").map(utc).as_deref(), Some("2026-03-04T00:00:00.000000Z"));
        assert_eq!(read("2026-03-04", Edge::Last).map(utc).as_deref(), Some("2026-03-04T23:59:59.999999Z"));
    }

    #[test]
    fn a_time_has_six_digits_of_a_second() {
        let written = |ns| utc(Timestamp(ns));
        assert_eq!(written(1_772_589_600_000_000_000), "2026-03-04T02:00:00.000000Z");
        assert_eq!(written(1_772_589_600_114_000_999), "2026-03-04T02:00:00.114000Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn a_number_is_known_as_it_was_written() {
        let text = r#"{"a":"\"time\":7.5","time" : 1796099849.5320,"b":{"time":8}}"#;
        let number = |text: &str| serde_json::from_str(text).unwrap();
        assert_eq!(as_written(text, "time", &number("1796099849.532")), Some("1796099849.5320"));
        assert_eq!(as_written(text, "time", &number("8")), Some("8"));
        assert_eq!(as_written(text, "time", &number("9")), None);
        assert_eq!(as_written(text, "times", &number("8")), None);
    }
}
