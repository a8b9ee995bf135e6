//! Planted faults of trades that are taken back or corrected.

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

/// What is asked in the end: of a proposal, what it proposes.
fn innermost(command: &mut Command) -> &mut Command {
    match command {
        Command::ProposeAct { command, .. } => innermost(command),
        command => command,
    }
}
