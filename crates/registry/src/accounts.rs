//! Participants, accounts and assets, and the codes by which people name them.

use crate::{DefineAsset, Event, OpenAccount, OpeningRejection, RegisterParticipant, Registry};
use base::{AccountId, AssetId, MarketId, ParticipantId, Role, is_code};
use serde::{Deserialize, Serialize};

/// A legal person known to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Short unique code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// What it is in the market.
    pub roles: Vec<Role>,
}

/// Whose assets an account holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// The participant's own.
    #[default]
    House,
    /// Its clients'.
    Client,
}

/// An account on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Short unique code.
    pub code: String,
    /// Who answers for it.
    pub participant: ParticipantId,
    /// Whose assets it holds.
    pub kind: AccountKind,
    /// No disposals while frozen.
    pub frozen: bool,
}

/// What an order asks of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Who answers for it.
    pub participant: ParticipantId,
    /// It is the participant's own.
    pub house: bool,
    /// No disposals while frozen.
    pub frozen: bool,
    /// The participant is a trading participant.
    pub trades: bool,
    /// The participant is staff of registry, exchange or regulator.
    pub barred: bool,
}

/// What kind of thing an asset is: rules speak of classes, never of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetClass {
    /// Money.
    Currency,
    /// Emission allowances of some years (配额).
    Allowance {
        /// First vintage year.
        first_vintage: i32,
        /// Last vintage year.
        last_vintage: i32,
    },
    /// Verified reductions that may meet part of a duty (CCER, 核证自愿减排量).
    Offset {
        /// Year of the reduction.
        vintage: i32,
    },
    /// A bond, a share, a fund's unit: no duty is met with it (证券).
    Security,
}

/// Anything the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Short unique code.
    pub code: String,
    /// What kind of thing it is.
    pub class: AssetClass,
    /// Digits after the point when people write an amount of it.
    pub decimals: u8,
    /// The market whose rules hold for it; none for a currency.
    pub market: Option<MarketId>,
}

impl Registry {
    /// Registers a participant.
    ///
    /// # Errors
    /// A malformed code or one that is taken.
    pub fn register_participant(
        &mut self,
        command: &RegisterParticipant,
        out: &mut impl FnMut(Event),
    ) -> Result<ParticipantId, OpeningRejection> {
        self.check_participant(command)?;
        let participant = ParticipantId::at(self.participants.len());
        self.participant_codes.insert(command.code.clone(), participant);
        let RegisterParticipant { code, name, roles } = command.clone();
        self.participants.push(Participant { code, name, roles });
        out(Event::ParticipantRegistered { participant });
        Ok(participant)
    }

    /// Whether a participant can be registered.
    ///
    /// # Errors
    /// As [`Registry::register_participant`].
    pub fn check_participant(&self, command: &RegisterParticipant) -> Result<(), OpeningRejection> {
        self.check_code(&command.code, self.participant_codes.contains_key(&command.code))
    }

    /// Whether an account can be opened.
    ///
    /// # Errors
    /// As [`Registry::open_account`].
    pub fn check_account(&self, command: &OpenAccount) -> Result<(), OpeningRejection> {
        self.check_code(&command.code, self.account_codes.contains_key(&command.code))?;
        if command.participant.index() < self.participants.len() {
            Ok(())
        } else {
            Err(OpeningRejection::ParticipantUnknown)
        }
    }

    /// Opens an account.
    ///
    /// # Errors
    /// A malformed code or one that is taken, or an unknown participant.
    pub fn open_account(
        &mut self,
        command: &OpenAccount,
        out: &mut impl FnMut(Event),
    ) -> Result<AccountId, OpeningRejection> {
        self.check_account(command)?;
        let account = AccountId::at(self.accounts.len());
        self.account_codes.insert(command.code.clone(), account);
        let OpenAccount { participant, code, kind } = command.clone();
        let has = |role| self.has_role(participant, role);
        self.desks.push(Desk {
            participant,
            house: kind == AccountKind::House,
            frozen: false,
            trades: has(Role::ComplianceEntity) || has(Role::Institution),
            barred: has(Role::BarredStaff),
        });
        self.accounts.push(Account { code, participant, kind, frozen: false });
        self.ledger.add_account();
        out(Event::AccountOpened { account, participant });
        Ok(account)
    }

    /// Defines an asset. A currency that several markets share is defined once.
    ///
    /// # Errors
    /// A malformed code or one that is taken.
    pub fn define_asset(
        &mut self,
        command: &DefineAsset,
        out: &mut impl FnMut(Event),
    ) -> Result<AssetId, OpeningRejection> {
        self.check_code(&command.code, self.asset_codes.contains_key(&command.code))?;
        let asset = AssetId::at(self.assets.len());
        self.asset_codes.insert(command.code.clone(), asset);
        let DefineAsset { code, class, decimals, market } = command.clone();
        self.assets.push(Asset { code, class, decimals, market });
        self.ledger.add_asset();
        out(Event::AssetDefined { asset });
        Ok(asset)
    }

    /// Whether a new asset may have this code.
    ///
    /// # Errors
    /// A malformed code or one that is taken.
    pub fn check_asset_code(&self, code: &str) -> Result<(), OpeningRejection> {
        self.check_code(code, self.asset_codes.contains_key(code))
    }

    fn check_code(&self, code: &str, taken: bool) -> Result<(), OpeningRejection> {
        match (is_code(code), taken) {
            (false, _) => Err(OpeningRejection::CodeMalformed),
            (true, true) => Err(OpeningRejection::CodeTaken),
            (true, false) => Ok(()),
        }
    }

    /// The participant of an id that this registry assigned.
    #[must_use]
    pub fn participant(&self, id: ParticipantId) -> &Participant {
        &self.participants[id.index()]
    }

    /// Whether `participant` exists and has `role`.
    #[must_use]
    pub fn has_role(&self, participant: ParticipantId, role: Role) -> bool {
        self.participants.get(participant.index()).is_some_and(|p| p.roles.contains(&role))
    }

    /// The account of an id, where there is one.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.index())
    }

    /// What an order asks of its account, where there is one.
    #[must_use]
    #[inline]
    pub fn desk(&self, id: AccountId) -> Option<&Desk> {
        self.desks.get(id.index())
    }

    /// Whether two accounts are one owner's: the same, or house accounts of one participant. Clients are not the firm that
    /// keeps their accounts, nor one another.
    #[must_use]
    #[inline]
    pub fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
        one == other
            || self
                .desk(one)
                .zip(self.desk(other))
                .is_some_and(|(one, other)| one.participant == other.participant && one.house && other.house)
    }

    /// The asset of an id that this registry assigned.
    #[must_use]
    pub fn asset(&self, id: AssetId) -> &Asset {
        &self.assets[id.index()]
    }

    /// All participants, by id.
    #[must_use]
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// All accounts, by id.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All assets, by id.
    #[must_use]
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// The participant with this code.
    #[must_use]
    pub fn participant_id(&self, code: &str) -> Option<ParticipantId> {
        self.participant_codes.get(code).copied()
    }

    /// The account with this code.
    #[must_use]
    pub fn account_id(&self, code: &str) -> Option<AccountId> {
        self.account_codes.get(code).copied()
    }

    /// The asset with this code.
    #[must_use]
    pub fn asset_id(&self, code: &str) -> Option<AssetId> {
        self.asset_codes.get(code).copied()
    }
}
