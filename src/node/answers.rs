//! What was answered to whom: a repeat of a command is known by its sender and id, and gets the first answer.

use base::{ParticipantId, Sequence};
use engine::{ClientId, Events, Record, Rejection};
use gateway::Created;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

type Key = (ParticipantId, ClientId);

/// The first answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The record that holds the command.
    pub sequence: Sequence,
    /// A digest of the command: another command under the same id is not a repeat.
    pub body: [u8; 16],
    /// Why it was refused, where it was.
    pub refusal: Option<Rejection>,
    /// What it created.
    pub created: Option<Created>,
}

/// Sixteen bytes of BLAKE3 of a payload.
pub(crate) fn body_digest(payload: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(payload).as_bytes()[..16]);
    digest
}

/// All answers of a log.
#[derive(Clone, Debug)]
pub struct Answers {
    by_key: HashMap<Key, Answer>,
    /// Who used an id first, and whether others did too.
    by_id: HashMap<ClientId, (ParticipantId, bool)>,
    /// Answers beyond this record are not known yet.
    applied: Sequence,
}

impl Default for Answers {
    fn default() -> Self {
        Self { by_key: HashMap::new(), by_id: HashMap::new(), applied: Sequence(0) }
    }
}

impl Answers {
    /// The answer to a sender's command.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Answer> {
        self.by_key.get(&key).copied()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether nothing was ever answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub(crate) fn insert(&mut self, key: Key, answer: Answer) {
        self.by_key.insert(key, answer);
        let first = self.by_id.entry(key.1).or_insert((key.0, false));
        first.1 |= first.0 != key.0;
    }

    /// Completes the answer to a record that has been applied.
    pub(crate) fn settle(&mut self, record: &Record, events: &Events) {
        self.applied = record.sequence;
        if let Some(answer) = self.by_key.get_mut(&(record.envelope.actor, record.envelope.client_id)) {
            answer.refusal = events.refusal();
            answer.created = Created::by(events.as_slice()).filter(|_| answer.refusal.is_none());
        }
    }

    /// What the command with an id created; see [`gateway::ReferenceBook`].
    pub(crate) fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        let client_id = ClientId::of(id);
        let by = match (by, self.by_id.get(&client_id)) {
            (Some(by), _) => by,
            (None, Some((by, false))) => *by,
            (None, Some((_, true))) => {
                return Err(format!("several senders used the id {id:?}: write SENDER/{id}"));
            }
            (None, None) => return Err(format!("no earlier command has the id {id:?}")),
        };
        match self.by_key.get(&(by, client_id)) {
            Some(answer) if answer.sequence > self.applied => {
                Err(format!("the command {id:?} is not applied yet"))
            }
            Some(answer) => Ok(answer.created),
            None => Err(format!("no earlier command has the id {id:?}")),
        }
    }

    pub(crate) fn to_list(&self) -> Vec<(Key, Answer)> {
        let mut list: Vec<_> = self.by_key.iter().map(|(key, answer)| (*key, *answer)).collect();
        list.sort_unstable_by_key(|(_, answer)| answer.sequence);
        list
    }

    pub(crate) fn from_list(list: Vec<(Key, Answer)>) -> Self {
        let mut answers = Self::default();
        for (key, answer) in list {
            answers.applied = answers.applied.max(answer.sequence);
            answers.insert(key, answer);
        }
        answers
    }
}
