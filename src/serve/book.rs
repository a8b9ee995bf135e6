//! The order book by price, as it is shown: a copy of it can be proved with a checksum.

use crate::serve::api::views::Written;
use base::{InstrumentId, Price, Side};
use engine::State;
use serde::{Deserialize, Serialize};
use trading::Phase;
use utoipa::openapi::schema::{ArrayBuilder, ArrayItems, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Prices a side at most.
pub(super) const LEVELS_MAX: usize = 500;
/// Prices a side that the checksum covers.
pub(super) const CHECKED: usize = 10;

/// A price: the price, the quantity that is shown there, and how many orders that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Level(pub String, pub String, pub u32);

impl PartialSchema for Level {
    fn schema() -> RefOr<Schema> {
        let part = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Integer]));
        ArrayBuilder::new()
            .prefix_items([String::schema(), String::schema(), u32::schema()].map(written_out))
            // There are no others; generators of clients read what each may be, and no `false`.
            .items(ArrayItems::RefOrSchema(Box::new(part.into())))
            .min_items(Some(3))
            .max_items(Some(3))
            .description(Some("A price, the quantity that is shown there, and how many orders that is."))
            .into()
    }
}

impl ToSchema for Level {}

/// A schema that stands where it is used.
fn written_out(schema: RefOr<Schema>) -> Schema {
    match schema {
        RefOr::T(schema) => schema,
        RefOr::Ref(_) => Schema::default(),
    }
}

/// What a call auction would come to now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct IndicationView {
    /// The one price; none where nothing would trade.
    pub price: Option<String>,
    /// What would trade.
    pub quantity: String,
    /// What would be left: of buyers above zero, of sellers below.
    pub imbalance: String,
}

/// The order book of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct BookView {
    /// Which.
    pub instrument: String,
    /// The record of the log after which it was so.
    pub sequence: u64,
    /// What it is doing.
    pub phase: String,
    /// Buyers, the highest price first.
    pub bids: Vec<Level>,
    /// Sellers, the lowest price first.
    pub asks: Vec<Level>,
    /// While a call auction runs: what it would come to.
    pub indication: Option<IndicationView>,
    /// Of the best ten prices a side (docs/streams.md).
    pub checksum: u32,
}

impl BookView {
    /// The best prices of a book, so many a side.
    #[must_use]
    pub(super) fn of(state: &State, id: InstrumentId, levels: usize) -> Option<Self> {
        let written = Written::of(state, id)?;
        let side = |side: Side| -> Vec<Level> {
            let depth = state.venue().depth(id, side).take(levels);
            let level = |(price, level): (Price, ::book::Level)| {
                Level(written.price(price), written.quantity(level.quantity), level.orders)
            };
            depth.map(level).collect()
        };
        let (bids, asks) = (side(Side::Buy), side(Side::Sell));
        let phase: Phase = state.venue().book_phase(id);
        let indication = state.venue().indication(id).map(|indication| IndicationView {
            price: indication.price.map(|price| written.price(price)),
            quantity: written.quantity(indication.quantity),
            imbalance: written.units(indication.imbalance),
        });
        let checksum = checksum(&bids, &asks);
        let instrument = written.names.instrument(id);
        let (sequence, phase) = (state.sequence().0, crate::serve::api::views::word(&phase));
        Some(Self { instrument, sequence, phase, bids, asks, indication, checksum })
    }
}

/// CRC-32 (that of zlib) over the text of the ten best prices a side: `bid:quantity:ask:quantity:bid:…`, from the best on. Where
/// a side has fewer, the other one goes on alone.
#[must_use]
pub(super) fn checksum(bids: &[Level], asks: &[Level]) -> u32 {
    let mut parts: Vec<&str> = Vec::with_capacity(4 * CHECKED);
    for place in 0..CHECKED {
        for level in [bids.get(place), asks.get(place)].into_iter().flatten() {
            parts.extend([level.0.as_str(), level.1.as_str()]);
        }
    }
    crc32fast::hash(parts.join(":").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zlib() {
        let level = |price: &str, quantity: &str| Level(price.to_owned(), quantity.to_owned(), 1);
        let (bids, asks) = (vec![level("48.00", "100"), level("47.99", "5")], vec![level("48.01", "20")]);
        // python3 -c "import zlib; print(zlib.crc32(b'48.00:100:48.01:20:47.99:5'))"
        assert_eq!(checksum(&bids, &asks), 3_485_310_422);
        assert_eq!(checksum(&[], &[]), 0);
    }
}
