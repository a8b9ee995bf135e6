//! The doors of the roster: commands, events and rejections.

use crate::Duties;
use base::{AccountId, ParticipantId, Timestamp, UserId, rejections};
use serde::{Deserialize, Serialize};

/// Makes a user of a participant known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Whose user it is.
    pub participant: ParticipantId,
    /// The name it signs in with, unique on the node.
    pub name: String,
    /// What it is there to do.
    pub duties: Duties,
    /// The argon2 hash of its password, as PHC text; empty: it cannot sign in yet.
    pub password: String,
    /// It chooses a password of its own before it does anything else.
    pub must_change: bool,
}

/// Says what a user is there to do from now on. Its keys keep of their duties what it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUserDuties {
    /// Whose.
    pub user: UserId,
    /// All of them.
    pub duties: Duties,
}

/// Stops a user from doing anything, or lets it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetUserActive {
    /// Whom.
    pub user: UserId,
    /// Whether it may do anything.
    pub active: bool,
    /// Why.
    pub reason: String,
}

/// Gives a user another password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// Whose.
    pub user: UserId,
    /// The argon2 hash as PHC text; empty: it cannot sign in.
    pub password: String,
    /// It chooses another before it does anything else.
    pub must_change: bool,
}

/// Asks a user for a code from its device when it signs in, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTotp {
    /// Whose.
    pub user: UserId,
    /// The BLAKE3 hash of the secret that makes the codes; `None`: no code is asked for.
    pub secret_hash: Option<[u8; 32]>,
}

/// Makes a key, by which a program sends as its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// As whom it sends.
    pub user: UserId,
    /// Its public name: 8 to 32 letters and digits, unique on the node.
    pub id: String,
    /// The BLAKE3 hash of its secret's text.
    pub secret_hash: [u8; 32],
    /// The one account it may touch; `None`: all of its user's participant.
    pub account: Option<AccountId>,
    /// What it may do: duties of its user.
    pub duties: Duties,
}

/// Ends a key for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeKey {
    /// Its public name.
    pub id: String,
}

/// A link by which a user chooses a password of its own, once. Whoever has its token is not told to the log, which has the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The BLAKE3 hash of its token.
    pub token_hash: [u8; 32],
    /// It is good before this instant.
    pub expires: Timestamp,
    /// A code that the second person was given is asked for beside the token.
    pub coded: bool,
    /// One-time codes are off once it was used: the user turns them on anew.
    pub codes_off: bool,
}

/// Makes a user known, who chooses a password of its own by a link: nobody else ever knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteUser {
    /// Whose user it is.
    pub participant: ParticipantId,
    /// The name it signs in with, unique on the node.
    pub name: String,
    /// What it is there to do.
    pub duties: Duties,
    /// Its link.
    pub link: Link,
}

/// Gives a user a link by which it chooses another password. Until it is used, the password in use stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferLink {
    /// Whose.
    pub user: UserId,
    /// Its link, in the place of one that it may have.
    pub link: Link,
}

/// Uses a link: the user has chosen a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrol {
    /// Who.
    pub user: UserId,
    /// The hash of the link's token.
    pub token_hash: [u8; 32],
    /// The argon2 hash of the password, as PHC text.
    pub password: String,
}

/// Asks a user for a code from its device when it signs in, by a secret that is sealed under the node's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolTotp {
    /// Whose.
    pub user: UserId,
    /// The BLAKE3 hash of the secret that makes the codes.
    pub secret_hash: [u8; 32],
    /// The secret, sealed: only the node that has the key opens it. At most 128 bytes.
    pub sealed: Vec<u8>,
}

/// Lets a user try to sign in again who is locked out after too many failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlockUser {
    /// Whom.
    pub user: UserId,
    /// Why.
    pub reason: String,
}

/// A roster event. Events are only added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A user is known.
    UserCreated {
        /// Dense, from 1.
        user: UserId,
    },
    /// A user's duties are others.
    UserDutiesSet {
        /// Whose.
        user: UserId,
        /// All of them.
        duties: Duties,
    },
    /// A user was stopped, or let again.
    UserActiveSet {
        /// Whom.
        user: UserId,
        /// Whether it may do anything.
        active: bool,
    },
    /// A user has another password.
    PasswordSet {
        /// Whose.
        user: UserId,
    },
    /// A user is asked for a code, or no longer.
    TotpSet {
        /// Whose.
        user: UserId,
        /// Whether a code is asked for.
        on: bool,
    },
    /// A key is known.
    KeyCreated {
        /// As whom it sends.
        user: UserId,
        /// Its public name.
        id: String,
    },
    /// A key ended.
    KeyRevoked {
        /// As whom it sent.
        user: UserId,
        /// Its public name.
        id: String,
    },
    /// From now on every command names the user who sends it.
    RosterPutInForce {},
    /// A user has a link by which it chooses a password.
    LinkOffered {
        /// Whose.
        user: UserId,
        /// It is good before this instant.
        expires: Timestamp,
    },
    /// A user has chosen a password by its link, which is gone.
    Enrolled {
        /// Who.
        user: UserId,
    },
    /// A user who was locked out may try again.
    UserUnlocked {
        /// Whom.
        user: UserId,
    },
}

rejections! {
    /// Why users and keys stay as they are.
    pub enum RosterRejection {
        /// The participant does not exist.
        ParticipantUnknown = "participant_unknown",
        /// The user does not exist.
        UserUnknown = "user_unknown",
        /// A name to sign in with has 1 to 32 small letters, digits, '-', '_' and '.'.
        NameMalformed = "name_malformed",
        /// Another user signs in with this name.
        NameTaken = "name_taken",
        /// A user or key has at least one duty: without any, it is deactivated or revoked.
        NoDuty = "no_duty",
        /// A password is kept as the PHC text of its argon2 hash, at most 256 bytes, or empty.
        PasswordMalformed = "password_malformed",
        /// More users or keys than a node counts.
        TooMany = "too_many",
        /// The user is so already.
        NothingToChange = "nothing_to_change",
        /// A key's name has 8 to 32 letters and digits.
        KeyMalformed = "key_malformed",
        /// Another key has this name; names are never used again.
        KeyTaken = "key_taken",
        /// The account does not exist or is not the participant's.
        NotTheirAccount = "not_their_account",
        /// A key has duties of its user only.
        NotTheirDuties = "not_their_duties",
        /// There is no such key, or it was revoked.
        KeyUnknown = "key_unknown",
        /// The roster is in force already.
        AlreadyInForce = "already_in_force",
        /// A link is good until an instant after now, and for at most 31 days.
        ExpiryUnfit = "expiry_unfit",
        /// The user has no such link: it was used, or another took its place.
        LinkUnknown = "link_unknown",
        /// The link's time is over.
        LinkExpired = "link_expired",
        /// A sealed secret has 1 to 128 bytes.
        SecretMalformed = "secret_malformed",
        /// An operator needs an active user with the duty of operator before the roster is put in force.
        NoOperator = "no_operator",
    }
}
