//! A client for measurements: as little work as can be beside the node's.

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use huangpu::demo::{Random, Trader};
use huangpu::serve::access::{Signed, sign};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Orders of a trader that stand away from the price before it cancels the oldest of them.
const STANDING_MAX: usize = 20;
/// The price around which all is, in hundredths.
const MIDDLE: i64 = 10_000;
/// Of a hundred commands, so many trade or wait to be traded with; of the others every second one is a cancel.
const NEAR_PERCENT: u64 = 30;

/// How commands are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Rest,
    WebSocket,
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::WebSocket => "websocket",
        }
    }
}

/// A command as the flow makes it.
pub(crate) enum Command {
    Place { body: Value, away: bool },
    Cancel { body: Value },
}

/// What came of one.
pub(crate) struct Answer {
    pub(crate) refused: bool,
    pub(crate) order: Option<u64>,
}

/// The orders of one trader: some trade, or wait at the best prices to be traded with; the others stand so far from the price that
/// nothing reaches them, so that every cancel of one, sent when its order was answered, finds it.
pub(crate) struct Flow {
    trader: Trader,
    instrument: String,
    random: Random,
    prefix: String,
    number: u64,
    away: VecDeque<u64>,
}

impl Flow {
    pub(crate) fn new(trader: Trader, instrument: String, seed: u64) -> Self {
        let (random, prefix) = (Random(seed), format!("{seed:x}"));
        Self { trader, instrument, random, prefix, number: 0, away: VecDeque::new() }
    }

    pub(crate) fn next(&mut self) -> Command {
        self.number += 1;
        if self.random.percent(NEAR_PERCENT) {
            return self.near();
        }
        if self.away.len() > STANDING_MAX
            && let Some(order) = self.away.pop_front()
        {
            let body = json!({"id": self.id(), "account": self.trader.account, "order": order});
            return Command::Cancel { body };
        }
        let (side, distance) = (self.side(), self.random.between(20, 60));
        let price = if side == "buy" { MIDDLE - distance } else { MIDDLE + distance };
        Command::Place { body: self.order(side, price, "day"), away: true }
    }

    /// One that rests within five hundredths, or takes what rests there and is gone.
    fn near(&mut self) -> Command {
        let (side, rests) = (self.side(), self.random.percent(50));
        let (distance, life) = if rests { (self.random.between(1, 5), "day") } else { (-5, "ioc") };
        let price = if side == "buy" { MIDDLE - distance } else { MIDDLE + distance };
        Command::Place { body: self.order(side, price, life), away: false }
    }

    fn side(&mut self) -> &'static str {
        if self.random.percent(50) { "buy" } else { "sell" }
    }

    fn id(&self) -> String {
        format!("{}.{}", self.prefix, self.number)
    }

    fn order(&mut self, side: &str, hundredths: i64, life: &str) -> Value {
        json!({"id": self.id(), "account": self.trader.account, "instrument": self.instrument, "side": side,
            "price": format!("{}.{:02}", hundredths / 100, hundredths % 100), "life": life,
            "quantity": self.random.between(1, 10).to_string()})
    }

    pub(crate) fn told(&mut self, command: &Command, answer: &Answer) {
        if let (Command::Place { away: true, .. }, Some(order)) = (command, answer.order) {
            self.away.push_back(order);
        }
    }
}

/// A connection of a trader.
pub(crate) enum Connection {
    Rest(Rest),
    Socket(Box<Socket>),
}

impl Connection {
    pub(crate) async fn open(transport: Transport, address: SocketAddr, trader: &Trader) -> Result<Self> {
        Ok(match transport {
            Transport::Rest => Self::Rest(Rest::open(address, trader).await?),
            Transport::WebSocket => Self::Socket(Box::new(Socket::open(address, trader, 0).await?)),
        })
    }

    pub(crate) async fn ask(&mut self, command: &Command) -> Result<Answer> {
        match self {
            Self::Rest(rest) => rest.ask(command).await,
            Self::Socket(socket) => socket.ask(command).await,
        }
    }
}

fn now_ms() -> u64 {
    u64::try_from(UNIX_EPOCH.elapsed().unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

fn signature(trader: &Trader, signed: &Signed<'_>) -> String {
    let signature = sign(trader.secret.as_bytes(), signed);
    signature.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn answer_of(found: &Value, problem: bool) -> Result<Answer> {
    let order = found["created"]["number"].as_u64();
    ensure!(!problem || found["code"] == "refused", "the node answered {found}");
    Ok(Answer { refused: problem, order })
}

/// HTTP/1.1 on one connection that stays.
pub(crate) struct Rest {
    stream: TcpStream,
    trader: Trader,
    bytes: Vec<u8>,
}

impl Rest {
    async fn open(address: SocketAddr, trader: &Trader) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, trader: trader.clone(), bytes: Vec::new() })
    }

    async fn ask(&mut self, command: &Command) -> Result<Answer> {
        let (path, body) = match command {
            Command::Place { body, .. } => ("/v1/orders", body),
            Command::Cancel { body } => ("/v1/commands/cancel_order", body),
        };
        let body = body.to_string();
        // Requests of one millisecond have different signatures, because each has an id of its own.
        let time = now_ms().to_string();
        let signed = Signed { time: &time, method: "POST", path, body: body.as_bytes() };
        let sign = signature(&self.trader, &signed);
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             HP-KEY: {}\r\nHP-TIME: {time}\r\nHP-SIGN: {sign}\r\n\r\n{body}",
            body.len(),
            self.trader.key
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer> {
        self.bytes.clear();
        loop {
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                bail!("the node closed the connection");
            }
            let Some(head) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = std::str::from_utf8(&self.bytes[..head]).context("the head is no text")?;
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let ok = text.starts_with("HTTP/1.1 200");
            if let Some(body) = self.bytes.get(head + 4..head + 4 + length.unwrap_or(0)) {
                let found: Value = serde_json::from_slice(body).context("the body is no JSON")?;
                return answer_of(&found, !ok);
            }
        }
    }
}

/// A WebSocket that is signed in.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// `earlier`: so many milliseconds before now it is signed.
    pub(crate) async fn open(address: SocketAddr, trader: &Trader, earlier: u64) -> Result<Self> {
        let (stream, _) = tokio_tungstenite::connect_async(format!("ws://{address}/v1/stream")).await?;
        if let MaybeTlsStream::Plain(tcp) = stream.get_ref() {
            tcp.set_nodelay(true)?;
        }
        let mut socket = Self { stream };
        let time = (now_ms() - earlier).to_string();
        let signed = Signed { time: &time, method: "GET", path: "/v1/stream", body: b"" };
        let sign = signature(trader, &signed);
        socket.write(&json!({"op": "auth", "key": trader.key, "time": time, "sign": sign})).await?;
        Ok(socket)
    }

    async fn write(&mut self, message: &Value) -> Result<()> {
        Ok(self.stream.send(Message::text(message.to_string())).await?)
    }

    /// The next message, as it came.
    pub(crate) async fn read_text(&mut self) -> Result<Utf8Bytes> {
        loop {
            match self.stream.next().await.context("the node closed the stream")?? {
                Message::Text(text) => return Ok(text),
                Message::Close(why) => bail!("the node closed the stream: {why:?}"),
                _ => {}
            }
        }
    }

    /// The next message.
    pub(crate) async fn read(&mut self) -> Result<Value> {
        Ok(serde_json::from_str(self.read_text().await?.as_str())?)
    }

    async fn read_until(&mut self, op: &str) -> Result<Value> {
        loop {
            let message = self.read().await?;
            if message["op"] == op {
                return Ok(message);
            }
            ensure!(message["op"] != "error", "the node answered {message}");
        }
    }

    pub(crate) async fn subscribe(&mut self, channel: &str, instrument: &str) -> Result<()> {
        self.write(&json!({"op": "subscribe", "channel": channel, "instrument": instrument})).await?;
        self.read_until("subscribed").await?;
        Ok(())
    }

    async fn ask(&mut self, command: &Command) -> Result<Answer> {
        let (name, mut message) = match command {
            Command::Place { body, .. } => ("place_order", body.clone()),
            Command::Cancel { body } => ("cancel_order", body.clone()),
        };
        message["op"] = "command".into();
        message["do"] = name.into();
        self.write(&message).await?;
        let found = self.read_until("answer").await?;
        let problem = &found["problem"];
        if problem.is_null() { answer_of(&found, false) } else { answer_of(problem, true) }
    }
}
