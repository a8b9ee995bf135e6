//! The cast of the demonstration: two markets as they are in `rulebooks`, and participants who do not exist.

use crate::demo::player::Player;
use crate::node::Node;
use crate::serve::access::hash_password;
use anyhow::{Context, Result, anyhow};
use base::{Calendar, Date, TimeOfDay, Timestamp};
use engine::rulebook::Rulebook;
use engine::{ClientId, Command, OPERATOR};
use gateway::parse_time;
use roster::{CreateUser, Duties, Duty};
use serde_json::{Value, json};

/// The password of everyone who may sign in. It is no secret: the demonstration listens on this machine alone.
pub const PASSWORD: &str = "huangpu-demo";
/// The morning before the first day of trading.
const BEGINS: &str = "2025-09-01T08:00:00+08:00";
/// What the ids of its commands begin with.
const PREFIX: &str = "cast";
/// When a day of the demonstration begins: just after both markets have opened.
const OPEN: TimeOfDay = TimeOfDay(9 * 3_600 + 31 * 60);

/// The code of the market of listings, and of that with an order book.
pub(super) const MARKETS: [&str; 2] = ["carbon-cn", "bond-continuous"];
/// What is traded by listing: code, vintages, reference.
pub(super) const ALLOWANCES: [(&str, i32, &str); 2] = [("CEA24", 2024, "71.80"), ("CEA25", 2025, "70.00")];
/// What is traded on the book: code, reference.
pub(super) const BONDS: [(&str, &str); 2] = [("B2609", "98.60"), ("B2612", "97.80")];
/// Who trades by itself: code, name, role, accounts, name of its user.
pub(super) const CROWD: [(&str, &str, &str, &[&str], &str); 7] = [
    ("DONGJIANG", "Dongjiang Power 东江电力", "compliance_entity", &["DJ"], "crowd.dongjiang"),
    ("XIHE", "Xihe Steel 西河钢铁", "compliance_entity", &["XH"], "crowd.xihe"),
    ("NANHU", "Nanhu Cement 南湖水泥", "compliance_entity", &["NH"], "crowd.nanhu"),
    ("HUIMIN", "Huimin Bank 惠民银行", "institution", &["HM", "HM2"], "crowd.huimin"),
    ("LINGANG", "Lingang Securities 临港证券", "institution", &["LG"], "crowd.lingang"),
    ("PUJIANG", "Pujiang Asset 浦江资管", "institution", &["PJ"], "crowd.pujiang"),
    ("YANGPU", "Yangpu Fund 杨浦基金", "institution", &["YP"], "crowd.yangpu"),
];
/// Who the visitor trades for.
const VISITOR: (&str, &str, &str, &str) = ("BUND", "Bund Trading 外滩投资", "compliance_entity", "BD");

/// Someone who may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    /// The name.
    pub user: &'static str,
    /// For whom.
    pub participant: &'static str,
    /// What for.
    pub duties: &'static [Duty],
    /// In a few words.
    pub what: &'static str,
}

/// Everyone who may sign in.
#[must_use]
pub fn guests() -> [Guest; 5] {
    let guest = |user, participant, duties, what| Guest { user, participant, duties, what };
    [
        guest(
            "trader",
            "BUND",
            &[Duty::Trader, Duty::Custodian, Duty::Clearing],
            "trades and keeps accounts for Bund Trading",
        ),
        guest("operator", "operator", &[Duty::Operator], "runs the markets"),
        guest("operator2", "operator", &[Duty::Operator], "the second person whom some acts need"),
        guest("supervisor", "SUPERVISION", &[Duty::Supervisor], "sees all, may halt and freeze"),
        guest("auditor", "SUPERVISION", &[Duty::Auditor], "reads the log and its proofs"),
    ]
}

fn rulebooks() -> Result<[Rulebook; 2]> {
    let none = &mut |_: &str| Err(std::io::Error::other("it extends nothing"));
    let read = |text, name, none: &mut dyn FnMut(&str) -> std::io::Result<String>| {
        rulebook::parse(text, name, none).map_err(|error| anyhow!("{error}"))
    };
    let carbon = read(include_str!("../../rulebooks/carbon-cn.toml"), "carbon-cn.toml", none)?;
    let bonds = read(include_str!("../../rulebooks/bond-continuous.toml"), "bond-continuous.toml", none)?;
    Ok([carbon, bonds])
}

/// Makes markets, cast and users in a log that is new; where that was broken off, it goes on from there. Any other log is left alone.
///
/// # Errors
/// The log belongs to something else, or could not be written.
pub fn prepare(node: &mut Node) -> Result<()> {
    let first = (OPERATOR, ClientId::of(&format!("{PREFIX}/1")));
    let is_begun = node.answers().get(first).is_some() && !node.state().roster().in_force();
    if !node.state().markets().is_empty() && !is_begun {
        let ours = MARKETS.iter().all(|code| node.state().market_id(code).is_some());
        let users = guests().iter().all(|guest| node.state().roster().user_named(guest.user).is_some());
        return if ours && users { Ok(()) } else { Err(anyhow!("the log is not that of a demonstration")) };
    }
    let begins = parse_time(BEGINS).context("the first morning is a time")?;
    let mut player = Player::new(node, begins, PREFIX);
    for rulebook in rulebooks()? {
        player.orders(Command::AdoptRulebook(Box::new(rulebook)))?;
    }
    player.flush()?;
    institutions(&mut player)?;
    for (asset, vintage, reference) in ALLOWANCES {
        player.says(
            "operator",
            &json!({"do": "define_asset", "code": asset, "class": "allowance", "vintages": [vintage]}),
        )?;
        player.says("operator", &json!({"do": "list_instrument", "code": asset, "reference": reference}))?;
    }
    for (asset, reference) in BONDS {
        let market = MARKETS[1];
        player.says(
            "operator",
            &json!({"do": "define_asset", "code": asset, "class": "security", "market": market}),
        )?;
        player.says(
            "operator",
            &json!({"do": "list_instrument", "code": asset, "reference": reference, "market": market}),
        )?;
    }
    for (code, _, role, accounts, _) in CROWD {
        endow(&mut player, code, role, accounts, 20)?;
    }
    let (code, _, role, account) = VISITOR;
    endow(&mut player, code, role, &[account], 1)?;
    admit(&mut player)
}

fn institutions(player: &mut Player<'_>) -> Result<()> {
    let register = |player: &mut Player<'_>, code: &str, name: &str, role: &str| {
        let register = json!({"do": "register_participant", "code": code, "name": name, "roles": [role]});
        player.says("operator", &register)
    };
    register(player, "AUTHORITY", "Issuer of both 发行人", "authority")?;
    register(player, "REGISTRY", "Registry 登记结算机构", "registrar")?;
    register(player, "SETTLEBANK", "Settlement bank 结算银行", "settlement_bank")?;
    register(player, "SUPERVISION", "Market supervision 市场监管", "supervisor")?;
    for (code, name, role, _, _) in CROWD {
        register(player, code, name, role)?;
    }
    let (code, name, role, _) = VISITOR;
    register(player, code, name, role)
}

/// Opens accounts, and puts something into each: `times` what a visitor gets.
fn endow(player: &mut Player<'_>, code: &str, role: &str, accounts: &[&str], times: u64) -> Result<()> {
    for account in accounts {
        player.says("REGISTRY", &json!({"do": "open_account", "participant": code, "code": account}))?;
        let deposit = |amount: u64| -> Value {
            json!({"do": "deposit", "account": account, "amount": format!("{amount}.00"), "reference": "opening"})
        };
        player.says("SETTLEBANK", &deposit(50_000_000 * times))?;
        let mut issue = |asset: &str, quantity: u64| {
            let issue = json!({"do": "issue", "account": account, "asset": asset, "quantity": quantity, "reason": "opening"});
            player.says("AUTHORITY", &issue)
        };
        for (asset, _, _) in ALLOWANCES {
            issue(asset, 100_000 * times)?;
        }
        for (asset, _) in BONDS {
            issue(asset, 200_000 * times)?;
        }
    }
    if role == "compliance_entity" {
        player.says(
            "AUTHORITY",
            &json!({"do": "record_emissions", "participant": code, "year": 2024, "verified": 90_000 * times}),
        )?;
    }
    Ok(())
}

fn admit(player: &mut Player<'_>) -> Result<()> {
    player.flush()?;
    let user = |player: &mut Player<'_>, code: &str, name: &str, duties: &[Duty], password: String| {
        let participant = player.node().state().registry().participant_id(code);
        let participant = participant.with_context(|| format!("{code} was registered"))?;
        let (name, duties) = (name.to_owned(), Duties::of(duties));
        player.orders(Command::CreateUser(CreateUser {
            participant,
            name,
            duties,
            password,
            must_change: false,
        }))
    };
    for (code, _, _, _, name) in CROWD {
        // It never signs in: it has no password.
        user(player, code, name, &[Duty::Trader], String::new())?;
    }
    for guest in guests() {
        user(player, guest.participant, guest.user, guest.duties, hash_password(PASSWORD)?)?;
    }
    player.orders(Command::PutRosterInForce)?;
    player.flush()
}

/// When the next day of the demonstration begins: on the day of the log's last record, if it ended before the market opened,
/// else on the next day of trading. So every start finds an open market.
#[must_use]
pub fn morning(calendar: &Calendar, last: Timestamp) -> Timestamp {
    let (date, _) = calendar.local(last);
    let days = (0..366).map(|days| Date(date.0.saturating_add(days)));
    let mut mornings =
        days.filter(|date| calendar.is_trading_day(*date)).map(|date| calendar.instant(date, OPEN));
    mornings.find(|morning| *morning > last).unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::prepare;
    use crate::node::{DataDir, Node, Until, replay};
    use engine::Command;

    fn open(dir: &std::path::Path) -> Node {
        Node::open(dir, &mut |_, _| ()).unwrap().0
    }

    #[test]
    fn a_cast_that_was_broken_off_is_completed_and_a_foreign_log_is_left_alone() {
        let whole = tempfile::tempdir().unwrap();
        let mut node = open(whole.path());
        prepare(&mut node).unwrap();
        node.close(&mut |_, _, _| Ok(())).unwrap();
        let mut records = Vec::new();
        let told = &mut |record: &engine::Record, _: &[engine::Event], _: &engine::State| {
            records.push(record.clone());
            Ok(())
        };
        let state = replay(&DataDir::at(whole.path()), Until::End, told).unwrap().state;
        // Users come in one batch with the order that puts them in force: there is nothing between.
        let users =
            records.iter().position(|record| matches!(record.envelope.command, Command::CreateUser(_)));
        for cut in [1, 2, 3, 20, users.unwrap()] {
            let dir = tempfile::tempdir().unwrap();
            let mut node = open(dir.path());
            for record in &records[..cut] {
                node.submit(record.time, record.envelope.clone(), &mut |_, _, _| Ok(())).unwrap();
            }
            node.flush(&mut |_, _, _| Ok(())).unwrap();
            drop(node);
            let mut node = open(dir.path());
            prepare(&mut node).unwrap();
            assert_eq!((node.state().sequence(), node.state().roster().in_force()), (state.sequence(), true));
            assert_eq!(node.state().registry(), state.registry(), "cut after {cut}");
            prepare(&mut node).unwrap();
            assert_eq!(node.state().sequence(), state.sequence());
        }

        let other = tempfile::tempdir().unwrap();
        let mut node = open(other.path());
        let mut first = records[0].clone();
        first.envelope.client_id = engine::ClientId::of("another");
        node.submit(first.time, first.envelope, &mut |_, _, _| Ok(())).unwrap();
        node.flush(&mut |_, _, _| Ok(())).unwrap();
        assert!(prepare(&mut node).unwrap_err().to_string().contains("not that of a demonstration"));
        assert_eq!(node.state().sequence().0, 1);
    }
}
