//! Custody: transfer free of payment, pledge, judicial freeze, frozen accounts.

use crate::{
    AssetClass, Bucket, CustodyRejection, Event, FreezeUnits, PledgeUnits, Registry, ReleasePledge,
    SetAccountFrozen, Transfer, UnfreezeUnits,
};
use base::{AccountId, AssetId, FreezeId, MarketId, ParticipantId, PledgeId, Quantity};
use serde::{Deserialize, Serialize};

/// A pledge over part of a holding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pledge {
    /// Whose holding.
    pub account: AccountId,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// In whose favour.
    pub pledgee: ParticipantId,
}

/// A judicial freeze of part of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Whose holding.
    pub account: AccountId,
    /// What.
    pub asset: AssetId,
    /// Units.
    pub quantity: Quantity,
    /// The court's order.
    pub order: String,
}

impl Registry {
    fn check_custody(
        &self,
        account: AccountId,
        asset: AssetId,
        quantity: Quantity,
    ) -> Result<(), CustodyRejection> {
        if self.live(account).is_none() {
            return Err(CustodyRejection::AccountUnknown);
        }
        match self.assets.get(asset.index()).map(|asset| asset.class) {
            None => return Err(CustodyRejection::AssetUnknown),
            Some(AssetClass::Currency) => return Err(CustodyRejection::AssetIsCurrency),
            Some(_) => {}
        }
        if quantity.is_positive() { Ok(()) } else { Err(CustodyRejection::QuantityNotPositive) }
    }

    fn check_disposal(
        &self,
        account: AccountId,
        asset: AssetId,
        quantity: Quantity,
    ) -> Result<(), CustodyRejection> {
        if self.ledger.holding(account, asset).available < quantity {
            return Err(CustodyRejection::InsufficientHolding);
        }
        Ok(())
    }

    /// What a participant holds of a market's units, over all its accounts.
    #[must_use]
    pub fn held_by(&self, participant: ParticipantId, market: MarketId) -> i128 {
        let assets = || self.assets.iter().enumerate().filter(|(_, asset)| asset.market == Some(market));
        let accounts =
            self.accounts.iter().enumerate().filter(|(_, account)| account.participant == participant);
        let cells = accounts.flat_map(|(account, _)| assets().map(move |(asset, _)| (account, asset)));
        cells
            .map(|(account, asset)| self.ledger.holding(AccountId::at(account), AssetId::at(asset)).total())
            .map(|total| i128::from(total.0))
            .sum()
    }

    /// Moves available units from one account to another, free of payment.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn transfer(
        &mut self,
        command: &Transfer,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let &Transfer { from, to, asset, quantity } = command;
        self.check_custody(from, asset, quantity)?;
        let receiver = self.live(to).ok_or(CustodyRejection::AccountUnknown)?.participant;
        if from == to {
            return Err(CustodyRejection::SameAccount);
        }
        if self.accounts[from.index()].frozen {
            return Err(CustodyRejection::AccountFrozen);
        }
        let market = self.assets[asset.index()].market;
        let limit = market.and_then(|market| Some((market, self.rules[market.index()].holding_limit?)));
        let stays = receiver == self.accounts[from.index()].participant;
        if let Some((market, limit)) = limit.filter(|_| !stays)
            && self.held_by(receiver, market) + i128::from(quantity.0) > i128::from(limit.0)
        {
            return Err(CustodyRejection::HoldingLimitExceeded);
        }
        self.check_disposal(from, asset, quantity)?;
        self.ledger.transfer(asset, (from, Bucket::Available), (to, Bucket::Available), quantity);
        out(Event::Transferred { from, to, asset, quantity });
        Ok(())
    }

    /// Pledges available units.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn pledge(
        &mut self,
        command: &PledgeUnits,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let &PledgeUnits { account, asset, quantity, pledgee } = command;
        self.check_custody(account, asset, quantity)?;
        if pledgee.index() >= self.participants.len() || pledgee == self.accounts[account.index()].participant
        {
            return Err(CustodyRejection::PledgeeUnfit);
        }
        if self.accounts[account.index()].frozen {
            return Err(CustodyRejection::AccountFrozen);
        }
        self.check_disposal(account, asset, quantity)?;
        self.ledger.shift(account, asset, Bucket::Available, Bucket::Pledged, quantity);
        let pledge = PledgeId(self.next_id());
        self.pledges.insert(pledge, Pledge { account, asset, quantity, pledgee });
        out(Event::Pledged { pledge, account, asset, quantity, pledgee });
        Ok(())
    }

    /// Releases a pledge.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn release_pledge(
        &mut self,
        actor: ParticipantId,
        command: &ReleasePledge,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let pledge = command.pledge;
        let held = *self.pledges.get(&pledge).ok_or(CustodyRejection::PledgeUnknown)?;
        if held.pledgee != actor {
            return Err(CustodyRejection::NotThePledgee);
        }
        self.pledges.remove(&pledge);
        let Pledge { account, asset, quantity, .. } = held;
        self.ledger.shift(account, asset, Bucket::Pledged, Bucket::Available, quantity);
        out(Event::PledgeReleased { pledge, account, asset, quantity });
        Ok(())
    }

    /// Freezes available units on the order of a court.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn freeze(
        &mut self,
        command: &FreezeUnits,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let FreezeUnits { account, asset, quantity, order } = command.clone();
        self.check_custody(account, asset, quantity)?;
        self.check_disposal(account, asset, quantity)?;
        self.ledger.shift(account, asset, Bucket::Available, Bucket::Frozen, quantity);
        let freeze = FreezeId(self.next_id());
        self.freezes.insert(freeze, Freeze { account, asset, quantity, order });
        out(Event::Frozen { freeze, account, asset, quantity });
        Ok(())
    }

    /// Lifts a judicial freeze.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn unfreeze(
        &mut self,
        command: &UnfreezeUnits,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let freeze = command.freeze;
        let held = self.freezes.remove(&freeze).ok_or(CustodyRejection::FreezeUnknown)?;
        let Freeze { account, asset, quantity, .. } = held;
        self.ledger.shift(account, asset, Bucket::Frozen, Bucket::Available, quantity);
        out(Event::Unfrozen { freeze, account, asset, quantity });
        Ok(())
    }

    /// Stops or allows disposals from an account.
    ///
    /// # Errors
    /// See [`CustodyRejection`].
    pub fn set_account_frozen(
        &mut self,
        command: &SetAccountFrozen,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CustodyRejection> {
        let (account, frozen) = (command.account, command.frozen);
        let entry = self.accounts.get_mut(account.index()).filter(|account| !account.closed);
        let entry = entry.ok_or(CustodyRejection::AccountUnknown)?;
        entry.frozen = frozen;
        self.desks[account.index()].frozen = frozen;
        out(Event::AccountFrozenSet { account, frozen });
        Ok(())
    }

    /// Pledges in force.
    pub fn pledges(&self) -> impl Iterator<Item = (PledgeId, &Pledge)> {
        self.pledges.iter().map(|(id, pledge)| (*id, pledge))
    }

    /// Judicial freezes in force.
    pub fn freezes(&self) -> impl Iterator<Item = (FreezeId, &Freeze)> {
        self.freezes.iter().map(|(id, freeze)| (*id, freeze))
    }
}
