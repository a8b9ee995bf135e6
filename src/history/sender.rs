//! Numbers and times of the planned commands.

use base::{Date, ParticipantId, Timestamp, UserId};
use engine::{ClientId, Command, Door, Envelope};

/// A command and when it is sent.
pub(super) struct Planned {
    pub(super) time: Timestamp,
    pub(super) envelope: Envelope,
}

/// Between two commands that are sent at the same second: a microsecond.
const STEP_NS: i64 = 1_000;

/// Writes down commands in order of time, each under an id of its own.
pub(super) struct Sender {
    date: Date,
    number: u64,
    supplies: u64,
    clock: Timestamp,
    created: u64,
    pub(super) out: Vec<Planned>,
}

impl Sender {
    pub(super) fn new() -> Self {
        let (date, clock) = (Date::default(), Timestamp(i64::MIN));
        Self { date, number: 0, supplies: 0, clock, created: 0, out: Vec::new() }
    }

    /// Begins a day: ids are its date and a number.
    pub(super) fn begin_day(&mut self, date: Date) {
        (self.date, self.number, self.supplies) = (date, 0, 0);
    }

    /// Plans a command for `at`, or for just after the one before it.
    pub(super) fn send(&mut self, at: Timestamp, actor: ParticipantId, command: Command) {
        self.number += 1;
        self.clock = at.max(Timestamp(self.clock.0.saturating_add(STEP_NS)));
        let client_id = ClientId::of(&format!("{}/{}", self.date, self.number));
        self.out.push(Planned {
            time: self.clock,
            envelope: Envelope { actor, user: UserId::NOBODY, client_id, door: Door::File, command },
        });
    }

    /// Plans a command that makes a listing, a block, an auction or a bid. Returns the number that the engine will give it:
    /// it counts them together, and refuses none of those that are planned.
    pub(super) fn create(&mut self, at: Timestamp, actor: ParticipantId, command: Command) -> u64 {
        self.send(at, actor, command);
        self.created += 1;
        self.created
    }

    /// Where the session's commands begin: what it turns out to need is put in here.
    pub(super) fn mark(&self) -> (usize, Timestamp) {
        (self.out.len(), self.clock)
    }

    /// Puts commands in before everything that was planned since `mark`.
    pub(super) fn supply(
        &mut self,
        (place, after): (usize, Timestamp),
        commands: Vec<(ParticipantId, Command)>,
    ) {
        let mut time = after;
        let mut planned = Vec::with_capacity(commands.len());
        for (actor, command) in commands {
            self.supplies += 1;
            time = Timestamp(time.0.saturating_add(STEP_NS));
            let client_id = ClientId::of(&format!("{}/S{}", self.date, self.supplies));
            planned.push(Planned {
                time,
                envelope: Envelope { actor, user: UserId::NOBODY, client_id, door: Door::File, command },
            });
        }
        self.out.splice(place..place, planned);
    }
}
