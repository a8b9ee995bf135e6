//! Who and what a command names that not everyone may know of.

use crate::WireCommand;

/// Who or what a command names, by its code or name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party<'a> {
    /// An account.
    Account(&'a str),
    /// A participant.
    Participant(&'a str),
    /// A user.
    User(&'a str),
}

impl WireCommand {
    /// Who and what is named that not everyone may know of, by field: not those to whom a sender turns, who told it of themselves.
    #[must_use]
    pub fn parties(&self) -> Vec<(&'static str, Party<'_>)> {
        let account = |code| vec![("account", Party::Account(code))];
        let participant = |code| vec![("participant", Party::Participant(code))];
        match self {
            Self::Transfer { from, .. } => vec![("from", Party::Account(from))],
            Self::RequestWithdrawal { account: code, .. }
            | Self::CancelUnits { account: code, .. }
            | Self::Pledge { account: code, .. }
            | Self::Surrender { account: code, .. }
            | Self::ApplyCarryOver { account: code, .. }
            | Self::PlaceListing { account: code, .. }
            | Self::TakeListing { account: code, .. }
            | Self::CancelListing { account: code, .. }
            | Self::PlaceOrder { account: code, .. }
            | Self::AmendOrder { account: code, .. }
            | Self::CancelOrder { account: code, .. }
            | Self::ProposeBlock { account: code, .. }
            | Self::AcceptBlock { account: code, .. }
            | Self::WithdrawBlock { account: code, .. }
            | Self::PlaceBid { account: code, .. }
            | Self::WithdrawBid { account: code, .. }
            | Self::Issue { account: code, .. }
            | Self::Preallocate { account: code, .. }
            | Self::Allocate { account: code, .. }
            | Self::Deposit { account: code, .. }
            | Self::Freeze { account: code, .. }
            | Self::FreezeAccount { account: code, .. }
            | Self::CloseAccount { account: code, .. }
            | Self::UnfreezeAccount { account: code, .. }
            | Self::AnnounceAuction { account: code, .. } => account(code),
            Self::OpenAccount { participant: code, .. }
            | Self::RenameParticipant { participant: code, .. }
            | Self::RecordEmissions { participant: code, .. }
            | Self::DetermineShortfall { participant: code, .. }
            | Self::CreateUser { participant: code, .. }
            | Self::InviteUser { participant: code, .. } => participant(code),
            Self::MassCancel { account: of, participant: firm, .. }
            | Self::BlockTrading { account: of, participant: firm, .. }
            | Self::UnblockTrading { account: of, participant: firm, .. } => {
                let of = of.iter().flat_map(|code| account(code));
                of.chain(firm.iter().flat_map(|code| participant(code))).collect()
            }
            Self::OpenCase { account: of, .. } => of.iter().flat_map(|code| account(code)).collect(),
            Self::SetUserDuties { user, .. }
            | Self::ActivateUser { user, .. }
            | Self::DeactivateUser { user, .. }
            | Self::SetPassword { user, .. }
            | Self::SetTotp { user, .. }
            | Self::OfferLink { user, .. }
            | Self::Enrol { user, .. }
            | Self::EnrolTotp { user, .. }
            | Self::UnlockUser { user, .. } => vec![("user", Party::User(user))],
            Self::CreateKey { user, account: of, .. } => {
                let of = of.iter().flat_map(|code| account(code));
                [("user", Party::User(user.as_str()))].into_iter().chain(of).collect()
            }
            _ => Vec::new(),
        }
    }
}
