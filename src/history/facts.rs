//! From a row of the record to trades, under the rules of its day; or why there are none.

use base::{Price, decimal};
use engine::rulebook::Version;
use markets::carbon::reconstruct::{
    AuctionFacts, BlockFacts, Infeasible, ListedFacts, Trade, auction_trades, block_trades, listed_trades,
};
use markets::carbon::record::{ListedRow, MethodRow};
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

fn not_offered(row: &MethodRow) -> Impossible {
    let reason = format!("the rulebook has no {} trading on this day", row.method);
    Impossible { column: "volume", record: row.volume_t.to_string(), reason }
}

fn impossible(why: &Infeasible, volume_t: i64, amount_fen: i64, listed: Option<&ListedRow>) -> Impossible {
    use Infeasible as I;
    let high = |row: &ListedRow| row.high_fen.map(yuan).unwrap_or_default();
    let low = |row: &ListedRow| row.low_fen.map(yuan).unwrap_or_default();
    let (column, record) = match (why, listed) {
        (I::OpenOutsideRange { open_fen, .. }, _) => ("open", yuan(*open_fen)),
        (I::PricesWithoutVolume | I::VolumeWithoutPrices { .. }, Some(row)) => ("high", high(row)),
        (I::RangeReversed { .. } | I::PriceNotPositive { .. }, Some(row)) => ("low", low(row)),
        (I::BandBroken { price_fen, limit_fen }, Some(row)) => (
            if price_fen > limit_fen { "high" } else { "low" },
            if price_fen > limit_fen { high(row) } else { low(row) },
        ),
        (I::FewerTonnesThanPrices { .. } | I::BelowBlockMin { .. } | I::TooManyTrades { .. }, _) => {
            ("volume", volume_t.to_string())
        }
        _ => ("amount", yuan(amount_fen)),
    };
    Impossible { column, record, reason: why.to_string() }
}

/// Listed trades that make a day of an instrument which starts from `reference`.
pub(super) fn listed(
    version: &Version,
    reference: i64,
    row: &ListedRow,
    exact: &MethodRow,
) -> Result<Vec<Trade>, Impossible> {
    let Some(rules) = &version.trading.listing else {
        return if exact.volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(exact)) };
    };
    let facts = ListedFacts {
        open_fen: row.open_fen,
        high_fen: row.high_fen,
        low_fen: row.low_fen,
        volume_t: exact.volume_t,
        amount_fen: exact.amount_fen,
        band: band(reference, rules.band),
        listing_max_t: rules.quantity_below.0 - 1,
    };
    listed_trades(&facts).map_err(|why| impossible(&why, exact.volume_t, exact.amount_fen, Some(row)))
}

/// Blocks.
pub(super) fn blocks(version: &Version, reference: i64, row: &MethodRow) -> Result<Vec<Trade>, Impossible> {
    let &MethodRow { volume_t, amount_fen, .. } = row;
    let Some(rules) = &version.trading.block else {
        return if volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(row)) };
    };
    let band = band(reference, rules.band);
    let facts = BlockFacts { volume_t, amount_fen, band, block_min_t: rules.quantity_min.0.max(1) };
    block_trades(&facts).map_err(|why| impossible(&why, volume_t, amount_fen, None))
}

/// Auctions, each at one price.
pub(super) fn auctions(version: &Version, reference: i64, row: &MethodRow) -> Result<Vec<Trade>, Impossible> {
    let &MethodRow { volume_t, amount_fen, .. } = row;
    let Some(rules) = version.trading.auction.as_ref().filter(|rules| !rules.sessions.is_empty()) else {
        return if volume_t == 0 { Ok(Vec::new()) } else { Err(not_offered(row)) };
    };
    let facts = AuctionFacts { volume_t, amount_fen };
    let trades = auction_trades(&facts).map_err(|why| impossible(&why, volume_t, amount_fen, None))?;
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
