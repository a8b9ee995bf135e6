//! Who holds what (持有).

use super::table::{left, right, table};
use super::{Report, yes};
use base::{AccountId, AssetId, Quantity};
use engine::State;
use gateway::Names;
use serde::Serialize;

/// Every holding that is not empty, by account and asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// The holdings.
    pub holdings: Vec<HoldingLine>,
}

/// What an account holds of an asset, by what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HoldingLine {
    /// The account's code.
    pub account: String,
    /// Who answers for it.
    pub participant: String,
    /// The account may dispose of nothing.
    pub account_frozen: bool,
    /// The asset's code.
    pub asset: String,
    /// Free to dispose of.
    pub available: String,
    /// Held for an order, a bid or a withdrawal.
    pub reserved: String,
    /// Bought, and not yet to be sold again.
    pub locked: String,
    /// Pledged (质押).
    pub pledged: String,
    /// Frozen by a court or for an application (冻结).
    pub frozen: String,
    /// All of it.
    pub total: String,
}

impl HoldingLine {
    fn buckets(&self) -> [&String; 6] {
        [&self.available, &self.reserved, &self.locked, &self.pledged, &self.frozen, &self.total]
    }
}

/// All holdings as they stand.
#[must_use]
pub fn holdings(state: &State) -> Holdings {
    let (registry, names) = (state.registry(), Names(state));
    let mut holdings = Vec::new();
    for (index, account) in registry.accounts().iter().enumerate() {
        for asset in (0..registry.assets().len()).map(AssetId::at) {
            let holding = registry.ledger().holding(AccountId::at(index), asset);
            if holding == registry::Holding::default() {
                continue;
            }
            let units = |quantity: Quantity| names.units(asset, i128::from(quantity.0));
            holdings.push(HoldingLine {
                account: account.code.clone(),
                participant: names.participant(account.participant),
                account_frozen: account.frozen,
                asset: names.asset(asset),
                available: units(holding.available),
                reserved: units(holding.reserved),
                locked: units(holding.locked),
                pledged: units(holding.pledged),
                frozen: units(holding.frozen),
                total: units(holding.total()),
            });
        }
    }
    Holdings { holdings }
}

impl Report for Holdings {
    const FILE: &'static str = "holdings.csv";

    fn text(&self) -> String {
        let mut text = "Holdings\n\n".to_owned();
        if self.holdings.is_empty() {
            text.push_str("Nobody holds anything.\n");
            return text;
        }
        let mut heads = vec![left("Account"), left("Asset")];
        heads.extend(["Available", "Reserved", "Locked", "Pledged", "Frozen", "Total"].map(right));
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut before = "";
        for line in &self.holdings {
            let first = std::mem::replace(&mut before, &line.account) != line.account;
            let mut row = vec![if first { line.account.clone() } else { String::new() }, line.asset.clone()];
            let shown = |units: &String| if nothing(units) { "-".to_owned() } else { units.clone() };
            row.extend(line.buckets().map(shown));
            rows.push(row);
        }
        text.push_str(&table(&heads, rows));
        let frozen = self.holdings.iter().filter(|line| line.account_frozen);
        let mut frozen: Vec<&str> = frozen.map(|line| line.account.as_str()).collect();
        frozen.dedup();
        if !frozen.is_empty() {
            text.push_str(&format!("\nAccounts that may dispose of nothing: {}\n", frozen.join(", ")));
        }
        text
    }

    fn header(&self) -> Vec<String> {
        let named = ["account", "participant", "account_frozen", "asset"];
        let buckets = ["available", "reserved", "locked", "pledged", "frozen", "total"];
        named.into_iter().chain(buckets).map(str::to_owned).collect()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |line: &HoldingLine| {
            let frozen = yes(line.account_frozen);
            let mut row = vec![line.account.clone(), line.participant.clone(), frozen, line.asset.clone()];
            row.extend(line.buckets().map(String::clone));
            row
        };
        self.holdings.iter().map(row).collect()
    }
}

fn nothing(number: &str) -> bool {
    number.bytes().all(|byte| b"0.".contains(&byte))
}
