//! Conservation: of every asset, all that is held is what was issued less what was retired.

use super::table::{left, right, table};
use super::{Report, TOO_LARGE, yes};
use base::{AssetId, Quantity};
use engine::State;
use gateway::Names;
use serde::Serialize;

/// The ledger against itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conservation {
    /// By asset.
    pub assets: Vec<ConservationLine>,
    /// Everything adds up.
    pub ok: bool,
}

/// One asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConservationLine {
    /// Its code.
    pub asset: String,
    /// Ever issued; for a currency, paid in.
    pub issued: String,
    /// Ever retired: surrendered, cancelled, converted; for a currency, paid out.
    pub retired: String,
    /// Issued less retired.
    pub outstanding: String,
    /// The sum of all holdings.
    pub held: String,
    /// An account of which more than it has was taken.
    pub negative: Option<String>,
    /// Held is what is outstanding, and nothing is negative.
    pub ok: bool,
}

/// The sums of the ledger as they stand, counted afresh from every holding.
#[must_use]
pub fn conservation(state: &State) -> Conservation {
    let (ledger, names) = (state.registry().ledger(), Names(state));
    let found = ledger.audit();
    let line = |asset: AssetId| {
        let wide = |quantity: Quantity| i128::from(quantity.0);
        let (issued, retired) = (wide(ledger.issued(asset)), wide(ledger.retired(asset)));
        let held = ledger.holders(asset).try_fold(0_i128, |sum, (_, h)| {
            let buckets = [h.available, h.reserved, h.locked, h.pledged, h.frozen].map(wide);
            buckets.into_iter().try_fold(sum, i128::checked_add)
        });
        let discrepancy = found.iter().find(|discrepancy| discrepancy.asset == asset);
        let units = |units| names.units(asset, units);
        ConservationLine {
            asset: names.asset(asset),
            issued: units(issued),
            retired: units(retired),
            outstanding: units(issued - retired),
            held: held.map_or_else(|| TOO_LARGE.to_owned(), units),
            negative: discrepancy.and_then(|d| d.negative).map(|account| names.account(account)),
            ok: discrepancy.is_none() && held == Some(issued - retired),
        }
    };
    let assets: Vec<ConservationLine> =
        (0..state.registry().assets().len()).map(AssetId::at).map(line).collect();
    let ok = assets.iter().all(|asset| asset.ok);
    Conservation { assets, ok }
}

impl Report for Conservation {
    const FILE: &'static str = "conservation.csv";

    fn text(&self) -> String {
        let mut text = "Conservation\n\n".to_owned();
        if self.assets.is_empty() {
            text.push_str("No asset is defined.\n");
            return text;
        }
        let mut heads = vec![left("Asset")];
        heads.extend(["Issued", "Retired", "Outstanding", "Held"].map(right));
        heads.push(left("Adds up"));
        let row = |line: &ConservationLine| {
            let ConservationLine { asset, issued, retired, outstanding, held, negative, .. } = line.clone();
            let verdict = match (line.ok, negative) {
                (true, _) => "yes".to_owned(),
                (false, None) => "NO".to_owned(),
                (false, Some(account)) => format!("NO: {account} is negative"),
            };
            vec![asset, issued, retired, outstanding, held, verdict]
        };
        text.push_str(&table(&heads, self.assets.iter().map(row).collect()));
        text
    }

    fn header(&self) -> Vec<String> {
        let header = ["asset", "issued", "retired", "outstanding", "held", "negative", "ok"];
        header.map(str::to_owned).to_vec()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |line: &ConservationLine| {
            let ConservationLine { asset, issued, retired, outstanding, held, negative, ok } = line.clone();
            vec![asset, issued, retired, outstanding, held, negative.unwrap_or_default(), yes(ok)]
        };
        self.assets.iter().map(row).collect()
    }
}
