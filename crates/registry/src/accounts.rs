//! Participants, accounts and assets, and the codes by which people name them.

use crate::{
    ChangeRejection, CloseAccount, DefineAsset, Event, OpenAccount, OpeningRejection, RegisterParticipant,
    Registry, RenameParticipant,
};
use base::{AccountId, AssetId, MarketId, OwnerId, ParticipantId, Role, is_code};
use serde::{Deserialize, Serialize};

/// The longest name of a participant.
const NAME_BYTES_MAX: usize = 200;

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
    /// The owner that was named when it was opened.
    pub owner: Option<String>,
    /// It is closed for good.
    pub closed: bool,
}

/// What an order asks of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Who answers for it.
    pub participant: ParticipantId,
    /// The beneficial owner.
    pub owner: OwnerId,
    /// It is closed for good: there is none any more.
    pub closed: bool,
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
    /// A bond, a note, a share: no duty is met with it (证券).
    Security,
    /// A certificate of something that was done or made, such as a green electricity certificate (绿证).
    Certificate,
    /// A right to use or to discharge, such as one of water, energy or emissions other than carbon (用能权、排污权).
    Right,
    /// A commodity, or a warehouse receipt for it (商品、仓单).
    Commodity,
    /// A unit of a fund (基金份额).
    FundUnit,
    /// Offsets issued for reductions of several years together, so that no unit tells its year.
    Offsets {
        /// Year of the first reduction.
        first_vintage: i32,
        /// Year of the last reduction: none of them may be later than the period whose duty they meet.
        last_vintage: i32,
    },
}

impl AssetClass {
    /// Whether it is a verified reduction, of which a duty takes only a share.
    #[must_use]
    pub fn is_offset(&self) -> bool {
        matches!(self, AssetClass::Offset { .. } | AssetClass::Offsets { .. })
    }

    /// Whether a duty can be met with it: then it has vintages.
    #[must_use]
    pub fn meets_duties(&self) -> bool {
        matches!(self, AssetClass::Allowance { .. }) || self.is_offset()
    }
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
    /// A malformed code, or one that a participant or the owner of an account has.
    pub fn register_participant(
        &mut self,
        command: &RegisterParticipant,
        out: &mut impl FnMut(Event),
    ) -> Result<ParticipantId, OpeningRejection> {
        self.check_participant(command)?;
        self.know_owner(Some(&command.code));
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
        self.check_code(&command.code, self.owners.contains_key(&command.code))
    }

    /// Whether an account can be opened.
    ///
    /// # Errors
    /// As [`Registry::open_account`].
    pub fn check_account(&self, command: &OpenAccount) -> Result<(), OpeningRejection> {
        self.check_code(&command.code, self.account_codes.contains_key(&command.code))?;
        if command.participant.index() >= self.participants.len() {
            return Err(OpeningRejection::ParticipantUnknown);
        }
        let house = (command.kind == AccountKind::House).then(|| &self.participant(command.participant).code);
        let unfit = |owner: &String| !is_code(owner) || house.is_some_and(|house| house != owner);
        if command.owner.as_ref().is_some_and(unfit) { Err(OpeningRejection::OwnerUnfit) } else { Ok(()) }
    }

    /// Opens an account.
    ///
    /// # Errors
    /// A malformed code or one that is taken, an unknown participant, or an owner that the account cannot have.
    pub fn open_account(
        &mut self,
        command: &OpenAccount,
        out: &mut impl FnMut(Event),
    ) -> Result<AccountId, OpeningRejection> {
        self.check_account(command)?;
        let OpenAccount { participant, code, kind, owner } = command.clone();
        let house = (kind == AccountKind::House).then(|| self.participant(participant).code.clone());
        let account = AccountId::at(self.accounts.len());
        self.account_codes.insert(command.code.clone(), account);
        let beneficial = self.know_owner(house.as_deref().or(owner.as_deref()));
        let has = |role| self.has_role(participant, role);
        self.desks.push(Desk {
            participant,
            owner: beneficial,
            closed: false,
            frozen: false,
            trades: has(Role::ComplianceEntity) || has(Role::Institution),
            barred: has(Role::BarredStaff),
        });
        self.accounts.push(Account { code, participant, kind, frozen: false, owner, closed: false });
        self.ledger.add_account();
        out(Event::AccountOpened { account, participant });
        Ok(account)
    }

    /// The owner known by a code, from now on if not before; without a code one that nobody knows yet.
    fn know_owner(&mut self, code: Option<&str>) -> OwnerId {
        if let Some(known) = code.and_then(|code| self.owners.get(code)) {
            return *known;
        }
        let owner = OwnerId(self.owners_known);
        self.owners_known += 1;
        if let Some(code) = code {
            self.owners.insert(code.to_owned(), owner);
        }
        owner
    }

    /// Gives a participant another name.
    ///
    /// # Errors
    /// See [`ChangeRejection`].
    pub fn rename_participant(
        &mut self,
        command: &RenameParticipant,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ChangeRejection> {
        let RenameParticipant { participant, name, .. } = command;
        let known =
            self.participants.get_mut(participant.index()).ok_or(ChangeRejection::ParticipantUnknown)?;
        if !(1..=NAME_BYTES_MAX).contains(&name.trim().len()) || name.chars().any(char::is_control) {
            return Err(ChangeRejection::NameMalformed);
        }
        if known.name == *name {
            return Err(ChangeRejection::NothingToDo);
        }
        known.name.clone_from(name);
        out(Event::ParticipantRenamed { participant: *participant });
        Ok(())
    }

    /// Closes an account for good. That nothing of it stands in the market, and that no market's fees go to it, is checked by
    /// the engine.
    ///
    /// # Errors
    /// There is no such account, or it is not empty.
    pub fn close_account(
        &mut self,
        command: &CloseAccount,
        out: &mut impl FnMut(Event),
    ) -> Result<(), ChangeRejection> {
        let account = command.account;
        if self.live(account).is_none() {
            return Err(ChangeRejection::AccountUnknown);
        }
        let held = |asset| self.ledger.holding(account, AssetId::at(asset)).total().is_positive();
        if (0..self.assets.len()).any(held) {
            return Err(ChangeRejection::NotEmpty);
        }
        self.accounts[account.index()].closed = true;
        self.desks[account.index()].closed = true;
        out(Event::AccountClosed { account });
        Ok(())
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

    /// The account of an id, where there is one, closed or not.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(id.index())
    }

    /// The account of an id, where there is one and it is not closed: one that something can be done with.
    #[must_use]
    pub fn live(&self, id: AccountId) -> Option<&Account> {
        self.account(id).filter(|account| !account.closed)
    }

    /// What an order asks of its account, where there is one that is not closed.
    #[must_use]
    #[inline]
    pub fn desk(&self, id: AccountId) -> Option<&Desk> {
        self.desks.get(id.index()).filter(|desk| !desk.closed)
    }

    /// Who an account's assets are for (实际控制人): the participant of a house account, of a client account the client.
    /// Clients are not the firm that keeps their accounts, nor one another, unless they were opened as one owner's.
    #[must_use]
    #[inline]
    pub fn owner(&self, account: AccountId) -> Option<OwnerId> {
        self.desk(account).map(|desk| desk.owner)
    }

    /// Whether two accounts are one owner's.
    #[must_use]
    #[inline]
    pub fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
        one == other || self.owner(one).zip(self.owner(other)).is_some_and(|(one, other)| one == other)
    }

    /// All accounts of the one whose account this is, ascending.
    #[must_use]
    pub fn accounts_of_owner(&self, account: AccountId) -> Vec<AccountId> {
        let all = (0..self.desks.len()).map(AccountId::at);
        all.filter(|other| self.same_owner(account, *other)).collect()
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
