//! Alerts of supervision (预警).

use super::table::{grouped, left, right, table};
use super::{Report, View, name_of};
use base::{Date, MarketId};
use engine::State;
use gateway::Names;
use serde::Serialize;
use supervision::{Alert, AlertRule, rules::ManipulationFine};

/// The alerts of a market from a day on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// The market's code.
    pub market: String,
    /// The first trading day looked at.
    pub since: String,
    /// In order of raising.
    pub alerts: Vec<AlertLine>,
    /// Whether the rules of the market have supervision look at anything.
    #[serde(skip)]
    pub watched: bool,
    /// What manipulation is fined by the rules in force, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manipulation: Option<String>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertLine {
    /// Its number, through all markets.
    pub id: u64,
    /// The trading day.
    pub date: String,
    /// The rule.
    pub rule: AlertRule,
    /// Who.
    pub participant: String,
    /// In what.
    pub instrument: String,
    /// What was measured: units for a position, occurrences for a count.
    pub measured: String,
    /// What the rulebook says, see [`Alert::threshold`].
    pub threshold: String,
    /// The records it rests on.
    pub records: Vec<u64>,
}

/// The alerts of a market raised on the trading day `since` or later.
#[must_use]
pub fn alerts(state: &State, market: MarketId, since: Date) -> Alerts {
    // There is no trading day before the rules.
    let rules = state.markets().get(market.index()).map(|market| market.rulebook.versions[0].from);
    let since = rules.map_or(since, |first| since.max(first));
    let since_text = since.to_string();
    let Some(view) = View::of(state, market) else {
        let market = Names(state).market(market);
        return Alerts { market, since: since_text, ..Alerts::default() };
    };
    let line = |alert: &Alert| {
        let measure = |measure| match alert.rule {
            AlertRule::PositionLimit => view.units(measure),
            AlertRule::SelfTrade | AlertRule::AtPriceLimit => measure.to_string(),
        };
        AlertLine {
            id: alert.id.0,
            date: alert.date.to_string(),
            rule: alert.rule,
            participant: view.names.participant(alert.participant),
            instrument: view.names.instrument(alert.instrument),
            measured: measure(alert.measured),
            threshold: measure(alert.threshold),
            records: alert.records.iter().map(|record| record.0).collect(),
        }
    };
    let raised = state.watch().alerts().iter().filter(|a| a.market == market && a.date >= since);
    let fine = state.watch().rules(market).manipulation;
    let manipulation = fine.map(|ManipulationFine { of_gain_least, of_gain_most, least, most }| {
        let (least, most) = (view.money(i128::from(least.0)), view.money(i128::from(most.0)));
        let gain = format!("{of_gain_least} to {of_gain_most} times the illegal gain");
        format!("{gain}; without one, {} to {} {}", grouped(&least), grouped(&most), view.currency())
    });
    let alerts: Vec<AlertLine> = raised.map(line).collect();
    let watched = !alerts.is_empty() || *state.watch().rules(market) != supervision::rules::Rules::default();
    Alerts { market: view.code(), since: since_text, alerts, watched, manipulation }
}

impl Report for Alerts {
    const FILE: &'static str = "alerts.csv";

    fn text(&self) -> String {
        let mut text = format!("Alerts {} since {}\n\n", self.market, self.since);
        if self.alerts.is_empty() {
            text.push_str("None.\n");
            return text;
        }
        let heads = [
            right("Alert"),
            left("Day"),
            left("Rule"),
            left("Participant"),
            left("Instrument"),
            right("Measured"),
            right("Threshold"),
            left("Records"),
        ];
        let row = |alert: &AlertLine| {
            vec![
                alert.id.to_string(),
                alert.date.clone(),
                name_of(alert.rule),
                alert.participant.clone(),
                alert.instrument.clone(),
                alert.measured.clone(),
                alert.threshold.clone(),
                short(&alert.records),
            ]
        };
        text.push_str(&table(&heads, self.alerts.iter().map(row).collect()));
        if let Some(fine) = &self.manipulation {
            text.push_str(&format!("\nIf it was manipulation, the fine is {fine}.\n"));
        }
        text
    }

    fn header(&self) -> Vec<String> {
        let header = ["id", "date", "rule", "participant", "instrument", "measured", "threshold", "records"];
        header.map(str::to_owned).to_vec()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |alert: &AlertLine| {
            let records: Vec<String> = alert.records.iter().map(u64::to_string).collect();
            let AlertLine { date, participant, instrument, measured, threshold, .. } = alert.clone();
            let (id, rule) = (alert.id.to_string(), name_of(alert.rule));
            vec![id, date, rule, participant, instrument, measured, threshold, records.join(" ")]
        };
        self.alerts.iter().map(row).collect()
    }
}

/// Up to three records; of more, the first two and the last.
fn short(records: &[u64]) -> String {
    match records {
        [first, second, _, .., last] => format!("{first} {second} ... {last} ({})", records.len()),
        records => records.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
    }
}
