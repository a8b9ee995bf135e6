//! Planted faults of orders for an amount of money.

use super::{fill, first};
use base::Quantity;
use engine::{Command, Envelope, Event, Record, State};
use trading::{End, EnterFunds, Event as T};

fn enters(envelope: &mut Envelope, change: impl Fn(&mut EnterFunds) -> bool) -> bool {
    if let Command::EnterFunds(c) = &mut envelope.command { change(c) } else { false }
}

/// It trades less than the money pays for.
#[allow(clippy::ptr_arg)] // as every planted change
pub(super) fn gets_less(_: &Record, events: &mut Vec<Event>) -> bool {
    let comes = events.iter().any(|event| matches!(event, Event::Trading(T::FundsEntered { .. })));
    comes
        && fill(events, |event| {
            if let T::Filled { quantity: Quantity(units), .. } = event {
                *units -= 1
            }
        })
}

pub(super) fn pays_more(envelope: &mut Envelope, _: &State) -> bool {
    enters(envelope, |c| {
        c.funds.0 = c.funds.0.saturating_add(1);
        true
    })
}

pub(super) fn in_part(envelope: &mut Envelope, _: &State) -> bool {
    enters(envelope, |c| std::mem::take(&mut c.fill_or_kill))
}

#[allow(clippy::ptr_arg)] // as every planted change
pub(super) fn unspent(_: &Record, events: &mut Vec<Event>) -> bool {
    first(events, |event| match event {
        Event::Trading(T::OrderEnded { end: end @ End::Spent, .. }) => {
            *end = End::Immediate;
            true
        }
        _ => false,
    })
}

#[allow(clippy::ptr_arg)] // as every planted change
pub(super) fn shrinks_by_less(_: &Record, events: &mut Vec<Event>) -> bool {
    first(events, |event| match event {
        Event::Trading(T::FundsReduced { amount, .. }) => {
            amount.0 -= 1;
            true
        }
        _ => false,
    })
}
