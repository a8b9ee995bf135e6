//! Where the calendar ends and the command begins: the events of a record are those of the steps that were due, then those of the
//! command, then those of supervision.

use engine::{Command, Event};
use registry::Event as R;
use trading::{AuctionEnd, End, Event as T};

/// The first event that came of the command itself.
pub(super) fn own(command: &Command, events: &[Event]) -> usize {
    let refused = events.iter().position(|event| matches!(event, Event::Refused(_)));
    let taken = || events.iter().position(|event| answers(command, event));
    refused.or_else(taken).unwrap_or(events.len())
}

/// Where what supervision directs begins: it halts, freezes and blocks after everything else. `own` is where the command begins.
pub(super) fn supervision(command: &Command, events: &[Event], own: usize) -> usize {
    let itself = matches!(
        command,
        Command::SetHalted(_) | Command::SetAccountFrozen(_) | Command::SetTradingBlocked(_)
    );
    let refused = matches!(events.get(own), Some(Event::Refused(_)));
    let from = own + usize::from(itself && !refused);
    let directed = |event: &Event| {
        matches!(
            event,
            Event::Trading(T::HaltedSet { halted: true, .. } | T::TradingBlockedSet { blocked: true, .. })
                | Event::Registry(R::AccountFrozenSet { frozen: true, .. })
        )
    };
    let at = events.get(from..).and_then(|rest| rest.iter().position(directed));
    at.map_or(events.len(), |at| from + at)
}

/// Whether an event can only have come of a command that was taken. What the calendar does looks different, or comes to the same.
fn answers(command: &Command, event: &Event) -> bool {
    use Command as C;
    match event {
        Event::Trading(event) => match (command, event) {
            (C::PlaceOrder(_), T::OrderPlaced { .. })
            | (C::EnterOrder(_), T::OrderEntered { .. })
            | (C::EnterFunds(_), T::FundsEntered { .. })
            | (C::AmendOrder(_), T::OrderAmended { .. })
            | (C::SetTradingBlocked(_), T::TradingBlockedSet { .. })
            | (C::ProposeBlock(_), T::BlockProposed { .. })
            | (C::AnnounceAuction(_), T::AuctionAnnounced { .. })
            | (C::PlaceBid(_), T::BidPlaced { .. })
            | (C::ListInstrument(_), T::InstrumentListed { .. })
            | (C::RelistInstrument(_), T::InstrumentRelisted { .. })
            | (C::BustTrade(_), T::TradeBusted(_))
            | (C::CorrectTrade(_), T::TradeCorrected(_))
            | (C::SetHalted(_), T::HaltedSet { .. })
            | (C::CorrectReference(_), T::ReferenceCorrected { .. })
            | (C::DeclareHoliday(_), T::HolidayDeclared { .. })
            | (C::RevokeHoliday(_), T::HolidayRevoked { .. }) => true,
            (C::DelistInstrument(c), T::InstrumentDelisted { instrument }) => c.instrument == *instrument,
            (C::TakeListing(_) | C::AcceptBlock(_), T::Traded(trade)) => {
                trade.method != base::Method::Auction
            }
            (C::CancelOrder(_), T::OrderEnded { end, .. }) => *end == End::Withdrawn,
            (C::MassCancel(_), T::OrderEnded { end, .. }) => *end == End::MassCancelled,
            (C::WithdrawBlock(_), T::BlockEnded { end, .. }) => matches!(end, End::Withdrawn | End::Declined),
            (C::WithdrawBid(_), T::BidEnded { end, .. }) => *end == End::Withdrawn,
            (C::DrawLot(draw), T::AuctionUncrossed { auction, .. }) => draw.auction == *auction,
            (C::DrawLot(draw), T::AuctionCancelled { auction, end }) => {
                draw.auction == *auction && matches!(end, AuctionEnd::Underbid | AuctionEnd::NoBids)
            }
            (C::CancelAuction(c), T::AuctionCancelled { auction, end }) => {
                c.auction == *auction && *end == AuctionEnd::CalledOff
            }
            (C::DelistInstrument(_), T::OrderEnded { end, .. } | T::BlockEnded { end, .. }) => {
                *end == End::Removed
            }
            _ => false,
        },
        Event::Registry(R::HoldingsRecorded { .. } | R::Settled { .. }) | Event::Clearing(_) => false,
        // Supervision freezes too, after a trade.
        Event::Registry(R::AccountFrozenSet { .. }) => matches!(command, C::SetAccountFrozen(_)),
        Event::Registry(_) => true,
        Event::RulebookAdopted { .. } | Event::Roster(_) => true,
        Event::ActProposed { .. } | Event::ActApproved { .. } | Event::ActWithdrawn { .. } => true,
        // Alerts are left out before this: what is left was said of a case.
        Event::Supervision(_) => true,
        _ => false,
    }
}
