//! Planted faults of users, acts for two and cases.

#![allow(clippy::ptr_arg)] // as every planted change

use base::{ParticipantId, UserId};
use engine::{AccessRejection, ActRejection, Command, Envelope, Event, OPERATOR, Record, Rejection, State};
use roster::{Duty, Event as R, Link, RosterRejection, SetUserActive};
use supervision::Event as S;

fn users(state: &State) -> impl Iterator<Item = (ParticipantId, UserId)> {
    let users = state.roster().users().iter().enumerate();
    users.map(|(place, user)| (user.participant, UserId::at(place + 1)))
}

/// A refusal becomes something that happened.
fn instead(events: &mut [Event], refusal: impl Into<Rejection>, happened: Option<Event>) -> bool {
    let refusal = refusal.into();
    let told = events.iter_mut().find(|event| matches!(event, Event::Refused(reason) if *reason == refusal));
    match (told, happened) {
        (Some(told), Some(happened)) => {
            *told = happened;
            true
        }
        _ => false,
    }
}

fn refused(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Refused(_)))
}

/// Whoever is refused for a reason is taken for someone who may.
pub(crate) fn who_may(e: &mut Envelope, state: &State, reason: AccessRejection) -> bool {
    if state.check_access(e) != Err(reason) {
        return false;
    }
    let may = |(actor, user): &(ParticipantId, UserId)| {
        state.check_access(&Envelope { actor: *actor, user: *user, ..e.clone() }).is_ok()
    };
    let someone = users(state).find(may);
    someone.map(|(actor, user)| (e.actor, e.user) = (actor, user)).is_some()
}

/// Who proposed an act is taken for another who may approve it.
pub(crate) fn by_another(e: &mut Envelope, state: &State) -> bool {
    let Command::ApproveAct { act } = e.command else { return false };
    let Some(act) = state.act(act).filter(|act| act.proposer == e.user) else { return false };
    let another = users(state).find(|(actor, user)| state.may_approve(*actor, *user, act));
    another.map(|(actor, user)| (e.actor, e.user) = (actor, user)).is_some()
}

/// What takes two is done by one.
pub(crate) fn alone(record: &Record, events: &mut Vec<Event>) -> bool {
    let done = match &record.envelope.command {
        Command::SetUserDuties(c) => Some(R::UserDutiesSet { user: c.user, duties: c.duties }),
        Command::SetPassword(c) => Some(R::PasswordSet { user: c.user }),
        Command::CreateKey(c) => Some(R::KeyCreated { user: c.user, id: c.id.clone() }),
        _ => None,
    };
    instead(events, AccessRejection::SecondPersonNeeded, done.map(Event::Roster))
}

pub(crate) fn in_name_only(e: &mut Envelope, state: &State) -> bool {
    let puts = e.command == Command::PutRosterInForce && state.check_access(e).is_ok();
    if puts {
        e.command = Command::Tick;
    }
    puts
}

pub(crate) fn in_force(record: &Record, events: &mut Vec<Event>) {
    if record.envelope.command == Command::PutRosterInForce && !refused(events) {
        events.push(Event::Roster(R::RosterPutInForce {}));
    }
}

/// An operator is stopped by one, because someone who was stopped is counted with those who are left.
pub(crate) fn stopped_counts(e: &mut Envelope, state: &State) -> bool {
    let Command::SetUserActive(SetUserActive { user, active: false, .. }) = e.command else { return false };
    let counted = |user: &&roster::User| user.participant == OPERATOR && user.duties.has(Duty::Operator);
    let counts = state.roster().users().iter().filter(counted).count() > 2
        && state.roster().user(user).is_some_and(|user| user.participant == OPERATOR)
        && state.check_access(e) == Err(AccessRejection::SecondPersonNeeded);
    if counts {
        e.command = Command::Tick;
    }
    counts
}

pub(crate) fn stops(record: &Record, events: &mut Vec<Event>) {
    if let Command::SetUserActive(SetUserActive { user, active: false, .. }) = record.envelope.command
        && !refused(events)
        && !events.iter().any(|event| matches!(event, Event::Roster(_)))
    {
        events.push(Event::Roster(R::UserActiveSet { user, active: false }));
    }
}

pub(crate) fn stopped_by_one(record: &Record, events: &mut Vec<Event>) -> bool {
    let stopped = match record.envelope.command {
        Command::SetUserActive(SetUserActive { user, active: false, .. }) => {
            Some(Event::Roster(R::UserActiveSet { user, active: false }))
        }
        _ => None,
    };
    instead(events, AccessRejection::SecondPersonNeeded, stopped)
}

/// The only operator there is makes another, and is asked for a second person.
pub(crate) fn no_second(e: &mut Envelope, state: &State) -> bool {
    let makes = matches!(e.command, Command::CreateUser(_));
    let alone = makes && state.roster().in_force() && state.check_access(e).is_ok();
    if alone {
        e.command = Command::Tick;
    }
    alone
}

pub(crate) fn asks_for_a_second(record: &Record, events: &mut Vec<Event>) {
    let made = |event: &Event| matches!(event, Event::Roster(_));
    if matches!(record.envelope.command, Command::CreateUser(_))
        && !refused(events)
        && !events.iter().any(made)
    {
        events.push(Event::Refused(AccessRejection::SecondPersonNeeded.into()));
    }
}

pub(crate) fn carried_out(record: &Record, events: &mut Vec<Event>) -> bool {
    let Envelope { user, command, .. } = &record.envelope;
    let Command::ApproveAct { act } = *command else { return false };
    instead(events, ActRejection::ActUnknown, Some(Event::ActApproved { act, by: *user }))
}

pub(crate) fn lost_the_right(e: &mut Envelope, state: &State) -> bool {
    let Command::ApproveAct { act } = e.command else { return false };
    let Some(act) = state.act(act).filter(|act| state.may_approve(e.actor, e.user, act)) else {
        return false;
    };
    let command = Command::ProposeAct { command: Box::new(act.command.clone()), expires: act.expires };
    let again =
        Envelope { actor: act.actor, user: act.proposer, client_id: act.client_id, door: e.door, command };
    let lost = act.proposer != UserId::NOBODY && state.check_access(&again).is_err();
    if lost {
        e.command = Command::Tick;
    }
    lost
}

pub(crate) fn approves(record: &Record, events: &mut Vec<Event>) {
    let Envelope { user, command: Command::ApproveAct { act }, .. } = record.envelope else { return };
    if !refused(events) && !events.iter().any(|event| matches!(event, Event::ActApproved { .. })) {
        events.push(Event::ActApproved { act, by: user });
    }
}

pub(crate) fn expires(e: &mut Envelope, later_s: i64) -> bool {
    let Command::ProposeAct { expires, .. } = &mut e.command else { return false };
    expires.0 = expires.0.saturating_add(later_s * 1_000_000_000);
    true
}

pub(crate) fn expires_as_asked(record: &Record, events: &mut Vec<Event>) {
    let Command::ProposeAct { expires: asked, .. } = &record.envelope.command else { return };
    for event in events {
        if let Event::ActProposed { expires, .. } = event {
            *expires = *asked;
        }
    }
}

pub(crate) fn taken_back(record: &Record, events: &mut Vec<Event>) -> bool {
    let Envelope { user, command, .. } = &record.envelope;
    let Command::WithdrawAct { act, .. } = *command else { return false };
    instead(events, ActRejection::NotYourAct, Some(Event::ActWithdrawn { act, by: *user }))
}

pub(crate) fn too_many(record: &Record, events: &mut Vec<Event>) -> bool {
    let Command::ProposeAct { expires, .. } = record.envelope.command else { return false };
    let proposed = Event::ActProposed { act: base::ActId(1), expires };
    instead(events, ActRejection::TooManyActs, Some(proposed))
}

/// A key is made though it was to have a duty that its user has not.
pub(crate) fn more_than_its_user(e: &mut Envelope, state: &State) -> bool {
    let command = match &mut e.command {
        Command::ProposeAct { command, .. } => &mut **command,
        command => command,
    };
    let Command::CreateKey(key) = command else { return false };
    let more = state.roster().user(key.user).filter(|user| !key.duties.is_within(user.duties));
    more.map(|user| key.duties = user.duties).is_some()
}

pub(crate) fn unasked(record: &Record, events: &mut Vec<Event>) -> bool {
    let Envelope { user, command, .. } = &record.envelope;
    let Command::ApproveAct { act } = *command else { return false };
    instead(events, ActRejection::ConsentNeeded, Some(Event::ActApproved { act, by: *user }))
}

pub(crate) fn used_again(record: &Record, events: &mut Vec<Event>) -> bool {
    let Command::Enrol(c) = &record.envelope.command else { return false };
    instead(events, RosterRejection::LinkUnknown, Some(Event::Roster(R::Enrolled { user: c.user })))
}

/// The link in a command, or in what it proposes.
fn link(command: &mut Command) -> Option<&mut Link> {
    match command {
        Command::ProposeAct { command, .. } => link(command),
        Command::InviteUser(c) => Some(&mut c.link),
        Command::OfferLink(c) => Some(&mut c.link),
        _ => None,
    }
}

pub(crate) fn link_lasts(e: &mut Envelope, _: &State) -> bool {
    link(&mut e.command).map(|link| link.expires.0 = link.expires.0.saturating_add(1_000_000_000)).is_some()
}

pub(crate) fn lasts_as_asked(_: &Record, events: &mut Vec<Event>) {
    for event in events {
        if let Event::Roster(R::LinkOffered { expires, .. }) = event {
            expires.0 = expires.0.saturating_sub(1_000_000_000);
        }
    }
}

pub(crate) fn codes_stay(e: &mut Envelope, _: &State) -> bool {
    link(&mut e.command).is_some_and(|link| std::mem::take(&mut link.codes_off))
}

pub(crate) fn closes(e: &mut Envelope, _: &State) -> bool {
    let Command::NoteCase(c) = &e.command else { return false };
    e.command = Command::CloseCase(supervision::CloseCase { case: c.case, finding: c.note.clone() });
    true
}

pub(crate) fn is_noted(record: &Record, events: &mut Vec<Event>) {
    let Command::NoteCase(_) = record.envelope.command else { return };
    for event in events {
        if let Event::Supervision(S::CaseClosed { case }) = *event {
            *event = Event::Supervision(S::CaseNoted { case });
        }
    }
}

pub(crate) fn in_anothers_name(e: &mut Envelope, state: &State) -> bool {
    if !matches!(e.command, Command::NoteCase(_)) || state.check_access(e).is_err() {
        return false;
    }
    let may = |(actor, user): &(ParticipantId, UserId)| {
        *user != e.user && state.check_access(&Envelope { actor: *actor, user: *user, ..e.clone() }).is_ok()
    };
    let another = users(state).find(may);
    another.map(|(actor, user)| (e.actor, e.user) = (actor, user)).is_some()
}
