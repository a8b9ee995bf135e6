//! A second copy of everything that a node knows, for those who read: it applies the same records, and so comes to the same.
//! Readers hold it up, never the node.
//!
//! Architecture Invariant: a follower is told of a record only when it is durable. It owns no journal and decides nothing.

use crate::node::Node;
use crate::node::core::Core;
use anyhow::Result;
use base::ParticipantId;
use engine::{Event, Record, State};
use gateway::Created;
use journal::Disk;

/// See the module.
pub struct Follower {
    core: Core,
    payload: Vec<u8>,
}

impl Follower {
    /// A follower that stands where a node stands, whose commands must all have been flushed.
    ///
    /// # Errors
    /// The answers of the node could not be copied, which is a fault of it.
    pub fn of<D: Disk>(node: &Node<D>) -> Result<Self> {
        let core = node.core.twin(node.journal.log_id())?;
        Ok(Self { core, payload: Vec::new() })
    }

    /// Applies a record that the node has applied, and says what happened because of it.
    ///
    /// # Errors
    /// The record cannot be encoded, which none is that a node took.
    pub fn follow(&mut self, record: &Record) -> Result<()> {
        self.payload.clear();
        engine::encode(&record.envelope, &mut self.payload)?;
        self.core.follow(record, &self.payload)
    }

    /// What happened because of the last record.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        self.core.events()
    }

    /// The state after the last record.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.core.state
    }

    /// The digest of the log after the last record: that of the node, or the two have parted.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = self.core.digest.clone();
        digest.catch_up();
        digest.value()
    }

    /// The answer to a sender's command, where it has been applied.
    #[must_use]
    pub fn answer(&self, actor: ParticipantId, id: &str) -> Option<crate::node::Answer> {
        self.core.answers.get((actor, engine::ClientId::of(id)))
    }
}

impl gateway::ReferenceBook for Follower {
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        self.core.answers.created(by, id)
    }
}
