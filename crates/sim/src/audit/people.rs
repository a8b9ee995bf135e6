//! Users and their keys.

use super::acts::Act;
use super::cases::Case;
use super::finding::{Finding, Found, Kind, check};
use super::shadow::Shadow;
use super::verdict::{Verdict, first};
use base::{AccountId, Role, UserId};
use engine::{Command, Event as Happened, State};
use roster::{
    CreateKey, CreateUser, Duties, Duty, Enrol, Event, InviteUser, Link, OfferLink, RevokeKey, SetPassword,
    SetTotp, SetUserActive,
};
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
    /// The secret of it, sealed.
    pub sealed: Vec<u8>,
    /// It may choose a password by this.
    pub link: Option<Link>,
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
            Command::InviteUser(c) => self.judge_invite(c),
            &Command::OfferLink(OfferLink { user, link }) => {
                known(user)?;
                first(&[(!self.is_good(&link), "roster/expiry_unfit")])?;
                told(Event::LinkOffered { user, expires: link.expires })
            }
            Command::Enrol(c) => self.judge_enrol(c),
            Command::EnrolTotp(c) => {
                let person = known(c.user)?;
                first(&[
                    (c.sealed.is_empty() || c.sealed.len() > 128, "roster/secret_malformed"),
                    (person.totp == Some(c.secret_hash), "roster/nothing_to_change"),
                ])?;
                told(Event::TotpSet { user: c.user, on: true })
            }
            Command::UnlockUser(c) => {
                known(c.user)?;
                told(Event::UserUnlocked { user: c.user })
            }
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

    /// A link is good for 31 days at most, and longer than for nothing.
    fn is_good(&self, link: &Link) -> bool {
        let lasts = i128::from(link.expires.0) - i128::from(self.time);
        (1..=31 * 86_400 * 1_000_000_000).contains(&lasts)
    }

    fn judge_invite(&self, c: &InviteUser) -> Judged {
        let users = &self.people.users;
        first(&[
            (c.participant.index() >= self.participants.len(), "roster/participant_unknown"),
            (!is_name(&c.name), "roster/name_malformed"),
            (users.iter().any(|person| person.name == c.name), "roster/name_taken"),
            (set(c.duties).is_empty(), "roster/no_duty"),
            (!self.is_good(&c.link), "roster/expiry_unfit"),
        ])?;
        let (user, expires) = (UserId::at(users.len() + 1), c.link.expires);
        let all = [Event::UserCreated { user }, Event::LinkOffered { user, expires }];
        Ok(Verdict::Exactly(all.map(Happened::Roster).into()))
    }

    fn judge_enrol(&self, c: &Enrol) -> Judged {
        let person = self.people.person(c.user).ok_or("roster/user_unknown")?;
        let link = person.link.filter(|link| link.token_hash == c.token_hash).ok_or("roster/link_unknown")?;
        first(&[
            (link.expires.0 <= self.time, "roster/link_expired"),
            (!is_hash(&c.password) || c.password.is_empty(), "roster/password_malformed"),
        ])?;
        let off = link.codes_off && person.totp.is_some();
        let off = off.then_some(Event::TotpSet { user: c.user, on: false });
        let all = off.into_iter().chain([Event::Enrolled { user: c.user }]);
        Ok(Verdict::Exactly(all.map(Happened::Roster).collect()))
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
                sealed: Vec::new(),
                link: None,
            }),
            (Event::UserCreated { .. }, Command::InviteUser(c)) => people.users.push(Person {
                firm: c.participant.0,
                duties: set(c.duties),
                active: true,
                name: c.name.clone(),
                password: String::new(),
                must_change: false,
                totp: None,
                sealed: Vec::new(),
                link: None,
            }),
            (Event::LinkOffered { user, .. }, Command::InviteUser(InviteUser { link, .. }))
            | (Event::LinkOffered { user, .. }, Command::OfferLink(OfferLink { link, .. })) => {
                people.user(*user)?.link = Some(*link);
            }
            (Event::TotpSet { user, on: false }, Command::Enrol(_)) => {
                let person = people.user(*user)?;
                (person.totp, person.sealed) = (None, Vec::new());
            }
            (Event::Enrolled { user }, Command::Enrol(c)) => {
                let person = people.user(*user)?;
                (person.password, person.must_change, person.link) = (c.password.clone(), false, None);
            }
            (Event::TotpSet { user, .. }, Command::EnrolTotp(c)) => {
                let person = people.user(*user)?;
                (person.totp, person.sealed) = (Some(c.secret_hash), c.sealed.clone());
            }
            (Event::UserUnlocked { .. }, Command::UnlockUser(_)) => {}
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
                person.link = None;
            }
            (Event::TotpSet { user, .. }, Command::SetTotp(c)) => {
                let person = people.user(*user)?;
                (person.totp, person.sealed) = (c.secret_hash, Vec::new());
            }
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
                && (&person.sealed, person.link) == (&user.sealed, user.link)
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
