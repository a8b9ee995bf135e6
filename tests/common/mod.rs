//! A node that serves, in this very process: the markets of `examples/side-by-side` on the morning after their day, with users of
//! every kind, whose passwords and keys are known.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod client;
pub mod process;

use base::{ParticipantId, Role, Timestamp, UserId};
use client::Client;
use engine::{ClientId, Command, Envelope, Event, OPERATOR, Rejection};
use gateway::Resolver;
use huangpu::config::Config;
use huangpu::node::Node;
use huangpu::serve::access::{Secrets, hash_of, hash_password};
use huangpu::serve::{Clock, Hand, Opening, Running, start};
use roster::{CreateKey, CreateUser, Duties, Duty};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The password of every user.
pub const PASSWORD: &str = "a password for tests";
/// What time it is when the node begins to serve.
pub const MORNING: &str = "2026-03-04T10:00:00+08:00";

/// A user that there is.
pub struct Person {
    /// The name it signs in with, and that of its key.
    pub name: &'static str,
    /// Its participant's code.
    pub participant: &'static str,
    /// Its duties.
    pub duties: &'static [Duty],
}

const fn person(name: &'static str, participant: &'static str, duties: &'static [Duty]) -> Person {
    Person { name, participant, duties }
}

/// Everyone.
pub const PEOPLE: [Person; 16] = [
    person("operator1", "operator", &[Duty::Operator]),
    person("operator2", "operator", &[Duty::Operator]),
    person("registrar1", "REGISTRY", &[Duty::Operator]),
    person("registrar2", "REGISTRY", &[Duty::Operator]),
    person("authority1", "AUTHORITY", &[Duty::Operator]),
    person("authority2", "AUTHORITY", &[Duty::Operator]),
    person("banker", "SETTLEBANK", &[Duty::Custodian, Duty::Clearing]),
    person("trader", "DONGJIANG", &[Duty::Trader]),
    person("custodian", "DONGJIANG", &[Duty::Custodian]),
    person("clearer", "DONGJIANG", &[Duty::Clearing]),
    person("manager", "DONGJIANG", &[Duty::Operator]),
    person("watcher", "DONGJIANG", &[Duty::Supervisor, Duty::Auditor]),
    person("other", "HUIMIN", &[Duty::Trader, Duty::Custodian]),
    person("supervisor", "REGULATOR", &[Duty::Supervisor]),
    person("auditor", "REGULATOR", &[Duty::Auditor]),
    person("teller", "SETTLEBANK", &[Duty::Clearing]),
];

/// A node that serves.
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    /// Its data.
    pub dir: TempDir,
    runtime: Runtime,
    running: Option<Running>,
}

impl Served {
    /// Starts one.
    pub fn start() -> Self {
        Self::with(|_| ())
    }

    /// Starts one, set up differently.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut node = open(dir.path());
        play(&mut node);
        admit(&mut node, dir.path());
        let mut config = config();
        change(&mut config);
        Self::serve(node, config, dir)
    }

    /// Serves a node.
    pub fn serve(node: Node, config: Config, dir: TempDir) -> Self {
        let clock = Clock::sandbox(gateway::parse_time(MORNING).unwrap(), node.time());
        Self::serve_by(clock, node, config, dir)
    }

    /// Starts one whose clock is moved by hand.
    pub fn by_hand() -> (Self, Arc<Hand>) {
        let dir = tempfile::tempdir().unwrap();
        let mut node = open(dir.path());
        play(&mut node);
        admit(&mut node, dir.path());
        let (clock, hand) = Clock::by_hand(gateway::parse_time(MORNING).unwrap());
        (Self::serve_by(clock, node, config(), dir), hand)
    }

    fn serve_by(clock: Clock, node: Node, config: Config, dir: TempDir) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let opening = Opening { config, data: dir.path().to_owned(), clock, tls: None };
        let running = runtime.block_on(start(node, opening)).unwrap();
        Self { address: running.address, dir, runtime, running: Some(running) }
    }

    /// A client that signs with the key of a user.
    pub fn program(&self, name: &str) -> Client {
        let secrets = Secrets::open(self.dir.path()).unwrap();
        Client::new(self.address).signing(&key_of(name), &secrets.of_key(&key_of(name)))
    }

    /// A client that has signed in as a user.
    pub fn person(&self, name: &str) -> Client {
        let mut client = Client::new(self.address);
        client.sign_in(name, PASSWORD);
        client
    }

    /// A client that nobody knows.
    pub fn nobody(&self) -> Client {
        Client::new(self.address)
    }

    /// How often it has hashed a password.
    pub fn hashed(&self) -> u64 {
        self.running.as_ref().map_or(0, |running| running.app.passwords.hashed())
    }

    /// The runtime that it runs in.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Stops it, and gives its directory.
    pub fn stop(mut self) -> TempDir {
        self.end();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop()).unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}

/// A node on a free port, where nobody asks too often.
pub fn config() -> Config {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = Config { listen, ..Config::default() };
    config.limits.requests_per_second = 1_000_000;
    config.limits.burst = 1_000_000;
    config.limits.sign_in_per_minute = 1_000_000;
    config.projection.url = database();
    config
}

/// A schema for the projection of one node, where `HUANGPU_TEST_POSTGRES` names a server: whatever serves, serves over PostgreSQL too.
fn database() -> Option<String> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let server = std::env::var("HUANGPU_TEST_POSTGRES").ok()?;
    let schema = format!("s_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
    Some(format!("{server}?options=-csearch_path%3D{schema}"))
}

/// The id of a user's key.
pub fn key_of(name: &str) -> String {
    format!("key{name}")
}

/// Opens the node of a directory.
pub fn open(dir: &Path) -> Node {
    Node::open(dir, &mut |_, _| ()).unwrap().0
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Sends a command, which must not be refused.
pub fn send(node: &mut Node, time: Timestamp, actor: ParticipantId, id: &str, command: Command) {
    assert_eq!(try_send(node, time, actor, id, command), None, "{id}");
}

/// Sends a command, and says why it was refused.
pub fn try_send(
    node: &mut Node,
    time: Timestamp,
    actor: ParticipantId,
    id: &str,
    command: Command,
) -> Option<Rejection> {
    let envelope = Envelope {
        actor,
        user: UserId::NOBODY,
        client_id: ClientId::of(id),
        door: engine::Door::Node,
        command,
    };
    node.submit(time, envelope, &mut |_, _, _| Ok(())).unwrap();
    let mut refused = None;
    node.flush(&mut |_, events, _| {
        refused = events.iter().find_map(|event| match event {
            Event::Refused(reason) => Some(*reason),
            _ => None,
        });
        Ok(())
    })
    .unwrap();
    refused
}

/// Plays the day of `examples/side-by-side`.
pub fn play(node: &mut Node) {
    let folder = root().join("examples/side-by-side");
    let day = fs::read_to_string(folder.join("2026-03-03.jsonl")).unwrap();
    let lines: Vec<_> = day.lines().filter(|line| line.starts_with('{')).collect();
    let begins = gateway::parse_line(lines[0]).unwrap().time;
    for name in ["1-carbon.toml", "2-bond.toml"] {
        let rulebook = rulebook::read(&folder.join(name)).unwrap();
        send(node, begins, OPERATOR, name, Command::AdoptRulebook(Box::new(rulebook)));
    }
    for text in lines {
        let line = gateway::parse_line(text).unwrap();
        let resolver = Resolver { state: node.state(), market: Some(base::MarketId(0)), book: &*node };
        let actor = resolver.participant("by", &line.by).unwrap();
        let command = resolver.resolve(&line.command).unwrap();
        // Some are refused: the day shows that too.
        try_send(node, line.time, actor, &line.id, command);
    }
}

/// Admits everyone, with a key each, and puts the roster in force.
pub fn admit(node: &mut Node, dir: &Path) {
    let (secrets, hash) = (Secrets::open(dir).unwrap(), hash_password(PASSWORD).unwrap());
    let (code, name) = ("REGULATOR".to_owned(), "The regulator".to_owned());
    let regulator = registry::RegisterParticipant { code, name, roles: vec![Role::Supervisor] };
    let time = node.time();
    send(node, time, OPERATOR, "regulator", Command::RegisterParticipant(regulator));
    for (number, person) in PEOPLE.iter().enumerate() {
        let participant = node.state().registry().participant_id(person.participant).unwrap();
        let duties = Duties::of(person.duties);
        let (name, password) = (person.name.to_owned(), hash.clone());
        let user = CreateUser { participant, name, duties, password, must_change: false };
        send(node, time, OPERATOR, &format!("user-{number}"), Command::CreateUser(user));
        let (user, id) = (node.state().roster().user_named(person.name).unwrap(), key_of(person.name));
        let secret_hash = hash_of(secrets.of_key(&id).as_bytes());
        let key = CreateKey { user, id, secret_hash, account: None, duties };
        send(node, time, OPERATOR, &format!("key-{number}"), Command::CreateKey(key));
    }
    send(node, time, OPERATOR, "force", Command::PutRosterInForce);
}
