//! The shortest history that still fails, as far as a bounded search finds one (delta debugging: Zeller and Hildebrandt, 2002).

use crate::audit::finding::Finding;
use crate::plant::Plant;
use crate::{History, Outcome, replay};

/// The result of a search.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The steps that are left.
    pub history: History,
    /// What is wrong after them.
    pub finding: Finding,
    /// Runs that the search took.
    pub runs: usize,
}

/// Looks for fewer steps with a finding of the same kind, in at most so many runs.
pub fn reduce(
    seed: u64,
    plant: &mut dyn FnMut() -> Box<dyn Plant>,
    outcome: &Outcome,
    finding: &Finding,
    runs_max: usize,
) -> Reduced {
    let mut best = Reduced { history: outcome.history.clone(), finding: finding.clone(), runs: 0 };
    let mut pieces = 2;
    while best.history.len() > 1 && best.runs < runs_max {
        let length = best.history.len().div_ceil(pieces);
        let mut shorter = None;
        for start in (0..best.history.len()).step_by(length).rev() {
            if best.runs >= runs_max {
                break;
            }
            let mut steps = best.history.clone();
            steps.drain(start..(start + length).min(steps.len()));
            best.runs += 1;
            let again = replay(seed, &mut *plant(), &steps, &outcome.created);
            if let Some(found) = again.finding.filter(|found| found.kind == finding.kind) {
                // What came after the failure is no part of it.
                shorter = Some((again.history, found));
                break;
            }
        }
        match shorter {
            Some((history, finding)) => {
                (best.history, best.finding) = (history, finding);
                pieces = (pieces - 1).max(2).min(best.history.len().max(2));
            }
            None if length == 1 => break,
            None => pieces = (pieces * 2).min(best.history.len()),
        }
    }
    best
}
