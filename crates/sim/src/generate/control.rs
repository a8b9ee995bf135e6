//! Acts of the operator, the registrar and the supervisor.

use super::maker::Maker;
use super::{Make, markets, opening};
use crate::audit::shadow::Made;
use base::{Date, MarketId, Price, TradeId};
use engine::Command;
use trading::{
    BustTrade, CorrectReference, CorrectTrade, DeclareHoliday, DelistInstrument, Line, ListInstrument,
    RelistInstrument, RevokeHoliday, SetHalted, Turnover,
};

pub(super) const COMMANDS: &[(u32, Make)] = &[
    (8, halt),
    (5, correct),
    (3, holiday),
    (2, back_from_holiday),
    (3, list),
    (1, delist),
    (2, relist),
    (8, bust),
    (8, correct_trade),
    (4, amend),
    (2, opening::register),
    (2, opening::account),
    (1, opening::rename),
    (2, opening::close),
    (2, opening::asset),
    (4, tick),
];

fn market(m: &mut Maker<'_>) -> MarketId {
    MarketId::at(m.dice.roll(m.shadow.markets.len() + usize::from(m.hostile)))
}

fn halt(m: &mut Maker<'_>) -> Option<Command> {
    // What is halted is resumed soon: business goes on.
    let halted = m.shadow.instruments.iter().position(|instrument| instrument.halted && !instrument.delisted);
    let (instrument, halted) = match halted {
        Some(id) if !m.dice.once_in(4) => (base::InstrumentId::at(id), false),
        _ => (m.instrument(), m.dice.once_in(3)),
    };
    Some(Command::SetHalted(SetHalted { instrument, halted, reason: m.reason() }))
}

fn correct(m: &mut Maker<'_>) -> Option<Command> {
    let instrument = m.instrument();
    let price = m.price(instrument, 300);
    let line = if m.dice.once_in(5) { Line::Composite(market(m)) } else { Line::Instrument(instrument) };
    // Its composite starts from no absurd price.
    let price = Price(price.0.min(1 << 40));
    Some(Command::CorrectReference(CorrectReference { line, price, reason: m.reason() }))
}

fn holiday(m: &mut Maker<'_>) -> Option<Command> {
    let market = market(m);
    let today = m.shadow.markets.get(market.index()).map_or(0, |market| market.date);
    let ahead = if m.wrong() { m.dice.between(-3, 0) } else { m.dice.between(1, 12) };
    let date = Date(today.saturating_add(i32::try_from(ahead).unwrap_or_default()));
    Some(Command::DeclareHoliday(DeclareHoliday { market, date }))
}

fn back_from_holiday(m: &mut Maker<'_>) -> Option<Command> {
    let market = market(m);
    let declared = m.shadow.markets.get(market.index()).map(|market| (market.date, market.holidays.clone()));
    let (today, declared) = declared.unwrap_or_default();
    let ahead: Vec<i32> = declared.into_iter().filter(|day| *day > today).collect();
    let day = if m.wrong() { today.saturating_add(3) } else { *m.dice.pick(&ahead)? };
    Some(Command::RevokeHoliday(RevokeHoliday { market, date: Date(day) }))
}

fn list(m: &mut Maker<'_>) -> Option<Command> {
    if m.shadow.instruments.len() > 12 && !m.hostile {
        return None;
    }
    let asset = m.units();
    let home = m.shadow.assets.get(asset.index()).and_then(|asset| asset.market).map(MarketId);
    let market = if m.wrong() { market(m) } else { home? };
    let code = opening::code(m, "I", 3);
    let reference = if m.dice.once_in(5) { None } else { Some(Price(m.dice.between(50, 8_000))) };
    let reference = if m.wrong() { Some(Price(m.extreme().min(0))) } else { reference };
    let mut carried = [Turnover::default(); 3];
    if m.dice.once_in(3) {
        carried[0] =
            Turnover { volume: m.dice.between(0, 1 << 30).into(), amount: m.dice.between(0, 1 << 40).into() };
    }
    if m.wrong() {
        carried[1].volume = m.extreme().min(-1).into();
    }
    Some(Command::ListInstrument(ListInstrument { market, code, asset, reference, carried }))
}

fn delist(m: &mut Maker<'_>) -> Option<Command> {
    let listed = m.shadow.instruments.iter().filter(|instrument| !instrument.delisted).count();
    if listed < 2 || !m.dice.once_in(3) {
        return None;
    }
    Some(Command::DelistInstrument(DelistInstrument { instrument: m.instrument() }))
}

/// A rulebook is adopted again with other numbers; or with such as no rulebook may have.
fn amend(m: &mut Maker<'_>) -> Option<Command> {
    let shadow = m.shadow;
    let mut rulebook = m.dice.pick(&shadow.markets)?.rulebook.clone();
    for version in &mut rulebook.versions {
        markets::vary(m.dice, version);
    }
    if m.hostile {
        markets::spoil(m.dice, &mut rulebook);
    }
    Some(Command::AdoptRulebook(Box::new(rulebook)))
}

#[allow(clippy::unnecessary_wraps)] // as every maker
fn tick(_: &mut Maker<'_>) -> Option<Command> {
    Some(Command::Tick)
}

/// A trade that can be taken back, most of the time one of the last.
fn made(m: &mut Maker<'_>) -> Option<(TradeId, Option<Made>)> {
    let shadow = m.shadow;
    if m.wrong() {
        let id = u64::try_from(m.dice.between(0, 3)).unwrap_or_default() + shadow.trades.saturating_sub(1);
        return Some((TradeId(id), shadow.made.get(&id).copied()));
    }
    let last = if m.dice.once_in(4) { usize::MAX } else { 3 };
    let made: Vec<_> =
        shadow.made.iter().rev().take(last).map(|(id, made)| (TradeId(*id), Some(*made))).collect();
    m.dice.pick(&made).copied()
}

fn bust(m: &mut Maker<'_>) -> Option<Command> {
    let (trade, _) = made(m)?;
    Some(Command::BustTrade(BustTrade { trade, reason: m.reason() }))
}

fn correct_trade(m: &mut Maker<'_>) -> Option<Command> {
    let (trade, made) = made(m)?;
    let (instrument, stood) = made.map_or((0, 1), |made| (made.due.instrument, made.due.quantity));
    let lot = m.market_of(base::InstrumentId(instrument)).map_or(1, |market| market.rules.trading.lot.0);
    let price = if m.coin() { Some(m.price(base::InstrumentId(instrument), 300)) } else { None };
    let price = if m.wrong() { Some(Price(m.extreme())) } else { price };
    let quantity = if m.coin() || price.is_none() { Some(m.part(stood, lot)) } else { None };
    Some(Command::CorrectTrade(CorrectTrade { trade, price, quantity, reason: m.reason() }))
}

fn relist(m: &mut Maker<'_>) -> Option<Command> {
    let gone = m.shadow.instruments.iter().zip(0..).filter(|(instrument, _)| instrument.delisted);
    let gone: Vec<u32> = gone.map(|(_, id)| id).collect();
    let some = m.dice.pick(&gone).copied();
    if some.is_none() && !m.hostile {
        return None;
    }
    let instrument = some.map_or_else(|| m.instrument(), base::InstrumentId);
    let reference = m.dice.once_in(2).then(|| Price(m.dice.between(if m.hostile { -1 } else { 1 }, 9_000)));
    Some(Command::RelistInstrument(RelistInstrument { instrument, reference, reason: m.reason() }))
}
