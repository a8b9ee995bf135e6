//! From what the record says of an instrument-day to trades: of what its places tell, what can be traded; and where one price
//! spoils a day that the rest of the row makes, the day without that price.

use crate::history::facts::{self, Impossible, yuan};
use crate::history::sources::{Place, Sources, Told};
use engine::rulebook::Version;
use markets::carbon::reconstruct::Trade;
use markets::carbon::record::{Figure, ListedRow, Method};

/// Trades that make a part of a day.
pub(super) struct Made {
    pub(super) trades: Vec<Trade>,
    /// Where its volume and amount were read.
    pub(super) place: Place,
    /// A price that no trades make with the rest of the row, and why: the day was made without it.
    pub(super) set_aside: Option<Impossible>,
}

type Price = fn(&mut ListedRow) -> &mut Figure;

const PRICES: [(&str, Price); 3] =
    [("open", |row| &mut row.open_fen), ("high", |row| &mut row.high_fen), ("low", |row| &mut row.low_fen)];

/// Trades that make what an instrument traded in one way; none where the record says nothing of it. `witness` is the composite's
/// row on a day of one instrument, which has the same prices.
pub(super) fn made(
    version: &Version,
    reference: i64,
    sources: Sources<'_>,
    (code, method): (&str, Method),
    witness: Option<&ListedRow>,
) -> Result<Option<Made>, Impossible> {
    let row = sources.day.listed_row(code).map(|row| seen_with(row, witness));
    let make = |told: Told, row: Option<&ListedRow>| match method {
        Method::Listed => facts::listed(version, reference, row, told),
        Method::Block => facts::blocks(version, reference, told),
        Method::Auction => facts::auctions(version, reference, told),
    };
    let told = sources.read(code, method);
    let mut first = None;
    for one in &told {
        match make(*one, row.as_ref()) {
            Ok(trades) => return Ok(Some(Made { trades, place: one.place, set_aside: None })),
            Err(impossible) => {
                first.get_or_insert((*one, impossible));
            }
        }
    }
    let Some((best, impossible)) = first else { return untold(sources, code, method).map_or(Ok(None), Err) };
    let Some(mut row) = row.filter(|_| method == Method::Listed) else { return Err(impossible) };
    let mut witness = witness.cloned();
    // A price that the composite contradicts is the first to be doubted, then the one that the reason names.
    let mut doubted = PRICES.map(|(column, price)| {
        let contradicted = witness.as_mut().is_some_and(|witness| price(witness) != price(&mut row));
        (!contradicted, column != impossible.column, column, price)
    });
    doubted.sort_by_key(|(contradicted, named, ..)| (*contradicted, *named));
    for (_, _, column, price) in doubted {
        let mut without = row.clone();
        *price(&mut without) = witness.as_mut().map_or(Figure::Absent, |witness| price(witness).clone());
        if let Ok(trades) = make(best, Some(&without)) {
            let set_aside = Some(Impossible { column, ..impossible });
            return Ok(Some(Made { trades, place: best.place, set_aside }));
        }
    }
    Err(impossible)
}

/// A row whose prices that cannot be used are those of the composite's row.
fn seen_with(row: &ListedRow, witness: Option<&ListedRow>) -> ListedRow {
    let mut row = row.clone();
    let Some(mut witness) = witness.cloned() else { return row };
    for (_, price) in PRICES {
        if price(&mut row).get().is_none() {
            *price(&mut row) = price(&mut witness).clone();
        }
    }
    row
}

/// Why a row that is there tells no volume and amount, and no other place of the record does.
fn untold(sources: Sources<'_>, code: &str, method: Method) -> Option<Impossible> {
    let own = sources.day.method_row(code, method).map(|row| (&row.volume_t, &row.amount_fen));
    let prices = sources.day.listed_row(code).filter(|_| method == Method::Listed);
    let (volume, amount) = own.or(prices.map(|row| (&row.volume_t, &row.amount_fen)))?;
    let (column, record) = match volume.get() {
        None => ("volume", facts::shown(volume, |tonnes| tonnes.to_string())),
        Some(_) => ("amount", facts::shown(amount, yuan)),
    };
    let reason = "neither this column nor another place of the record tells what was traded".to_owned();
    Some(Impossible { column, record, reason })
}
