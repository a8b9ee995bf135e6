//! From the tape to messages: what happened is told record by record, what stands is compared with what was told last.

use super::acts::Acts;
use super::book::BookCopy;
use super::candles::Candles;
use super::desk::{Desk, Live};
use super::hub::{Stream, Streams};
use super::items;
use super::pace::Due;
use super::queue::{QueueCopy, Touch};
use super::tape::{Deal, Happened, Marks, What};
use super::topic::{Scope, Topic};
use super::views::{Holdings, Listings, Status, Ticker};
use crate::serve::api::supervision::alert_view;
use crate::serve::api::views::local;
use crate::serve::clock::machine_ms;
use base::{AccountId, ActId, InstrumentId, MarketId, Side, Timestamp, UserId};
use engine::State;
use roster::Duties;
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

/// Items that a snapshot of what happens repeats.
const RECENT: usize = 100;
/// Orders of a snapshot.
const ORDERS_MAX: usize = 2_000;

/// Numbers of changes of a book in a millisecond: a stream that begins again begins above every number that it gave before.
const A_MILLISECOND: u64 = 1_000;
/// The streams of books order by order.
pub(super) const QUEUES: RangeInclusive<Topic> =
    Topic::Queue(InstrumentId(0))..=Topic::Queue(InstrumentId(u32::MAX));

/// The streams that have a page: what happens, told at a pace.
const WITH_PAGES: RangeInclusive<Topic> =
    Topic::Trades(InstrumentId(0))..=Topic::Candles(InstrumentId(u32::MAX));

/// What a stream shows, and what it told last.
pub(super) enum View {
    Book(BookCopy),
    Queue(QueueCopy),
    Listings(Listings),
    Status(Status),
    Ticker(Ticker),
    Holdings(Holdings),
    Acts(Acts),
    /// It tells what happens; its last items are kept.
    Recent(VecDeque<String>),
    /// The same, and fills beside orders.
    Firm(VecDeque<String>),
    /// What was told last is all of it.
    Latest(String),
    /// It tells what happens, and a snapshot is made otherwise.
    Nothing,
}

impl View {
    /// What a topic shows, as it stands now.
    pub(super) fn open(topic: Topic, state: &State) -> Self {
        let none = BTreeMap::new();
        match topic {
            Topic::Book(id) => Self::Book(BookCopy::of(state, id)),
            Topic::Queue(id) => {
                let first = u64::try_from(machine_ms()).unwrap_or(0).saturating_mul(A_MILLISECOND);
                Self::Queue(QueueCopy::of(state, id, first))
            }
            Topic::Listings(id) => {
                let mut view = Listings::new(id);
                view.changes(state);
                Self::Listings(view)
            }
            Topic::Status => {
                let mut view = Status::default();
                view.changes(state);
                Self::Status(view)
            }
            Topic::Ticker => {
                let mut view = Ticker::default();
                view.changes(state);
                Self::Ticker(view)
            }
            Topic::Holdings(id) => {
                let mut view = Holdings::new(id);
                view.changes(state);
                Self::Holdings(view)
            }
            Topic::Acts(user, duties) => {
                let mut view = Acts::new(user, duties);
                view.changes(state, &none);
                Self::Acts(view)
            }
            Topic::DropCopy(_) => Self::Firm(VecDeque::new()),
            Topic::Trades(_) | Topic::Fills(_) | Topic::Settlement(_) => Self::Recent(VecDeque::new()),
            Topic::Operations => Self::Latest("null".to_owned()),
            Topic::Orders(_) | Topic::Candles(_) | Topic::Alerts => Self::Nothing,
        }
    }

    /// How a topic stands, for who comes new.
    pub(super) fn whole(&self, topic: Topic, state: &State, desk: &mut Desk, candles: &Candles) -> String {
        match (self, topic) {
            (Self::Book(view), _) => view.whole(state),
            (Self::Queue(view), _) => view.whole(state),
            (Self::Listings(view), _) => view.whole(),
            (Self::Status(view), _) => view.whole(),
            (Self::Ticker(view), _) => view.whole(),
            (Self::Holdings(view), _) => view.whole(state),
            (Self::Acts(view), _) => view.whole(),
            (Self::Recent(recent), _) => items::list(recent.iter().map(String::as_str)),
            (Self::Latest(latest), _) => latest.clone(),
            // An alert may have grown since it was told.
            (Self::Nothing, Topic::Alerts) => {
                let alerts = state.watch().alerts();
                let last = &alerts[alerts.len().saturating_sub(RECENT)..];
                let last: Vec<String> =
                    last.iter().map(|alert| items::json(&alert_view(state, alert))).collect();
                items::list(last.iter().map(String::as_str))
            }
            (Self::Nothing, Topic::Orders(scope)) => {
                let (orders, more) = standing(state, desk, scope);
                format!("{{\"items\":[{orders}],\"more\":{more}}}")
            }
            (Self::Firm(fills), Topic::DropCopy(participant)) => {
                let (orders, more) = standing(state, desk, Scope { participant, account: None });
                let fills = items::join(fills.iter().map(String::as_str));
                format!("{{\"orders\":[{orders}],\"more\":{more},\"fills\":[{fills}]}}")
            }
            (Self::Nothing, Topic::Candles(id)) => {
                let last = candles.last(id);
                last.and_then(|candle| items::candle(state, id, &candle)).unwrap_or_else(|| "null".to_owned())
            }
            _ => "null".to_owned(),
        }
    }
}

/// The orders that stand, and whether there are more than a snapshot holds.
fn standing(state: &State, desk: &mut Desk, scope: Scope) -> (String, bool) {
    let (all, more) =
        desk.standing(scope.participant, scope.account, ORDERS_MAX, |live| items::order(state, live));
    (items::join(all.iter().map(AsRef::as_ref)), more)
}

/// The market whose local time a topic is told in.
pub(super) fn market(topic: Topic, state: &State) -> Option<MarketId> {
    match topic {
        Topic::Book(id) | Topic::Queue(id) | Topic::Listings(id) | Topic::Trades(id) | Topic::Candles(id) => {
            state.venue().instrument(id).map(|instrument| instrument.market)
        }
        _ => None,
    }
}

/// To how many it was told.
fn tell(
    stream: &mut Stream,
    topic: Topic,
    state: &State,
    (seq, time): (u64, Timestamp),
    data: &str,
) -> usize {
    let time = local(state, market(topic, state), time);
    stream.log.publish(seq, &time, data)
}

/// The streams of which something may have changed, and that may be told now.
fn touched(streams: &Streams, marks: &Marks, due: Due) -> Vec<Topic> {
    let within = |first: Topic, last: Topic| streams.range(first..=last).map(|(topic, _)| *topic);
    let (low, high) = (InstrumentId(0), InstrumentId(u32::MAX));
    let mut topics = Vec::new();
    match (due.market_data, marks.all_books) {
        (true, true) => topics.extend(within(Topic::Book(low), Topic::Book(high))),
        (true, false) => topics.extend(marks.books.iter().map(|id| Topic::Book(*id))),
        (false, _) => {}
    }
    if marks.all_accounts {
        topics.extend(within(Topic::Holdings(AccountId(0)), Topic::Holdings(AccountId(u32::MAX))));
    } else {
        topics.extend(marks.accounts.iter().map(|id| Topic::Holdings(*id)));
    }
    if marks.status {
        topics.push(Topic::Status);
    }
    if marks.acts {
        let last = Topic::Acts(UserId(u16::MAX), Duties::ALL);
        topics.extend(within(Topic::Acts(UserId::NOBODY, Duties::NONE), last));
    }
    if due.slow && marks.ticker {
        topics.push(Topic::Ticker);
    }
    if due.slow && marks.listings {
        topics.extend(within(Topic::Listings(low), Topic::Listings(high)));
    }
    topics
}

/// What may be told in this round, and how many messages it has sent so far of what has a pace.
pub(super) struct Round {
    pub(super) due: Due,
    pub(super) sent: usize,
}

/// Tells what changed of everything that is shown as it stands, as far as it is due; the marks of what is not remain.
pub(super) fn changes(
    streams: &mut Streams,
    state: &State,
    marks: &mut Marks,
    ended: &BTreeMap<ActId, &'static str>,
    round: &mut Round,
) {
    let due = round.due;
    for topic in touched(streams, marks, due) {
        let Some(stream) = streams.get_mut(&topic) else { continue };
        let sent = tell_changes(stream, topic, state, ended);
        if topic.is_paced() {
            round.sent += sent;
        }
    }
    let (ticker, listings) = (marks.ticker && !due.slow, marks.listings && !due.slow);
    let (books, all_books) = match due.market_data {
        true => Default::default(),
        false => (std::mem::take(&mut marks.books), marks.all_books),
    };
    *marks = Marks { ticker, listings, books, all_books, ..Marks::default() };
}

/// Tells what changed of one stream. To how many.
fn tell_changes(
    stream: &mut Stream,
    topic: Topic,
    state: &State,
    ended: &BTreeMap<ActId, &'static str>,
) -> usize {
    let data = match &mut stream.view {
        View::Book(view) => view.changes(state),
        View::Status(view) => view.changes(state),
        View::Holdings(view) => view.changes(state),
        View::Acts(view) => view.changes(state, ended),
        View::Ticker(view) => view.changes(state),
        View::Listings(view) => view.changes(state),
        View::Queue(_) | View::Recent(_) | View::Firm(_) | View::Latest(_) | View::Nothing => None,
    };
    let at = (state.sequence().0, state.time());
    data.map_or(0, |data| tell(stream, topic, state, at, &data))
}

/// Tells what waits of one stream, whether it is due or not: a snapshot of it follows.
pub(super) fn settle(stream: &mut Stream, topic: Topic, state: &State) -> usize {
    let told = stream.page.take().map_or(0, |page| print(stream, topic, state, page));
    if topic.is_paced() { told + tell_changes(stream, topic, state, &BTreeMap::new()) } else { told }
}

/// Tells what waits of the books that are followed order by order, if it is due.
pub(super) fn queues(streams: &mut Streams, state: &State, touches: &mut Vec<Touch>, round: &mut Round) {
    if round.due.market_data {
        round.sent += settle_queues(streams, state, touches);
    }
}

/// Tells it, whether it is due or not: a snapshot of one follows. To how many.
pub(super) fn settle_queues(streams: &mut Streams, state: &State, touches: &mut Vec<Touch>) -> usize {
    if touches.is_empty() {
        return 0;
    }
    let touches = std::mem::take(touches);
    let (at, mut sent) = ((state.sequence().0, state.time()), 0);
    for (topic, stream) in streams.range_mut(QUEUES) {
        let View::Queue(view) = &mut stream.view else { continue };
        if let Some(data) = view.changes(state, &touches) {
            sent += tell(stream, *topic, state, at, &data);
        }
    }
    sent
}

/// Tells what waits of what happened, if it is due.
pub(super) fn pages(streams: &mut Streams, state: &State, round: &mut Round) {
    if round.due.market_data {
        let waiting = streams.range_mut(WITH_PAGES).filter(|(_, stream)| stream.page.is_some());
        round.sent += waiting.map(|(topic, stream)| settle(stream, *topic, state)).sum::<usize>();
    }
}

/// Whether anything that happened waits.
pub(super) fn pages_wait(streams: &Streams) -> bool {
    streams.range(WITH_PAGES).any(|(_, stream)| stream.page.is_some())
}

/// Tells what happened: what is private at once, a message for each record and stream that it concerns; market data goes onto the
/// page of its stream, until that is due.
pub(super) fn happened(streams: &mut Streams, state: &State, all: &mut Vec<Happened>, round: &mut Round) {
    let mut pages = Pages { streams, state, open: BTreeMap::new(), sent: 0 };
    for Happened { seq, time, what } in all.drain(..) {
        let at = (seq, time);
        match what {
            What::Order(live) => pages.order(&live, at),
            What::Deal(deal) => {
                let topic = Topic::Trades(deal.instrument);
                pages.add(topic, at, || items::trade(state, &deal, at, None).map(Item::Other));
                pages.sides(&deal, at, Told::Made);
            }
            What::Settled(deal) => pages.sides(&deal, at, Told::Settled),
            What::Revised(deal, status) => {
                let topic = Topic::Trades(deal.instrument);
                pages.add(topic, at, || items::trade(state, &deal, at, Some(status)).map(Item::Other));
                pages.sides(&deal, at, Told::Revised(status));
            }
            What::Candle(id, candle) => {
                let item = || Some(Item::Candle(candle.start, items::candle(state, id, &candle)?));
                pages.add(Topic::Candles(id), at, item);
            }
            What::Alert(alert) => {
                pages.add(Topic::Alerts, at, || Some(Item::Other(items::json(&alert_view(state, &alert)))));
            }
        }
    }
    round.sent += pages.finish();
}

/// What is told of a trade's sides.
#[derive(Clone, Copy)]
enum Told {
    /// It was made: in `fills`.
    Made,
    /// It was delivered and paid: in `settlement`.
    Settled,
    /// It was corrected, or taken back: in both.
    Revised(&'static str),
}

/// Something to tell.
enum Item {
    /// An order, which a firm's copy tells apart.
    Order(String),
    /// Anything else.
    Other(String),
    /// A minute, and when it begins: the last one of a page counts.
    Candle(Timestamp, String),
}

/// What is to be told on one stream in one message: of one record, or of those since the last message of a stream with a pace.
pub(super) struct Page {
    at: (u64, Timestamp),
    orders: Vec<String>,
    others: Vec<String>,
    candle: Option<(Timestamp, String)>,
}

impl Page {
    fn new(at: (u64, Timestamp)) -> Self {
        Self { at, orders: Vec::new(), others: Vec::new(), candle: None }
    }

    fn add(&mut self, item: Item, at: (u64, Timestamp)) {
        self.at = at;
        match item {
            Item::Order(item) => self.orders.push(item),
            Item::Other(item) => self.others.push(item),
            Item::Candle(start, item) => self.candle = Some((start, item)),
        }
    }

    /// Whether an item is of another minute: that one must be told to its end.
    fn is_over(&self, item: &Item) -> bool {
        matches!((&self.candle, item), (Some((of, _)), Item::Candle(start, _)) if of != start)
    }
}

/// Sends a page. To how many.
fn print(stream: &mut Stream, topic: Topic, state: &State, page: Page) -> usize {
    let data = match (&page.candle, topic) {
        (Some((_, candle)), _) => candle.clone(),
        (None, Topic::DropCopy(_)) => {
            let orders = items::join(page.orders.iter().map(String::as_str));
            let fills = items::join(page.others.iter().map(String::as_str));
            format!("{{\"orders\":[{orders}],\"fills\":[{fills}]}}")
        }
        _ => items::list(page.orders.iter().chain(&page.others).map(String::as_str)),
    };
    if let View::Recent(recent) | View::Firm(recent) = &mut stream.view {
        recent.extend(page.others);
        while recent.len() > RECENT {
            recent.pop_front();
        }
    }
    tell(stream, topic, state, page.at, &data)
}

/// Pages that are being written, one a stream; the next record of a stream without a pace turns its page.
struct Pages<'a> {
    streams: &'a mut Streams,
    state: &'a State,
    open: BTreeMap<Topic, Page>,
    /// Messages of streams with a pace that could not wait.
    sent: usize,
}

impl Pages<'_> {
    fn add(&mut self, topic: Topic, at: (u64, Timestamp), item: impl FnOnce() -> Option<Item>) {
        let Some(stream) = self.streams.get_mut(&topic) else { return };
        let Some(item) = item() else { return };
        if topic.is_paced() {
            if let Some(page) = stream.page.take_if(|page| page.is_over(&item)) {
                self.sent += print(stream, topic, self.state, page);
            }
            stream.page.get_or_insert_with(|| Page::new(at)).add(item, at);
            return;
        }
        if self.open.get(&topic).is_some_and(|page| page.at.0 != at.0) {
            self.turn(topic);
        }
        self.open.entry(topic).or_insert_with(|| Page::new(at)).add(item, at);
    }

    fn order(&mut self, live: &Live, at: (u64, Timestamp)) {
        let participant = live.owner;
        for scope in [None, Some(live.account)].map(|account| Scope { participant, account }) {
            self.add(Topic::Orders(scope), at, || items::order(self.state, live).map(Item::Order));
        }
        self.add(Topic::DropCopy(participant), at, || items::order(self.state, live).map(Item::Order));
    }

    fn sides(&mut self, deal: &Deal, at: (u64, Timestamp), told: Told) {
        for (side, account) in [(Side::Buy, deal.buyer.account), (Side::Sell, deal.seller.account)] {
            let Some(owner) = self.state.registry().account(account) else { continue };
            let participant = owner.participant;
            let scopes = [None, Some(account)].map(|account| Scope { participant, account });
            let state = self.state;
            let status = match told {
                Told::Made => None,
                Told::Settled => Some("settled"),
                Told::Revised(status) => Some(status),
            };
            let item = || items::fill(state, deal, side, at, status).map(Item::Other);
            if !matches!(told, Told::Made) {
                scopes.iter().for_each(|scope| self.add(Topic::Settlement(*scope), at, item));
            }
            if !matches!(told, Told::Settled) {
                scopes.iter().for_each(|scope| self.add(Topic::Fills(*scope), at, item));
                self.add(Topic::DropCopy(participant), at, item);
            }
        }
    }

    fn turn(&mut self, topic: Topic) {
        let Some(page) = self.open.remove(&topic) else { return };
        if let Some(stream) = self.streams.get_mut(&topic) {
            print(stream, topic, self.state, page);
        }
    }

    fn finish(mut self) -> usize {
        while let Some(topic) = self.open.keys().next().copied() {
            self.turn(topic);
        }
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_told_to_its_end_before_the_next_one() {
        let (start, next) = (Timestamp(0), Timestamp(60_000_000_000));
        let mut page = Page::new((1, start));
        assert!(!page.is_over(&Item::Candle(start, String::new())));
        page.add(Item::Candle(start, "first".to_owned()), (1, start));
        assert!(!page.is_over(&Item::Candle(start, String::new())));
        assert!(!page.is_over(&Item::Other(String::new())));
        assert!(page.is_over(&Item::Candle(next, String::new())));
        page.add(Item::Candle(start, "last".to_owned()), (2, start));
        assert_eq!((page.at.0, page.candle), (2, Some((start, "last".to_owned()))));
    }
}
