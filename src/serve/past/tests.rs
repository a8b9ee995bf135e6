//! The take-up: a database that is locked for long or fails for a while has missed nothing afterwards, and nothing is there twice.

use super::{Feed, Past, Terms};
use crate::node::Node;
use crate::projection::{Projection, Value, catch_up};
use base::{Timestamp, UserId};
use engine::{ClientId, Command, Envelope, OPERATOR, Record};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

/// Names a PostgreSQL server, as in `tests/projection`.
const POSTGRES: &str = "HUANGPU_TEST_POSTGRES";
/// So that a failure is over soon, and few records are too many.
const SOON: Terms =
    Terms { waiting_max: 5, pause: Duration::from_millis(20), ending: Duration::from_secs(1) };
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database that one can lock and break behind the projection's back.
enum Place {
    Sqlite(TempDir),
    Postgres { server: String, schema: String },
}

/// Another connection to it.
enum Other {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

impl Place {
    fn all(test: &str) -> Vec<Self> {
        let mut places = vec![Self::Sqlite(tempfile::tempdir().unwrap())];
        match std::env::var(POSTGRES) {
            Ok(server) => {
                let schema = format!("p_{}_{test}", std::process::id());
                let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
                client.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
                places.push(Self::Postgres { server, schema });
            }
            Err(_) => {
                let _ = writeln!(std::io::stderr().lock(), "skipped: PostgreSQL, {POSTGRES} is not set");
            }
        }
        places
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.path().join("p.sqlite").display()),
            Self::Postgres { server, schema } => {
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options=-csearch_path%3D{schema}")
            }
        }
    }

    fn other(&self) -> Other {
        match self {
            Self::Sqlite(dir) => {
                Other::Sqlite(rusqlite::Connection::open(dir.path().join("p.sqlite")).unwrap())
            }
            Self::Postgres { .. } => {
                let client = postgres::Client::connect(&self.url(), postgres::NoTls).unwrap();
                Other::Postgres(Box::new(client))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { server, schema } = self {
            let mut client = postgres::Client::connect(server, postgres::NoTls).unwrap();
            client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
        }
    }
}

impl Other {
    fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => {
                connection.busy_timeout(PATIENCE).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Postgres(client) => client.batch_execute(sql).unwrap(),
        }
    }

    /// Keeps everybody else from writing, until `COMMIT`.
    fn lock(&mut self) {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE"),
            Self::Postgres(_) => {
                self.run("BEGIN; LOCK TABLE meta IN ROW EXCLUSIVE MODE; UPDATE meta SET value = value")
            }
        }
    }
}

/// A node that goes on by itself, record by record.
struct Going {
    node: Node,
    _dir: TempDir,
    last: u64,
}

impl Going {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (node, _) = Node::open(dir.path(), &mut |_, _| ()).unwrap();
        Self { node, _dir: dir, last: 0 }
    }

    /// One more record, durable before it is given.
    fn step(&mut self, feed: &Feed) {
        let number = self.last + 1;
        let (code, name) = (format!("P{number}"), format!("Participant {number}"));
        let command =
            Command::RegisterParticipant(registry::RegisterParticipant { code, name, roles: Vec::new() });
        let client_id = ClientId::of(&number.to_string());
        let envelope = Envelope {
            actor: OPERATOR,
            user: UserId::NOBODY,
            client_id,
            door: engine::Door::Unsaid,
            command,
        };
        let mut records: Vec<Record> = Vec::new();
        let time = Timestamp(i64::try_from(number).unwrap());
        self.node.submit(time, envelope, &mut |_, _, _| Ok(())).unwrap();
        let kept = &mut |record: &Record, _: &[engine::Event], _: &engine::State| {
            records.push(record.clone());
            Ok(())
        };
        self.node.flush(kept).unwrap();
        self.last = records.last().unwrap().sequence.0;
        assert_eq!(self.last, number);
        feed.give(Arc::new(records));
    }

    fn steps(&mut self, feed: &Feed, count: u64) {
        (0..count).for_each(|_| self.step(feed));
    }

    /// What a projection of this log is, made in one go.
    fn expected(&self) -> BTreeMap<&'static str, Vec<Vec<Value>>> {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("expected.sqlite").display());
        let projection = Projection::open(&url, self.node.log_id()).unwrap();
        catch_up(&projection, self.node.dir(), &mut |_| ()).unwrap();
        projection.read(|view| view.dump()).unwrap().value
    }
}

/// A node that goes on, its projection and what feeds it, ten records later, and another connection to its database.
fn begun(place: &Place) -> (Going, Past, Feed, Other) {
    let mut going = Going::new();
    let (past, feed) = Past::feed(&place.url(), &going.node, SOON).unwrap();
    going.steps(&feed, 10);
    wait(&past, 10);
    (going, past, feed, place.other())
}

fn wait(past: &Past, sequence: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut written = past.written.clone();
    let come = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, written.wait_for(|written| *written >= sequence)).await.is_ok()
    });
    assert!(come, "the projection stands at {}, not {sequence}", past.sequence());
}

fn until(holds: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it never came to that");
        std::thread::yield_now();
    }
}

fn agrees(past: &Past, going: &Going) {
    let found = past.projection.read(|view| view.dump()).unwrap();
    assert_eq!(found.sequence, going.last);
    assert_eq!(found.value, going.expected());
    assert_eq!(found.value["records"].len() as u64, going.last);
}

#[test]
fn a_projection_that_is_locked_for_long_takes_up_what_was_left_out() {
    for place in Place::all("locked") {
        let (mut going, past, feed, mut other) = begun(&place);
        for _ in 0..3 {
            other.lock();
            let before = past.sequence();
            // Until so many wait that some are left out, and then some more, of which it is told nothing.
            while !feed.way.left_out.load(Ordering::Acquire) {
                going.step(&feed);
                assert!(going.last < before + 1_000, "nothing is ever left out");
            }
            going.steps(&feed, 7);
            assert!(past.sequence() < going.last - 7, "the lock holds nobody up");
            other.run("COMMIT");
            wait(&past, going.last - 7);
            // What follows is given to it again.
            until(|| !feed.way.left_out.load(Ordering::Acquire));
            going.steps(&feed, 3);
            wait(&past, going.last);
            agrees(&past, &going);
        }
        assert_eq!(feed.way.failures.load(Ordering::Acquire), 0, "what is locked has not failed");
        assert_eq!(feed.way.waiting.load(Ordering::Acquire), 0);
        feed.end();
    }
}

#[test]
fn a_database_that_fails_for_a_while_has_missed_nothing() {
    for place in Place::all("fails") {
        let (mut going, past, feed, mut other) = begun(&place);
        for _ in 0..3 {
            other.run("ALTER TABLE events RENAME TO events_gone");
            let failures = feed.way.failures.load(Ordering::Acquire);
            going.steps(&feed, 4);
            // It fails where it is fed, and again where it reads on from the log.
            until(|| feed.way.failures.load(Ordering::Acquire) >= failures + 2);
            going.steps(&feed, 30);
            assert!(past.sequence() < going.last);
            other.run("ALTER TABLE events_gone RENAME TO events");
            wait(&past, going.last);
            going.steps(&feed, 3);
            wait(&past, going.last);
            agrees(&past, &going);
        }
        assert_eq!(feed.way.waiting.load(Ordering::Acquire), 0);
        feed.end();
    }
}

#[test]
fn a_node_that_stops_while_its_database_fails_ends_and_the_next_one_takes_up() {
    for place in Place::all("stops") {
        let (mut going, past, feed, mut other) = begun(&place);
        other.run("ALTER TABLE events RENAME TO events_gone");
        going.steps(&feed, 10);
        until(|| feed.way.failures.load(Ordering::Acquire) >= 2);
        feed.end();
        assert_eq!(past.sequence(), 10);
        other.run("ALTER TABLE events_gone RENAME TO events");
        let (past, feed) = Past::feed(&place.url(), &going.node, SOON).unwrap();
        assert_eq!(past.sequence(), 20);
        going.step(&feed);
        wait(&past, 21);
        agrees(&past, &going);
        feed.end();
    }
}

#[test]
fn a_node_that_stops_does_not_wait_for_a_database_that_is_locked() {
    for place in Place::all("ends") {
        let (mut going, past, feed, mut other) = begun(&place);
        other.lock();
        going.steps(&feed, 3);
        let way = Arc::clone(&feed.way);
        feed.end();
        assert_eq!(past.sequence(), 10);
        assert_eq!(way.failures.load(Ordering::Acquire), 0, "it waited until the database gave up");
        other.run("COMMIT");
        // What was on the way is written when it can be, by the one or the other.
        let again = || Past::feed(&place.url(), &going.node, SOON);
        let (past, feed) = std::iter::repeat_with(again).take(1_000).find_map(Result::ok).unwrap();
        agrees(&past, &going);
        feed.end();
    }
}
