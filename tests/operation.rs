//! What those who run a node rely on: figures, health, logs without secrets, a stop that loses nothing, one node a data directory,
//! backups while it runs, TLS; seen on a demonstration, whose crowd trades.

#![allow(clippy::unwrap_used, clippy::panic)] // tests, also outside the functions marked so

mod common;

use common::Served;
use common::client::Client;
use common::process::{Process, huangpu};
use huangpu::node::{DataDir, verify};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

/// How long something may take that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A demonstration in a process of its own.
fn demo(folder: &Path, args: &[&str]) -> Process {
    let demo = ["demo", "--pace", "50"];
    Process::start(folder, &[&demo, args].concat())
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}: not in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The names of the figures on a page, without what histograms add.
fn figures(page: &str) -> BTreeSet<&str> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

fn value(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}

#[test]
fn the_figures_are_those_of_the_dashboard_and_they_count() {
    let served = Served::start();
    let page = || String::from_utf8(served.nobody().get("/metrics").body).unwrap();
    let before = page();
    for line in before.lines().filter(|line| !line.starts_with('#')) {
        let (name, number) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("huangpu_") && number.parse::<f64>().is_ok(), "{line}");
    }
    let known = figures(&before);
    let dashboard =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/grafana-dashboard.json"));
    let dashboard = dashboard.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&dashboard).is_ok());
    let named = dashboard
        .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
        .filter(|word| word.starts_with("huangpu_"));
    for name in named {
        let of = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(known.contains(of), "the dashboard shows {name}, which is no figure of the node");
    }

    for (_, rest) in dashboard.match_indices(" by (").map(|(at, by)| dashboard.split_at(at + by.len())) {
        let label = rest.split(')').next().unwrap();
        assert!(before.contains(&format!("{{{label}=\"")), "no figure of the node has the label {label}");
    }

    let order = |price: &str| json!({"account": "DJ", "instrument": "B2609", "side": "buy", "price": price, "quantity": "1000"});
    let trader = served.program("trader");
    trader.post("/v1/orders", &order("98.00")).good();
    assert_eq!(trader.post("/v1/orders", &order("1.00")).code(), "refused");
    let mut wrong = served.nobody();
    assert_eq!(wrong.sign_in("trader", "not the password").status, 401);
    let after = page();
    let grew = |name: &str| value(&after, name) - value(&before, name);
    assert!(grew("huangpu_records_total") >= 2);
    assert_eq!(grew("huangpu_refusals_total{stage=\"enter\"}"), 1);
    assert_eq!(grew("huangpu_answer_seconds_count"), 2);
    assert!(grew("huangpu_sync_seconds_count") >= 2 && grew("huangpu_batch_records_count") >= 2);
    assert!(
        grew("huangpu_batch_records_bucket{le=\"1\"}") >= 2,
        "a batch of one record is no greater than one"
    );
    assert_eq!(grew("huangpu_sign_ins_total{result=\"failed\"}"), 1);
    assert!(grew("huangpu_http_requests_total{class=\"4xx\"}") >= 2);
    // Measured, and not the bound of a bucket.
    let latest = |share: &str| {
        let line = format!("huangpu_answer_latest_seconds{{quantile=\"{share}\"}} ");
        after.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse::<f64>().unwrap()
    };
    let (half, most) = (latest("0.5"), latest("0.999"));
    assert!(half > 0.0 && half <= most, "{half} {most}");
    let shown = served.program("operator1").get("/v1/operations").good()["latency"].clone();
    assert_eq!(shown["p999_us"].as_f64().unwrap(), (most * 1e6).round());
    assert_eq!(value(&after, "huangpu_ready"), 1);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(served.nobody().get(path).good()["status"], "ok");
    }
}

#[test]
#[allow(clippy::too_many_lines)] // one life of a node, from its start to its stop
fn a_demonstration_is_alive_writes_no_secrets_is_backed_up_and_stops_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = demo(folder.path(), &["--log-level", "trace", "--log-format", "json"]);
    let mut trader = Client::new(node.address);
    assert_eq!(trader.sign_in("trader", "hush-hush-wrong").status, 401);
    assert_eq!(trader.sign_in("hush-hush-misplaced", "trader").status, 401);
    let signed_in = trader.sign_in("trader", huangpu::demo::PASSWORD);
    let csrf = signed_in.good()["csrf"].as_str().unwrap().to_owned();
    let cookie = trader.cookie().unwrap().to_owned();
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let totp =
        trader.post("/v1/session/totp", &json!({ "password": huangpu::demo::PASSWORD })).good()["secret"]
            .as_str()
            .unwrap()
            .to_owned();
    for path in ["/v1/instruments/B2609/trades", "/v1/instruments/CEA25/trades"] {
        wait_for(path, || trader.get(path).good()["items"].as_array().is_some_and(|items| !items.is_empty()));
    }
    for user in ["operator", "operator2", "supervisor", "auditor"] {
        Client::new(node.address).sign_in(user, huangpu::demo::PASSWORD).good();
    }

    // One node a data directory; a backup needs none of its own.
    let data = node.data.to_str().unwrap();
    let second = huangpu(&["demo", "--listen", "127.0.0.1:0", "--data", data]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("in use"), "{said}");
    let backup = folder.path().join("backup");
    let taken = huangpu(&["backup", data, "--to", backup.to_str().unwrap(), "--with-keys", "--json"]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let taken: serde_json::Value = serde_json::from_slice(&taken.stdout).unwrap();
    assert!(taken["records"].as_u64().unwrap() > 50 && taken["keys"] == true, "{taken}");

    node.stop();
    let log = fs::read_to_string(&node.log).unwrap();
    assert!(log.contains("signed in") && log.contains("failed to sign in"), "{log}");
    assert!(
        log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "not JSON: {log}"
    );
    // A life is in the log, from its start to its stop.
    let told: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let place = |message: &str| {
        let found = told.iter().position(|line| line["message"] == message && line["level"] == "INFO");
        found.unwrap_or_else(|| panic!("the log does not say {message:?}: {log}"))
    };
    let life = ["log opened", "serving", "stopping", "log sealed, snapshot written", "stopped"].map(place);
    assert!(life.is_sorted(), "{life:?}");
    assert_eq!(told[life[2]]["signal"], "terminate");
    assert_eq!(told[life[3]]["record"], told[life[4]]["record"]);
    let secrets = ["hush-hush-wrong", "hush-hush-misplaced", huangpu::demo::PASSWORD, &token, &csrf, &totp];
    for secret in secrets {
        assert!(!log.contains(secret), "the log says {secret}");
    }
    let verified = verify(&DataDir::at(&node.data), &mut |_, _| ()).unwrap();
    assert!(verified.tail().starts_with("sealed") && verified.snapshots > 0, "{}", verified.tail());
    assert!(verified.summary.records >= taken["records"].as_u64().unwrap());

    // It is a new morning at the next start, and what was there is there.
    let node = demo(folder.path(), &[]);
    let mut trader = Client::new(node.address);
    trader.sign_in("trader", huangpu::demo::PASSWORD).good();
    let time = trader.get("/v1/time").good();
    assert!(time["time"].as_str().unwrap().starts_with("2025-09-02T09:3"), "{time}");
    assert!(time["sequence"].as_u64().unwrap() >= verified.summary.records);
}

#[test]
fn with_tls_there_is_nothing_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = demo(folder.path(), &["--tls-self-made"]);
    let certificate = CertificateDer::from_pem_file(node.data.join("self-made.crt")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let body = json!({"user": "trader", "password": huangpu::demo::PASSWORD}).to_string();
    let request = format!(
        "POST /v1/session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let connect = |config: ClientConfig| {
        let connection =
            ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        StreamOwned::new(connection, TcpStream::connect(node.address).unwrap())
    };
    let mut second = config.clone();
    second.alpn_protocols = vec![b"h2".to_vec()];
    speaks_http2(connect(second));
    let mut stream = connect(config);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("HttpOnly; SameSite=Strict") && answer.contains("; Secure"), "{answer}");

    let mut plain = TcpStream::connect(node.address).unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    plain.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "an answer without TLS");
}

#[test]
fn a_demonstration_listens_to_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo =
        huangpu(&["demo", "--tls-self-made", "--listen", "0.0.0.0:0", "--data", data.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&demo.stderr).into_owned();
    assert!(!demo.status.success() && said.contains("loopback alone"), "{said}");
    assert!(!data.exists());
}

/// A frame of HTTP/2 (RFC 9113), from its kind to its payload.
fn frame(kind: u8, flags: u8, on: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &on.to_be_bytes(), payload].concat()
}

/// The next frame that comes: its kind, the request it is on, and its payload.
fn next_frame(stream: &mut StreamOwned<ClientConnection, TcpStream>) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).unwrap();
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).unwrap();
    (head[3], head[8], payload)
}

/// Requests over HTTP/2 as they are written: two at once, of which one is for another node, and one whose body is too large.
fn speaks_http2(mut stream: StreamOwned<ClientConnection, TcpStream>) {
    const DATA: u8 = 0;
    const HEAD: u8 = 1;
    const RESET: u8 = 3;
    const PING: u8 = 6;
    // GET, POST and https stand in the table of names; path and name are written out.
    let text = |name: u8, text: &str| [&[name, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let ask = |method: u8, path: &str, host: &str| {
        [&[method, 0x87][..], &text(0x04, path), &text(0x01, host)].concat()
    };
    let mut all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    all.extend(frame(4, 0, 0, &[]));
    all.extend(frame(HEAD, 0x05, 1, &ask(0x82, "/healthz", "localhost")));
    all.extend(frame(HEAD, 0x05, 3, &ask(0x82, "/healthz", "evil.example")));
    stream.write_all(&all).unwrap();
    let mut statuses = Vec::new();
    while statuses.len() < 2 {
        let (kind, on, payload) = next_frame(&mut stream);
        if kind == HEAD {
            statuses.push((on, payload[0] == 0x88));
        }
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [(1, true), (3, false)], "the status 200, and another");
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    // Whoever still sends what is too large hears so, and is not broken off in the middle of it.
    let length = b"\x0f\x0d\x0570000"; // content-length, by its number in the table
    let large = [&ask(0x83, "/v1/session", "localhost")[..], length].concat();
    stream.write_all(&frame(HEAD, 0x04, 5, &large)).unwrap();
    let mut told = false;
    while !told {
        let (kind, on, payload) = next_frame(&mut stream);
        told = kind == DATA && on == 5 && payload.windows(9).any(|found| found == b"too_large");
    }
    stream.write_all(&frame(DATA, 0, 5, &[b' '; 16_000])).unwrap();
    stream.write_all(&frame(PING, 0, 0, b"it lives")).unwrap();
    loop {
        match next_frame(&mut stream) {
            (RESET, 5, _) => panic!("it was broken off"),
            (PING, 0, payload) if payload == b"it lives" => break,
            _ => {}
        }
    }
}
