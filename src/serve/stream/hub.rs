//! The hub: the streams that are open, and the one lock under which everything about them happens.
//!
//! Why a snapshot fits the messages that follow it. The reader's thread notes a record while it holds the lock of the state for
//! writing, so whoever holds it for reading sees a state all of whose records are on the tape. Who subscribes holds it for reading,
//! takes the hub's lock, publishes what is on the tape, and then takes the snapshot: it shows every record that was published,
//! and no other. It joins the stream under the same lock, so the next message is the first one after its snapshot. The reader's
//! thread publishes in the same way when a group of records is noted. Market data that is not due yet waits on its stream's page
//! or as a mark; of the stream that someone joins it is published before the snapshot. The locks are always taken in this order,
//! state and then hub, by everyone.

use super::acts;
use super::candles::{Candle, Candles};
use super::desk::{Came, Desk};
use super::items;
use super::log::Log;
use super::outbox::{Out, Outbox};
use super::pace::Pace;
use super::publish::{self, Page, Round, View};
use super::queue::QueueView;
use super::tape::Tape;
use super::topic::Topic;
use super::words::Ref;
use crate::serve::api::views::local;
use crate::serve::clock::machine_ms;
use crate::serve::gauges::Gauges;
use crate::serve::reader::Sink;
use base::{ActId, InstrumentId, OrderId, UserId};
use engine::{Event, Record, State};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Seconds for which a stream that nobody reads is kept for those who come back.
const KEPT_SECONDS: u64 = 600;

/// Streams by what they tell.
pub(super) type Streams = BTreeMap<Topic, Stream>;

/// A stream.
pub(super) struct Stream {
    pub(super) log: Log,
    pub(super) view: View,
    /// What happened and is not told yet: of a stream with a pace.
    pub(super) page: Option<Page>,
}

struct Inner {
    streams: Streams,
    tape: Tape,
    desk: Desk,
    candles: Candles,
    /// How acts ended since the last publication.
    ended: BTreeMap<ActId, &'static str>,
    pace: Pace,
}

/// See the module.
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    gauges: Arc<Gauges>,
    next: AtomicU64,
    stopping: watch::Sender<bool>,
    open: watch::Sender<usize>,
    /// How many each user has.
    users: Mutex<BTreeMap<UserId, usize>>,
    /// When what waits is due, if anything does.
    due: watch::Sender<Option<Instant>>,
}

/// A connection's place at the hub; given back when it is dropped.
pub(crate) struct Seat {
    hub: Arc<Hub>,
    /// The connection's number.
    pub(crate) number: u64,
    /// Whose it is, where that is known.
    user: Option<UserId>,
}

/// Who subscribes, and how it asked.
pub(crate) struct Subscriber<'a> {
    pub(crate) socket: u64,
    pub(crate) outbox: &'a Arc<Outbox>,
    /// It has seen everything up to this.
    pub(crate) from: Option<u64>,
    /// Its own name for the subscription.
    pub(crate) reference: Option<&'a Ref>,
    /// Records that orders came with, as the projection knows them.
    pub(crate) known: &'a BTreeMap<OrderId, Came>,
}

impl Hub {
    /// A hub without streams, and the last minutes that were traded before it began.
    #[must_use]
    pub(crate) fn new(gauges: Arc<Gauges>, minutes: Vec<(InstrumentId, Candle)>) -> Arc<Self> {
        let inner = Inner {
            streams: Streams::new(),
            tape: Tape::default(),
            desk: Desk::default(),
            candles: Candles::new(minutes),
            ended: BTreeMap::new(),
            pace: Pace::new(Instant::now()),
        };
        let (next, (stopping, _), (open, _)) = (AtomicU64::new(1), watch::channel(false), watch::channel(0));
        let (due, _) = watch::channel(None);
        Arc::new(Self {
            inner: Mutex::new(inner),
            gauges,
            next,
            stopping,
            open,
            users: Mutex::default(),
            due,
        })
    }

    /// What the reader tells of every record.
    #[must_use]
    pub(crate) fn sink(self: &Arc<Self>) -> Box<dyn Sink> {
        Box::new(Ear(Arc::clone(self)))
    }

    /// Ends every connection, and waits until they are gone, but not for ever.
    pub(crate) async fn stop(&self, within: Duration) {
        self.stopping.send_replace(true);
        let mut open = self.open.subscribe();
        let _ = tokio::time::timeout(within, open.wait_for(|open| *open == 0)).await;
    }

    /// Waits until the hub stops.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // The sender lives in this very struct: it cannot have gone away.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }

    /// A place for one more connection, if there are less than so many.
    pub(crate) fn sit(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let taken = self.open.send_if_modified(|open| {
            let room = *open < most;
            *open += usize::from(room);
            room
        });
        if !taken {
            return None;
        }
        self.gauges.streams.fetch_add(1, Relaxed);
        Some(Seat { hub: Arc::clone(self), number: self.next.fetch_add(1, Relaxed), user: None })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes: says that it did, and sends what was missed or how it stands. `state` is read under the reader's lock.
    pub(crate) fn subscribe(&self, state: &State, topic: Topic, who: &Subscriber<'_>) {
        let mut inner = self.inner();
        let Inner { streams, tape, desk, candles, .. } = inner.flush(state);
        publish::settle_queues(streams, state, &mut tape.touches);
        let stream = streams.entry(topic).or_insert_with(|| {
            if let Some(firm) = topic.watches(state) {
                desk.watch(firm, state);
            }
            open(topic, state)
        });
        publish::settle(stream, topic, state);
        desk.came_with(who.known);
        let at = stream.at(topic, state);
        let missed = who.from.and_then(|from| stream.log.missed(from, at));
        if !who.outbox.say(subscribed(topic, state, missed.is_some(), who.reference)) {
            return;
        }
        let told = match missed {
            Some(missed) => missed.is_empty() || who.outbox.push(Out::Many(missed)),
            None => {
                let data = stream.view.whole(topic, state, desk, candles);
                let time = local(state, publish::market(topic, state), state.time());
                who.outbox.push(Out::One(stream.log.snapshot(at, &time, &data)))
            }
        };
        if told {
            stream.log.join(who.socket, who.outbox);
        }
    }

    /// A book order by order, with the number of its last change: that of the stream which tells what follows.
    pub(crate) fn by_order(&self, state: &State, instrument: InstrumentId) -> Option<QueueView> {
        let mut inner = self.inner();
        let Inner { streams, tape, .. } = inner.flush(state);
        publish::settle_queues(streams, state, &mut tape.touches);
        let topic = Topic::Queue(instrument);
        match &streams.entry(topic).or_insert_with(|| open(topic, state)).view {
            View::Queue(view) => view.view(state),
            _ => None,
        }
    }

    /// Ends subscriptions of a connection. Whether the first of them was one.
    pub(crate) fn leave<'a>(&self, socket: u64, topics: impl IntoIterator<Item = &'a Topic>) -> bool {
        let mut inner = self.inner();
        let left = topics
            .into_iter()
            .map(|topic| inner.streams.get_mut(topic).is_some_and(|one| one.log.leave(socket)));
        left.fold(None, |first, left| first.or(Some(left))).unwrap_or(false)
    }

    /// Waits until something that waits is due.
    pub(super) async fn due(&self) {
        let mut due = self.due.subscribe();
        loop {
            let at = *due.borrow_and_update();
            let waited = async {
                match at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = waited => return,
                // The sender lives in this very struct: it cannot have gone away.
                _ = due.changed() => {}
            }
        }
    }

    /// Publishes what is due.
    pub(super) fn tell(&self, state: &State) {
        let mut inner = self.inner();
        let due = inner.flush(state).due();
        self.say_due(due);
    }

    fn say_due(&self, at: Option<Instant>) {
        self.due.send_if_modified(|due| std::mem::replace(due, at) != at);
    }

    /// Gives up streams that nobody has read for long.
    pub(super) fn tidy(&self, state: &State) {
        let mut inner = self.inner();
        let Inner { streams, desk, .. } = &mut *inner;
        streams.retain(|topic, stream| {
            let kept = stream.log.idle_seconds() < KEPT_SECONDS;
            if !kept && let Some(firm) = topic.watches(state) {
                desk.leave(firm);
            }
            kept
        });
    }

    /// Whether somebody reads a stream.
    pub(super) fn is_read(&self, topic: Topic) -> bool {
        self.inner().streams.get(&topic).is_some_and(|stream| stream.log.is_read())
    }

    /// Tells the figures of the node. They come of no record: their numbers are milliseconds.
    pub(super) fn figures(&self, time: &str, data: &str) {
        let mut inner = self.inner();
        if let Some(stream) = inner.streams.get_mut(&Topic::Operations) {
            let now = u64::try_from(machine_ms()).unwrap_or(0);
            if now > stream.log.last() {
                stream.log.publish(now, time, data);
                stream.view = View::Latest(data.to_owned());
            }
        }
    }
}

/// A stream that begins now.
fn open(topic: Topic, state: &State) -> Stream {
    let at = match topic {
        Topic::Operations => u64::try_from(machine_ms()).unwrap_or(0),
        _ => state.sequence().0,
    };
    let names = Value::Object(topic.names(state)).to_string();
    let head = names.strip_prefix('{').and_then(|names| names.strip_suffix('}')).unwrap_or_default();
    Stream { log: Log::new(format!("{head},"), at), view: View::open(topic, state), page: None }
}

impl Stream {
    /// Where a snapshot that is taken now stands.
    fn at(&self, topic: Topic, state: &State) -> u64 {
        if topic == Topic::Operations { self.log.last() } else { state.sequence().0 }
    }
}

fn subscribed(topic: Topic, state: &State, resumed: bool, reference: Option<&Ref>) -> String {
    let mut fields = Map::new();
    fields.insert("op".to_owned(), "subscribed".into());
    fields.extend(topic.names(state));
    fields.insert("resumed".to_owned(), resumed.into());
    Ref::on(reference, items::json(&fields))
}

impl Inner {
    /// Publishes what is on the tape, as far as it is due.
    fn flush(&mut self, state: &State) -> &mut Self {
        let now = Instant::now();
        let mut round = Round { due: self.pace.at(now), sent: 0 };
        publish::happened(&mut self.streams, state, &mut self.tape.happened, &mut round);
        publish::pages(&mut self.streams, state, &mut round);
        publish::queues(&mut self.streams, state, &mut self.tape.touches, &mut round);
        publish::changes(&mut self.streams, state, &mut self.tape.marks, &self.ended, &mut round);
        self.ended.clear();
        self.pace.told(now, &round);
        self
    }

    /// When what waits is due, if anything does.
    fn due(&self) -> Option<Instant> {
        let marks = &self.tape.marks;
        let books = marks.all_books || !marks.books.is_empty() || !self.tape.touches.is_empty();
        let market_data = books || publish::pages_wait(&self.streams);
        self.pace.next(market_data, marks.ticker || marks.listings)
    }
}

impl Seat {
    /// Makes it a user's, who has it from then on. False, and nobody's, where the user has so many already.
    pub(crate) fn belongs_to(&mut self, user: UserId, most: usize) -> bool {
        let mut users = self.hub.users.lock().unwrap_or_else(PoisonError::into_inner);
        let count = users.entry(user).or_default();
        let room = *count < most;
        if room {
            *count += 1;
            self.user = Some(user);
        }
        room
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(user) = self.user {
            let mut users = self.hub.users.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = users.get_mut(&user) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    users.remove(&user);
                }
            }
        }
        self.hub.gauges.streams.fetch_sub(1, Relaxed);
        self.hub.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// What listens at the reader.
struct Ear(Arc<Hub>);

impl Sink for Ear {
    fn note(&mut self, record: &Record, events: &[Event], state: &State) {
        let mut inner = self.0.inner();
        let Inner { streams, tape, desk, candles, ended, .. } = &mut *inner;
        tape.by_order = streams.range(publish::QUEUES).next().is_some();
        tape.note((record, events), state, (desk, candles), !streams.is_empty());
        if tape.marks.acts {
            ended.extend(events.iter().filter_map(acts::end_of));
        }
    }

    fn batch_noted(&mut self, state: &State) {
        let mut inner = self.0.inner();
        if !inner.streams.is_empty() {
            let due = inner.flush(state).due();
            self.0.say_due(due);
        }
    }
}
