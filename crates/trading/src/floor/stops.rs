//! Stops: orders that wait until the last price reaches their trigger.

use super::PostTrade;
use super::ticket::Place;
use crate::{End, Event, Phase, Venue};
use base::{InstrumentId, Price, Side, Timestamp};
use book::Slot;

impl Venue {
    /// Brings every stop to the book whose trigger the last price has reached, one by one: those to buy first, the nearest
    /// trigger first, the oldest first; after each the last price is looked at again. A stop that interrupts trading is
    /// the last one.
    pub(crate) fn trigger_stops(&mut self, now: Timestamp, id: InstrumentId, after: &mut impl PostTrade) {
        while let Some(slot) = self.next_stop(id) {
            self.take_out(slot);
            let extra = self.floor.extra(slot);
            let left = self.floor.orders.get(slot).left;
            self.floor.orders.reprice(slot, extra.limit, left);
            after.event(Event::OrderTriggered { order: self.floor.orders.id(slot) });
            self.strike(now, slot, extra.minimum, after);
        }
    }

    /// The next stop whose trigger is reached.
    fn next_stop(&self, id: InstrumentId) -> Option<Slot> {
        let pit = &self.floor.pits[id.index()];
        if pit.phase != Phase::Continuous || (pit.stops.is_empty(Side::Buy) && pit.stops.is_empty(Side::Sell))
        {
            return None;
        }
        let last = self.instruments[id.index()].day.last?;
        let reached = |side: Side| {
            let trigger = Price(-pit.stops.best(side)?.0);
            let reached = if side == Side::Buy { trigger <= last } else { trigger >= last };
            pit.stops.front(side).filter(|_| reached)
        };
        reached(Side::Buy).or_else(|| reached(Side::Sell))
    }

    /// Ends the orders of an instrument whose price or trigger lies outside the new day's band.
    pub(super) fn end_outside_band(&mut self, id: InstrumentId, after: &mut impl PostTrade) {
        let (lower, upper) = self.floor.pits[id.index()].band;
        let outside = |price: Price| price < lower || price > upper;
        let is_over = |slot: &Slot| {
            let order = self.floor.orders.get(*slot);
            match order.owner.place() {
                Place::Stops => outside(Price(-order.price.0)) || outside(self.floor.extra(*slot).limit),
                _ => outside(order.price),
            }
        };
        let mut slots = self.floor.slots_of(id);
        slots.retain(is_over);
        for slot in slots {
            self.end(slot, End::OutsideBand, after);
        }
    }
}
