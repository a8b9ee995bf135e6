//! Verification: everything a log claims, checked from its first byte.

use crate::node::{DataDir, Until, hex, replay_on, snapshots};
use anyhow::{Context, Result, bail};
use engine::Event;
use journal::{Disk, RealDisk, Summary, Tail};
use std::collections::BTreeMap;

/// The check that failed; the reason is its source.
#[derive(Debug, thiserror::Error)]
#[error("the first fault is here")]
pub struct Fault {
    /// `journal`, `replay`, `conservation` or `snapshot`.
    pub check: &'static str,
}

/// What a log that verifies holds.
#[derive(Debug)]
pub struct Verified {
    /// What the journal says of itself.
    pub summary: Summary,
    /// The digest of the log.
    pub digest: [u8; 32],
    /// Snapshots that were compared with the replay.
    pub snapshots: usize,
    /// The state after the last record.
    pub state: engine::State,
}

impl Verified {
    /// How the log ends, in words.
    #[must_use]
    pub fn tail(&self) -> String {
        match &self.summary.tail {
            Tail::Sealed => "sealed by a clean stop".to_owned(),
            Tail::Clean => "not sealed: in use, or stopped without warning".to_owned(),
            Tail::Torn(cut) => format!("a torn write of {} bytes at its end, never acknowledged", cut.bytes),
        }
    }
}

/// Verifies a data directory without changing it: checksums and chain of the journal, replay to the digests that it states,
/// conservation of every asset at the end of every day and of the log, and every snapshot against the replay.
///
/// # Errors
/// The first fault, as a chain that begins with its place and contains a [`Fault`].
pub fn verify(dir: &DataDir, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified> {
    verify_on(&RealDisk, dir, progress)
}

/// [`verify`] on a disk of the caller's.
///
/// # Errors
/// As [`verify`].
pub fn verify_on<D: Disk>(disk: &D, dir: &DataDir, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified> {
    if !dir.has_log(disk)? {
        bail!("there is no log in {}", dir.root().display());
    }
    let summary = journal::verify_on(disk.clone(), dir.journal()).context(Fault { check: "journal" })?;
    let all = snapshots::all(disk, dir, summary.log_id);
    let damaged = all.iter().find(|(_, start)| start.is_none());
    let mut expected: BTreeMap<u64, _> = all
        .iter()
        .filter_map(|(path, start)| Some((path, start.as_ref()?)))
        .map(|(path, start)| (start.state.sequence().0, (path, start)))
        .collect();
    let compared = expected.len();
    let played = replay_on(disk, dir, Until::End, &mut |record, events, state| {
        let day_ended = |event: &Event| matches!(event, Event::Trading(trading::Event::DayEnded { .. }));
        if events.iter().any(day_ended) {
            audit(state).with_context(|| format!("after record {}", record.sequence))?;
        }
        if let Some((path, start)) = expected.remove(&record.sequence.0)
            && start.state != *state
        {
            bail!(Fault { check: "snapshot" }.context_at(&path.display().to_string(), record.sequence.0));
        }
        if record.sequence.0.is_multiple_of(1_024) {
            progress(record.sequence.0, summary.records);
        }
        Ok(())
    });
    let played = played.map_err(|error| {
        if error.downcast_ref::<Fault>().is_some() { error } else { error.context(Fault { check: "replay" }) }
    })?;
    audit(&played.state).context("at the end of the log")?;
    if let Some((path, _)) = damaged {
        return Err(anyhow::anyhow!(
            "{} is damaged or foreign; it can be removed, the log is whole",
            path.display()
        ))
        .context(Fault { check: "snapshot" });
    }
    if let Some((_, (path, _))) = expected.first_key_value() {
        return Err(anyhow::anyhow!("{} stands at a record that the log does not have", path.display()))
            .context(Fault { check: "snapshot" });
    }
    Ok(Verified { summary, digest: played.digest, snapshots: compared, state: played.state })
}

impl Fault {
    fn context_at(self, path: &str, record: u64) -> anyhow::Error {
        anyhow::anyhow!("{path} differs from the replay at record {record}").context(self)
    }
}

fn audit(state: &engine::State) -> Result<()> {
    let found = state.registry().ledger().audit();
    let Some(first) = found.first() else { return Ok(()) };
    let asset = &state.registry().asset(first.asset).code;
    let negative = first.negative.map(|account| format!(", and account {account} has a negative bucket"));
    let message = format!(
        "{asset}: {} outstanding, {} held{} (state {})",
        first.outstanding,
        first.held,
        negative.unwrap_or_default(),
        state.digest().map(|digest| hex(&digest)).unwrap_or_default()
    );
    Err(anyhow::anyhow!(message).context(Fault { check: "conservation" }))
}
