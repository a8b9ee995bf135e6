//! Issuance, cash and custody.

use super::Make;
use super::maker::Maker;
use base::{AccountId, FreezeId, Money, PledgeId, Sequence};
use engine::Command;
use registry::{
    CancelUnits, Deposit, FreezeUnits, Issue, PledgeUnits, ReleasePledge, RequestWithdrawal,
    SetAccountFrozen, SettleWithdrawal, Transfer, UnfreezeUnits,
};

pub(super) const COMMANDS: &[(u32, Make)] = &[
    (4, issue),
    (2, cancel),
    (4, deposit),
    (4, withdraw),
    (4, settle),
    (6, transfer),
    (4, pledge),
    (4, release),
    (3, freeze),
    (3, unfreeze),
    (3, freeze_account),
];

fn issue(m: &mut Maker<'_>) -> Option<Command> {
    let (account, asset, quantity) = (m.account(), m.units(), m.quantity(1, 50_000));
    Some(Command::Issue(Issue { account, asset, quantity, reason: m.reason() }))
}

fn cancel(m: &mut Maker<'_>) -> Option<Command> {
    let asset = m.units();
    let account = m.holder(asset);
    let quantity = m.part(m.shadow.ledger.available(account.0, asset.0) / 10, 1);
    Some(Command::CancelUnits(CancelUnits { account, asset, quantity, reason: m.reason() }))
}

fn deposit(m: &mut Maker<'_>) -> Option<Command> {
    let (account, currency, amount) = (m.account(), m.currency(), Money(m.quantity(1, 1 << 30).0));
    Some(Command::Deposit(Deposit { account, currency, amount, reference: m.reason() }))
}

fn withdraw(m: &mut Maker<'_>) -> Option<Command> {
    let currency = m.currency();
    let account = m.holder(currency);
    let amount = Money(m.part(m.shadow.ledger.available(account.0, currency.0) / 8, 1).0);
    Some(Command::RequestWithdrawal(RequestWithdrawal { account, currency, amount }))
}

fn settle(m: &mut Maker<'_>) -> Option<Command> {
    let waiting: Vec<u64> = m.shadow.withdrawals.keys().copied().collect();
    let withdrawal = Sequence(m.one_of(&waiting)?);
    Some(Command::SettleWithdrawal(SettleWithdrawal { withdrawal, paid: m.coin() }))
}

fn transfer(m: &mut Maker<'_>) -> Option<Command> {
    let asset = m.units();
    let (from, to) = (m.holder(asset), m.account());
    let quantity = m.part(m.shadow.ledger.available(from.0, asset.0) / 4, 1);
    Some(Command::Transfer(Transfer { from, to, asset, quantity }))
}

fn pledge(m: &mut Maker<'_>) -> Option<Command> {
    let asset = m.units();
    let (account, pledgee) = (m.holder(asset), m.participant());
    let quantity = m.part(m.shadow.ledger.available(account.0, asset.0) / 4, 1);
    Some(Command::PledgeUnits(PledgeUnits { account, asset, quantity, pledgee }))
}

fn release(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.pledges.keys().copied().collect();
    Some(Command::ReleasePledge(ReleasePledge { pledge: PledgeId(m.one_of(&standing)?) }))
}

fn freeze(m: &mut Maker<'_>) -> Option<Command> {
    let asset = m.units();
    let account = m.holder(asset);
    let quantity = m.part(m.shadow.ledger.available(account.0, asset.0) / 4, 1);
    Some(Command::FreezeUnits(FreezeUnits { account, asset, quantity, order: m.reason() }))
}

fn unfreeze(m: &mut Maker<'_>) -> Option<Command> {
    let standing: Vec<u64> = m.shadow.freezes.keys().copied().collect();
    Some(Command::UnfreezeUnits(UnfreezeUnits { freeze: FreezeId(m.one_of(&standing)?) }))
}

fn freeze_account(m: &mut Maker<'_>) -> Option<Command> {
    // What is frozen is freed soon: business goes on.
    let frozen: Vec<u64> =
        m.shadow.accounts.iter().zip(0..).filter(|(account, _)| account.frozen).map(|(_, id)| id).collect();
    let thaw = m.dice.pick(&frozen).copied().filter(|_| !m.dice.once_in(4));
    let (account, frozen) = match thaw {
        Some(id) => (AccountId(u32::try_from(id).unwrap_or_default()), false),
        None => (m.account(), m.dice.once_in(3)),
    };
    Some(Command::SetAccountFrozen(SetAccountFrozen { account, frozen, reason: m.reason() }))
}
