//! Planted faults: what a simulator is for is shown by what it catches. A plant stands between node and auditor, or between node
//! and disk, and does one thing wrong; the tests of this crate have a list of them. The engine knows nothing of it.

use crate::audit::ledger::{Books, Buckets};
use engine::{Envelope, Event, Record, State};
use faulty_disk::FaultyDisk;

/// One thing done wrong. By default nothing is.
pub trait Plant {
    /// The node gets another command than was sent: what an engine looks like that does, in every respect, something else.
    fn send(&mut self, _: &mut Envelope, _: &State) {}

    /// The auditor is shown other events than came.
    fn events(&mut self, _: &Record, _: &mut Vec<Event>) {}

    /// The auditor is shown another holding than there is.
    fn holding(&self, _account: u32, _asset: u32, held: Buckets) -> Buckets {
        held
    }

    /// The disk is changed before the node opens it.
    fn before_opening(&mut self, _: &FaultyDisk) {}

    /// A replay leaves out a record.
    fn skips(&mut self, _: &Record) -> bool {
        false
    }

    /// Whether the disk says that it has synced and has not.
    fn lies(&self) -> bool {
        false
    }

    /// The node answers a repeat with something else.
    fn answer(&mut self, _: &mut huangpu::node::Answer) {}

    /// Whether it has done what it is there for.
    fn bloomed(&self) -> bool;
}

/// Nothing is planted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Plant for Nothing {
    fn bloomed(&self) -> bool {
        false
    }
}

/// The books as a plant shows them.
pub(crate) struct Shown<'a> {
    pub(crate) state: &'a State,
    pub(crate) plant: &'a dyn Plant,
}

impl Books for Shown<'_> {
    fn holding(&self, account: u32, asset: u32) -> Buckets {
        self.plant.holding(account, asset, self.state.holding(account, asset))
    }

    fn issued_and_retired(&self, asset: u32) -> (i128, i128) {
        self.state.issued_and_retired(asset)
    }

    fn size(&self) -> (u32, u32) {
        self.state.size()
    }

    fn state(&self) -> &State {
        self.state
    }
}
