//! The trading floor: continuous trading on order books (竞价交易), its call auctions, and what moves an instrument from one
//! to the other.
//!
//! All orders of all instruments stand in one table ([`book::Orders`]); an instrument's [`Pit`] has the levels. What a match
//! leads to beyond this room (fees are due, assets and money move, holds are given back) goes through [`PostTrade`], at the
//! point where it happens: the next fill sees its effects.
//!
//! | file | what happens there |
//! |---|---|
//! | `check.rs` | what is refused, and what must be set aside |
//! | `enter.rs` | an order comes in, rests, waits, ends |
//! | `strike.rs` | an order meets the book: matching, self-trade prevention, minimum |
//! | `spend.rs` | an order for an amount of money meets the book |
//! | `fill.rs` | two orders meet: fees, holds, statistics |
//! | `stops.rs` | the last price reaches stops |
//! | `amend.rs` | an order changes |
//! | `call.rs` | the one price of a call auction |
//! | `phases.rs` | the clock, interruptions, halts |
//! | `sweep.rs` | many orders end |
//! | `glance.rs` | looks ahead, so that what an order will touch is in the cache |

mod amend;
mod call;
mod check;
mod enter;
mod fill;
mod glance;
mod phases;
mod spend;
mod stops;
mod strike;
mod sweep;
mod ticket;

pub use check::Incoming;
pub use ticket::BookOrder;

use crate::{Event, Phase, Venue, Whose};
use base::{AccountId, Fill, Hold, InstrumentId, ParticipantId, Price, Quantity, Side, Tariff, Timestamp};
use book::{Book, Orders, Slot};
pub(crate) use phases::phase_at;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
pub(crate) use ticket::INSTRUMENTS_MAX;
use ticket::{Extra, Ticket};

/// Orders that can stand at once.
const ORDERS_MAX: usize = 1 << 27;

/// What a match leads to beyond the trading room. The engine carries it out in the rooms that own the acts.
pub trait PostTrade {
    /// Something happened.
    fn event(&mut self, event: Event);
    /// Two orders met: novate, deliver and pay.
    fn settle(&mut self, fill: &Fill);
    /// Something that was set aside is not needed any more.
    fn release(&mut self, hold: Hold);
    /// Whether two accounts are one beneficial owner's.
    fn same_owner(&self, one: AccountId, other: AccountId) -> bool;
    /// The fees in force in an instrument's market.
    fn tariff(&self, instrument: &crate::Instrument) -> Tariff;
}

/// What a call auction would come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indication {
    /// The one price; none where nothing would trade.
    pub price: Option<Price>,
    /// Units that would trade.
    pub quantity: Quantity,
    /// Units left at that price: of buyers above zero, of sellers below.
    pub imbalance: i128,
}

/// An instrument's place on the floor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pit {
    book: Book,
    /// Stops that wait, at their trigger with the sign turned: the nearest trigger is the best price.
    stops: Book,
    /// Orders that wait for the closing call.
    closers: Book,
    phase: Phase,
    /// The end of an interruption.
    until: Option<Timestamp>,
    /// The day's static band.
    band: (Price, Price),
    indicated: Indication,
    /// What icebergs hide, by level.
    hidden: BTreeMap<(Side, Price), i128>,
}

/// Orders of one account in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pace {
    second: i64,
    orders: u32,
}

/// Everything on order books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Floor {
    orders: Orders<Ticket>,
    pits: Vec<Pit>,
    /// What only some orders have, by slot.
    extras: BTreeMap<Slot, Extra>,
    interruptions: BTreeSet<(Timestamp, InstrumentId)>,
    blocked: BTreeSet<Whose>,
    paces: Vec<Pace>,
}

impl Floor {
    /// Makes room for one more instrument.
    pub(crate) fn add(&mut self) {
        self.pits.push(Pit::default());
    }

    /// Whether an order of an instrument stands or waits.
    pub(crate) fn anything_stands(&self, id: InstrumentId) -> bool {
        let pit = &self.pits[id.index()];
        [&pit.book, &pit.stops, &pit.closers]
            .into_iter()
            .any(|book| !book.is_empty(Side::Buy) || !book.is_empty(Side::Sell))
    }

    /// The orders of an instrument, waiting ones too, in the order of their places in the table. What it costs goes with what stands in the
    /// instrument, not with what stands in the venue.
    fn slots_of(&self, id: InstrumentId) -> Vec<Slot> {
        // Following links is some ten times slower than passing over a table: so much of it, and one pass is quicker.
        let most = (self.orders.len() / 8).max(64);
        let pit = &self.pits[id.index()];
        let sides = [&pit.book, &pit.stops, &pit.closers].map(|book| [(book, Side::Buy), (book, Side::Sell)]);
        let queues = sides.into_iter().flatten().flat_map(|(book, side)| {
            std::iter::successors(book.front(side), move |slot| book.onward(&self.orders, *slot))
        });
        let mut slots: Vec<Slot> = queues.take(most + 1).collect();
        if slots.len() > most {
            let here = self.orders.iter().filter(|(_, order)| order.owner.instrument() == id);
            return here.map(|(slot, _)| slot).collect();
        }
        slots.sort_unstable();
        slots
    }

    /// The first interruption to end.
    pub(crate) fn next_interruption(&self) -> Option<(Timestamp, InstrumentId)> {
        self.interruptions.first().copied()
    }
}

impl Venue {
    /// When the first interruption ends.
    #[must_use]
    #[inline]
    pub fn next_interruption(&self) -> Option<Timestamp> {
        self.floor.next_interruption().map(|(until, _)| until)
    }

    /// Whether an account, or the firm that answers for it, is blocked from trading.
    #[must_use]
    #[inline]
    pub fn is_blocked(&self, account: AccountId, firm: ParticipantId) -> bool {
        let blocked = &self.floor.blocked;
        !blocked.is_empty()
            && (blocked.contains(&Whose::Account(account)) || blocked.contains(&Whose::Participant(firm)))
    }

    /// How many orders of books stand or wait.
    #[must_use]
    pub fn standing_orders(&self) -> usize {
        self.floor.orders.len()
    }

    /// Bytes of memory that the table of orders and the levels of all books hold, used or not.
    #[must_use]
    pub fn order_bytes(&self) -> usize {
        let pits = self.floor.pits.iter().flat_map(|pit| [&pit.book, &pit.stops, &pit.closers]);
        self.floor.orders.memory_bytes() + pits.map(Book::memory_bytes).sum::<usize>()
    }

    /// What an instrument's order book is doing.
    #[must_use]
    pub fn book_phase(&self, id: InstrumentId) -> Phase {
        self.floor.pits.get(id.index()).map_or(Phase::Closed, |pit| pit.phase)
    }

    /// The levels of a side of an instrument's book, best first: price, orders, units shown.
    pub fn depth(&self, id: InstrumentId, side: Side) -> impl Iterator<Item = (Price, book::Level)> {
        self.floor.pits.get(id.index()).into_iter().flat_map(move |pit| pit.book.levels(side))
    }

    /// What the call auction of an instrument would come to, while it runs.
    #[must_use]
    pub fn indication(&self, id: InstrumentId) -> Option<Indication> {
        self.floor.pits.get(id.index()).filter(|pit| pit.phase.is_call()).map(|pit| pit.indicated)
    }
}
