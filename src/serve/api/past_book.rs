//! An instrument as it stood at a moment that is past: the log is replayed up to there.

use super::history::look_up;
use super::market::{Listings, listings_view};
use super::views::{instrument, local};
use crate::node::{DataDir, Until, replay};
use crate::serve::book::{BookView, LEVELS_MAX};
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use utoipa::{IntoParams, ToSchema};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::looks_up(
            "/v1/supervision/book",
            Allowed::Watchers,
            "supervision",
            "An order book and its listings as they stood at a record or a time, from the log",
            past_book,
        )
        .with_query::<Moment>()
        .gives::<PastBook>(),
    ]
}

/// Which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Moment {
    /// The instrument.
    pub instrument: String,
    /// The number of a record, or a time.
    pub at: String,
}

/// An instrument as it stood.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct PastBook {
    /// The record after which it was so.
    pub sequence: u64,
    /// When that was taken.
    pub time: String,
    /// The digest of the log up to there.
    pub digest: String,
    /// The order book.
    pub book: BookView,
    /// The listings.
    pub listings: Listings,
}

/// One replay at a time: each holds a state of its own.
static TURN: Mutex<()> = Mutex::new(());

fn past_book(call: &Call) -> Answered {
    let Moment { instrument: code, at } = call.query()?;
    let last = call.app.past.sequence();
    let record = match (at.parse::<u64>(), gateway::parse_time(&at)) {
        (Ok(record), _) => record.min(last),
        (Err(_), Some(time)) => look_up(call, |view| view.sequence_at(time))?.value,
        (Err(_), None) => {
            let detail = format!("at: the number of a record or a time, found {at:?}");
            return Err(Problem::new(Code::BadQuery, detail));
        }
    };
    let _turn = TURN.lock();
    let replayed = replay(&DataDir::at(&call.app.data), Until::Record(record), &mut |_, _, _| Ok(()));
    let replayed = replayed.map_err(|error| {
        tracing::error!("the log could not be replayed up to record {record}: {error:#}");
        Problem::new(Code::Internal, "the log could not be replayed")
    })?;
    let state = &replayed.state;
    let id = instrument(state, &code)?;
    let book = BookView::of(state, id, LEVELS_MAX).ok_or_else(|| Problem::not_found("such instrument"))?;
    let listings = listings_view(state, id, |_| true);
    let (sequence, time) = (state.sequence().0, local(state, None, state.time()));
    let digest = crate::node::hex(&replayed.digest);
    Ok(Reply::json(&PastBook { sequence, time, digest, book, listings }).at(sequence))
}
