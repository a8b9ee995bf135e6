//! How far back a list goes, and how far forward: times, and the cursors of its pages.

use super::{Asked, Edge};
use crate::serve::problem::Problem;
use base::Timestamp;

/// Pages that are read for one answer at most.
const PAGES_MAX: usize = 20;

/// See the module. `C` is what pages are cut by.
pub(super) struct Within<C = u64> {
    since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    /// Only what is newer than the item there.
    before: Option<C>,
    /// Only what is older than the item there.
    after: Option<C>,
    pub(super) limit: u32,
}

impl Within {
    /// As it is asked for, with numbers for cursors.
    ///
    /// # Errors
    /// A parameter cannot be read.
    pub(super) fn of(asked: &Asked) -> Result<Self, Problem> {
        Self::read(asked, |name| asked.number(name))
    }
}

impl<C: Ord + Copy> Within<C> {
    /// As it is asked for, with cursors that are read so.
    ///
    /// # Errors
    /// A parameter cannot be read.
    pub(super) fn read(
        asked: &Asked,
        cursor: impl Fn(&str) -> Result<Option<C>, Problem>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            since: asked.time("start_date", Edge::First)?,
            until: asked.time("end_date", Edge::Last)?,
            before: cursor("before")?,
            after: cursor("after")?,
            limit: asked.limit()?,
        })
    }

    /// Those of a list that goes back in time, page by page of a size, each below a place: what is `at` some place and time and
    /// is taken.
    ///
    /// # Errors
    /// A page cannot be read.
    pub(super) fn find<R>(
        &self,
        size: u32,
        mut page: impl FnMut(Option<C>) -> anyhow::Result<Vec<R>>,
        at: impl Fn(&R) -> (C, Timestamp),
        takes: impl Fn(&R) -> bool,
    ) -> anyhow::Result<Vec<R>> {
        let (mut below, mut found) = (self.after, Vec::new());
        for _ in 0..PAGES_MAX {
            let rows = page(below)?;
            let full = rows.len() == size as usize;
            below = rows.last().map(|row| at(row).0);
            for row in rows {
                let (place, time) = at(&row);
                let too_old = self.since.is_some_and(|since| time < since);
                if too_old
                    || self.before.is_some_and(|before| place <= before)
                    || found.len() == self.limit as usize
                {
                    return Ok(found);
                }
                if self.until.is_none_or(|until| time <= until) && takes(&row) {
                    found.push(row);
                }
            }
            if !full {
                break;
            }
        }
        Ok(found)
    }
}
