//! Accounts and what they hold, pledges, withdrawals, the day's statement, and where those with a duty stand.

use super::views::{List, account, market, word};
use crate::node::Follower;
use crate::report;
use crate::serve::access::Caller;
use crate::serve::endpoint::{Allowed, Answered, Call, Endpoint};
use crate::serve::problem::Problem;
use crate::serve::reply::Reply;
use base::{AccountId, AssetId, MarketId};
use engine::State;
use gateway::Names;
use serde::{Deserialize, Serialize};
use trading::Whose;
use utoipa::{IntoParams, ToSchema};

const TAG: &str = "registry and clearing";

pub(super) fn endpoints() -> Vec<Endpoint> {
    use Allowed::{Keepers, SignedIn};
    vec![
        Endpoint::reads("/v1/participants", Keepers, TAG, "Who takes part", participants)
            .gives_list::<ParticipantView>(),
        Endpoint::reads("/v1/assets", SignedIn, TAG, "Everything the ledger holds", assets)
            .gives_list::<AssetView>(),
        Endpoint::reads(
            "/v1/accounts",
            SignedIn,
            TAG,
            "Your accounts; of all, for those who keep them",
            accounts,
        )
        .gives_list::<AccountView>(),
        Endpoint::reads("/v1/accounts/{account}/holdings", SignedIn, TAG, "What an account holds", holdings)
            .gives_list::<HoldingView>(),
        Endpoint::reads(
            "/v1/pledges",
            SignedIn,
            TAG,
            "Pledges of your holdings, and in your favour",
            pledges,
        )
        .gives_list::<PledgeView>(),
        Endpoint::reads("/v1/withdrawals", SignedIn, TAG, "Withdrawals that wait for the bank", withdrawals)
            .gives_list::<WithdrawalView>(),
        Endpoint::reads(
            "/v1/statements",
            SignedIn,
            TAG,
            "What you bought, sold, paid and received today",
            statements,
        )
        .with_query::<OfMarket>()
        .gives::<report::SettlementStatement>(),
        Endpoint::reads("/v1/compliance", SignedIn, TAG, "Verified, surrendered and still due", compliance)
            .with_query::<OfMarket>()
            .gives_list::<DutyView>(),
    ]
}

/// A participant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ParticipantView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is in the market.
    pub roles: Vec<String>,
    /// Its accounts.
    pub accounts: Vec<String>,
    /// The kill switch: nothing of it trades.
    pub trading_blocked: bool,
}

fn participants(_: &Call, follower: &Follower) -> Answered {
    let registry = follower.state().registry();
    let all = registry.participants().iter().enumerate().map(|(index, participant)| {
        let id = base::ParticipantId::at(index);
        let accounts = registry.accounts().iter().filter(|account| account.participant == id);
        ParticipantView {
            code: participant.code.clone(),
            name: participant.name.clone(),
            roles: participant.roles.iter().map(word).collect(),
            accounts: accounts.map(|account| account.code.clone()).collect(),
            trading_blocked: is_blocked(follower.state(), Whose::Participant(id)),
        }
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

fn is_blocked(state: &State, whose: Whose) -> bool {
    state.venue().blocked().any(|blocked| blocked == whose || blocked == Whose::Everyone)
}

/// An asset.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AssetView {
    /// Its code.
    pub code: String,
    /// `currency`, `allowance`, `offset`, `security`.
    pub class: String,
    /// Digits after the point.
    pub decimals: u8,
    /// The market whose rules hold for it.
    pub market: Option<String>,
    /// Units there are.
    pub issued: String,
    /// Units that were retired.
    pub retired: String,
}

fn class(asset: &registry::Asset) -> &'static str {
    match asset.class {
        registry::AssetClass::Currency => "currency",
        registry::AssetClass::Allowance { .. } => "allowance",
        registry::AssetClass::Offset { .. } | registry::AssetClass::Offsets { .. } => "offset",
        registry::AssetClass::Security => "security",
        registry::AssetClass::Certificate => "certificate",
        registry::AssetClass::Right => "right",
        registry::AssetClass::Commodity => "commodity",
        registry::AssetClass::FundUnit => "fund_unit",
    }
}

fn assets(_: &Call, follower: &Follower) -> Answered {
    let (names, registry) = (Names(follower.state()), follower.state().registry());
    let all = registry.assets().iter().enumerate().map(|(index, asset)| {
        let id = AssetId::at(index);
        AssetView {
            code: asset.code.clone(),
            class: class(asset).to_owned(),
            decimals: asset.decimals,
            market: asset.market.map(|market| names.market(market)),
            issued: names.units(id, registry.ledger().issued(id).0.into()),
            retired: names.units(id, registry.ledger().retired(id).0.into()),
        }
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// An account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AccountView {
    /// Its code.
    pub code: String,
    /// Who answers for it.
    pub participant: String,
    /// `house` or `client`.
    pub kind: String,
    /// The owner that it was opened for, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// No disposals while frozen.
    pub frozen: bool,
    /// Closed for good.
    pub closed: bool,
    /// The kill switch: nothing of it trades.
    pub trading_blocked: bool,
}

fn accounts(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let all = seen_accounts(state, caller).map(|(id, account)| AccountView {
        code: account.code.clone(),
        participant: Names(state).participant(account.participant),
        kind: word(&account.kind),
        owner: account.owner.clone(),
        frozen: account.frozen,
        closed: account.closed,
        trading_blocked: is_blocked(state, Whose::Account(id))
            || is_blocked(state, Whose::Participant(account.participant)),
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

fn seen_accounts<'a>(
    state: &'a State,
    caller: &'a Caller,
) -> impl Iterator<Item = (AccountId, &'a registry::Account)> {
    let keeps = caller.keeps_accounts(state);
    let all = state
        .registry()
        .accounts()
        .iter()
        .enumerate()
        .map(|(index, account)| (AccountId::at(index), account));
    all.filter(move |(id, _)| keeps || caller.owns(state, *id))
}

/// What an account holds of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct HoldingView {
    /// The account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// `currency`, `allowance`, `offset`, `security`.
    pub class: String,
    /// Free to dispose of.
    pub available: String,
    /// Held for orders, bids and withdrawals.
    pub held: String,
    /// Bought, and not yet to be sold again.
    pub locked: String,
    /// Pledged (质押).
    pub pledged: String,
    /// Frozen (冻结).
    pub frozen: String,
    /// All of it.
    pub total: String,
    /// Digits after the point.
    pub decimals: u8,
}

fn holdings(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let keeps = caller.keeps_accounts(state);
    let id = account(state, call.parameter("account"), |id| keeps || caller.owns(state, id))?;
    Ok(Reply::json(&List::all(follower, holdings_of(state, id))))
}

/// What an account holds, asset by asset.
#[must_use]
pub(crate) fn holdings_of(state: &State, account: AccountId) -> Vec<HoldingView> {
    let assets = (0..state.registry().assets().len()).map(AssetId::at);
    let all = assets.map(|asset| holding_view(state, account, asset));
    all.filter(|holding| {
        holding.class == "currency" || holding.total.bytes().any(|digit| (b'1'..=b'9').contains(&digit))
    })
    .collect()
}

/// What an account holds of an asset.
#[must_use]
pub(crate) fn holding_view(state: &State, account: AccountId, asset: AssetId) -> HoldingView {
    let names = Names(state);
    let (of, held) = (state.registry().asset(asset), state.registry().ledger().holding(account, asset));
    let units = |quantity: base::Quantity| names.units(asset, quantity.0.into());
    HoldingView {
        account: names.account(account),
        asset: of.code.clone(),
        class: class(of).to_owned(),
        available: units(held.available),
        held: units(held.reserved),
        locked: units(held.locked),
        pledged: units(held.pledged),
        frozen: units(held.frozen),
        total: units(held.total()),
        decimals: of.decimals,
    }
}

/// A pledge.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct PledgeView {
    /// Its number.
    pub pledge: u64,
    /// Whose holding.
    pub account: String,
    /// What.
    pub asset: String,
    /// How much.
    pub quantity: String,
    /// In whose favour.
    pub pledgee: String,
}

fn pledges(call: &Call, follower: &Follower) -> Answered {
    let (state, caller, names) = (follower.state(), call.caller()?, Names(follower.state()));
    let keeps = caller.keeps_accounts(state);
    let all = state.registry().pledges().filter(|(_, pledge)| {
        keeps || caller.owns(state, pledge.account) || pledge.pledgee == caller.participant
    });
    let all = all.map(|(id, pledge)| PledgeView {
        pledge: id.0,
        account: names.account(pledge.account),
        asset: names.asset(pledge.asset),
        quantity: names.units(pledge.asset, pledge.quantity.0.into()),
        pledgee: names.participant(pledge.pledgee),
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// A withdrawal that waits for the bank.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct WithdrawalView {
    /// Its number: that of its record.
    pub withdrawal: u64,
    /// Whose.
    pub account: String,
    /// What.
    pub currency: String,
    /// How much.
    pub amount: String,
}

fn withdrawals(call: &Call, follower: &Follower) -> Answered {
    let (state, caller, names) = (follower.state(), call.caller()?, Names(follower.state()));
    let keeps = caller.keeps_accounts(state);
    let all = state.registry().withdrawals().filter(|(_, waits)| keeps || caller.owns(state, waits.account));
    let all = all.map(|(record, waits)| WithdrawalView {
        withdrawal: record.0,
        account: names.account(waits.account),
        currency: names.asset(waits.currency),
        amount: names.units(waits.currency, waits.amount.0.into()),
    });
    Ok(Reply::json(&List::all(follower, all.collect())))
}

/// Which market.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct OfMarket {
    /// Its code; the first where none is named.
    pub market: Option<String>,
}

impl OfMarket {
    fn id(&self, state: &State) -> Result<MarketId, Problem> {
        match &self.market {
            Some(code) => market(state, code),
            None if state.markets().is_empty() => Err(Problem::not_found("market yet")),
            None => Ok(MarketId(0)),
        }
    }
}

fn statements(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let id = call.query::<OfMarket>()?.id(state)?;
    let only = (!caller.keeps_accounts(state)).then_some(caller.participant);
    Ok(Reply::json(&report::statement_for(state, id, only)))
}

/// What someone owes for a period (履约).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct DutyView {
    /// The market.
    pub market: String,
    /// Who.
    pub participant: String,
    /// The last year of the period.
    pub year: i32,
    /// The last day to surrender.
    pub deadline: Option<String>,
    /// Verified emissions (核查排放量).
    pub verified: String,
    /// Allowances surrendered (清缴).
    pub surrendered: String,
    /// Offsets surrendered (抵销).
    pub offsets_used: String,
    /// The most that offsets may meet.
    pub offset_limit: String,
    /// Still to be surrendered.
    pub open: String,
    /// What is missing after the deadline.
    pub shortfall: Option<String>,
    /// `met`, `open`, `short`, `late`.
    pub status: String,
    /// Units of the market that the participant holds, over all its accounts.
    pub held: String,
}

fn compliance(call: &Call, follower: &Follower) -> Answered {
    let (state, caller) = (follower.state(), call.caller()?);
    let id = call.query::<OfMarket>()?.id(state)?;
    let (keeps, own) = (caller.keeps_accounts(state), Names(state).participant(caller.participant));
    let all = report::compliance(state, id);
    let mut views = Vec::new();
    for period in all.periods {
        let (year, deadline) = (period.year, period.deadline);
        for duty in period.duties.into_iter().filter(|duty| keeps || duty.participant == own) {
            views.push(duty_view(state, id, year, deadline.clone(), duty));
        }
    }
    Ok(Reply::json(&List::all(follower, views)))
}

fn duty_view(
    state: &State,
    market: MarketId,
    year: i32,
    deadline: Option<String>,
    duty: report::DutyLine,
) -> DutyView {
    let who = state.registry().participant_id(&duty.participant);
    let held = who.map_or(0, |who| state.registry().held_by(who, market));
    let decimals = state.markets()[market.index()].rulebook.unit.decimals;
    DutyView {
        market: Names(state).market(market),
        participant: duty.participant,
        year,
        deadline,
        verified: duty.verified,
        surrendered: duty.allowances,
        offsets_used: duty.offsets,
        offset_limit: duty.offset_cap,
        open: duty.open,
        shortfall: duty.shortfall,
        status: word(&duty.state),
        held: base::decimal::text(held, decimals),
    }
}
