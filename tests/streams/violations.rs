//! The protocol of WebSockets, byte for byte (RFC 6455): whoever breaks it is told how, whoever keeps to it at its edges is answered.

use crate::common::Served;
use crate::common::client::Client;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// What came back of a connection, until its end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    texts: Vec<String>,
    pongs: Vec<Vec<u8>>,
    /// The code of the closing frame.
    closed: Option<u16>,
}

/// A frame of a client: its first byte, and its payload under a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// A connection that has become a stream, at a path.
fn open(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// Reads frames of the node until it closes, or says as much as is wanted.
fn hear(stream: &mut TcpStream, enough: impl Fn(&Heard) -> bool) -> Heard {
    let mut heard = Heard::default();
    while !enough(&heard) {
        let mut head = [0; 2];
        if stream.read_exact(&mut head).is_err() {
            break;
        }
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).unwrap();
        match head[0] {
            0x81 => heard.texts.push(String::from_utf8(payload).unwrap()),
            0x88 => heard.closed = payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
            0x8a => heard.pongs.push(payload),
            0x89 => {}
            other => panic!("a frame that begins with {other:#x}"),
        }
    }
    heard
}

/// The code of the end, of a client that goes on sending and listens until it is over.
fn code_of(address: SocketAddr, path: &str, bytes: &[u8]) -> Option<u16> {
    let mut stream = open(address, path);
    stream.write_all(bytes).unwrap();
    // More that is on its way keeps nobody from hearing why this is the end.
    let _ = stream.write_all(&frame(0x81, &[b' '; 4_096]));
    hear(&mut stream, |_| false).closed
}

const PING: &[u8] = br#"{"op":"ping","ref":7}"#;

#[test]
fn whoever_breaks_the_protocol_is_told_how() {
    let served = Served::with(|config| config.market_data.public = true);
    let close = |code: u16, reason: &[u8]| frame(0x88, &[&code.to_be_bytes(), reason].concat());
    let unmasked = [&[0x81, u8::try_from(PING.len()).unwrap()], PING].concat();
    let table: Vec<(&str, Vec<u8>, u16)> = vec![
        ("an unmasked frame", unmasked, 1002),
        ("the first reserved bit", frame(0x81 | 0x40, PING), 1002),
        ("the second reserved bit", frame(0x81 | 0x20, PING), 1002),
        ("the third reserved bit", frame(0x81 | 0x10, PING), 1002),
        ("a reserved opcode of data", frame(0x83, PING), 1002),
        ("the last reserved opcode of data", frame(0x87, PING), 1002),
        ("a reserved opcode of control", frame(0x8b, b""), 1002),
        ("the last reserved opcode of control", frame(0x8f, b""), 1002),
        ("a continuation of nothing", frame(0x80, PING), 1002),
        ("a text within a text", [frame(0x01, b"{"), frame(0x81, PING)].concat(), 1002),
        ("bytes within a text", [frame(0x01, b"{"), frame(0x82, b"x")].concat(), 1002),
        ("a ping of 126 bytes", frame(0x89, &[b'x'; 126]), 1002),
        ("a ping in parts", frame(0x09, b"x"), 1002),
        ("an end in parts", frame(0x08, &1000_u16.to_be_bytes()), 1002),
        ("an end with half a code", frame(0x88, &[3]), 1002),
        ("an end with a code that none sends", close(1005, b""), 1002),
        ("an end with a code below all", close(999, b""), 1002),
        ("an end whose reason is no text", close(1000, b"\xff"), 1007),
        ("a text that is none", frame(0x81, b"{\"op\":\"\xff\"}"), 1007),
        (
            "a text that is none in its second part",
            [frame(0x01, b"{"), frame(0x80, b"\xc3\x28")].concat(),
            1007,
        ),
        ("a text that ends in the middle of a letter", frame(0x81, b"\xe4\xb8"), 1007),
    ];
    for path in ["/v1/stream", "/coinbase/ws"] {
        for (what, bytes, code) in &table {
            assert_eq!(code_of(served.address, path, bytes), Some(*code), "{path}: {what}");
        }
    }
    // Nobody else noticed.
    assert_eq!(served.nobody().get("/healthz").status, 200);
}

#[test]
fn whoever_keeps_to_the_protocol_is_answered() {
    let served = Served::with(|config| config.market_data.public = true);
    let pong = r#"{"op":"pong","ref":7}"#;
    let one = |heard: &Heard| !heard.texts.is_empty();
    let parts = [frame(0x01, &PING[..5]), frame(0x89, b"between"), frame(0x00, b""), frame(0x80, &PING[5..])]
        .concat();
    let mut stream = open(served.address, "/v1/stream");
    stream.write_all(&parts).unwrap();
    let heard = hear(&mut stream, one);
    assert_eq!((heard.texts, heard.pongs), (vec![pong.to_owned()], vec![b"between".to_vec()]));
    // Byte by byte.
    for byte in frame(0x81, PING) {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(hear(&mut stream, one).texts, [pong]);
    stream.write_all(&frame(0x89, &[b'x'; 125])).unwrap();
    assert_eq!(hear(&mut stream, |heard| !heard.pongs.is_empty()).pongs, [vec![b'x'; 125]]);
    stream.write_all(&frame(0x88, &[&4_999_u16.to_be_bytes()[..], b"bye"].concat())).unwrap();
    assert_eq!(hear(&mut stream, |_| false).closed, Some(4_999), "an end is returned as it came");
    let mut stream = open(served.address, "/v1/stream");
    stream.write_all(&frame(0x88, b"")).unwrap();
    hear(&mut stream, |_| false);
}

#[test]
fn what_is_said_before_a_half_close_is_answered() {
    let served = Served::with(|config| config.market_data.public = true);
    for _ in 0..20 {
        let mut stream = open(served.address, "/v1/stream");
        stream.write_all(&[frame(0x81, PING), frame(0x81, PING)].concat()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let heard = hear(&mut stream, |_| false);
        assert_eq!((heard.texts.len(), heard.closed), (2, Some(1000)), "{heard:?}");
    }
    // Commands take longer.
    let mut stream = open(served.address, "/v1/stream");
    let auth = crate::socket::auth(&served, &crate::common::key_of("trader")).to_string();
    let mut order = crate::order("DJ", "sell", "99.00", 1);
    (order["op"], order["do"], order["ref"]) = ("command".into(), "place_order".into(), 1.into());
    let said = [auth.as_bytes(), order.to_string().as_bytes()].map(|text| frame(0x81, text)).concat();
    stream.write_all(&said).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let heard = hear(&mut stream, |_| false);
    assert!(heard.texts.len() == 2 && heard.texts[1].contains("\"sequence\""), "{heard:?}");
    assert_eq!(heard.closed, Some(1000));
    let mut stream = open(served.address, "/coinbase/ws");
    stream.write_all(&frame(0x81, br#"{"type":"subscribe","channels":["nothing"]}"#)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let heard = hear(&mut stream, |_| false);
    assert!(heard.texts.len() == 1 && heard.closed == Some(1000), "{heard:?}");
}

#[test]
fn a_burst_of_a_client_that_reads_cuts_nobody_off() {
    let served = Served::with(|config| config.market_data.public = true);
    for (burst, of) in [(frame(0x81, PING), "messages"), (frame(0x89, b"x"), "frames")] {
        let mut stream = open(served.address, "/v1/stream");
        let all = [burst.repeat(1_300), frame(0x81, br#"{"op":"ping","ref":"last"}"#)].concat();
        stream.write_all(&all).unwrap();
        let last = r#"{"op":"pong","ref":"last"}"#;
        let heard = hear(&mut stream, |heard| heard.texts.last().is_some_and(|text| text == last));
        assert_eq!(heard.closed, None, "{of}");
        let answers = heard.texts.len() + heard.pongs.len();
        assert!(answers > 1 && heard.texts.last().is_some_and(|text| text == last), "{of}: {answers}");
        if of == "messages" {
            assert_eq!(heard.texts.len(), 1_301);
        }
    }
}

#[test]
fn an_upgrade_names_a_key() {
    let served = Served::start();
    let client = Client::new(served.address);
    let ask = |path: &str, keys: &[&str]| {
        let mut headers = vec![("upgrade", "websocket"), ("sec-websocket-version", "13")];
        headers.extend(keys.iter().map(|key| ("sec-websocket-key", *key)));
        let headers: Vec<_> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        client.upgrade(path, &headers)
    };
    const GOOD: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    for path in ["/v1/stream", "/coinbase/ws"] {
        assert_eq!(ask(path, &[GOOD]), 101);
        let fifteen = "AAAAAAAAAAAAAAAAAAAA";
        for keys in [
            &[][..],
            &[""],
            &["x"],
            &["dGhlIHNhbXBsZSBub25jZQ"],
            &[fifteen],
            &[GOOD, GOOD],
            &["*GhlIHNhbXBsZSBub25jZQ=="],
        ] {
            assert_eq!(ask(path, keys), 400, "{path} {keys:?}");
        }
    }
}
