//! Reports: what the state says at some record, in the words of the field, for a terminal, as JSON and as CSV.
//!
//! Architecture Invariant: a report is a pure function of a [`State`]. It names things by their codes and writes amounts as
//! exact decimals in text: no floating point, and nothing rounded but an average and a fine, each once, at the end.
//!
//! A market that the state does not know gives an empty report.

mod alerts;
mod bundle;
mod compliance;
mod conservation;
mod fine;
mod holdings;
mod horizon;
mod prices;
mod statement;
mod table;
mod write;

pub use alerts::{AlertLine, Alerts, alerts};
pub use bundle::{AsOf, DayReport, FinalReport, day_report, final_report};
pub use compliance::{Compliance, DutyLine, DutyState, PeriodStanding, compliance, has_duties};
pub use conservation::{Conservation, ConservationLine, conservation};
pub use fine::{AveragePrice, FineRange, FineRule};
pub use holdings::{HoldingLine, Holdings, holdings};
pub use horizon::{Horizon, horizons};
pub use prices::{MethodTurnover, PriceList, PriceListLine, ReferenceCorrection, price_list};
pub use statement::{
    ParticipantStatement, SettlementStatement, StatementLine, Sums, statement, statement_for,
};
pub use write::{market_dir, write_csv, write_day, write_final};

use base::{MarketId, Price, decimal};
use engine::{Adopted, State};
use gateway::Names;
use serde::Serialize;

/// What every report can do besides being serialised.
pub trait Report: Serialize {
    /// The name of its CSV file.
    const FILE: &'static str;

    /// For people, at a terminal of about 120 columns.
    fn text(&self) -> String;

    /// The first line of its CSV file.
    fn header(&self) -> Vec<String>;

    /// The other lines of its CSV file: data only, no totals.
    fn rows(&self) -> Vec<Vec<String>>;
}

/// One market of a state, and how its amounts are written.
#[derive(Clone, Copy)]
struct View<'a> {
    state: &'a State,
    names: Names<'a>,
    market: MarketId,
    adopted: &'a Adopted,
}

impl<'a> View<'a> {
    fn of(state: &'a State, market: MarketId) -> Option<Self> {
        let adopted = state.markets().get(market.index())?;
        Some(Self { state, names: Names(state), market, adopted })
    }

    fn code(&self) -> String {
        self.adopted.rulebook.code.clone()
    }

    fn currency(&self) -> String {
        self.adopted.rulebook.currency.code.clone()
    }

    fn unit(&self) -> String {
        self.adopted.rulebook.unit.code.clone()
    }

    fn units(&self, units: i128) -> String {
        decimal::text(units, self.adopted.rulebook.unit.decimals)
    }

    fn money(&self, amount: i128) -> String {
        decimal::text(amount, self.adopted.rulebook.currency.decimals)
    }

    fn price(&self, price: Price) -> String {
        self.names.price(Some(self.market), price)
    }
}

/// The name under which an enum of the rooms is serialised: `block`, `self_trade`.
fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// `yes` or `no`, as CSV has it.
fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// What stands where a sum outgrows 128 bits, which no ledger of 64 bits makes it do.
const TOO_LARGE: &str = "too large to be counted";
