//! Block trading (大宗协议): a proposal to a named counterparty, which accepts or declines.

use crate::{
    AcceptBlock, BlockRejection, End, Event, Match, ProposeBlock, ProposeRejection, Terms, Venue,
    WithdrawBlock, band_limits,
};
use base::{AccountId, Method, Money, Party, ProposalId, Side, Trade};
use serde::{Deserialize, Serialize};

/// A block that waits for its counterparty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// As it was proposed.
    pub terms: ProposeBlock,
    /// Minor units at its price.
    pub amount: Money,
}

impl Venue {
    /// What a block would trade, from the proposer's side. Whether the counterparty is `known`, and whether two accounts are one
    /// owner's, is the registry's to say.
    ///
    /// # Errors
    /// See [`ProposeRejection`].
    pub fn check_propose(
        &self,
        block: &ProposeBlock,
        known: bool,
        same_owner: impl FnOnce(AccountId, AccountId) -> bool,
    ) -> Result<Terms, ProposeRejection> {
        let &ProposeBlock { account, instrument: id, side, counterparty, price, quantity } = block;
        let instrument = self.instrument(id).ok_or(ProposeRejection::InstrumentUnknown)?;
        if instrument.delisted {
            return Err(ProposeRejection::InstrumentDelisted);
        }
        let market = &self.markets[instrument.market.index()];
        let rules = market.rules.block.as_ref().ok_or(ProposeRejection::MethodNotOffered)?;
        if !market.is_open(Method::Block) {
            return Err(ProposeRejection::MarketClosed);
        }
        if instrument.halted {
            return Err(ProposeRejection::InstrumentHalted);
        }
        if self.is_own(id, (account, counterparty), same_owner) {
            return Err(ProposeRejection::OwnBlock);
        }
        if !known {
            return Err(ProposeRejection::CounterpartyUnknown);
        }
        if quantity.0 % market.rules.lot.0 != 0 {
            return Err(ProposeRejection::QuantityOffLot);
        }
        if quantity < rules.quantity_min || !quantity.is_positive() {
            return Err(ProposeRejection::BlockTooSmall);
        }
        let (lower, upper) = band_limits(instrument.day.reference, rules.band);
        if !(lower..=upper).contains(&price) {
            return Err(ProposeRejection::PriceOutsideBand);
        }
        let amount = self.amount(id, price, quantity).ok_or(ProposeRejection::AmountTooLarge)?;
        Ok(self.terms(Method::Block, id, (account, side), quantity, amount))
    }

    /// Proposes a block whose terms were checked and set aside.
    pub fn propose(
        &mut self,
        terms: &ProposeBlock,
        amount: Money,
        out: &mut impl FnMut(Event),
    ) -> ProposalId {
        let proposal = ProposalId(self.next_id());
        self.proposals.insert(proposal, Proposal { terms: *terms, amount });
        out(Event::BlockProposed { proposal, terms: *terms });
        proposal
    }

    /// What accepting a block would trade, from the counterparty's side.
    ///
    /// # Errors
    /// See [`BlockRejection`].
    pub fn check_accept(&self, accept: &AcceptBlock) -> Result<Terms, BlockRejection> {
        let Proposal { terms, amount } =
            self.proposals.get(&accept.proposal).ok_or(BlockRejection::ProposalUnknown)?;
        if terms.counterparty != accept.account {
            return Err(BlockRejection::NotTheCounterparty);
        }
        let instrument = &self.instruments[terms.instrument.index()];
        if !self.markets[instrument.market.index()].is_open(Method::Block) {
            return Err(BlockRejection::MarketClosed);
        }
        if instrument.halted {
            return Err(BlockRejection::InstrumentHalted);
        }
        let who = (accept.account, terms.side.opposite());
        Ok(self.terms(Method::Block, terms.instrument, who, terms.quantity, *amount))
    }

    /// Makes the trade of a block whose acceptance was checked and set aside.
    pub fn accept(&mut self, accept: &AcceptBlock, out: &mut impl FnMut(Event)) -> Trade {
        let Some(Proposal { terms, .. }) = self.proposals.remove(&accept.proposal) else {
            unreachable!("the acceptance was checked")
        };
        let party = |account| Party { account, traded_before: Money::ZERO };
        let (proposer, counterparty) = (party(terms.account), party(terms.counterparty));
        let (buyer, seller) = match terms.side {
            Side::Buy => (proposer, counterparty),
            Side::Sell => (counterparty, proposer),
        };
        let made =
            Match { method: Method::Block, price: terms.price, quantity: terms.quantity, buyer, seller };
        self.trade(terms.instrument, made, out)
    }

    /// Withdraws or declines a block. Returns what was set aside for it.
    ///
    /// # Errors
    /// See [`BlockRejection`].
    pub fn withdraw_block(
        &mut self,
        withdraw: &WithdrawBlock,
        out: &mut impl FnMut(Event),
    ) -> Result<Terms, BlockRejection> {
        let terms = self.proposals.get(&withdraw.proposal).ok_or(BlockRejection::ProposalUnknown)?.terms;
        let end = match withdraw.account {
            account if account == terms.account => End::Withdrawn,
            account if account == terms.counterparty => End::Declined,
            _ => return Err(BlockRejection::NotTheCounterparty),
        };
        Ok(self.end_proposal(withdraw.proposal, end, out))
    }

    pub(crate) fn end_proposal(&mut self, id: ProposalId, end: End, out: &mut impl FnMut(Event)) -> Terms {
        let Some(Proposal { terms, amount }) = self.proposals.remove(&id) else {
            unreachable!("only standing proposals are ended")
        };
        out(Event::BlockEnded { proposal: id, end });
        self.terms(Method::Block, terms.instrument, (terms.account, terms.side), terms.quantity, amount)
    }

    /// Blocks that wait for their counterparty, by id.
    pub fn proposals(&self) -> impl Iterator<Item = (ProposalId, &Proposal)> {
        self.proposals.iter().map(|(id, proposal)| (*id, proposal))
    }
}
