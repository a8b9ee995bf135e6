//! Users and their keys.

use super::acts::Act;
use super::cases::Case;
use super::finding::{Finding, Found, Kind, check};
use super::shadow::Shadow;
use super::verdict::{Verdict, first};
use base::{AccountId, Role, UserId};
use engine::{Command, Event as Happened, State};
use roster::{CreateKey, CreateUser, Duties, Duty, Event, RevokeKey, SetPassword, SetTotp, SetUserActive};
use std::collections::{BTreeMap, BTreeSet};

type Judged = Result<Verdict, &'static str>;

/// A user.
#[derive(Clone, Debug)]
pub struct Person {
    /// Whose.
    pub firm: u32,
    /// What it is there to do.
    pub duties: BTreeSet<Duty>,
    /// It was not stopped.
    pub active: bool,
    /// It signs in with this.
    pub name: String,
    /// Hashed.
    pub password: String,
    /// It has to choose another password.
    pub must_change: bool,
    /// Hashed.
    pub totp: Option<[u8; 32]>,
}

/// A key of a user.
#[derive(Clone, Debug)]
pub struct Key {
    /// Whose.
    pub user: UserId,
    /// What it may do.
    pub duties: BTreeSet<Duty>,
    /// The one account that it may touch.
    pub account: Option<AccountId>,
    /// It was not revoked.
    pub active: bool,
}

/// Who is there, what waits for a second person, and what is looked into.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Every command names its user.
    pub in_force: bool,
    /// By number, from 1.
    pub users: Vec<Person>,
    /// By public name.
    pub keys: BTreeMap<String, Key>,
    /// What waits, by number.
    pub acts: BTreeMap<u32, Act>,
    /// Acts proposed so far.
    pub proposed: u32,
    /// By number, from 1.
    pub cases: Vec<Case>,
    /// Alerts raised so far.
    pub alerts: u64,
}

impl People {
    /// The user with a number.
    #[must_use]
    pub fn person(&self, user: UserId) -> Option<&Person> {
        self.users.get(usize::from(user.0).checked_sub(1)?)
    }

    /// Active users of a participant who have the duty of an operator.
    #[must_use]
    pub fn operators(&self, firm: u32) -> usize {
        let counts = |p: &&Person| p.active && p.firm == firm && p.duties.contains(&Duty::Operator);
        self.users.iter().filter(counts).count()
    }

    fn user(&mut self, user: UserId) -> Result<&mut Person, Finding> {
        let place = usize::from(user.0).checked_sub(1);
        place
            .and_then(|place| self.users.get_mut(place))
            .ok_or_else(|| Finding::new(Kind::Event, format!("something became of user {user}")))
    }
}

fn set(duties: Duties) -> BTreeSet<Duty> {
    duties.iter().collect()
}

fn told(event: Event) -> Judged {
    Ok(Verdict::Exactly(vec![Happened::Roster(event)]))
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
    !text.is_empty() && text.len() <= 32 && text.chars().all(fits)
}

fn is_key(text: &str) -> bool {
    (8..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_hash(text: &str) -> bool {
    let printed = text.chars().all(|c| ('!'..='~').contains(&c));
    text.is_empty() || (text.starts_with("$argon2") && text.len() <= 256 && printed)
}

impl Shadow {
    pub(super) fn judge_roster(&self, command: &Command) -> Judged {
        let people = &self.people;
        let known = |user: UserId| people.person(user).ok_or("roster/user_unknown");
        match command {
            Command::CreateUser(c) => self.judge_create_user(c),
            Command::SetUserDuties(c) => {
                let person = known(c.user)?;
                first(&[
                    (set(c.duties).is_empty(), "roster/no_duty"),
                    (person.duties == set(c.duties), "roster/nothing_to_change"),
                ])?;
                told(Event::UserDutiesSet { user: c.user, duties: c.duties })
            }
            &Command::SetUserActive(SetUserActive { user, active, .. }) => {
                first(&[(known(user)?.active == active, "roster/nothing_to_change")])?;
                told(Event::UserActiveSet { user, active })
            }
            Command::SetPassword(SetPassword { user, password, .. }) => {
                known(*user)?;
                first(&[(!is_hash(password), "roster/password_malformed")])?;
                told(Event::PasswordSet { user: *user })
            }
            &Command::SetTotp(SetTotp { user, secret_hash }) => {
                first(&[(known(user)?.totp == secret_hash, "roster/nothing_to_change")])?;
                told(Event::TotpSet { user, on: secret_hash.is_some() })
            }
            Command::CreateKey(c) => self.judge_create_key(c),
            Command::RevokeKey(RevokeKey { id }) => {
                let key = people.keys.get(id).filter(|key| key.active).ok_or("roster/key_unknown")?;
                told(Event::KeyRevoked { user: key.user, id: id.clone() })
            }
            _ => {
                first(&[
                    (people.in_force, "roster/already_in_force"),
                    (people.operators(0) == 0, "roster/no_operator"),
                ])?;
                told(Event::RosterPutInForce {})
            }
        }
    }

    fn judge_create_user(&self, c: &CreateUser) -> Judged {
        let users = &self.people.users;
        first(&[
            (c.participant.index() >= self.participants.len(), "roster/participant_unknown"),
            (!is_name(&c.name), "roster/name_malformed"),
            (users.iter().any(|person| person.name == c.name), "roster/name_taken"),
            (set(c.duties).is_empty(), "roster/no_duty"),
            (!is_hash(&c.password), "roster/password_malformed"),
        ])?;
        told(Event::UserCreated { user: UserId::at(users.len() + 1) })
    }

    fn judge_create_key(&self, c: &CreateKey) -> Judged {
        let person = self.people.person(c.user).ok_or("roster/user_unknown")?;
        let theirs = c.account.is_none_or(|account| self.owner(account.0) == Some(person.firm));
        first(&[
            (!is_key(&c.id), "roster/key_malformed"),
            (self.people.keys.contains_key(&c.id), "roster/key_taken"),
            (!theirs, "roster/not_their_account"),
            (set(c.duties).is_empty(), "roster/no_duty"),
            (!set(c.duties).is_subset(&person.duties), "roster/not_their_duties"),
        ])?;
        told(Event::KeyCreated { user: c.user, id: c.id.clone() })
    }

    /// What came of a command of the roster. That it is what was expected has been looked at.
    pub(super) fn see_roster(&mut self, event: &Event, command: &Command) -> Found {
        let people = &mut self.people;
        match (event, command) {
            (Event::UserCreated { .. }, Command::CreateUser(c)) => people.users.push(Person {
                firm: c.participant.0,
                duties: set(c.duties),
                active: true,
                name: c.name.clone(),
                password: c.password.clone(),
                must_change: c.must_change,
                totp: None,
            }),
            (Event::UserDutiesSet { user, .. }, Command::SetUserDuties(c)) => {
                let duties = set(c.duties);
                for key in people.keys.values_mut().filter(|key| key.user == *user) {
                    key.duties.retain(|duty| duties.contains(duty));
                }
                people.user(*user)?.duties = duties;
            }
            (Event::UserActiveSet { user, .. }, Command::SetUserActive(c)) => {
                people.user(*user)?.active = c.active;
            }
            (Event::PasswordSet { user }, Command::SetPassword(c)) => {
                let person = people.user(*user)?;
                (person.password, person.must_change) = (c.password.clone(), c.must_change);
            }
            (Event::TotpSet { user, .. }, Command::SetTotp(c)) => people.user(*user)?.totp = c.secret_hash,
            (Event::KeyCreated { user, id }, Command::CreateKey(c)) => {
                let key = Key { user: *user, duties: set(c.duties), account: c.account, active: true };
                people.keys.insert(id.clone(), key);
            }
            (Event::KeyRevoked { id, .. }, Command::RevokeKey(_)) => {
                if let Some(key) = people.keys.get_mut(id) {
                    key.active = false;
                }
            }
            (Event::RosterPutInForce {}, Command::PutRosterInForce) => people.in_force = true,
            _ => return check(false, Kind::Event, || format!("{event:?} came of {command:?}")),
        }
        let elsewhere = self.participants.iter().skip(1).any(|p| p.roles.contains(&Role::Operator));
        let goes_on = !self.people.in_force || elsewhere || self.people.operators(0) > 0;
        check(goes_on, Kind::Event, || "the last operator is gone: nobody can go on from here".to_owned())
    }

    /// Compares users, keys, acts and cases with those of the node.
    pub(super) fn check_people(&self, state: &State) -> Found {
        let (people, roster) = (&self.people, state.roster());
        check(people.in_force == roster.in_force(), Kind::Event, || {
            "the roster is in force, or not".to_owned()
        })?;
        check(people.users.len() == roster.users().len(), Kind::Event, || "users are missing".to_owned())?;
        for (person, user) in people.users.iter().zip(roster.users()) {
            let same = (person.firm, person.active, person.must_change, person.totp)
                == (user.participant.0, user.active, user.must_change, user.totp)
                && (&person.name, &person.password) == (&user.name, &user.password)
                && person.duties == set(user.duties);
            check(same, Kind::Event, || format!("a user is {user:?}, and should be {person:?}"))?;
        }
        check(people.keys.len() == roster.keys().len(), Kind::Event, || "keys are missing".to_owned())?;
        for key in roster.keys() {
            let same = people.keys.get(&key.id).is_some_and(|known| {
                (known.user, known.account, known.active) == (key.user, key.account, key.active)
                    && known.duties == set(key.duties)
            });
            check(same, Kind::Event, || format!("nobody made a key of this kind: {key:?}"))?;
        }
        self.check_acts(state)?;
        self.check_cases(state)
    }
}
