//! Everything that can happen.

use crate::Rejection;
use base::{ActId, Date, MarketId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// Something that happened because of a record. Events are never changed, only added at the end: the digest of the log
/// covers their encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The command was refused, and nothing else happened because of it.
    Refused(Rejection),
    /// In the trading room.
    Trading(trading::Event),
    /// In the clearing room.
    Clearing(clearing::Event),
    /// In the registry.
    Registry(registry::Event),
    /// In supervision.
    Supervision(supervision::Event),
    /// A rulebook was adopted.
    RulebookAdopted {
        /// The market it opened or amended.
        market: MarketId,
    },
    /// A version of a rulebook came into force.
    RulesInForce {
        /// Where.
        market: MarketId,
        /// The first day of the version.
        from: Date,
    },
    /// In the roster.
    Roster(roster::Event),
    /// Something waits for a second person.
    ActProposed {
        /// Dense, from 1.
        act: ActId,
        /// When it is over.
        expires: Timestamp,
    },
    /// A second person approved: what comes of it follows.
    ActApproved {
        /// Which.
        act: ActId,
        /// By whom.
        by: UserId,
    },
    /// An act was taken back or rejected.
    ActWithdrawn {
        /// Which.
        act: ActId,
        /// By whom.
        by: UserId,
    },
    /// Nobody approved in time.
    ActExpired {
        /// Which.
        act: ActId,
    },
}

/// The events of one record, in order. The buffer is reused.
#[derive(Debug, Default)]
pub struct Events {
    list: Vec<Event>,
    /// What supervision asks for, to be carried out when the command is done.
    pub(crate) directives: Vec<base::Directive>,
    /// Something may be among the events that supervision reads. What an order book makes it has seen already.
    pub(crate) to_observe: bool,
}

impl Events {
    /// Nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.directives.clear();
        self.to_observe = false;
    }

    #[inline]
    pub(crate) fn push(&mut self, event: Event) {
        self.list.push(event);
    }

    /// Takes back what was pushed since there were `before` events.
    pub(crate) fn shorten(&mut self, before: usize) {
        self.list.truncate(before);
    }

    pub(crate) fn trading(&mut self) -> impl FnMut(trading::Event) {
        self.to_observe = true;
        |event| self.list.push(Event::Trading(event))
    }

    pub(crate) fn clearing(&mut self) -> impl FnMut(clearing::Event) {
        |event| self.list.push(Event::Clearing(event))
    }

    pub(crate) fn registry(&mut self) -> impl FnMut(registry::Event) {
        self.to_observe = true;
        self.settlement()
    }

    /// For the settlement of a fill, which supervision sees as a fill.
    pub(crate) fn settlement(&mut self) -> impl FnMut(registry::Event) {
        |event| self.list.push(Event::Registry(event))
    }

    pub(crate) fn roster(&mut self) -> impl FnMut(roster::Event) {
        |event| self.list.push(Event::Roster(event))
    }

    pub(crate) fn supervision(&mut self) -> impl FnMut(supervision::Event) {
        |event| self.list.push(Event::Supervision(event))
    }

    /// For supervision of fills: what it says, and what it directs.
    pub(crate) fn supervised(&mut self) -> (impl FnMut(supervision::Event), &mut Vec<base::Directive>) {
        let Self { list, directives, .. } = self;
        (|event| list.push(Event::Supervision(event)), directives)
    }

    /// What happened, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        &self.list
    }

    /// Why the command was refused, where it was.
    #[must_use]
    pub fn refusal(&self) -> Option<Rejection> {
        self.list
            .iter()
            .find_map(|event| if let Event::Refused(rejection) = event { Some(*rejection) } else { None })
    }
}
