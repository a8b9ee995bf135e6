//! Commands as they are written: one JSON object with `do`, and names instead of ids. docs/commands.md lists them all.

use crate::{Number, Reference, WireAct};
use base::{Role, Side};
use registry::AccountKind;
use roster::Duties;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trading::{OrderKind, SelfTrade};
use utoipa::ToSchema;

/// Words of the rooms, as they stand in the schema of a command.
mod schema {
    #![allow(dead_code, missing_docs)] // described, never made
    use utoipa::ToSchema;

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum Side {
        Buy,
        Sell,
    }

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum OrderKind {
        Limit,
        Market,
    }

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum AccountKind {
        House,
        Client,
    }

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum SelfTrade {
        CancelIncoming,
        CancelResting,
        CancelBoth,
        Decrement,
        Allow,
    }

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum Duty {
        Operator,
        Trader,
        Custodian,
        Clearing,
        Supervisor,
        Auditor,
    }

    #[derive(ToSchema)]
    #[schema(rename_all = "snake_case")]
    pub(super) enum Role {
        Operator,
        Registrar,
        Authority,
        Supervisor,
        SettlementBank,
        ComplianceEntity,
        Institution,
        BarredStaff,
    }
}

/// The class of an asset on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Emission allowances (配额).
    Allowance,
    /// Offsets (CCER).
    Offset,
    /// A security: a bond, a note, a share.
    Security,
    /// A certificate, such as one of green electricity (绿证).
    Certificate,
    /// A right to use or to discharge (用能权、排污权).
    Right,
    /// A commodity, or a warehouse receipt for it (商品、仓单).
    Commodity,
    /// A unit of a fund (基金份额).
    FundUnit,
}

/// How long an order may stand, on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Until the end of the trading day.
    #[default]
    Day,
    /// Until it trades or is cancelled.
    Gtc,
    /// Until the end of the day in `until`.
    Gtd,
    /// What does not trade at once ends.
    Ioc,
    /// In full at once, or not at all.
    Fok,
    /// Only in the opening call auction.
    AtOpen,
    /// Only in the closing call auction.
    AtClose,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A command. On the wire its name stands in `do`, beside its fields; serde sees the name as the tag around them, so that an
/// error names the field. A price, quantity or amount is a [`Number`]; what an earlier command created is named by
/// a [`Reference`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)] // documented, field by field, in docs/commands.md and on the commands they become
pub enum WireCommand {
    RegisterParticipant {
        code: String,
        name: String,
        #[schema(value_type = Vec<schema::Role>)]
        roles: Vec<Role>,
    },
    OpenAccount {
        participant: String,
        code: String,
        #[serde(default)]
        #[schema(value_type = schema::AccountKind)]
        kind: AccountKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
    RenameParticipant {
        participant: String,
        name: String,
        reason: String,
    },
    CloseAccount {
        account: String,
        reason: String,
    },
    DefineAsset {
        code: String,
        class: Class,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        vintages: Vec<i32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    ListInstrument {
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asset: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    DelistInstrument {
        instrument: String,
    },
    RelistInstrument {
        instrument: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Number>,
        reason: String,
    },
    BustTrade {
        trade: u64,
        reason: String,
    },
    CorrectTrade {
        trade: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantity: Option<Number>,
        reason: String,
    },
    Halt {
        instrument: String,
        reason: String,
    },
    Resume {
        instrument: String,
        reason: String,
    },
    CorrectReference {
        line: String,
        price: Number,
        reason: String,
    },
    DeclareHoliday {
        date: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    RevokeHoliday {
        date: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    Issue {
        account: String,
        asset: String,
        quantity: Number,
        reason: String,
    },
    Preallocate {
        account: String,
        asset: String,
        base_year: i32,
    },
    Allocate {
        account: String,
        asset: String,
        base_year: i32,
        quantity: Number,
    },
    CancelUnits {
        account: String,
        asset: String,
        quantity: Number,
        reason: String,
    },
    Deposit {
        account: String,
        amount: Number,
        reference: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
    },
    RequestWithdrawal {
        account: String,
        amount: Number,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<String>,
    },
    SettleWithdrawal {
        withdrawal: Reference,
        paid: bool,
    },
    Transfer {
        from: String,
        to: String,
        asset: String,
        quantity: Number,
    },
    Pledge {
        account: String,
        asset: String,
        quantity: Number,
        pledgee: String,
    },
    ReleasePledge {
        pledge: Reference,
    },
    Freeze {
        account: String,
        asset: String,
        quantity: Number,
        order: String,
    },
    Unfreeze {
        freeze: Reference,
    },
    FreezeAccount {
        account: String,
        reason: String,
    },
    UnfreezeAccount {
        account: String,
        reason: String,
    },
    RecordEmissions {
        participant: String,
        year: i32,
        verified: Number,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    Surrender {
        account: String,
        year: i32,
        asset: String,
        quantity: Number,
    },
    DetermineShortfall {
        participant: String,
        year: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
    },
    ApplyCarryOver {
        account: String,
        from: String,
        into: String,
        quantity: Number,
    },
    DecideCarryOver {
        application: Reference,
        approved: bool,
    },
    PlaceListing {
        account: String,
        instrument: String,
        #[schema(value_type = schema::Side)]
        side: Side,
        price: Number,
        quantity: Number,
    },
    TakeListing {
        account: String,
        listing: Reference,
        quantity: Number,
    },
    CancelListing {
        account: String,
        listing: Reference,
    },
    PlaceOrder {
        account: String,
        instrument: String,
        #[schema(value_type = schema::Side)]
        side: Side,
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(value_type = schema::OrderKind)]
        kind: OrderKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        price: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantity: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        funds: Option<Number>,
        #[serde(default, skip_serializing_if = "is_default")]
        life: Life,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        #[serde(default, skip_serializing_if = "is_default")]
        post_only: bool,
        #[serde(default, skip_serializing_if = "is_default")]
        #[schema(value_type = schema::SelfTrade)]
        self_trade: SelfTrade,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        display: Option<Number>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trigger: Option<Number>,
    },
    AmendOrder {
        account: String,
        order: Reference,
        price: Number,
        quantity: Number,
    },
    CancelOrder {
        account: String,
        order: Reference,
    },
    MassCancel {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        participant: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instrument: Option<String>,
    },
    BlockTrading {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        participant: Option<String>,
        reason: String,
    },
    UnblockTrading {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        participant: Option<String>,
        reason: String,
    },
    ProposeBlock {
        account: String,
        instrument: String,
        #[schema(value_type = schema::Side)]
        side: Side,
        counterparty: String,
        price: Number,
        quantity: Number,
    },
    AcceptBlock {
        account: String,
        proposal: Reference,
    },
    WithdrawBlock {
        account: String,
        proposal: Reference,
    },
    AnnounceAuction {
        account: String,
        instrument: String,
        #[schema(value_type = schema::Side)]
        side: Side,
        quantity: Number,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reserve: Option<Number>,
        opens: String,
        closes: String,
    },
    PlaceBid {
        account: String,
        auction: Reference,
        price: Number,
        quantity: Number,
    },
    WithdrawBid {
        account: String,
        bid: Reference,
    },
    DrawLot {
        auction: Reference,
        seed: u64,
    },
    CancelAuction {
        auction: Reference,
        reason: String,
    },
    Tick {},
    CreateUser {
        participant: String,
        name: String,
        #[schema(value_type = Vec<schema::Duty>)]
        duties: Duties,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        password_hash: String,
        #[serde(default, skip_serializing_if = "is_default")]
        must_change: bool,
    },
    SetUserDuties {
        user: String,
        #[schema(value_type = Vec<schema::Duty>)]
        duties: Duties,
    },
    ActivateUser {
        user: String,
        reason: String,
    },
    DeactivateUser {
        user: String,
        reason: String,
    },
    SetPassword {
        user: String,
        password_hash: String,
        #[serde(default, skip_serializing_if = "is_default")]
        must_change: bool,
    },
    SetTotp {
        user: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret_hash: Option<String>,
    },
    CreateKey {
        user: String,
        key: String,
        secret_hash: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[schema(value_type = Vec<schema::Duty>)]
        duties: Duties,
    },
    RevokeKey {
        key: String,
    },
    InviteUser {
        participant: String,
        name: String,
        #[schema(value_type = Vec<schema::Duty>)]
        duties: Duties,
        token_hash: String,
        expires: String,
        #[serde(default, skip_serializing_if = "is_default")]
        coded: bool,
    },
    OfferLink {
        user: String,
        token_hash: String,
        expires: String,
        #[serde(default, skip_serializing_if = "is_default")]
        coded: bool,
        #[serde(default, skip_serializing_if = "is_default")]
        codes_off: bool,
    },
    Enrol {
        user: String,
        token_hash: String,
        password_hash: String,
    },
    EnrolTotp {
        user: String,
        secret_hash: String,
        sealed: String,
    },
    UnlockUser {
        user: String,
        reason: String,
    },
    PutRosterInForce {},
    ProposeAct {
        #[schema(value_type = Object)]
        act: WireAct,
        expires: String,
    },
    ApproveAct {
        act: Reference,
    },
    WithdrawAct {
        act: Reference,
        reason: String,
    },
    OpenCase {
        title: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        alerts: Vec<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    NoteCase {
        case: Reference,
        note: String,
    },
    CloseCase {
        case: Reference,
        finding: String,
    },
}

impl WireCommand {
    /// The command of a name with its fields.
    ///
    /// # Errors
    /// No such command, or other fields.
    pub fn named(name: &str, fields: Map<String, Value>) -> Result<Self, serde_json::Error> {
        serde_json::from_value(Value::Object(Map::from_iter([(name.to_owned(), Value::Object(fields))])))
    }

    /// Whether what this means is looked up in more than names: in what was traded, or in what an order, a listing or an
    /// auction named by its number is for. Everything sent before must have been applied by then.
    #[must_use]
    pub fn looks_at_state(&self) -> bool {
        match self {
            Self::ApplyCarryOver { .. } | Self::CorrectTrade { .. } => true,
            Self::ProposeAct { act, .. } => act.command().looks_at_state(),
            Self::TakeListing { listing: named, .. }
            | Self::AmendOrder { order: named, .. }
            | Self::PlaceBid { auction: named, .. } => matches!(named, Reference::Number(_)),
            _ => false,
        }
    }
}
