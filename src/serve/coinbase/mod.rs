//! A facade in the shape of the Coinbase Exchange API, so that programs written for that exchange work here unchanged
//! (docs/coinbase.md). It is thin: it reads what the node's own API reads, sends what that sends, and translates.
//!
//! Architecture Invariant: the facade knows nothing that `/v1` does not know, and permits nothing that `/v1` does not permit.

mod account;
mod feed;
mod history;
mod orders;
mod product;
mod refusal;
mod send;
mod sign;

use crate::serve::door::Manner;
use crate::serve::endpoint::{Allowed, Call, Endpoint};
use crate::serve::problem::{Code, Problem};
use crate::serve::{App, http};
use axum::Router;
use axum::http::Method;
use axum::routing::any;
use base::Timestamp;
use roster::Duty;
use std::sync::Arc;

/// Where it is mounted.
pub(super) const MOUNT: &str = "/coinbase";
/// Items of a page where none are asked for, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1_000;

/// Its signatures and its way of refusing.
static MANNER: Manner = Manner { identify: sign::identify, tell: refusal::tell, strict: false };

pub(super) use refusal::tell;

/// Whether a path is one of this API's.
pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix(MOUNT).is_some_and(|rest| rest.starts_with('/'))
}

/// Its router, with what is asked for in vain below it.
pub(super) fn router(app: &Arc<App>) -> Router {
    let nothing = || async { refusal::tell(Problem::not_found("such path")).into_response() };
    http::mount(app, endpoints(), &MANNER).route("/coinbase/{*rest}", any(nothing))
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
        reads("/products/{product}", MarketData, product::one),
        reads("/products/{product}/book", MarketData, product::book),
        looks_up("/products/{product}/ticker", MarketData, history::ticker),
        looks_up("/products/{product}/trades", MarketData, history::trades),
        looks_up("/products/{product}/candles", MarketData, history::candles),
        looks_up("/products/{product}/stats", MarketData, history::stats),
        reads("/accounts", SignedIn, account::accounts),
        reads("/accounts/{account}", SignedIn, account::one),
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

    /// A time: RFC 3339, of UTC where it names no offset, or seconds since 1970.
    fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let read = |text: &str| {
            let seconds = || text.parse().ok().and_then(|seconds: i64| seconds.checked_mul(1_000_000_000));
            let utc = || gateway::parse_time(&format!("{text}Z"));
            let time = gateway::parse_time(text).or_else(utc).or_else(|| seconds().map(Timestamp));
            time.ok_or_else(|| bad(format!("{name} is a time such as 2026-03-04T02:00:00Z")))
        };
        self.one(name).map(read).transpose()
    }
}

/// A request that cannot be read.
fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadQuery, detail)
}

/// A time as this API writes it: UTC.
fn utc(time: Timestamp) -> String {
    gateway::format_time(time, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_utc() {
        let time =
            |text: &str| Asked(vec![("start".to_owned(), text.to_owned())]).time("start").ok().flatten();
        let wanted = Some(Timestamp(1_772_589_600_000_000_000));
        for text in ["2026-03-04T02:00:00Z", "2026-03-04T10:00:00+08:00", "2026-03-04T02:00:00", "1772589600"]
        {
            assert_eq!(time(text), wanted, "{text}");
        }
        assert_eq!(time("2026-03-04T02:00:00.500"), Some(Timestamp(1_772_589_600_500_000_000)));
        assert_eq!((time("never"), time("2026-03-04T02:00:00ZZ")), (None, None));
    }
}
