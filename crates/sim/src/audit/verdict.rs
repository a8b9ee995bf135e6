//! What the auditor expects of a command, read off the rules before it looks at what came of it.

use super::shadow::Shadow;
use base::{ParticipantId, Sequence, Side};
use engine::{Command, Envelope, Event, Record};

/// What is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken, and exactly this comes of it.
    Exactly(Vec<Event>),
    /// It is taken, and this is the first that comes of it; the rest is checked event by event.
    Begins(Event),
    /// It is taken; what comes of it, and that something does, is checked event by event.
    Taken,
    /// It is taken, and ends what it means to end, which may be nothing.
    Sweeps,
    /// It is refused for this reason: stage and code.
    Refused(&'static str),
    /// The auditor does not keep what this depends on.
    Unknown,
}

/// The reasons against a command, in order of precedence: the first that holds ends the question.
pub(super) type Judged = Result<(), &'static str>;

/// The first reason that holds.
pub(super) fn first(reasons: &[(bool, &'static str)]) -> Judged {
    reasons.iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, code)| Err(code))
}

pub(super) fn trading(events: Vec<trading::Event>) -> Verdict {
    Verdict::Exactly(events.into_iter().map(Event::Trading).collect())
}

pub(super) fn registry(events: Vec<registry::Event>) -> Verdict {
    Verdict::Exactly(events.into_iter().map(Event::Registry).collect())
}

impl From<Result<Verdict, &'static str>> for Verdict {
    fn from(judged: Result<Verdict, &'static str>) -> Self {
        judged.unwrap_or_else(Self::Refused)
    }
}

impl Shadow {
    /// What is expected of a record, once the calendar has caught up.
    #[must_use]
    pub fn judge(&self, record: &Record) -> Verdict {
        use Command as C;
        let Envelope { actor, user, command, .. } = &record.envelope;
        if let Err(code) = self.judge_access(*actor, *user, command) {
            return Verdict::Refused(code);
        }
        let sent = (*actor, *user);
        match command {
            C::ProposeAct { command, expires } => self.judge_propose_act(sent, command, *expires).into(),
            C::WithdrawAct { act, .. } => self.judge_withdraw_act(sent, *act).into(),
            // Of what is approved comes what would have come of it alone; that it was approved is looked at beside this.
            C::ApproveAct { act } => match self.judge_approval(sent, *act) {
                Ok(act) => self.judge_deed(record.sequence, act.actor, &act.command),
                Err(code) => Verdict::Refused(code),
            },
            command => self.judge_deed(record.sequence, *actor, command),
        }
    }

    /// What is expected of a command that its sender may send.
    fn judge_deed(&self, sequence: Sequence, actor: ParticipantId, command: &Command) -> Verdict {
        use Command as C;
        let judged = match command {
            C::EnterOrder(c) => self.judge_enter(c),
            C::EnterFunds(c) => self.judge_funds(c),
            C::AmendOrder(c) => self.judge_amend(c),
            C::MassCancel(c) => self.judge_mass_cancel(c),
            C::SetTradingBlocked(c) => self.judge_block(c),
            C::PlaceOrder(c) => self.judge_place(c),
            C::TakeListing(c) => self.judge_take(c),
            C::CancelOrder(c) => self.judge_cancel(c),
            C::ProposeBlock(c) => self.judge_propose(c),
            C::AcceptBlock(c) => self.judge_accept(c),
            C::WithdrawBlock(c) => self.judge_withdraw_block(c),
            C::AnnounceAuction(c) => self.judge_announce(c),
            C::PlaceBid(c) => self.judge_bid(c),
            C::WithdrawBid(c) => self.judge_withdraw_bid(c),
            C::DrawLot(c) => self.judge_draw(c),
            C::CancelAuction(c) => self.judge_cancel_auction(c),
            C::ListInstrument(c) => self.judge_list(c),
            C::DelistInstrument(c) => self.judge_delist(c),
            C::RelistInstrument(c) => self.judge_relist(c),
            C::BustTrade(c) => self.judge_bust(c),
            C::CorrectTrade(c) => self.judge_correct_trade(c),
            C::SetHalted(c) => self.judge_halt(c),
            C::CorrectReference(c) => self.judge_correct(c),
            C::DeclareHoliday(c) => self.judge_holiday(c),
            C::RevokeHoliday(c) => self.judge_revoked(c),
            C::RegisterParticipant(c) => self.judge_register(c),
            C::OpenAccount(c) => self.judge_open(c),
            C::DefineAsset(c) => self.judge_define(c),
            C::RenameParticipant(c) => self.judge_rename(c),
            C::CloseAccount(c) => self.judge_close(c),
            C::Issue(c) => self.judge_issue(c),
            C::Preallocate(c) => self.judge_preallocate(c),
            C::Allocate(c) => self.judge_allocate(c),
            C::CancelUnits(c) => self.judge_cancel_units(c),
            C::Deposit(c) => self.judge_deposit(c),
            C::RequestWithdrawal(c) => self.judge_withdrawal(sequence, c),
            C::SettleWithdrawal(c) => self.judge_settle_withdrawal(c),
            C::Transfer(c) => self.judge_transfer(c),
            C::PledgeUnits(c) => self.judge_pledge(c),
            C::ReleasePledge(c) => self.judge_release(actor, c),
            C::FreezeUnits(c) => self.judge_freeze(c),
            C::UnfreezeUnits(c) => self.judge_unfreeze(c),
            C::SetAccountFrozen(c) => self.judge_freeze_account(c),
            C::RecordEmissions(c) => self.judge_emissions(c),
            C::Surrender(c) => self.judge_surrender(c),
            C::DetermineShortfall(c) => self.judge_shortfall(c),
            C::ApplyCarryOver(c) => self.judge_carry_over(c),
            C::DecideCarryOver(c) => self.judge_decide(c),
            C::AdoptRulebook(c) => self.judge_adopt(c),
            C::Tick => Ok(Verdict::Exactly(Vec::new())),
            C::OpenCase(c) => self.judge_open_case(c),
            C::NoteCase(c) => self.judge_note_case(c.case, &c.note),
            C::CloseCase(c) => self.judge_close_case(c.case, &c.finding),
            C::CreateUser(_)
            | C::SetUserDuties(_)
            | C::SetUserActive(_)
            | C::SetPassword(_)
            | C::SetTotp(_)
            | C::CreateKey(_)
            | C::RevokeKey(_)
            | C::InviteUser(_)
            | C::OfferLink(_)
            | C::Enrol(_)
            | C::EnrolTotp(_)
            | C::UnlockUser(_)
            | C::PutRosterInForce => self.judge_roster(command),
            // Nothing of this kind can be proposed.
            C::ProposeAct { .. } | C::ApproveAct { .. } | C::WithdrawAct { .. } => {
                Err("act/needs_no_second_person")
            }
        };
        judged.into()
    }

    /// Whether an order can set aside what it may need. Its amount fits.
    pub(super) fn judge_hold(
        &self,
        (account, instrument): (u32, u32),
        (method, side): (usize, Side),
        amount: i128,
        quantity: i128,
    ) -> Judged {
        let (asset, needed) = self.hold(instrument, method, side, amount, quantity);
        let short = match side {
            Side::Buy => "hold/insufficient_cash",
            Side::Sell => "hold/insufficient_holding",
        };
        first(&[
            (needed > i64::MAX.into(), "clearing/amount_too_large"),
            (self.frozen(account), "hold/account_frozen"),
            (self.ledger.available(account, asset) < needed, short),
        ])
    }
}
