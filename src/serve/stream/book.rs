//! The order book of an instrument: its best prices as they were told last, and what changed of them since.

use super::items::json;
use crate::serve::api::views::{Written, word};
use crate::serve::book::{IndicationView, Level as Shown, checksum};
use base::{InstrumentId, Price, Quantity, Side};
use book::Level;
use engine::State;
use serde::Serialize;
use std::collections::BTreeMap;
use trading::{Indication, Phase};
use utoipa::ToSchema;

/// Prices a side that are told.
pub(super) const LEVELS: usize = 50;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BookCopy {
    instrument: InstrumentId,
    bids: Vec<(Price, Level)>,
    asks: Vec<(Price, Level)>,
    phase: Phase,
    indication: Option<Indication>,
}

/// The best prices of a book, or those of them that changed.
#[derive(Serialize, ToSchema)]
#[schema(as = BookData)]
pub(super) struct Data {
    /// Buyers; in a snapshot the highest price first.
    bids: Vec<Shown>,
    /// Sellers; in a snapshot the lowest price first.
    asks: Vec<Shown>,
    /// Of the best ten prices a side, after this message.
    checksum: u32,
    /// What the book is doing.
    phase: String,
    /// While a call auction runs: what it would come to.
    indication: Option<IndicationView>,
}

impl BookCopy {
    /// The book as it stands.
    pub(super) fn of(state: &State, instrument: InstrumentId) -> Self {
        let side = |side| state.venue().depth(instrument, side).take(LEVELS).collect();
        let (phase, indication) =
            (state.venue().book_phase(instrument), state.venue().indication(instrument));
        Self { instrument, bids: side(Side::Buy), asks: side(Side::Sell), phase, indication }
    }

    /// All of it.
    pub(super) fn whole(&self, state: &State) -> String {
        self.data(state, self.bids.clone(), self.asks.clone())
    }

    /// What changed, if anything did. A price that left the best ones is told as gone, and one that came among them as it is, so
    /// that who follows has exactly the best ones.
    pub(super) fn changes(&mut self, state: &State) -> Option<String> {
        let now = Self::of(state, self.instrument);
        if now == *self {
            return None;
        }
        let (bids, asks) = (differences(&self.bids, &now.bids), differences(&self.asks, &now.asks));
        *self = now;
        Some(self.data(state, bids, asks))
    }

    fn data(&self, state: &State, bids: Vec<(Price, Level)>, asks: Vec<(Price, Level)>) -> String {
        let Some(written) = Written::of(state, self.instrument) else { return "null".to_owned() };
        let shown = |levels: &[(Price, Level)]| -> Vec<Shown> {
            let shown = |(price, level): &(Price, Level)| {
                let quantity = match level.quantity {
                    Quantity::ZERO => "0".to_owned(),
                    some => written.quantity(some),
                };
                Shown(written.price(*price), quantity, level.orders)
            };
            levels.iter().map(shown).collect()
        };
        let best =
            |levels: &[(Price, Level)]| shown(&levels[..levels.len().min(crate::serve::book::CHECKED)]);
        let indication = self.indication.map(|indication| IndicationView {
            price: indication.price.map(|price| written.price(price)),
            quantity: written.quantity(indication.quantity),
            imbalance: written.units(indication.imbalance),
        });
        json(&Data {
            checksum: checksum(&best(&self.bids), &best(&self.asks)),
            bids: shown(&bids),
            asks: shown(&asks),
            phase: word(&self.phase),
            indication,
        })
    }
}

fn differences(old: &[(Price, Level)], new: &[(Price, Level)]) -> Vec<(Price, Level)> {
    let (before, after): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (old.iter().copied().collect(), new.iter().copied().collect());
    let changed = new.iter().filter(|(price, level)| before.get(price) != Some(level));
    let gone = old.iter().filter(|(price, _)| !after.contains_key(price));
    changed.copied().chain(gone.map(|(price, _)| (*price, Level::default()))).collect()
}
