//! The one who asks.

use base::{AccountId, ParticipantId, Role, UserId};
use engine::{Door, State};
use roster::{Duties, Duty};

/// How a caller is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// By the token of a session.
    Session(String),
    /// By the id of a key.
    Key(String),
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// For whom the user acts.
    pub participant: ParticipantId,
    /// What the user may do here: through a key, what the key may.
    pub duties: Duties,
    /// The account that a key is for.
    pub account: Option<AccountId>,
    /// The user must choose a new password first.
    pub must_change: bool,
    /// How the user is known.
    pub via: Via,
    /// By which door the user came.
    pub door: Door,
}

/// Institutions whose supervisors and auditors look after others.
const WATCHING: [Role; 4] = [Role::Supervisor, Role::Operator, Role::Authority, Role::Registrar];
/// Institutions whose users keep accounts of others.
const KEEPING: [Role; 5] =
    [Role::Operator, Role::Registrar, Role::Authority, Role::SettlementBank, Role::Supervisor];

impl Caller {
    /// The caller that is known as a user, if the user may act; by the door of `/v1`, where no other is said.
    #[must_use]
    pub fn of(state: &State, user: UserId, via: Via) -> Option<Self> {
        let found = state.roster().user(user).filter(|user| user.active)?;
        let (mut duties, mut account, mut must_change) = (found.duties, None, found.must_change);
        if let Via::Key(id) = &via {
            let key = state.roster().key(id).filter(|key| key.active && key.user == user)?;
            (duties, account, must_change) = (duties.and(key.duties), key.account, false);
        }
        let (participant, door) = (found.participant, Door::Http);
        Some(Self { user, participant, duties, account, must_change, via, door })
    }

    /// The same caller, at another door.
    #[must_use]
    pub fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// Whether one of the caller's duties is among these.
    #[must_use]
    pub fn has(&self, duties: &[Duty]) -> bool {
        duties.iter().any(|duty| self.duties.has(*duty))
    }

    /// Whether the caller is of such an institution. A key that is for one account is for no office.
    fn is_at(&self, state: &State, roles: &[Role]) -> bool {
        self.account.is_none() && roles.iter().any(|role| state.registry().has_role(self.participant, *role))
    }

    /// Whether the caller sees everything of everyone: a supervisor or an auditor of an institution that watches.
    #[must_use]
    pub fn sees_all(&self, state: &State) -> bool {
        self.has(&[Duty::Supervisor, Duty::Auditor]) && self.is_at(state, &WATCHING)
    }

    /// Whether the caller sees who takes part and the accounts there are: an institution's staff.
    #[must_use]
    pub fn keeps_accounts(&self, state: &State) -> bool {
        self.sees_all(state)
            || (self.has(&[Duty::Operator, Duty::Custodian, Duty::Clearing]) && self.is_at(state, &KEEPING))
    }

    /// Whether the caller runs the node.
    #[must_use]
    pub fn operates(&self, state: &State) -> bool {
        self.has(&[Duty::Operator]) && self.is_at(state, &[Role::Operator])
    }

    /// Whether the caller sees the users of all participants: those who run or watch the node.
    #[must_use]
    pub fn sees_everyone(&self, state: &State) -> bool {
        self.operates(state) || self.sees_all(state)
    }

    /// Whether an account is the caller's to see.
    #[must_use]
    pub fn sees_account(&self, state: &State, account: AccountId) -> bool {
        self.owns(state, account) || self.sees_all(state)
    }

    /// Whether an account is the caller's own; through a key that is for one account, that one.
    #[must_use]
    pub fn owns(&self, state: &State, account: AccountId) -> bool {
        let owner = state.registry().account(account).map(|account| account.participant);
        owner == Some(self.participant) && self.account.is_none_or(|only| only == account)
    }
}
