//! Which connections have promised that orders end with them. A user who is stopped, or loses the duty, could keep no promise any
//! more: so it is kept before, in the user's own name, while the user may.

use super::socket::mass_cancel;
use crate::serve::access::{Caller, random_text};
use crate::serve::clerk::{Clerk, Told, Unanswered};
use crate::serve::reader::Reader;
use base::UserId;
use engine::{Command, Envelope, State};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// See the module.
#[derive(Default)]
pub(crate) struct Promises(Mutex<All>);

#[derive(Default)]
struct All {
    /// By connection.
    made: BTreeMap<u64, Caller>,
    /// The users who are being stopped, each with the tag of the command that does it.
    stopping: Vec<(UserId, u64)>,
}

impl Promises {
    /// A connection promises, as somebody. False, and no promise, while that user is being stopped: it would come too late to be kept.
    pub(super) fn make(&self, clerk: &Clerk, connection: u64, caller: &Caller) -> bool {
        let mut all = self.all();
        all.stopping.retain(|(_, tag)| clerk.is_waiting(*tag));
        let late = all.stopping.iter().any(|(user, _)| *user == caller.user);
        if !late {
            all.made.insert(connection, caller.clone());
        }
        !late
    }

    /// A connection promises nothing any more.
    pub(super) fn end(&self, connection: u64) {
        self.all().made.remove(&connection);
    }

    /// Sends a command; right before it, what it takes from somebody the right to send.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub(crate) fn send(
        &self,
        reader: &Reader,
        clerk: &Clerk,
        envelope: Envelope,
    ) -> Result<oneshot::Receiver<Told>, Unanswered> {
        let may_change = matches!(
            envelope.command,
            Command::ApproveAct { .. } | Command::SetUserActive(_) | Command::SetUserDuties(_)
        );
        if !may_change {
            return clerk.send(envelope);
        }
        // No promise is made between the look at those that are and the sending.
        let mut all = self.all();
        let stopped = change_of_user(reader.read().state(), &envelope);
        let kept = stopped.map(|(user, change)| all.kept(user, change)).unwrap_or_default();
        let (tag, told) = clerk.send_after(kept, envelope)?;
        all.stopping.retain(|(_, tag)| clerk.is_waiting(*tag));
        all.stopping.extend(stopped.map(|(user, _)| (user, tag)));
        Ok(told)
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    /// What keeps the promises of a user that cannot be kept after a change.
    fn kept(&self, user: UserId, change: Change) -> Vec<Envelope> {
        let mut kept: Vec<Envelope> = Vec::new();
        for caller in self.made.values().filter(|caller| caller.user == user) {
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
}

/// What becomes of a user.
#[derive(Clone, Copy)]
enum Change {
    Stopped,
    Duties(roster::Duties),
}

/// What a command, or the act that it approves, changes of a user who is active.
fn change_of_user(state: &State, sent: &Envelope) -> Option<(UserId, Change)> {
    let command = match &sent.command {
        Command::ApproveAct { act } => {
            let act = state.act(*act)?;
            state.may_approve(sent.actor, sent.user, act).then_some(&act.command)?
        }
        command => command,
    };
    let (user, change) = match command {
        Command::SetUserActive(change) if !change.active => (change.user, Change::Stopped),
        Command::SetUserDuties(change) => (change.user, Change::Duties(change.duties)),
        _ => return None,
    };
    state.roster().user(user).is_some_and(|user| user.active).then_some((user, change))
}
