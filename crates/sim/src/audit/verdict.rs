//! What the auditor expects of a command, read off the rules before it looks at what came of it.

use super::shadow::Shadow;
use base::{ParticipantId, Role, Side};
use engine::{Command, Envelope, Event, Record};
use trading::Whose;

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
        let Envelope { actor, command, .. } = &record.envelope;
        if let Err(code) = self.judge_access(*actor, command) {
            return Verdict::Refused(code);
        }
        let judged = match command {
            C::EnterOrder(c) => self.judge_enter(c),
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
            C::SetHalted(c) => self.judge_halt(c),
            C::CorrectReference(c) => self.judge_correct(c),
            C::DeclareHoliday(c) => self.judge_holiday(c),
            C::RegisterParticipant(c) => self.judge_register(c),
            C::OpenAccount(c) => self.judge_open(c),
            C::DefineAsset(c) => self.judge_define(c),
            C::Issue(c) => self.judge_issue(c),
            C::Preallocate(c) => self.judge_preallocate(c),
            C::Allocate(c) => self.judge_allocate(c),
            C::CancelUnits(c) => self.judge_cancel_units(c),
            C::Deposit(c) => self.judge_deposit(c),
            C::RequestWithdrawal(c) => self.judge_withdrawal(record.sequence, c),
            C::SettleWithdrawal(c) => self.judge_settle_withdrawal(c),
            C::Transfer(c) => self.judge_transfer(c),
            C::PledgeUnits(c) => self.judge_pledge(c),
            C::ReleasePledge(c) => self.judge_release(*actor, c),
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
            // The simulator makes no users yet: tests/access.rs has an auditor of its own for them.
            _ => Ok(Verdict::Unknown),
        };
        judged.into()
    }

    /// Who may send what, as docs/commands.md says.
    fn judge_access(&self, actor: ParticipantId, command: &Command) -> Judged {
        use Command as C;
        use Role::{Authority, Operator, Registrar, SettlementBank, Supervisor};
        if actor.index() >= self.participants.len() {
            return Err("access/actor_unknown");
        }
        let roles = |roles: &[Role]| {
            first(&[(!roles.iter().any(|role| self.has_role(actor.0, *role)), "access/not_permitted")])
        };
        let owner = |account: base::AccountId| {
            first(&[(self.owner(account.0) != Some(actor.0), "access/not_your_account")])
        };
        let stopping = |of: Whose| {
            if [Operator, Supervisor].iter().any(|role| self.has_role(actor.0, *role)) {
                return Ok(());
            }
            match of {
                Whose::Account(account) => owner(account),
                Whose::Participant(firm) => first(&[(firm != actor, "access/not_permitted")]),
                Whose::Everyone => Err("access/not_permitted"),
            }
        };
        let trader = |account: base::AccountId| {
            owner(account)?;
            let trades =
                [Role::ComplianceEntity, Role::Institution].iter().any(|r| self.has_role(actor.0, *r));
            first(&[
                (self.has_role(actor.0, Role::BarredStaff), "access/barred_from_trading"),
                (!trades, "access/not_permitted"),
                (self.is_blocked(account.0), "access/trading_blocked"),
            ])
        };
        match command {
            C::PlaceOrder(trading::PlaceOrder { account, .. })
            | C::TakeListing(trading::TakeListing { account, .. })
            | C::EnterOrder(trading::EnterOrder { account, .. })
            | C::AmendOrder(trading::AmendOrder { account, .. })
            | C::ProposeBlock(trading::ProposeBlock { account, .. })
            | C::AcceptBlock(trading::AcceptBlock { account, .. })
            | C::PlaceBid(trading::PlaceBid { account, .. }) => trader(*account),
            C::CancelOrder(trading::CancelOrder { account, .. })
            | C::WithdrawBlock(trading::WithdrawBlock { account, .. })
            | C::WithdrawBid(trading::WithdrawBid { account, .. })
            | C::RequestWithdrawal(registry::RequestWithdrawal { account, .. })
            | C::CancelUnits(registry::CancelUnits { account, .. })
            | C::Transfer(registry::Transfer { from: account, .. })
            | C::PledgeUnits(registry::PledgeUnits { account, .. })
            | C::Surrender(registry::Surrender { account, .. })
            | C::ApplyCarryOver(registry::ApplyCarryOver { account, .. }) => owner(*account),
            C::AnnounceAuction(_)
            | C::DrawLot(_)
            | C::CancelAuction(_)
            | C::ListInstrument(_)
            | C::DelistInstrument(_)
            | C::CorrectReference(_)
            | C::DeclareHoliday(_)
            | C::AdoptRulebook(_) => roles(&[Operator]),
            C::MassCancel(c) => stopping(c.of),
            C::SetTradingBlocked(c) if c.blocked => stopping(c.of),
            C::SetTradingBlocked(_) | C::SetHalted(_) => roles(&[Operator, Supervisor]),
            C::RegisterParticipant(_) | C::OpenAccount(_) | C::DefineAsset(_) => {
                roles(&[Operator, Registrar])
            }
            C::Issue(_)
            | C::Preallocate(_)
            | C::Allocate(_)
            | C::RecordEmissions(_)
            | C::DetermineShortfall(_) => roles(&[Authority]),
            C::DecideCarryOver(_) => roles(&[Authority, Registrar]),
            C::FreezeUnits(_) | C::UnfreezeUnits(_) => roles(&[Registrar]),
            C::SetAccountFrozen(_) => roles(&[Registrar, Supervisor]),
            C::Deposit(_) | C::SettleWithdrawal(_) => roles(&[SettlementBank]),
            C::ReleasePledge(_) | C::Tick => Ok(()),
            _ => Ok(()),
        }
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
