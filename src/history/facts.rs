//! From a row of the record to trades, under the rules of its day; or why there are none.

use crate::history::sources::Told;
use base::{Price, decimal};
use engine::rulebook::Version;
use markets::carbon::reconstruct::{
    AuctionFacts, BlockFacts, Infeasible, ListedFacts, Trade, auction_trades, block_trades, listed_trades,
};
use markets::carbon::record::{Figure, ListedRow, Method};
use markets::carbon::rounding::Band;
use trading::band_limits;

/// Why no trades make a row: the column that is impossible, what stands there, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Impossible {
    pub(super) column: &'static str,
    pub(super) record: String,
    pub(super) reason: String,
}

/// Fen as they stand in the record.
pub(super) fn yuan(fen: impl Into<i128>) -> String {
    decimal::text(fen.into(), 2)
}

fn band(reference: i64, width: base::BasisPoints) -> Band {
    let (Price(lower_fen), Price(upper_fen)) = band_limits(Price(reference), width);
    Band { lower_fen, upper_fen }
}

/// A figure as it stands in the record.
pub(super) fn shown(figure: &Figure, text: impl Fn(i64) -> String) -> String {
    match figure {
        Figure::Of(number) => text(*number),
        Figure::Absent | Figure::Untold => "none".to_owned(),
        Figure::Unfit { text, .. } => text.clone(),
    }
}

fn not_offered(method: Method, volume_t: i64) -> Impossible {
    let reason = format!("the rulebook has no {method} trading on this day");
    Impossible { column: "volume", record: volume_t.to_string(), reason }
}

fn impossible(why: &Infeasible, told: Told, listed: Option<&ListedRow>) -> Impossible {
    use Infeasible as I;
    let high = |row: &ListedRow| shown(&row.high_fen, yuan);
    let low = |row: &ListedRow| shown(&row.low_fen, yuan);
    let (column, record) = match (why, listed) {
        (I::OpenOutsideRange { open_fen, .. }, _) => ("open", yuan(*open_fen)),
        (I::PricesWithoutVolume | I::VolumeWithoutPrices { .. }, Some(row)) => ("high", high(row)),
        (I::RangeReversed { .. } | I::PriceNotPositive { .. }, Some(row)) => ("low", low(row)),
        (I::BandBroken { price_fen, limit_fen }, Some(row)) => (
            if price_fen > limit_fen { "high" } else { "low" },
            if price_fen > limit_fen { high(row) } else { low(row) },
        ),
        (I::FewerTonnesThanPrices { .. } | I::BelowBlockMin { .. } | I::TooManyTrades { .. }, _) => {
            ("volume", told.volume_t.to_string())
        }
        _ => ("amount", yuan(told.amount_fen)),
    };
    Impossible { column, record, reason: why.to_string() }
}

/// The prices of a day that traded. What the record does not tell, or tells in no figure that can be right, takes the price
/// nearest to the day's average that the others allow, so that a slip in one column does not take the day away.
fn prices(row: Option<&ListedRow>, told: Told) -> (i64, i64, i64) {
    let price = |figure: fn(&ListedRow) -> &Figure| row.and_then(|row| figure(row).get());
    let (open, high, low) =
        (price(|row| &row.open_fen), price(|row| &row.high_fen), price(|row| &row.low_fen));
    // Each known price takes a tonne at least; the rest of the day has this average.
    let mut known: Vec<i64> = [open, high, low].into_iter().flatten().collect();
    known.sort_unstable();
    known.dedup();
    let (tonnes, sum) = known
        .iter()
        .fold((0_i64, 0_i64), |(tonnes, sum), price| (tonnes.saturating_add(1), sum.saturating_add(*price)));
    let rest_t = told.volume_t.saturating_sub(tonnes);
    let (rest_t, rest_fen) = match rest_t {
        1.. => (rest_t, told.amount_fen.saturating_sub(sum)),
        _ => (told.volume_t.max(1), told.amount_fen),
    };
    let floor = rest_fen.div_euclid(rest_t);
    let ceiling = floor + i64::from(rest_fen.rem_euclid(rest_t) != 0);
    let low_fen =
        low.unwrap_or_else(|| [open, high, Some(floor)].into_iter().flatten().min().unwrap_or(floor));
    let high_fen =
        high.unwrap_or_else(|| [open, low, Some(ceiling)].into_iter().flatten().max().unwrap_or(ceiling));
    let open_fen = open.unwrap_or_else(|| floor.min(high_fen).max(low_fen));
    (open_fen, high_fen, low_fen)
}

/// Listed trades that make a day of an instrument which starts from `reference`. On a day without trades the prices are not
/// looked at: they are compared.
pub(super) fn listed(
    version: &Version,
    reference: i64,
    row: Option<&ListedRow>,
    told: Told,
) -> Result<Vec<Trade>, Impossible> {
    let Told { volume_t, amount_fen, .. } = told;
    let Some(rules) = &version.trading.listing else {
        return if volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(Method::Listed, volume_t)) };
    };
    let (open_fen, high_fen, low_fen) = prices(row, told);
    let traded = volume_t > 0;
    let facts = ListedFacts {
        open_fen,
        high_fen: Some(high_fen).filter(|_| traded),
        low_fen: Some(low_fen).filter(|_| traded),
        volume_t,
        amount_fen,
        band: band(reference, rules.band),
        listing_max_t: rules.quantity_below.0 - 1,
    };
    listed_trades(&facts).map_err(|why| impossible(&why, told, row))
}

/// Blocks.
pub(super) fn blocks(version: &Version, reference: i64, told: Told) -> Result<Vec<Trade>, Impossible> {
    let Told { volume_t, amount_fen, .. } = told;
    let Some(rules) = &version.trading.block else {
        return if volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(Method::Block, volume_t)) };
    };
    let band = band(reference, rules.band);
    let facts = BlockFacts { volume_t, amount_fen, band, block_min_t: rules.quantity_min.0.max(1) };
    block_trades(&facts).map_err(|why| impossible(&why, told, None))
}

/// Auctions, each at one price.
pub(super) fn auctions(version: &Version, reference: i64, told: Told) -> Result<Vec<Trade>, Impossible> {
    let Told { volume_t, amount_fen, .. } = told;
    let Some(rules) = version.trading.auction.as_ref().filter(|rules| !rules.sessions.is_empty()) else {
        return if volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(Method::Auction, volume_t)) };
    };
    let facts = AuctionFacts { volume_t, amount_fen };
    let trades = auction_trades(&facts).map_err(|why| impossible(&why, told, None))?;
    if let Some(small) = trades.iter().find(|trade| trade.quantity_t < rules.bid_min.0) {
        let reason = format!(
            "an auction of {} t is smaller than the smallest bid, {} t",
            small.quantity_t, rules.bid_min
        );
        return Err(Impossible { column: "volume", record: volume_t.to_string(), reason });
    }
    let limits = rules.band.map(|width| band(reference, width));
    if let Some(trade) =
        trades.iter().find(|trade| limits.is_some_and(|band| !band.contains(trade.price_fen)))
    {
        let reason = format!("an auction at {} lies outside the day's band", yuan(trade.price_fen));
        return Err(Impossible { column: "amount", record: yuan(amount_fen), reason });
    }
    Ok(trades)
}
