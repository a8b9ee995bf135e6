//! A market the morning it opens, for properties.

use super::world::World;
use base::{AccountId, AssetId, Date, MarketId, ParticipantId, Quantity, Role, TimeOfDay, Timestamp};
use engine::{Command, Event, OPERATOR};
use registry as r;
use std::path::Path;
use trading as t;

/// Everything with a role but trading, and three who trade; the last is staff.
pub const ADMIN: ParticipantId = ParticipantId(1);
pub const SECOND: i64 = 1_000_000_000;

pub fn rulebook(path: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Command::AdoptRulebook(Box::new(rulebook::read(&path).unwrap_or_else(|error| panic!("{error}"))))
}

pub fn beijing(date: &str, time: &str) -> Timestamp {
    let days = i64::from(Date::parse(date).unwrap().0);
    Timestamp((days * 86_400 + i64::from(TimeOfDay::parse(time).unwrap().0) - 8 * 3_600) * SECOND)
}

/// What an institution of everything may do.
const ALL: [Role; 4] = [Role::Registrar, Role::Authority, Role::Supervisor, Role::SettlementBank];

fn register(code: &str, roles: &[Role]) -> Command {
    let (code, roles) = (code.to_owned(), roles.to_vec());
    Command::RegisterParticipant(r::RegisterParticipant { name: code.clone(), code, roles })
}

/// Sends a command, which must not be refused.
fn set_up(world: &mut World, time: Timestamp, by: ParticipantId, command: Command) {
    let events = world.send(time, by, "setup", command);
    assert!(!events.iter().any(|event| matches!(event, Event::Refused(_))), "{events:?}");
}

/// A world the morning the market opens: two markets, five traders' accounts, something in most of them.
pub fn opened(first: &str) -> World {
    let mut world = World::new();
    let time = beijing("2021-07-16", "08:00");
    let mut send = |by, command| set_up(&mut world, time, by, command);
    send(OPERATOR, register("ADMIN", &ALL));
    send(OPERATOR, register("A", &[Role::ComplianceEntity]));
    send(OPERATOR, register("B", &[Role::ComplianceEntity]));
    send(OPERATOR, register("C", &[Role::Institution]));
    send(OPERATOR, register("STAFF", &[Role::ComplianceEntity, Role::BarredStaff]));
    send(OPERATOR, rulebook(first));
    send(OPERATOR, rulebook("rulebooks/carbon-shanghai.toml"));
    // Accounts 0 and 1 are the markets' own; assets: 0 is money.
    for (owner, code) in [(2, "A1"), (2, "A2"), (3, "B1"), (4, "C1"), (5, "S1")] {
        let (participant, code) = (ParticipantId(owner), code.to_owned());
        send(
            OPERATOR,
            Command::OpenAccount(r::OpenAccount {
                participant,
                code,
                kind: r::AccountKind::House,
                owner: None,
            }),
        );
    }
    let years = |first_vintage, last_vintage| r::AssetClass::Allowance { first_vintage, last_vintage };
    for (code, class, market) in [
        ("CEA", years(2019, 2020), 0),
        ("CEA24", years(2024, 2024), 0),
        ("CEA25", years(2025, 2025), 0),
        ("CCER", r::AssetClass::Offset { vintage: 2020 }, 0),
        ("SHEA", years(2022, 2022), 1),
    ] {
        let (code, market) = (code.to_owned(), Some(MarketId(market)));
        send(OPERATOR, Command::DefineAsset(r::DefineAsset { code, class, decimals: 0, market }));
    }
    for (code, asset, market) in [("CEA", 1, 0), ("CEA24", 2, 0), ("SHEA", 5, 1)] {
        let (market, code, asset, reference) = (MarketId(market), code.to_owned(), AssetId(asset), None);
        let carried = [t::Turnover::default(); 3];
        send(
            OPERATOR,
            Command::ListInstrument(t::ListInstrument { market, code, asset, reference, carried }),
        );
    }
    for account in 2..6 {
        let account = AccountId(account);
        let (amount, reference) = (base::Money(5_000_000_000), String::new());
        send(ADMIN, Command::Deposit(r::Deposit { account, currency: AssetId(0), amount, reference }));
        for asset in [1, 2, 4, 5] {
            let (asset, quantity, reason) = (AssetId(asset), Quantity(1_000_000), String::new());
            send(ADMIN, Command::Issue(r::Issue { account, asset, quantity, reason }));
        }
    }
    world
}

/// A world the morning an order book opens beside the national carbon market: two bonds and an allowance, five traders' accounts
/// (two house accounts and one of clients of the first firm), something in each.
pub fn floor(first: &str) -> World {
    let mut world = World::new();
    let time = beijing("2026-03-02", "08:00");
    let mut send = |by, command| set_up(&mut world, time, by, command);
    send(OPERATOR, register("ADMIN", &ALL));
    for code in ["A", "B", "C"] {
        send(OPERATOR, register(code, &[Role::Institution]));
    }
    send(OPERATOR, rulebook(first));
    send(OPERATOR, rulebook("rulebooks/carbon-cn.toml"));
    // Accounts 0 and 1 are the markets' own; assets: 0 is money.
    let (house, client) = (r::AccountKind::House, r::AccountKind::Client);
    for (owner, code, kind) in
        [(2, "A1", house), (2, "A2", house), (2, "AC", client), (3, "B1", house), (4, "C1", house)]
    {
        let (participant, code) = (ParticipantId(owner), code.to_owned());
        send(OPERATOR, Command::OpenAccount(r::OpenAccount { participant, code, kind, owner: None }));
    }
    let allowance = r::AssetClass::Allowance { first_vintage: 2025, last_vintage: 2025 };
    let assets = [
        (1, "BOND", r::AssetClass::Security, 0),
        (2, "NOTE", r::AssetClass::Security, 0),
        (3, "CEA", allowance, 1),
    ];
    for (asset, code, class, market) in assets {
        let (code, asset, market) = (code.to_owned(), AssetId(asset), MarketId(market));
        let define = r::DefineAsset { code: code.clone(), class, decimals: 0, market: Some(market) };
        send(OPERATOR, Command::DefineAsset(define));
        let (reference, carried) = (Some(base::Price(10_000)), [t::Turnover::default(); 3]);
        let list = t::ListInstrument { market, code, asset, reference, carried };
        send(OPERATOR, Command::ListInstrument(list));
    }
    for account in 2..7 {
        let account = AccountId(account);
        let (amount, reference) = (base::Money(50_000_000), String::new());
        send(ADMIN, Command::Deposit(r::Deposit { account, currency: AssetId(0), amount, reference }));
        for asset in [1, 2, 3] {
            let (asset, quantity, reason) = (AssetId(asset), Quantity(2_000), String::new());
            send(ADMIN, Command::Issue(r::Issue { account, asset, quantity, reason }));
        }
    }
    world
}
