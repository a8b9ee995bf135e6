//! A rulebook as the engine adopts it: the rules of every room, by the date from which they hold.

use base::{Date, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rules of one market through time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rulebook {
    /// Short stable code of the market, for example `carbon-cn`.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// The currency in which it trades.
    pub currency: Unit,
    /// The unit in which its assets are counted.
    pub unit: Unit,
    /// Decimals of a price as people write it, and the tick in units of the last decimal.
    pub price: PriceFormat,
    /// At least one version, in order of `from`.
    pub versions: Vec<Version>,
}

/// A unit of the ledger and how people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// `CNY`, `t`.
    pub code: String,
    /// Digits after the point: one unit of the ledger is `10^-decimals`.
    pub decimals: u8,
}

/// How a price in ticks is written as a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceFormat {
    /// Digits after the point.
    pub decimals: u8,
    /// One tick, in units of the last digit.
    pub tick: i64,
}

/// The rules that hold from a date on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The first trading day under these rules.
    pub from: Date,
    /// Where they come from.
    pub source: String,
    /// Rules of the trading room.
    pub trading: trading::rules::Rules,
    /// Rules of the clearing room.
    pub clearing: clearing::rules::Rules,
    /// Rules of the registry.
    pub registry: registry::rules::Rules,
    /// Rules of supervision.
    pub supervision: supervision::rules::Rules,
    /// Which acts take two persons. None where the rulebook was adopted before it could say so: then those of
    /// [`TwoPersons::before`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub two_persons: Option<TwoPersons>,
}

/// An act that a rulebook may give to two persons (双人复核). New ones stand at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each has the name of its command
pub enum Paired {
    Issue,
    Preallocate,
    Allocate,
    DecideCarryOver,
    CorrectReference,
    DeclareHoliday,
    Resume,
    UnblockTrading,
    UnfreezeAccount,
    Unfreeze,
    ListInstrument,
    DelistInstrument,
    Deposit,
    SettleWithdrawal,
    RegisterParticipant,
    OpenAccount,
    DefineAsset,
    RecordEmissions,
    DetermineShortfall,
    AnnounceAuction,
    CancelAuction,
}

impl Paired {
    /// Every act, by the name of its command.
    pub const ALL: [(&'static str, Self); 21] = [
        ("issue", Self::Issue),
        ("preallocate", Self::Preallocate),
        ("allocate", Self::Allocate),
        ("decide_carry_over", Self::DecideCarryOver),
        ("correct_reference", Self::CorrectReference),
        ("declare_holiday", Self::DeclareHoliday),
        ("resume", Self::Resume),
        ("unblock_trading", Self::UnblockTrading),
        ("unfreeze_account", Self::UnfreezeAccount),
        ("unfreeze", Self::Unfreeze),
        ("list_instrument", Self::ListInstrument),
        ("delist_instrument", Self::DelistInstrument),
        ("deposit", Self::Deposit),
        ("settle_withdrawal", Self::SettleWithdrawal),
        ("register_participant", Self::RegisterParticipant),
        ("open_account", Self::OpenAccount),
        ("define_asset", Self::DefineAsset),
        ("record_emissions", Self::RecordEmissions),
        ("determine_shortfall", Self::DetermineShortfall),
        ("announce_auction", Self::AnnounceAuction),
        ("cancel_auction", Self::CancelAuction),
    ];
}

/// Which acts take two persons. Who may act, and the rules themselves, always take two: no rulebook says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoPersons {
    /// The acts.
    pub acts: BTreeSet<Paired>,
    /// Of deposits, those of this amount and above, in minor units of the market's currency.
    pub deposit_from: Money,
}

impl TwoPersons {
    /// What took two persons before rulebooks said so.
    #[must_use]
    pub fn before() -> Self {
        let acts = Paired::ALL.into_iter().map(|(_, act)| act).filter(|act| *act <= Paired::Unfreeze);
        Self { acts: acts.collect(), deposit_from: Money::ZERO }
    }

    /// What takes two persons where a rulebook says nothing else: as before, and the list of instruments, confirmations of the bank,
    /// and deposits of a million and above.
    #[must_use]
    pub fn usual(currency_decimals: u8) -> Self {
        let acts = Paired::ALL.into_iter().map(|(_, act)| act).filter(|act| *act <= Paired::SettleWithdrawal);
        let million = 10_i64.checked_pow(6 + u32::from(currency_decimals)).unwrap_or(i64::MAX);
        Self { acts: acts.collect(), deposit_from: Money(million) }
    }
}

impl Rulebook {
    /// The version in force on `date`; before the first version's date, the first.
    ///
    /// # Panics
    /// A rulebook without versions: [`crate::EngineRejection::VersionsNotRising`] keeps it out of the state.
    #[must_use]
    pub fn version_on(&self, date: Date) -> &Version {
        let after = self.versions.partition_point(|version| version.from <= date);
        &self.versions[after.saturating_sub(1)]
    }
}
