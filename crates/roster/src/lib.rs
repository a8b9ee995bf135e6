//! The roster: the users of each participant, what they are there to do, and the keys by which programs send in their name. Of
//! passwords and secrets it keeps hashes alone.
//!
//! Architecture Invariant: this room knows users and keys, and no other room: what a duty permits, and where a second person is
//! needed, the engine says. A user or a key is never removed, so that the log can always be read.

mod duty;
mod messages;

pub use duty::{Duties, Duty};
pub use messages::*;

use base::{AccountId, ParticipantId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A user of a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Whose user it is.
    pub participant: ParticipantId,
    /// What it is there to do.
    pub duties: Duties,
    /// It may do something.
    pub active: bool,
    /// It chooses a password of its own before it does anything else.
    pub must_change: bool,
    /// The name it signs in with.
    pub name: String,
    /// The argon2 hash of its password, as PHC text; empty: it cannot sign in.
    pub password: String,
    /// The BLAKE3 hash of the secret of its one-time codes, where it is asked for one.
    pub totp: Option<[u8; 32]>,
    /// That secret, sealed under the node's key; empty where it follows from the key, as it did before secrets were random.
    pub sealed: Vec<u8>,
    /// The link by which it may choose a password.
    pub link: Option<Link>,
}

/// A key, by which a program sends as a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its public name.
    pub id: String,
    /// As whom it sends.
    pub user: UserId,
    /// The BLAKE3 hash of its secret's text.
    pub secret_hash: [u8; 32],
    /// The one account it may touch; `None`: all of its user's participant.
    pub account: Option<AccountId>,
    /// What it may do: duties of its user.
    pub duties: Duties,
    /// It was not revoked.
    pub active: bool,
}

/// Most users that a node counts, and most keys.
const USERS_MAX: usize = u16::MAX as usize;
const KEYS_MAX: usize = 1 << 20;

/// Longest time that a link is good: 31 days.
const LINK_NS_MAX: i64 = 31 * 86_400 * 1_000_000_000;
/// Longest sealed secret, bytes.
const SEALED_MAX: usize = 128;

/// The state of the roster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    in_force: bool,
    users: Vec<User>,
    names: BTreeMap<String, UserId>,
    keys: Vec<Key>,
    key_ids: BTreeMap<String, usize>,
}

type Done = Result<(), RosterRejection>;

impl Roster {
    /// Whether every command names the user who sends it.
    #[must_use]
    #[inline]
    pub fn in_force(&self) -> bool {
        self.in_force
    }

    /// All users: the first has the number 1.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The user with a number.
    #[must_use]
    #[inline]
    pub fn user(&self, user: UserId) -> Option<&User> {
        self.users.get(user.index().checked_sub(1)?)
    }

    /// The user who signs in with a name.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<UserId> {
        self.names.get(name).copied()
    }

    /// All keys, the revoked ones too.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key with a public name, revoked or not.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(*self.key_ids.get(id)?)
    }

    fn known(&mut self, user: UserId) -> Result<&mut User, RosterRejection> {
        let place = user.index().checked_sub(1);
        place.and_then(|place| self.users.get_mut(place)).ok_or(RosterRejection::UserUnknown)
    }

    /// Makes a user known. `participant_known`: whether its participant is.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn create_user(
        &mut self,
        command: &CreateUser,
        participant_known: bool,
        out: &mut impl FnMut(Event),
    ) -> Done {
        self.check_new(participant_known, &command.name, command.duties)?;
        check_password(&command.password)?;
        let user =
            User { must_change: command.must_change, ..User::new(command.participant, command.duties) };
        self.add(User { name: command.name.clone(), password: command.password.clone(), ..user }, out)
    }

    /// Makes a user known who chooses its password by a link. `participant_known`: whether its participant is.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn invite_user(
        &mut self,
        command: &InviteUser,
        participant_known: bool,
        now: Timestamp,
        out: &mut impl FnMut(Event),
    ) -> Done {
        let &InviteUser { participant, duties, link, .. } = command;
        self.check_new(participant_known, &command.name, duties)?;
        check_link(link, now)?;
        let name = command.name.clone();
        self.add(User { name, link: Some(link), ..User::new(participant, duties) }, out)?;
        out(Event::LinkOffered { user: UserId::at(self.users.len()), expires: link.expires });
        Ok(())
    }

    fn check_new(&self, participant_known: bool, name: &str, duties: Duties) -> Done {
        if !participant_known {
            return Err(RosterRejection::ParticipantUnknown);
        }
        if !is_name(name) {
            return Err(RosterRejection::NameMalformed);
        }
        if self.names.contains_key(name) {
            return Err(RosterRejection::NameTaken);
        }
        check_duties(duties)
    }

    fn add(&mut self, user: User, out: &mut impl FnMut(Event)) -> Done {
        if self.users.len() >= USERS_MAX {
            return Err(RosterRejection::TooMany);
        }
        let name = user.name.clone();
        self.users.push(user);
        let user = UserId::at(self.users.len());
        self.names.insert(name, user);
        out(Event::UserCreated { user });
        Ok(())
    }

    /// Gives a user a link by which it chooses another password.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn offer_link(&mut self, command: &OfferLink, now: Timestamp, out: &mut impl FnMut(Event)) -> Done {
        let &OfferLink { user, link } = command;
        let known = self.known(user)?;
        check_link(link, now)?;
        known.link = Some(link);
        out(Event::LinkOffered { user, expires: link.expires });
        Ok(())
    }

    /// A user has chosen a password by its link.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn enrol(&mut self, command: &Enrol, now: Timestamp, out: &mut impl FnMut(Event)) -> Done {
        let user = command.user;
        let known = self.known(user)?;
        let link = known.link.filter(|link| link.token_hash == command.token_hash);
        let link = link.ok_or(RosterRejection::LinkUnknown)?;
        if now >= link.expires {
            return Err(RosterRejection::LinkExpired);
        }
        check_password(&command.password)?;
        if command.password.is_empty() {
            return Err(RosterRejection::PasswordMalformed);
        }
        known.password.clone_from(&command.password);
        (known.must_change, known.link) = (false, None);
        if link.codes_off && known.totp.take().is_some() {
            known.sealed.clear();
            out(Event::TotpSet { user, on: false });
        }
        out(Event::Enrolled { user });
        Ok(())
    }

    /// A user who is locked out may try again: the node that locked it out is told by the event.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn unlock_user(&mut self, command: &UnlockUser, out: &mut impl FnMut(Event)) -> Done {
        self.known(command.user)?;
        out(Event::UserUnlocked { user: command.user });
        Ok(())
    }

    /// Says what a user is there to do. Its keys keep of their duties what it keeps.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn set_user_duties(&mut self, command: &SetUserDuties, out: &mut impl FnMut(Event)) -> Done {
        let &SetUserDuties { user, duties } = command;
        let known = self.known(user)?;
        check_duties(duties)?;
        if known.duties == duties {
            return Err(RosterRejection::NothingToChange);
        }
        known.duties = duties;
        for key in self.keys.iter_mut().filter(|key| key.user == user) {
            key.duties = key.duties.and(duties);
        }
        out(Event::UserDutiesSet { user, duties });
        Ok(())
    }

    /// Stops a user, or lets it again.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn set_user_active(&mut self, command: &SetUserActive, out: &mut impl FnMut(Event)) -> Done {
        let &SetUserActive { user, active, .. } = command;
        let known = self.known(user)?;
        if known.active == active {
            return Err(RosterRejection::NothingToChange);
        }
        known.active = active;
        out(Event::UserActiveSet { user, active });
        Ok(())
    }

    /// Gives a user another password.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn set_password(&mut self, command: &SetPassword, out: &mut impl FnMut(Event)) -> Done {
        let user = command.user;
        let known = self.known(user)?;
        check_password(&command.password)?;
        known.password.clone_from(&command.password);
        known.must_change = command.must_change;
        // Whoever chooses a password has no use for a link, and may not have asked for it.
        known.link = None;
        out(Event::PasswordSet { user });
        Ok(())
    }

    /// Asks a user for one-time codes, or no longer.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn set_totp(&mut self, command: &SetTotp, out: &mut impl FnMut(Event)) -> Done {
        let &SetTotp { user, secret_hash } = command;
        let known = self.known(user)?;
        if known.totp == secret_hash {
            return Err(RosterRejection::NothingToChange);
        }
        known.totp = secret_hash;
        known.sealed.clear();
        out(Event::TotpSet { user, on: secret_hash.is_some() });
        Ok(())
    }

    /// Asks a user for one-time codes by a secret that is sealed.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn enrol_totp(&mut self, command: &EnrolTotp, out: &mut impl FnMut(Event)) -> Done {
        let &EnrolTotp { user, secret_hash, .. } = command;
        let known = self.known(user)?;
        if !(1..=SEALED_MAX).contains(&command.sealed.len()) {
            return Err(RosterRejection::SecretMalformed);
        }
        if known.totp == Some(secret_hash) {
            return Err(RosterRejection::NothingToChange);
        }
        known.totp = Some(secret_hash);
        known.sealed.clone_from(&command.sealed);
        out(Event::TotpSet { user, on: true });
        Ok(())
    }

    /// Makes a key. `owner`: whose the account that it names is.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn create_key(
        &mut self,
        command: &CreateKey,
        owner: Option<ParticipantId>,
        out: &mut impl FnMut(Event),
    ) -> Done {
        let &CreateKey { user, secret_hash, account, duties, .. } = command;
        let known = self.known(user)?;
        let (participant, own) = (known.participant, known.duties);
        if !is_key(&command.id) {
            return Err(RosterRejection::KeyMalformed);
        }
        if self.key_ids.contains_key(&command.id) {
            return Err(RosterRejection::KeyTaken);
        }
        if account.is_some() && owner != Some(participant) {
            return Err(RosterRejection::NotTheirAccount);
        }
        check_duties(duties)?;
        if !duties.is_within(own) {
            return Err(RosterRejection::NotTheirDuties);
        }
        if self.keys.len() >= KEYS_MAX {
            return Err(RosterRejection::TooMany);
        }
        let id = command.id.clone();
        self.key_ids.insert(id.clone(), self.keys.len());
        self.keys.push(Key { id: id.clone(), user, secret_hash, account, duties, active: true });
        out(Event::KeyCreated { user, id });
        Ok(())
    }

    /// Ends a key.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn revoke_key(&mut self, command: &RevokeKey, out: &mut impl FnMut(Event)) -> Done {
        let place = self.key_ids.get(&command.id).copied();
        let key = place.and_then(|place| self.keys.get_mut(place)).filter(|key| key.active);
        let key = key.ok_or(RosterRejection::KeyUnknown)?;
        key.active = false;
        out(Event::KeyRevoked { user: key.user, id: key.id.clone() });
        Ok(())
    }

    /// From now on every command names its user. `operated`: whether an operator has a user who can go on from here.
    ///
    /// # Errors
    /// See [`RosterRejection`].
    pub fn put_in_force(&mut self, operated: bool, out: &mut impl FnMut(Event)) -> Done {
        if self.in_force {
            return Err(RosterRejection::AlreadyInForce);
        }
        if !operated {
            return Err(RosterRejection::NoOperator);
        }
        self.in_force = true;
        out(Event::RosterPutInForce {});
        Ok(())
    }
}

impl User {
    /// One who cannot sign in yet.
    fn new(participant: ParticipantId, duties: Duties) -> Self {
        Self {
            participant,
            duties,
            active: true,
            must_change: false,
            name: String::new(),
            password: String::new(),
            totp: None,
            sealed: Vec::new(),
            link: None,
        }
    }

    /// Whether the user has a password, so that it can sign in.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        !self.password.is_empty()
    }
}

/// Whether a text can be a name to sign in with: 1 to 32 small letters, digits, `.`, `_` and `-`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    (1..=32).contains(&text.len()) && text.bytes().all(fits)
}

/// Whether a text can be the public name of a key: 8 to 32 letters and digits.
#[must_use]
pub fn is_key(text: &str) -> bool {
    (8..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn check_duties(duties: Duties) -> Done {
    if duties.is_empty() { Err(RosterRejection::NoDuty) } else { Ok(()) }
}

fn check_link(link: Link, now: Timestamp) -> Done {
    let lasts = link.expires.0.checked_sub(now.0);
    if lasts.is_some_and(|lasts| (1..=LINK_NS_MAX).contains(&lasts)) {
        Ok(())
    } else {
        Err(RosterRejection::ExpiryUnfit)
    }
}

/// The hash itself is made and compared at the edge; here it only has to look like one, so that no password stands in the log.
fn check_password(password: &str) -> Done {
    let hash = password.starts_with("$argon2") && password.bytes().all(|b| b.is_ascii_graphic());
    let fits = password.is_empty() || (password.len() <= 256 && hash);
    if fits { Ok(()) } else { Err(RosterRejection::PasswordMalformed) }
}
