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
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Replays that run or wait at most: whoever waits holds a thread with which others look something up.
const TURNS: usize = 8;

/// Replays that run or wait.
static TAKEN: Taken = Taken(AtomicUsize::new(0));
/// One replay at a time: each holds a state of its own.
static TURN: Mutex<()> = Mutex::new(());

/// How many turns are taken.
struct Taken(AtomicUsize);

/// A turn, until it is dropped.
struct Turn<'a>(&'a Taken);

impl Taken {
    fn one(&self, most: usize) -> Result<Turn<'_>, Problem> {
        let more = |taken: usize| (taken < most).then_some(taken + 1);
        match self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Turn(self)),
            Err(_) => Err(Problem::again_in(1, Code::Busy, "others look into the past as well: try again")),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn past_book(call: &Call) -> Answered {
    let Moment { instrument: code, at } = call.query()?;
    let last = call.app.past.sequence();
    let record = match (at.parse::<u64>(), gateway::read_time(&at)) {
        (Ok(record), _) => record.min(last),
        (Err(_), Ok(time)) => look_up(call, |view| view.sequence_at(time))?.value,
        (Err(_), Err(why)) => {
            let detail = format!("at: the number of a record or a time: {why}");
            return Err(Problem::new(Code::BadQuery, detail));
        }
    };
    let _one = TAKEN.one(TURNS)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_given_back() {
        let taken = Taken(AtomicUsize::new(0));
        let (first, second) = (taken.one(2).unwrap(), taken.one(2));
        assert!(second.is_ok());
        let told = taken.one(2).err().unwrap();
        assert_eq!((told.code, told.retry_after), (Code::Busy, Some(1)));
        drop(first);
        assert!(taken.one(2).is_ok());
        drop(second);
        assert_eq!(taken.0.load(Ordering::Acquire), 0);
    }
}
