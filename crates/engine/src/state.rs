//! The whole state: the rooms, the rulebooks they run under, and where the log stands.

use crate::four_eyes::Acts;
use crate::rulebook::{Rulebook, TwoPersons};
use base::{AccountId, AssetId, Date, MarketId, Role, Sequence, Timestamp};
use clearing::ClearingHouse;
use registry::{RegisterParticipant, Registry};
use roster::Roster;
use serde::{Deserialize, Serialize};
use supervision::Watch;
use trading::Venue;

/// A rulebook in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The rules, through time.
    #[serde(with = "crate::cbor")]
    pub rulebook: Rulebook,
    /// The currency of the market.
    pub currency: AssetId,
    /// Where its fees go.
    pub fee_account: AccountId,
    /// The first day of the version in force.
    pub in_force: Date,
    /// The rulebook was adopted again: what it says holds from the next day on.
    pub amended: bool,
    /// Which acts take two persons, by the version in force.
    pub two_persons: Option<TwoPersons>,
}

/// The state: a pure function of the records applied to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub(crate) venue: Venue,
    pub(crate) clearing: ClearingHouse,
    pub(crate) registry: Registry,
    pub(crate) watch: Watch,
    pub(crate) roster: Roster,
    pub(crate) acts: Acts,
    pub(crate) markets: Vec<Adopted>,
    pub(crate) sequence: Sequence,
    pub(crate) time: Timestamp,
    /// Nothing is due by the calendar before this.
    pub(crate) due_at: Timestamp,
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// The state before the first record: the node's operator is known, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let (code, name) = ("operator".to_owned(), "Operator of this node".to_owned());
        let operator = RegisterParticipant { code, name, roles: vec![Role::Operator] };
        let registered = registry.register_participant(&operator, &mut |_| ());
        debug_assert_eq!(registered, Ok(crate::OPERATOR));
        Self {
            venue: Venue::default(),
            clearing: ClearingHouse::default(),
            registry,
            watch: Watch::default(),
            roster: Roster::default(),
            acts: Acts::default(),
            markets: Vec::new(),
            sequence: Sequence(0),
            time: Timestamp(i64::MIN),
            due_at: Timestamp::MAX,
        }
    }

    /// The trading room.
    #[must_use]
    pub fn venue(&self) -> &Venue {
        &self.venue
    }

    /// The clearing room.
    #[must_use]
    pub fn clearing(&self) -> &ClearingHouse {
        &self.clearing
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Supervision.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The users and their keys.
    #[must_use]
    #[inline]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The markets and their rulebooks, by id.
    #[must_use]
    pub fn markets(&self) -> &[Adopted] {
        &self.markets
    }

    /// The market with this code.
    #[must_use]
    pub fn market_id(&self, code: &str) -> Option<MarketId> {
        self.markets.iter().position(|market| market.rulebook.code == code).map(MarketId::at)
    }

    /// The last record applied; 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// When something is next due by the calendar; [`Timestamp::MAX`] where nothing is.
    #[must_use]
    pub fn next_due(&self) -> Timestamp {
        self.due_at
    }

    /// The time of the last record applied.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The digest of the whole state: BLAKE3 over its canonical encoding. It is the same for everyone who applied the same
    /// records with the same version of this software; across versions the digest of the log is what stays.
    ///
    /// # Errors
    /// The encoding failed, which no state that `apply` made does.
    pub fn digest(&self) -> Result<[u8; 32], postcard::Error> {
        Ok(*blake3::hash(&postcard::to_stdvec(self)?).as_bytes())
    }
}
