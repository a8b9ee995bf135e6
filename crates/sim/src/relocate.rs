//! When steps are left out of a history, ids move: the order that was the fifth is the third. A run notes what each step created,
//! and a shorter run of the same steps speaks of the same things under their new ids.

use base::{Sequence, UserId};
use engine::{Command, Envelope, Event};
use registry::Event as R;
use std::collections::BTreeMap;
use trading::{Event as T, Line, Whose};

/// Whose ids they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Participants.
    Participant,
    /// Accounts.
    Account,
    /// Assets.
    Asset,
    /// Markets.
    Market,
    /// Instruments.
    Instrument,
    /// Orders, listings, blocks, auctions and bids.
    Trading,
    /// Trades.
    Trade,
    /// Pledges, freezes and conversions.
    Registry,
    /// Withdrawals, by their record.
    Withdrawal,
    /// Users.
    User,
    /// What waits for a second person.
    Act,
    /// Cases.
    Case,
}

/// What a record created, in order.
pub type Created = Vec<(Kind, u64)>;

/// What the events of a record created.
#[must_use]
pub fn created(events: &[Event]) -> Created {
    let one = |event: &Event| {
        Some(match event {
            Event::RulebookAdopted { market } => (Kind::Market, market.0.into()),
            Event::Trading(T::InstrumentListed { instrument, .. }) => (Kind::Instrument, instrument.0.into()),
            Event::Trading(T::OrderPlaced { order, .. }) => (Kind::Trading, order.0),
            Event::Trading(T::OrderEntered { order, .. }) => (Kind::Trading, order.0),
            Event::Trading(T::FundsEntered { order, .. }) => (Kind::Trading, order.0),
            Event::Trading(T::BlockProposed { proposal, .. }) => (Kind::Trading, proposal.0),
            Event::Trading(T::AuctionAnnounced { auction, .. }) => (Kind::Trading, auction.0),
            Event::Trading(T::BidPlaced { bid, .. }) => (Kind::Trading, bid.0),
            Event::Trading(T::Traded(trade)) => (Kind::Trade, trade.id.0),
            Event::Trading(T::Filled { trade, .. }) => (Kind::Trade, trade.0),
            Event::Registry(R::ParticipantRegistered { participant }) => {
                (Kind::Participant, participant.0.into())
            }
            Event::Registry(R::AccountOpened { account, .. }) => (Kind::Account, account.0.into()),
            Event::Registry(R::AssetDefined { asset }) => (Kind::Asset, asset.0.into()),
            Event::Registry(R::Pledged { pledge, .. }) => (Kind::Registry, pledge.0),
            Event::Registry(R::Frozen { freeze, .. }) => (Kind::Registry, freeze.0),
            Event::Registry(R::CarryOverApplied { conversion, .. }) => (Kind::Registry, conversion.0),
            Event::Registry(R::WithdrawalRequested { withdrawal, .. }) => (Kind::Withdrawal, withdrawal.0),
            Event::Roster(roster::Event::UserCreated { user }) => (Kind::User, user.0.into()),
            Event::ActProposed { act, .. } => (Kind::Act, act.0.into()),
            Event::Supervision(supervision::Event::CaseOpened { case }) => (Kind::Case, case.0.into()),
            _ => return None,
        })
    };
    events.iter().filter_map(one).collect()
}

/// From the ids of the whole run to those of this one.
#[derive(Clone, Debug, Default)]
pub struct Moved(BTreeMap<(Kind, u64), u64>);

impl Moved {
    /// Learns what a step created in the whole run and in this one.
    pub fn learn(&mut self, whole: &Created, here: &Created) {
        for ((kind, before), (same, now)) in whole.iter().zip(here) {
            if kind == same {
                self.0.insert((*kind, *before), *now);
            }
        }
    }

    fn long(&self, kind: Kind, id: &mut u64) {
        if let Some(now) = self.0.get(&(kind, *id)) {
            *id = *now;
        }
    }

    fn short(&self, kind: Kind, id: &mut u32) {
        if let Some(now) = self.0.get(&(kind, u64::from(*id))) {
            *id = u32::try_from(*now).unwrap_or(u32::MAX);
        }
    }

    fn user(&self, UserId(id): &mut UserId) {
        if let Some(now) = self.0.get(&(Kind::User, u64::from(*id))) {
            *id = u16::try_from(*now).unwrap_or(u16::MAX);
        }
    }

    /// The same command, of the same things.
    #[must_use]
    pub fn envelope(&self, envelope: &Envelope) -> Envelope {
        let mut moved = envelope.clone();
        if self.0.is_empty() {
            return moved;
        }
        self.short(Kind::Participant, &mut moved.actor.0);
        self.user(&mut moved.user);
        self.command(&mut moved.command);
        moved
    }

    fn command(&self, command: &mut Command) {
        use Command as C;
        let account = |id: &mut base::AccountId| self.short(Kind::Account, &mut id.0);
        let asset = |id: &mut base::AssetId| self.short(Kind::Asset, &mut id.0);
        let market = |id: &mut base::MarketId| self.short(Kind::Market, &mut id.0);
        let instrument = |id: &mut base::InstrumentId| self.short(Kind::Instrument, &mut id.0);
        let participant = |id: &mut base::ParticipantId| self.short(Kind::Participant, &mut id.0);
        let whose = |of: &mut Whose| match of {
            Whose::Account(id) => account(id),
            Whose::Participant(id) => participant(id),
            Whose::Everyone => {}
        };
        match command {
            C::PlaceOrder(c) => (account(&mut c.account), instrument(&mut c.instrument)).0,
            C::EnterOrder(c) => (account(&mut c.account), instrument(&mut c.instrument)).0,
            C::EnterFunds(c) => (account(&mut c.account), instrument(&mut c.instrument)).0,
            C::AmendOrder(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.order.0)).0,
            C::MassCancel(c) => (whose(&mut c.of), c.instrument.iter_mut().for_each(instrument)).0,
            C::SetTradingBlocked(c) => whose(&mut c.of),
            C::TakeListing(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.listing.0)).0,
            C::CancelOrder(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.order.0)).0,
            C::ProposeBlock(c) => {
                account(&mut c.account);
                account(&mut c.counterparty);
                instrument(&mut c.instrument);
            }
            C::AcceptBlock(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.proposal.0)).0,
            C::WithdrawBlock(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.proposal.0)).0,
            C::AnnounceAuction(c) => (account(&mut c.account), instrument(&mut c.instrument)).0,
            C::PlaceBid(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.auction.0)).0,
            C::WithdrawBid(c) => (account(&mut c.account), self.long(Kind::Trading, &mut c.bid.0)).0,
            C::DrawLot(c) => self.long(Kind::Trading, &mut c.auction.0),
            C::CancelAuction(c) => self.long(Kind::Trading, &mut c.auction.0),
            C::ListInstrument(c) => (market(&mut c.market), asset(&mut c.asset)).0,
            C::DelistInstrument(c) => instrument(&mut c.instrument),
            C::RelistInstrument(c) => instrument(&mut c.instrument),
            C::SetHalted(c) => instrument(&mut c.instrument),
            C::CorrectReference(c) => match &mut c.line {
                Line::Instrument(id) => instrument(id),
                Line::Composite(id) => market(id),
            },
            C::DeclareHoliday(c) => market(&mut c.market),
            C::RevokeHoliday(c) => market(&mut c.market),
            C::OpenAccount(c) => participant(&mut c.participant),
            C::RenameParticipant(c) => participant(&mut c.participant),
            C::CloseAccount(c) => account(&mut c.account),
            C::DefineAsset(c) => c.market.iter_mut().for_each(market),
            C::Issue(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::Preallocate(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::Allocate(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::CancelUnits(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::Deposit(c) => (account(&mut c.account), asset(&mut c.currency)).0,
            C::RequestWithdrawal(c) => (account(&mut c.account), asset(&mut c.currency)).0,
            C::SettleWithdrawal(c) => {
                let Sequence(record) = &mut c.withdrawal;
                self.long(Kind::Withdrawal, record);
            }
            C::Transfer(c) => {
                account(&mut c.from);
                account(&mut c.to);
                asset(&mut c.asset);
            }
            C::SetAccountFrozen(c) => account(&mut c.account),
            C::RecordEmissions(c) => (market(&mut c.market), participant(&mut c.participant)).0,
            C::Surrender(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::DetermineShortfall(c) => (market(&mut c.market), participant(&mut c.participant)).0,
            C::ApplyCarryOver(c) => {
                account(&mut c.account);
                asset(&mut c.from);
                asset(&mut c.into);
            }
            C::DecideCarryOver(c) => self.long(Kind::Registry, &mut c.conversion.0),
            C::RegisterParticipant(_) | C::AdoptRulebook(_) | C::Tick => {}
            other => self.later(other),
        }
    }

    /// What is about something that a trade or an act of the registry made.
    fn later(&self, command: &mut Command) {
        use Command as C;
        let account = |id: &mut base::AccountId| self.short(Kind::Account, &mut id.0);
        let asset = |id: &mut base::AssetId| self.short(Kind::Asset, &mut id.0);
        let participant = |id: &mut base::ParticipantId| self.short(Kind::Participant, &mut id.0);
        match command {
            C::BustTrade(c) => self.long(Kind::Trade, &mut c.trade.0),
            C::CorrectTrade(c) => self.long(Kind::Trade, &mut c.trade.0),
            C::PledgeUnits(c) => {
                account(&mut c.account);
                asset(&mut c.asset);
                participant(&mut c.pledgee);
            }
            C::ReleasePledge(c) => self.long(Kind::Registry, &mut c.pledge.0),
            C::FreezeUnits(c) => (account(&mut c.account), asset(&mut c.asset)).0,
            C::UnfreezeUnits(c) => self.long(Kind::Registry, &mut c.freeze.0),
            other => self.people(other),
        }
    }

    /// Users, acts for two and cases. Keys have names of their own.
    fn people(&self, command: &mut Command) {
        use Command as C;
        match command {
            C::CreateUser(c) => self.short(Kind::Participant, &mut c.participant.0),
            C::SetUserDuties(c) => self.user(&mut c.user),
            C::SetUserActive(c) => self.user(&mut c.user),
            C::SetPassword(c) => self.user(&mut c.user),
            C::SetTotp(c) => self.user(&mut c.user),
            C::InviteUser(c) => self.short(Kind::Participant, &mut c.participant.0),
            C::OfferLink(c) => self.user(&mut c.user),
            C::Enrol(c) => self.user(&mut c.user),
            C::EnrolTotp(c) => self.user(&mut c.user),
            C::UnlockUser(c) => self.user(&mut c.user),
            C::CreateKey(c) => {
                self.user(&mut c.user);
                c.account.iter_mut().for_each(|id| self.short(Kind::Account, &mut id.0));
            }
            C::ProposeAct { command, .. } => self.command(command),
            C::ApproveAct { act } | C::WithdrawAct { act, .. } => self.short(Kind::Act, &mut act.0),
            C::OpenCase(c) => c.account.iter_mut().for_each(|id| self.short(Kind::Account, &mut id.0)),
            C::NoteCase(c) => self.short(Kind::Case, &mut c.case.0),
            C::CloseCase(c) => self.short(Kind::Case, &mut c.case.0),
            _ => {}
        }
    }
}
