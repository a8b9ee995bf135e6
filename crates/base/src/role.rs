//! Who may act.

use serde::{Deserialize, Serialize};

/// What a participant is in the market. One participant may have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the venue (交易机构): lists, halts, corrects, announces auctions.
    Operator,
    /// Keeps the registry (注册登记机构): opens accounts, issues, carries out freezes.
    Registrar,
    /// The competent authority (主管部门): allocates, records verified emissions.
    Authority,
    /// Watches the market and may halt and freeze.
    Supervisor,
    /// The settlement bank (结算银行): confirms money in and out.
    SettlementBank,
    /// A compliance entity (重点排放单位): trades, and surrenders against its duty.
    ComplianceEntity,
    /// Any other trading participant: bank, insurer, fund, steel maker outside the scheme.
    Institution,
    /// Staff of registry, exchange or regulator, who may not trade (interim regulation 2024, art. 7 and 20).
    BarredStaff,
}

impl Role {
    /// Every role, in the order of its bit.
    pub const ALL: [Self; 8] = [
        Self::Operator,
        Self::Registrar,
        Self::Authority,
        Self::Supervisor,
        Self::SettlementBank,
        Self::ComplianceEntity,
        Self::Institution,
        Self::BarredStaff,
    ];
}
