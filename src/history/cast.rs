//! Who trades. The record names nobody: these participants are invented, and their names say so.

use crate::history::book::Trader;
use base::{AccountId, ParticipantId, Role};
use registry::{AccountKind, OpenAccount, RegisterParticipant};

/// Someone who has to exist before anything can happen.
pub(super) struct Member {
    code: &'static str,
    name: &'static str,
    roles: &'static [Role],
}

const fn member(code: &'static str, name: &'static str, roles: &'static [Role]) -> Member {
    Member { code, name, roles }
}

const STAFF: [Member; 3] = [
    member("REGISTRAR", "Registrar (invented)", &[Role::Registrar]),
    member("AUTHORITY", "Competent authority (invented)", &[Role::Authority]),
    member("BANK", "Settlement bank (invented)", &[Role::SettlementBank]),
];

/// Keeps accounts and assets.
pub(super) const REGISTRAR: ParticipantId = ParticipantId(1);
/// Allocates.
pub(super) const AUTHORITY: ParticipantId = ParticipantId(2);
/// Confirms money paid in.
pub(super) const BANK: ParticipantId = ParticipantId(3);

const TRADERS: [Member; 8] = [
    member("POWER-NORTH", "Power company, north (invented)", &[Role::ComplianceEntity]),
    member("POWER-EAST", "Power company, east (invented)", &[Role::ComplianceEntity]),
    member("POWER-SOUTH", "Power company, south (invented)", &[Role::ComplianceEntity]),
    member("POWER-WEST", "Power company, west (invented)", &[Role::ComplianceEntity]),
    member("STEEL", "Steel maker (invented)", &[Role::Institution]),
    member("TRADE-BANK", "Bank (invented)", &[Role::Institution]),
    member("INSURER", "Insurer (invented)", &[Role::Institution]),
    member("FUND", "Fund (invented)", &[Role::Institution]),
];

/// How many trade.
pub(super) const COUNT: usize = TRADERS.len();
/// The first of them are compliance entities: allowances are allocated to these.
pub(super) const ALLOCATED: usize = 4;

impl Trader {
    /// Who this is to the engine. Participants follow the operator and the staff, in the order of [`members`].
    pub(super) fn participant(self) -> ParticipantId {
        ParticipantId::at(1 + STAFF.len() + self.0)
    }

    /// Its one account. The market's own account for fees, opened by the adoption of the rulebook, is the first.
    pub(super) fn account(self) -> AccountId {
        AccountId::at(1 + self.0)
    }
}

/// Everyone, in the order in which the engine numbers them.
pub(super) fn members() -> impl Iterator<Item = RegisterParticipant> {
    STAFF.iter().chain(&TRADERS).map(|member| RegisterParticipant {
        code: member.code.to_owned(),
        name: member.name.to_owned(),
        roles: member.roles.to_vec(),
    })
}

/// The accounts of those who trade, in the order in which the engine numbers them.
pub(super) fn accounts() -> impl Iterator<Item = OpenAccount> {
    TRADERS.iter().enumerate().map(|(index, member)| OpenAccount {
        participant: Trader(index).participant(),
        code: member.code.to_owned(),
        kind: AccountKind::House,
        owner: None,
    })
}
