//! The path of a command, from end to end.
//!
//! A command is applied in one step: check who sends it, let the calendar catch up, match once on what is asked, and hand
//! on from room to room. Everything that can be refused is refused before anything changes.

use crate::after_trade::owner;
use crate::{Command, Envelope, Event, Events, Record, Rejection, State};
use base::{
    AccountId, Directive, Hold, InstrumentId, MarketId, ParticipantId, Sequence, Side, Timestamp, Trade,
};
use registry::Registry;
use roster::{Roster, RosterRejection};
use trading::{
    AcceptBlock, AmendOrder, AnnounceAuction, CancelAuction, CancelOrder, DeclareHoliday, DelistInstrument,
    DrawLot, End, EnterFunds, EnterOrder, ListInstrument, MassCancel, PlaceBid, PlaceOrder, ProposeBlock,
    RevokeHoliday, SetHalted, SetTradingBlocked, SweepRejection, TakeListing, Terms, Uncrossed, Whose,
    WithdrawBid, WithdrawBlock,
};

type Applied = Result<(), Rejection>;

impl State {
    /// Applies a record. What happened is in `out`, which is cleared first; a refusal is among it.
    ///
    /// # Panics
    /// A record out of sequence or back in time: the log hands them over in order, and a gap is a broken invariant.
    pub fn apply(&mut self, record: &Record, out: &mut Events) {
        assert_eq!(record.sequence.0, self.sequence.0 + 1, "records are applied in sequence");
        assert!(record.time >= self.time, "time never runs back");
        out.clear();
        self.sequence = record.sequence;
        self.time = record.time;
        if record.time >= self.due_at {
            self.advance(record.time, out);
        }
        if let Err(rejection) = self.execute(&record.envelope, out) {
            out.push(Event::Refused(rejection));
        }
        self.observe(out);
    }

    fn execute(&mut self, sent: &Envelope, out: &mut Events) -> Applied {
        self.check_access(sent)?;
        self.perform(sent, out)
    }

    /// Does what is asked. Its sender may: that was checked.
    pub(crate) fn perform(&mut self, sent: &Envelope, out: &mut Events) -> Applied {
        match &sent.command {
            Command::EnterOrder(c) => self.enter_order(c, out),
            Command::EnterFunds(c) => self.enter_funds(c, out),
            Command::AmendOrder(c) => self.amend_order(c, out),
            Command::CancelOrder(c) => self.cancel_order(c, out),
            Command::MassCancel(c) => self.mass_cancel(c, out),
            Command::SetTradingBlocked(c) => self.set_trading_blocked(c, out),
            Command::PlaceOrder(c) => self.place_order(c, out),
            Command::TakeListing(c) => self.take_listing(c, out),
            Command::ProposeBlock(c) => self.propose_block(c, out),
            Command::AcceptBlock(c) => self.accept_block(c, out),
            Command::WithdrawBlock(c) => self.withdraw_block(c, out),
            Command::AnnounceAuction(c) => self.announce_auction(c, out),
            Command::PlaceBid(c) => self.place_bid(c, out),
            Command::WithdrawBid(c) => self.withdraw_bid(c, out),
            Command::DrawLot(c) => self.draw_lot(c, out),
            Command::CancelAuction(c) => self.cancel_auction(c, out),
            Command::ListInstrument(c) => self.list_instrument(c, out),
            Command::DelistInstrument(c) => self.delist_instrument(c, out),
            Command::RelistInstrument(c) => Ok(self.venue.relist(c, &mut out.trading())?),
            Command::BustTrade(c) => self.bust_trade(c, out),
            Command::CorrectTrade(c) => self.correct_trade(c, out),
            Command::SetHalted(c) => self.set_halted(c, out),
            Command::CorrectReference(c) => Ok(self.venue.correct_reference(c, &mut out.trading())?),
            Command::DeclareHoliday(c) => self.declare_holiday(c, out),
            Command::RevokeHoliday(c) => self.revoke_holiday(c, out),
            Command::RegisterParticipant(c) => {
                Ok(self.registry.register_participant(c, &mut out.registry()).map(drop)?)
            }
            Command::OpenAccount(c) => Ok(self.registry.open_account(c, &mut out.registry()).map(drop)?),
            Command::DefineAsset(c) => self.define_asset(c, out),
            Command::RenameParticipant(c) => Ok(self.registry.rename_participant(c, &mut out.registry())?),
            Command::CloseAccount(c) => self.close_account(c, out),
            Command::Issue(c) => Ok(self.registry.issue(c, &mut out.registry())?),
            Command::Preallocate(c) => Ok(self.registry.preallocate(c, &mut out.registry())?),
            Command::Allocate(c) => Ok(self.registry.allocate(c, &mut out.registry())?),
            Command::CancelUnits(c) => Ok(self.registry.cancel_units(c, &mut out.registry())?),
            Command::Deposit(c) => Ok(self.registry.deposit(c, &mut out.registry())?),
            Command::RequestWithdrawal(c) => {
                Ok(self.registry.request_withdrawal(self.sequence, c, &mut out.registry())?)
            }
            Command::SettleWithdrawal(c) => Ok(self.registry.settle_withdrawal(c, &mut out.registry())?),
            Command::Transfer(c) => Ok(self.registry.transfer(c, &mut out.registry())?),
            Command::PledgeUnits(c) => Ok(self.registry.pledge(c, &mut out.registry())?),
            Command::ReleasePledge(c) => {
                Ok(self.registry.release_pledge(sent.actor, c, &mut out.registry())?)
            }
            Command::FreezeUnits(c) => Ok(self.registry.freeze(c, &mut out.registry())?),
            Command::UnfreezeUnits(c) => Ok(self.registry.unfreeze(c, &mut out.registry())?),
            Command::SetAccountFrozen(c) => self.set_account_frozen(c, out),
            Command::RecordEmissions(c) => Ok(self.registry.record_emissions(c, &mut out.registry())?),
            Command::Surrender(c) => {
                let today = self.today(c.asset);
                Ok(self.registry.surrender(today, c, &mut out.registry())?)
            }
            Command::DetermineShortfall(c) => {
                let today = self.markets.get(c.market.index()).map(|_| self.venue.date(c.market));
                let today = today.ok_or(registry::ComplianceRejection::PeriodUnknown)?;
                Ok(self.registry.determine_shortfall(today, c, &mut out.registry())?)
            }
            Command::ApplyCarryOver(c) => {
                let today = self.today(c.from);
                Ok(self.registry.apply_carry_over(today, c, &mut out.registry())?)
            }
            Command::DecideCarryOver(c) => Ok(self.registry.decide_carry_over(c, &mut out.registry())?),
            Command::AdoptRulebook(rulebook) => self.adopt(rulebook, out),
            Command::Tick => Ok(()),
            Command::ProposeAct { command, expires } => self.propose_act(sent, (command, *expires), out),
            Command::ApproveAct { act } => self.approve_act(sent, *act, out),
            Command::WithdrawAct { act, .. } => self.withdraw_act(sent, *act, out),
            Command::OpenCase(c) => {
                Ok(self.watch.open_case((self.time, sent.user), c, &mut out.supervision())?)
            }
            Command::NoteCase(c) => {
                Ok(self.watch.note_case((self.time, sent.user), c, &mut out.supervision())?)
            }
            Command::CloseCase(c) => {
                Ok(self.watch.close_case((self.time, sent.user), c, &mut out.supervision())?)
            }
            command => self.keep_roster(command, out),
        }
    }

    // --- users and keys ---------------------------------------------------------------------------------------------------

    fn keep_roster(&mut self, command: &Command, out: &mut Events) -> Applied {
        if matches!(command, Command::PutRosterInForce) {
            let operated = self.operators_of(crate::OPERATOR) > 0;
            return Ok(self.roster.put_in_force(operated, &mut out.roster())?);
        }
        let out = &mut out.roster();
        Ok(keep_users(&mut self.roster, &self.registry, self.time, command, out)?)
    }

    // --- what waits for a second person, looked at ahead --------------------------------------------------------------

    /// Why a command would be refused for what it names, whoever sends it: a name that is taken or none, a code that cannot be. What
    /// waits for a second person is looked at so before it is proposed. Nothing changes; what else may refuse it by then is not
    /// looked at.
    ///
    /// # Errors
    /// The refusal that would come of it.
    pub fn foresee(&self, command: &Command) -> Applied {
        match command {
            Command::ListInstrument(c) => self.check_listed(c),
            Command::DelistInstrument(c) => Ok(self.venue.check_standing(c.instrument)?),
            Command::SetHalted(c) => Ok(self.venue.check_standing(c.instrument)?),
            Command::BustTrade(c) => Ok(self.check_bust(c)?),
            Command::CorrectTrade(c) => Ok(self.check_correction(c)?),
            Command::AdoptRulebook(rulebook) => self.check_adopted(rulebook),
            Command::RegisterParticipant(c) => Ok(self.registry.check_participant(c)?),
            Command::OpenAccount(c) => Ok(self.registry.check_account(c)?),
            Command::CreateUser(_)
            | Command::InviteUser(_)
            | Command::OfferLink(_)
            | Command::SetUserDuties(_)
            | Command::SetUserActive(_)
            | Command::SetPassword(_)
            | Command::SetTotp(_)
            | Command::CreateKey(_)
            | Command::UnlockUser(_) => {
                // Thousands of users at most: a copy of them is quickly made, and what is tried on it is what will be done.
                let mut trial = self.roster.clone();
                match keep_users(&mut trial, &self.registry, self.time, command, &mut |_| ()) {
                    // By the time it is approved there may be.
                    Err(RosterRejection::NothingToChange) => Ok(()),
                    tried => Ok(tried?),
                }
            }
            _ => Ok(()),
        }
    }

    // --- the order book: what a match leads to goes on in after_trade.rs ----------------------------------------------

    fn enter_order(&mut self, order: &EnterOrder, out: &mut Events) -> Applied {
        let tariff = |instrument: &trading::Instrument| self.clearing.tariff(instrument.market);
        let incoming = self.venue.check_enter(self.time, order, tariff)?;
        self.registry.reserve(incoming.hold)?;
        let now = self.time;
        let (venue, mut after) = self.floor(out);
        venue.enter(now, order, &incoming, &mut after);
        self.schedule_interruption();
        Ok(())
    }

    fn enter_funds(&mut self, order: &EnterFunds, out: &mut Events) -> Applied {
        let tariff = |instrument: &trading::Instrument| self.clearing.tariff(instrument.market);
        let available = |account, asset| self.registry.ledger().available(account, asset);
        let incoming = self.venue.check_funds(self.time, order, tariff, available)?;
        self.registry.reserve(incoming.hold)?;
        let now = self.time;
        let (venue, mut after) = self.floor(out);
        venue.enter_funds(now, order, &incoming, &mut after);
        self.schedule_interruption();
        Ok(())
    }

    fn amend_order(&mut self, amend: &AmendOrder, out: &mut Events) -> Applied {
        let tariff = |instrument: &trading::Instrument| self.clearing.tariff(instrument.market);
        let more = self.venue.check_amend(self.time, amend, tariff)?;
        self.registry.reserve(more)?;
        let now = self.time;
        let (venue, mut after) = self.floor(out);
        venue.amend(now, amend, &more, &mut after);
        self.schedule_interruption();
        Ok(())
    }

    /// Ends orders and listings, each as its owner would.
    fn mass_cancel(&mut self, command: &MassCancel, out: &mut Events) -> Applied {
        if command.instrument.is_some_and(|id| self.venue.instrument(id).is_none()) {
            return Err(SweepRejection::InstrumentUnknown.into());
        }
        let accounts = self.accounts_of(command.of)?;
        self.end_orders(End::MassCancelled, &accounts, command.instrument, out);
        Ok(())
    }

    /// The kill switch.
    fn set_trading_blocked(&mut self, command: &SetTradingBlocked, out: &mut Events) -> Applied {
        let accounts = self.accounts_of(command.of)?;
        let (venue, mut after) = self.floor(out);
        venue.set_trading_blocked(command, &mut after)?;
        if command.blocked {
            self.end_orders(End::Blocked, &accounts, None, out);
            for account in accounts {
                self.remove_account(account, out);
            }
        }
        Ok(())
    }

    /// The accounts that are meant.
    fn accounts_of(&self, whose: Whose) -> Result<Vec<AccountId>, Rejection> {
        let accounts = self.registry.accounts().iter().enumerate();
        let all = accounts.map(|(index, account)| (AccountId::at(index), account.participant));
        match whose {
            Whose::Account(account) if self.registry.desk(account).is_none() => {
                Err(SweepRejection::AccountUnknown.into())
            }
            Whose::Participant(firm) if firm.index() >= self.registry.participants().len() => {
                Err(SweepRejection::ParticipantUnknown.into())
            }
            Whose::Account(account) => Ok(vec![account]),
            Whose::Participant(firm) => Ok(all.filter(|(_, of)| *of == firm).map(|(id, _)| id).collect()),
            Whose::Everyone => Ok(all.map(|(id, _)| id).collect()),
        }
    }

    /// Ends the orders and listings of some accounts, ascending, in all instruments or in one.
    fn end_orders(&mut self, end: End, accounts: &[AccountId], only: Option<InstrumentId>, out: &mut Events) {
        let which = |account: AccountId, instrument| {
            accounts.binary_search(&account).is_ok() && only.is_none_or(|only| only == instrument)
        };
        let ended = self.venue.end_listings(end, which, &mut out.trading());
        self.release_all(&ended);
        let (venue, mut after) = self.floor(out);
        venue.end_book_orders(end, which, &mut after);
    }

    // --- listed trading -------------------------------------------------------------------------------------------------

    fn place_order(&mut self, order: &PlaceOrder, out: &mut Events) -> Applied {
        let terms = self.venue.check_place(order)?;
        self.reserve(&terms)?;
        self.venue.place(order, terms.amount, &mut out.trading());
        Ok(())
    }

    fn take_listing(&mut self, take: &TakeListing, out: &mut Events) -> Applied {
        let terms = self.venue.check_take(take, |one, other| self.registry.same_owner(one, other))?;
        self.reserve(&terms)?;
        let trade = self.venue.take(take, &mut out.trading());
        self.settle(&trade, out);
        Ok(())
    }

    fn cancel_order(&mut self, cancel: &CancelOrder, out: &mut Events) -> Applied {
        if trading::Venue::is_book_order(cancel.order) {
            let (venue, mut after) = self.floor(out);
            return Ok(venue.cancel_book_order(cancel, &mut after)?);
        }
        let ended = self.venue.cancel(cancel, &mut out.trading())?;
        self.release(&ended);
        Ok(())
    }

    // --- block trading --------------------------------------------------------------------------------------------------

    fn propose_block(&mut self, block: &ProposeBlock, out: &mut Events) -> Applied {
        let known = self.registry.live(block.counterparty).is_some();
        let same_owner = |one, other| self.registry.same_owner(one, other);
        let terms = self.venue.check_propose(block, known, same_owner)?;
        self.reserve(&terms)?;
        self.venue.propose(block, terms.amount, &mut out.trading());
        Ok(())
    }

    fn accept_block(&mut self, accept: &AcceptBlock, out: &mut Events) -> Applied {
        let terms = self.venue.check_accept(accept)?;
        self.reserve(&terms)?;
        let trade = self.venue.accept(accept, &mut out.trading());
        self.settle(&trade, out);
        Ok(())
    }

    fn withdraw_block(&mut self, withdraw: &WithdrawBlock, out: &mut Events) -> Applied {
        let ended = self.venue.withdraw_block(withdraw, &mut out.trading())?;
        self.release(&ended);
        Ok(())
    }

    // --- one-way auctions -----------------------------------------------------------------------------------------------

    fn announce_auction(&mut self, announced: &AnnounceAuction, out: &mut Events) -> Applied {
        let (terms, announced) = self.venue.check_announce(self.time, announced)?;
        let initiator = self.registry.live(terms.account).map(|account| account.participant);
        let initiator = initiator.ok_or(crate::AccessRejection::NotYourAccount)?;
        if self.registry.has_role(initiator, base::Role::BarredStaff) {
            return Err(crate::AccessRejection::BarredFromTrading.into());
        }
        self.reserve(&terms)?;
        self.venue.announce(announced, terms.amount, &mut out.trading());
        self.schedule();
        Ok(())
    }

    fn place_bid(&mut self, bid: &PlaceBid, out: &mut Events) -> Applied {
        let same_owner = |one, other| self.registry.same_owner(one, other);
        let terms = self.venue.check_bid(self.time, bid, same_owner)?;
        self.reserve(&terms)?;
        self.venue.bid(bid, terms.amount, &mut out.trading());
        Ok(())
    }

    fn withdraw_bid(&mut self, withdraw: &WithdrawBid, out: &mut Events) -> Applied {
        let ended = self.venue.withdraw_bid(self.time, withdraw, &mut out.trading())?;
        self.release(&ended);
        Ok(())
    }

    fn draw_lot(&mut self, draw: &DrawLot, out: &mut Events) -> Applied {
        let uncrossed = self.venue.draw_lot(draw, &mut out.trading())?;
        self.settle_auction(uncrossed, out);
        Ok(())
    }

    fn cancel_auction(&mut self, cancel: &CancelAuction, out: &mut Events) -> Applied {
        let ended = self.venue.cancel_auction(cancel, &mut out.trading())?;
        self.release_all(&ended);
        self.schedule();
        Ok(())
    }

    pub(crate) fn settle_auction(&mut self, uncrossed: Uncrossed, out: &mut Events) {
        for trade in &uncrossed.trades {
            self.settle(trade, out);
        }
        self.release_all(&uncrossed.ended);
    }

    // --- holds before a trade, settlement after it ------------------------------------------------------------------------

    /// Sets aside everything an order can need, so that no trade can fail.
    fn reserve(&mut self, terms: &Terms) -> Applied {
        let cash = self.clearing.cash_hold(terms.market, terms.method, terms.side, terms.amount)?;
        let (asset, quantity) = match terms.side {
            Side::Buy => (terms.currency, cash.on_ledger()),
            Side::Sell => (terms.asset, terms.quantity),
        };
        Ok(self.registry.reserve(Hold { account: terms.account, asset, quantity })?)
    }

    /// Gives back what an order set aside and did not need: what its trades used, fees included, is gone already.
    fn release(&mut self, terms: &Terms) {
        let hold = |amount| self.clearing.cash_hold(terms.market, terms.method, terms.side, amount);
        let (asset, quantity) = match terms.side {
            Side::Buy => {
                let (Ok(held), Ok(used)) = (hold(terms.amount), hold(terms.traded)) else {
                    unreachable!("what was set aside could be counted")
                };
                (terms.currency, base::Quantity(held.0 - used.0))
            }
            Side::Sell => (terms.asset, base::Quantity(terms.quantity.0 - terms.filled.0)),
        };
        self.registry.release(Hold { account: terms.account, asset, quantity });
    }

    pub(crate) fn release_all(&mut self, ended: &[Terms]) {
        for terms in ended {
            self.release(terms);
        }
    }

    /// From trade to title: clearing novates, the registry delivers against payment. Final before anything else is looked at.
    fn settle(&mut self, trade: &Trade, out: &mut Events) {
        let owner = |account| self.registry.account(account).map(|account| account.participant);
        let (Some(buyer), Some(seller)) = (owner(trade.buyer.account), owner(trade.seller.account)) else {
            unreachable!("a party to a trade has set something aside")
        };
        let obligation = self.clearing.novate(trade, (buyer, seller), &mut out.clearing());
        self.registry.deliver_versus_payment(&obligation, &mut out.registry());
    }

    // --- supervision -------------------------------------------------------------------------------------------------------

    /// Supervision reads what happened, in order; what it directs is carried out through the room that owns the act.
    #[inline]
    fn observe(&mut self, out: &mut Events) {
        if out.to_observe {
            self.observe_events(out);
        }
        // Those of an order book were raised fill by fill.
        if !out.directives.is_empty() {
            for directive in std::mem::take(&mut out.directives) {
                self.carry_out(directive, out);
            }
        }
    }

    fn observe_events(&mut self, out: &mut Events) {
        let record: Sequence = self.sequence;
        let mut next = 0;
        let (mut raised, mut directed) = (Vec::new(), Vec::new());
        while let Some(event) = out.as_slice().get(next) {
            next += 1;
            match event {
                Event::Registry(event) => {
                    self.watch.observe_registry(event);
                    continue;
                }
                Event::Trading(trading::Event::Traded(trade)) => {
                    let owners =
                        [trade.buyer.account, trade.seller.account].map(|a| owner(&self.registry, a));
                    let raised = &mut |event| raised.push(Event::Supervision(event));
                    self.watch.observe_trade(record, trade, owners, raised, &mut directed);
                }
                _ => continue,
            }
            raised.drain(..).for_each(|event| out.push(event));
            for directive in directed.drain(..) {
                self.carry_out(directive, out);
            }
        }
    }

    fn carry_out(&mut self, directive: Directive, out: &mut Events) {
        let reason = "directed by supervision".to_owned();
        match directive {
            Directive::HaltInstrument(instrument) => {
                let halt = SetHalted { instrument, halted: true, reason };
                // Halted already, or off the list: then there is nothing to do.
                let _ = self.set_halted(&halt, out);
            }
            Directive::FreezeAccount(account) => {
                let freeze = registry::SetAccountFrozen { account, frozen: true, reason };
                let _ = self.set_account_frozen(&freeze, out);
            }
            Directive::StopOwner(account) => {
                for account in self.registry.accounts_of_owner(account) {
                    let (of, reason) = (Whose::Account(account), reason.clone());
                    // Blocked already: then there is nothing to do.
                    let _ = self.set_trading_blocked(&SetTradingBlocked { of, blocked: true, reason }, out);
                }
            }
        }
    }

    // --- acts that touch two rooms -----------------------------------------------------------------------------------------

    /// A frozen account keeps nothing in the market: its orders end before it is frozen.
    fn set_account_frozen(&mut self, command: &registry::SetAccountFrozen, out: &mut Events) -> Applied {
        self.registry.set_account_frozen(command, &mut out.registry())?;
        if command.frozen {
            self.remove_account(command.account, out);
        }
        Ok(())
    }

    fn remove_account(&mut self, account: AccountId, out: &mut Events) {
        self.end_orders(End::Removed, &[account], None, out);
        let ended = self.venue.remove_account(account, &mut out.trading());
        self.release_all(&ended);
        self.schedule();
    }

    /// An order book that is halted leaves its phase; one that resumes takes up that of the clock.
    fn set_halted(&mut self, command: &SetHalted, out: &mut Events) -> Applied {
        let now = self.time;
        let (venue, mut after) = self.floor(out);
        venue.set_halted(now, command, &mut after)?;
        self.schedule_interruption();
        Ok(())
    }

    fn list_instrument(&mut self, command: &ListInstrument, out: &mut Events) -> Applied {
        self.check_listed(command)?;
        self.venue.list(command, &mut out.trading())?;
        Ok(())
    }

    fn check_listed(&self, command: &ListInstrument) -> Applied {
        let asset = self.registry.assets().get(command.asset.index());
        if asset.is_none_or(|asset| asset.market != Some(command.market)) {
            return Err(trading::ControlRejection::AssetUnfit.into());
        }
        self.venue.check_list(command)?;
        Ok(())
    }

    /// The next bell may be another one.
    fn declare_holiday(&mut self, command: &DeclareHoliday, out: &mut Events) -> Applied {
        self.venue.declare_holiday(command, &mut out.trading())?;
        self.schedule();
        Ok(())
    }

    fn revoke_holiday(&mut self, command: &RevokeHoliday, out: &mut Events) -> Applied {
        self.venue.revoke_holiday(command, &mut out.trading())?;
        self.schedule();
        Ok(())
    }

    fn delist_instrument(&mut self, command: &DelistInstrument, out: &mut Events) -> Applied {
        let ended = self.venue.delist(command, &mut out.trading())?;
        self.release_all(&ended);
        let (venue, mut after) = self.floor(out);
        venue.close_book(command.instrument, &mut after);
        self.schedule();
        Ok(())
    }

    /// An account is closed when nothing is in it, nothing of it stands, and nothing comes to it by itself.
    fn close_account(&mut self, command: &registry::CloseAccount, out: &mut Events) -> Applied {
        use registry::ChangeRejection;
        if self.registry.live(command.account).is_none() {
            return Err(ChangeRejection::AccountUnknown.into());
        }
        if self.markets.iter().any(|market| market.fee_account == command.account) {
            return Err(ChangeRejection::AccountInUse.into());
        }
        if self.venue.anything_of(command.account) {
            return Err(ChangeRejection::OrdersStand.into());
        }
        Ok(self.registry.close_account(command, &mut out.registry())?)
    }

    fn define_asset(&mut self, command: &registry::DefineAsset, out: &mut Events) -> Applied {
        let known = |market: MarketId| market.index() < self.markets.len();
        if !command.market.is_none_or(known) {
            return Err(trading::ControlRejection::MarketUnknown.into());
        }
        self.registry.define_asset(command, &mut out.registry())?;
        Ok(())
    }

    fn today(&self, asset: base::AssetId) -> base::Date {
        let market = self.registry.assets().get(asset.index()).and_then(|asset| asset.market);
        market.map(|market| self.venue.date(market)).unwrap_or_default()
    }
}

/// Does what is asked of the roster; that it is put in force is done above, which counts its operators.
fn keep_users(
    roster: &mut Roster,
    registry: &Registry,
    now: Timestamp,
    command: &Command,
    out: &mut impl FnMut(roster::Event),
) -> Result<(), RosterRejection> {
    let known = |participant: ParticipantId| participant.index() < registry.participants().len();
    match command {
        Command::CreateUser(c) => roster.create_user(c, known(c.participant), out),
        Command::InviteUser(c) => roster.invite_user(c, known(c.participant), now, out),
        Command::OfferLink(c) => roster.offer_link(c, now, out),
        Command::Enrol(c) => roster.enrol(c, now, out),
        Command::SetUserDuties(c) => roster.set_user_duties(c, out),
        Command::SetUserActive(c) => roster.set_user_active(c, out),
        Command::SetPassword(c) => roster.set_password(c, out),
        Command::SetTotp(c) => roster.set_totp(c, out),
        Command::EnrolTotp(c) => roster.enrol_totp(c, out),
        Command::CreateKey(c) => {
            let account = c.account.and_then(|account| registry.live(account));
            roster.create_key(c, account.map(|account| account.participant), out)
        }
        Command::RevokeKey(c) => roster.revoke_key(c, out),
        Command::UnlockUser(c) => roster.unlock_user(c, out),
        _ => unreachable!("perform() sends only commands of the roster here"),
    }
}
