//! Users, keys, and what waits for a second person.

use super::maker::Maker;
use super::{DAY, Make, Profile, SECOND};
use crate::audit::people::Person;
use crate::audit::shadow::Shadow;
use base::{AccountId, ActId, ParticipantId, Role, Timestamp, UserId};
use engine::Command;
use faulty_disk::Dice;
use roster::{
    CreateKey, CreateUser, Duties, Duty, Enrol, EnrolTotp, InviteUser, Link, OfferLink, RevokeKey,
    SetPassword, SetTotp, SetUserActive, SetUserDuties, UnlockUser,
};

pub(super) const COMMANDS: &[(u32, Make)] = &[
    (36, approve),
    (8, withdraw),
    (4, create),
    (3, duties),
    (5, active),
    (3, password),
    (2, totp),
    (2, invite),
    (3, offer),
    (4, enrol),
    (2, enrol_totp),
    (1, unlock),
    (5, key),
    (2, revoke),
    (1, in_force),
    (3, propose),
];

/// What a password comes to.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

/// What a seed's participants still lack before the roster is put in force: users, first of all.
pub(super) fn next(shadow: &Shadow, profile: &Profile) -> Option<Command> {
    let user = |participant: usize, place: usize, duties: &[Duty]| {
        // Whoever keeps the users of a member can sign in; the node's own operators come in by a link.
        let keeps = participant != 0 && duties.contains(&Duty::Operator);
        Command::CreateUser(CreateUser {
            participant: ParticipantId::at(participant),
            name: format!("p{participant}-{place}-{}", shadow.people.users.len()),
            duties: Duties::of(duties),
            password: if keeps { HASH.to_owned() } else { String::new() },
            must_change: false,
        })
    };
    for (id, participant) in shadow.participants.iter().enumerate() {
        let theirs =
            shadow.people.users.iter().filter(|person| ParticipantId(person.firm).index() == id).count();
        let trades = |role: &Role| matches!(role, Role::ComplianceEntity | Role::Institution);
        let wanted: &[&[Duty]] = if id == 0 {
            let operators: &[&[Duty]] =
                &[&[Duty::Operator], &[Duty::Operator, Duty::Supervisor], &[Duty::Operator, Duty::Trader]];
            &operators[..profile.operators.clamp(1, 3)]
        } else if participant.roles.iter().any(trades) {
            &[&[Duty::Trader, Duty::Custodian], &[Duty::Trader, Duty::Operator]]
        } else {
            &[
                &[Duty::Operator, Duty::Supervisor, Duty::Custodian],
                &[Duty::Operator, Duty::Supervisor, Duty::Clearing],
            ]
        };
        if let Some(duties) = wanted.get(theirs) {
            return Some(user(id, theirs, duties));
        }
    }
    if shadow.people.operators(0) == 0 {
        return Some(user(0, 9, &[Duty::Operator]));
    }
    (!shadow.people.in_force).then_some(Command::PutRosterInForce)
}

/// When a proposal is over: soon, late, or at a time that does not do.
pub(super) fn until(dice: &mut Dice, time: i64) -> Timestamp {
    let wait = match dice.roll(12) {
        0 => *dice.pick(&[0, -1, 31 * DAY + 1, i64::MAX, i64::MIN]).unwrap_or(&0),
        1 => 31 * DAY,
        2..4 => dice.between(1, 60) * SECOND,
        4..8 => dice.between(1, 60) * 60 * SECOND,
        _ => dice.between(1, 10) * DAY,
    };
    Timestamp(time.saturating_add(wait))
}

fn user(m: &mut Maker<'_>) -> Option<UserId> {
    let count = m.shadow.people.users.len();
    if m.wrong() {
        return Some(UserId::at(m.dice.roll(count + 3)));
    }
    (count > 0).then(|| UserId::at(1 + m.dice.roll(count)))
}

/// A user of the operator with its duty: one of the last two, now and then.
fn operator(m: &mut Maker<'_>) -> Option<UserId> {
    let users = m.shadow.people.users.iter().enumerate();
    let operators = users.filter(|(_, person)| person.firm == 0 && person.duties.contains(&Duty::Operator));
    let operators: Vec<UserId> = operators.map(|(place, _)| UserId::at(place + 1)).collect();
    m.dice.pick(&operators).copied()
}

fn some_duties(m: &mut Maker<'_>) -> Duties {
    if m.wrong() {
        return Duties::NONE;
    }
    let one = |m: &mut Maker<'_>| Duty::ALL[m.dice.roll(Duty::ALL.len())];
    Duties::of(&[one(m), one(m), one(m)])
}

fn hash(m: &mut Maker<'_>) -> String {
    if m.wrong() {
        let bad = ["secret".to_owned(), "$argon2 id".to_owned(), format!("$argon2{}", "x".repeat(256))];
        return m.dice.pick(&bad).cloned().unwrap_or_default();
    }
    (*m.dice.pick(&["", HASH]).unwrap_or(&"")).to_owned()
}

fn create(m: &mut Maker<'_>) -> Option<Command> {
    let people = &m.shadow.people;
    if people.users.len() > 40 && !m.hostile {
        return None;
    }
    let participant = if m.coin() { ParticipantId(0) } else { m.participant() };
    let name = if m.wrong() {
        let taken = people.users.first().map(|person| person.name.clone()).unwrap_or_default();
        let bad = [String::new(), "Ann".to_owned(), "安".to_owned(), "x".repeat(33), taken.clone(), taken];
        m.dice.pick(&bad).cloned().unwrap_or_default()
    } else {
        format!("u{}.{}", people.users.len(), m.dice.roll(1_000))
    };
    let (duties, password, must_change) = (some_duties(m), hash(m), m.coin());
    Some(Command::CreateUser(CreateUser { participant, name, duties, password, must_change }))
}

fn duties(m: &mut Maker<'_>) -> Option<Command> {
    let user = user(m)?;
    // More of them than before, most of the time: someone must be left to do the work.
    let more = m.shadow.people.person(user).map(|person| person.duties.iter().copied().collect::<Duties>());
    let duties = some_duties(m);
    let duties = if m.dice.once_in(4) { duties } else { more.map_or(duties, |more| more.or(duties)) };
    Some(Command::SetUserDuties(SetUserDuties { user, duties }))
}

fn active(m: &mut Maker<'_>) -> Option<Command> {
    let stopped: Vec<usize> = (0..m.shadow.people.users.len())
        .filter(|place| !m.hostile && !m.shadow.people.users[*place].active)
        .collect();
    // Who was stopped is let again, most of the time: business goes on.
    let (user, active) = match m.dice.pick(&stopped) {
        Some(place) if !m.dice.once_in(4) => (UserId::at(place + 1), true),
        _ if m.coin() => (operator(m)?, false),
        _ => (user(m)?, m.dice.once_in(4)),
    };
    Some(Command::SetUserActive(SetUserActive { user, active, reason: m.reason() }))
}

fn password(m: &mut Maker<'_>) -> Option<Command> {
    let (user, password, must_change) = (user(m)?, hash(m), m.coin());
    Some(Command::SetPassword(SetPassword { user, password, must_change }))
}

fn totp(m: &mut Maker<'_>) -> Option<Command> {
    let (user, on) = (user(m)?, m.coin());
    let secret_hash = on.then(|| [u8::try_from(m.dice.roll(256)).unwrap_or_default(); 32]);
    Some(Command::SetTotp(SetTotp { user, secret_hash }))
}

/// A link whose token is one of a few.
fn link(m: &mut Maker<'_>) -> Link {
    let token_hash = [u8::try_from(m.dice.roll(3)).unwrap_or_default(); 32];
    Link { token_hash, expires: until(m.dice, m.time), coded: m.coin(), codes_off: m.coin() }
}

fn invite(m: &mut Maker<'_>) -> Option<Command> {
    let Some(Command::CreateUser(CreateUser { participant, name, duties, .. })) = create(m) else {
        return None;
    };
    Some(Command::InviteUser(InviteUser { participant, name, duties, link: link(m) }))
}

fn offer(m: &mut Maker<'_>) -> Option<Command> {
    let user = user(m)?;
    Some(Command::OfferLink(OfferLink { user, link: link(m) }))
}

/// One who has a link uses it, most of the time.
fn enrol(m: &mut Maker<'_>) -> Option<Command> {
    let people = m.shadow.people.users.iter().enumerate();
    let linked: Vec<(usize, [u8; 32])> =
        people.filter_map(|(place, person)| Some((place, person.link?.token_hash))).collect();
    let (user, token_hash) = match m.dice.pick(&linked) {
        Some((place, hash)) if !m.dice.once_in(6) => (UserId::at(place + 1), *hash),
        _ => (user(m)?, [7; 32]),
    };
    let password = match hash(m) {
        none if none.is_empty() && !m.dice.once_in(8) => {
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".to_owned()
        }
        hash => hash,
    };
    Some(Command::Enrol(Enrol { user, token_hash, password }))
}

fn enrol_totp(m: &mut Maker<'_>) -> Option<Command> {
    let length = if m.wrong() { *m.dice.pick(&[0, 129]).unwrap_or(&0) } else { 60 };
    let (user, secret_hash) = (user(m)?, [u8::try_from(m.dice.roll(4)).unwrap_or_default(); 32]);
    Some(Command::EnrolTotp(EnrolTotp { user, secret_hash, sealed: vec![9; length] }))
}

fn unlock(m: &mut Maker<'_>) -> Option<Command> {
    Some(Command::UnlockUser(UnlockUser { user: user(m)?, reason: m.reason() }))
}

fn key(m: &mut Maker<'_>) -> Option<Command> {
    let user = user(m)?;
    let person = m.shadow.people.person(user);
    let id = if m.wrong() {
        let taken = m.shadow.people.keys.keys().next().cloned().unwrap_or_default();
        let bad = ["short".to_owned(), "with-dash-1".to_owned(), "x".repeat(33), taken.clone(), taken];
        m.dice.pick(&bad).cloned().unwrap_or_default()
    } else {
        format!("KEY{:05}{:04}", m.shadow.people.keys.len(), m.dice.roll(10_000))
    };
    let theirs: Vec<usize> = (0..m.shadow.accounts.len())
        .filter(|id| person.is_none_or(|person| m.shadow.accounts[*id].participant == person.firm))
        .collect();
    let account = match m.dice.roll(3) {
        0 if m.hostile => Some(m.account()),
        0 => m.dice.pick(&theirs).map(|id| AccountId::at(*id)),
        _ => None,
    };
    let own: Vec<Duty> = person.map(|person| person.duties.iter().copied().collect()).unwrap_or_default();
    let duties = match m.dice.pick(&own) {
        Some(duty) if !(m.hostile && m.coin()) => Duties::of(&[*duty]),
        _ => some_duties(m),
    };
    let secret_hash = [u8::try_from(m.dice.roll(256)).unwrap_or_default(); 32];
    Some(Command::CreateKey(CreateKey { user, id, secret_hash, account, duties }))
}

fn revoke(m: &mut Maker<'_>) -> Option<Command> {
    let keys: Vec<&String> = m.shadow.people.keys.keys().collect();
    let id = if m.wrong() { "NOSUCHKEY".to_owned() } else { (*m.dice.pick(&keys)?).clone() };
    Some(Command::RevokeKey(RevokeKey { id }))
}

fn in_force(m: &mut Maker<'_>) -> Option<Command> {
    // Only where it is refused: a seed says itself when it is put in force.
    (m.hostile && (m.shadow.people.in_force || m.shadow.people.operators(0) == 0))
        .then_some(Command::PutRosterInForce)
}

/// Something waits, one of the first of them as a rule; or nothing does.
fn act(m: &mut Maker<'_>) -> Option<ActId> {
    let people = &m.shadow.people;
    if m.hostile && m.dice.once_in(4) {
        return Some(ActId(u32::try_from(m.dice.roll(people.proposed as usize + 3)).unwrap_or_default()));
    }
    let waiting: Vec<u32> = people.acts.keys().copied().collect();
    m.dice.pick(&waiting).map(|act| ActId(*act))
}

/// Something waits for one of those who are there, most of the time.
fn approve(m: &mut Maker<'_>) -> Option<Command> {
    let people = &m.shadow.people;
    for _ in 0..4 {
        let command = Command::ApproveAct { act: act(m)? };
        let mut users = people.users.iter().enumerate();
        let may = |(place, person): (usize, &Person)| {
            m.shadow.may_send(ParticipantId(person.firm), UserId::at(place + 1), &command)
        };
        if m.hostile || users.any(may) {
            return Some(command);
        }
    }
    None
}

fn withdraw(m: &mut Maker<'_>) -> Option<Command> {
    let (act, reason) = (act(m)?, m.reason());
    Some(Command::WithdrawAct { act, reason })
}

/// What needs no second person is proposed, or a proposal is.
fn propose(m: &mut Maker<'_>) -> Option<Command> {
    let command = match m.dice.roll(4) {
        0 if m.hostile => Command::Tick,
        1 if m.hostile => {
            Command::ProposeAct { command: Box::new(active(m)?), expires: until(m.dice, m.time) }
        }
        _ => active(m)?,
    };
    Some(Command::ProposeAct { command: Box::new(command), expires: until(m.dice, m.time) })
}
