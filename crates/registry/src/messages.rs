//! The doors of the registry: commands, events and rejections.

use crate::{AccountKind, AssetClass};
use base::{
    AccountId, AssetId, ConversionId, Date, FreezeId, MarketId, Money, ParticipantId, PledgeId, Quantity,
    Role, Sequence, TradeId, rejections,
};
use serde::{Deserialize, Serialize};

/// Makes a legal person known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterParticipant {
    /// Short unique code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
}

/// Opens an account for a participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// Who answers for it.
    pub participant: ParticipantId,
    /// Short unique code.
    pub code: String,
    /// Whose assets it holds.
    pub kind: AccountKind,
    /// Of a client account: the client whose it is, by a code under which all its accounts are one owner's, with whatever
    /// participants they are. A participant's code names that participant. None: an owner of its own.
    #[serde(default)]
    pub owner: Option<String>,
}

/// Gives a legal person another name. Its code stays: that is what it is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameParticipant {
    /// Who.
    pub participant: ParticipantId,
    /// Its full name from now on.
    pub name: String,
    /// On what ground.
    pub reason: String,
}

/// Closes an account for good (销户): nothing is in it, and nothing of it stands in the market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAccount {
    /// Which.
    pub account: AccountId,
    /// On what ground.
    pub reason: String,
}

/// Defines something the ledger can hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefineAsset {
    /// Short unique code.
    pub code: String,
    /// What kind of thing it is.
    pub class: AssetClass,
    /// Digits after the point.
    pub decimals: u8,
    /// The market whose rules hold for it.
    pub market: Option<MarketId>,
}

/// Creates units of an asset in an account (发放).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Where.
    pub account: AccountId,
    /// What: not a currency.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// On what ground.
    pub reason: String,
}

/// Pre-allocates (预分配) a share of the emissions verified for a year, less what an earlier shortfall cuts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preallocate {
    /// Where.
    pub account: AccountId,
    /// The vintage to allocate.
    pub asset: AssetId,
    /// The year whose verified emissions are the basis.
    pub base_year: i32,
}

/// States the final allocation (核定分配) for a vintage. What it exceeds the pre-allocation by is issued; what it falls short
/// of it by is taken back (多退少补).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocate {
    /// Where.
    pub account: AccountId,
    /// The vintage.
    pub asset: AssetId,
    /// The year whose verified emissions the cap on the shortfall looks at.
    pub base_year: i32,
    /// What the authority's formula comes to, units, before the cap.
    pub quantity: Quantity,
}

/// Retires units without a duty (自愿注销).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelUnits {
    /// From here.
    pub account: AccountId,
    /// What: not a currency.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// Why.
    pub reason: String,
}

/// The settlement bank confirms money paid in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposit {
    /// Credited here.
    pub account: AccountId,
    /// The currency.
    pub currency: AssetId,
    /// Minor units.
    pub amount: Money,
    /// The bank's reference.
    pub reference: String,
}

/// Asks the settlement bank to pay out. The money is reserved until the bank answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestWithdrawal {
    /// Debited here.
    pub account: AccountId,
    /// The currency.
    pub currency: AssetId,
    /// Minor units.
    pub amount: Money,
}

/// The settlement bank answers a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleWithdrawal {
    /// The record that asked.
    pub withdrawal: Sequence,
    /// Paid out, or refused and the money released.
    pub paid: bool,
}

/// Moves units free of payment (划转).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// From the available holding here.
    pub from: AccountId,
    /// To here.
    pub to: AccountId,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
}

/// Pledges part of a holding (质押).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PledgeUnits {
    /// Whose holding.
    pub account: AccountId,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// In whose favour.
    pub pledgee: ParticipantId,
}

/// Releases a pledge (解除质押): only the pledgee may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasePledge {
    /// Which.
    pub pledge: PledgeId,
}

/// Freezes part of a holding on the order of a court (司法冻结).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeUnits {
    /// Whose holding.
    pub account: AccountId,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// The court's order.
    pub order: String,
}

/// Lifts a judicial freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnfreezeUnits {
    /// Which.
    pub freeze: FreezeId,
}

/// Stops or allows disposals from a whole account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetAccountFrozen {
    /// Which.
    pub account: AccountId,
    /// Frozen or free.
    pub frozen: bool,
    /// Why.
    pub reason: String,
}

/// Records the verified emissions (经核查的排放量) of a participant for a compliance period: its duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordEmissions {
    /// In which market.
    pub market: MarketId,
    /// Whose.
    pub participant: ParticipantId,
    /// The last year of the period.
    pub year: i32,
    /// Units of the market (tonnes).
    pub verified: Quantity,
}

/// Surrenders units against a duty (清缴).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surrender {
    /// From the available holding here, for the duty of its participant.
    pub account: AccountId,
    /// The last year of the period.
    pub year: i32,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
}

/// After the deadline, the authority states what is missing (interim regulation 2024, art. 24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetermineShortfall {
    /// In which market.
    pub market: MarketId,
    /// Whose.
    pub participant: ParticipantId,
    /// The last year of the period.
    pub year: i32,
}

/// Applies to convert old units into new ones (结转). They are frozen until the authority answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyCarryOver {
    /// Whose.
    pub account: AccountId,
    /// Old vintage.
    pub from: AssetId,
    /// New vintage.
    pub into: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// The most that the market's formula grants this participant, over all its applications.
    pub limit: Quantity,
}

/// Answers an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideCarryOver {
    /// Which.
    pub conversion: ConversionId,
    /// Converted, or refused and released.
    pub approved: bool,
}

/// What happened in the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A participant is known.
    ParticipantRegistered {
        /// Its id.
        participant: ParticipantId,
    },
    /// An account is open.
    AccountOpened {
        /// Its id.
        account: AccountId,
        /// Whose it is.
        participant: ParticipantId,
    },
    /// The ledger has a new column.
    AssetDefined {
        /// Its id.
        asset: AssetId,
    },
    /// Units were created.
    Issued {
        /// Where.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// An allocation was cut by an earlier shortfall.
    AllocationCut {
        /// Whose.
        participant: ParticipantId,
        /// What.
        asset: AssetId,
        /// Units not issued.
        quantity: Quantity,
    },
    /// Units were retired without a duty.
    Cancelled {
        /// From where.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// Money came in.
    Deposited {
        /// Credited here.
        account: AccountId,
        /// The currency.
        currency: AssetId,
        /// Minor units.
        amount: Money,
    },
    /// Money is asked out, and reserved.
    WithdrawalRequested {
        /// The record that asked.
        withdrawal: Sequence,
        /// Whose.
        account: AccountId,
        /// The currency.
        currency: AssetId,
        /// Minor units.
        amount: Money,
    },
    /// The bank answered.
    WithdrawalSettled {
        /// The record that asked.
        withdrawal: Sequence,
        /// Whose.
        account: AccountId,
        /// The currency.
        currency: AssetId,
        /// Minor units.
        amount: Money,
        /// Paid out, or released.
        paid: bool,
    },
    /// Units moved free of payment.
    Transferred {
        /// From here.
        from: AccountId,
        /// To here.
        to: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// Units are pledged.
    Pledged {
        /// Its id.
        pledge: PledgeId,
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
        /// In whose favour.
        pledgee: ParticipantId,
    },
    /// A pledge ended.
    PledgeReleased {
        /// Which.
        pledge: PledgeId,
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// Units are frozen.
    Frozen {
        /// Its id.
        freeze: FreezeId,
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// A freeze ended.
    Unfrozen {
        /// Which.
        freeze: FreezeId,
        /// Whose.
        account: AccountId,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// An account may not, or may again, dispose.
    AccountFrozenSet {
        /// Which.
        account: AccountId,
        /// Frozen or free.
        frozen: bool,
    },
    /// Both legs of an obligation are fulfilled: final.
    Settled {
        /// The trade it came from.
        trade: TradeId,
    },
    /// A duty stands.
    EmissionsRecorded {
        /// In which market.
        market: MarketId,
        /// Whose.
        participant: ParticipantId,
        /// The last year of the period.
        year: i32,
        /// Units.
        verified: Quantity,
    },
    /// Units were surrendered.
    Surrendered {
        /// From here.
        account: AccountId,
        /// For this participant's duty.
        participant: ParticipantId,
        /// The last year of the period.
        year: i32,
        /// What.
        asset: AssetId,
        /// Units.
        quantity: Quantity,
        /// After the deadline.
        late: bool,
    },
    /// What was missing at the deadline is stated.
    ShortfallDetermined {
        /// In which market.
        market: MarketId,
        /// Whose.
        participant: ParticipantId,
        /// The last year of the period.
        year: i32,
        /// Units missing: the next allocation is cut by as much.
        shortfall: Quantity,
    },
    /// Holdings of a record date are kept.
    HoldingsRecorded {
        /// In which market.
        market: MarketId,
        /// At the end of this day.
        date: Date,
    },
    /// A conversion is applied for, and its units frozen.
    CarryOverApplied {
        /// Its id.
        conversion: ConversionId,
        /// Whose.
        account: AccountId,
        /// Old vintage.
        from: AssetId,
        /// New vintage.
        into: AssetId,
        /// Units.
        quantity: Quantity,
    },
    /// A conversion is answered.
    CarryOverDecided {
        /// Which.
        conversion: ConversionId,
        /// Whose.
        account: AccountId,
        /// Old vintage.
        from: AssetId,
        /// New vintage.
        into: AssetId,
        /// Units.
        quantity: Quantity,
        /// Converted, or released.
        approved: bool,
    },
    /// A participant has another name.
    ParticipantRenamed {
        /// Who.
        participant: ParticipantId,
    },
    /// An account is closed for good.
    AccountClosed {
        /// Which.
        account: AccountId,
    },
}

rejections! {
    /// Why a participant is not renamed, or an account not closed.
    pub enum ChangeRejection {
        /// The participant does not exist.
        ParticipantUnknown = "participant_unknown",
        /// A name has 1 to 200 bytes, and no control characters.
        NameMalformed = "name_malformed",
        /// It is so already.
        NothingToDo = "nothing_to_do",
        /// The account does not exist or is closed.
        AccountUnknown = "account_unknown",
        /// A market's fees go to the account.
        AccountInUse = "account_in_use",
        /// Something of the account stands in the market: an order, a listing, a block, an auction or a bid.
        OrdersStand = "orders_stand",
        /// The account holds something, free or set aside, locked, pledged or frozen.
        NotEmpty = "not_empty",
    }
}

rejections! {
    /// Why a participant, an account or an asset is not opened.
    pub enum OpeningRejection {
        /// A code has 1 to 32 letters, digits, '-', '_' or '.'.
        CodeMalformed = "code_malformed",
        /// The code is taken.
        CodeTaken = "code_taken",
        /// The participant does not exist.
        ParticipantUnknown = "participant_unknown",
        /// An owner has a code of 1 to 32 letters, digits, '-', '_' or '.'; a house account is its participant's own.
        OwnerUnfit = "owner_unfit",
    }
}

rejections! {
    /// Why units are not issued, allocated or cancelled.
    pub enum IssuanceRejection {
        /// The account does not exist or is closed.
        AccountUnknown = "account_unknown",
        /// The asset does not exist.
        AssetUnknown = "asset_unknown",
        /// Money is paid in and out by the settlement bank, not issued or cancelled.
        AssetIsCurrency = "asset_is_currency",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// Pre-allocation is of allowances.
        NotAnAllowance = "not_an_allowance",
        /// The rules know no pre-allocation.
        PreallocationNotOpen = "preallocation_not_open",
        /// This vintage was pre-allocated to the participant already.
        AlreadyPreallocated = "already_preallocated",
        /// The rules know no final allocation.
        AllocationNotOpen = "allocation_not_open",
        /// The final allocation of this vintage was stated already.
        AlreadyAllocated = "already_allocated",
        /// No verified emissions are recorded for the base year.
        NoVerifiedEmissions = "no_verified_emissions",
        /// More units than the ledger can count.
        IssueTooLarge = "issue_too_large",
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The available holding is smaller.
        InsufficientHolding = "insufficient_holding",
    }
}

rejections! {
    /// Why money does not come in or go out.
    pub enum CashRejection {
        /// The account does not exist or is closed.
        AccountUnknown = "account_unknown",
        /// The asset is not a currency.
        NotACurrency = "not_a_currency",
        /// The amount is not above zero.
        AmountNotPositive = "amount_not_positive",
        /// More money than the ledger can count.
        DepositTooLarge = "deposit_too_large",
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The available cash is smaller.
        InsufficientCash = "insufficient_cash",
        /// There is no such withdrawal waiting.
        WithdrawalUnknown = "withdrawal_unknown",
    }
}

rejections! {
    /// Why units are not transferred, pledged, frozen or released.
    pub enum CustodyRejection {
        /// The account does not exist or is closed.
        AccountUnknown = "account_unknown",
        /// The asset does not exist.
        AssetUnknown = "asset_unknown",
        /// Cash moves through the settlement bank and settlement only.
        AssetIsCurrency = "asset_is_currency",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// Both accounts are the same.
        SameAccount = "same_account",
        /// The pledgee does not exist or is the pledgor.
        PledgeeUnfit = "pledgee_unfit",
        /// The sender holds no such pledge.
        PledgeUnknown = "pledge_unknown",
        /// Only the pledgee releases a pledge.
        NotThePledgee = "not_the_pledgee",
        /// There is no such freeze.
        FreezeUnknown = "freeze_unknown",
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The receiver would exceed the holding limit.
        HoldingLimitExceeded = "holding_limit_exceeded",
        /// The available holding is smaller.
        InsufficientHolding = "insufficient_holding",
    }
}

rejections! {
    /// Why nothing is set aside for an order, a bid or a block.
    pub enum HoldRejection {
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The available holding is smaller; what was bought today cannot be sold today.
        InsufficientHolding = "insufficient_holding",
        /// The available cash is smaller.
        InsufficientCash = "insufficient_cash",
    }
}

rejections! {
    /// Why a trade cannot be taken back or corrected as it is settled.
    pub enum UnwindRejection {
        /// An account of the trade is closed.
        AccountClosed = "account_closed",
        /// An account that would give something back is frozen.
        AccountFrozen = "account_frozen",
        /// The buyer has set the units aside: for an order, a listing, a block, an auction or a bid.
        UnitsReserved = "units_reserved",
        /// The buyer has pledged the units.
        UnitsPledged = "units_pledged",
        /// The units are frozen at the buyer.
        UnitsFrozen = "units_frozen",
        /// The buyer has the units no more: sold on, transferred, surrendered or cancelled.
        UnitsGone = "units_gone",
        /// Who would pay has set the money aside: for an order, a block, a bid or a withdrawal.
        MoneyReserved = "money_reserved",
        /// Who would pay has the money no more.
        MoneyGone = "money_gone",
        /// The venue's fee account has too little left to pay fees back.
        FeesShort = "fees_short",
    }
}

rejections! {
    /// Why emissions are not recorded, or units not surrendered.
    pub enum ComplianceRejection {
        /// The participant is not a compliance entity.
        NotAComplianceEntity = "not_a_compliance_entity",
        /// The rules know no such compliance period.
        PeriodUnknown = "period_unknown",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// Emissions are recorded already for this period.
        EmissionsAlreadyRecorded = "emissions_already_recorded",
        /// The asset meets no duty in this market.
        NotAComplianceUnit = "not_a_compliance_unit",
        /// No verified emissions are recorded for this period.
        NoDuty = "no_duty",
        /// The vintage is later than the period: there is no borrowing.
        VintageTooLate = "vintage_too_late",
        /// More than the duty that is left.
        ExceedsDuty = "exceeds_duty",
        /// Offsets would meet more of the duty than the cap allows.
        OffsetCapExceeded = "offset_cap_exceeded",
        /// The deadline has not passed.
        DeadlineNotPassed = "deadline_not_passed",
        /// Nothing is missing.
        NoShortfall = "no_shortfall",
        /// The shortfall was determined already.
        ShortfallAlreadyDetermined = "shortfall_already_determined",
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The available holding is smaller.
        InsufficientHolding = "insufficient_holding",
    }
}

rejections! {
    /// Why units are not carried over.
    pub enum CarryOverRejection {
        /// The rules know no carry-over, or not on this day.
        CarryOverNotOpen = "carry_over_not_open",
        /// The old units are not allowances of a vintage that may be carried over.
        NotConvertible = "not_convertible",
        /// The new units are not allowances of the vintage that the rules name.
        WrongTarget = "wrong_target",
        /// The quantity is not above zero.
        QuantityNotPositive = "quantity_not_positive",
        /// All applications together exceed what the formula grants.
        CarryOverLimitExceeded = "carry_over_limit_exceeded",
        /// The account is frozen.
        AccountFrozen = "account_frozen",
        /// The available holding is smaller.
        InsufficientHolding = "insufficient_holding",
        /// There is no such application waiting.
        ApplicationUnknown = "application_unknown",
        /// More units than the ledger can count.
        IssueTooLarge = "issue_too_large",
    }
}
