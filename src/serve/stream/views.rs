//! What is shown as it stands: the phases, the prices, the listings, a holding. Each keeps what it told last, and tells what changed.

use super::items::{join, json};
use crate::serve::api::accounts::holding_view;
use crate::serve::api::market::{instrument_view, listings_view, phase};
use crate::serve::api::views::{Written, date, word};
use base::{AccountId, AssetId, InstrumentId, MarketId, Price, Quantity, Side};
use engine::State;
use gateway::Names;
use registry::Holding;
use serde::Serialize;
use std::collections::BTreeMap;
use trading::Phase;
use utoipa::ToSchema;

/// Items by their keys, as they were told last.
pub(super) struct Told<K>(BTreeMap<K, String>);

impl<K> Default for Told<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Told<K> {
    /// All of them.
    pub(super) fn all(&self) -> String {
        join(self.0.values().map(String::as_str))
    }

    /// Takes what there is now; gives those that are new or have changed, and the keys of those that are gone.
    pub(super) fn take(&mut self, now: BTreeMap<K, String>) -> (String, Vec<K>) {
        let changed = now.iter().filter(|(key, item)| self.0.get(key) != Some(item));
        let changed = join(changed.map(|(_, item)| item.as_str()));
        let before = std::mem::replace(&mut self.0, now);
        let gone = before.into_keys().filter(|key| !self.0.contains_key(key)).collect();
        (changed, gone)
    }
}

/// What an instrument is doing.
#[derive(Serialize, ToSchema)]
pub(super) struct InstrumentStatus {
    /// Its code.
    code: String,
    /// Where it trades.
    market: String,
    /// `closed`, `opening_call`, `continuous`, `interruption`, `closing_call`; of listings `closed` or `continuous`.
    phase: String,
    /// Trading is stopped.
    halted: bool,
    /// It has left the list.
    delisted: bool,
    /// An order would be taken now.
    tradable: bool,
}

/// The day of a market.
#[derive(Serialize, ToSchema)]
pub(super) struct MarketStatus {
    /// Its code.
    market: String,
    /// Its date.
    date: String,
    /// Whether it is a trading day.
    trading_day: bool,
    /// Whether its price list stands.
    day_ended: bool,
    /// Since when its rules are in force.
    rules_from: String,
}

/// A listing, as anyone sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct ListingItem {
    /// Its number.
    listing: u64,
    /// The price.
    price: String,
    /// What is left of it.
    quantity: String,
}

/// Phases, halts, days and rules.
#[derive(Default)]
pub(super) struct Status {
    instruments: Told<InstrumentId>,
    markets: Told<MarketId>,
}

impl Status {
    pub(super) fn whole(&self) -> String {
        format!("{{\"items\":[{}],\"markets\":[{}]}}", self.instruments.all(), self.markets.all())
    }

    pub(super) fn changes(&mut self, state: &State) -> Option<String> {
        let all = state.venue().instruments().iter().enumerate().map(|(index, instrument)| {
            let id = InstrumentId::at(index);
            let phase = phase(state, id);
            let item = InstrumentStatus {
                code: instrument.code.clone(),
                market: Names(state).market(instrument.market),
                phase: word(&phase),
                halted: instrument.halted,
                delisted: instrument.delisted,
                tradable: !instrument.halted && !instrument.delisted && phase != Phase::Closed,
            };
            (id, json(&item))
        });
        let (items, _) = self.instruments.take(all.collect());
        let all = state.markets().iter().enumerate().map(|(index, adopted)| {
            let id = MarketId::at(index);
            let today = state.venue().date(id);
            let item = MarketStatus {
                market: adopted.rulebook.code.clone(),
                date: date(today),
                trading_day: state.venue().trades_on(id, today),
                day_ended: state.venue().day_ended(id),
                rules_from: date(adopted.in_force),
            };
            (id, json(&item))
        });
        let (markets, _) = self.markets.take(all.collect());
        let changed = !items.is_empty() || !markets.is_empty();
        changed.then(|| format!("{{\"items\":[{items}],\"markets\":[{markets}]}}"))
    }
}

/// Of an instrument, what its line in the ticker rests on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    last: Option<Price>,
    reference: Price,
    volume: i128,
    best: [Option<Best>; 2],
}

/// The best price of a side, and the quantity that is shown there.
type Best = (Price, Quantity);

/// The prices of an instrument.
#[derive(Serialize, ToSchema)]
pub(super) struct Tick {
    /// Its code.
    code: String,
    /// The previous close, or what stands for it.
    reference: String,
    /// The last price of the day.
    last: Option<String>,
    /// The first.
    open: Option<String>,
    /// The highest.
    high: Option<String>,
    /// The lowest.
    low: Option<String>,
    /// The close as it stands.
    close: String,
    /// The last price less the reference.
    change: Option<String>,
    /// Units traded today, by every method.
    volume: String,
    /// Money for them.
    amount: String,
    /// The best bid.
    bid: Option<String>,
    /// What is shown there.
    bid_quantity: Option<String>,
    /// The best ask.
    ask: Option<String>,
    /// What is shown there.
    ask_quantity: Option<String>,
}

/// The last prices of all instruments.
#[derive(Default)]
pub(super) struct Ticker {
    lines: BTreeMap<InstrumentId, (Line, String)>,
}

impl Ticker {
    pub(super) fn whole(&self) -> String {
        format!("{{\"items\":[{}]}}", join(self.lines.values().map(|(_, item)| item.as_str())))
    }

    pub(super) fn changes(&mut self, state: &State) -> Option<String> {
        let listed = best_listings(state);
        let mut changed = Vec::new();
        for (index, instrument) in state.venue().instruments().iter().enumerate() {
            let id = InstrumentId::at(index);
            let best = |side| {
                let book = state.venue().depth(id, side).next().map(|(price, level)| (price, level.quantity));
                book.or_else(|| listed.get(&(id, side)).copied())
            };
            let day = &instrument.day;
            let volume = day.turnover.iter().map(|turnover| turnover.volume).sum();
            let best = [best(Side::Buy), best(Side::Sell)];
            let line = Line { last: day.last, reference: day.reference, volume, best };
            if self.lines.get(&id).is_some_and(|(told, _)| *told == line) {
                continue;
            }
            let Some(item) = tick(state, id, best) else { continue };
            changed.push(item.clone());
            self.lines.insert(id, (line, item));
        }
        (!changed.is_empty()).then(|| super::items::list(changed.iter().map(String::as_str)))
    }
}

fn tick(state: &State, id: InstrumentId, [bid, ask]: [Option<Best>; 2]) -> Option<String> {
    let (view, written) = (instrument_view(state, id)?, Written::of(state, id)?);
    let quantity = |best: Option<Best>| best.map(|(_, quantity)| written.quantity(quantity));
    Some(json(&Tick {
        code: view.code,
        reference: view.reference,
        last: view.last,
        open: view.open,
        high: view.high,
        low: view.low,
        close: view.close,
        change: view.change,
        volume: view.volume,
        amount: view.amount,
        bid: view.bid,
        bid_quantity: quantity(bid),
        ask: view.ask,
        ask_quantity: quantity(ask),
    }))
}

/// The best price of each side of each instrument's listings, and what is offered there.
fn best_listings(state: &State) -> BTreeMap<(InstrumentId, Side), Best> {
    let mut best = BTreeMap::new();
    for (_, order) in state.venue().orders() {
        let terms = &order.terms;
        let known: &mut Best =
            best.entry((terms.instrument, terms.side)).or_insert((terms.price, Quantity::ZERO));
        let better = if terms.side == Side::Buy { terms.price > known.0 } else { terms.price < known.0 };
        if better {
            *known = (terms.price, Quantity::ZERO);
        }
        if terms.price == known.0 {
            known.1.0 = known.1.0.saturating_add(order.left().0);
        }
    }
    best
}

/// The listings of an instrument, as anyone sees them.
pub(super) struct Listings {
    instrument: InstrumentId,
    bids: Told<u64>,
    asks: Told<u64>,
}

impl Listings {
    pub(super) fn new(instrument: InstrumentId) -> Self {
        Self { instrument, bids: Told(BTreeMap::new()), asks: Told(BTreeMap::new()) }
    }

    pub(super) fn whole(&self) -> String {
        format!("{{\"bids\":[{}],\"asks\":[{}]}}", self.bids.all(), self.asks.all())
    }

    pub(super) fn changes(&mut self, state: &State) -> Option<String> {
        let now = listings_view(state, self.instrument, |_| false);
        let side = |all: Vec<crate::serve::api::market::ListingView>| -> BTreeMap<u64, String> {
            let item = |one: &crate::serve::api::market::ListingView| {
                let (price, quantity) = (one.price.clone(), one.quantity.clone());
                json(&ListingItem { listing: one.listing, price, quantity })
            };
            all.iter().map(|one| (one.listing, item(one))).collect()
        };
        let (bids, mut gone) = self.bids.take(side(now.bids));
        let (asks, gone_asks) = self.asks.take(side(now.asks));
        gone.extend(gone_asks);
        let changed = !bids.is_empty() || !asks.is_empty() || !gone.is_empty();
        changed.then(|| format!("{{\"bids\":[{bids}],\"asks\":[{asks}],\"gone\":{}}}", json(&gone)))
    }
}

/// What an account holds.
pub(super) struct Holdings {
    account: AccountId,
    told: BTreeMap<AssetId, Holding>,
}

impl Holdings {
    pub(super) fn new(account: AccountId) -> Self {
        Self { account, told: BTreeMap::new() }
    }

    pub(super) fn whole(&self, state: &State) -> String {
        let all = crate::serve::api::accounts::holdings_of(state, self.account);
        format!("{{\"items\":{}}}", json(&all))
    }

    pub(super) fn changes(&mut self, state: &State) -> Option<String> {
        let mut changed = Vec::new();
        for asset in (0..state.registry().assets().len()).map(AssetId::at) {
            let now = state.registry().ledger().holding(self.account, asset);
            let before = self.told.insert(asset, now).unwrap_or_default();
            if before != now {
                changed.push(holding_view(state, self.account, asset));
            }
        }
        (!changed.is_empty()).then(|| format!("{{\"items\":{}}}", json(&changed)))
    }
}
