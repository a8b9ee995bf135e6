//! Listings: placed, taken, withdrawn.

use super::Make;
use super::maker::Maker;
use base::OrderId;
use engine::Command;
use trading::{CancelOrder, PlaceOrder, TakeListing};

pub(super) const COMMANDS: &[(u32, Make)] = &[(10, place), (10, take), (3, cancel)];

fn place(m: &mut Maker<'_>) -> Option<Command> {
    let (account, instrument, side) = (m.account(), m.instrument(), m.side());
    let rules = m.market_of(instrument).and_then(|market| market.rules.trading.listing.clone());
    if rules.is_none() && !m.hostile {
        return None;
    }
    let (band, below) = rules.map_or((1_000, 1_000), |rules| (rules.band.0, rules.quantity_below.0));
    let price = m.price(instrument, band);
    let usual = if m.dice.once_in(20) { below - 1 } else { 500.min(below - 1) };
    let quantity = m.quantity(m.lot(instrument), usual);
    Some(Command::PlaceOrder(PlaceOrder { account, instrument, side, price, quantity }))
}

fn take(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.orders.keys().copied().collect();
    let listing = m.one_of(&standing)?;
    let order = m.shadow.orders.get(&listing);
    let (left, lot) =
        order.map_or((10, 1), |order| (order.left, m.lot(base::InstrumentId(order.instrument))));
    let quantity = m.part(left, lot);
    let account = match order {
        Some(order) if m.wrong() => base::AccountId(order.account),
        _ => m.account(),
    };
    Some(Command::TakeListing(TakeListing { account, listing: OrderId(listing), quantity }))
}

fn cancel(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.orders.keys().copied().collect();
    let order = m.one_of(&standing)?;
    let owner = m.shadow.orders.get(&order).map(|order| base::AccountId(order.account));
    let account = if m.wrong() { m.account() } else { owner.unwrap_or_else(|| m.account()) };
    Some(Command::CancelOrder(CancelOrder { account, order: OrderId(order) }))
}
