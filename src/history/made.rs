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

/// Trades that make what an instrument traded in one way; none where the record says nothing of it.
pub(super) fn made(
    version: &Version,
    reference: i64,
    sources: Sources<'_>,
    (code, method): (&str, Method),
) -> Result<Option<Made>, Impossible> {
    let row = sources.day.listed_row(code);
    let make = |told: Told, row: Option<&ListedRow>| match method {
        Method::Listed => facts::listed(version, reference, row, told),
        Method::Block => facts::blocks(version, reference, told),
        Method::Auction => facts::auctions(version, reference, told),
    };
    let told = sources.read(code, method);
    let mut first = None;
    for one in &told {
        match make(*one, row) {
            Ok(trades) => return Ok(Some(Made { trades, place: one.place, set_aside: None })),
            Err(impossible) => {
                first.get_or_insert((*one, impossible));
            }
        }
    }
    let Some((best, impossible)) = first else { return untold(sources, code, method).map_or(Ok(None), Err) };
    let prices: [(&'static str, fn(&mut ListedRow) -> &mut Figure); 3] = [
        ("open", |row| &mut row.open_fen),
        ("high", |row| &mut row.high_fen),
        ("low", |row| &mut row.low_fen),
    ];
    // The price that the reason names is the first to be doubted.
    let (named, others): (Vec<_>, Vec<_>) =
        prices.into_iter().partition(|(column, _)| *column == impossible.column);
    for (column, figure) in named.into_iter().chain(others) {
        let Some(mut without) = row.filter(|_| method == Method::Listed).cloned() else { break };
        *figure(&mut without) = Figure::Absent;
        if let Ok(trades) = make(best, Some(&without)) {
            let set_aside = Some(Impossible { column, ..impossible });
            return Ok(Some(Made { trades, place: best.place, set_aside }));
        }
    }
    Err(impossible)
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
