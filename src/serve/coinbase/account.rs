//! Whose orders and holdings a key is for, and what is held.

use crate::node::Follower;
use crate::serve::access::Caller;
use crate::serve::api::accounts::{HoldingView, holdings_of};
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use base::{AccountId, AssetId};
use engine::State;
use gateway::Names;
use serde::Serialize;

/// The account that a caller trades with here: that of the key, else the only one the participant has.
///
/// # Errors
/// There is none, or there are several to choose from.
pub(super) fn account_of(state: &State, caller: &Caller) -> Result<AccountId, Problem> {
    if let Some(account) = caller.account {
        return Ok(account);
    }
    let accounts = state.registry().accounts().iter().enumerate();
    let mut own = accounts.map(|(index, _)| AccountId::at(index)).filter(|id| caller.owns(state, *id));
    match (own.next(), own.next()) {
        (Some(account), None) => Ok(account),
        (None, _) => Err(Problem::new(Code::Forbidden, "the key's participant has no account")),
        (Some(_), Some(_)) => Err(Problem::new(
            Code::Forbidden,
            "the key is for all accounts of its participant: take one for one account",
        )),
    }
}

/// One holding. This API has an account for each currency: here it is named like the currency.
#[derive(Serialize)]
struct Account {
    id: String,
    currency: String,
    balance: String,
    available: String,
    hold: String,
    profile_id: String,
    trading_enabled: bool,
}

fn all(call: &Call, follower: &Follower) -> Result<Vec<Account>, Problem> {
    let state = follower.state();
    let account = account_of(state, call.caller()?)?;
    let of = |holding: HoldingView| {
        let asset = state.registry().asset_id(&holding.asset);
        Some(view(state, account, asset?, holding))
    };
    Ok(holdings_of(state, account).into_iter().filter_map(of).collect())
}

fn view(state: &State, account: AccountId, asset: AssetId, holding: HoldingView) -> Account {
    let held = state.registry().ledger().holding(account, asset);
    // Everything that is not free, whatever binds it.
    let bound = i128::from(held.total().0) - i128::from(held.available.0);
    let id = holding.asset.replace('-', ".");
    Account {
        currency: id.clone(),
        id,
        balance: holding.total,
        available: holding.available,
        hold: Names(state).units(asset, bound),
        profile_id: holding.account,
        trading_enabled: true,
    }
}

pub(super) fn accounts(call: &Call, follower: &Follower) -> Answered {
    all(call, follower).map(|all| Reply::json(&all))
}

pub(super) fn one(call: &Call, follower: &Follower) -> Answered {
    let wanted = call.parameter("account");
    let found = all(call, follower)?.into_iter().find(|account| account.id == wanted);
    found
        .map(|account| Reply::json(&account))
        .ok_or_else(|| Problem::not_found(format_args!("account {wanted:?}")))
}
