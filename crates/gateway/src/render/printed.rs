//! A record as a line that can be run again: what [`crate::parse_printed`] reads.

use super::Names;
use crate::resolve::Numbers;
use crate::{Resolver, format_time, hex};
use base::{InstrumentId, MarketId, UserId};
use engine::{Command, Event, Record};
use serde_json::{Map, Value, json};

impl Names<'_> {
    /// A record with what happened: the command as a command file has it, and beside it, where that does not say everything, the
    /// command as the log has it, under `exact`; or, where this version would write the record otherwise than its payload, that. Of an id of
    /// which only the key is known, that.
    #[must_use]
    pub fn printed(&self, record: &Record, payload: &[u8], events: &[Event]) -> Value {
        let Record { sequence, time, envelope } = record;
        let calendar = self.0.markets().first().map(|market| &market.rulebook.versions[0].trading.calendar);
        let mut line = Map::new();
        let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
        put("record", json!(sequence.0));
        let written = format_time(*time, calendar);
        if base::Timestamp::read(&written) != Ok(*time) {
            put("time_ns", json!(time.0));
        }
        put("time", json!(written));
        put("id", json!(envelope.client_id.text()));
        if envelope.client_id.text().is_none() {
            put("id_key", json!(envelope.client_id.key().hex()));
        }
        put("by", json!(self.participant(envelope.actor)));
        if envelope.user != UserId::NOBODY {
            put("as", json!(self.user(envelope.user)));
        }
        if let Some(door) = envelope.door.name() {
            put("door", json!(door));
        }
        if let Value::Object(command) = self.command(&envelope.command, events) {
            line.extend(command);
        }
        let mut written = Vec::with_capacity(payload.len());
        let is_written = engine::encode(envelope, &mut written).is_ok() && written == payload;
        if !is_written {
            line.insert("payload".to_owned(), json!(hex::write(payload)));
        } else if !self.reads_back(&envelope.command, events) {
            line.insert("exact".to_owned(), exact(&envelope.command));
        }
        let events = events.iter().map(|event| self.event(event)).collect();
        line.insert("events".to_owned(), Value::Array(events));
        Value::Object(line)
    }

    /// Whether a command, as it is written in names and decimals, means just this command to who reads it before the record.
    fn reads_back(&self, command: &Command, events: &[Event]) -> bool {
        let said = match command {
            // A limit that was reckoned when the command came in.
            Command::ApplyCarryOver(_) => false,
            // One within the other is not read from names.
            Command::ProposeAct { command, .. } => {
                !matches!(**command, Command::ProposeAct { .. }) && self.reads_back(command, events)
            }
            command => self.is_known(command, events),
        };
        let market = (!self.0.markets().is_empty()).then_some(MarketId(0));
        let resolver = Resolver { state: self.0, market, book: &Numbers };
        said && resolver.resolve(&self.wire(command, traded(command, events))).as_ref() == Ok(command)
    }

    /// Whether one reads the numbers of a command alike before its record and after it: what they are of may stand before the record, and
    /// not any more.
    fn is_known(&self, command: &Command, events: &[Event]) -> bool {
        let order = match command {
            Command::TakeListing(c) => self.instrument_of(c.listing),
            Command::AmendOrder(c) => self.instrument_of(c.order),
            // A trade that was made in this record was none before it.
            Command::CorrectTrade(c) if is_made(c.trade, events) => return self.is_uniform(),
            Command::CorrectTrade(c) => self.instrument_traded(c.trade),
            Command::PlaceBid(c) => self.0.venue().auction(c.auction).map(|auction| auction.terms.instrument),
            _ => return true,
        };
        traded(command, events).or(order).is_some() || self.is_uniform()
    }

    /// Whether all prices and all quantities are written alike.
    fn is_uniform(&self) -> bool {
        let state = self.0;
        let formats = state.markets().iter().map(|market| {
            let format = market.rulebook.price;
            (format.decimals, format.tick, market.rulebook.unit.decimals)
        });
        let first = formats.clone().next();
        let unit = first.map(|(_, _, decimals)| decimals);
        let mut listed = state.venue().instruments().iter();
        formats.into_iter().all(|format| Some(format) == first)
            && listed.all(|listed| Some(state.registry().asset(listed.asset).decimals) == unit)
    }

    /// The instrument of a trade that can still be corrected.
    pub(super) fn instrument_traded(&self, trade: base::TradeId) -> Option<InstrumentId> {
        self.0.clearing().kept(trade).map(|(_, _, kept)| kept.instrument)
    }

    /// The instrument of an order or a listing that stands.
    pub(super) fn instrument_of(&self, order: base::OrderId) -> Option<InstrumentId> {
        let venue = self.0.venue();
        let listed = || venue.order(order).map(|order| order.terms.instrument);
        venue.book_order(order).map(|order| order.instrument).or_else(listed)
    }
}

/// Whether a trade is one of a record's own.
fn is_made(trade: base::TradeId, events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::Trading(trading::Event::Traded(made)) => made.id == trade,
        Event::Trading(trading::Event::Filled { trade: made, .. }) => *made == trade,
        _ => false,
    })
}

/// The instrument that a command's own events say it was about.
pub(super) fn traded(command: &Command, events: &[Event]) -> Option<InstrumentId> {
    events.iter().find_map(|event| match (command, event) {
        (Command::AmendOrder(c), Event::Trading(trading::Event::OrderAmended { order, instrument, .. })) => {
            (c.order == *order).then_some(*instrument)
        }
        (Command::TakeListing(_), Event::Trading(trading::Event::Traded(trade))) => Some(trade.instrument),
        _ => None,
    })
}

/// A command as the log has it, as JSON; as a text where it has numbers that JSON's readers do not hold.
fn exact(command: &Command) -> Value {
    serde_json::to_value(command)
        .or_else(|_| serde_json::to_string(command).map(Value::String))
        .unwrap_or_default()
}
