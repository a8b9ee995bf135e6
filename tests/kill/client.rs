//! A client that knows nothing of the node but its address: HTTP/1.1 on one connection, requests signed with a key.
#![allow(unreachable_pub)] // a module of one test

use huangpu::demo::Trader;
use huangpu::serve::access::{Signed, sign};
use serde_json::Value;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Client {
    stream: TcpStream,
    trader: Trader,
    last_ms: u128,
}

/// An answer: its status and its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

impl Client {
    pub fn connect(address: SocketAddr, trader: &Trader) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, trader: trader.clone(), last_ms: 0 })
    }

    /// A signature is accepted once, so no two requests of a client bear the same time.
    pub fn post(&mut self, path: &str, body: &str) -> Result<Answer> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.last_ms = now.max(self.last_ms + 1);
        let time = self.last_ms.to_string();
        let signed = Signed { time: &time, method: "POST", path, body: body.as_bytes() };
        let signature: String =
            sign(self.trader.secret.as_bytes(), &signed).iter().map(|byte| format!("{byte:02x}")).collect();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             HP-KEY: {}\r\nHP-TIME: {time}\r\nHP-SIGN: {signature}\r\n\r\n{body}",
            body.len(),
            self.trader.key
        );
        self.stream.write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
        loop {
            let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(head) = head {
                let text = std::str::from_utf8(&bytes[..head]).map_err(|_| broken("the head is no text"))?;
                let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
                let length = text.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
                });
                let status = status.ok_or_else(|| broken("no status"))?;
                let end = head + 4 + length.unwrap_or(0);
                if bytes.len() >= end {
                    let body = serde_json::from_slice(&bytes[head + 4..end]).unwrap_or(Value::Null);
                    return Ok(Answer { status, body });
                }
            }
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&piece[..read]);
        }
    }
}
