//! A connection: what its client says is done in order, what it is told waits in its outbox, and when it ends its orders do too,
//! if it chose so.

use super::hub::{Seat, Subscriber};
use super::outbox::{End, Outbox};
use super::topic::{Topic, Wanted, check_by_order};
use super::words::{self, Auth, Ref, Said, Subscription};
use super::{upgrade, writer};
use crate::serve::access::{Caller, Signed, Via, random_text};
use crate::serve::api::commands::{self, Sent};
use crate::serve::clerk::Unanswered;
use crate::serve::line::Line;
use crate::serve::problem::{Code, Problem};
use crate::serve::{App, door};
use axum::extract::ws::{Message, WebSocket};
use base::Sentence;
use engine::{ClientId, Command, Door, Envelope};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use trading::{MassCancel, Whose};

/// How long one may take to say who one is.
const TO_SIGN_IN: Duration = Duration::from_secs(5);
/// How long a client may say nothing, not even that it lives.
const SILENCE: Duration = Duration::from_secs(60);
/// How often it is looked at whether a client may still be here.
const LOOK: Duration = Duration::from_millis(500);
/// How long the commands of a client that says no more may take to be answered.
const TO_ANSWER: Duration = Duration::from_secs(60);
/// How long a connection may take to close.
const CLOSING: Duration = Duration::from_secs(5);
/// Subscriptions of a connection.
const SUBSCRIPTIONS: usize = 200;
/// Commands of a connection that wait for their answer.
const IN_FLIGHT: u32 = 256;
/// The longest dead man's timer, in seconds.
const DEAD_MAN_MAX: u64 = 3_600;

/// How someone came.
pub(super) struct Arrival {
    /// Who it is, where that is known already.
    pub(super) caller: Option<Caller>,
    /// It came with the cookie of a session that is over.
    pub(super) signed_out: bool,
    /// From where.
    pub(super) peer: IpAddr,
    /// Over what.
    pub(super) line: Line,
}

struct Socket {
    app: Arc<App>,
    outbox: Arc<Outbox>,
    seat: Seat,
    caller: Option<Caller>,
    peer: IpAddr,
    topics: BTreeSet<Topic>,
    in_flight: Arc<Semaphore>,
    cancel_on_disconnect: bool,
    dead_man: Option<DeadMan>,
    began: Instant,
    heard: Instant,
}

/// A timer that every message winds up.
struct DeadMan {
    after: Duration,
    /// None when it has gone off, until the next message.
    at: Option<Instant>,
}

/// A connection, from here to its end.
pub(super) async fn run(app: Arc<App>, socket: WebSocket, arrival: Arrival, seat: Seat) {
    let (sink, mut stream) = socket.split();
    let (outbox, out) = Outbox::new(app.config.limits.stream_queue_messages, Arc::clone(&app.gauges));
    let writing = tokio::spawn(writer::run(sink, out, Arc::clone(&outbox), false));
    let Arrival { caller, signed_out, peer, line } = arrival;
    let must_change = caller.as_ref().is_some_and(|caller| caller.must_change);
    let now = Instant::now();
    let mut this = Socket {
        app,
        outbox,
        seat,
        caller,
        peer,
        topics: BTreeSet::new(),
        in_flight: Arc::new(Semaphore::new(IN_FLIGHT as usize)),
        cancel_on_disconnect: false,
        dead_man: None,
        began: now,
        heard: now,
    };
    if signed_out {
        this.outbox.end(End::NOT_SIGNED_IN);
    } else if must_change {
        this.outbox.end(End::NOT_PERMITTED);
    } else {
        this.listen(&mut stream, &line).await;
    }
    this.end().await;
    // What the client still says is read and forgotten until it has heard that this is the end.
    let reading = async { while let Some(Ok(_)) = stream.next().await {} };
    let writing = async {
        let _ = writing.await;
        line.answered();
    };
    let _ = tokio::time::timeout(CLOSING, async { tokio::join!(writing, reading) }).await;
    line.answered();
}

impl Socket {
    /// Does what the client says, as long as there is room for what it is told.
    async fn listen(&mut self, stream: &mut futures_util::stream::SplitStream<WebSocket>, line: &Line) {
        let (outbox, hub) = (Arc::clone(&self.outbox), Arc::clone(&self.app.hub));
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let room = outbox.has_room();
            tokio::select! {
                biased;
                _ = outbox.ended() => return,
                () = hub.stopped() => {
                    outbox.end(End::STOPPING);
                }
                _ = look.tick() => self.look().await,
                message = stream.next(), if room => self.hear(message).await,
                () = outbox.wrote(), if !room => {}
                () = line.said_all() => self.finish().await,
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => {
                if let Some(dead_man) = &mut self.dead_man {
                    dead_man.at = Some(self.heard + dead_man.after);
                }
                self.text(&text).await;
            }
            Some(Ok(Message::Binary(_))) => {
                self.error(&Problem::new(Code::BadRequest, "a message is text"), None)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => {
                self.outbox.end(End::LEFT);
            }
            Some(Err(error)) => {
                self.outbox.end(End::of(&error));
            }
        }
    }

    /// The client has said all that it will, and still listens: its commands are answered before this is the end.
    async fn finish(&self) {
        tokio::select! {
            _ = tokio::time::timeout(TO_ANSWER, self.in_flight.acquire_many(IN_FLIGHT)) => {}
            () = self.app.hub.stopped() => {}
        }
        self.outbox.end(End::LEFT);
    }

    /// Whether the client lives, and may still be here.
    async fn look(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.heard) > SILENCE {
            self.outbox.end(End::SILENT);
        }
        let open = self.app.config.market_data.public;
        match &self.caller {
            None if !open && now.duration_since(self.began) > TO_SIGN_IN => {
                self.outbox.end(End::NOT_SIGNED_IN);
            }
            Some(caller) if !self.stands(caller) => {
                self.outbox.end(End::SIGNED_OUT);
            }
            _ => {}
        }
        let due = self.dead_man.as_ref().and_then(|dead_man| dead_man.at).is_some_and(|at| at <= now);
        if due && let Some(dead_man) = &mut self.dead_man {
            dead_man.at = None;
            let seconds = dead_man.after.as_secs();
            let id = self.cancel_orders().await;
            self.say(None, &json!({ "op": "dead_man", "seconds": seconds, "cancelled": true, "id": id }));
        }
    }

    /// Whether a caller is who it was when it came: the same user in force, with the same duties, by a session or a key in force.
    fn stands(&self, caller: &Caller) -> bool {
        if let Via::Session(token) = &caller.via
            && !self.app.sessions.lasts(token)
        {
            return false;
        }
        let follower = self.app.reader.read();
        let now = Caller::of(follower.state(), caller.user, caller.via.clone());
        now.is_some_and(|now| now.at(caller.door) == *caller)
    }

    async fn text(&mut self, text: &str) {
        let most = self.app.config.limits.body_bytes_max;
        if text.len() > most {
            let detail = format!("a message has at most {most} bytes, this one has {}", text.len());
            return self.error(&Problem::new(Code::TooLarge, detail), None);
        }
        let word = words::read(text);
        let reference = word.reference.as_ref();
        if let Err(problem) = door::take(&self.app, self.caller.as_ref(), self.peer) {
            return self.error(&problem, reference);
        }
        let done = match word.said {
            Ok(said) => self.carry_out(said, reference).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = done {
            self.error(&problem, reference);
        }
    }

    async fn carry_out(&mut self, said: Said, reference: Option<&Ref>) -> Result<(), Problem> {
        match said {
            Said::Auth(auth) => self.sign_in(&auth, reference).await,
            Said::Ping => {
                self.say(reference, &json!({ "op": "pong" }));
                Ok(())
            }
            Said::Subscribe(wanted) => self.subscribe(&wanted, reference).await,
            Said::Unsubscribe(wanted) => self.unsubscribe(&wanted, reference),
            Said::Command { name, id, fields } => self.command(&name, id, &fields, reference).await,
            Said::CancelOnDisconnect { on } => {
                if on {
                    self.promise().await?;
                }
                self.cancel_on_disconnect = on;
                self.promise_no_more();
                self.say(reference, &json!({ "op": "cancel_on_disconnect", "on": on }));
                Ok(())
            }
            Said::DeadMan { seconds } => {
                if seconds > DEAD_MAN_MAX {
                    return Err(Problem::field("seconds", format!("0 to {DEAD_MAN_MAX}, found {seconds}")));
                }
                if seconds > 0 {
                    self.promise().await?;
                }
                let after = Duration::from_secs(seconds);
                self.dead_man = (seconds > 0).then(|| DeadMan { after, at: Some(Instant::now() + after) });
                self.promise_no_more();
                self.say(reference, &json!({ "op": "dead_man", "seconds": seconds }));
                Ok(())
            }
        }
    }

    async fn sign_in(&mut self, auth: &Auth, reference: Option<&Ref>) -> Result<(), Problem> {
        if self.caller.is_some() {
            return Err(Problem::new(Code::BadRequest, "this connection is signed in already"));
        }
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        let time = auth.time.text();
        let signed = Signed { time: &time, method: "GET", path: upgrade::PATH, body: b"" };
        let signed = door::signer(&self.app, &auth.key, &signed, &auth.sign);
        let accepted = match signed {
            Ok((caller, signature)) => door::once(&self.app, &signature).await.map(|()| caller),
            Err(problem) => Err(problem),
        };
        match accepted {
            Ok(caller) => {
                upgrade::take_for(&self.app, &mut self.seat, &caller)?;
                let (user, participant) = {
                    let follower = self.app.reader.read();
                    let state = follower.state();
                    let user = state.roster().user(caller.user).map(|user| user.name.clone());
                    (user, gateway::Names(state).participant(caller.participant))
                };
                self.caller = Some(caller.at(Door::Stream));
                self.say(
                    reference,
                    &json!({ "op": "authenticated", "user": user, "participant": participant }),
                );
                Ok(())
            }
            // It can be signed anew.
            Err(problem) if problem.code == Code::Replayed => Err(problem),
            Err(problem) => {
                self.error(&problem, reference);
                self.outbox.end(End::NOT_SIGNED_IN);
                Ok(())
            }
        }
    }

    async fn subscribe(&mut self, wanted: &Subscription, reference: Option<&Ref>) -> Result<(), Problem> {
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        let topic = self.topic(wanted)?;
        if self.topics.len() >= SUBSCRIPTIONS && !self.topics.contains(&topic) {
            let detail = format!("a connection has at most {SUBSCRIPTIONS} subscriptions");
            return Err(Problem::new(Code::Busy, detail));
        }
        let known = super::known::orders(&self.app, topic).await;
        self.topics.insert(topic);
        let (socket, outbox, from) = (self.seat.number, &self.outbox, wanted.from);
        let who = Subscriber { socket, outbox, from, reference, known: &known };
        self.app.hub.subscribe(self.app.reader.read().state(), topic, &who);
        Ok(())
    }

    fn unsubscribe(&mut self, wanted: &Subscription, reference: Option<&Ref>) -> Result<(), Problem> {
        let topic = self.topic(wanted)?;
        self.topics.remove(&topic);
        let was = self.app.hub.leave(self.seat.number, [&topic]);
        let mut fields = topic.names(self.app.reader.read().state());
        fields.insert("was_subscribed".to_owned(), was.into());
        self.say(reference, &op("unsubscribed", fields));
        Ok(())
    }

    fn topic(&self, wanted: &Subscription) -> Result<Topic, Problem> {
        let Subscription { channel, instrument, account, .. } = wanted;
        let wanted = Wanted { channel, instrument: instrument.as_deref(), account: account.as_deref() };
        if wanted.channel == "queue" {
            check_by_order(&self.app.config)?;
        }
        let open = self.app.config.market_data.public;
        Topic::read(self.app.reader.read().state(), self.caller.as_ref(), wanted, open)
    }

    fn signed_in(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::new(Code::Unauthenticated, "nobody is signed in"))
    }

    /// Sends a command. Commands go to the node in the order in which they are read here; their answers come as they come.
    async fn command(
        &self,
        name: &str,
        id: Option<String>,
        fields: &str,
        reference: Option<&Ref>,
    ) -> Result<(), Problem> {
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        let underway = self.send(name, fields).await;
        let (outbox, reference) = (Arc::clone(&self.outbox), reference.cloned());
        match underway {
            Ok((underway, permit)) => {
                let app = Arc::clone(&self.app);
                tokio::spawn(async move {
                    let _permit = permit;
                    let sent = commands::outcome(&app, underway).await;
                    outbox.say(answer(id, sent, reference.as_ref()));
                });
            }
            Err(problem) => {
                outbox.say(answer(id, Err(problem), reference.as_ref()));
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        name: &str,
        fields: &str,
    ) -> Result<(commands::Underway, tokio::sync::OwnedSemaphorePermit), Problem> {
        let caller = self.signed_in()?;
        if let Via::Session(token) = &caller.via
            && self.app.sessions.find(token).is_none()
        {
            return Err(Problem::new(Code::Unauthenticated, "the session is over"));
        }
        let permit = Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| {
            let detail = format!("{IN_FLIGHT} commands of this connection wait for their answers");
            Problem { retry_after: Some(1), ..Problem::new(Code::Busy, detail) }
        })?;
        if !commands::is_offered(name) {
            return Err(Problem::field("do", format!("there is no command {name:?} here")));
        }
        // The place in a message is not the place in the fields alone: the name of the field says where to look.
        let (id, wire) = commands::read(name, fields).map_err(|problem| Problem {
            line: None,
            column: None,
            ..problem
        })?;
        Ok((commands::submit(&self.app, caller, id, &wire).await?, permit))
    }

    /// Whether this connection's user may cancel what it would cancel.
    fn may_cancel(&self) -> Result<(), Problem> {
        let caller = self.signed_in()?;
        let envelope = mass_cancel(caller, "");
        let forbidden = |detail: &str| Problem::new(Code::Forbidden, detail);
        if !envelope.command.duties().meets(caller.duties) {
            return Err(forbidden("it is not this user's duty to cancel orders"));
        }
        let access = self.app.reader.read().state().check_access(&envelope);
        access.map_err(|reason| forbidden(reason.sentence()))
    }

    /// Whether orders end with this connection.
    fn promises(&self) -> bool {
        self.cancel_on_disconnect || self.dead_man.is_some()
    }

    /// Says that orders will end with this connection to those who could keep it from being done, and that it can be done.
    async fn promise(&self) -> Result<(), Problem> {
        let made = self.app.promises.make(&self.app.clerk, self.seat.number, self.signed_in()?);
        if !made {
            let detail = "what this user may do is being decided";
            return Err(Problem { retry_after: Some(1), ..Problem::new(Code::Busy, detail) });
        }
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        let may = self.may_cancel();
        if may.is_err() {
            self.promise_no_more();
        }
        may
    }

    /// Takes back what was said, unless orders still end with this connection.
    fn promise_no_more(&self) {
        if !self.promises() {
            self.app.promises.end(self.seat.number);
        }
    }

    /// Cancels the orders and listings of the participant, or of the account that the key is for. Gives the command's id. Of a user
    /// who may not any more they were cancelled when that came to be.
    async fn cancel_orders(&self) -> Option<String> {
        self.app.reader.at_least(self.app.clerk.acknowledged()).await;
        self.may_cancel().ok()?;
        let caller = self.caller.as_ref()?;
        let id = format!("off-{}", random_text(10).ok()?);
        let mut left = 50;
        while left > 0 {
            match self.app.clerk.post(mass_cancel(caller, &id)) {
                Ok(()) => return Some(id),
                // Nothing trades meanwhile either: the promise is kept when the clock is believed again.
                Err(Unanswered::Held(_)) => {}
                Err(error) => {
                    left -= 1;
                    tracing::warn!("orders of {:?} are still to be cancelled: {error}", caller.participant);
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }

    async fn end(self) {
        self.app.hub.leave(self.seat.number, &self.topics);
        if self.promises() {
            self.cancel_orders().await;
        }
        self.app.promises.end(self.seat.number);
    }

    fn say(&self, reference: Option<&Ref>, what: &Value) {
        self.outbox.say(with(reference, what));
    }

    fn error(&self, problem: &Problem, reference: Option<&Ref>) {
        self.say(reference, &json!({ "op": "error", "problem": problem }));
    }
}

/// The command by which everything of a caller leaves the books.
pub(super) fn mass_cancel(caller: &Caller, id: &str) -> Envelope {
    let of = caller.account.map_or(Whose::Participant(caller.participant), Whose::Account);
    let command = Command::MassCancel(MassCancel { of, instrument: None });
    let &Caller { participant: actor, user, .. } = caller;
    Envelope { actor, user, client_id: ClientId::of(id), door: Door::Node, command }
}

fn op(op: &str, fields: Map<String, Value>) -> Value {
    let mut all = Map::new();
    all.insert("op".to_owned(), op.into());
    all.extend(fields);
    Value::Object(all)
}

/// The same as text, under the client's own name for its message.
fn with(reference: Option<&Ref>, what: &Value) -> String {
    Ref::on(reference, what.to_string())
}

fn answer(id: Option<String>, sent: Result<Sent, Problem>, reference: Option<&Ref>) -> String {
    let answer = match sent {
        Ok(sent) => match serde_json::to_value(&sent) {
            Ok(Value::Object(fields)) => op("answer", fields),
            _ => op("answer", Map::new()),
        },
        Err(problem) => {
            let id = problem.id.as_deref().map(str::to_owned).or(id);
            json!({ "op": "answer", "id": id, "sequence": problem.sequence, "problem": problem })
        }
    };
    with(reference, &answer)
}
