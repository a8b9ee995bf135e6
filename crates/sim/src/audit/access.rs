//! Who may send what: the roles of participants, the duties of their users, and where a second person is needed, as docs/access.md
//! says in its table and above it.

use super::shadow::Shadow;
use super::verdict::first;
use base::{AccountId, ParticipantId, Role, UserId};
use engine::Command;
use roster::Duty;
use trading::Whose;

type Judged = Result<(), &'static str>;

/// What is asked for in the end: of a proposal, what it proposes.
fn asked(command: &Command) -> &Command {
    match command {
        Command::ProposeAct { command, .. } => asked(command),
        command => command,
    }
}

/// The duties of which a user has one; `None`: whatever its duties.
fn duties(command: &Command) -> Option<&'static [Duty]> {
    use Command as C;
    use Duty::{Clearing, Custodian, Operator, Supervisor, Trader};
    Some(match command {
        C::PlaceOrder(_) | C::TakeListing(_) | C::CancelOrder(_) | C::EnterOrder(_) | C::AmendOrder(_) => {
            &[Trader]
        }
        C::EnterFunds(_) => &[Trader],
        C::ProposeBlock(_) | C::AcceptBlock(_) | C::WithdrawBlock(_) => &[Trader],
        C::PlaceBid(_) | C::WithdrawBid(_) => &[Trader],
        C::MassCancel(trading::MassCancel { of, .. })
        | C::SetTradingBlocked(trading::SetTradingBlocked { of, blocked: true, .. })
            if *of != Whose::Everyone =>
        {
            &[Operator, Supervisor, Trader]
        }
        C::MassCancel(_) | C::SetTradingBlocked(_) => &[Operator, Supervisor],
        C::SetAccountFrozen(_) | C::SetHalted(_) => &[Operator, Supervisor],
        C::CancelUnits(_) | C::Transfer(_) | C::PledgeUnits(_) | C::ReleasePledge(_) => &[Custodian],
        C::RequestWithdrawal(_) | C::Surrender(_) | C::ApplyCarryOver(_) => &[Custodian],
        C::Deposit(_) | C::SettleWithdrawal(_) => &[Custodian, Clearing],
        C::OpenCase(_) | C::NoteCase(_) | C::CloseCase(_) => &[Supervisor],
        C::Tick | C::ApproveAct { .. } | C::WithdrawAct { .. } => return None,
        _ => &[Operator],
    })
}

/// The name under which a rulebook gives a command to two persons.
fn name_for_two(command: &Command) -> Option<&'static str> {
    use Command as C;
    Some(match command {
        C::Issue(_) => "issue",
        C::Preallocate(_) => "preallocate",
        C::Allocate(_) => "allocate",
        C::DecideCarryOver(_) => "decide_carry_over",
        C::CorrectReference(_) => "correct_reference",
        C::DeclareHoliday(_) => "declare_holiday",
        C::SetHalted(c) if !c.halted => "resume",
        C::SetTradingBlocked(c) if !c.blocked => "unblock_trading",
        C::SetAccountFrozen(c) if !c.frozen => "unfreeze_account",
        C::UnfreezeUnits(_) => "unfreeze",
        C::ListInstrument(_) => "list_instrument",
        C::DelistInstrument(_) => "delist_instrument",
        C::Deposit(_) => "deposit",
        C::SettleWithdrawal(_) => "settle_withdrawal",
        C::RegisterParticipant(_) => "register_participant",
        C::OpenAccount(_) => "open_account",
        C::DefineAsset(_) => "define_asset",
        C::RecordEmissions(_) => "record_emissions",
        C::DetermineShortfall(_) => "determine_shortfall",
        C::AnnounceAuction(_) => "announce_auction",
        C::CancelAuction(_) => "cancel_auction",
        _ => return None,
    })
}

/// What took two before a rulebook could say so.
const BEFORE: [&str; 10] = [
    "issue",
    "preallocate",
    "allocate",
    "decide_carry_over",
    "correct_reference",
    "declare_holiday",
    "resume",
    "unblock_trading",
    "unfreeze_account",
    "unfreeze",
];

impl Shadow {
    /// Whether a command is in the table as one for a second person: always, or by the rules of a market that it concerns.
    pub(super) fn is_for_two(&self, user: UserId, command: &Command) -> bool {
        use Command as C;
        match command {
            C::AdoptRulebook(_) | C::RevokeHoliday(_) | C::OfferLink(_) | C::UnlockUser(_) => return true,
            C::RenameParticipant(_) | C::CloseAccount(_) | C::RelistInstrument(_) => return true,
            C::BustTrade(_) | C::CorrectTrade(_) => return true,
            C::CreateUser(_) | C::InviteUser(_) | C::SetUserDuties(_) | C::CreateKey(_) => return true,
            C::SetUserActive(c) => return c.active,
            C::SetPassword(c) => return c.user != user,
            C::SetTotp(c) => return c.user != user,
            _ => {}
        }
        let Some(name) = name_for_two(command) else { return false };
        let listed = |id: base::InstrumentId| {
            self.instruments.get(id.index()).map(|instrument| instrument.market as usize)
        };
        let of = |id: base::AssetId| {
            self.assets.get(id.index()).and_then(|asset| asset.market).map(|market| market as usize)
        };
        let paid = |currency: u32| -> Vec<usize> {
            let markets = self.markets.iter().enumerate();
            markets.filter(|(_, market)| market.currency == currency).map(|(id, _)| id).collect()
        };
        let mut concerned: Vec<usize> = match command {
            C::Deposit(c) => paid(c.currency.0),
            C::SettleWithdrawal(c) => {
                self.withdrawals.get(&c.withdrawal.0).map_or_else(Vec::new, |waits| paid(waits.asset))
            }
            C::Issue(c) => of(c.asset).into_iter().collect(),
            C::Preallocate(c) => of(c.asset).into_iter().collect(),
            C::Allocate(c) => of(c.asset).into_iter().collect(),
            C::DelistInstrument(c) => listed(c.instrument).into_iter().collect(),
            C::SetHalted(c) => listed(c.instrument).into_iter().collect(),
            C::AnnounceAuction(c) => listed(c.instrument).into_iter().collect(),
            C::CorrectReference(c) => match c.line {
                trading::Line::Instrument(id) => listed(id).into_iter().collect(),
                trading::Line::Composite(id) => vec![id.index()],
            },
            C::ListInstrument(c) => vec![c.market.index()],
            C::DeclareHoliday(c) => vec![c.market.index()],
            C::RecordEmissions(c) => vec![c.market.index()],
            C::DetermineShortfall(c) => vec![c.market.index()],
            C::DefineAsset(c) => c.market.iter().map(|id| id.index()).collect(),
            _ => Vec::new(),
        };
        concerned.retain(|id| *id < self.markets.len());
        if concerned.is_empty() {
            concerned = (0..self.markets.len()).collect();
        }
        if concerned.is_empty() {
            return BEFORE.contains(&name);
        }
        let amount = if let C::Deposit(c) = command { c.amount.0 } else { i64::MAX };
        concerned.into_iter().any(|id| match &self.markets[id].rules.two_persons {
            None => BEFORE.contains(&name),
            Some(rules) => {
                let acts = engine::rulebook::Paired::ALL.iter().filter(|(_, act)| rules.acts.contains(act));
                acts.map(|(known, _)| *known).any(|known| known == name) && amount >= rules.deposit_from.0
            }
        })
    }

    /// Whether neither who proposes nor who approves is of the participant whom it is about, which has somebody who could.
    pub(super) fn lacks_consent(&self, proposer: u32, approver: u32, command: &Command) -> bool {
        let people = &self.people;
        let (firm, itself) = match command {
            Command::InviteUser(c) => (c.participant.0, None),
            Command::OfferLink(c) => match people.person(c.user) {
                Some(person) => (person.firm, Some(c.user)),
                None => return false,
            },
            _ => return false,
        };
        let keeps = people.users.iter().enumerate().any(|(place, person)| {
            person.firm == firm
                && person.active
                && !person.password.is_empty()
                && person.duties.contains(&Duty::Operator)
                && itself != Some(UserId::at(place + 1))
        });
        keeps && proposer != firm && approver != firm
    }

    /// Who may send what, and who may not send it alone.
    pub(super) fn judge_access(&self, actor: ParticipantId, user: UserId, command: &Command) -> Judged {
        self.judge_permission(actor, user, command)?;
        first(&[(self.takes_two(actor, user, command), "access/second_person_needed")])
    }

    /// Whether a user does not send a command alone.
    #[must_use]
    pub fn takes_two(&self, actor: ParticipantId, user: UserId, command: &Command) -> bool {
        let people = &self.people;
        people.in_force
            && match command {
                // The only one there is makes a second for its own participant.
                Command::CreateUser(roster::CreateUser { participant, .. })
                | Command::InviteUser(roster::InviteUser { participant, .. })
                    if *participant == actor && self.has_role(actor.0, Role::Operator) =>
                {
                    people.operators(actor.0) != 1
                }
                // The node gives a link to an operator of its own who never had a password.
                Command::OfferLink(_) if user == UserId::NOBODY => false,
                // The last two are not stopped by one.
                Command::SetUserActive(c) if !c.active => people.person(c.user).is_some_and(|stopped| {
                    stopped.active
                        && stopped.duties.contains(&Duty::Operator)
                        && self.has_role(stopped.firm, Role::Operator)
                        && people.operators(stopped.firm) <= 2
                }),
                command => self.is_for_two(user, command),
            }
    }

    /// Whether a user of a participant may send a command: alone, or with a second person.
    pub(super) fn judge_permission(&self, actor: ParticipantId, user: UserId, command: &Command) -> Judged {
        if actor.index() >= self.participants.len() {
            return Err("access/actor_unknown");
        }
        let as_trader = self.judge_user(actor, user, command)?;
        self.judge_roles((actor, user), as_trader, asked(command))
    }

    /// Whether the generator may take someone for a sender of a command, approvals among them.
    #[must_use]
    pub fn may_send(&self, actor: ParticipantId, user: UserId, command: &Command) -> bool {
        self.judge_permission(actor, user, command).is_ok()
            && match command {
                Command::ApproveAct { act } => self.people.acts.get(&act.0).is_some_and(|act| {
                    act.proposer != user
                        && self.judge_approver(actor, user, &act.command).is_ok()
                        && !self.lacks_consent(act.actor.0, actor.0, &act.command)
                }),
                Command::WithdrawAct { act, .. } => self.people.acts.get(&act.0).is_some_and(|act| {
                    act.proposer == user || self.judge_approver(actor, user, &act.command).is_ok()
                }),
                _ => true,
            }
    }

    /// The user's side of it; tells whether it sends as a trader, who answers for its own participant alone.
    fn judge_user(
        &self,
        actor: ParticipantId,
        user: UserId,
        command: &Command,
    ) -> Result<bool, &'static str> {
        let people = &self.people;
        if user == UserId::NOBODY {
            let itself = match command {
                Command::Tick => true,
                Command::ProposeAct { command, .. } => matches!(**command, Command::AdoptRulebook(_)),
                Command::OfferLink(c) => people.person(c.user).is_some_and(|person| {
                    person.firm == 0 && person.password.is_empty() && person.duties.contains(&Duty::Operator)
                }),
                _ => false,
            };
            let may = !people.in_force || (itself && actor.0 == 0);
            return if may { Ok(false) } else { Err("access/user_needed") };
        }
        let person = people.person(user).ok_or("access/user_unknown")?;
        first(&[
            (!person.active, "access/user_inactive"),
            (person.firm != actor.0, "access/not_your_participant"),
        ])?;
        let Some(any_of) = duties(asked(command)) else { return Ok(false) };
        let has: Vec<Duty> = any_of.iter().copied().filter(|duty| person.duties.contains(duty)).collect();
        let own = match asked(command) {
            Command::SetPassword(c) => c.user == user,
            Command::SetTotp(c) => c.user == user,
            Command::CreateKey(c) => c.user == user,
            Command::Enrol(c) => c.user == user,
            Command::EnrolTotp(c) => c.user == user,
            Command::RevokeKey(c) => people.keys.get(&c.id).is_some_and(|key| key.user == user),
            _ => false,
        };
        first(&[(has.is_empty() && !own, "access/not_your_duty")])?;
        Ok(has == [Duty::Trader])
    }

    /// The participant's side of it.
    fn judge_roles(
        &self,
        (actor, sender): (ParticipantId, UserId),
        as_trader: bool,
        command: &Command,
    ) -> Judged {
        use Command as C;
        use Role::{Authority, Operator, Registrar, SettlementBank, Supervisor};
        let has = |roles: &[Role]| roles.iter().any(|role| self.has_role(actor.0, *role));
        let roles = |roles: &[Role]| first(&[(!has(roles), "access/not_permitted")]);
        let owner = |account: AccountId| {
            first(&[(self.owner(account.0) != Some(actor.0), "access/not_your_account")])
        };
        let stopping = |of: Whose| {
            if !as_trader && has(&[Operator, Supervisor]) {
                return Ok(());
            }
            match of {
                Whose::Account(account) => owner(account),
                Whose::Participant(firm) => first(&[(firm != actor, "access/not_permitted")]),
                Whose::Everyone => Err("access/not_permitted"),
            }
        };
        match command {
            C::PlaceOrder(trading::PlaceOrder { account, .. })
            | C::TakeListing(trading::TakeListing { account, .. })
            | C::EnterOrder(trading::EnterOrder { account, .. })
            | C::EnterFunds(trading::EnterFunds { account, .. })
            | C::AmendOrder(trading::AmendOrder { account, .. })
            | C::ProposeBlock(trading::ProposeBlock { account, .. })
            | C::AcceptBlock(trading::AcceptBlock { account, .. })
            | C::PlaceBid(trading::PlaceBid { account, .. }) => self.judge_trader(actor, *account),
            C::CancelOrder(trading::CancelOrder { account, .. })
            | C::WithdrawBlock(trading::WithdrawBlock { account, .. })
            | C::WithdrawBid(trading::WithdrawBid { account, .. })
            | C::RequestWithdrawal(registry::RequestWithdrawal { account, .. })
            | C::CancelUnits(registry::CancelUnits { account, .. })
            | C::Transfer(registry::Transfer { from: account, .. })
            | C::PledgeUnits(registry::PledgeUnits { account, .. })
            | C::Surrender(registry::Surrender { account, .. })
            | C::ApplyCarryOver(registry::ApplyCarryOver { account, .. }) => owner(*account),
            C::AnnounceAuction(_) | C::DrawLot(_) | C::CancelAuction(_) => roles(&[Operator]),
            C::ListInstrument(_) | C::DelistInstrument(_) | C::RelistInstrument(_) => roles(&[Operator]),
            C::BustTrade(_) | C::CorrectTrade(_) => roles(&[Operator]),
            C::CorrectReference(_) | C::AdoptRulebook(_) => roles(&[Operator]),
            C::DeclareHoliday(_) | C::RevokeHoliday(_) => roles(&[Operator]),
            C::PutRosterInForce => roles(&[Operator]),
            C::MassCancel(c) => stopping(c.of),
            C::SetTradingBlocked(c) if c.blocked => stopping(c.of),
            C::SetTradingBlocked(_) | C::SetHalted(_) => roles(&[Operator, Supervisor]),
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => {
                roles(&[Operator, Registrar])
            }
            C::RenameParticipant(_) | C::CloseAccount(_) => roles(&[Operator, Registrar]),
            C::Issue(_) | C::Preallocate(_) | C::Allocate(_) => roles(&[Authority]),
            C::RecordEmissions(_) | C::DetermineShortfall(_) => roles(&[Authority]),
            C::DecideCarryOver(_) => roles(&[Authority, Registrar]),
            C::FreezeUnits(_) | C::UnfreezeUnits(_) => roles(&[Registrar]),
            C::SetAccountFrozen(_) => roles(&[Registrar, Supervisor]),
            C::Deposit(_) | C::SettleWithdrawal(_) => roles(&[SettlementBank]),
            C::OpenCase(_) | C::NoteCase(_) | C::CloseCase(_) => roles(&[Supervisor]),
            C::ReleasePledge(_) | C::Tick => Ok(()),
            // Looked at when the act is: who might send what was proposed.
            C::ApproveAct { .. } | C::WithdrawAct { .. } | C::ProposeAct { .. } => Ok(()),
            command => self.judge_keeper((actor, sender), command),
        }
    }

    /// Who keeps users: their own participant, and operators; and what only the user itself does.
    fn judge_keeper(&self, (actor, sender): (ParticipantId, UserId), command: &Command) -> Judged {
        use Command as C;
        let of_firm = |firm: Option<ParticipantId>| {
            let may = firm == Some(actor) || self.has_role(actor.0, Role::Operator);
            first(&[(!may, "access/not_permitted")])
        };
        let of_user =
            |user: UserId| of_firm(self.people.person(user).map(|person| ParticipantId(person.firm)));
        match command {
            C::CreateUser(c) => of_firm(Some(c.participant)),
            C::InviteUser(c) => of_firm(Some(c.participant)),
            C::OfferLink(c) => of_user(c.user),
            C::UnlockUser(c) => of_user(c.user),
            C::Enrol(roster::Enrol { user, .. }) | C::EnrolTotp(roster::EnrolTotp { user, .. }) => {
                let files = sender == UserId::NOBODY && !self.people.in_force;
                if files { of_user(*user) } else { first(&[(*user != sender, "access/not_permitted")]) }
            }
            C::SetUserDuties(c) => of_user(c.user),
            C::SetUserActive(c) => of_user(c.user),
            C::SetPassword(c) => of_user(c.user),
            C::SetTotp(c) => of_user(c.user),
            C::CreateKey(c) => of_user(c.user),
            C::RevokeKey(c) => of_user(self.people.keys.get(&c.id).map_or(UserId::NOBODY, |key| key.user)),
            _ => Err("access/not_permitted"),
        }
    }

    fn judge_trader(&self, actor: ParticipantId, account: AccountId) -> Judged {
        let trades = [Role::ComplianceEntity, Role::Institution].iter().any(|r| self.has_role(actor.0, *r));
        first(&[
            (self.owner(account.0) != Some(actor.0), "access/not_your_account"),
            (self.has_role(actor.0, Role::BarredStaff), "access/barred_from_trading"),
            (!trades, "access/not_permitted"),
            (self.is_blocked(account.0), "access/trading_blocked"),
        ])
    }
}
