//! Whose orders and holdings a key is for, what is held and by what, and what trading costs.

use super::product::{all_products, product, product_name};
use super::{Asked, code, utc};
use crate::node::Follower;
use crate::projection::OrderFilter;
use crate::serve::access::Caller;
use crate::serve::api::accounts::{HoldingView, holdings_of};
use crate::serve::api::history::look_up;
use crate::serve::endpoint::{Answered, Call};
use crate::serve::problem::{Code, Problem};
use crate::serve::reply::Reply;
use base::{AccountId, AssetId, Side, Tariff};
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
    let id = code::named(&holding.asset);
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
    found.map(|account| Reply::json(&account)).ok_or_else(|| no_account(wanted))
}

fn no_account(name: &str) -> Problem {
    Problem::not_found(format_args!("account {name:?}"))
}

/// The account of the key, and the asset of the holding that a path names.
///
/// # Errors
/// There is none.
pub(super) fn holding_of(call: &Call) -> Result<(AccountId, AssetId), Problem> {
    let follower = call.app.reader.read();
    let (state, wanted) = (follower.state(), call.parameter("account"));
    let account = account_of(state, call.caller()?)?;
    let asset = code::code_of(wanted).and_then(|code| state.registry().asset_id(&code));
    asset.map(|asset| (account, asset)).ok_or_else(|| no_account(wanted))
}

/// What binds a part of a holding.
#[derive(Serialize)]
struct HoldView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    amount: String,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<String>,
}

/// Orders of books one by one, and everything else that binds a part in a line each: together it is `hold`.
pub(super) fn holds(call: &Call) -> Answered {
    let (account, asset) = holding_of(call)?;
    let filter = OrderFilter { account: Some(account), open: true, ..OrderFilter::default() };
    let rows = look_up(call, |view| view.orders(&filter))?.value;
    let follower = call.app.reader.read();
    let state = follower.state();
    let (names, holding) = (Names(state), state.registry().ledger().holding(account, asset));
    let units = |units: i64| names.units(asset, units.into());
    let held = |order: &trading::BookOrder| {
        let instrument = state.venue().instrument(order.instrument)?;
        let held = if order.side == Side::Buy { instrument.currency } else { instrument.asset };
        (held == asset && order.held.0 > 0).then_some(order.held.0)
    };
    let (mut all, mut others) = (Vec::new(), holding.reserved.0);
    for row in rows {
        let Some(amount) = state.venue().book_order(row.order).as_ref().and_then(held) else { continue };
        others = others.saturating_sub(amount);
        let number = row.order.0.to_string();
        let (created_at, r#ref) = (Some(utc(row.time)), Some(number.clone()));
        all.push(HoldView { id: number, created_at, amount: units(amount), r#type: "order", r#ref });
    }
    let buckets = [
        ("reserved", others),
        ("locked", holding.locked.0),
        ("pledged", holding.pledged.0),
        ("frozen", holding.frozen.0),
    ];
    for (kind, amount) in buckets.into_iter().filter(|(_, amount)| *amount > 0) {
        let id = kind.to_owned();
        all.push(HoldView { id, created_at: None, amount: units(amount), r#type: kind, r#ref: None });
    }
    Ok(Reply::json(&all))
}

/// This API has a profile for each portfolio: here it is the account of the key.
#[derive(Serialize)]
struct Profile {
    id: String,
    user_id: String,
    name: String,
    active: bool,
    is_default: bool,
    has_margin: bool,
}

fn own_profile(call: &Call, follower: &Follower) -> Result<Profile, Problem> {
    let (state, caller) = (follower.state(), call.caller()?);
    let name = Names(state).account(account_of(state, caller)?);
    let user_id = Names(state).user(caller.user);
    Ok(Profile { id: name.clone(), user_id, name, active: true, is_default: true, has_margin: false })
}

pub(super) fn profiles(call: &Call, follower: &Follower) -> Answered {
    own_profile(call, follower).map(|profile| Reply::json(&[profile]))
}

pub(super) fn profile(call: &Call, follower: &Follower) -> Answered {
    let wanted = call.parameter("profile");
    let found = Some(own_profile(call, follower)?).filter(|profile| profile.id == wanted);
    found
        .map(|profile| Reply::json(&profile))
        .ok_or_else(|| Problem::not_found(format_args!("profile {wanted:?}")))
}

/// Rates of an order on a book. There are no tiers.
#[derive(Serialize)]
struct Fees {
    maker_fee_rate: String,
    taker_fee_rate: String,
    /// What the tiers of that API go by.
    usd_volume: Option<String>,
    products: Vec<ProductFees>,
}

#[derive(Serialize)]
struct ProductFees {
    product_id: String,
    maker_fee_rate: String,
    taker_fee_rate: String,
    minimum_fee: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_fee: Option<String>,
}

/// The rates of one product, or the highest of all, and those of each.
pub(super) fn fees(call: &Call, follower: &Follower) -> Answered {
    let state = follower.state();
    let wanted = Asked::of(call)?.one("product_id").map(|name| product(state, name)).transpose()?;
    let ids: Vec<_> = all_products(state).filter(|id| wanted.is_none_or(|wanted| wanted == *id)).collect();
    let rate = |ppm: i64| base::decimal::text(ppm.into(), 6);
    let maker = |tariff: &Tariff| tariff.maker_ppm.saturating_sub(tariff.rebate_ppm);
    let (mut products, mut highest) = (Vec::new(), (None, None));
    for id in ids {
        let Some(instrument) = state.venue().instrument(id) else { continue };
        let tariff = state.clearing().tariff(instrument.market);
        highest = (highest.0.max(Some(maker(&tariff))), highest.1.max(Some(tariff.taker_ppm)));
        let money = |amount: base::Money| Names(state).units(instrument.currency, amount.0.into());
        products.push(ProductFees {
            product_id: product_name(state, id),
            maker_fee_rate: rate(maker(&tariff)),
            taker_fee_rate: rate(tariff.taker_ppm),
            minimum_fee: money(tariff.least),
            maximum_fee: tariff.most.map(money),
        });
    }
    Ok(Reply::json(&Fees {
        maker_fee_rate: rate(highest.0.unwrap_or(0)),
        taker_fee_rate: rate(highest.1.unwrap_or(0)),
        usd_volume: None,
        products,
    }))
}

/// There are none: money comes and goes through the settlement bank.
pub(super) fn none(_: &Call, _: &Follower) -> Answered {
    Ok(Reply::text("application/json", "[]"))
}
