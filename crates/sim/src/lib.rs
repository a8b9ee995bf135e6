//! The simulator: a seed makes participants, rulebooks, days of business and a faulty disk; the node runs on it, is stopped and
//! started in every way, and an auditor that shares no code with the engine checks every record. `docs/simulator.md` says what is
//! checked, what goes wrong, and which planted faults are caught.
//!
//! A run is made of steps ([`step::Step`]). The generator makes them one by one from what the auditor knows; once made, a step is a
//! plain fact, and a history of steps runs again without the generator, whole or in part.

pub mod audit;
pub mod coverage;
pub mod generate;
pub mod plant;
pub mod reduce;
pub mod relocate;
pub mod run;
pub mod step;

use audit::finding::{Finding, Kind};
use coverage::Coverage;
use generate::Source;
use plant::Plant;
use relocate::Created;
use run::Run;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use step::Step;

/// Steps with their places in the run that they come from.
pub type History = Vec<(usize, Step)>;

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Every step taken, the last of which may be the one that failed.
    pub history: History,
    /// What each step created.
    pub created: BTreeMap<usize, Created>,
    /// What was exercised.
    pub coverage: Coverage,
    /// What is wrong, where something is.
    pub finding: Option<Finding>,
}

/// Steps at most in one run: a run whose opening is undone again and again must end too.
const STEPS_MAX: usize = 5_000;

/// Runs a seed, with something planted or nothing.
pub fn simulate(seed: u64, plant: &mut dyn Plant) -> Outcome {
    let mut source = Source::new(seed);
    run(seed, plant, None, &mut |index, run| {
        let step = (index < STEPS_MAX).then(|| source.step(index, &run.auditor.shadow, run.pending()))?;
        step.map(|step| (index, step))
    })
}

/// Runs some steps of a seed's history again. `whole` is what each step created in the whole run.
pub fn replay(
    seed: u64,
    plant: &mut dyn Plant,
    steps: &[(usize, Step)],
    whole: &BTreeMap<usize, Created>,
) -> Outcome {
    let mut steps = steps.iter();
    run(seed, plant, Some(whole), &mut |_, _| steps.next().cloned())
}

/// The next step with its place, from how many were taken and what stands.
type Next<'a> = dyn FnMut(usize, &Run<'_>) -> Option<(usize, Step)> + 'a;

fn run(
    seed: u64,
    plant: &mut dyn Plant,
    whole: Option<&BTreeMap<usize, Created>>,
    next: &mut Next<'_>,
) -> Outcome {
    let mut history = History::new();
    let mut run = match Run::new(seed, plant, whole) {
        Ok(run) => run,
        Err(finding) => {
            let (created, coverage) = (BTreeMap::new(), Coverage::default());
            return Outcome { history, created, coverage, finding: Some(finding) };
        }
    };
    let finding = loop {
        let found = match next(history.len(), &run) {
            Some((index, step)) => {
                let found = unbroken(|| run.take(index, &step));
                history.push((index, step));
                found
            }
            None => break unbroken(|| run.finish()).err(),
        };
        if let Err(finding) = found {
            break Some(finding);
        }
    };
    Outcome { history, created: run.created, coverage: run.coverage, finding }
}

/// Keeps what a panic of the node says for the finding, instead of printing it.
pub fn keep_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match IN_STEP.get() {
        true => LAST_PANIC.set(panic.to_string()),
        false => usual(panic),
    }));
}

thread_local! {
    static IN_STEP: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of a step came from, and what it said.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A broken invariant asserts: that is a finding too.
fn unbroken(step: impl FnOnce() -> audit::finding::Found) -> audit::finding::Found {
    IN_STEP.set(true);
    let taken = catch_unwind(AssertUnwindSafe(step));
    IN_STEP.set(false);
    taken.unwrap_or_else(|_| Err(Finding::new(Kind::Breakdown, LAST_PANIC.take())))
}
