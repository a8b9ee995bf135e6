//! The feed: the node's own streams, told in the messages of this API. A connection listens and subscribes here; what it is told
//! waits in its outbox like that of any other stream, and passes the teller on its way out.

mod teller;
mod user;
mod words;

use super::account::account_of;
use super::history::written;
use super::product::{product, product_name, status};
use super::sign::{Claim, signer};
use super::{bad, refusal, utc};
use crate::projection::TradeRow;
use crate::serve::access::{Caller, Signed};
use crate::serve::line::Line;
use crate::serve::listen::Kept;
use crate::serve::problem::{Code, Problem};
use crate::serve::stream::{self, End, Out, Outbox, Seat, Subscriber, Topic};
use crate::serve::{App, door};
use axum::body::Body;
use axum::extract::Request;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use axum::http::Response;
use base::InstrumentId;
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use gateway::Names;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use teller::{Teller, Told, Trade};
use tokio::sync::mpsc;
use words::{Channel, Said, Wanted};

/// How long one may take to say who one is, where market data is not open.
const TO_SIGN_IN: Duration = Duration::from_secs(5);
/// How long a client may say nothing, not even that it lives.
const SILENCE: Duration = Duration::from_secs(60);
/// How often it is looked at whether a client may still be here.
const LOOK: Duration = Duration::from_millis(500);
/// How often a heartbeat is told.
const BEAT: Duration = Duration::from_secs(1);
/// How often the prices of those are told who listen to them in batches.
const BATCH: Duration = Duration::from_secs(5);
/// Trades from before a stream began that are looked at for the last one.
const LOOK_BACK: u32 = 100;
/// How long a connection may take to close.
const CLOSING: Duration = Duration::from_secs(5);
/// Messages that wait between the outbox and the socket.
const TOGETHER: usize = 64;
/// Products of a channel at most.
const PRODUCTS_MAX: usize = 200;
/// What a subscription signs, besides its time.
const SIGNED: &str = "/users/self/verify";

/// A connection.
struct Feed {
    app: Arc<App>,
    outbox: Arc<Outbox>,
    seat: Seat,
    peer: IpAddr,
    caller: Option<Caller>,
    channels: BTreeMap<Channel, BTreeSet<InstrumentId>>,
    teller: Arc<Mutex<Teller>>,
    began: Instant,
    heard: Instant,
}

/// Answers the request that opens the feed.
pub(super) async fn enter(app: Arc<App>, peer: IpAddr, request: Request) -> Response<Body> {
    app.reader.at_least(app.clerk.acknowledged()).await;
    let (mut parts, _) = request.into_parts();
    let reply = match admit(&app, peer, &mut parts).await {
        Ok(response) => response,
        Err(problem) => refusal::tell(problem).into_response(),
    };
    app.gauges.request(reply.status().as_u16());
    reply
}

async fn admit(
    app: &Arc<App>,
    peer: IpAddr,
    parts: &mut axum::http::request::Parts,
) -> Result<Response<Body>, Problem> {
    if parts.extensions.get::<Kept>().is_some() {
        door::keep_for_operators(app, None)?;
    }
    door::take(app, None, peer)?;
    let (upgrade, seat) = stream::upgrade(app, parts).await?;
    let (own, line) = (Arc::clone(app), stream::line(parts));
    Ok(upgrade.on_upgrade(move |socket| run(own, socket, peer, seat, line)))
}

/// A connection, from here to its end.
async fn run(app: Arc<App>, socket: WebSocket, peer: IpAddr, seat: Seat, line: Line) {
    let (sink, mut said) = socket.split();
    let (outbox, out) = Outbox::new(app.config.limits.stream_queue_messages, Arc::clone(&app.gauges));
    let teller = Arc::new(Mutex::new(Teller::default()));
    let (told, translated) = mpsc::channel(TOGETHER);
    tokio::spawn(translate(Arc::clone(&app), (out, Arc::clone(&outbox)), Arc::clone(&teller), told));
    let writing = tokio::spawn(stream::write(sink, translated, Arc::clone(&outbox), true));
    let (channels, now) = (BTreeMap::new(), Instant::now());
    let mut this = Feed { app, outbox, seat, peer, caller: None, channels, teller, began: now, heard: now };
    this.listen(&mut said, &line).await;
    this.app.hub.leave(this.seat.number, &this.topics());
    // What the client still says is read and forgotten until it has heard that this is the end.
    let reading = async { while let Some(Ok(_)) = said.next().await {} };
    let writing = async {
        let _ = writing.await;
        line.answered();
    };
    let _ = tokio::time::timeout(CLOSING, async { tokio::join!(writing, reading) }).await;
    line.answered();
}

/// Passes on what comes out of the outbox, in the words of this API. Where the client does not take it, it is the outbox that fills.
/// At the end of the connection what is in it is passed on, and then there is no more.
async fn translate(
    app: Arc<App>,
    (mut out, outbox): (mpsc::Receiver<Out>, Arc<Outbox>),
    teller: Arc<Mutex<Teller>>,
    told: mpsc::Sender<Out>,
) {
    loop {
        let next = tokio::select! {
            biased;
            next = out.recv() => next,
            _ = outbox.ended() => out.try_recv().ok(),
        };
        let Some(out) = next else { return };
        let texts = match out {
            Out::One(text) => vec![text],
            Out::Many(texts) => texts,
        };
        for text in texts {
            let messages = match Told::read(&text) {
                Some(message) => in_our_words(&app, &teller, message).await,
                // What this feed says itself passes as it is; the node's own answers are for the node's own clients.
                None if text.starts_with("{\"type\"") => vec![text],
                None => Vec::new(),
            };
            for message in messages {
                if told.send(Out::One(message)).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn in_our_words(app: &Arc<App>, teller: &Mutex<Teller>, mut message: Told) -> Vec<Utf8Bytes> {
    if message.channel == "status" {
        let told = status(app.reader.read().state());
        return vec![told.to_string().into()];
    }
    if message.lacks_trades() {
        let trades = trades_before(app, message.instrument.clone().unwrap_or_default(), message.seq).await;
        message.with_trades(trades);
    }
    locked(teller).tell(message).into_iter().map(|message| message.to_string().into()).collect()
}

/// The last trades of an instrument up to a record, in order: what was traded before anybody listened.
async fn trades_before(app: &Arc<App>, code: String, seq: u64) -> Vec<Trade> {
    app.past.at_least(seq).await;
    let app = Arc::clone(app);
    let looked_up = tokio::task::spawn_blocking(move || {
        let id = app.reader.read().state().venue().instrument_id(&code)?;
        let rows = app.past.projection.read(|view| view.trades(id, None, LOOK_BACK)).ok()?.value;
        let follower = app.reader.read();
        let written = written(follower.state(), id).ok()?;
        let trade = |row: TradeRow| Trade {
            trade: row.trade.0,
            time: utc(row.time),
            price: written.price(row.price),
            quantity: written.quantity(row.quantity),
            method: row.method,
            side: row.aggressor,
        };
        Some(rows.into_iter().rev().filter(|row| row.sequence.0 <= seq).map(trade).collect())
    });
    looked_up.await.ok().flatten().unwrap_or_default()
}

fn locked(teller: &Mutex<Teller>) -> MutexGuard<'_, Teller> {
    teller.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    /// Does what the client says, as long as there is room for what it is told.
    async fn listen(&mut self, said: &mut SplitStream<WebSocket>, line: &Line) {
        let (outbox, hub) = (Arc::clone(&self.outbox), Arc::clone(&self.app.hub));
        let (mut look, mut beat) = (tokio::time::interval(LOOK), tokio::time::interval(BEAT));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut batch = tokio::time::interval(BATCH);
        batch.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let room = outbox.has_room();
            tokio::select! {
                biased;
                _ = outbox.ended() => return,
                () = hub.stopped() => {
                    outbox.end(End::STOPPING);
                }
                _ = look.tick() => self.look(),
                _ = beat.tick() => self.beat(),
                _ = batch.tick() => self.batch(),
                message = said.next(), if room => self.hear(message).await,
                () = outbox.wrote(), if !room => {}
                () = line.said_all() => {
                    outbox.end(End::LEFT);
                }
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => {
                if let Err(problem) = self.text(&text).await {
                    self.refuse(&problem);
                }
            }
            Some(Ok(Message::Binary(_))) => self.refuse(&bad("a message is text")),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => {
                self.outbox.end(End::LEFT);
            }
            Some(Err(error)) => {
                self.outbox.end(End::of(&error));
            }
        }
    }

    /// Whether the client lives, and may still be here.
    fn look(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.heard) > SILENCE {
            self.outbox.end(End::SILENT);
        }
        let open = self.app.config.market_data.public;
        match &self.caller {
            None if !open && now.duration_since(self.began) > TO_SIGN_IN => {
                self.outbox.end(End::NOT_SIGNED_IN);
            }
            Some(caller) => {
                let follower = self.app.reader.read();
                let now = Caller::of(follower.state(), caller.user, caller.via.clone());
                if now.map(|now| now.at(caller.door)).as_ref() != Some(caller) {
                    self.outbox.end(End::SIGNED_OUT);
                }
            }
            None => {}
        }
    }

    fn beat(&self) {
        let (time, sequence) = (utc(self.app.clock.now()), self.app.reader.sequence());
        let beats: Vec<_> = {
            let teller = locked(&self.teller);
            let products = teller.channels.get(&Channel::Heartbeat).into_iter().flatten();
            products.map(|(code, product)| (product.clone(), teller.last_trade(code))).collect()
        };
        for (product, last) in beats {
            self.say(&json!({
                "type": "heartbeat",
                "sequence": sequence,
                "last_trade_id": last,
                "product_id": product,
                "time": time,
            }));
        }
    }

    fn batch(&self) {
        let sequence = self.app.reader.sequence();
        let waiting = locked(&self.teller).batched(sequence);
        waiting.iter().for_each(|message| self.say(message));
    }

    async fn text(&mut self, text: &str) -> Result<(), Problem> {
        let most = self.app.config.limits.body_bytes_max;
        if text.len() > most {
            let detail = format!("a message has at most {most} bytes, this one has {}", text.len());
            return Err(Problem::new(Code::TooLarge, detail));
        }
        door::take(&self.app, self.caller.as_ref(), self.peer)?;
        let said =
            serde_json::from_str(text).map_err(|error| Problem::new(Code::BadJson, error.to_string()))?;
        match said {
            Said::Subscribe(wanted) => self.subscribe(&wanted, text).await,
            Said::Unsubscribe(wanted) => self.unsubscribe(&wanted),
        }
    }

    async fn subscribe(&mut self, wanted: &Wanted, text: &str) -> Result<(), Problem> {
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        if let Some(key) = &wanted.key {
            let (time, sign) = wanted.signed(text);
            let signed = Signed { time: &time, method: "GET", path: SIGNED, body: b"" };
            // Its time is in seconds, and it changes nothing: it may come again.
            let claim = Claim { key, time: &time, sign };
            let (caller, _) = signer(&self.app, &claim, &[signed])?;
            match &self.caller {
                Some(before) if *before == caller => {}
                Some(_) => return Err(bad("another key has signed here already")),
                None => stream::take_for(&self.app, &mut self.seat, &caller)?,
            }
            self.caller = Some(caller);
        }
        // All of it, or nothing.
        let named = wanted.channels()?.into_iter();
        let found = named.map(|(channel, names)| Ok((channel, self.products(channel, names)?)));
        let found: Vec<_> = found.collect::<Result<_, Problem>>()?;
        let mut topics = BTreeSet::new();
        for (channel, ids) in found {
            topics.extend(self.topics_of(channel, &ids));
            self.channels.entry(channel).or_default().extend(ids);
        }
        self.tell_teller();
        self.say(&locked(&self.teller).subscriptions());
        for topic in topics {
            let orders = stream::known_orders(&self.app, topic).await;
            let who = Subscriber {
                socket: self.seat.number,
                outbox: &self.outbox,
                from: None,
                reference: None,
                known: &orders,
            };
            self.app.hub.subscribe(self.app.reader.read().state(), topic, &who);
        }
        Ok(())
    }

    fn unsubscribe(&mut self, wanted: &Wanted) -> Result<(), Problem> {
        let before = self.topics();
        let named = wanted.channels()?.into_iter();
        let of = |(channel, names): (Channel, &[String])| {
            let gone = if names.is_empty() { None } else { Some(self.products(channel, names)?) };
            Ok((channel, gone))
        };
        for (channel, gone) in named.map(of).collect::<Result<Vec<_>, Problem>>()? {
            let Some(gone) = gone else {
                self.channels.remove(&channel);
                continue;
            };
            if let Some(left) = self.channels.get_mut(&channel) {
                left.retain(|id| !gone.contains(id));
            }
        }
        self.channels.retain(|channel, products| !products.is_empty() || !channel.is_of_products());
        self.tell_teller();
        let after = self.topics();
        self.app.hub.leave(self.seat.number, before.difference(&after));
        self.say(&locked(&self.teller).subscriptions());
        Ok(())
    }

    /// The products that a channel is wanted for, if the client may have it.
    fn products(&self, channel: Channel, names: &[String]) -> Result<BTreeSet<InstrumentId>, Problem> {
        let open = self.app.config.market_data.public && channel != Channel::User;
        if self.caller.is_none() && !open {
            return Err(Problem::new(Code::Unauthenticated, "nobody has signed"));
        }
        if channel == Channel::Full {
            stream::check_by_order(&self.app.config)?;
        }
        if !channel.is_of_products() {
            return Ok(BTreeSet::new());
        }
        if names.is_empty() || names.len() > PRODUCTS_MAX {
            return Err(bad(format!("{} is for 1 to {PRODUCTS_MAX} products", channel.name())));
        }
        let follower = self.app.reader.read();
        if let Some(caller) = self.caller.as_ref().filter(|_| channel == Channel::User) {
            account_of(follower.state(), caller)?;
        }
        let found = names.iter().map(|name| product(follower.state(), name));
        found.collect::<Result<_, _>>().map_err(|problem: Problem| bad(problem.detail))
    }

    /// The node's own streams that a channel is told from.
    fn topics_of(&self, channel: Channel, ids: &BTreeSet<InstrumentId>) -> BTreeSet<Topic> {
        let each = |of: &[fn(InstrumentId) -> Topic]| -> BTreeSet<Topic> {
            ids.iter().flat_map(|id| of.iter().map(move |topic| topic(*id))).collect()
        };
        match channel {
            Channel::Level2 | Channel::Level2Batch => each(&[Topic::Book]),
            Channel::Full => each(&[Topic::Queue]),
            Channel::Matches | Channel::Heartbeat => each(&[Topic::Trades]),
            Channel::Ticker | Channel::TickerBatch => each(&[Topic::Trades, |_| Topic::Ticker]),
            Channel::Status => [Topic::Status].into(),
            Channel::User => {
                let firm = self.caller.as_ref().map(|caller| Topic::DropCopy(caller.participant));
                firm.into_iter().collect()
            }
        }
    }

    fn topics(&self) -> BTreeSet<Topic> {
        self.channels.iter().flat_map(|(channel, ids)| self.topics_of(*channel, ids)).collect()
    }

    /// Says to the teller what is to be told.
    fn tell_teller(&self) {
        let follower = self.app.reader.read();
        let state = follower.state();
        let named = |id: &InstrumentId| (Names(state).instrument(*id), product_name(state, *id));
        let channels = self.channels.iter().map(|(channel, ids)| (*channel, ids.iter().map(named).collect()));
        let account = self.caller.as_ref().and_then(|caller| account_of(state, caller).ok());
        let account = account.map(|account| Names(state).account(account));
        let mut teller = locked(&self.teller);
        (teller.channels, teller.account) = (channels.collect(), account);
    }

    fn say(&self, message: &serde_json::Value) {
        self.outbox.say(message.to_string());
    }

    fn refuse(&self, problem: &Problem) {
        let message = match problem.code {
            Code::Unauthenticated | Code::BadSignature | Code::StaleTime => "Authentication Failed",
            _ => "Failed to subscribe",
        };
        self.say(&json!({ "type": "error", "message": message, "reason": refusal::words(problem) }));
    }
}
