//! Which connections have promised that orders end with them. A user who is stopped, or loses the duty, could keep no promise any
//! more: so it is kept before, in the user's own name, while the user may.

use super::socket::mass_cancel;
use crate::serve::access::{Caller, random_text};
use base::UserId;
use engine::{Command, Envelope, State};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Default)]
pub(crate) struct Promises(Mutex<BTreeMap<u64, Caller>>);

impl Promises {
    /// A connection has promised, as somebody, or has not.
    pub(super) fn set(&self, connection: u64, caller: Option<&Caller>) {
        match caller {
            Some(caller) => self.all().insert(connection, caller.clone()),
            None => self.all().remove(&connection),
        };
    }

    /// What is to be sent before a command, because it takes from somebody the right to send it.
    pub(crate) fn before(&self, state: &State, sent: &Envelope) -> Vec<Envelope> {
        let Some((user, change)) = change_of_user(state, sent) else { return Vec::new() };
        if !state.roster().user(user).is_some_and(|user| user.active) {
            return Vec::new();
        }
        let mut kept: Vec<Envelope> = Vec::new();
        for caller in self.all().values().filter(|caller| caller.user == user) {
            let Ok(random) = random_text(10) else { continue };
            let cancel = mass_cancel(caller, &format!("off-{random}"));
            let may_still = match change {
                Change::Stopped => false,
                Change::Duties(duties) => cancel.command.duties().meets(duties),
            };
            if !may_still && kept.iter().all(|before| before.command != cancel.command) {
                kept.push(cancel);
            }
        }
        kept
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Caller>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of a user.
#[derive(Clone, Copy)]
enum Change {
    Stopped,
    Duties(roster::Duties),
}

/// What a command, or the act that it approves, changes of a user.
fn change_of_user(state: &State, sent: &Envelope) -> Option<(UserId, Change)> {
    let command = match &sent.command {
        Command::ApproveAct { act } => {
            let act = state.act(*act)?;
            state.may_approve(sent.actor, sent.user, act).then_some(&act.command)?
        }
        command => command,
    };
    match command {
        Command::SetUserActive(change) if !change.active => Some((change.user, Change::Stopped)),
        Command::SetUserDuties(change) => Some((change.user, Change::Duties(change.duties))),
        _ => None,
    }
}
