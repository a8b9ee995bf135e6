//! What is sent to a node: the flow of the market that `bench venue` measures, command by command.

use crate::market::{MIDNIGHT, MORNING, Market, Shape};
use anyhow::Result;
use base::Timestamp;
use engine::Envelope;
use std::sync::Arc;

/// Commands in order of time.
pub(crate) trait Stream: Send {
    /// What must have been applied before the first of them.
    fn setup(&self) -> Vec<(Timestamp, Envelope)>;

    /// The next command; none when there are no more.
    fn next(&mut self) -> Option<(Timestamp, Envelope)>;
}

/// The flow of a market, from its beginning. The market can be shared.
pub(crate) struct BookFlow {
    market: Arc<Market>,
    sent: usize,
}

/// The time of a record with this number, as the market was made with.
fn time(from: i64, number: usize) -> Timestamp {
    Timestamp(from + i64::try_from(number).unwrap_or(i64::MAX / 2_000) * 1_000)
}

impl BookFlow {
    pub(crate) fn new(market: &Arc<Market>) -> Self {
        Self { market: Arc::clone(market), sent: 0 }
    }

    /// A market of 100 lines and 10,000 accounts with 100,000 orders standing, and a flow of so many commands.
    pub(crate) fn market(commands: usize, progress: &mut dyn FnMut(usize)) -> Result<Arc<Market>> {
        let shape = Shape { instruments: 100, accounts: 10_000, standing: 100_000, commands, seed: 1 };
        Ok(Arc::new(Market::new(shape, progress)?))
    }
}

impl Stream for BookFlow {
    fn setup(&self) -> Vec<(Timestamp, Envelope)> {
        let Market { opening, standing, .. } = &*self.market;
        let opened = (1..).zip(opening).map(|(number, envelope)| (time(MIDNIGHT, number), envelope.clone()));
        let after = opening.len();
        let stand =
            (after + 1..).zip(standing).map(|(number, envelope)| (time(MORNING, number), envelope.clone()));
        opened.chain(stand).collect()
    }

    fn next(&mut self) -> Option<(Timestamp, Envelope)> {
        let envelope = self.market.flow.get(self.sent)?.clone();
        self.sent += 1;
        let before = self.market.opening.len() + self.market.standing.len();
        Some((time(MORNING, before + self.sent), envelope))
    }
}
