//! What can be subscribed to, and by whom.

use crate::config::Config;
use crate::serve::access::Caller;
use crate::serve::api::views;
use crate::serve::problem::{Code, Problem};
use base::{AccountId, InstrumentId, ParticipantId, UserId};
use engine::State;
use gateway::Names;
use roster::Duties;
use serde_json::json;

/// Of whom: a participant, or one account of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Scope {
    /// The participant.
    pub(crate) participant: ParticipantId,
    /// The account, where it is only one.
    pub(crate) account: Option<AccountId>,
}

/// A stream, by what it tells and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// The order book.
    Book(InstrumentId),
    /// The order book, order by order.
    Queue(InstrumentId),
    /// Listings that may be picked.
    Listings(InstrumentId),
    /// Trades.
    Trades(InstrumentId),
    /// The running minute.
    Candles(InstrumentId),
    /// Phases, halts, days and rules of all markets.
    Status,
    /// Prices of all instruments.
    Ticker,
    /// Orders and listings.
    Orders(Scope),
    /// Own sides of trades.
    Fills(Scope),
    /// Deliveries against payment.
    Settlement(Scope),
    /// Orders and fills together, for a firm's risk desk.
    DropCopy(ParticipantId),
    /// What an account holds.
    Holdings(AccountId),
    /// What waits for a second person, as a user sees it who acts with these duties.
    Acts(UserId, Duties),
    /// Alerts of supervision.
    Alerts,
    /// How the node is doing.
    Operations,
}

/// What someone asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) channel: &'a str,
    pub(super) instrument: Option<&'a str>,
    pub(super) account: Option<&'a str>,
}

pub(super) const CHANNELS: &str = "book, queue, listings, trades, candles, status, ticker, orders, fills, holdings, settlement, acts, \
    drop_copy, alerts, operations";

fn forbidden(detail: &str) -> Problem {
    Problem::new(Code::Forbidden, detail)
}

/// Whether this node shows the orders of its books one by one.
///
/// # Errors
/// It does not.
pub(crate) fn check_by_order(config: &Config) -> Result<(), Problem> {
    match config.market_data.by_order {
        true => Ok(()),
        false => Err(forbidden("this node does not show orders one by one (market_data.by_order)")),
    }
}

impl Topic {
    /// What someone asks for, if it may be had.
    ///
    /// # Errors
    /// There is no such thing, or it is not the caller's to see.
    pub(super) fn read(
        state: &State,
        caller: Option<&Caller>,
        wanted: Wanted<'_>,
        open: bool,
    ) -> Result<Self, Problem> {
        let signed_in = || caller.ok_or_else(|| Problem::new(Code::Unauthenticated, "nobody is signed in"));
        if !open {
            signed_in()?;
        }
        let topic = match wanted.channel {
            "book" => Self::Book(wanted.instrument(state)?),
            "queue" => Self::Queue(wanted.instrument(state)?),
            "listings" => Self::Listings(wanted.instrument(state)?),
            "trades" => Self::Trades(wanted.instrument(state)?),
            "candles" => Self::Candles(wanted.instrument(state)?),
            "status" => Self::Status,
            "ticker" => Self::Ticker,
            "orders" => Self::Orders(wanted.scope(state, signed_in()?)?),
            "fills" => Self::Fills(wanted.scope(state, signed_in()?)?),
            "settlement" => Self::Settlement(wanted.scope(state, signed_in()?)?),
            "holdings" => Self::Holdings(wanted.holder(state, signed_in()?)?),
            "acts" => signed_in().map(|caller| Self::Acts(caller.user, caller.duties))?,
            "drop_copy" => match signed_in()? {
                Caller { account: Some(_), .. } => {
                    return Err(forbidden("this key is for one account, and this is all of them"));
                }
                caller => Self::DropCopy(caller.participant),
            },
            "alerts" => match signed_in()?.sees_all(state) {
                true => Self::Alerts,
                false => return Err(forbidden("this is for supervisors and auditors of an institution")),
            },
            "operations" => match signed_in()?.operates(state) {
                true => Self::Operations,
                false => return Err(forbidden("this is for operators of the node")),
            },
            other => {
                return Err(Problem::field(
                    "channel",
                    format!("expected one of {CHANNELS}, found {other:?}"),
                ));
            }
        };
        topic.check_fields(wanted)?;
        Ok(topic)
    }

    fn check_fields(self, wanted: Wanted<'_>) -> Result<(), Problem> {
        let (instrument, account) = match self {
            Self::Book(_) | Self::Queue(_) | Self::Listings(_) | Self::Trades(_) | Self::Candles(_) => {
                (true, false)
            }
            Self::Orders(_) | Self::Fills(_) | Self::Settlement(_) | Self::Holdings(_) => (false, true),
            _ => (false, false),
        };
        for (name, given, takes) in
            [("instrument", wanted.instrument, instrument), ("account", wanted.account, account)]
        {
            if given.is_some() && !takes {
                return Err(Problem::field(name, format!("the channel {} takes none", wanted.channel)));
            }
        }
        Ok(())
    }

    /// Whether it is told at a pace, so that many who read do not take the node's time from those who trade. What is private is not.
    pub(super) fn is_paced(self) -> bool {
        use Topic::{Book, Candles, Listings, Queue, Ticker, Trades};
        matches!(self, Book(_) | Queue(_) | Listings(_) | Trades(_) | Candles(_) | Ticker)
    }

    /// The name of the channel.
    pub(super) fn channel(self) -> &'static str {
        match self {
            Self::Book(_) => "book",
            Self::Queue(_) => "queue",
            Self::Listings(_) => "listings",
            Self::Trades(_) => "trades",
            Self::Candles(_) => "candles",
            Self::Status => "status",
            Self::Ticker => "ticker",
            Self::Orders(_) => "orders",
            Self::Fills(_) => "fills",
            Self::Settlement(_) => "settlement",
            Self::DropCopy(_) => "drop_copy",
            Self::Holdings(_) => "holdings",
            Self::Acts(..) => "acts",
            Self::Alerts => "alerts",
            Self::Operations => "operations",
        }
    }

    /// The fields by which a message says whose it is, as JSON: channel, and instrument or account.
    pub(super) fn names(self, state: &State) -> serde_json::Map<String, serde_json::Value> {
        let (names, mut fields) = (Names(state), serde_json::Map::new());
        fields.insert("channel".to_owned(), json!(self.channel()));
        match self {
            Self::Book(id) | Self::Queue(id) | Self::Listings(id) | Self::Trades(id) | Self::Candles(id) => {
                fields.insert("instrument".to_owned(), json!(names.instrument(id)));
            }
            Self::Orders(Scope { account: Some(id), .. })
            | Self::Fills(Scope { account: Some(id), .. })
            | Self::Settlement(Scope { account: Some(id), .. })
            | Self::Holdings(id) => {
                fields.insert("account".to_owned(), json!(names.account(id)));
            }
            _ => {}
        }
        fields
    }

    /// The firm whose orders must be known for it.
    pub(super) fn watches(self, state: &State) -> Option<ParticipantId> {
        match self {
            Self::Orders(scope) | Self::Fills(scope) | Self::Settlement(scope) => Some(scope.participant),
            Self::DropCopy(participant) => Some(participant),
            Self::Holdings(account) => state.registry().account(account).map(|account| account.participant),
            _ => None,
        }
    }
}

impl Wanted<'_> {
    fn instrument(&self, state: &State) -> Result<InstrumentId, Problem> {
        let missing =
            || Problem::field("instrument", format!("the channel {} is of an instrument", self.channel));
        let code = self.instrument.ok_or_else(missing)?;
        let unknown = || Problem::field("instrument", format!("there is no instrument {code:?}"));
        state.venue().instrument_id(code).ok_or_else(unknown)
    }

    /// The caller's participant, or an account that the caller may see.
    fn scope(&self, state: &State, caller: &Caller) -> Result<Scope, Problem> {
        let Some(code) = self.account else {
            return Ok(Scope { participant: caller.participant, account: caller.account });
        };
        // A key that is for one account sees no other, whoever's it is.
        let wide = caller.account.is_none() && caller.sees_all(state);
        let account = views::account(state, code, |id| wide || caller.owns(state, id))?;
        let owner = state.registry().account(account).map(|account| account.participant);
        let participant = owner.ok_or_else(|| Problem::not_found(format_args!("account {code:?}")))?;
        Ok(Scope { participant, account: Some(account) })
    }

    fn holder(&self, state: &State, caller: &Caller) -> Result<AccountId, Problem> {
        let code =
            self.account.ok_or_else(|| Problem::field("account", "the channel holdings is of an account"))?;
        let keeps = caller.keeps_accounts(state) && caller.account.is_none();
        views::account(state, code, |id| keeps || caller.owns(state, id))
    }
}
