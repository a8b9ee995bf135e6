//! `kill -9`: a node that is killed while it is being sent orders keeps everything that it acknowledged, and a client that does
//! not know what became of a command sends it again and is told.
//!
//! A few rounds by default; `HUANGPU_KILLS=100 cargo test --release --test kill -- --nocapture` for more, with the counts.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod client;

use client::{Answer, Client};
use huangpu::demo::{Random, Stage, Trader};
use huangpu::node::{DataDir, Until, replay, verify};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const RULEBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/bench/rulebook.toml");
/// Before the market opens, and after it.
const BEFORE: &str = "2026-01-05T00:00:00Z";
const CLOCK: &str = "2026-01-05T01:00:00Z";
const CONNECTIONS: usize = 8;

/// A node in a process of its own. It does not outlive the test.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_huangpu"))
            .args(["serve", RULEBOOK, "--listen", "127.0.0.1:0", "--clock", CLOCK, "--log-level", "warn"])
            .args(["--set", "limits.requests_per_second=1000000", "--set", "limits.burst=1000000"])
            .args(["--set", "snapshots.every_records=1000", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("console: http://")?.trim_end_matches('/').parse().ok()
        });
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the node did not say where it listens");
        };
        Self { child, address }
    }

    /// As `kill -9` does.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command as it was sent, and what was told of it.
struct Sent {
    body: String,
    id: String,
    told: Option<Answer>,
}

/// Sends orders until the node is gone: some are refused, which is an answer too.
fn load(address: SocketAddr, trader: &Trader, instrument: &str, prefix: &str, seed: u64) -> Vec<Sent> {
    let mut random = Random(seed);
    let Ok(mut client) = Client::connect(address, trader) else { return Vec::new() };
    let mut all = Vec::new();
    for number in 1.. {
        // Half of them are as long as the ids that clients make, of which the header of a payload holds a hash alone.
        let long = if number % 2 == 0 { "6f1c2f2e-9a50-4a0e-8b5f-5d0f9f0a7c11-" } else { "" };
        let id = format!("{long}{prefix}-{number}");
        let side = if random.percent(50) { "buy" } else { "sell" };
        let hundredths = random.between(9_900, 10_100) + if random.percent(5) { 50_000 } else { 0 };
        let order = json!({"id": id, "account": trader.account, "instrument": instrument, "side": side,
            "price": format!("{}.{:02}", hundredths / 100, hundredths % 100), "quantity": random.between(1, 50).to_string()});
        let body = order.to_string();
        let answered = client.post("/v1/orders", &body);
        let gone = answered.is_err();
        all.push(Sent { body, id, told: answered.ok() });
        if gone {
            break;
        }
    }
    all
}

#[derive(Debug, Default)]
struct Counts {
    kills: u64,
    acknowledged: u64,
    refused: u64,
    not_answered: u64,
    of_these_in_the_log: u64,
}

/// What an answer says that must never change: the record, what it made, why it was refused.
fn essence(answer: &Answer) -> (u16, serde_json::Value) {
    let body = &answer.body;
    (answer.status, json!([body["sequence"], body["created"], body["code"], body["stage"], body["reason"]]))
}

/// Sends everything again, after the node was killed.
fn send_again(address: SocketAddr, trader: &Trader, sent: &mut [Sent], counts: &mut Counts) {
    let mut client = Client::connect(address, trader).unwrap();
    for Sent { body, id, told } in sent {
        let again = client.post("/v1/orders", body).unwrap();
        assert!([200, 422].contains(&again.status), "{id}: {again:?}");
        match told {
            Some(first) => {
                assert_eq!(essence(first), essence(&again), "{id} was answered otherwise before");
                counts.acknowledged += 1;
                counts.refused += u64::from(again.status == 422);
            }
            None => {
                // It may have been durable when the node was killed, or not: now it is, and once.
                counts.not_answered += 1;
                counts.of_these_in_the_log += u64::from(again.body["repeated"] == true);
                let once_more = client.post("/v1/orders", body).unwrap();
                assert_eq!(essence(&again), essence(&once_more), "{id}");
                *told = Some(again);
            }
        }
    }
}

/// The record of every id in the log.
fn records(data: &Path) -> BTreeMap<(u32, String), u64> {
    let mut all = BTreeMap::new();
    replay(&DataDir::at(data), Until::End, &mut |record, _, _| {
        let key = (record.envelope.actor.0, record.envelope.client_id.to_string());
        let before = all.insert(key.clone(), record.sequence.0);
        assert!(before.is_none(), "{key:?} is in the log twice");
        Ok(())
    })
    .unwrap();
    all
}

fn round(data: &Path, stage: &Stage, number: u64, random: &mut Random, counts: &mut Counts) -> Vec<Sent> {
    let node = Process::start(data);
    let (address, instrument) = (node.address, &stage.instruments[0]);
    let seed = random.below(u64::MAX);
    let pause = Duration::from_millis(random.below(400) + 1);
    let mut sent = std::thread::scope(|scope| {
        let senders: Vec<_> = (0_u64..)
            .zip(&stage.traders)
            .map(|(connection, trader)| {
                let prefix = format!("{number}-{connection}");
                scope.spawn(move || load(address, trader, instrument, &prefix, seed ^ connection))
            })
            .collect();
        std::thread::sleep(pause);
        node.kill();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
    });
    counts.kills += 1;
    let node = Process::start(data);
    for (trader, sent) in stage.traders.iter().zip(&mut sent) {
        send_again(node.address, trader, sent, counts);
    }
    node.kill();
    sent.into_iter().flatten().collect()
}

#[test]
fn every_acknowledged_command_survives_kill_9_and_retries_are_safe() {
    let rounds = std::env::var("HUANGPU_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = std::env::var("HUANGPU_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(since_1970.subsec_nanos()));
    println!("HUANGPU_SEED={seed}");
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rulebook = rulebook::read(Path::new(RULEBOOK)).unwrap();
    let time = gateway::parse_time(BEFORE).unwrap();
    let stage = huangpu::demo::set(&data, &rulebook, time, CONNECTIONS).unwrap();
    let (mut counts, mut all) = (Counts::default(), Vec::new());
    for number in 1..=rounds {
        all.extend(round(&data, &stage, number, &mut random, &mut counts));
    }
    let there = records(&data);
    let by_id: BTreeMap<&String, u64> = there.iter().map(|((_, id), sequence)| (id, *sequence)).collect();
    for Sent { id, told, .. } in &all {
        let sequence = told.as_ref().and_then(|told| told.body["sequence"].as_u64());
        assert_eq!(by_id.get(id).copied(), sequence, "{id}");
    }
    verify(&DataDir::at(&data), &mut |_, _| ()).unwrap();
    println!("{counts:?}; {} records in the log, which verifies", there.len());
    assert!(counts.acknowledged > 5 * counts.kills, "was there any load? {counts:?}");
    assert!(counts.refused * 2 < counts.acknowledged, "nearly everything was refused: {counts:?}");
}
