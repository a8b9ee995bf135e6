//! What is not traded by the book: auctions (单向竞价) and block proposals (大宗协议).

use super::views::{List, Written, local, word};
use crate::node::Follower;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::reply::Reply;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An auction.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AuctionView {
    /// Its number.
    pub auction: u64,
    /// What is sold or bought.
    pub instrument: String,
    /// What its initiator does.
    pub side: String,
    /// How much.
    pub quantity: String,
    /// The reserve price.
    pub reserve: Option<String>,
    /// When bids may be entered, from then on.
    pub opens: String,
    /// Until then.
    pub closes: String,
    /// `announced`, `open`, `awaits_lot`.
    pub status: String,
    /// The caller's own bids: nobody sees another's.
    pub own_bids: Vec<BidView>,
}

/// A sealed bid.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct BidView {
    /// Its number.
    pub bid: u64,
    /// Whose.
    pub account: String,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
}

pub(super) fn auctions(call: &Call, follower: &Follower) -> Answered {
    let (state, now) = (follower.state(), call.app.clock.now());
    let view = |(id, auction): (base::AuctionId, &trading::Auction)| {
        let terms = &auction.terms;
        let written = Written::of(state, terms.instrument)?;
        let own = |bid: &trading::Bid| {
            bid.terms.auction == id
                && call.caller.as_ref().is_some_and(|who| who.owns(state, bid.terms.account))
        };
        let own_bids = state.venue().bids().filter(|(_, bid)| own(bid)).map(|(bid, entered)| BidView {
            bid: bid.0,
            account: written.names.account(entered.terms.account),
            price: written.price(entered.terms.price),
            quantity: written.quantity(entered.terms.quantity),
        });
        let status = match auction.awaits_lot {
            true => "awaits_lot",
            false if now < terms.opens => "announced",
            false => "open",
        };
        Some(AuctionView {
            auction: id.0,
            instrument: written.names.instrument(terms.instrument),
            side: word(&terms.side),
            quantity: written.quantity(terms.quantity),
            reserve: terms.reserve.map(|reserve| written.price(reserve)),
            opens: local(state, Some(written.market), terms.opens),
            closes: local(state, Some(written.market), terms.closes),
            status: status.to_owned(),
            own_bids: own_bids.collect(),
        })
    };
    Ok(Reply::json(&List::all(follower, state.venue().auctions().filter_map(view).collect())))
}

/// A block that waits for its counterparty.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct BlockView {
    /// Its number.
    pub proposal: u64,
    /// What.
    pub instrument: String,
    /// What the proposer does.
    pub side: String,
    /// The price.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// The proposer's account.
    pub from: String,
    /// The counterparty's.
    pub counterparty: String,
    /// It is the caller's own; else it waits for the caller.
    pub mine: bool,
}

pub(super) fn blocks(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let view = |(id, proposal): (base::ProposalId, &trading::Proposal)| {
        let terms = &proposal.terms;
        let mine = caller.owns(state, terms.account);
        let theirs = caller.owns(state, terms.counterparty) || caller.sees_all(state);
        let written = Written::of(state, terms.instrument).filter(|_| mine || theirs)?;
        Some(BlockView {
            proposal: id.0,
            instrument: written.names.instrument(terms.instrument),
            side: word(&terms.side),
            price: written.price(terms.price),
            quantity: written.quantity(terms.quantity),
            from: written.names.account(terms.account),
            counterparty: written.names.account(terms.counterparty),
            mine,
        })
    };
    Ok(Reply::json(&List::all(follower, state.venue().proposals().filter_map(view).collect())))
}
