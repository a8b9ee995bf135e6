//! Why what was asked came too late: the engine forgets what has ended, the projection does not. So the answer to a late
//! cancellation, amendment, take or acceptance says what became of the order, and the log keeps its one reason.

use super::views::local;
use crate::serve::App;
use crate::serve::problem::{Ended, Problem};
use base::{OrderId, ParticipantId};
use engine::Command;

/// Reasons that can mean that something has ended.
const LATE: [&str; 4] = ["order_unknown", "listing_unknown", "proposal_unknown", "bid_unknown"];

/// What a command is about, where that may have ended before it.
pub(super) fn about(command: &Command) -> Option<OrderId> {
    match command {
        Command::CancelOrder(c) => Some(c.order),
        Command::AmendOrder(c) => Some(c.order),
        Command::TakeListing(c) => Some(c.listing),
        Command::AcceptBlock(c) => Some(OrderId(c.proposal.0)),
        Command::WithdrawBlock(c) => Some(OrderId(c.proposal.0)),
        Command::WithdrawBid(c) => Some(OrderId(c.bid.0)),
        _ => None,
    }
}

/// Says of a refusal what became of the order that it is about. Of another's nothing is said, but of listings and of blocks that were
/// proposed to the sender, which it saw while they stood.
pub(super) async fn tell(app: &App, by: ParticipantId, about: OrderId, problem: &mut Problem) {
    let reason = problem.refusal.map_or("", engine::Rejection::code);
    let Some(record) = problem.sequence.filter(|_| LATE.contains(&reason)) else { return };
    app.past.at_least(record).await;
    let projection = app.past.projection.clone();
    let looked_up = tokio::task::spawn_blocking(move || projection.read(|view| view.order(about)));
    let row = match looked_up.await.map_err(anyhow::Error::from).flatten() {
        Ok(seen) if app.past.sequence() >= record => seen.value,
        // It is behind: then nothing is said, and the reason is told as it stands.
        Ok(_) => return,
        Err(error) => return tracing::error!("the projection cannot be read: {error:#}"),
    };
    let follower = app.reader.read();
    let state = follower.state();
    let counterparty = |account| {
        state.registry().account(account).is_some_and(|account: &registry::Account| account.participant == by)
    };
    let row = row.filter(|row| {
        row.participant == by || row.kind == "listing" || row.counterparty.is_some_and(counterparty)
    });
    let Some(row) = row else {
        problem.detail.push_str(" Nothing of yours has ever had this number.");
        return;
    };
    let became = match row.status.as_str() {
        "filled" => "It has traded in full",
        "cancelled" => "It was cancelled",
        "expired" => "It expired",
        "removed" => "It was removed",
        // It stands: the refusal has another ground.
        _ => return,
    };
    let record = row.ended_sequence.unwrap_or(row.updated).0;
    problem.detail.push_str(&format!(" {became}, with record {record}."));
    problem.ended = Some(Box::new(Ended {
        status: row.status.clone(),
        why: row.ended.clone(),
        sequence: record,
        time: row.ended_time.map(|time| {
            let market = state.venue().instrument(row.instrument).map(|instrument| instrument.market);
            local(state, market, time)
        }),
    }));
}
