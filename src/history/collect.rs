//! What the engine said, as far as a comparison needs it.

use anyhow::{Result, bail};
use base::Date;
use engine::{Event, Record, State};
use std::collections::BTreeMap;
use trading::{Line, PriceLine};

/// The price lists of a log, gathered as its records are applied.
#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) lists: BTreeMap<(Date, Line), PriceLine>,
    pub(super) trades: u64,
}

impl Collector {
    /// Looks at a record. One that was refused ends the run: everything after it would rest on what did not happen.
    pub(super) fn observe(&mut self, record: &Record, events: &[Event], state: &State) -> Result<()> {
        for event in events {
            match event {
                Event::Trading(trading::Event::LineClosed(line)) => {
                    self.lists.insert((line.date, line.line), (**line).clone());
                }
                Event::Trading(trading::Event::Traded(_)) => self.trades += 1,
                Event::Refused(rejection) => {
                    let names = gateway::Names(state);
                    bail!(
                        "record {} ({}) was refused: {} {} The rulebook asks something of orders that the planner \
                         does not know, or the directory holds another log",
                        record.sequence,
                        names.command(&record.envelope.command, events),
                        rejection.code(),
                        rejection.sentence()
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}
