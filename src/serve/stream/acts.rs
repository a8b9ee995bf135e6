//! What waits for a second person, as one user sees it.

use super::items::json;
use super::views::Told;
use crate::serve::access::{Caller, Via};
use crate::serve::api::acts::act_view;
use base::{ActId, UserId};
use engine::{Event, State};
use roster::Duties;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An act that waits no more, or is not the user's to see any more.
#[derive(Serialize, ToSchema)]
pub(super) struct ActEnded {
    /// Its number.
    act: u64,
    /// `approved`, `withdrawn`, `expired` or `out_of_sight`.
    status: &'static str,
}

/// See the module.
pub(super) struct Acts {
    user: UserId,
    duties: Duties,
    told: Told<ActId>,
}

impl Acts {
    pub(super) fn new(user: UserId, duties: Duties) -> Self {
        Self { user, duties, told: Told::default() }
    }

    pub(super) fn whole(&self) -> String {
        format!("{{\"items\":[{}]}}", self.told.all())
    }

    pub(super) fn changes(&mut self, state: &State, ended: &BTreeMap<ActId, &'static str>) -> Option<String> {
        let now = match Caller::of(state, self.user, Via::Session(String::new())) {
            Some(caller) => {
                let caller = Caller { duties: self.duties, ..caller };
                state.acts().filter_map(|act| Some((act.id, json(&act_view(state, &caller, act)?)))).collect()
            }
            None => BTreeMap::new(),
        };
        let (mut items, gone) = self.told.take(now);
        for act in gone {
            let status = ended.get(&act).copied().unwrap_or("out_of_sight");
            let separator = if items.is_empty() { "" } else { "," };
            items.push_str(separator);
            items.push_str(&json(&ActEnded { act: act.0.into(), status }));
        }
        (!items.is_empty()).then(|| format!("{{\"items\":[{items}]}}"))
    }
}

/// How an act ended, if an event says so.
pub(super) fn end_of(event: &Event) -> Option<(ActId, &'static str)> {
    match event {
        Event::ActApproved { act, .. } => Some((*act, "approved")),
        Event::ActWithdrawn { act, .. } => Some((*act, "withdrawn")),
        Event::ActExpired { act } => Some((*act, "expired")),
        _ => None,
    }
}
