//! From the tape to messages: what happened is told record by record, what stands is compared with what was told last.

use super::acts::Acts;
use super::book::BookCopy;
use super::candles::Candles;
use super::desk::{Desk, Live};
use super::hub::{Stream, Streams};
use super::items;
use super::tape::{Deal, Happened, Marks, What};
use super::topic::{Scope, Topic};
use super::views::{Holdings, Listings, Status, Ticker};
use crate::serve::api::supervision::alert_view;
use crate::serve::api::views::local;
use base::{AccountId, ActId, InstrumentId, MarketId, Side, Timestamp, UserId};
use engine::State;
use roster::Duties;
use std::collections::{BTreeMap, VecDeque};

/// Items that a snapshot of what happens repeats.
const RECENT: usize = 100;
/// Orders of a snapshot.
const ORDERS_MAX: usize = 2_000;

/// What a stream shows, and what it told last.
pub(super) enum View {
    Book(BookCopy),
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
            Topic::Alerts => {
                let alerts = state.watch().alerts();
                let last = alerts[alerts.len().saturating_sub(RECENT)..].iter();
                Self::Recent(last.map(|alert| items::json(&alert_view(state, alert))).collect())
            }
            Topic::DropCopy(_) => Self::Firm(VecDeque::new()),
            Topic::Trades(_) | Topic::Fills(_) | Topic::Settlement(_) => Self::Recent(VecDeque::new()),
            Topic::Operations => Self::Latest("null".to_owned()),
            Topic::Orders(_) | Topic::Candles(_) => Self::Nothing,
        }
    }

    /// How a topic stands, for who comes new.
    pub(super) fn whole(&self, topic: Topic, state: &State, desk: &mut Desk, candles: &Candles) -> String {
        match (self, topic) {
            (Self::Book(view), _) => view.whole(state),
            (Self::Listings(view), _) => view.whole(),
            (Self::Status(view), _) => view.whole(),
            (Self::Ticker(view), _) => view.whole(),
            (Self::Holdings(view), _) => view.whole(state),
            (Self::Acts(view), _) => view.whole(),
            (Self::Recent(recent), _) => items::list(recent.iter().map(String::as_str)),
            (Self::Latest(latest), _) => latest.clone(),
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
        Topic::Book(id) | Topic::Listings(id) | Topic::Trades(id) | Topic::Candles(id) => {
            state.venue().instrument(id).map(|instrument| instrument.market)
        }
        _ => None,
    }
}

fn tell(stream: &mut Stream, topic: Topic, state: &State, (seq, time): (u64, Timestamp), data: &str) {
    let time = local(state, market(topic, state), time);
    stream.log.publish(seq, &time, data);
}

/// The streams of which something may have changed.
fn touched(streams: &Streams, marks: &Marks, slow: bool) -> Vec<Topic> {
    let within = |first: Topic, last: Topic| streams.range(first..=last).map(|(topic, _)| *topic);
    let (low, high) = (InstrumentId(0), InstrumentId(u32::MAX));
    let mut topics = Vec::new();
    if marks.all_books {
        topics.extend(within(Topic::Book(low), Topic::Book(high)));
    } else {
        topics.extend(marks.books.iter().map(|id| Topic::Book(*id)));
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
    if slow && marks.ticker {
        topics.push(Topic::Ticker);
    }
    if slow && marks.listings {
        topics.extend(within(Topic::Listings(low), Topic::Listings(high)));
    }
    topics
}

/// Tells what changed of everything that is shown as it stands. `slow`: of that too which is told some times a second at most.
pub(super) fn changes(
    streams: &mut Streams,
    state: &State,
    marks: &mut Marks,
    ended: &BTreeMap<ActId, &'static str>,
    slow: bool,
) {
    let at = (state.sequence().0, state.time());
    for topic in touched(streams, marks, slow) {
        let Some(stream) = streams.get_mut(&topic) else { continue };
        let data = match &mut stream.view {
            View::Book(view) => view.changes(state),
            View::Status(view) => view.changes(state),
            View::Holdings(view) => view.changes(state),
            View::Acts(view) => view.changes(state, ended),
            View::Ticker(view) => view.changes(state),
            View::Listings(view) => view.changes(state),
            View::Recent(_) | View::Firm(_) | View::Latest(_) | View::Nothing => None,
        };
        if let Some(data) = data {
            tell(stream, topic, state, at, &data);
        }
    }
    let (ticker, listings) = (marks.ticker && !slow, marks.listings && !slow);
    *marks = Marks { ticker, listings, ..Marks::default() };
}

/// Tells what happened, a message for each record and stream that it concerns.
pub(super) fn happened(streams: &mut Streams, state: &State, all: &mut Vec<Happened>) {
    let mut pages = Pages { streams, state, open: BTreeMap::new() };
    for Happened { seq, time, what } in all.drain(..) {
        let at = (seq, time);
        match what {
            What::Order(live) => pages.order(&live, at),
            What::Deal(deal) => {
                let topic = Topic::Trades(deal.instrument);
                pages.add(topic, at, || items::trade(state, &deal, at).map(Item::Other));
                pages.sides(&deal, at, None);
            }
            What::Settled(deal) => pages.sides(&deal, at, Some("settled")),
            What::Candle(id, candle) => {
                pages.add(Topic::Candles(id), at, || items::candle(state, id, &candle).map(Item::Only));
            }
            What::Alert(alert) => {
                pages.add(Topic::Alerts, at, || Some(Item::Other(items::json(&alert_view(state, &alert)))));
            }
        }
    }
    pages.finish();
}

/// Something to tell.
enum Item {
    /// An order, which a firm's copy tells apart.
    Order(String),
    /// Anything else.
    Other(String),
    /// The one thing that the message is about; the last one of a record counts.
    Only(String),
}

/// What one record has to say on one stream.
struct Page {
    at: (u64, Timestamp),
    orders: Vec<String>,
    others: Vec<String>,
    only: Option<String>,
}

/// Pages that are being written, one a stream; the next record of a stream turns its page.
struct Pages<'a> {
    streams: &'a mut Streams,
    state: &'a State,
    open: BTreeMap<Topic, Page>,
}

impl Pages<'_> {
    fn add(&mut self, topic: Topic, at: (u64, Timestamp), item: impl FnOnce() -> Option<Item>) {
        if !self.streams.contains_key(&topic) {
            return;
        }
        let Some(item) = item() else { return };
        if self.open.get(&topic).is_some_and(|page| page.at.0 != at.0) {
            self.turn(topic);
        }
        let empty = || Page { at, orders: Vec::new(), others: Vec::new(), only: None };
        let page = self.open.entry(topic).or_insert_with(empty);
        match item {
            Item::Order(item) => page.orders.push(item),
            Item::Other(item) => page.others.push(item),
            Item::Only(item) => page.only = Some(item),
        }
    }

    fn order(&mut self, live: &Live, at: (u64, Timestamp)) {
        let participant = live.owner;
        for scope in [None, Some(live.account)].map(|account| Scope { participant, account }) {
            self.add(Topic::Orders(scope), at, || items::order(self.state, live).map(Item::Order));
        }
        self.add(Topic::DropCopy(participant), at, || items::order(self.state, live).map(Item::Order));
    }

    fn sides(&mut self, deal: &Deal, at: (u64, Timestamp), status: Option<&'static str>) {
        for (side, account) in [(Side::Buy, deal.buyer.account), (Side::Sell, deal.seller.account)] {
            let Some(owner) = self.state.registry().account(account) else { continue };
            let participant = owner.participant;
            let scopes = [None, Some(account)].map(|account| Scope { participant, account });
            let state = self.state;
            let item = || items::fill(state, deal, side, at, status).map(Item::Other);
            if status.is_some() {
                scopes.into_iter().for_each(|scope| self.add(Topic::Settlement(scope), at, item));
            } else {
                scopes.into_iter().for_each(|scope| self.add(Topic::Fills(scope), at, item));
                self.add(Topic::DropCopy(participant), at, item);
            }
        }
    }

    fn turn(&mut self, topic: Topic) {
        let Some(page) = self.open.remove(&topic) else { return };
        let Some(stream) = self.streams.get_mut(&topic) else { return };
        let data = match (&page.only, topic) {
            (Some(only), _) => only.clone(),
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
        tell(stream, topic, self.state, page.at, &data);
    }

    fn finish(mut self) {
        while let Some(topic) = self.open.keys().next().copied() {
            self.turn(topic);
        }
    }
}
