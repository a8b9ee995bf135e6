//! The order book order by order: which orders stand, and in which priority. Whoever follows it has the queue of every price, and
//! knows of every trade whose order stood.
//!
//! Every change has a number, one more than the last: who was given a snapshot goes on with the change after its number.

use super::items::json;
use crate::serve::api::views::Written;
use base::{InstrumentId, OrderId, Price, Quantity, Side, TradeId};
use engine::State;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Something that happened to orders of a book.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    /// An order came, changed or went: how it stands is read from the state.
    Order(OrderId),
    /// Two orders met.
    Fill(Fill),
}

/// Two orders that met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub(super) trade: TradeId,
    pub(super) instrument: InstrumentId,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) buy: OrderId,
    pub(super) sell: OrderId,
    pub(super) aggressor: Option<Side>,
}

impl Fill {
    /// The order that stood, its side, and the other one. In a call auction both stood, and it is the buyer's.
    fn maker(&self) -> (OrderId, Side, OrderId) {
        match self.aggressor {
            Some(Side::Buy) => (self.sell, Side::Sell, self.buy),
            _ => (self.buy, Side::Buy, self.sell),
        }
    }
}

/// An order as everyone sees it: its price, what is shown of it, and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Standing {
    /// Its number.
    pub(crate) order: u64,
    /// The price.
    pub(crate) price: String,
    /// What is shown of it.
    pub(crate) quantity: String,
}

/// The orders of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QueueView {
    /// The number of the last change.
    pub(crate) number: u64,
    /// Buyers: the highest price first, and of one price the one that trades first.
    pub(crate) bids: Vec<Standing>,
    /// Sellers: the lowest price first, and of one price the one that trades first.
    pub(crate) asks: Vec<Standing>,
}

/// A change of the orders of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct QueueChange {
    /// One more than that of the change before it.
    pub(crate) number: u64,
    /// `open`: it stands, behind all others at its price. `match`: it traded so much. `change`: so much is shown of it, in its place.
    /// `done`: it stands no more.
    pub(crate) what: String,
    /// The order.
    pub(crate) order: u64,
    /// `buy` or `sell`: its side.
    pub(crate) side: String,
    /// Its price; of a match that of the trade.
    pub(crate) price: String,
    /// What is shown of it from here on; of a match what traded; of what is done what was left.
    pub(crate) quantity: String,
    /// Of a match: the trade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trade: Option<u64>,
    /// Of a match: the order that came in, or the other one of a call auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) with: Option<u64>,
    /// Of what is done: `filled`, `cancelled` (also expired, or ended by the rules), or `amended`: it stands elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// See the module: the orders as they were told last.
pub(super) struct QueueCopy {
    instrument: InstrumentId,
    number: u64,
    known: BTreeMap<OrderId, Known>,
    /// The same in their queues.
    places: BTreeMap<(Side, Price, u64), OrderId>,
    /// The place that was given last.
    last_place: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    side: Side,
    price: Price,
    shown: Quantity,
    /// Of two at one price, the one with the lower place trades first.
    place: u64,
}

/// What is written of a change.
struct Change {
    what: &'static str,
    order: OrderId,
    known: Known,
    met: Option<(TradeId, OrderId)>,
    reason: Option<&'static str>,
}

/// Changes of one message, and what was met in it.
#[derive(Default)]
struct Told {
    changes: Vec<Change>,
    /// Orders that trades took whole, as they stood.
    filled: BTreeMap<OrderId, Known>,
    /// What traded of the other order of a call auction.
    met: BTreeMap<OrderId, i64>,
}

impl Told {
    fn tell(&mut self, what: &'static str, order: OrderId, known: Known, reason: Option<&'static str>) {
        self.changes.push(Change { what, order, known, met: None, reason });
    }
}

impl QueueCopy {
    /// The book as it stands. The first number is above all that were ever given, because time goes on.
    pub(super) fn of(state: &State, instrument: InstrumentId, number: u64) -> Self {
        let (known, places) = (BTreeMap::new(), BTreeMap::new());
        let mut copy = Self { instrument, number, known, places, last_place: 0 };
        let side = |side| state.venue().queue(instrument, side);
        for order in side(Side::Buy).chain(side(Side::Sell)) {
            copy.give_place(order.order, order.side, order.price, order.shown);
        }
        copy
    }

    /// It stands behind all others at its price.
    fn give_place(&mut self, order: OrderId, side: Side, price: Price, shown: Quantity) -> Known {
        self.last_place += 1;
        let known = Known { side, price, shown, place: self.last_place };
        self.places.insert((side, price, known.place), order);
        self.known.insert(order, known);
        known
    }

    fn forget(&mut self, order: OrderId) {
        if let Some(known) = self.known.remove(&order) {
            self.places.remove(&(known.side, known.price, known.place));
        }
    }

    /// All of it.
    pub(super) fn view(&self, state: &State) -> Option<QueueView> {
        let written = Written::of(state, self.instrument)?;
        let side = |side| {
            let order = |order: trading::BookOrder| Standing {
                order: order.order.0,
                price: written.price(order.price),
                quantity: written.quantity(order.shown),
            };
            state.venue().queue(self.instrument, side).map(order).collect()
        };
        Some(QueueView { number: self.number, bids: side(Side::Buy), asks: side(Side::Sell) })
    }

    pub(super) fn whole(&self, state: &State) -> String {
        self.view(state).map_or_else(|| "null".to_owned(), |view| json(&view))
    }

    /// What changed, if anything did: trades in their order, then what stands no more, and then how the queues stand that were
    /// touched, from their fronts.
    pub(super) fn changes(&mut self, state: &State, touches: &[Touch]) -> Option<String> {
        let mut told = Told::default();
        let mut touched = Vec::new();
        for touch in touches {
            match touch {
                Touch::Order(order) => touched.push(*order),
                Touch::Fill(fill) if fill.instrument == self.instrument => {
                    touched.extend([fill.buy, fill.sell]);
                    self.fill(state, fill, &mut told);
                }
                Touch::Fill(_) => {}
            }
        }
        let mut seen = BTreeSet::new();
        touched.retain(|order| seen.insert(*order));
        let mut levels = Vec::new();
        for order in touched {
            let now = self.now(state, order);
            self.end(order, now, false, &mut told);
            levels.extend(now.map(|now| (now.side, now.price)));
        }
        let mut seen = BTreeSet::new();
        levels.retain(|level| seen.insert(*level));
        for (side, price) in levels {
            self.level(state, side, price, &mut told);
        }
        let written = Written::of(state, self.instrument)?;
        let items: Vec<QueueChange> =
            told.changes.iter().map(|change| self.written(change, &written)).collect();
        (!items.is_empty()).then(|| format!("{{\"items\":{}}}", json(&items)))
    }

    /// The order as it stands in the book, if it does and is seen.
    fn now(&self, state: &State, order: OrderId) -> Option<trading::BookOrder> {
        let now = state.venue().book_order(order)?;
        (now.instrument == self.instrument && now.shown.0 > 0).then_some(now)
    }

    /// A trade takes what it traded from the order that stood. Where that came only now, or its next part was shown only now, it stands
    /// at the back with as much as traded. What is still told as before it has left its place since.
    fn fill(&mut self, state: &State, fill: &Fill, told: &mut Told) {
        let (order, side, with) = fill.maker();
        if fill.aggressor.is_none() {
            *told.met.entry(with).or_default() += fill.quantity.0;
        }
        let known = self.known.get(&order).copied();
        let stood = known.filter(|known| {
            let called = fill.aggressor.is_none();
            known.shown >= fill.quantity && (called || known.price == fill.price)
        });
        if let (Some(known), None) = (known, stood) {
            self.forget(order);
            told.tell("done", order, known, Some("amended"));
        }
        let known = stood.unwrap_or_else(|| {
            let known = self.give_place(order, side, fill.price, fill.quantity);
            told.tell("open", order, known, None);
            known
        });
        if fill.aggressor.is_some() {
            let before = (side, known.price, 0)..(side, known.price, known.place);
            let gone: Vec<OrderId> = self.places.range(before).map(|(_, order)| *order).collect();
            for order in gone {
                let now = self.now(state, order);
                self.end(order, now, true, told);
            }
        }
        let traded = Known { price: fill.price, shown: fill.quantity, ..known };
        let met = Some((fill.trade, with));
        told.changes.push(Change { what: "match", order, known: traded, met, reason: None });
        let left = Quantity(known.shown.0 - fill.quantity.0);
        if left == Quantity::ZERO {
            self.forget(order);
            told.filled.insert(order, Known { shown: left, ..known });
        } else {
            self.known.insert(order, Known { shown: left, ..known });
        }
    }

    /// An order that stands no more, or no more at its price, or that is known to have left its place.
    fn end(&mut self, order: OrderId, now: Option<trading::BookOrder>, left: bool, told: &mut Told) {
        match self.known.get(&order).copied() {
            Some(known) if left || now.is_none_or(|now| now.price != known.price) => {
                self.forget(order);
                let met = told.met.get(&order).copied().unwrap_or_default();
                let gone = if met >= known.shown.0 { "filled" } else { "cancelled" };
                told.tell("done", order, known, Some(if now.is_some() { "amended" } else { gone }));
            }
            None if now.is_none() => {
                if let Some(known) = told.filled.get(&order).copied() {
                    told.tell("done", order, known, Some("filled"));
                }
            }
            _ => {}
        }
    }

    /// A queue as it stands, against how it was told. Orders leave it anywhere and join it at the back, so that those in front which
    /// were told in this order have kept their places, and all others joined.
    fn level(&mut self, state: &State, side: Side, price: Price, told: &mut Told) {
        let (mut kept, mut last) = (true, 0);
        for now in state.venue().queue_at(self.instrument, side, price).filter(|now| now.shown.0 > 0) {
            let known = self.known.get(&now.order).copied();
            let in_place = known.filter(|known| kept && known.place > last && known.shown >= now.shown);
            if let Some(known) = in_place {
                last = known.place;
                if known.shown > now.shown {
                    let known = Known { shown: now.shown, ..known };
                    self.known.insert(now.order, known);
                    told.tell("change", now.order, known, None);
                }
                continue;
            }
            kept = false;
            if let Some(known) = known {
                self.forget(now.order);
                told.tell("done", now.order, known, Some("amended"));
            }
            let known = self.give_place(now.order, side, price, now.shown);
            told.tell("open", now.order, known, None);
        }
    }

    fn written(&mut self, change: &Change, written: &Written<'_>) -> QueueChange {
        self.number += 1;
        let &Change { what, order, known, met, reason } = change;
        QueueChange {
            number: self.number,
            what: what.to_owned(),
            order: order.0,
            side: crate::serve::api::views::word(&known.side),
            price: written.price(known.price),
            quantity: written.quantity(known.shown),
            trade: met.map(|(trade, _)| trade.0),
            with: met.map(|(_, with)| with.0),
            reason: reason.map(str::to_owned),
        }
    }
}
