//! The day's statement: who bought, sold, paid and received what.

use base::{InstrumentId, Money, ParticipantId, Quantity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    fn add(&mut self, other: &Self) {
        self.bought += other.bought;
        self.sold += other.sold;
        self.paid += other.paid;
        self.received += other.received;
        self.fees += other.fees;
    }
}

/// A line as it is counted: what 64 bits hold. What they do not hold any more is carried to a [`Statement`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    bought: i64,
    sold: i64,
    paid: i64,
    received: i64,
    fees: i64,
}

impl Line {
    #[inline]
    fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            bought: self.bought.checked_add(other.bought)?,
            sold: self.sold.checked_add(other.sold)?,
            paid: self.paid.checked_add(other.paid)?,
            received: self.received.checked_add(other.received)?,
            fees: self.fees.checked_add(other.fees)?,
        })
    }

    fn stated(&self) -> Statement {
        Statement {
            bought: self.bought.into(),
            sold: self.sold.into(),
            paid: self.paid.into(),
            received: self.received.into(),
            fees: self.fees.into(),
        }
    }
}

type Key = (ParticipantId, InstrumentId);

/// The lines of a market's statement: for each instrument a row of participants. A row grows when a participant first trades
/// there and keeps its memory from day to day, so that a busy day allocates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statements {
    rows: Vec<Vec<Line>>,
    carried: BTreeMap<Key, Statement>,
}

impl Statements {
    #[inline]
    pub(crate) fn buys(&mut self, key: Key, quantity: Quantity, amount: Money, fee: Money) {
        self.book(key, &Line { bought: quantity.0, paid: amount.0, fees: fee.0, ..Line::default() });
    }

    #[inline]
    pub(crate) fn sells(&mut self, key: Key, quantity: Quantity, amount: Money, fee: Money) {
        self.book(key, &Line { sold: quantity.0, received: amount.0, fees: fee.0, ..Line::default() });
    }

    #[inline]
    fn book(&mut self, (who, what): Key, entry: &Line) {
        if self.rows.len() <= what.index() {
            self.rows.resize_with(what.index() + 1, Vec::new);
        }
        let row = &mut self.rows[what.index()];
        if row.len() <= who.index() {
            row.resize(who.index() + 1, Line::default());
        }
        let line = &mut row[who.index()];
        if let Some(sum) = line.plus(entry) {
            *line = sum;
        } else {
            let before = std::mem::replace(line, *entry);
            self.carried.entry((who, what)).or_default().add(&before.stated());
        }
    }

    #[inline]
    pub(crate) fn glance(&self, who: ParticipantId, what: InstrumentId) -> i64 {
        self.rows
            .get(what.index())
            .and_then(|row| row.get(who.index()))
            .map_or(0, |line| line.bought ^ line.fees)
    }

    /// Begins a new day.
    pub(crate) fn clear(&mut self) {
        self.rows.iter_mut().for_each(Vec::clear);
        self.carried.clear();
    }

    /// The lines that say something, by participant and instrument.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ParticipantId, InstrumentId, Statement)> {
        let participants = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |who: usize, what: usize| {
            let key = (ParticipantId::at(who), InstrumentId::at(what));
            let mut statement = self.rows[what].get(who)?.stated();
            if let Some(carried) = self.carried.get(&key) {
                statement.add(carried);
            }
            Some((key.0, key.1, statement))
        };
        (0..participants)
            .flat_map(move |who| (0..self.rows.len()).filter_map(move |what| cell(who, what)))
            .filter(|(.., statement)| *statement != Statement::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_64_bits_hold_is_carried() {
        let mut statements = Statements::default();
        let key = (ParticipantId(3), InstrumentId(2));
        for _ in 0..3 {
            statements.buys(key, Quantity(i64::MAX), Money(i64::MAX), Money(-1));
        }
        statements.sells(key, Quantity(7), Money(9), Money(2));
        let (most, all) = (i128::from(i64::MAX), statements.iter().collect::<Vec<_>>());
        let expected = Statement { bought: 3 * most, sold: 7, paid: 3 * most, received: 9, fees: -1 };
        assert_eq!(all, [(key.0, key.1, expected)]);
        statements.clear();
        assert_eq!(statements.iter().count(), 0);
    }
}
