//! What belongs together: the report of a day, and the one at the end of a run.

use super::{
    Alerts, Compliance, Conservation, PriceList, Report, SettlementStatement, alerts, compliance,
    conservation, has_duties, price_list, statement,
};
use base::MarketId;
use engine::State;
use gateway::format_time;
use serde::Serialize;

/// The record that a report was drawn up at: the same record gives the same report on any machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// Its number; 0 before the first.
    pub record: u64,
    /// Its time, in the market's local time.
    pub time: Option<String>,
}

impl AsOf {
    fn of(state: &State, market: MarketId) -> Self {
        let calendar = state.markets().get(market.index()).map(|_| &state.venue().rules(market).calendar);
        let record = state.sequence().0;
        Self { record, time: (record > 0).then(|| format_time(state.time(), calendar)) }
    }

    fn text(&self) -> String {
        let time = self.time.as_ref().map(|time| format!(", {time}")).unwrap_or_default();
        format!("As of record {}{time}\n", self.record)
    }
}

/// The report of a trading day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayReport {
    /// When it was drawn up.
    pub as_of: AsOf,
    /// Its prices.
    pub price_list: PriceList,
    /// Who owed what.
    pub statement: SettlementStatement,
    /// What supervision saw.
    pub alerts: Alerts,
}

/// The report of the last trading day that began in a market.
#[must_use]
pub fn day_report(state: &State, market: MarketId) -> DayReport {
    let known = state.markets().get(market.index());
    let date = known.map(|_| state.venue().list_date(market)).unwrap_or_default();
    DayReport {
        as_of: AsOf::of(state, market),
        price_list: price_list(state, market),
        statement: statement(state, market),
        alerts: alerts(state, market, date),
    }
}

impl DayReport {
    /// For people, at a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let alerts = Some(self.alerts.text()).filter(|_| self.alerts.watched);
        let parts = [self.price_list.text(), self.statement.text()].into_iter().chain(alerts);
        parts.chain([self.as_of.text()]).collect::<Vec<_>>().join("\n")
    }
}

/// The report at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinalReport {
    /// When it was drawn up.
    pub as_of: AsOf,
    /// Who met its duty; none where the market's rules know no duty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compliance: Option<Compliance>,
    /// Whether everything adds up.
    pub conservation: Conservation,
    /// The digest that the caller took, of the log or of the state.
    pub digest: String,
}

/// The report at the end of a run, with a digest that the caller took.
#[must_use]
pub fn final_report(state: &State, market: MarketId, digest: &str) -> FinalReport {
    FinalReport {
        as_of: AsOf::of(state, market),
        compliance: has_duties(state, market).then(|| compliance(state, market)),
        conservation: conservation(state),
        digest: digest.to_owned(),
    }
}

impl FinalReport {
    /// For people, at a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { as_of, compliance, conservation, digest } = self;
        let end = format!("{}Digest {digest}\n", as_of.text());
        let compliance = compliance.as_ref().map(Compliance::text);
        compliance.into_iter().chain([conservation.text(), end]).collect::<Vec<_>>().join("\n")
    }
}
