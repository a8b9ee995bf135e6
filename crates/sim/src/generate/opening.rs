//! The opening of a node: participants, markets, accounts, assets, instruments, and something in the accounts.

use super::Profile;
use super::maker::Maker;
use crate::audit::shadow::Shadow;
use base::{AccountId, AssetId, MarketId, Money, ParticipantId, Price, Quantity, Role};
use engine::Command;
use faulty_disk::Dice;
use registry::{
    AccountKind, AssetClass, CloseAccount, DefineAsset, Deposit, Issue, OpenAccount, RegisterParticipant,
    RenameParticipant,
};
use trading::ListInstrument;

const OFFICES: [Role; 4] = [Role::Registrar, Role::Authority, Role::Supervisor, Role::SettlementBank];

/// The classes of the assets that every market has: old and new allowances, the vintage that they are carried over into, offsets.
const CLASSES: [AssetClass; 6] = [
    AssetClass::Allowance { first_vintage: 2019, last_vintage: 2020 },
    AssetClass::Allowance { first_vintage: 2024, last_vintage: 2024 },
    AssetClass::Allowance { first_vintage: 2025, last_vintage: 2025 },
    AssetClass::Offset { vintage: 2020 },
    AssetClass::Offsets { first_vintage: 2020, last_vintage: 2024 },
    AssetClass::Security,
];

fn participant(code: String, roles: Vec<Role>) -> Command {
    let name = format!("{code} 有限公司");
    Command::RegisterParticipant(RegisterParticipant { code, name, roles })
}

/// What the opening still lacks, first things first. It is asked again after each step, so that what a crash took is made again.
pub(super) fn next(shadow: &Shadow, profile: &Profile, dice: &mut Dice) -> Option<Command> {
    let known = shadow.participants.len();
    let lacks = |role: &Role| !shadow.participants.iter().any(|participant| participant.roles.contains(role));
    let lacking: Vec<Role> = OFFICES.into_iter().filter(lacks).collect();
    if !lacking.is_empty() {
        let some = 1 + dice.roll(lacking.len());
        return Some(participant(format!("OFFICE{known}"), lacking[..some].to_vec()));
    }
    let traders = shadow
        .participants
        .iter()
        .filter(|p| p.roles.contains(&Role::ComplianceEntity) || p.roles.contains(&Role::Institution));
    let traders = traders.count();
    if traders < profile.traders {
        let roles = match traders {
            0 | 1 => vec![Role::ComplianceEntity],
            2 => vec![Role::Institution],
            3 => vec![Role::ComplianceEntity, Role::BarredStaff],
            _ if dice.once_in(2) => vec![Role::ComplianceEntity],
            _ => vec![Role::Institution],
        };
        return Some(participant(format!("P{known}"), roles));
    }
    if let Some(rulebook) = profile.markets.get(shadow.markets.len()) {
        return Some(Command::AdoptRulebook(Box::new(rulebook.clone())));
    }
    let accounts = shadow.accounts.len();
    let without = (0..known).find(|id| {
        let trades = [Role::ComplianceEntity, Role::Institution]
            .iter()
            .any(|role| shadow.participants[*id].roles.contains(role));
        let id = u32::try_from(*id).unwrap_or_default();
        trades && !shadow.accounts.iter().any(|account| account.participant == id)
    });
    if let Some(owner) = without.or((accounts < shadow.markets.len() + profile.traders * profile.accounts)
        .then(|| 1 + OFFICES.len().min(known - 2).min(dice.roll(known - 1))))
    {
        let kind = if dice.once_in(3) { AccountKind::Client } else { AccountKind::House };
        // Some clients have accounts with several firms, some are firms.
        let named = ["CLIENT".to_owned(), format!("P{}", known - 1)];
        let named = (kind == AccountKind::Client && dice.once_in(2)).then(|| dice.pick(&named).cloned());
        let (participant, code) = (ParticipantId::at(owner), format!("A{accounts}"));
        let open = OpenAccount { participant, code, kind, owner: named.flatten() };
        return Some(Command::OpenAccount(open));
    }
    for (market, _) in shadow.markets.iter().enumerate() {
        let here = |class: &AssetClass| {
            shadow
                .assets
                .iter()
                .any(|asset| asset.market == Some(MarketId::at(market).0) && asset.class == *class)
        };
        if let Some(class) = CLASSES.into_iter().find(|class| !here(class)) {
            let (code, market) = (format!("U{}", shadow.assets.len()), Some(MarketId::at(market)));
            return Some(Command::DefineAsset(DefineAsset { code, class, decimals: 0, market }));
        }
        let listed = shadow.instruments.iter().filter(|i| i.market == MarketId::at(market).0).count();
        if listed < 2 {
            let home = |id: &usize| shadow.assets[*id].market == Some(MarketId::at(market).0);
            let asset = (0..shadow.assets.len()).filter(home).nth(listed)?;
            let code = format!("I{}", shadow.instruments.len());
            let reference = Some(Price(dice.between(1_000, 9_000)));
            let (market, asset, carried) = (MarketId::at(market), AssetId::at(asset), Default::default());
            return Some(Command::ListInstrument(ListInstrument { market, code, asset, reference, carried }));
        }
    }
    fund(shadow, dice)
}

/// Every account of a trader has had something of everything; but some that were opened later stay empty, and may be closed.
fn fund(shadow: &Shadow, dice: &mut Dice) -> Option<Command> {
    let later = |id: u32| shadow.codes[1].iter().any(|(code, of)| *of == id && code.contains('-'));
    let all = (shadow.markets.len()..shadow.accounts.len()).map(AccountId::at);
    for account in all.filter(|account| account.0 % 2 == 1 || !later(account.0)) {
        if shadow.owner(account.0).is_none() {
            continue;
        }
        for (id, asset) in shadow.assets.iter().enumerate() {
            let (asset_id, cell) = (AssetId::at(id), (account.0, AssetId::at(id).0));
            // What is listed, everyone has; of the rest some have something.
            let listed = shadow.instruments.iter().any(|instrument| instrument.asset == cell.1);
            let gets = listed || asset.class == AssetClass::Currency || (cell.0 + cell.1).is_multiple_of(4);
            let never = gets && shadow.ledger.cells().all(|(known, _)| known != cell);
            if !never {
                continue;
            }
            return Some(if asset.class == AssetClass::Currency {
                let amount = Money(dice.between(1 << 20, 1 << 36));
                Command::Deposit(Deposit { account, currency: asset_id, amount, reference: String::new() })
            } else {
                let quantity = Quantity(dice.between(1, 400_000));
                Command::Issue(Issue { account, asset: asset_id, quantity, reason: String::new() })
            });
        }
    }
    None
}

/// A code that is free, most of the time.
pub(super) fn code(m: &mut Maker<'_>, letter: &str, kind: usize) -> String {
    if m.wrong() {
        let taken = m.shadow.codes[kind].keys().next().cloned().unwrap_or_default();
        let bad = [String::new(), "有".to_owned(), "a b".to_owned(), "x".repeat(33), taken.clone(), taken];
        return m.dice.pick(&bad).cloned().unwrap_or_default();
    }
    format!("{letter}{}-{}", m.shadow.codes[kind].len(), m.dice.roll(1_000))
}

pub(super) fn register(m: &mut Maker<'_>) -> Option<Command> {
    let roles = Role::ALL
        .into_iter()
        .filter(|role| (m.hostile || *role != Role::Operator) && m.dice.once_in(4))
        .collect();
    (m.shadow.participants.len() < 24 || m.hostile).then(|| participant(code(m, "P", 0), roles))
}

pub(super) fn account(m: &mut Maker<'_>) -> Option<Command> {
    let (participant, kind) = (m.participant(), AccountKind::House);
    let owner = m.wrong().then(|| "CLIENT".to_owned());
    (m.shadow.accounts.len() < 24 || m.hostile)
        .then(|| Command::OpenAccount(OpenAccount { participant, code: code(m, "A", 1), kind, owner }))
}

pub(super) fn asset(m: &mut Maker<'_>) -> Option<Command> {
    let class = *m.dice.pick(&CLASSES)?;
    let count = m.shadow.markets.len() + usize::from(m.hostile);
    let market = (!m.dice.once_in(6)).then(|| MarketId::at(m.dice.roll(count)));
    let code = code(m, "U", 2);
    (m.shadow.assets.len() < 24 || m.hostile).then_some(Command::DefineAsset(DefineAsset {
        code,
        class,
        decimals: 0,
        market,
    }))
}

pub(super) fn rename(m: &mut Maker<'_>) -> Option<Command> {
    let participant = m.participant();
    let known = m.shadow.participants.get(participant.index()).map(|known| known.name.clone());
    let bad =
        [String::new(), "  ".to_owned(), "x".repeat(201), "a\u{7}b".to_owned(), known.unwrap_or_default()];
    let name = if m.wrong() { m.dice.pick(&bad).cloned() } else { None };
    let name = name.unwrap_or_else(|| format!("甲乙 {}", m.dice.roll(1_000)));
    Some(Command::RenameParticipant(RenameParticipant { participant, name, reason: m.reason() }))
}

pub(super) fn close(m: &mut Maker<'_>) -> Option<Command> {
    // One that is empty, where there is one.
    let empty = |id: &u32| {
        m.shadow
            .ledger
            .cells()
            .all(|((account, _), held)| account != *id || held.iter().all(|units| *units == 0))
    };
    let empty: Vec<u32> = (0..u32::try_from(m.shadow.accounts.len()).unwrap_or(0)).filter(empty).collect();
    let some = m.dice.pick(&empty).copied().filter(|_| !m.dice.once_in(4));
    let account = some.map_or_else(|| m.account(), AccountId);
    Some(Command::CloseAccount(CloseAccount { account, reason: m.reason() }))
}
