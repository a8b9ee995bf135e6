//! The day's statement: who bought, sold, paid and received what.

use base::{InstrumentId, Money, ParticipantId, Quantity};
use serde::{Deserialize, Serialize};

/// What a participant did in an instrument on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Units bought.
    pub bought: i128,
    /// Units sold.
    pub sold: i128,
    /// Minor units paid, before fees.
    pub paid: i128,
    /// Minor units received, before fees.
    pub received: i128,
    /// Minor units of fees, less rebates.
    pub fees: i128,
}

impl Statement {
    #[inline]
    pub(crate) fn buys(&mut self, quantity: Quantity, amount: Money, fee: Money) {
        self.bought += i128::from(quantity.0);
        self.paid += i128::from(amount.0);
        self.fees += i128::from(fee.0);
    }

    #[inline]
    pub(crate) fn sells(&mut self, quantity: Quantity, amount: Money, fee: Money) {
        self.sold += i128::from(quantity.0);
        self.received += i128::from(amount.0);
        self.fees += i128::from(fee.0);
    }
}

/// The lines of a market's statement: for each instrument a row of participants. A row grows when a participant first trades
/// there and keeps its memory from day to day, so that a busy day allocates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statements {
    rows: Vec<Vec<Statement>>,
}

impl Statements {
    #[inline]
    pub(crate) fn book(
        &mut self,
        who: ParticipantId,
        what: InstrumentId,
        entry: impl FnOnce(&mut Statement),
    ) {
        if self.rows.len() <= what.index() {
            self.rows.resize_with(what.index() + 1, Vec::new);
        }
        let row = &mut self.rows[what.index()];
        if row.len() <= who.index() {
            row.resize(who.index() + 1, Statement::default());
        }
        entry(&mut row[who.index()]);
    }

    /// Begins a new day.
    pub(crate) fn clear(&mut self) {
        self.rows.iter_mut().for_each(Vec::clear);
    }

    /// The lines that say something, by participant and instrument.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, InstrumentId, &Statement)> {
        let participants = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |who: usize, what: usize| Some((who, what, self.rows[what].get(who)?));
        (0..participants)
            .flat_map(move |who| (0..self.rows.len()).filter_map(move |what| cell(who, what)))
            .filter(|(.., statement)| **statement != Statement::default())
            .map(|(who, what, statement)| (ParticipantId::at(who), InstrumentId::at(what), statement))
    }
}
