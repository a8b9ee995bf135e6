//! One-way auctions: announced, bid in, drawn, called off.

use super::maker::Maker;
use super::{Make, SECOND};
use crate::audit::calendar::instant;
use base::{AccountId, AuctionId, BidId, Side, Timestamp};
use engine::Command;
use trading::{AnnounceAuction, CancelAuction, DrawLot, PlaceBid, WithdrawBid};

pub(super) const COMMANDS: &[(u32, Make)] =
    &[(5, announce), (36, bid), (3, withdraw), (6, draw), (1, cancel)];

fn announce(m: &mut Maker<'_>) -> Option<Command> {
    let (account, instrument, side) = (m.account(), m.instrument(), m.side());
    let rules = m.market_of(instrument).and_then(|market| market.rules.trading.auction.clone());
    if rules.is_none() && !m.hostile {
        return None;
    }
    let band = rules.and_then(|rules| rules.band);
    let price = m.price(instrument, band.map_or(1_000, |band| band.0));
    let reserve = (side == Side::Buy && !m.wrong() || m.dice.once_in(4)).then_some(price);
    let quantity = m.quantity(m.lot(instrument), 800);
    // Now, most of the time; else in a session later in the day.
    let market = m.market_of(instrument);
    let later = market.and_then(|market| {
        let (opens, _) = *market.hours(market.date).methods[2].last()?;
        Some(instant(&market.rules.trading.calendar, market.date, opens))
    });
    let wait = if m.coin() { 0 } else { m.dice.between(0, 5) };
    let mut opens = m.time + wait * SECOND;
    if let Some(later) = later.filter(|later| *later > m.time && m.dice.once_in(3)) {
        opens = later;
    }
    if m.wrong() {
        opens -= m.dice.between(0, 86_400) * SECOND;
    }
    let lasts = if m.dice.once_in(10) { 3_600 } else { m.dice.between(10, 240) };
    let (opens, closes) = (Timestamp(opens), Timestamp(opens + lasts * SECOND));
    Some(Command::AnnounceAuction(AnnounceAuction {
        instrument,
        side,
        account,
        quantity,
        reserve,
        opens,
        closes,
    }))
}

fn bid(m: &mut Maker<'_>) -> Option<Command> {
    // One that takes bids, most of the time.
    let (time, late) = (m.time, m.dice.once_in(12));
    let open = m
        .shadow
        .auctions
        .iter()
        .filter(|(_, auction)| late || auction.opens <= time && time < auction.closes);
    let open: Vec<u64> = open.map(|(id, _)| *id).collect();
    let id = m.one_of(&open)?;
    let Some(auction) = m.shadow.auctions.get(&id).copied() else {
        let (account, quantity) = (m.account(), m.quantity(1, 10));
        return Some(Command::PlaceBid(PlaceBid {
            account,
            auction: AuctionId(id),
            price: base::Price(100),
            quantity,
        }));
    };
    let order = auction.order;
    let instrument = base::InstrumentId(order.instrument);
    let account = if m.wrong() { AccountId(order.account) } else { m.account() };
    let rules = m.market_of(instrument).and_then(|market| market.rules.trading.auction.clone());
    let (least, band) = rules.map_or((1, None), |rules| (rules.bid_min.0, rules.band));
    let mut price = m.price(instrument, band.map_or(1_000, |band| band.0));
    let reserve = auction.reserve.and_then(|reserve| i64::try_from(reserve).ok());
    if let Some(reserve) = reserve.filter(|_| !m.wrong()) {
        let better = m.dice.between(0, 5);
        price.0 = if order.side == Side::Sell {
            price.0.max(reserve.saturating_add(better))
        } else {
            price.0.min(reserve - better)
        };
    }
    if m.wrong() && m.coin() {
        price.0 = m.extreme();
    }
    let lot = m.lot(instrument);
    let whole = i64::try_from(order.quantity).unwrap_or(i64::MAX);
    let usual = if m.dice.once_in(3) { whole } else { (whole / 3).max(lot) };
    let mut quantity = m.quantity(lot, usual);
    if !m.wrong() {
        quantity.0 = quantity.0.max((least + lot - 1) / lot * lot);
    }
    Some(Command::PlaceBid(PlaceBid { account, auction: AuctionId(id), price, quantity }))
}

fn withdraw(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.bids.keys().copied().collect();
    let bid = m.one_of(&standing)?;
    let owner = m.shadow.bids.get(&bid).map(|bid| AccountId(bid.order.account));
    let account = if m.hostile && m.coin() { m.account() } else { owner.unwrap_or_else(|| m.account()) };
    Some(Command::WithdrawBid(WithdrawBid { account, bid: BidId(bid) }))
}

fn draw(m: &mut Maker<'_>) -> Option<Command> {
    let wrong = m.hostile;
    let waiting = m.shadow.auctions.iter().filter(|(_, auction)| auction.awaits_lot || wrong);
    let waiting: Vec<u64> = waiting.map(|(id, _)| *id).collect();
    let auction = AuctionId(m.one_of(&waiting)?);
    Some(Command::DrawLot(DrawLot { auction, seed: m.dice.bits() }))
}

fn cancel(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.auctions.keys().copied().collect();
    let auction = AuctionId(m.one_of(&standing)?);
    Some(Command::CancelAuction(CancelAuction { auction, reason: m.reason() }))
}
