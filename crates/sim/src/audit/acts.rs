//! What waits for a second person.

use super::finding::{Finding, Found, Kind, check};
use super::shadow::Shadow;
use super::verdict::{Verdict, first};
use base::{ActId, ParticipantId, Timestamp, UserId};
use engine::{Command, Event, State};
use roster::Duty;

type Judged = Result<Verdict, &'static str>;

/// What someone proposed.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who.
    pub proposer: UserId,
    /// As whose user.
    pub actor: ParticipantId,
    /// What.
    pub command: Command,
    /// When it is over.
    pub expires: i64,
}

/// An act waits for 31 days at most, and a sender has at most a hundred.
const WAIT_MAX: i128 = 31 * 86_400 * 1_000_000_000;
const WAITING_MAX: usize = 100;

impl Shadow {
    pub(super) fn judge_propose_act(
        &self,
        (actor, user): (ParticipantId, UserId),
        command: &Command,
        expires: Timestamp,
    ) -> Judged {
        let people = &self.people;
        // Whether stopping someone takes two is known when it is done.
        let for_two = self.is_for_two(user, command) || matches!(command, Command::SetUserActive(_));
        let wait = i128::from(expires.0) - i128::from(self.time);
        let own = people.acts.values().filter(|act| (act.actor, act.proposer) == (actor, user)).count();
        first(&[
            (!people.in_force, "act/roster_not_in_force"),
            (!for_two, "act/needs_no_second_person"),
            (!(1..=WAIT_MAX).contains(&wait), "act/expiry_unfit"),
            (own >= WAITING_MAX, "act/too_many_acts"),
        ])?;
        let act = ActId(people.proposed + 1);
        Ok(Verdict::Exactly(vec![Event::ActProposed { act, expires }]))
    }

    /// Who approves, or rejects: one who might send it; and a colleague may give a key what it has itself.
    pub(super) fn judge_approver(
        &self,
        actor: ParticipantId,
        user: UserId,
        command: &Command,
    ) -> Result<(), &'static str> {
        if let Command::CreateKey(key) = command
            && let (Some(theirs), Some(colleague)) = (self.people.person(key.user), self.people.person(user))
            && (theirs.firm, colleague.firm) == (actor.0, actor.0)
            && colleague.active
            && key.duties.iter().all(|duty: Duty| colleague.duties.contains(&duty))
        {
            return Ok(());
        }
        self.judge_permission(actor, user, command)
    }

    /// Whether an act may be approved; what is then expected of it is what is expected of its command.
    pub(super) fn judge_approval(
        &self,
        (actor, user): (ParticipantId, UserId),
        act: ActId,
    ) -> Result<&Act, &'static str> {
        let act = self.people.acts.get(&act.0).ok_or("act/act_unknown")?;
        first(&[(act.proposer == user, "act/same_person")])?;
        self.judge_approver(actor, user, &act.command)?;
        first(&[(self.lacks_consent(act.actor.0, actor.0, &act.command), "act/consent_needed")])?;
        // The node itself loses nothing.
        if act.proposer != UserId::NOBODY {
            self.judge_permission(act.actor, act.proposer, &act.command)?;
        }
        Ok(act)
    }

    /// Whether someone might approve an act, were it not for the member whom that would leave out.
    #[must_use]
    pub fn leaves_out(&self, act: &Act, actor: ParticipantId, user: UserId) -> bool {
        act.proposer != user
            && self.lacks_consent(act.actor.0, actor.0, &act.command)
            && self.judge_approver(actor, user, &act.command).is_ok()
    }

    pub(super) fn judge_withdraw_act(&self, (actor, by): (ParticipantId, UserId), act: ActId) -> Judged {
        let known = self.people.acts.get(&act.0).ok_or("act/act_unknown")?;
        let own = (known.actor, known.proposer) == (actor, by);
        let may = own || self.judge_approver(actor, by, &known.command).is_ok();
        first(&[(!may, "act/not_your_act")])?;
        Ok(Verdict::Exactly(vec![Event::ActWithdrawn { act, by }]))
    }

    pub(super) fn see_proposed(&mut self, act: ActId, command: &Command) -> Found {
        let Command::ProposeAct { command, expires } = command else {
            return Err(Finding::new(Kind::Event, "an act was proposed by nobody"));
        };
        let (actor, proposer) = (ParticipantId(self.sender.0), UserId(self.sender.1));
        let expires = expires.0;
        self.people.proposed = act.0;
        self.people.acts.insert(act.0, Act { proposer, actor, command: (**command).clone(), expires });
        Ok(())
    }

    /// An act goes: approved, withdrawn or rejected.
    pub(super) fn see_act_gone(&mut self, act: ActId) -> Found {
        let gone = self.people.acts.remove(&act.0);
        check(gone.is_some(), Kind::Event, || format!("act {act} was not waiting"))
    }

    /// An act is over: at its time, and after those that were over before it.
    pub(super) fn see_act_over(&mut self, act: ActId) -> Found {
        let next = self.people.acts.iter().map(|(id, act)| (act.expires, *id)).min();
        let due = next.is_some_and(|(expires, id)| id == act.0 && expires <= self.time);
        check(due, Kind::Calendar, || format!("act {act} is over, due is {next:?}"))?;
        self.see_act_gone(act)
    }

    /// Nothing waits beyond its time.
    pub(super) fn check_over(&self) -> Found {
        let over = self.people.acts.iter().find(|(_, act)| act.expires <= self.time);
        check(over.is_none(), Kind::Calendar, || format!("an act outlived its time: {over:?}"))
    }

    pub(super) fn check_acts(&self, state: &State) -> Found {
        let known =
            self.people.acts.iter().map(|(id, act)| (ActId(*id), act.actor, act.proposer, act.expires));
        let found = state.acts().map(|act| (act.id, act.actor, act.proposer, act.expires.0));
        check(known.eq(found), Kind::Event, || "other acts wait than were proposed".to_owned())?;
        let mut pairs = self.people.acts.values().zip(state.acts());
        let other = pairs.find(|(known, found)| known.command != found.command);
        check(other.is_none(), Kind::Event, || format!("something else waits than was proposed: {other:?}"))
    }
}
