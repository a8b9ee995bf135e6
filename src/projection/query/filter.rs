//! What is asked for, and the conditions that it becomes.

use super::PAGE_MAX;
use crate::projection::db::Value;
use base::{AccountId, Date, InstrumentId, OrderId, ParticipantId};

/// Which kinds of orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// Orders of books, and listings.
    #[default]
    Orders,
    /// Block proposals.
    Blocks,
    /// Auctions.
    Auctions,
    /// Bids in auctions.
    Bids,
    /// Everything.
    All,
}

/// Which orders. What is not named is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Who answers for the account.
    pub participant: Option<ParticipantId>,
    /// The account.
    pub account: Option<AccountId>,
    /// What they trade.
    pub instrument: Option<InstrumentId>,
    /// Only those that stand or wait.
    pub open: bool,
    /// Which kinds.
    pub kinds: Kinds,
    /// Only those that came with a record before this one.
    pub before: Option<u64>,
    /// How many at most, latest first; 0: a full page.
    pub limit: u32,
}

/// Which fills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FillFilter {
    /// Who answers for the account.
    pub participant: Option<ParticipantId>,
    /// The account.
    pub account: Option<AccountId>,
    /// What was traded.
    pub instrument: Option<InstrumentId>,
    /// The order.
    pub order: Option<OrderId>,
    /// The trading day.
    pub date: Option<Date>,
    /// Only those before this one, by `FillRow::fill`.
    pub before: Option<u64>,
    /// How many at most, latest first; 0: a full page.
    pub limit: u32,
}

/// The conditions of a query, and what stands for their placeholders.
#[derive(Default)]
pub(super) struct Conditions {
    pub(super) sql: Vec<String>,
    pub(super) args: Vec<Value>,
}

impl Conditions {
    pub(super) fn add(&mut self, condition: &str, arg: Value) {
        self.args.push(arg);
        self.sql.push(condition.replace('?', &format!("${}", self.args.len())));
    }

    pub(super) fn some(&mut self, condition: &str, arg: Option<impl Into<i64>>) {
        if let Some(arg) = arg {
            self.add(condition, Value::Int(arg.into()));
        }
    }

    /// Of a trading day: its trades are known by their date's own index, so that no history is searched for them.
    pub(super) fn on_day(&mut self, date: Date) {
        self.some("date = ?", Some(date.0));
        let date = self.args.len();
        for (bound, of) in [(">=", "MIN"), ("<=", "MAX")] {
            self.sql.push(format!(
                "trade_id {bound} (SELECT {of}(d.trade_id) FROM trades d WHERE d.date = ${date})"
            ));
        }
    }

    pub(super) fn to_sql(&self) -> String {
        if self.sql.is_empty() { String::new() } else { format!(" WHERE {}", self.sql.join(" AND ")) }
    }

    /// The limit behind everything else.
    pub(super) fn limit(&mut self, limit: u32) -> String {
        self.args.push(Value::Int(i64::from(page(limit))));
        format!(" LIMIT ${}", self.args.len())
    }
}

pub(super) fn page(limit: u32) -> u32 {
    if limit == 0 { PAGE_MAX } else { limit.min(PAGE_MAX) }
}

pub(super) fn before(before: Option<u64>) -> Option<i64> {
    before.map(|before| i64::try_from(before).unwrap_or(i64::MAX))
}

/// How long a candle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `1m`.
    Minute,
    /// `5m`.
    FiveMinutes,
    /// `15m`.
    Quarter,
    /// `1h`.
    Hour,
    /// `1d`: a trading day.
    Day,
}

impl Step {
    /// Every length there is.
    pub const ALL: [Self; 5] = [Self::Minute, Self::FiveMinutes, Self::Quarter, Self::Hour, Self::Day];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The length that people write so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == text)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}
