//! What supervisors see: alerts and cases.

use super::commands::{names, user_name};
use super::views::{List, date, local, word};
use crate::node::Follower;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::reply::Reply;
use engine::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const TAG: &str = "supervision";

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::reads("/v1/supervision/alerts", Allowed::Watchers, TAG, "Alerts, the newest first", alerts)
            .gives_list::<AlertView>(),
        Endpoint::reads("/v1/supervision/cases", Allowed::Watchers, TAG, "Cases, the newest first", cases)
            .gives_list::<CaseView>(),
    ]
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct AlertView {
    /// Its number.
    pub alert: u64,
    /// `position_limit`, `self_trade`, `at_price_limit`.
    pub rule: String,
    /// In which market.
    pub market: String,
    /// On which day.
    pub date: String,
    /// Who.
    pub participant: String,
    /// In what.
    pub instrument: String,
    /// The records it rests on.
    pub records: Vec<u64>,
    /// What is measured so far on its day.
    pub measured: String,
    /// What the rulebook says: from so many occurrences on, above so many units.
    pub threshold: String,
}

fn alerts(_: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let all = state.watch().alerts().iter().rev().map(|alert| alert_view(state, alert));
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// An alert, as it is shown.
#[must_use]
pub(crate) fn alert_view(state: &State, alert: &supervision::Alert) -> AlertView {
    let names = gateway::Names(state);
    AlertView {
        alert: alert.id.0,
        rule: word(&alert.rule),
        market: names.market(alert.market),
        date: date(alert.date),
        participant: names.participant(alert.participant),
        instrument: names.instrument(alert.instrument),
        records: alert.records.iter().map(|record| record.0).collect(),
        measured: alert.measured.to_string(),
        threshold: alert.threshold.to_string(),
    }
}

/// A case.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CaseView {
    /// Its number.
    pub case: u64,
    /// What it is about.
    pub title: String,
    /// The alerts it takes up.
    pub alerts: Vec<u64>,
    /// The account it is about.
    pub account: Option<String>,
    /// When it was opened.
    pub opened: String,
    /// By whom.
    pub by: String,
    /// What was noted, in order.
    pub notes: Vec<NoteView>,
    /// What was found; open while there is nothing.
    pub finding: Option<NoteView>,
}

/// What someone wrote into a case.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NoteView {
    /// When.
    pub time: String,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

fn cases(_: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let note = |note: &supervision::Note| NoteView {
        time: local(state, None, note.time),
        by: user_name(follower, note.by),
        text: note.text.clone(),
    };
    let all = state.watch().cases().iter().rev().map(|case| CaseView {
        case: case.id.0.into(),
        title: case.title.clone(),
        alerts: case.alerts.iter().map(|alert| alert.0).collect(),
        account: case.account.map(|account| names(follower).account(account)),
        opened: local(state, None, case.opened),
        by: user_name(follower, case.by),
        notes: case.notes.iter().map(note).collect(),
        finding: case.finding.as_ref().map(note),
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}
