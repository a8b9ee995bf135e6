//! Who may send what. Checked before anything else; a command that is not permitted learns nothing of the state.

use crate::{Command, Envelope, State};
use base::{AccountId, ParticipantId, Role, UserId, rejections};
use trading::Whose;

rejections! {
    /// Why a command is not even looked at.
    pub enum AccessRejection {
        /// The sender does not exist.
        ActorUnknown = "actor_unknown",
        /// The roster is in force: every command names the user who sends it.
        UserNeeded = "user_needed",
        /// The user does not exist.
        UserUnknown = "user_unknown",
        /// The user was stopped.
        UserInactive = "user_inactive",
        /// The user is another participant's.
        NotYourParticipant = "not_your_participant",
        /// The user's duties do not permit this command.
        NotYourDuty = "not_your_duty",
        /// The sender's roles do not permit this command.
        NotPermitted = "not_permitted",
        /// The account does not exist or is not the sender's.
        NotYourAccount = "not_your_account",
        /// Staff of registry, exchange and regulator may not trade.
        BarredFromTrading = "barred_from_trading",
        /// The account or its firm is blocked from trading.
        TradingBlocked = "trading_blocked",
        /// This needs a second person: propose it, and let another approve.
        SecondPersonNeeded = "second_person_needed",
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
    /// To answer for the participant of this user, or to be an operator.
    OfUser(UserId),
    /// To answer for the participant of the user whose key this is, or to be an operator.
    OfKey,
    /// To be this user; before the roster is in force, to answer for its participant, or to be an operator.
    Themself(UserId),
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
            C::EnterFunds(c) => Trader(c.account),
            C::AmendOrder(c) => Trader(c.account),
            C::ProposeBlock(c) => Trader(c.account),
            C::AcceptBlock(c) => Trader(c.account),
            C::PlaceBid(c) => Trader(c.account),
            C::CancelOrder(c) => Owner(c.account),
            C::WithdrawBlock(c) => Owner(c.account),
            C::WithdrawBid(c) => Owner(c.account),
            C::AnnounceAuction(_) | C::DrawLot(_) | C::CancelAuction(_) => Roles(&[Operator]),
            C::ListInstrument(_) | C::DelistInstrument(_) | C::RelistInstrument(_) => Roles(&[Operator]),
            C::BustTrade(_) | C::CorrectTrade(_) => Roles(&[Operator]),
            C::CorrectReference(_) | C::AdoptRulebook(_) => Roles(&[Operator]),
            C::DeclareHoliday(_) | C::RevokeHoliday(_) => Roles(&[Operator]),
            // Anyone may stop its own; only the venue and its supervisor stop others, and let trade again.
            C::MassCancel(c) => stopping(c.of),
            C::SetTradingBlocked(c) if c.blocked => stopping(c.of),
            C::SetTradingBlocked(_) => Roles(&[Operator, Supervisor]),
            C::SetHalted(_) => Roles(&[Operator, Supervisor]),
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => {
                Roles(&[Operator, Registrar])
            }
            C::RenameParticipant(_) | C::CloseAccount(_) => Roles(&[Operator, Registrar]),
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
            C::CreateUser(c) => Permission::SelfOr(c.participant, &[Operator]),
            C::SetUserDuties(c) => Permission::OfUser(c.user),
            C::SetUserActive(c) => Permission::OfUser(c.user),
            C::SetPassword(c) => Permission::OfUser(c.user),
            C::SetTotp(c) => Permission::OfUser(c.user),
            C::CreateKey(c) => Permission::OfUser(c.user),
            C::RevokeKey(_) => Permission::OfKey,
            C::InviteUser(c) => Permission::SelfOr(c.participant, &[Operator]),
            C::OfferLink(c) => Permission::OfUser(c.user),
            C::UnlockUser(c) => Permission::OfUser(c.user),
            C::Enrol(c) => Permission::Themself(c.user),
            C::EnrolTotp(c) => Permission::Themself(c.user),
            C::PutRosterInForce => Roles(&[Operator]),
            C::ProposeAct { command, .. } => command.permission(),
            // Looked at when the act is: who might send what was proposed.
            C::ApproveAct { .. } | C::WithdrawAct { .. } => Anyone,
            C::OpenCase(_) | C::NoteCase(_) | C::CloseCase(_) => Roles(&[Supervisor]),
        }
    }
}

impl State {
    /// Checks a sender against what its command asks.
    ///
    /// # Errors
    /// See [`AccessRejection`].
    pub fn check_access(&self, envelope: &Envelope) -> Result<(), AccessRejection> {
        let Envelope { actor, user, command, .. } = envelope;
        self.check_permission(*actor, *user, command)?;
        if self.roster().in_force() && self.takes_two(*actor, *user, command) {
            return Err(AccessRejection::SecondPersonNeeded);
        }
        Ok(())
    }

    /// Whether a user of a participant may send a command, alone or with a second person.
    pub(crate) fn check_permission(
        &self,
        actor: ParticipantId,
        user: UserId,
        command: &Command,
    ) -> Result<(), AccessRejection> {
        if actor.index() >= self.registry().participants().len() {
            return Err(AccessRejection::ActorUnknown);
        }
        let named = user != UserId::NOBODY || self.roster().in_force();
        let as_trader = named && self.check_user(actor, user, command)?;
        match command.permission() {
            Permission::Anyone => Ok(()),
            Permission::Roles(roles) => {
                if self.has_any(actor, roles) {
                    Ok(())
                } else {
                    Err(AccessRejection::NotPermitted)
                }
            }
            Permission::SelfOr(participant, roles) => {
                let may = participant == actor || (!as_trader && self.has_any(actor, roles));
                if may { Ok(()) } else { Err(AccessRejection::NotPermitted) }
            }
            Permission::OwnerOr(_, roles) if !as_trader && self.has_any(actor, roles) => Ok(()),
            Permission::Owner(account) | Permission::OwnerOr(account, _) => self.check_owner(actor, account),
            Permission::OfUser(user) => self.check_user_of(actor, user),
            Permission::Themself(own) if named => {
                if own == user {
                    Ok(())
                } else {
                    Err(AccessRejection::NotPermitted)
                }
            }
            Permission::Themself(user) => self.check_user_of(actor, user),
            Permission::OfKey => {
                let key = match command.innermost() {
                    Command::RevokeKey(c) => self.roster().key(&c.id),
                    _ => None,
                };
                self.check_user_of(actor, key.map_or(UserId::NOBODY, |key| key.user))
            }
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

    fn check_user_of(&self, actor: ParticipantId, user: UserId) -> Result<(), AccessRejection> {
        let own = self.roster().user(user).is_some_and(|user| user.participant == actor);
        if own || self.has_any(actor, &[Operator]) { Ok(()) } else { Err(AccessRejection::NotPermitted) }
    }

    fn check_owner(&self, actor: ParticipantId, account: AccountId) -> Result<(), AccessRejection> {
        let owner = self.registry().desk(account).map(|desk| desk.participant);
        if owner == Some(actor) { Ok(()) } else { Err(AccessRejection::NotYourAccount) }
    }
}
