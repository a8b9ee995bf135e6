//! Everything that can be asked of the engine.

use crate::ClientId;
use crate::door::Door;
use crate::rulebook::Rulebook;
use base::{ActId, ParticipantId, Sequence, Timestamp, UserId};
use clearing as _;
use registry as r;
use roster as o;
use serde::{Deserialize, Serialize};
use supervision as w;
use trading as t;

/// A command with its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who sends it.
    pub actor: ParticipantId,
    /// Which of its users; nobody where a command file says so or the node itself sends it.
    pub user: UserId,
    /// The sender's name for it.
    pub client_id: ClientId,
    /// By which door it came.
    pub door: Door,
    /// What is asked.
    pub command: Command,
}

/// A command in the log: numbered and stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 1.
    pub sequence: Sequence,
    /// When it was taken in; never before the record before it.
    pub time: Timestamp,
    /// Who asks what.
    pub envelope: Envelope,
}

/// Everything that can be asked of the engine. New commands are added at the end of their family; none is ever changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)] // each variant is documented by the type it carries
pub enum Command {
    // trading: placing, taking and cancelling have a fixed layout of their own in the log
    PlaceOrder(t::PlaceOrder),
    TakeListing(t::TakeListing),
    CancelOrder(t::CancelOrder),
    ProposeBlock(t::ProposeBlock),
    AcceptBlock(t::AcceptBlock),
    WithdrawBlock(t::WithdrawBlock),
    AnnounceAuction(t::AnnounceAuction),
    PlaceBid(t::PlaceBid),
    WithdrawBid(t::WithdrawBid),
    DrawLot(t::DrawLot),
    CancelAuction(t::CancelAuction),
    ListInstrument(t::ListInstrument),
    DelistInstrument(t::DelistInstrument),
    SetHalted(t::SetHalted),
    CorrectReference(t::CorrectReference),
    DeclareHoliday(t::DeclareHoliday),
    RevokeHoliday(t::RevokeHoliday),
    // registry
    RegisterParticipant(r::RegisterParticipant),
    OpenAccount(r::OpenAccount),
    DefineAsset(r::DefineAsset),
    Issue(r::Issue),
    Preallocate(r::Preallocate),
    Allocate(r::Allocate),
    CancelUnits(r::CancelUnits),
    Deposit(r::Deposit),
    RequestWithdrawal(r::RequestWithdrawal),
    SettleWithdrawal(r::SettleWithdrawal),
    Transfer(r::Transfer),
    PledgeUnits(r::PledgeUnits),
    ReleasePledge(r::ReleasePledge),
    FreezeUnits(r::FreezeUnits),
    UnfreezeUnits(r::UnfreezeUnits),
    SetAccountFrozen(r::SetAccountFrozen),
    RecordEmissions(r::RecordEmissions),
    Surrender(r::Surrender),
    DetermineShortfall(r::DetermineShortfall),
    ApplyCarryOver(r::ApplyCarryOver),
    DecideCarryOver(r::DecideCarryOver),
    // the order book: entering and amending have fixed layouts too
    EnterOrder(t::EnterOrder),
    AmendOrder(t::AmendOrder),
    MassCancel(t::MassCancel),
    SetTradingBlocked(t::SetTradingBlocked),
    // the engine itself
    /// Adopts a rulebook: opens its market, or amends the rules of a market that is open.
    AdoptRulebook(Box<Rulebook>),
    /// Lets time pass: what the calendar has due happens.
    Tick,
    // the roster
    CreateUser(o::CreateUser),
    SetUserDuties(o::SetUserDuties),
    SetUserActive(o::SetUserActive),
    SetPassword(o::SetPassword),
    SetTotp(o::SetTotp),
    CreateKey(o::CreateKey),
    RevokeKey(o::RevokeKey),
    /// From now on every command names the user who sends it. There is no way back.
    PutRosterInForce,
    /// Proposes what needs a second person.
    ProposeAct {
        command: Box<Command>,
        expires: Timestamp,
    },
    /// Approves what another proposed: it is done.
    ApproveAct {
        act: ActId,
    },
    /// Takes back what one proposed, or rejects what another did.
    WithdrawAct {
        act: ActId,
        reason: String,
    },
    InviteUser(o::InviteUser),
    OfferLink(o::OfferLink),
    Enrol(o::Enrol),
    EnrolTotp(o::EnrolTotp),
    UnlockUser(o::UnlockUser),
    // supervision
    OpenCase(w::OpenCase),
    NoteCase(w::NoteCase),
    CloseCase(w::CloseCase),
    // the registry, later
    RenameParticipant(r::RenameParticipant),
    CloseAccount(r::CloseAccount),
    // trading, later
    RelistInstrument(t::RelistInstrument),
    /// Has a fixed layout too.
    EnterFunds(t::EnterFunds),
    BustTrade(t::BustTrade),
    CorrectTrade(t::CorrectTrade),
}
