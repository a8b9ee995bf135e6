//! Who may send what. Checked before anything else; a command that is not permitted learns nothing of the state.

use crate::{Command, Envelope, State};
use base::{AccountId, ParticipantId, Role, rejections};
use trading::Whose;

rejections! {
    /// Why a command is not even looked at.
    pub enum AccessRejection {
        /// The sender does not exist.
        ActorUnknown = "actor_unknown",
        /// The sender's roles do not permit this command.
        NotPermitted = "not_permitted",
        /// The account does not exist or is not the sender's.
        NotYourAccount = "not_your_account",
        /// Staff of registry, exchange and regulator may not trade.
        BarredFromTrading = "barred_from_trading",
        /// The account or its firm is blocked from trading.
        TradingBlocked = "trading_blocked",
    }
}

/// What a command asks of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// One of these roles.
    Roles(&'static [Role]),
    /// To answer for this account.
    Owner(AccountId),
    /// To answer for this account, and to be a trading participant.
    Trader(AccountId),
    /// To answer for this participant, or one of these roles.
    SelfOr(ParticipantId, &'static [Role]),
    /// To answer for this account, or one of these roles.
    OwnerOr(AccountId, &'static [Role]),
    /// To be known.
    Anyone,
}

use Role::{Authority, Operator, Registrar, SettlementBank, Supervisor};

fn stopping(whose: Whose) -> Permission {
    match whose {
        Whose::Account(account) => Permission::OwnerOr(account, &[Operator, Supervisor]),
        Whose::Participant(participant) => Permission::SelfOr(participant, &[Operator, Supervisor]),
        Whose::Everyone => Permission::Roles(&[Operator, Supervisor]),
    }
}

impl Command {
    /// What this command asks of its sender.
    #[must_use]
    pub fn permission(&self) -> Permission {
        use Command as C;
        use Permission::{Anyone, Owner, Roles, Trader};
        match self {
            C::PlaceOrder(c) => Trader(c.account),
            C::TakeListing(c) => Trader(c.account),
            C::EnterOrder(c) => Trader(c.account),
            C::AmendOrder(c) => Trader(c.account),
            C::ProposeBlock(c) => Trader(c.account),
            C::AcceptBlock(c) => Trader(c.account),
            C::PlaceBid(c) => Trader(c.account),
            C::CancelOrder(c) => Owner(c.account),
            C::WithdrawBlock(c) => Owner(c.account),
            C::WithdrawBid(c) => Owner(c.account),
            C::AnnounceAuction(_) | C::DrawLot(_) | C::CancelAuction(_) => Roles(&[Operator]),
            C::ListInstrument(_) | C::DelistInstrument(_) => Roles(&[Operator]),
            C::CorrectReference(_) | C::DeclareHoliday(_) | C::AdoptRulebook(_) => Roles(&[Operator]),
            // Anyone may stop its own; only the venue and its supervisor stop others, and let trade again.
            C::MassCancel(c) => stopping(c.of),
            C::SetTradingBlocked(c) if c.blocked => stopping(c.of),
            C::SetTradingBlocked(_) => Roles(&[Operator, Supervisor]),
            C::SetHalted(_) => Roles(&[Operator, Supervisor]),
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => {
                Roles(&[Operator, Registrar])
            }
            C::Issue(_) | C::Preallocate(_) | C::Allocate(_) => Roles(&[Authority]),
            C::RecordEmissions(_) | C::DetermineShortfall(_) => Roles(&[Authority]),
            C::DecideCarryOver(_) => Roles(&[Authority, Registrar]),
            C::FreezeUnits(_) | C::UnfreezeUnits(_) => Roles(&[Registrar]),
            C::SetAccountFrozen(_) => Roles(&[Registrar, Supervisor]),
            C::Deposit(_) | C::SettleWithdrawal(_) => Roles(&[SettlementBank]),
            C::RequestWithdrawal(c) => Owner(c.account),
            C::CancelUnits(c) => Owner(c.account),
            C::Transfer(c) => Owner(c.from),
            C::PledgeUnits(c) => Owner(c.account),
            C::Surrender(c) => Owner(c.account),
            C::ApplyCarryOver(c) => Owner(c.account),
            C::ReleasePledge(_) | C::Tick => Anyone,
        }
    }
}

impl State {
    /// Checks a sender against what its command asks.
    ///
    /// # Errors
    /// See [`AccessRejection`].
    pub fn check_access(&self, envelope: &Envelope) -> Result<(), AccessRejection> {
        let actor = envelope.actor;
        if actor.index() >= self.registry().participants().len() {
            return Err(AccessRejection::ActorUnknown);
        }
        match envelope.command.permission() {
            Permission::Anyone => Ok(()),
            Permission::Roles(roles) => {
                if self.has_any(actor, roles) {
                    Ok(())
                } else {
                    Err(AccessRejection::NotPermitted)
                }
            }
            Permission::SelfOr(participant, roles) => {
                let may = participant == actor || self.has_any(actor, roles);
                if may { Ok(()) } else { Err(AccessRejection::NotPermitted) }
            }
            Permission::OwnerOr(_, roles) if self.has_any(actor, roles) => Ok(()),
            Permission::Owner(account) | Permission::OwnerOr(account, _) => self.check_owner(actor, account),
            Permission::Trader(account) => {
                let desk = self.registry().desk(account).filter(|desk| desk.participant == actor);
                let desk = desk.ok_or(AccessRejection::NotYourAccount)?;
                if desk.barred {
                    return Err(AccessRejection::BarredFromTrading);
                }
                if !desk.trades {
                    return Err(AccessRejection::NotPermitted);
                }
                if self.venue().is_blocked(account, actor) {
                    return Err(AccessRejection::TradingBlocked);
                }
                Ok(())
            }
        }
    }

    fn has_any(&self, actor: ParticipantId, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.registry().has_role(actor, *role))
    }

    fn check_owner(&self, actor: ParticipantId, account: AccountId) -> Result<(), AccessRejection> {
        let owner = self.registry().desk(account).map(|desk| desk.participant);
        if owner == Some(actor) { Ok(()) } else { Err(AccessRejection::NotYourAccount) }
    }
}
