//! What a user may send of what its participant may: the users' side of `access.rs`. docs/access.md is written from these tables.

use crate::rulebook::{Paired, TwoPersons};
use crate::{AccessRejection, Adopted, Command, OPERATOR, State};
use base::{AssetId, MarketId, ParticipantId, Role, UserId};
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
            C::EnterOrder(_) | C::EnterFunds(_) | C::AmendOrder(_) | C::CancelOrder(_) => TRADER,
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
            C::BustTrade(_) | C::CorrectTrade(_) => OPERATOR_DUTY,
            C::CorrectReference(_) | C::AdoptRulebook(_) => OPERATOR_DUTY,
            C::DeclareHoliday(_) | C::RevokeHoliday(_) => OPERATOR_DUTY,
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => OPERATOR_DUTY,
            C::RenameParticipant(_) | C::CloseAccount(_) => OPERATOR_DUTY,
            C::Issue(_) | C::Preallocate(_) | C::Allocate(_) | C::DecideCarryOver(_) => OPERATOR_DUTY,
            C::RecordEmissions(_) | C::DetermineShortfall(_) => OPERATOR_DUTY,
            C::FreezeUnits(_) | C::UnfreezeUnits(_) => OPERATOR_DUTY,
            C::CreateUser(_) | C::SetUserDuties(_) | C::SetUserActive(_) => OPERATOR_DUTY,
            C::SetPassword(_) | C::SetTotp(_) | C::CreateKey(_) | C::RevokeKey(_) => OPERATOR_DUTY,
            C::InviteUser(_) | C::OfferLink(_) | C::UnlockUser(_) => OPERATOR_DUTY,
            C::Enrol(_) | C::EnrolTotp(_) => OPERATOR_DUTY,
            C::PutRosterInForce => OPERATOR_DUTY,
            C::ProposeAct { command, .. } => command.duties(),
            // Who approves is asked for what the act asks for.
            C::ApproveAct { .. } | C::WithdrawAct { .. } | C::Tick => Duties::ALL,
        }
    }

    /// Whether `sender` never does this alone once the roster is in force, whatever a rulebook says: who may act, and the rules.
    /// What else takes two is [`Command::paired`].
    ///
    /// Beside these, [`State`] wants a second person where one of the last two users with the duty of an operator is stopped;
    /// and none where an operator has one such user only, who makes a second.
    #[must_use]
    pub fn always_takes_two(&self, sender: UserId) -> bool {
        use Command as C;
        match self {
            C::AdoptRulebook(_) | C::RevokeHoliday(_) => true,
            C::RenameParticipant(_) | C::CloseAccount(_) | C::RelistInstrument(_) => true,
            C::BustTrade(_) | C::CorrectTrade(_) => true,
            C::CreateUser(_) | C::InviteUser(_) | C::SetUserDuties(_) | C::CreateKey(_) => true,
            C::OfferLink(_) | C::UnlockUser(_) => true,
            C::SetUserActive(c) => c.active,
            C::SetPassword(c) => c.user != sender,
            C::SetTotp(c) => c.user != sender,
            _ => false,
        }
    }

    /// The act that a rulebook may give to two persons, where this is one.
    #[must_use]
    pub fn paired(&self) -> Option<Paired> {
        use Command as C;
        Some(match self {
            C::Issue(_) => Paired::Issue,
            C::Preallocate(_) => Paired::Preallocate,
            C::Allocate(_) => Paired::Allocate,
            C::DecideCarryOver(_) => Paired::DecideCarryOver,
            C::CorrectReference(_) => Paired::CorrectReference,
            C::DeclareHoliday(_) => Paired::DeclareHoliday,
            C::SetHalted(c) if !c.halted => Paired::Resume,
            C::SetTradingBlocked(c) if !c.blocked => Paired::UnblockTrading,
            C::SetAccountFrozen(c) if !c.frozen => Paired::UnfreezeAccount,
            C::UnfreezeUnits(_) => Paired::Unfreeze,
            C::ListInstrument(_) => Paired::ListInstrument,
            C::DelistInstrument(_) => Paired::DelistInstrument,
            C::Deposit(_) => Paired::Deposit,
            C::SettleWithdrawal(_) => Paired::SettleWithdrawal,
            C::RegisterParticipant(_) => Paired::RegisterParticipant,
            C::OpenAccount(_) => Paired::OpenAccount,
            C::DefineAsset(_) => Paired::DefineAsset,
            C::RecordEmissions(_) => Paired::RecordEmissions,
            C::DetermineShortfall(_) => Paired::DetermineShortfall,
            C::AnnounceAuction(_) => Paired::AnnounceAuction,
            C::CancelAuction(_) => Paired::CancelAuction,
            _ => return None,
        })
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
            return if self.nobody_may(actor, command) {
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

    /// The node itself lets time pass, proposes the rulebooks that it is given, and gives a link to an operator of its own who
    /// has no password yet; all else is sent by someone.
    fn nobody_may(&self, actor: ParticipantId, command: &Command) -> bool {
        let proposes = |inner: &Command| matches!(inner, Command::AdoptRulebook(_));
        actor == OPERATOR
            && match command {
                Command::Tick => true,
                Command::ProposeAct { command, .. } => proposes(command),
                Command::OfferLink(c) => self.roster.user(c.user).is_some_and(|user| {
                    user.participant == OPERATOR && user.duties.has(Duty::Operator) && !user.is_enrolled()
                }),
                _ => false,
            }
    }

    /// Whether a command changes nothing but what is the user's own.
    fn concerns_only(&self, user: UserId, command: &Command) -> bool {
        match command.innermost() {
            Command::SetPassword(c) => c.user == user,
            Command::SetTotp(c) => c.user == user,
            Command::CreateKey(c) => c.user == user,
            Command::Enrol(c) => c.user == user,
            Command::EnrolTotp(c) => c.user == user,
            Command::RevokeKey(c) => self.roster.key(&c.id).is_some_and(|key| key.user == user),
            _ => false,
        }
    }

    /// Whether a user does not send this alone. The roster is in force.
    pub(crate) fn takes_two(&self, actor: ParticipantId, user: UserId, command: &Command) -> bool {
        match command {
            // Whoever is the only one left makes a second, or nothing would ever be approved.
            Command::CreateUser(roster::CreateUser { participant, .. })
            | Command::InviteUser(roster::InviteUser { participant, .. })
                if *participant == actor =>
            {
                !(self.registry().has_role(actor, Role::Operator) && self.operators_of(actor) == 1)
            }
            // The node's own: see `nobody_may`.
            Command::OfferLink(_) => user != UserId::NOBODY,
            // And nobody becomes the only one by stopping the others.
            Command::SetUserActive(c) if !c.active => self.roster.user(c.user).is_some_and(|stopped| {
                let operator = stopped.active && stopped.duties.has(Duty::Operator);
                operator
                    && self.registry().has_role(stopped.participant, Role::Operator)
                    && self.operators_of(stopped.participant) <= 2
            }),
            command => self.needs_second_person(user, command),
        }
    }

    /// Whether a command is one for two persons: always, or by the rules in force of a market that it concerns. One that concerns
    /// no market in particular is for two where any market says so.
    pub(crate) fn needs_second_person(&self, user: UserId, command: &Command) -> bool {
        if command.always_takes_two(user) {
            return true;
        }
        let Some(act) = command.paired() else { return false };
        let amount = if let Command::Deposit(c) = command { Some(c.amount) } else { None };
        let says = |rules: Option<&TwoPersons>| match rules {
            Some(rules) => {
                rules.acts.contains(&act) && amount.is_none_or(|amount| amount >= rules.deposit_from)
            }
            None => TwoPersons::before().acts.contains(&act),
        };
        let of = |market: &Adopted| says(market.two_persons.as_ref());
        let concerned: Vec<&Adopted> =
            self.markets_of(command).filter_map(|id| self.markets.get(id.index())).collect();
        match (concerned.is_empty(), self.markets.is_empty()) {
            (false, _) => concerned.into_iter().any(of),
            (true, false) => self.markets.iter().any(of),
            (true, true) => says(None),
        }
    }

    /// The markets that a command concerns, where it concerns some in particular.
    fn markets_of(&self, command: &Command) -> impl Iterator<Item = MarketId> {
        use Command as C;
        let listed = |id| self.venue.instrument(id).map(|instrument| instrument.market);
        let of = |asset: AssetId| self.registry.assets().get(asset.index()).and_then(|asset| asset.market);
        let one = match command {
            C::ListInstrument(c) => Some(c.market),
            C::DeclareHoliday(c) => Some(c.market),
            C::DelistInstrument(c) => listed(c.instrument),
            C::SetHalted(c) => listed(c.instrument),
            C::AnnounceAuction(c) => listed(c.instrument),
            C::CorrectReference(c) => match c.line {
                trading::Line::Instrument(id) => listed(id),
                trading::Line::Composite(id) => Some(id),
            },
            C::Issue(c) => of(c.asset),
            C::Preallocate(c) => of(c.asset),
            C::Allocate(c) => of(c.asset),
            C::RecordEmissions(c) => Some(c.market),
            C::DetermineShortfall(c) => Some(c.market),
            C::DefineAsset(c) => c.market,
            _ => None,
        };
        let currency = match command {
            C::Deposit(c) => Some(c.currency),
            C::SettleWithdrawal(c) => {
                let mut waiting = self.registry.withdrawals();
                waiting.find(|(record, _)| *record == c.withdrawal).map(|(_, waits)| waits.currency)
            }
            _ => None,
        };
        let trade =
            self.markets.iter().enumerate().filter(move |(_, market)| Some(market.currency) == currency);
        one.into_iter().chain(trade.map(|(place, _)| MarketId::at(place)))
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

    /// Whether an approval would leave out the participant whom an act is about: a new user of a participant, or the way in of
    /// one, takes a user of that participant with the duty of an operator, as proposer or as approver, where there is one beside
    /// the user itself.
    pub(crate) fn lacks_consent(
        &self,
        proposer: ParticipantId,
        approver: ParticipantId,
        command: &Command,
    ) -> bool {
        let (participant, itself) = match command {
            Command::InviteUser(c) => (c.participant, UserId::NOBODY),
            Command::OfferLink(c) => match self.roster.user(c.user) {
                Some(user) => (user.participant, c.user),
                None => return false,
            },
            _ => return false,
        };
        let users = self.roster.users().iter().enumerate();
        let mut others = users.filter(|(place, user)| {
            let keeps = user.active && user.is_enrolled() && user.duties.has(Duty::Operator);
            keeps && user.participant == participant && UserId::at(place + 1) != itself
        });
        ![proposer, approver].contains(&participant) && others.next().is_some()
    }

    fn vouches(&self, actor: ParticipantId, user: UserId, key: &CreateKey) -> bool {
        let fits = |colleague: &roster::User| {
            colleague.active && colleague.participant == actor && key.duties.is_within(colleague.duties)
        };
        let theirs = self.roster.user(key.user).is_some_and(|user| user.participant == actor);
        theirs && self.roster.user(user).is_some_and(fits)
    }
}
