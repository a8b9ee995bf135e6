//! What was answered to whom: a repeat of a command is known by its sender and id, and gets the first answer.
//!
//! There is one entry a record, in the order of the log, so its number is its place. One table finds it by sender and id; the
//! entry waits until its record is applied, and is never changed after that, so a snapshot shares it with the run loop.
//!
//! Senders choose their ids: the table is keyed with a random number, so that nobody can choose many for one slot. That number
//! is no part of any state, and no order of the table can be seen from outside.

mod index;

use base::{ParticipantId, Sequence};
use engine::{ClientId, ClientKey, Events, Rejection};
use gateway::Created;
use index::{Index, Vacancy};
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher128};
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// A sender and its name for a command.
pub(crate) type Key = (ParticipantId, ClientKey);

/// The hash of a key, under the random number of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHash(u64);

/// Keys whose places are fetched together: as many as a processor waits for at once, or a few more.
pub(crate) const TOGETHER: usize = 16;
/// Entries that a snapshot shares as one piece.
const PIECE: usize = 4_096;

/// The first answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The record that holds the command.
    pub sequence: Sequence,
    /// Why it was refused, where it was.
    pub refusal: Option<Rejection>,
    /// What it created.
    pub created: Option<Created>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Fate {
    Done,
    Refused(Rejection),
    Created(Created),
}

/// What is kept of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    client: ClientKey,
    /// Tells another command under the same id from a repeat.
    body: [u8; 16],
    fate: Fate,
    actor: ParticipantId,
}

/// Whether a command was sent before.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It was not.
    Never(Vacancy),
    /// It was, and waits to be applied.
    Waiting(Sequence),
    /// It was, and this was the answer.
    Answered(Answer),
    /// The same sender used its id for another command.
    Other(Sequence),
}

/// A digest of a command, 128 bits of SipHash under a key of the log's: it need not withstand its own sender, whom alone a
/// collision would fool.
#[derive(Clone, Debug)]
struct BodyHash(SipHasher128);

impl BodyHash {
    fn of_log(log_id: [u8; 16]) -> Self {
        let key = blake3::derive_key("huangpu 2026-11-24 bodies of commands", &log_id);
        let mut first = [0; 16];
        first.copy_from_slice(&key[..16]);
        Self(SipHasher128::new_with_key(&first))
    }

    /// The door is left out: the same command by another door is a repeat.
    fn of(&self, payload: &[u8]) -> [u8; 16] {
        let (mut hasher, (head, rest)) = (self.0, engine::body(payload));
        hasher.write(&head);
        hasher.write(rest);
        hasher.finish128().as_bytes()
    }
}

/// Finds entries by id alone. Made when someone asks, and brought up to date when someone asks again: most never do.
#[derive(Clone, Debug)]
struct ById {
    index: Index,
    /// The first entry with each id, and whether other senders used it.
    firsts: Vec<(usize, bool)>,
    indexed: usize,
}

/// All answers of a log.
#[derive(Debug)]
pub struct Answers {
    keys: RandomState,
    bodies: BodyHash,
    by_key: Index,
    by_id: Mutex<ById>,
    settled: Settled,
    waiting: VecDeque<Entry>,
}

/// Entries that will not change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    pieces: Vec<Arc<Vec<Entry>>>,
    last: Vec<Entry>,
}

impl Settled {
    pub(crate) fn len(&self) -> usize {
        self.pieces.len() * PIECE + self.last.len()
    }

    fn get(&self, place: usize) -> Option<&Entry> {
        match self.pieces.get(place / PIECE) {
            Some(piece) => piece.get(place % PIECE),
            None => self.last.get(place.checked_sub(self.pieces.len() * PIECE)?),
        }
    }

    fn push(&mut self, entry: Entry) {
        self.last.push(entry);
        if self.last.len() == PIECE {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(PIECE));
            self.pieces.push(Arc::new(full));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.pieces.iter().flat_map(|piece| piece.iter()).chain(&self.last)
    }
}

impl Entry {
    /// Bytes of an encoded entry before its fate.
    const FIXED: usize = 36;

    /// Appends the entry as a snapshot holds it.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        out.extend_from_slice(&self.client.0);
        out.extend_from_slice(&self.body);
        out.extend_from_slice(&self.actor.0.to_le_bytes());
        *out = postcard::to_extend(&self.fate, std::mem::take(out))?;
        Ok(())
    }

    /// Takes an entry off the front.
    pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<{ Self::FIXED }>()?;
        let (client, fixed) = fixed.split_first_chunk::<16>()?;
        let (body, actor) = fixed.split_first_chunk::<16>()?;
        let actor = ParticipantId(u32::from_le_bytes(actor.try_into().ok()?));
        let (fate, rest) = postcard::take_from_bytes(rest).ok()?;
        *bytes = rest;
        Some(Self { client: ClientKey(*client), body: *body, fate, actor })
    }

    fn key(&self) -> Key {
        (self.actor, self.client)
    }

    fn answer(&self, place: usize) -> Answer {
        let (refusal, created) = match self.fate {
            Fate::Done => (None, None),
            Fate::Refused(refusal) => (Some(refusal), None),
            Fate::Created(created) => (None, Some(created)),
        };
        Answer { sequence: sequence(place), refusal, created }
    }
}

fn sequence(place: usize) -> Sequence {
    Sequence(place as u64 + 1)
}

impl Answers {
    /// No answers, of the log with this id.
    pub(crate) fn new(log_id: [u8; 16]) -> Self {
        let by_id = ById { index: Index::new(), firsts: Vec::new(), indexed: 0 };
        Self {
            keys: RandomState::new(),
            bodies: BodyHash::of_log(log_id),
            by_key: Index::new(),
            by_id: Mutex::new(by_id),
            settled: Settled::default(),
            waiting: VecDeque::new(),
        }
    }

    /// The answers that a snapshot kept.
    pub(crate) fn restore(
        log_id: [u8; 16],
        mut entries: impl Iterator<Item = Option<Entry>>,
    ) -> Option<Self> {
        let mut answers = Self::new(log_id);
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            together.clear();
            for entry in entries.by_ref().take(TOGETHER) {
                let entry = entry?;
                together.push((entry, answers.hash(entry.key())));
            }
            if together.is_empty() {
                return Some(answers);
            }
            together.iter().for_each(|(_, hash)| answers.fetch(*hash));
            for (entry, hash) in &together {
                let place = answers.settled.len();
                if let Err(vacancy) = answers.find_hashed(entry.key(), *hash) {
                    answers.by_key.insert(vacancy, place);
                }
                answers.settled.push(*entry);
            }
        }
    }

    /// The answer to a sender's command; none while it waits to be applied.
    #[must_use]
    pub fn get(&self, (actor, id): (ParticipantId, ClientId)) -> Option<Answer> {
        let place = self.find((actor, id.key())).ok()?;
        Some(self.settled.get(place)?.answer(place))
    }

    /// The answer to the command in a record, where it has been applied.
    pub(crate) fn at(&self, record: Sequence) -> Option<Answer> {
        let place = usize::try_from(record.0.checked_sub(1)?).ok()?;
        Some(self.settled.get(place)?.answer(place))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.settled.len()
    }

    /// Whether nothing was ever answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What cannot change any more, to be kept in a snapshot: it is shared, not copied.
    pub(crate) fn settled(&self) -> &Settled {
        &self.settled
    }

    fn entry(&self, place: usize) -> Option<&Entry> {
        match place.checked_sub(self.settled.len()) {
            None => self.settled.get(place),
            Some(waiting) => self.waiting.get(waiting),
        }
    }

    /// The hash of a key.
    pub(crate) fn hash(&self, key: Key) -> KeyHash {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&key.0.0.to_le_bytes());
        bytes[4..].copy_from_slice(&key.1.0);
        let mut hasher = self.keys.build_hasher();
        hasher.write(&bytes);
        KeyHash(hasher.finish())
    }

    /// Has the memory fetched that a command with this hash will need.
    pub(crate) fn fetch(&self, hash: KeyHash) {
        std::hint::black_box(self.by_key.fetch(hash.0));
    }

    fn find(&self, key: Key) -> Result<usize, Vacancy> {
        self.find_hashed(key, self.hash(key))
    }

    fn find_hashed(&self, key: Key, hash: KeyHash) -> Result<usize, Vacancy> {
        self.by_key.find(hash.0, |place| self.entry(place).is_some_and(|entry| entry.key() == key))
    }

    /// Whether the command with this key, its hash and this payload was sent before.
    pub(crate) fn look(&self, key: Key, hash: KeyHash, payload: &[u8]) -> Seen {
        let place = match self.find_hashed(key, hash) {
            Ok(place) => place,
            Err(vacancy) => return Seen::Never(vacancy),
        };
        let (entry, answered) = (self.entry(place), place < self.settled.len());
        match entry.filter(|entry| entry.body == self.bodies.of(payload)) {
            Some(entry) if answered => Seen::Answered(entry.answer(place)),
            Some(_) => Seen::Waiting(sequence(place)),
            None => Seen::Other(sequence(place)),
        }
    }

    /// Takes in a command that was not sent before, where it belongs: it waits to be applied. Its number is one more than that of
    /// the last one.
    pub(crate) fn take(&mut self, key: Key, payload: &[u8], vacancy: Vacancy) -> Sequence {
        let place = self.settled.len() + self.waiting.len();
        self.by_key.insert(vacancy, place);
        self.wait(key, payload);
        sequence(place)
    }

    fn wait(&mut self, (actor, client): Key, payload: &[u8]) {
        let body = self.bodies.of(payload);
        self.waiting.push_back(Entry { client, body, fate: Fate::Done, actor });
    }

    /// Takes in a record of the log that is being applied. A log that a node wrote has no id twice; of another, the first
    /// stands.
    pub(crate) fn replayed(&mut self, key: Key, hash: KeyHash, payload: &[u8]) {
        match self.find_hashed(key, hash) {
            Err(vacancy) => {
                self.take(key, payload, vacancy);
            }
            Ok(_) => self.wait(key, payload),
        }
    }

    /// Completes the answer to the first command that waits: its record has been applied.
    pub(crate) fn settle(&mut self, events: &Events) {
        let Some(mut entry) = self.waiting.pop_front() else { return };
        entry.fate = match events.refusal() {
            Some(refusal) => Fate::Refused(refusal),
            None => Created::by(events.as_slice()).map_or(Fate::Done, Fate::Created),
        };
        self.settled.push(entry);
    }

    /// What the command with an id created; see [`gateway::ReferenceBook`].
    pub(crate) fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        let client = ClientKey::of(id);
        let unknown = || format!("no earlier command has the id {id:?}");
        let place = match by {
            Some(by) => self.find((by, client)).ok(),
            None => match self.first_with(client) {
                Some((_, true)) => {
                    return Err(format!("several senders used the id {id:?}: write SENDER/{id}"));
                }
                first => first.map(|(place, _)| place),
            },
        };
        let place = place.ok_or_else(unknown)?;
        match self.settled.get(place) {
            Some(entry) => Ok(entry.answer(place).created),
            None => Err(format!("the command {id:?} is not applied yet")),
        }
    }

    /// The first command with an id, and whether other senders used the id too.
    fn first_with(&self, client: ClientKey) -> Option<(usize, bool)> {
        let hash = |client: ClientKey| self.keys.hash_one(client.0);
        let has = |first: usize, id: ClientKey| self.entry(first).is_some_and(|entry| entry.client == id);
        let ById { index, firsts, indexed } = &mut *self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(entry) = self.entry(*indexed) {
            let id = entry.client;
            match index.find(hash(id), |place| firsts.get(place).is_some_and(|first| has(first.0, id))) {
                Err(vacancy) => {
                    index.insert(vacancy, firsts.len());
                    firsts.push((*indexed, false));
                }
                Ok(place) => {
                    let (first, several) = &mut firsts[place];
                    *several |= self.entry(*first).is_some_and(|first| first.actor != entry.actor);
                }
            }
            *indexed += 1;
        }
        let found =
            index.find(hash(client), |place| firsts.get(place).is_some_and(|first| has(first.0, client)));
        found.ok().and_then(|place| firsts.get(place).copied())
    }
}
