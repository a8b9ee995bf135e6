//! Blocks: proposed, accepted, withdrawn, declined.

use super::Make;
use super::maker::Maker;
use base::{AccountId, ProposalId};
use engine::Command;
use trading::{AcceptBlock, ProposeBlock, WithdrawBlock};

pub(super) const COMMANDS: &[(u32, Make)] = &[(6, propose), (6, accept), (2, withdraw)];

fn propose(m: &mut Maker<'_>) -> Option<Command> {
    let (account, counterparty, instrument, side) = (m.account(), m.account(), m.instrument(), m.side());
    let counterparty = if counterparty == account && !m.wrong() { m.account() } else { counterparty };
    let rules = m.market_of(instrument).and_then(|market| market.rules.trading.block.clone());
    if rules.is_none() && !m.hostile {
        return None;
    }
    let (band, least) = rules.map_or((3_000, 1_000), |rules| (rules.band.0, rules.quantity_min.0));
    let price = m.price(instrument, band);
    let lot = m.lot(instrument);
    let mut quantity = m.quantity(lot, 500);
    if !m.wrong() {
        quantity.0 = quantity.0.saturating_add((least + lot - 1) / lot * lot);
    }
    Some(Command::ProposeBlock(ProposeBlock { account, instrument, side, counterparty, price, quantity }))
}

fn accept(m: &mut Maker<'_>) -> Option<Command> {
    let waiting: Vec<u64> = m.shadow.blocks.keys().copied().collect();
    let proposal = m.one_of(&waiting)?;
    let named = m.shadow.blocks.get(&proposal).map(|block| AccountId(block.counterparty));
    let account = if m.wrong() { m.account() } else { named.unwrap_or_else(|| m.account()) };
    Some(Command::AcceptBlock(AcceptBlock { account, proposal: ProposalId(proposal) }))
}

fn withdraw(m: &mut Maker<'_>) -> Option<Command> {
    let waiting: Vec<u64> = m.shadow.blocks.keys().copied().collect();
    let proposal = m.one_of(&waiting)?;
    let block = m.shadow.blocks.get(&proposal).copied();
    let account = match block {
        _ if m.wrong() => m.account(),
        Some(block) if m.coin() => AccountId(block.counterparty),
        Some(block) => AccountId(block.order.account),
        None => m.account(),
    };
    Some(Command::WithdrawBlock(WithdrawBlock { account, proposal: ProposalId(proposal) }))
}
