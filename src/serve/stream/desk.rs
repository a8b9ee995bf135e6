//! The orders that stand of those firms that somebody watches. An event names an order by its number only, and when it has ended
//! the state knows it no more: here it is still known whose it was.

use crate::serve::api::views::word;
use base::{AccountId, InstrumentId, Money, OrderId, ParticipantId, Price, Quantity, Side, Timestamp};
use engine::{Command, Record, State};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trading::{BookOrder, End, Event, Life, OrderKind};

/// The record that an order came with.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    /// The sender's name for it; none where only its hash is in the log.
    pub(super) id: Option<Arc<str>>,
    pub(super) sequence: u64,
    pub(super) time: Timestamp,
    /// None of a listing.
    pub(super) manner: Option<Manner>,
}

/// What only the command says of an order of a book.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(super) post_only: bool,
    /// In a word.
    pub(super) self_trade: Arc<str>,
    /// Zero: none.
    pub(super) minimum: Quantity,
    /// Zero: all is shown.
    pub(super) display: Quantity,
}

impl Manner {
    fn of(command: &Command) -> Option<Self> {
        let none = Quantity::ZERO;
        match command {
            Command::EnterOrder(order) => Some(Self {
                post_only: order.post_only,
                self_trade: word(&order.self_trade).into(),
                minimum: order.minimum,
                display: order.display,
            }),
            Command::EnterFunds(order) => {
                let self_trade = word(&order.self_trade).into();
                Some(Self { post_only: false, self_trade, minimum: none, display: none })
            }
            _ => None,
        }
    }
}

/// An order of a book, or a listing.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) order: OrderId,
    /// None of an order that stood when its firm was not watched yet.
    pub(super) came: Option<Came>,
    pub(super) account: AccountId,
    pub(super) owner: ParticipantId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) kind: OrderKind,
    pub(super) listing: bool,
    pub(super) life: Option<Life>,
    pub(super) price: Price,
    pub(super) trigger: Option<Price>,
    pub(super) quantity: Quantity,
    /// Of an order for an amount; its quantity is what it has traded.
    pub(super) funds: Option<Money>,
    /// Of that amount: what a buyer has paid, fees included, or what a seller was paid, before fees.
    pub(super) spent: Money,
    pub(super) filled: Quantity,
    /// Units that ended because they would have met an order of the same owner.
    pub(super) reduced: Quantity,
    pub(super) left: Quantity,
    pub(super) ended: Option<End>,
}

impl Live {
    /// In a word, what became of it.
    pub(super) fn status(&self) -> &'static str {
        match self.ended {
            None if self.left.0 > 0 => "open",
            None if self.funds.is_some() => "open",
            None if self.reduced.0 > 0 => "cancelled",
            None => "filled",
            Some(End::Spent) => "filled",
            Some(End::Expired | End::CallOver | End::NotAllotted) => "expired",
            Some(End::Removed | End::Blocked | End::OutsideBand | End::AuctionCancelled) => "removed",
            Some(
                End::Withdrawn
                | End::Declined
                | End::Immediate
                | End::Unfillable
                | End::SelfTrade
                | End::MassCancelled,
            ) => "cancelled",
        }
    }

    fn standing(order: &BookOrder, owner: ParticipantId) -> Self {
        Self {
            order: order.order,
            came: None,
            account: order.account,
            owner,
            instrument: order.instrument,
            side: order.side,
            kind: order.kind,
            listing: false,
            life: Some(order.life),
            price: order.price,
            trigger: order.trigger,
            quantity: Quantity(order.filled.0.saturating_add(order.left.0)),
            funds: None,
            spent: Money::ZERO,
            filled: order.filled,
            reduced: Quantity::ZERO,
            left: order.left,
            ended: None,
        }
    }

    fn listed(order: OrderId, terms: &trading::PlaceOrder, left: Quantity, owner: ParticipantId) -> Self {
        Self {
            order,
            came: None,
            account: terms.account,
            owner,
            instrument: terms.instrument,
            side: terms.side,
            kind: OrderKind::Limit,
            listing: true,
            life: None,
            price: terms.price,
            trigger: None,
            quantity: terms.quantity,
            funds: None,
            spent: Money::ZERO,
            filled: Quantity(terms.quantity.0.saturating_sub(left.0)),
            reduced: Quantity::ZERO,
            left,
            ended: None,
        }
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Desk {
    /// Firms, and how many streams watch each.
    firms: BTreeMap<ParticipantId, usize>,
    orders: BTreeMap<OrderId, Live>,
    by_firm: BTreeSet<(ParticipantId, OrderId)>,
    /// How an order was written last, while it is as it was.
    written: BTreeMap<OrderId, Arc<str>>,
    /// Those that this record changed, in the order in which it did.
    changed: Vec<OrderId>,
}

impl Desk {
    /// A stream watches a firm from now on.
    pub(super) fn watch(&mut self, firm: ParticipantId, state: &State) {
        let streams = self.firms.entry(firm).or_default();
        *streams += 1;
        if *streams > 1 {
            return;
        }
        let owner = |account: AccountId| state.registry().account(account).map(|account| account.participant);
        let books = state.venue().book_orders().filter(|order| owner(order.account) == Some(firm));
        let books = books.map(|order| Live::standing(&order, firm));
        let listings = state.venue().orders().filter(|(_, order)| owner(order.terms.account) == Some(firm));
        let listings = listings.map(|(id, order)| Live::listed(id, &order.terms, order.left(), firm));
        for live in books.chain(listings) {
            self.insert(live);
        }
    }

    /// A stream that watched a firm is no more.
    pub(super) fn leave(&mut self, firm: ParticipantId) {
        let Some(streams) = self.firms.get_mut(&firm) else { return };
        *streams -= 1;
        if *streams == 0 {
            self.firms.remove(&firm);
            let all: Vec<OrderId> = self.numbers(firm).collect();
            all.into_iter().for_each(|order| self.remove(order));
        }
    }

    /// Nobody is watched.
    pub(super) fn is_idle(&self) -> bool {
        self.firms.is_empty()
    }

    /// The firm of an account, where it is watched.
    pub(super) fn watched(&self, account: AccountId, state: &State) -> Option<ParticipantId> {
        let owner = state.registry().account(account)?.participant;
        self.firms.contains_key(&owner).then_some(owner)
    }

    fn numbers(&self, firm: ParticipantId) -> impl Iterator<Item = OrderId> {
        let span = (firm, OrderId(0))..=(firm, OrderId(u64::MAX));
        self.by_firm.range(span).map(|(_, order)| *order)
    }

    fn insert(&mut self, live: Live) {
        self.by_firm.insert((live.owner, live.order));
        self.written.remove(&live.order);
        self.orders.insert(live.order, live);
    }

    fn remove(&mut self, order: OrderId) {
        self.written.remove(&order);
        if let Some(live) = self.orders.remove(&order) {
            self.by_firm.remove(&(live.owner, order));
        }
    }

    /// The orders that stand of a firm, or of one account of it, as they are written; at most so many, and whether there are more.
    /// What has not changed is not written again, so that who asks often holds up nobody.
    pub(super) fn standing(
        &mut self,
        firm: ParticipantId,
        account: Option<AccountId>,
        most: usize,
        write: impl Fn(&Live) -> Option<String>,
    ) -> (Vec<Arc<str>>, bool) {
        let all: Vec<OrderId> = self.numbers(firm).collect();
        let mut texts = Vec::new();
        for order in all {
            let Some(live) = self.orders.get(&order) else { continue };
            if account.is_some_and(|only| only != live.account) {
                continue;
            }
            if texts.len() == most {
                return (texts, true);
            }
            let known = self.written.get(&order).cloned();
            if let Some(text) = known.or_else(|| write(live).map(Arc::from)) {
                self.written.insert(order, Arc::clone(&text));
                texts.push(text);
            }
        }
        (texts, false)
    }

    /// Orders whose record is known to someone else.
    pub(super) fn came_with(&mut self, known: &BTreeMap<OrderId, Came>) {
        for (order, came) in known {
            if let Some(live) = self.orders.get_mut(order).filter(|live| live.came.is_none()) {
                live.came = Some(came.clone());
                self.written.remove(order);
            }
        }
    }

    /// What an event does to an order.
    pub(super) fn note(&mut self, record: &Record, event: &Event, state: &State) {
        match event {
            Event::OrderPlaced { order, terms } => {
                if let Some(owner) = self.watched(terms.account, state) {
                    self.stand(record, Live::listed(*order, terms, terms.quantity, owner));
                }
            }
            &Event::OrderEntered { order, account, instrument, side, price, quantity } => {
                if let Some(owner) = self.watched(account, state) {
                    let terms = trading::PlaceOrder { account, instrument, side, price, quantity };
                    let plain = Live::listed(order, &terms, quantity, owner);
                    self.stand(record, entered(plain, &record.envelope.command));
                }
            }
            &Event::FundsEntered { order, account, instrument, side, price, funds } => {
                if let Some(owner) = self.watched(account, state) {
                    let quantity = Quantity::ZERO;
                    let terms = trading::PlaceOrder { account, instrument, side, price, quantity };
                    let plain = Live::listed(order, &terms, quantity, owner);
                    let life = match record.envelope.command {
                        Command::EnterFunds(entered) if entered.fill_or_kill => Life::FillOrKill,
                        _ => Life::Immediate,
                    };
                    let (kind, life, funds) = (OrderKind::Market, Some(life), Some(funds));
                    self.stand(record, Live { listing: false, kind, life, funds, ..plain });
                }
            }
            Event::FundsReduced { order, .. } => self.change(*order, |_| ()),
            &Event::OrderAmended { order, price, left, .. } => self.change(order, |live| {
                (live.price, live.left, live.kind) = (price, left, OrderKind::Limit);
                live.quantity = Quantity(live.filled.0 + live.reduced.0 + left.0);
            }),
            &Event::OrderReduced { order, by } => self.change(order, |live| {
                (live.left.0, live.reduced.0) = (live.left.0 - by.0, live.reduced.0 + by.0);
            }),
            &Event::OrderTriggered { order } => self.change(order, |live| live.trigger = None),
            &Event::OrderEnded { order, end, .. } => self.change(order, |live| {
                (live.left, live.ended) = (Quantity::ZERO, Some(end));
            }),
            &Event::Filled { quantity, buy, sell, .. } => {
                self.fill(buy, quantity);
                self.fill(sell, quantity);
            }
            Event::Traded(trade) => {
                if let Command::TakeListing(take) = &record.envelope.command {
                    self.fill(take.listing, trade.quantity);
                }
            }
            _ => {}
        }
    }

    fn stand(&mut self, record: &Record, live: Live) {
        let id = record.envelope.client_id.text().map(Arc::from);
        let (sequence, time) = (record.sequence.0, record.time);
        let came = Some(Came { id, sequence, time, manner: Manner::of(&record.envelope.command) });
        self.changed.push(live.order);
        self.insert(Live { came, ..live });
    }

    fn change(&mut self, order: OrderId, change: impl FnOnce(&mut Live)) {
        if let Some(live) = self.orders.get_mut(&order) {
            change(live);
            self.written.remove(&order);
            self.changed.push(order);
        }
    }

    fn fill(&mut self, order: OrderId, quantity: Quantity) {
        self.change(order, |live| {
            live.filled.0 += quantity.0;
            if live.funds.is_some() {
                live.quantity = live.filled;
            } else {
                live.left.0 -= quantity.0;
            }
        });
    }

    /// What a trade of the record took of the amount that an order is for. Its fees are known by then.
    pub(super) fn spend(&mut self, order: Option<OrderId>, amount: Money) {
        let live = order.and_then(|order| self.orders.get_mut(&order));
        if let Some(live) = live.filter(|live| live.funds.is_some()) {
            live.spent.0 = live.spent.0.saturating_add(amount.0);
        }
    }

    /// The orders that the record changed, each as it is after it; those that have ended are forgotten.
    pub(super) fn finish_record(&mut self) -> Vec<Live> {
        if self.changed.is_empty() {
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        let changed: Vec<OrderId> = std::mem::take(&mut self.changed);
        let all = changed.into_iter().filter(|order| seen.insert(*order));
        let all: Vec<Live> = all.filter_map(|order| self.orders.get(&order).cloned()).collect();
        for live in all.iter().filter(|live| live.status() != "open") {
            self.remove(live.order);
        }
        all
    }
}

/// An order of a book, and what only its command says of it.
fn entered(plain: Live, command: &Command) -> Live {
    let live = Live { listing: false, ..plain };
    let Command::EnterOrder(order) = command else { return live };
    let trigger = (order.trigger != Price::ZERO).then_some(order.trigger);
    Live { kind: order.kind, life: Some(order.life), trigger, ..live }
}
