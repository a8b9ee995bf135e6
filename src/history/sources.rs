//! What the record says of one way of trading on one day, read at every place that tells it: the row itself, the running
//! totals, the composite line, the daily prices. A slip in one of them is outvoted by the others.

use base::div_half_up;
use markets::carbon::record::{Day, Method, MethodRow};
use std::cmp::Reverse;

/// Where a figure was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The row of volume and amount.
    Own,
    /// The running totals of this row and of the row of the day before.
    Totals,
    /// The composite line, less the other instruments.
    Composite,
    /// The daily prices, whose amount may be cut to whole yuan.
    Prices,
}

impl Place {
    /// As a reason says it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Place::Own => "the row itself",
            Place::Totals => "the running totals",
            Place::Composite => "the composite line less the other instruments",
            Place::Prices => "the daily prices",
        }
    }
}

/// Volume and amount, and where they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) place: Place,
    pub(super) volume_t: i64,
    pub(super) amount_fen: i64,
}

impl Told {
    /// How much another place speaks for this one: less if it may have cut its amount to whole yuan, as the daily prices do.
    fn support(&self, other: &Told) -> usize {
        let cut = other.place == Place::Prices && other.amount_fen == self.amount_fen - self.amount_fen % 100;
        match (self.volume_t == other.volume_t, self.amount_fen == other.amount_fen) {
            (true, true) => 2,
            (true, false) if cut => 1,
            _ => 0,
        }
    }
}

/// A day of the record, and the day before it.
#[derive(Clone, Copy)]
pub(super) struct Sources<'d> {
    pub(super) day: &'d Day,
    pub(super) before: Option<&'d Day>,
    pub(super) composite: Option<&'d str>,
}

impl Sources<'_> {
    /// Every reading, that with the most others behind it first; among equals the row itself.
    pub(super) fn read(&self, code: &str, method: Method) -> Vec<Told> {
        let places = [
            (Place::Own, self.own(code, method)),
            (Place::Totals, self.totals(code, method)),
            (Place::Composite, self.composite(code, method)),
            (Place::Prices, self.prices(code, method)),
        ];
        let told = places.into_iter().filter_map(|(place, figures)| {
            figures.map(|(volume_t, amount_fen)| Told { place, volume_t, amount_fen })
        });
        let mut told: Vec<Told> = told.collect();
        let all = told.clone();
        told.sort_by_key(|one| {
            let others = all.iter().filter(|other| other.place != one.place);
            let weight: usize = others.map(|other| one.support(other)).sum();
            Reverse(weight + usize::from(self.makes_close(code, method, one)))
        });
        told
    }

    fn own(&self, code: &str, method: Method) -> Option<(i64, i64)> {
        figures(self.day.method_row(code, method)?)
    }

    fn totals(&self, code: &str, method: Method) -> Option<(i64, i64)> {
        let (now, then) = (self.day.method_row(code, method)?, self.before?.method_row(code, method)?);
        let volume = now.total_volume_t.get()?.checked_sub(then.total_volume_t.get()?)?;
        let amount = now.total_amount_fen.get()?.checked_sub(then.total_amount_fen.get()?)?;
        (volume >= 0 && amount >= 0).then_some((volume, amount))
    }

    fn composite(&self, code: &str, method: Method) -> Option<(i64, i64)> {
        let composite = self.composite?;
        let (mut volume, mut amount) = figures(self.day.method_row(composite, method)?)?;
        for name in self.day.names().into_iter().filter(|name| *name != composite && *name != code) {
            let Some(row) = self.day.method_row(name, method) else { continue };
            let other = figures(row)?;
            (volume, amount) = (volume.checked_sub(other.0)?, amount.checked_sub(other.1)?);
        }
        (volume >= 0 && amount >= 0).then_some((volume, amount))
    }

    fn prices(&self, code: &str, method: Method) -> Option<(i64, i64)> {
        let row = self.day.listed_row(code).filter(|_| method == Method::Listed)?;
        row.volume_t.get().zip(row.amount_fen.get())
    }

    /// Whether the average of these figures is the close that was published.
    fn makes_close(&self, code: &str, method: Method, told: &Told) -> bool {
        let row = self.day.listed_row(code).filter(|_| method == Method::Listed);
        let close = row.and_then(|row| row.close_fen.get());
        close.is_some() && close == div_half_up(i128::from(told.amount_fen), i128::from(told.volume_t))
    }
}

fn figures(row: &MethodRow) -> Option<(i64, i64)> {
    row.volume_t.get().zip(row.amount_fen.get())
}
