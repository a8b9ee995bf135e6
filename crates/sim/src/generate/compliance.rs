//! Emissions, allocation, surrender, shortfalls, carry-over.

use super::Make;
use super::maker::Maker;
use base::{AssetId, ConversionId, MarketId, ParticipantId, Quantity};
use engine::Command;
use registry::{
    Allocate, ApplyCarryOver, AssetClass, DecideCarryOver, DetermineShortfall, Preallocate, RecordEmissions,
    Surrender,
};

pub(super) const COMMANDS: &[(u32, Make)] = &[
    (4, emissions),
    (3, preallocate),
    (3, allocate),
    (8, surrender),
    (3, shortfall),
    (5, carry_over),
    (4, decide),
];

/// A year for which there is a duty, most of the time.
fn year(m: &mut Maker<'_>) -> i32 {
    let years: Vec<i32> = m.shadow.duties.keys().map(|(_, year, _)| *year).collect();
    match m.dice.pick(&years) {
        Some(year) if !m.dice.once_in(4) => *year,
        _ => *m.dice.pick(&[2019, 2020, 2021, 2022, 2023, 2024, 2025]).unwrap_or(&2020),
    }
}

fn market(m: &mut Maker<'_>) -> MarketId {
    MarketId::at(m.dice.roll(m.shadow.markets.len() + usize::from(m.hostile)))
}

fn emissions(m: &mut Maker<'_>) -> Option<Command> {
    let (market, participant) = (market(m), m.participant());
    let periods = m.shadow.markets.get(market.index()).map(|market| market.rules.registry.periods.clone());
    let period = m.dice.pick(&periods.unwrap_or_default()).map(|period| period.year);
    let year = if m.wrong() { 1999 } else { period.unwrap_or(2020) };
    let verified = m.quantity(1, 60_000);
    Some(Command::RecordEmissions(RecordEmissions { market, participant, year, verified }))
}

/// An allowance, and an account of someone with a duty in its market, where there are such.
fn allowance(m: &mut Maker<'_>) -> (base::AccountId, AssetId, i32) {
    let duties: Vec<(u32, i32, u32)> = m.shadow.duties.keys().copied().collect();
    let Some((market, year, owner)) = m.dice.pick(&duties).copied().filter(|_| !m.wrong()) else {
        return (m.account(), m.units(), year(m));
    };
    let shadow = m.shadow;
    let accounts: Vec<u32> =
        (0..).zip(&shadow.accounts).filter(|(_, a)| a.participant == owner).map(|(id, _)| id).collect();
    let fits = |asset: &&crate::audit::shadow::Asset| {
        asset.market == Some(market) && matches!(asset.class, AssetClass::Allowance { .. })
    };
    let assets: Vec<u32> =
        (0..).zip(&shadow.assets).filter(|(_, asset)| fits(asset)).map(|(id, _)| id).collect();
    let account = m.dice.pick(&accounts).map_or_else(|| base::AccountId(0), |id| base::AccountId(*id));
    let asset = m.dice.pick(&assets).map_or(AssetId(0), |id| AssetId(*id));
    (account, asset, year)
}

fn preallocate(m: &mut Maker<'_>) -> Option<Command> {
    let (account, asset, base_year) = allowance(m);
    Some(Command::Preallocate(Preallocate { account, asset, base_year }))
}

fn allocate(m: &mut Maker<'_>) -> Option<Command> {
    let (account, asset, base_year) = allowance(m);
    let quantity = m.quantity(1, 60_000);
    Some(Command::Allocate(Allocate { account, asset, base_year, quantity }))
}

fn surrender(m: &mut Maker<'_>) -> Option<Command> {
    let open: Vec<((u32, i32, u32), i128)> =
        m.shadow.duties.iter().map(|(key, duty)| (*key, duty.open())).collect();
    let &((market, year, owner), open) = m.dice.pick(&open)?;
    let shadow = m.shadow;
    let cells: Vec<(u32, u32)> = shadow
        .ledger
        .cells()
        .filter(|((account, asset), buckets)| {
            let here = shadow.assets.get(*asset as usize).is_some_and(|asset| asset.market == Some(market));
            here && buckets[0] > 0 && shadow.owner(*account) == Some(owner)
        })
        .map(|(cell, _)| cell)
        .collect();
    let (account, asset) = if m.wrong() { (m.account().0, m.units().0) } else { *m.dice.pick(&cells)? };
    // All that is due, whether it is there or not; or what is there of it.
    let there = if m.hostile { open } else { m.shadow.ledger.available(account, asset) };
    let quantity = m.part(open.min(there).max(1), 1);
    let (account, asset) = (base::AccountId(account), AssetId(asset));
    Some(Command::Surrender(Surrender { account, year, asset, quantity }))
}

fn shortfall(m: &mut Maker<'_>) -> Option<Command> {
    let duties: Vec<(u32, i32, u32)> = m.shadow.duties.keys().copied().collect();
    let duty = m.dice.pick(&duties).copied().filter(|_| !m.wrong());
    let (market, year, participant) = match duty {
        Some((market, year, participant)) => (MarketId(market), year, ParticipantId(participant)),
        None => (market(m), year(m), m.participant()),
    };
    Some(Command::DetermineShortfall(DetermineShortfall { market, participant, year }))
}

fn carry_over(m: &mut Maker<'_>) -> Option<Command> {
    let from = m.units();
    let home = m.shadow.assets.get(from.index()).and_then(|asset| asset.market);
    let target = |asset: &crate::audit::shadow::Asset| {
        asset.market == home
            && asset.class == AssetClass::Allowance { first_vintage: 2025, last_vintage: 2025 }
    };
    let into = m.shadow.assets.iter().position(target).filter(|_| !m.wrong());
    let into = into.map_or_else(|| m.units(), AssetId::at);
    let account = m.holder(from);
    let quantity = m.part(m.shadow.ledger.available(account.0, from.0) / 8, 1);
    let limit = if m.dice.once_in(6) { Quantity(quantity.0.saturating_sub(1)) } else { Quantity(1 << 40) };
    Some(Command::ApplyCarryOver(ApplyCarryOver { account, from, into, quantity, limit }))
}

fn decide(m: &mut Maker<'_>) -> Option<Command> {
    let waiting = m.shadow.conversions.iter().filter(|(_, conversion)| conversion.approved.is_none());
    let waiting: Vec<u64> = waiting.map(|(id, _)| *id).collect();
    let conversion = ConversionId(m.one_of(&waiting)?);
    Some(Command::DecideCarryOver(DecideCarryOver { conversion, approved: m.coin() }))
}
