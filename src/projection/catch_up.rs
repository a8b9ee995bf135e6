//! A projection is brought up to the end of a log.

use super::{Projection, Writer};
use crate::node::{DataDir, replay_after};
use anyhow::{Result, bail};
use engine::State;

/// Records of a transaction, while a log is read.
const BATCH_RECORDS: u64 = 50_000;

/// A projection at the end of its log, and the state there: whoever has both goes on from there, record by record.
pub struct Caught {
    /// To be fed with the records that follow.
    pub writer: Writer,
    /// The state after the last record.
    pub state: State,
}

/// Feeds a projection with what the log of a data directory has beyond it. `progress` is told the last record that was fed.
///
/// # Errors
/// The log cannot be read or does not replay to the digests in it, the database failed, or the projection has records that the
/// log does not have, which it then has to be rebuilt for.
pub fn catch_up(projection: &Projection, dir: &DataDir, progress: &mut dyn FnMut(u64)) -> Result<Caught> {
    let mut writer = projection.writer()?;
    let known = writer.last();
    let replayed = replay_after(dir, known, &mut |record, events, state| {
        writer.note(record, events, state)?;
        if record.sequence.0.is_multiple_of(BATCH_RECORDS) {
            progress(writer.commit()?);
        }
        Ok(())
    })?;
    writer.index()?;
    progress(writer.last());
    let last = replayed.state.sequence().0;
    if last < known {
        let place = projection.place();
        bail!(
            "the projection at {place} has records up to {known}, the log {last}: rebuild it with `huangpu project`"
        );
    }
    Ok(Caught { writer, state: replayed.state })
}
