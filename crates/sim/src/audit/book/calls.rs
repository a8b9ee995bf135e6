//! Call auctions: the one price, found by trying every price there is.

use super::{Order, Place, Shadow};
use crate::audit::finding::{Found, Kind, check};
use base::{InstrumentId, Price, Quantity, Side};

impl Shadow {
    /// What a call would come to: the price at which most would trade; among those the one that leaves least; among those the
    /// nearest to the last price or the reference; of two as near the higher. Price, quantity, imbalance.
    pub(super) fn equilibrium(&self, instrument: u32) -> (Option<i128>, i128, i128) {
        let stands = |order: &&Order| (order.instrument, order.place) == (instrument, Place::Book);
        let orders: Vec<&Order> = self.books.values().filter(stands).collect();
        let of = |side: Side| orders.iter().filter(move |order| order.side == side);
        let (Some(bid), Some(ask)) =
            (of(Side::Buy).map(|order| order.price).max(), of(Side::Sell).map(|order| order.price).min())
        else {
            return (None, 0, 0);
        };
        let near = self.instrument(instrument).map_or(0, super::Instrument::last);
        let mut best: Option<([i128; 4], [i128; 3])> = None;
        for price in ask..=bid {
            let demand: i128 =
                of(Side::Buy).filter(|order| order.price >= price).map(|order| order.left).sum();
            let supply: i128 =
                of(Side::Sell).filter(|order| order.price <= price).map(|order| order.left).sum();
            let (volume, imbalance) = (demand.min(supply), demand - supply);
            let rank = [-volume, imbalance.abs(), (price - near).abs(), -price];
            if best.is_none_or(|(found, _)| rank < found) {
                best = Some((rank, [price, volume, imbalance]));
            }
        }
        best.map_or((None, 0, 0), |(_, [price, volume, imbalance])| (Some(price), volume, imbalance))
    }

    pub(in crate::audit) fn see_indicated(
        &mut self,
        id: InstrumentId,
        price: Option<Price>,
        quantity: Quantity,
        imbalance: i128,
    ) -> Found {
        let said = (price.map(|price| i128::from(price.0)), i128::from(quantity.0), imbalance);
        let found = self.equilibrium(id.0);
        let pit = self.pits.entry(id.0).or_default();
        let new = std::mem::replace(&mut pit.indicated, said) != said;
        check(pit.phase.is_call() && new, Kind::Event, || {
            format!("instrument {id}: {said:?} was indicated again")
        })?;
        check(said == found, Kind::Trade, || {
            format!("instrument {id}: {said:?} was indicated, orders give {found:?}")
        })
    }

    pub(in crate::audit) fn see_call_uncrossed(
        &mut self,
        id: InstrumentId,
        price: Option<Price>,
        quantity: Quantity,
    ) -> Found {
        self.check_call_done(id.0)?;
        let said = (price.map(|price| i128::from(price.0)), i128::from(quantity.0));
        let (price, volume, _) = self.equilibrium(id.0);
        check(said == (price, volume), Kind::Trade, || {
            format!("the call of instrument {id} came to {said:?}, orders give {price:?}, {volume}")
        })?;
        let pit = self.pits.entry(id.0).or_default();
        pit.call = price.map(|price| (price, volume));
        pit.indicated = (None, 0, 0);
        Ok(())
    }

    /// A call trades all that it was said to.
    pub(super) fn check_call_done(&mut self, instrument: u32) -> Found {
        let pit = self.pits.entry(instrument).or_default();
        let left = pit.call.take().map_or(0, |(_, left)| left);
        check(left == 0, Kind::Trade, || format!("the call of instrument {instrument} left {left} untraded"))
    }
}
