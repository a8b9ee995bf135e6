//! Units come into being and end: issuance, pre-allocation, cancellation.

use crate::{
    Allocate, AssetClass, Bucket, CancelUnits, Event, IssuanceRejection, Issue, Preallocate, Registry,
};
use base::{AccountId, AssetId, MarketId, ParticipantId, Quantity, share};

impl Registry {
    fn check_units(&self, account: AccountId, asset: AssetId) -> Result<(), IssuanceRejection> {
        if self.live(account).is_none() {
            return Err(IssuanceRejection::AccountUnknown);
        }
        match self.assets.get(asset.index()).map(|asset| asset.class) {
            None => Err(IssuanceRejection::AssetUnknown),
            Some(AssetClass::Currency) => Err(IssuanceRejection::AssetIsCurrency),
            Some(_) => Ok(()),
        }
    }

    /// Whose allocation it would be, and in which market.
    fn check_allocation(
        &self,
        account: AccountId,
        asset: AssetId,
    ) -> Result<(ParticipantId, MarketId), IssuanceRejection> {
        self.check_units(account, asset)?;
        match (self.assets[asset.index()].class, self.assets[asset.index()].market) {
            (AssetClass::Allowance { .. }, Some(market)) => {
                Ok((self.accounts[account.index()].participant, market))
            }
            _ => Err(IssuanceRejection::NotAnAllowance),
        }
    }

    /// Creates units.
    ///
    /// # Errors
    /// See [`IssuanceRejection`].
    pub fn issue(&mut self, command: &Issue, out: &mut impl FnMut(Event)) -> Result<(), IssuanceRejection> {
        let &Issue { account, asset, quantity, .. } = command;
        self.check_units(account, asset)?;
        if !quantity.is_positive() {
            return Err(IssuanceRejection::QuantityNotPositive);
        }
        if !self.ledger.can_issue(asset, quantity) {
            return Err(IssuanceRejection::IssueTooLarge);
        }
        self.ledger.issue(account, asset, quantity);
        out(Event::Issued { account, asset, quantity });
        Ok(())
    }

    /// Pre-allocates the rules' share of the emissions verified for the base year, rounded down, less the shortfalls that
    /// were determined and not yet cut (interim regulation 2024, art. 24).
    ///
    /// # Errors
    /// See [`IssuanceRejection`].
    pub fn preallocate(
        &mut self,
        command: &Preallocate,
        out: &mut impl FnMut(Event),
    ) -> Result<(), IssuanceRejection> {
        let &Preallocate { account, asset, base_year } = command;
        let (participant, market) = self.check_allocation(account, asset)?;
        let Some(rate) = self.rules[market.index()].preallocation else {
            return Err(IssuanceRejection::PreallocationNotOpen);
        };
        if self.preallocated.contains_key(&(participant, asset)) {
            return Err(IssuanceRejection::AlreadyPreallocated);
        }
        let Some(duty) = self.duties.get(&(market, base_year, participant)) else {
            return Err(IssuanceRejection::NoVerifiedEmissions);
        };
        let granted = share(duty.verified.0, rate).ok_or(IssuanceRejection::IssueTooLarge)?;
        if !self.ledger.can_issue(asset, Quantity(granted)) {
            return Err(IssuanceRejection::IssueTooLarge);
        }
        let mut left = granted;
        for ((_, _, _), duty) in
            self.duties.iter_mut().filter(|((m, _, p), _)| (*m, *p) == (market, participant))
        {
            let cut = duty.to_cut.0.min(left);
            duty.to_cut.0 -= cut;
            left -= cut;
        }
        self.preallocated.insert((participant, asset), Quantity(granted));
        if left < granted {
            out(Event::AllocationCut { participant, asset, quantity: Quantity(granted - left) });
        }
        self.ledger.issue(account, asset, Quantity(left));
        out(Event::Issued { account, asset, quantity: Quantity(left) });
        Ok(())
    }

    /// States the final allocation: the formula's quantity, raised so far that the shortfall against the verified emissions stays
    /// within the rules' share of them. The difference from the pre-allocation is issued, or taken back from what is available.
    ///
    /// # Errors
    /// See [`IssuanceRejection`].
    pub fn allocate(
        &mut self,
        command: &Allocate,
        out: &mut impl FnMut(Event),
    ) -> Result<(), IssuanceRejection> {
        let &Allocate { account, asset, base_year, quantity } = command;
        let (participant, market) = self.check_allocation(account, asset)?;
        let Some(cap) = self.rules[market.index()].shortfall_cap else {
            return Err(IssuanceRejection::AllocationNotOpen);
        };
        if self.allocated.contains_key(&(participant, asset)) {
            return Err(IssuanceRejection::AlreadyAllocated);
        }
        let Some(duty) = self.duties.get(&(market, base_year, participant)) else {
            return Err(IssuanceRejection::NoVerifiedEmissions);
        };
        let borne = share(duty.verified.0, cap).ok_or(IssuanceRejection::IssueTooLarge)?;
        let granted = quantity.0.max(duty.verified.0 - borne);
        let before = self.preallocated.get(&(participant, asset)).copied().unwrap_or_default();
        let (more, less) = ((granted - before.0).max(0), (before.0 - granted).max(0));
        if !self.ledger.can_issue(asset, Quantity(more)) {
            return Err(IssuanceRejection::IssueTooLarge);
        }
        if self.ledger.holding(account, asset).available.0 < less {
            return Err(IssuanceRejection::InsufficientHolding);
        }
        self.allocated.insert((participant, asset), Quantity(granted));
        if less > 0 {
            self.ledger.retire(account, asset, Bucket::Available, Quantity(less));
            out(Event::Cancelled { account, asset, quantity: Quantity(less) });
        } else {
            self.ledger.issue(account, asset, Quantity(more));
            out(Event::Issued { account, asset, quantity: Quantity(more) });
        }
        Ok(())
    }

    /// Retires available units without a duty.
    ///
    /// # Errors
    /// See [`IssuanceRejection`].
    pub fn cancel_units(
        &mut self,
        command: &CancelUnits,
        out: &mut impl FnMut(Event),
    ) -> Result<(), IssuanceRejection> {
        let &CancelUnits { account, asset, quantity, .. } = command;
        self.check_units(account, asset)?;
        if !quantity.is_positive() {
            return Err(IssuanceRejection::QuantityNotPositive);
        }
        if self.accounts[account.index()].frozen {
            return Err(IssuanceRejection::AccountFrozen);
        }
        if self.ledger.holding(account, asset).available < quantity {
            return Err(IssuanceRejection::InsufficientHolding);
        }
        self.ledger.retire(account, asset, Bucket::Available, quantity);
        out(Event::Cancelled { account, asset, quantity });
        Ok(())
    }
}
