//! Whom two persons have unlocked may try to sign in again: the log says so, and the node that locked it out is told.

use crate::serve::access::Lockouts;
use crate::serve::reader::Sink;
use engine::{Event, Record, State};
use std::sync::Arc;

struct Unlocks(Arc<Lockouts>);

/// Tells the lock-outs.
#[must_use]
pub(super) fn sink(lockouts: Arc<Lockouts>) -> Box<dyn Sink> {
    Box::new(Unlocks(lockouts))
}

impl Sink for Unlocks {
    fn note(&mut self, _: &Record, events: &[Event], state: &State) {
        for event in events {
            if let Event::Roster(roster::Event::UserUnlocked { user }) = event
                && let Some(user) = state.roster().user(*user)
            {
                self.0.unlock(&user.name);
            }
        }
    }

    fn batch_noted(&mut self, _: &State) {}
}
