//! What a user may send of what its participant may: the users' side of `access.rs`. docs/access.md is written from these tables.

use crate::{AccessRejection, Command, OPERATOR, State};
use base::{ParticipantId, Role, UserId};
use roster::{CreateKey, Duties, Duty};
use trading::Whose;

const OPERATOR_DUTY: Duties = Duties::of(&[Duty::Operator]);
const TRADER: Duties = Duties::of(&[Duty::Trader]);
const CUSTODIAN: Duties = Duties::of(&[Duty::Custodian]);
const PAYMENTS: Duties = Duties::of(&[Duty::Custodian, Duty::Clearing]);
const SUPERVISOR: Duties = Duties::of(&[Duty::Supervisor]);
const WATCHING: Duties = Duties::of(&[Duty::Operator, Duty::Supervisor]);
const STOPPING: Duties = Duties::of(&[Duty::Operator, Duty::Trader, Duty::Supervisor]);

/// Only who stops everyone must be there to watch the venue.
fn stopping(whose: Whose) -> Duties {
    if whose == Whose::Everyone { WATCHING } else { STOPPING }
}

impl Command {
    /// Any of these duties suffices for a user to send this. What concerns only the user itself, its password and its keys, asks
    /// for none.
    #[must_use]
    pub fn duties(&self) -> Duties {
        use Command as C;
        match self {
            C::EnterOrder(_) | C::AmendOrder(_) | C::CancelOrder(_) => TRADER,
            C::PlaceOrder(_) | C::TakeListing(_) => TRADER,
            C::ProposeBlock(_) | C::AcceptBlock(_) | C::WithdrawBlock(_) => TRADER,
            C::PlaceBid(_) | C::WithdrawBid(_) => TRADER,
            C::MassCancel(c) => stopping(c.of),
            C::SetTradingBlocked(c) if c.blocked => stopping(c.of),
            C::SetTradingBlocked(_) | C::SetHalted(_) | C::SetAccountFrozen(_) => WATCHING,
            C::Deposit(_) | C::SettleWithdrawal(_) => PAYMENTS,
            C::RequestWithdrawal(_) | C::Transfer(_) | C::CancelUnits(_) => CUSTODIAN,
            C::PledgeUnits(_) | C::ReleasePledge(_) => CUSTODIAN,
            C::Surrender(_) | C::ApplyCarryOver(_) => CUSTODIAN,
            C::OpenCase(_) | C::NoteCase(_) | C::CloseCase(_) => SUPERVISOR,
            C::AnnounceAuction(_) | C::DrawLot(_) | C::CancelAuction(_) => OPERATOR_DUTY,
            C::ListInstrument(_) | C::DelistInstrument(_) | C::RelistInstrument(_) => OPERATOR_DUTY,
            C::CorrectReference(_) | C::AdoptRulebook(_) => OPERATOR_DUTY,
            C::DeclareHoliday(_) | C::RevokeHoliday(_) => OPERATOR_DUTY,
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => OPERATOR_DUTY,
            C::RenameParticipant(_) | C::CloseAccount(_) => OPERATOR_DUTY,
            C::Issue(_) | C::Preallocate(_) | C::Allocate(_) | C::DecideCarryOver(_) => OPERATOR_DUTY,
            C::RecordEmissions(_) | C::DetermineShortfall(_) => OPERATOR_DUTY,
            C::FreezeUnits(_) | C::UnfreezeUnits(_) => OPERATOR_DUTY,
            C::CreateUser(_) | C::SetUserDuties(_) | C::SetUserActive(_) => OPERATOR_DUTY,
            C::SetPassword(_) | C::SetTotp(_) | C::CreateKey(_) | C::RevokeKey(_) => OPERATOR_DUTY,
            C::PutRosterInForce => OPERATOR_DUTY,
            C::ProposeAct { command, .. } => command.duties(),
            // Who approves is asked for what the act asks for.
            C::ApproveAct { .. } | C::WithdrawAct { .. } | C::Tick => Duties::ALL,
        }
    }

    /// Whether `sender` does not do this alone once the roster is in force: it is proposed, and done when another approves.
    ///
    /// Beside these, [`State`] wants a second person where one of the last two users with the duty of an operator is stopped;
    /// and none where an operator has one such user only, who makes a second.
    #[must_use]
    pub fn needs_second_person(&self, sender: UserId) -> bool {
        use Command as C;
        match self {
            C::Issue(_) | C::Preallocate(_) | C::Allocate(_) | C::DecideCarryOver(_) => true,
            C::CorrectReference(_) | C::AdoptRulebook(_) => true,
            C::DeclareHoliday(_) | C::RevokeHoliday(_) => true,
            C::SetHalted(c) => !c.halted,
            C::SetTradingBlocked(c) => !c.blocked,
            C::SetAccountFrozen(c) => !c.frozen,
            C::UnfreezeUnits(_) | C::RenameParticipant(_) | C::CloseAccount(_) => true,
            C::RelistInstrument(_) => true,
            C::CreateUser(_) | C::SetUserDuties(_) | C::CreateKey(_) => true,
            C::SetUserActive(c) => c.active,
            C::SetPassword(c) => c.user != sender,
            C::SetTotp(c) => c.user != sender,
            _ => false,
        }
    }

    /// What is asked in the end: of a proposal, what it proposes.
    pub(crate) fn innermost(&self) -> &Self {
        let mut command = self;
        while let Self::ProposeAct { command: inner, .. } = command {
            command = inner;
        }
        command
    }
}

impl State {
    /// Checks the user of a command, once it names one or must. Tells whether it is sent as a trader, who answers for its own
    /// participant alone, whatever else that participant may.
    #[inline]
    pub(crate) fn check_user(
        &self,
        actor: ParticipantId,
        user: UserId,
        command: &Command,
    ) -> Result<bool, AccessRejection> {
        if user == UserId::NOBODY {
            return if Self::nobody_may(actor, command) {
                Ok(false)
            } else {
                Err(AccessRejection::UserNeeded)
            };
        }
        let known = self.roster.user(user).ok_or(AccessRejection::UserUnknown)?;
        if !known.active {
            return Err(AccessRejection::UserInactive);
        }
        if known.participant != actor {
            return Err(AccessRejection::NotYourParticipant);
        }
        let duties = known.duties.and(command.duties());
        if duties.is_empty() && !self.concerns_only(user, command) {
            return Err(AccessRejection::NotYourDuty);
        }
        Ok(duties == TRADER)
    }

    /// The node itself lets time pass, and proposes the rulebooks that it is given; all else is sent by someone.
    fn nobody_may(actor: ParticipantId, command: &Command) -> bool {
        let proposes = |inner: &Command| matches!(inner, Command::AdoptRulebook(_));
        actor == OPERATOR
            && match command {
                Command::Tick => true,
                Command::ProposeAct { command, .. } => proposes(command),
                _ => false,
            }
    }

    /// Whether a command changes nothing but what is the user's own.
    fn concerns_only(&self, user: UserId, command: &Command) -> bool {
        match command.innermost() {
            Command::SetPassword(c) => c.user == user,
            Command::SetTotp(c) => c.user == user,
            Command::CreateKey(c) => c.user == user,
            Command::RevokeKey(c) => self.roster.key(&c.id).is_some_and(|key| key.user == user),
            _ => false,
        }
    }

    /// Whether a user does not send this alone. The roster is in force.
    pub(crate) fn takes_two(&self, actor: ParticipantId, user: UserId, command: &Command) -> bool {
        match command {
            // Whoever is the only one left makes a second, or nothing would ever be approved.
            Command::CreateUser(c) if c.participant == actor => {
                !(self.registry().has_role(actor, Role::Operator) && self.operators_of(actor) == 1)
            }
            // And nobody becomes the only one by stopping the others.
            Command::SetUserActive(c) if !c.active => self.roster.user(c.user).is_some_and(|stopped| {
                let operator = stopped.active && stopped.duties.has(Duty::Operator);
                operator
                    && self.registry().has_role(stopped.participant, Role::Operator)
                    && self.operators_of(stopped.participant) <= 2
            }),
            command => command.needs_second_person(user),
        }
    }

    /// How many active users of a participant have the duty of an operator.
    pub(crate) fn operators_of(&self, participant: ParticipantId) -> usize {
        let users = self.roster.users().iter();
        users.filter(|u| u.active && u.participant == participant && u.duties.has(Duty::Operator)).count()
    }

    /// Checks who approves a command, or stops it from being approved: one who might send it. A key may be approved by a
    /// colleague too who may do all that it will.
    pub(crate) fn check_approver(
        &self,
        actor: ParticipantId,
        user: UserId,
        command: &Command,
    ) -> Result<(), AccessRejection> {
        match command {
            Command::CreateKey(key) if self.vouches(actor, user, key) => Ok(()),
            command => self.check_permission(actor, user, command),
        }
    }

    fn vouches(&self, actor: ParticipantId, user: UserId, key: &CreateKey) -> bool {
        let fits = |colleague: &roster::User| {
            colleague.active && colleague.participant == actor && key.duties.is_within(colleague.duties)
        };
        let theirs = self.roster.user(key.user).is_some_and(|user| user.participant == actor);
        theirs && self.roster.user(user).is_some_and(fits)
    }
}
