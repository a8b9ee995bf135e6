//! Planted faults of takers, and of trades that are taken back or corrected.

use engine::{Command, Envelope, Event, State};
use trading::{Event as T, Revision};

/// Changes the first revision of a trade that a function finds something to change in.
pub(crate) fn revised(events: &mut [Event], change: impl Fn(&mut Revision) -> bool) -> bool {
    events.iter_mut().any(|event| match event {
        Event::Trading(T::TradeBusted(revision) | T::TradeCorrected(revision)) => change(revision),
        _ => false,
    })
}

/// The trade before is taken back.
pub(crate) fn another(envelope: &mut Envelope, _: &State) -> bool {
    match innermost(&mut envelope.command) {
        Command::BustTrade(c) if c.trade.0 > 1 => {
            c.trade.0 -= 1;
            true
        }
        _ => false,
    }
}

/// One unit more stands than was asked for.
pub(crate) fn fewer(envelope: &mut Envelope, _: &State) -> bool {
    match innermost(&mut envelope.command) {
        Command::CorrectTrade(c) => {
            c.quantity.as_mut().map(|quantity| quantity.0 = quantity.0.saturating_add(1)).is_some()
        }
        _ => false,
    }
}

/// A taker's command reaches another listing of the same side and price, where there is one: nobody would see it in the price.
pub(crate) fn take_another(envelope: &mut Envelope, state: &State) -> bool {
    let Command::TakeListing(take) = &mut envelope.command else { return false };
    let Some(wanted) = state.venue().order(take.listing).copied() else { return false };
    let beside = |order: &trading::Order| {
        let (a, b) = (&order.terms, &wanted.terms);
        (a.instrument, a.side) == (b.instrument, b.side)
            && a.account != b.account
            && a.account != take.account
    };
    let other = state.venue().orders().find(|(id, order)| *id != take.listing && beside(order));
    other.map(|(id, _)| take.listing = id).is_some()
}

/// What is asked in the end: of a proposal, what it proposes.
fn innermost(command: &mut Command) -> &mut Command {
    match command {
        Command::ProposeAct { command, .. } => innermost(command),
        command => command,
    }
}
