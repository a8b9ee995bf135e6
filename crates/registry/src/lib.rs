//! The registry (登记托管): who holds what. Participants, accounts, and one ledger on which cash and instruments stand
//! alike; issuance, transfer, pledge, judicial freeze, conversion, surrender and cancellation; settlement.
//!
//! Architecture Invariant: title changes only here, and only through [`Ledger`]. For every asset the sum of all holdings
//! is what was issued less what was retired, and no bucket is ever negative.
//!
//! Architecture Invariant: this room does not know trading or clearing. A trade reaches it as an [`base::Obligation`],
//! whose two legs it fulfils in one step or not at all.

mod accounts;
mod cash;
mod compliance;
mod custody;
mod issuance;
mod ledger;
mod messages;
pub mod rules;
mod settlement;
mod unwinding;

pub use accounts::{Account, AccountKind, Asset, AssetClass, Desk, Participant};
pub use cash::Withdrawal;
pub use compliance::{Conversion, Duty, Standing};
pub use custody::{Freeze, Pledge};
pub use ledger::{Bucket, Discrepancy, Holding, Ledger};
pub use messages::*;

use base::{
    AccountId, AssetId, ConversionId, Date, FreezeId, MarketId, OwnerId, ParticipantId, PledgeId, Quantity,
    Sequence,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bought and sold by trades, units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traded {
    /// Units bought.
    pub bought: i128,
    /// Units sold.
    pub sold: i128,
}

/// What was bought and cannot be sold again yet.
type Lock = (AccountId, AssetId, Quantity);

/// The state of the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    participants: Vec<Participant>,
    accounts: Vec<Account>,
    /// What every order asks of its account, close together.
    desks: Vec<Desk>,
    assets: Vec<Asset>,
    participant_codes: BTreeMap<String, ParticipantId>,
    account_codes: BTreeMap<String, AccountId>,
    /// Beneficial owners that have a code: participants, and clients that were named.
    owners: BTreeMap<String, OwnerId>,
    owners_known: u32,
    asset_codes: BTreeMap<String, AssetId>,
    ledger: Ledger,
    rules: Vec<rules::Rules>,
    /// Units that may be sold again from a date of their market on.
    locks: BTreeMap<(MarketId, Date), Vec<Lock>>,
    pledges: BTreeMap<PledgeId, Pledge>,
    freezes: BTreeMap<FreezeId, Freeze>,
    withdrawals: BTreeMap<Sequence, cash::Withdrawal>,
    conversions: BTreeMap<ConversionId, Conversion>,
    duties: BTreeMap<(MarketId, i32, ParticipantId), Duty>,
    preallocated: BTreeMap<(ParticipantId, AssetId), Quantity>,
    allocated: BTreeMap<(ParticipantId, AssetId), Quantity>,
    /// Trades by account, asset and month (year × 12 + month − 1): what a carry-over looks back on.
    traded: BTreeMap<(AccountId, AssetId, i32), Traded>,
    /// Holdings at the end of a record date.
    record_dates: BTreeMap<(MarketId, Date), BTreeMap<(AccountId, AssetId), Quantity>>,
    opened: u64,
}

impl Registry {
    /// Puts the rules of `market` into force. Markets are numbered in the order of adoption.
    pub fn set_rules(&mut self, market: MarketId, rules: rules::Rules) {
        if self.rules.len() <= market.index() {
            self.rules.resize_with(market.index() + 1, rules::Rules::default);
        }
        self.rules[market.index()] = rules;
    }

    /// The rules in force in `market`.
    #[must_use]
    pub fn rules(&self, market: MarketId) -> &rules::Rules {
        &self.rules[market.index()]
    }

    /// The ledger, to read.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Begins `date` in `market`: what may be sold again becomes available, and holdings are recorded where the day before
    /// was a record date.
    pub fn begin_day(&mut self, market: MarketId, before: Date, date: Date, out: &mut impl FnMut(Event)) {
        let due = (market, Date(i32::MIN))..=(market, date);
        let due: Vec<(MarketId, Date)> = self.locks.range(due).map(|(key, _)| *key).collect();
        for key in due {
            for (account, asset, quantity) in self.locks.remove(&key).unwrap_or_default() {
                self.ledger.shift(account, asset, Bucket::Locked, Bucket::Available, quantity);
            }
        }
        let Some(carry_over) = &self.rules[market.index()].carry_over else { return };
        let record_date = carry_over.sales_to;
        if before <= record_date
            && record_date < date
            && !self.record_dates.contains_key(&(market, record_date))
        {
            self.record_holdings(market, record_date);
            out(Event::HoldingsRecorded { market, date: record_date });
        }
    }

    fn record_holdings(&mut self, market: MarketId, date: Date) {
        let mut recorded = BTreeMap::new();
        for (index, asset) in self.assets.iter().enumerate().filter(|(_, asset)| asset.market == Some(market))
        {
            if matches!(asset.class, AssetClass::Allowance { .. }) {
                for (account, holding) in self.ledger.holders(AssetId::at(index)) {
                    let held = holding.available.0 + holding.locked.0 + holding.frozen.0;
                    if held > 0 {
                        recorded.insert((account, AssetId::at(index)), Quantity(held));
                    }
                }
            }
        }
        self.record_dates.insert((market, date), recorded);
    }

    /// The holding of an account recorded at the end of a record date; `None` where that date was not recorded.
    #[must_use]
    pub fn recorded(
        &self,
        market: MarketId,
        date: Date,
        account: AccountId,
        asset: AssetId,
    ) -> Option<Quantity> {
        let recorded = self.record_dates.get(&(market, date))?;
        Some(recorded.get(&(account, asset)).copied().unwrap_or_default())
    }

    /// What was bought and cannot be sold again yet: account, asset, units.
    pub fn locks(&self) -> impl Iterator<Item = (AccountId, AssetId, Quantity)> {
        self.locks.values().flatten().copied()
    }

    fn next_id(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }
}
