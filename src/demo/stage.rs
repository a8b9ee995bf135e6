//! A market that is ready to trade: participants with cash and units, one trader each, who signs with a key.

use crate::demo::player::Player;
use crate::node::Node;
use crate::serve::access::{Secrets, hash_of};
use anyhow::{Context, Result};
use base::Timestamp;
use engine::Command;
use engine::rulebook::Rulebook;
use roster::{CreateKey, CreateUser, Duties, Duty};
use serde_json::json;
use std::path::Path;

/// Who trades, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trader {
    /// The code of the participant; its account has the same.
    pub account: String,
    /// The name of its user.
    pub user: String,
    /// The public name of its key.
    pub key: String,
    /// The secret of the key.
    pub secret: String,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What is traded: the first one is meant to be busy, the second one to be quiet.
    pub instruments: [String; 2],
    /// Who trades.
    pub traders: Vec<Trader>,
}

/// Cash of each trader, in the currency's minor unit written as a decimal.
const CASH: &str = "1000000000.00";
/// Units of each trader.
const UNITS: u64 = 1_000_000_000;

/// Makes a log in an empty data directory: a market with an order book by a rulebook, two instruments, so many traders; users in
/// force. `time` lies before the day's opening: what is listed later does not trade until the next one.
///
/// # Errors
/// The log cannot be made, or the rulebook does not fit.
pub fn set(data: &Path, rulebook: &Rulebook, time: Timestamp, count: usize) -> Result<Stage> {
    let (mut node, _) = Node::open(data, &mut |_, _| ())?;
    let secrets = Secrets::open(data)?;
    let mut player = Player::new(&mut node, time, "stage");
    player.orders(Command::AdoptRulebook(Box::new(rulebook.clone())))?;
    let roles = ["registrar", "authority", "settlement_bank"];
    player.says(
        "operator",
        &json!({"do": "register_participant", "code": "ADMIN", "name": "Administration", "roles": roles}),
    )?;
    let traders: Vec<Trader> = (0..count).map(|number| trader(number, &secrets)).collect();
    for Trader { account, .. } in &traders {
        let register =
            json!({"do": "register_participant", "code": account, "name": account, "roles": ["institution"]});
        player.says("operator", &register)?;
    }
    for Trader { account, .. } in &traders {
        player.says("ADMIN", &json!({"do": "open_account", "participant": account, "code": account}))?;
    }
    let instruments = ["BUSY", "QUIET"].map(str::to_owned);
    for code in &instruments {
        player.says("operator", &json!({"do": "define_asset", "code": code, "class": "security"}))?;
    }
    for code in &instruments {
        player.says("operator", &json!({"do": "list_instrument", "code": code, "reference": "100.00"}))?;
    }
    for Trader { account, .. } in &traders {
        player.says(
            "ADMIN",
            &json!({"do": "deposit", "account": account, "amount": CASH, "reference": "stage"}),
        )?;
        for asset in &instruments {
            let issue = json!({"do": "issue", "account": account, "asset": asset, "quantity": UNITS, "reason": "stage"});
            player.says("ADMIN", &issue)?;
        }
    }
    admit(&mut player, &traders)?;
    node.close(&mut |_, _, _| Ok(()))?;
    Ok(Stage { instruments, traders })
}

fn trader(number: usize, secrets: &Secrets) -> Trader {
    let key = format!("traderkey{number:05}");
    let secret = secrets.of_key(&key);
    Trader { account: format!("T{number:05}"), user: format!("trader{number:05}"), key, secret }
}

/// Makes the users and their keys known; from then on every command names its user.
fn admit(player: &mut Player<'_>, traders: &[Trader]) -> Result<()> {
    player.flush()?;
    let duties = Duties::of(&[Duty::Trader]);
    for Trader { account, user, .. } in traders {
        let participant = player.node().state().registry().participant_id(account);
        let participant = participant.context("the participant was registered")?;
        let (name, password) = (user.clone(), String::new());
        player.orders(Command::CreateUser(CreateUser {
            participant,
            name,
            duties,
            password,
            must_change: false,
        }))?;
    }
    player.flush()?;
    for Trader { user, key, secret, .. } in traders {
        let user = player.node().state().roster().user_named(user).context("the user was made")?;
        let (id, secret_hash) = (key.clone(), hash_of(secret.as_bytes()));
        player.orders(Command::CreateKey(CreateKey { user, id, secret_hash, account: None, duties }))?;
    }
    let operator = CreateUser {
        participant: engine::OPERATOR,
        name: "operator".to_owned(),
        duties: Duties::of(&[Duty::Operator]),
        password: String::new(),
        must_change: false,
    };
    player.orders(Command::CreateUser(operator))?;
    player.orders(Command::PutRosterInForce)?;
    player.flush()?;
    Ok(())
}
