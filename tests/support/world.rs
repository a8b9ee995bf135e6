//! A world: a state, the log that made it, and who remembers what commands created.

use super::audit::Audit;
use base::{ParticipantId, Sequence, Timestamp, UserId};
use engine::snapshot::Snapshot;
use engine::{Command, Envelope, Event, Events, LogDigest, Record, State, decode, encode};
use gateway::{Created, ReferenceBook};
use journal::{Batch, Journal, Log, Outcome};
use std::collections::BTreeMap;

/// What earlier commands created, by sender and id.
#[derive(Default)]
pub struct Remembered(BTreeMap<(ParticipantId, String), Option<Created>>);

impl ReferenceBook for Remembered {
    fn created(&self, by: Option<ParticipantId>, id: &str) -> Result<Option<Created>, String> {
        let fits = |(sender, used): &(ParticipantId, String)| used == id && by.is_none_or(|by| *sender == by);
        let mut found = self.0.iter().filter(|(key, _)| fits(key));
        match (found.next(), found.next()) {
            (Some((_, created)), None) => Ok(*created),
            (None, _) => Err(format!("there is no command {id:?}")),
            (Some(_), Some(_)) => Err(format!("several senders used the id {id:?}")),
        }
    }
}

/// See the module.
pub struct World {
    pub state: State,
    pub book: Remembered,
    pub log: Vec<(Record, Vec<u8>)>,
    pub digest: LogDigest,
    pub audit: Audit,
    buffer: Events,
}

impl World {
    pub fn new() -> Self {
        let (state, book, digest) = (State::new(), Remembered::default(), LogDigest::new());
        Self { state, book, log: Vec::new(), digest, audit: Audit::default(), buffer: Events::new() }
    }

    /// Sends a command through the codec into the engine, and lets the auditor look at what came of it.
    pub fn send(&mut self, time: Timestamp, by: ParticipantId, id: &str, command: Command) -> Vec<Event> {
        self.send_as(time, (by, UserId::NOBODY), id, command)
    }

    /// The same, as a user of the sender.
    pub fn send_as(
        &mut self,
        time: Timestamp,
        (by, user): (ParticipantId, UserId),
        id: &str,
        command: Command,
    ) -> Vec<Event> {
        // Files are for setting up.
        let door = if self.state.roster().in_force() { engine::Door::Http } else { engine::Door::File };
        let sent = Envelope { actor: by, user, client_id: engine::ClientId::of(id), door, command };
        let mut payload = Vec::new();
        encode(&sent, &mut payload).unwrap();
        let envelope = decode(&payload).unwrap();
        assert_eq!(envelope, sent, "a payload is read as it was written");
        let record = Record {
            sequence: Sequence(self.state.sequence().0 + 1),
            time: time.max(self.state.time()),
            envelope,
        };

        let before = self.state.clone();
        self.state.apply(&record, &mut self.buffer);
        let events = self.buffer.as_slice().to_vec();
        self.digest.absorb(&record, &payload, &events).unwrap();
        self.print(&before, (&record, &payload), &events);
        self.audit.look(&before, &self.state, &record, &events);
        self.book.0.insert((by, id.to_owned()), Created::by(&events));
        self.log.push((record, payload));
        events
    }

    /// A record is printed so that it is read as it was by who stands before it.
    fn print(&self, before: &State, (record, payload): (&Record, &[u8]), events: &[Event]) {
        let line = gateway::Names(&self.state).printed(record, payload, events).to_string();
        let printed = gateway::parse_printed(&line).unwrap_or_else(|error| panic!("{line}\n{error}"));
        assert_eq!((printed.record, printed.time), (record.sequence.0, record.time), "{line}");
        let envelope = printed.envelope(before).unwrap_or_else(|error| panic!("{line}\n{error}"));
        let door = record.envelope.door;
        assert_eq!(Envelope { door, ..envelope }, record.envelope, "{line}");
    }

    /// Writes the log as a node would, each frame with the digest of what is before it, and sealed: a fixture for later versions.
    pub fn write_journal(&self, dir: &std::path::Path) {
        let options = journal::Options { segment_bytes: 1 << 20 };
        let mut journal = Journal::create(dir.join("journal"), [7; 16], options).unwrap();
        let (mut state, mut digest, mut events) = (State::new(), LogDigest::new(), Events::new());
        let mut outcome = Outcome::default();
        for log in self.log.chunks(50) {
            let mut batch = Batch::new();
            log.iter().for_each(|(record, payload)| batch.push(record.time.0, payload).unwrap());
            journal.append(journal.last_seq() + 1, 1, outcome, &batch).unwrap();
            for (record, payload) in log {
                state.apply(record, &mut events);
                digest.absorb(record, payload, events.as_slice()).unwrap();
            }
            outcome = Outcome { seq: state.sequence().0, digest: digest.value() };
        }
        assert_eq!(outcome.digest, self.digest.value());
        journal.seal(1, outcome).unwrap();
    }

    /// Replays the log from its bytes, once straight and once over a snapshot of the middle: both must end where this world
    /// stands.
    pub fn check_replay(&self) {
        for cut in [None, Some(self.log.len() / 2)] {
            let (mut state, mut digest, mut events) = (State::new(), LogDigest::new(), Events::new());
            for (index, (record, payload)) in self.log.iter().enumerate() {
                if cut == Some(index) {
                    let bytes = Snapshot { state: state.clone(), digest: digest.clone() }.encode().unwrap();
                    let snapshot = Snapshot::decode(&bytes).unwrap();
                    assert_eq!(snapshot.state, state, "a snapshot is the state");
                    (state, digest) = (snapshot.state, snapshot.digest);
                }
                let record = Record { envelope: decode(payload).unwrap(), ..record.clone() };
                state.apply(&record, &mut events);
                digest.absorb(&record, payload, events.as_slice()).unwrap();
            }
            assert_eq!(digest.value(), self.digest.value(), "a replay has the log's digest");
            assert_eq!(
                state.digest().unwrap(),
                self.state.digest().unwrap(),
                "a replay has the state's digest"
            );
            assert_eq!(state, self.state);
        }
    }
}
