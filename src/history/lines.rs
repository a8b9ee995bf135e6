//! The planner's own price list: from which price each line starts, and where the day's trades close it. It knows when the
//! engine will come to another price than was published, without asking the engine.

use base::{Price, div_half_up};
use trading::rules::CompositePrice;

/// A line of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prices {
    /// The day starts from here.
    pub(super) reference: i64,
    /// The day closes here.
    pub(super) close: i64,
    /// The next day starts from here: the close, or what an operator put in its place.
    pub(super) next: i64,
}

impl Prices {
    fn starting_at(price: i64) -> Self {
        Self { reference: price, close: price, next: price }
    }

    fn begin(&mut self) {
        *self = Self::starting_at(self.next);
    }

    fn end(&mut self, close: i64) {
        (self.close, self.next) = (close, close);
    }
}

/// An instrument.
#[derive(Clone, Debug)]
pub(super) struct Instrument {
    pub(super) code: String,
    pub(super) delisted: bool,
    pub(super) prices: Prices,
    /// Tonnes and fen of the day's listed trades.
    listed: (i128, i128),
}

/// The price list.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// In the order in which the engine numbers them.
    pub(super) instruments: Vec<Instrument>,
    pub(super) composite: Option<Prices>,
}

impl Lines {
    pub(super) fn position(&self, code: &str) -> Option<usize> {
        self.instruments.iter().position(|instrument| instrument.code == code)
    }

    /// Admits an instrument. Without a price of its own it starts where the composite does, else at the launch reference.
    pub(super) fn list(
        &mut self,
        code: &str,
        given: Option<i64>,
        launch: Option<Price>,
        has_composite: bool,
    ) -> Option<usize> {
        let carried = self.composite.map(|composite| composite.next);
        let reference = given.or(carried).or(launch.map(|price| price.0))?;
        let prices = Prices::starting_at(reference);
        if has_composite {
            self.composite.get_or_insert(prices);
        }
        let (code, delisted, listed) = (code.to_owned(), false, (0, 0));
        self.instruments.push(Instrument { code, delisted, prices, listed });
        Some(self.instruments.len() - 1)
    }

    /// Begins a trading day.
    pub(super) fn begin_day(&mut self) {
        for instrument in &mut self.instruments {
            instrument.prices.begin();
            instrument.listed = (0, 0);
        }
        if let Some(composite) = &mut self.composite {
            composite.begin();
        }
    }

    /// Counts a listed trade.
    pub(super) fn trade(&mut self, instrument: usize, quantity_t: i128, amount_fen: i128) {
        let listed = &mut self.instruments[instrument].listed;
        *listed = (listed.0 + quantity_t, listed.1 + amount_fen);
    }

    /// Ends a trading day: volume-weighted averages, and the composite by its rule.
    pub(super) fn end_day(&mut self, rule: Option<&CompositePrice>) {
        for instrument in &mut self.instruments {
            let (volume, amount) = instrument.listed;
            instrument.prices.end(div_half_up(amount, volume).unwrap_or(instrument.prices.reference));
        }
        let closes = || self.instruments.iter().filter(|instrument| !instrument.delisted);
        let close = rule.and_then(|rule| match rule {
            CompositePrice::Mean => {
                let count = i128::try_from(closes().count()).unwrap_or_default();
                div_half_up(closes().map(|instrument| i128::from(instrument.prices.close)).sum(), count)
            }
            CompositePrice::Instrument(code) => {
                closes().find(|instrument| instrument.code == *code).map(|instrument| instrument.prices.close)
            }
        });
        if let (Some(composite), Some(close)) = (&mut self.composite, close) {
            composite.end(close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_two_lines() {
        let mut lines = Lines::default();
        assert_eq!(lines.list("A", None, None, true), None, "nothing to start from");
        assert_eq!(lines.list("A", None, Some(Price(100)), true), Some(0));
        assert_eq!(lines.list("B", Some(120), Some(Price(100)), true), Some(1));
        lines.begin_day();
        lines.trade(0, 3, 313);
        lines.end_day(Some(&CompositePrice::Mean));
        assert_eq!(lines.instruments[0].prices.close, 104);
        assert_eq!(lines.composite.map(|composite| composite.close), Some(112));
        lines.composite.as_mut().unwrap().next = 111;
        lines.instruments[1].delisted = true;
        lines.begin_day();
        lines.end_day(Some(&CompositePrice::Mean));
        let composite = lines.composite.unwrap();
        assert_eq!((composite.reference, composite.close), (111, 104));
    }
}
