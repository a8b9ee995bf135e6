//! Running totals: what a publisher adds up goes on from the day before, and a slip in one total is said once.

use crate::history::compare::{Column, odd};
use markets::carbon::record::Figure;

/// How a running total of the record stands to that of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carry {
    /// What the record has and the engine has not, since it was said.
    apart: i128,
    /// The same on the last day, if that was an exception: a total that stays there is right from then on.
    doubted: Option<i128>,
    /// What comes next was said already, with the row that is missing or was outvoted.
    pub(super) said: bool,
}

impl From<i128> for Carry {
    fn from(apart: i128) -> Self {
        Carry { apart, ..Carry::default() }
    }
}

const REASON: &str = "the running total does not go on from the day before by this day's trades; if it stays there, its \
                      increments are compared from here on";

impl Carry {
    /// Compares a total, `made` if the day was. Of a day that was not, the difference is that of its exception.
    pub(super) fn column(
        &mut self,
        record: &Figure,
        engine: i128,
        text: fn(i128) -> String,
        made: bool,
    ) -> Column {
        let Some(total) = record.get().map(i128::from) else {
            return odd(record, text(engine + self.apart));
        };
        let apart = total - engine;
        let expected = text(engine + self.apart);
        if !made {
            (self.apart, self.doubted) = (apart, None);
            return Column::NotMade;
        }
        let said = std::mem::take(&mut self.said);
        if apart == self.apart || self.doubted == Some(apart) || said {
            (self.apart, self.doubted) = (apart, None);
            return Column::Agrees;
        }
        self.doubted = Some(apart);
        Column::Differs { record: text(total), engine: expected, reason: REASON.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(carry: &mut Carry, record: i64, engine: i128) -> bool {
        matches!(carry.column(&Figure::Of(record), engine, |total| total.to_string(), true), Column::Agrees)
    }

    #[test]
    fn one_slip_is_said_once_whether_it_stays_or_not() {
        let mut carry = Carry::default();
        assert!(agree(&mut carry, 10, 10));
        assert!(!agree(&mut carry, 21, 20), "a slip");
        assert!(agree(&mut carry, 30, 30), "that was put right");
        assert!(!agree(&mut carry, 41, 40), "a jump");
        assert!(agree(&mut carry, 51, 50), "that stays");
        assert!(agree(&mut carry, 61, 60));
        assert!(!agree(&mut carry, 70, 70), "and goes back");
    }
}
