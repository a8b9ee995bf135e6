//! A client of a node's streams.

use crate::common::client::fresh_ms;
use crate::common::{Served, key_of};
use crate::schema;
use futures_util::{SinkExt, StreamExt};
use huangpu::serve::access::{Secrets, Signed, sign};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// What comes.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    Text(String),
    Closed(u16),
    BrokeOff,
}

/// See the module.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Everything that came, as it came.
    pub(crate) all: Vec<String>,
    next_ref: u64,
}

/// Opens a connection with headers.
pub(crate) async fn open(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8_192).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let mut request = format!("ws://{address}/v1/stream").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (stream, _) = tokio_tungstenite::client_async(request, stream).await?;
    Ok(Socket { stream, all: Vec::new(), next_ref: 0 })
}

/// The first message of a user's key.
pub(crate) fn auth(served: &Served, key: &str) -> Value {
    let secret = Secrets::open(served.dir.path()).unwrap().of_key(key);
    let time = fresh_ms().to_string();
    let signed = Signed { time: &time, method: "GET", path: "/v1/stream", body: b"" };
    let sign = huangpu::node::hex(&sign(secret.as_bytes(), &signed));
    json!({ "op": "auth", "key": key, "time": time, "sign": sign })
}

/// A connection that is signed in as a user.
pub(crate) async fn as_user(served: &Served, name: &str) -> Socket {
    with_key(served, &key_of(name)).await
}

/// A connection that is signed in with a key.
pub(crate) async fn with_key(served: &Served, key: &str) -> Socket {
    let mut socket = open(served.address, &[]).await.unwrap();
    let said = auth(served, key);
    socket.send(&said).await;
    let got = socket.json().await;
    assert_eq!(got["op"], "authenticated", "{got}");
    schema::said(&said);
    socket
}

impl Socket {
    pub(crate) async fn text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn binary(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    /// Sends without caring whether it arrives.
    pub(crate) async fn try_text(&mut self, text: String) -> bool {
        self.stream.send(Message::text(text)).await.is_ok()
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.text(&message.to_string()).await;
    }

    /// The next thing that comes, if it does in time.
    pub(crate) async fn within(&mut self, time: Duration) -> Option<Came> {
        let until = tokio::time::Instant::now() + time;
        loop {
            return match tokio::time::timeout_at(until, self.stream.next()).await {
                Err(_) => None,
                Ok(Some(Ok(Message::Text(text)))) => {
                    schema::told(&text);
                    self.all.push(text.to_string());
                    Some(Came::Text(text.to_string()))
                }
                Ok(Some(Ok(Message::Close(Some(frame))))) => Some(Came::Closed(frame.code.into())),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => continue,
                Ok(_) => Some(Came::BrokeOff),
            };
        }
    }

    /// The next message.
    pub(crate) async fn json(&mut self) -> Value {
        match self.within(PATIENCE).await {
            Some(Came::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a message, found {other:?}"),
        }
    }

    /// The next message for which something holds.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.json().await;
            if holds(&message) {
                return message;
            }
        }
    }

    /// What comes until nothing has come for a while.
    pub(crate) async fn rest(&mut self, quiet: Duration) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(Came::Text(text)) = self.within(quiet).await {
            rest.push(serde_json::from_str(&text).unwrap());
        }
        rest
    }

    /// The code with which it is closed.
    pub(crate) async fn end(&mut self) -> Came {
        loop {
            match self.within(PATIENCE).await {
                Some(Came::Text(_)) => {}
                Some(end) => return end,
                None => panic!("the connection goes on"),
            }
        }
    }

    /// Subscribes, and gives what the node says to it.
    pub(crate) async fn subscribe(&mut self, fields: &Value) -> Value {
        self.next_ref += 1;
        let reference = format!("sub-{}", self.next_ref);
        let mut message = fields.clone();
        (message["op"], message["ref"]) = ("subscribe".into(), reference.clone().into());
        self.ask(&message, &reference).await
    }

    /// Subscribes, and gives the snapshot.
    pub(crate) async fn snapshot(&mut self, fields: &Value) -> Value {
        let said = self.subscribe(fields).await;
        assert_eq!((&said["op"], &said["resumed"]), (&"subscribed".into(), &false.into()), "{said}");
        let snapshot = self.json().await;
        assert_eq!((&snapshot["type"], &snapshot["prev"]), (&"snapshot".into(), &0.into()), "{snapshot}");
        snapshot
    }

    /// Sends a command, and gives its answer.
    pub(crate) async fn command(&mut self, name: &str, fields: &Value) -> Value {
        self.next_ref += 1;
        let reference = format!("do-{}", self.next_ref);
        let mut message = fields.clone();
        (message["op"], message["do"], message["ref"]) =
            ("command".into(), name.into(), reference.clone().into());
        self.ask(&message, &reference).await
    }

    /// Sends all commands before it reads an answer, and gives the answers as they come.
    pub(crate) async fn commands(&mut self, commands: Vec<(&str, Value)>) -> Vec<Value> {
        let count = commands.len();
        for (name, mut message) in commands {
            self.next_ref += 1;
            (message["op"], message["do"], message["ref"]) =
                ("command".into(), name.into(), format!("do-{}", self.next_ref).into());
            self.send(&message).await;
        }
        let mut answers = Vec::new();
        while answers.len() < count {
            answers.push(self.until(|message| !message["ref"].is_null()).await);
        }
        answers
    }

    /// Says something, and gives what answers it. What is understood is described.
    async fn ask(&mut self, message: &Value, reference: &str) -> Value {
        self.send(message).await;
        let answer = self.until(|message| message["ref"] == reference).await;
        if answer["op"] != "error" && answer["problem"].is_null() {
            schema::said(message);
        }
        answer
    }
}
