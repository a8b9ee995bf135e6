//! Why a command was refused: the stage that refused it, and the stage's reason. The stages of a command are those of its
//! function in `apply.rs`, from top to bottom.

use crate::{AccessRejection, ActRejection};
use base::{Sentence, rejections};
use serde::{Deserialize, Serialize};

rejections! {
    /// Why a rulebook is not adopted.
    pub enum EngineRejection {
        /// A rulebook has a code of 1 to 32 letters, digits, '-', '_' or '.'.
        CodeMalformed = "code_malformed",
        /// A rulebook has at least one version, and their dates rise.
        VersionsNotRising = "versions_not_rising",
        /// Lot, tick and counts of a rulebook are above zero.
        NumberNotPositive = "number_not_positive",
        /// An amendment keeps the market's currency, unit and price format.
        FormatChanged = "format_changed",
        /// The currency's code is taken by something else, or it has other decimals.
        CurrencyMismatch = "currency_mismatch",
        /// A market's orders meet either in listed or in continuous trading.
        TwoWaysToTrade = "two_ways_to_trade",
        /// A market keeps the hour at which its trading day begins.
        DayBeginsChanged = "day_begins_changed",
    }
}

macro_rules! stages {
    ($($(#[$doc:meta])* $stage:ident($reason:ty) = $code:literal;)*) => {
        /// A refusal: the stage of the command's path, and the reason there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Rejection { $($(#[$doc])* $stage($reason),)* }

        $(impl From<$reason> for Rejection {
            fn from(reason: $reason) -> Self { Self::$stage(reason) }
        })*

        impl Rejection {
            /// The stage that refused.
            #[must_use]
            pub fn stage(self) -> &'static str {
                match self { $(Self::$stage(_) => $code,)* }
            }

            /// The stable code of the reason.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$stage(reason) => reason.code(),)* }
            }

            /// The reason as a sentence.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$stage(reason) => reason.sentence(),)* }
            }

            /// Every refusal there is: stage, code and sentence, in order of precedence within a stage.
            #[must_use]
            pub fn catalogue() -> Vec<Self> {
                let mut all = Vec::new();
                $(all.extend(<$reason>::all().iter().map(|reason| Self::$stage(*reason)));)*
                all
            }
        }
    };
}

// The digest of the log covers the place of a stage: new ones stand at the end.
stages! {
    /// Who may send what.
    Access(AccessRejection) = "access";
    /// Adoption of rulebooks.
    Rulebook(EngineRejection) = "rulebook";
    /// Listing, delisting, relisting, halts, corrections, holidays.
    Control(trading::ControlRejection) = "control";
    /// Placing a listing.
    Place(trading::PlaceRejection) = "place";
    /// Taking a listing.
    Take(trading::TakeRejection) = "take";
    /// Withdrawing a listing.
    Cancel(trading::CancelRejection) = "cancel";
    /// Proposing a block.
    Propose(trading::ProposeRejection) = "propose";
    /// Accepting, withdrawing or declining a block.
    Block(trading::BlockRejection) = "block";
    /// Announcing, drawing or calling off an auction.
    Auction(trading::AuctionRejection) = "auction";
    /// Entering or withdrawing a bid.
    Bid(trading::BidRejection) = "bid";
    /// Clearing an order.
    Clearing(clearing::ClearingRejection) = "clearing";
    /// Setting aside what an order needs.
    Hold(registry::HoldRejection) = "hold";
    /// Opening participants, accounts and assets.
    Opening(registry::OpeningRejection) = "opening";
    /// Issuance and cancellation.
    Issuance(registry::IssuanceRejection) = "issuance";
    /// Cash in and out.
    Cash(registry::CashRejection) = "cash";
    /// Transfer, pledge and freeze.
    Custody(registry::CustodyRejection) = "custody";
    /// Emissions and surrender.
    Compliance(registry::ComplianceRejection) = "compliance";
    /// Carry-over.
    CarryOver(registry::CarryOverRejection) = "carry_over";
    /// Entering an order.
    Enter(trading::EnterRejection) = "enter";
    /// Amending an order.
    Amend(trading::AmendRejection) = "amend";
    /// Cancelling many orders, and the kill switch.
    Sweep(trading::SweepRejection) = "sweep";
    /// Users, keys, and the roster.
    Roster(roster::RosterRejection) = "roster";
    /// What needs a second person.
    Act(ActRejection) = "act";
    /// A supervisor's cases.
    Case(supervision::CaseRejection) = "case";
    /// Renaming a participant, closing an account.
    Change(registry::ChangeRejection) = "change";
    /// Taking back and correcting trades.
    Revise(trading::ReviseRejection) = "revise";
    /// Moving back what a trade moved.
    Unwind(registry::UnwindRejection) = "unwind";
}
