//! Units come into being and end: issuance, pre-allocation, cancellation.

use crate::{AssetClass, Bucket, CancelUnits, Event, IssuanceRejection, Issue, Preallocate, Registry};
use base::{AccountId, AssetId, Quantity, share};

impl Registry {
    fn check_units(&self, account: AccountId, asset: AssetId) -> Result<(), IssuanceRejection> {
        if self.account(account).is_none() {
            return Err(IssuanceRejection::AccountUnknown);
        }
        match self.assets.get(asset.index()).map(|asset| asset.class) {
            None => Err(IssuanceRejection::AssetUnknown),
            Some(AssetClass::Currency) => Err(IssuanceRejection::AssetIsCurrency),
            Some(_) => Ok(()),
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
        self.check_units(account, asset)?;
        let participant = self.accounts[account.index()].participant;
        let (AssetClass::Allowance { .. }, Some(market)) =
            (self.assets[asset.index()].class, self.assets[asset.index()].market)
        else {
            return Err(IssuanceRejection::NotAnAllowance);
        };
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
