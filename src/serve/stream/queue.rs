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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    side: Side,
    price: Price,
    shown: Quantity,
}

/// What is written of a change.
struct Change {
    what: &'static str,
    order: OrderId,
    known: Known,
    met: Option<(TradeId, OrderId)>,
    reason: Option<&'static str>,
}

impl QueueCopy {
    /// The book as it stands. The first number is above all that were ever given, because time goes on.
    pub(super) fn of(state: &State, instrument: InstrumentId, number: u64) -> Self {
        let side = |side| state.venue().queue(instrument, side);
        let all = side(Side::Buy).chain(side(Side::Sell));
        let known = all
            .map(|order| (order.order, Known { side: order.side, price: order.price, shown: order.shown }));
        Self { instrument, number, known: known.collect() }
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

    /// What changed, if anything did: trades in their order, and then how the orders stand that were touched, the one that came to
    /// its place last at the end.
    pub(super) fn changes(&mut self, state: &State, touches: &[Touch]) -> Option<String> {
        let mut changes = Vec::new();
        let (mut filled, mut touched) = (BTreeMap::new(), Vec::new());
        for touch in touches {
            match touch {
                Touch::Order(order) => touched.push(*order),
                Touch::Fill(fill) if fill.instrument == self.instrument => {
                    touched.extend([fill.buy, fill.sell]);
                    self.fill(fill, &mut changes, &mut filled);
                }
                Touch::Fill(_) => {}
            }
        }
        let mut seen = BTreeSet::new();
        let mut last: Vec<OrderId> = touched.into_iter().rev().filter(|order| seen.insert(*order)).collect();
        last.reverse();
        for order in last {
            self.stand(state, order, &mut changes, &filled);
        }
        let written = Written::of(state, self.instrument)?;
        let items: Vec<QueueChange> = changes.iter().map(|change| self.written(change, &written)).collect();
        (!items.is_empty()).then(|| format!("{{\"items\":{}}}", json(&items)))
    }

    /// A trade takes what it traded from the order that stood. Where that came only now, or its next part was shown only now, it stands
    /// first with as much as traded.
    fn fill(&mut self, fill: &Fill, changes: &mut Vec<Change>, filled: &mut BTreeMap<OrderId, Known>) {
        let (order, side, with) = fill.maker();
        let known = self.known.get(&order).copied().filter(|known| known.shown >= fill.quantity);
        let known = known.unwrap_or_else(|| {
            if let Some(known) = self.known.remove(&order) {
                changes.push(Change { what: "done", order, known, met: None, reason: Some("amended") });
            }
            let known = Known { side, price: fill.price, shown: fill.quantity };
            changes.push(Change { what: "open", order, known, met: None, reason: None });
            known
        });
        let traded = Known { side, price: fill.price, shown: fill.quantity };
        changes.push(Change {
            what: "match",
            order,
            known: traded,
            met: Some((fill.trade, with)),
            reason: None,
        });
        let left = Quantity(known.shown.0 - fill.quantity.0);
        if left == Quantity::ZERO {
            self.known.remove(&order);
            filled.insert(order, Known { shown: Quantity::ZERO, ..known });
        } else {
            self.known.insert(order, Known { shown: left, ..known });
        }
    }

    /// How an order stands now, against how it was told.
    fn stand(
        &mut self,
        state: &State,
        order: OrderId,
        changes: &mut Vec<Change>,
        filled: &BTreeMap<OrderId, Known>,
    ) {
        let now = state.venue().book_order(order);
        let now = now.filter(|now| now.instrument == self.instrument && now.shown.0 > 0);
        let now = now.map(|now| Known { side: now.side, price: now.price, shown: now.shown });
        let before = match now {
            Some(now) => self.known.insert(order, now),
            None => self.known.remove(&order),
        };
        let mut tell = |what, known, reason| changes.push(Change { what, order, known, met: None, reason });
        match (before, now) {
            (Some(before), None) => tell("done", before, Some("cancelled")),
            (None, Some(now)) => tell("open", now, None),
            (Some(before), Some(now)) if before.price == now.price && now.shown < before.shown => {
                tell("change", now, None);
            }
            (Some(before), Some(now)) if before != now => {
                tell("done", before, Some("amended"));
                tell("open", now, None);
            }
            (None, None) => {
                if let Some(known) = filled.get(&order) {
                    tell("done", *known, Some("filled"));
                }
            }
            _ => {}
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
