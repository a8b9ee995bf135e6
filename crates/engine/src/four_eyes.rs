//! Four eyes: what one person proposes and another approves. A proposal waits in [`Acts`] until it is approved, withdrawn, or
//! its time is over; approved, it is done as if its proposer had sent it just then.

use crate::{ClientId, Command, Envelope, Event, Events, Rejection, State};
use base::{ActId, ParticipantId, Timestamp, UserId, rejections};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

rejections! {
    /// Why an act is not proposed, approved or withdrawn.
    pub enum ActRejection {
        /// The roster is not in force: nothing needs a second person.
        RosterNotInForce = "roster_not_in_force",
        /// The command needs no second person: it is sent directly.
        NeedsNoSecondPerson = "needs_no_second_person",
        /// An act expires after now, and within 31 days.
        ExpiryUnfit = "expiry_unfit",
        /// The sender has 100 acts waiting already.
        TooManyActs = "too_many_acts",
        /// There is no such act waiting.
        ActUnknown = "act_unknown",
        /// Whoever proposed an act does not approve it.
        SamePerson = "same_person",
        /// The participant concerned has users who keep its users: one of them approves, or proposes.
        ConsentNeeded = "consent_needed",
        /// Only who proposed an act, or may approve it, withdraws it.
        NotYourAct = "not_your_act",
    }
}

/// What waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Dense, from 1.
    pub id: ActId,
    /// Who proposed it.
    pub proposer: UserId,
    /// As whose user.
    pub actor: ParticipantId,
    /// The proposer's name for the proposal.
    pub client_id: ClientId,
    /// What is proposed.
    #[serde(with = "crate::cbor")]
    pub command: Command,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// The acts that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acts {
    waiting: BTreeMap<ActId, Act>,
    /// How many there ever were.
    proposed: usize,
    /// When the first of them is over.
    next: Timestamp,
}

/// Longest time that an act waits: 31 days.
const WAIT_NS_MAX: i64 = 31 * 86_400 * 1_000_000_000;
/// Most acts that one sender has waiting.
const WAITING_MAX: usize = 100;

impl Default for Acts {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), proposed: 0, next: Timestamp::MAX }
    }
}

impl Acts {
    /// When the first act that waits is over; the end of time where none waits.
    pub(crate) fn next(&self) -> Timestamp {
        self.next
    }

    fn put(&mut self, act: Act) {
        self.next = self.next.min(act.expires);
        self.waiting.insert(act.id, act);
    }

    fn take(&mut self, id: ActId) -> Option<Act> {
        let act = self.waiting.remove(&id);
        self.next = self.waiting.values().map(|act| act.expires).min().unwrap_or(Timestamp::MAX);
        act
    }

    /// Takes away the first act that is over at `next`.
    pub(crate) fn expire(&mut self) -> Option<ActId> {
        let over = self.waiting.values().find(|act| act.expires == self.next)?.id;
        self.take(over).map(|act| act.id)
    }
}

type Applied = Result<(), Rejection>;

impl State {
    /// The acts that wait for a second person, in the order in which they were proposed.
    pub fn acts(&self) -> impl Iterator<Item = &Act> {
        self.acts.waiting.values()
    }

    /// The act with a number, while it waits.
    #[must_use]
    pub fn act(&self, act: ActId) -> Option<&Act> {
        self.acts.waiting.get(&act)
    }

    /// Whether a user of a participant may approve an act, or withdraw it though it proposed something else.
    #[must_use]
    pub fn may_approve(&self, actor: ParticipantId, user: UserId, act: &Act) -> bool {
        act.proposer != user
            && self.check_approver(actor, user, &act.command).is_ok()
            && !self.lacks_consent(act.actor, actor, &act.command)
    }

    /// What is proposed was found permitted to its sender before this.
    pub(crate) fn propose_act(
        &mut self,
        sent: &Envelope,
        (command, expires): (&Command, Timestamp),
        out: &mut Events,
    ) -> Applied {
        let &Envelope { actor, user, client_id, .. } = sent;
        if !self.roster.in_force() {
            return Err(ActRejection::RosterNotInForce.into());
        }
        // Whom one may stop alone, one may propose to stop: whether that takes two is known when it is done.
        if !self.needs_second_person(user, command) && !matches!(command, Command::SetUserActive(_)) {
            return Err(ActRejection::NeedsNoSecondPerson.into());
        }
        let wait = expires.0.checked_sub(self.time.0);
        if wait.is_none_or(|wait| wait <= 0 || wait > WAIT_NS_MAX) {
            return Err(ActRejection::ExpiryUnfit.into());
        }
        let own = self.acts().filter(|act| (act.actor, act.proposer) == (actor, user)).count();
        if own >= WAITING_MAX {
            return Err(ActRejection::TooManyActs.into());
        }
        self.acts.proposed += 1;
        let (id, proposed) = (ActId::at(self.acts.proposed), self.time);
        self.acts.put(Act {
            id,
            proposer: user,
            actor,
            client_id,
            command: command.clone(),
            proposed,
            expires,
        });
        self.schedule();
        out.push(Event::ActProposed { act: id, expires });
        Ok(())
    }

    /// Does what was proposed. Where that is refused, so is the approval, and the act goes on waiting.
    pub(crate) fn approve_act(&mut self, sent: &Envelope, id: ActId, out: &mut Events) -> Applied {
        let act = self.act(id).ok_or(ActRejection::ActUnknown)?;
        if act.proposer == sent.user {
            return Err(ActRejection::SamePerson.into());
        }
        self.check_approver(sent.actor, sent.user, &act.command)?;
        if self.lacks_consent(act.actor, sent.actor, &act.command) {
            return Err(ActRejection::ConsentNeeded.into());
        }
        // The proposer may have lost since then what let it propose.
        if act.proposer != UserId::NOBODY {
            self.check_permission(act.actor, act.proposer, &act.command)?;
        }
        let Some(act) = self.acts.take(id) else { return Err(ActRejection::ActUnknown.into()) };
        let command = act.command.clone();
        let &Act { actor, proposer: user, client_id, .. } = &act;
        let before = out.as_slice().len();
        out.push(Event::ActApproved { act: id, by: sent.user });
        let done = self.perform(&Envelope { actor, user, client_id, door: sent.door, command }, out);
        if done.is_err() {
            // A command that is refused changed nothing.
            out.shorten(before);
            self.acts.put(act);
        }
        self.schedule();
        done
    }

    pub(crate) fn withdraw_act(&mut self, sent: &Envelope, id: ActId, out: &mut Events) -> Applied {
        let act = self.act(id).ok_or(ActRejection::ActUnknown)?;
        let own = (act.actor, act.proposer) == (sent.actor, sent.user);
        if !own && self.check_approver(sent.actor, sent.user, &act.command).is_err() {
            return Err(ActRejection::NotYourAct.into());
        }
        self.acts.take(id);
        self.schedule();
        out.push(Event::ActWithdrawn { act: id, by: sent.user });
        Ok(())
    }
}
