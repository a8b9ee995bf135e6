//! Issuance, cash and custody.

use super::finding::{Finding, Found, Kind, check};
use super::ledger::{AVAILABLE, FROZEN, PLEDGED, RESERVED};
use super::shadow::{Apart, Shadow};
use super::verdict::{Verdict, first, registry as exactly};
use base::{AccountId, AssetId, FreezeId, Money, ParticipantId, PledgeId, Quantity, Sequence};
use registry::{
    Allocate, AssetClass, CancelUnits, Deposit, Event, FreezeUnits, Issue, PledgeUnits, Preallocate,
    ReleasePledge, RequestWithdrawal, SetAccountFrozen, SettleWithdrawal, Transfer, UnfreezeUnits,
};

type Judged = Result<Verdict, &'static str>;

fn units(quantity: i128) -> Quantity {
    Quantity(i64::try_from(quantity).unwrap_or(i64::MAX))
}

/// A share of a whole in hundredths of a percent, rounded down.
pub(super) fn share(whole: i128, rate: i64) -> i128 {
    (whole * i128::from(rate)).div_euclid(10_000)
}

impl Shadow {
    fn class(&self, asset: AssetId) -> Option<AssetClass> {
        self.assets.get(asset.index()).map(|asset| asset.class)
    }

    fn fits(&self, asset: AssetId, more: i128) -> bool {
        self.ledger.issued(asset.0) + more <= i64::MAX.into()
    }

    fn short(&self, account: AccountId, asset: AssetId, quantity: i128) -> bool {
        self.ledger.available(account.0, asset.0) < quantity
    }

    // --- issuance -------------------------------------------------------------------------------------------------------

    fn judge_units(&self, account: AccountId, asset: AssetId) -> Result<(), &'static str> {
        first(&[
            (self.owner(account.0).is_none(), "issuance/account_unknown"),
            (self.class(asset).is_none(), "issuance/asset_unknown"),
            (self.class(asset) == Some(AssetClass::Currency), "issuance/asset_is_currency"),
        ])
    }

    pub(super) fn judge_issue(&self, c: &Issue) -> Judged {
        self.judge_units(c.account, c.asset)?;
        first(&[
            (c.quantity.0 <= 0, "issuance/quantity_not_positive"),
            (!self.fits(c.asset, c.quantity.0.into()), "issuance/issue_too_large"),
        ])?;
        Ok(exactly(vec![Event::Issued { account: c.account, asset: c.asset, quantity: c.quantity }]))
    }

    pub(super) fn judge_cancel_units(&self, c: &CancelUnits) -> Judged {
        self.judge_units(c.account, c.asset)?;
        first(&[
            (c.quantity.0 <= 0, "issuance/quantity_not_positive"),
            (self.frozen(c.account.0), "issuance/account_frozen"),
            (self.short(c.account, c.asset, c.quantity.0.into()), "issuance/insufficient_holding"),
        ])?;
        Ok(exactly(vec![Event::Cancelled { account: c.account, asset: c.asset, quantity: c.quantity }]))
    }

    /// Whose allocation it would be, and under which market's rules.
    fn judge_allocation(&self, account: AccountId, asset: AssetId) -> Result<(u32, u32), &'static str> {
        self.judge_units(account, asset)?;
        let allowance = matches!(self.class(asset), Some(AssetClass::Allowance { .. }));
        let market = self.assets.get(asset.index()).and_then(|asset| asset.market).filter(|_| allowance);
        let market = market.ok_or("issuance/not_an_allowance")?;
        Ok((self.owner(account.0).unwrap_or_default(), market))
    }

    fn registry_rules(&self, market: u32) -> Option<&registry::rules::Rules> {
        self.markets.get(market as usize).map(|market| &market.rules.registry)
    }

    pub(super) fn judge_preallocate(&self, c: &Preallocate) -> Judged {
        let (owner, market) = self.judge_allocation(c.account, c.asset)?;
        let rate = self.registry_rules(market).and_then(|rules| rules.preallocation);
        let rate = rate.ok_or("issuance/preallocation_not_open")?;
        let duty = self.duties.get(&(market, c.base_year, owner));
        first(&[
            (self.preallocated.contains_key(&(owner, c.asset.0)), "issuance/already_preallocated"),
            (duty.is_none(), "issuance/no_verified_emissions"),
        ])?;
        let granted = share(duty.map_or(0, |duty| duty.verified), rate.0);
        first(&[(granted > i64::MAX.into() || !self.fits(c.asset, granted), "issuance/issue_too_large")])?;
        let to_cut: i128 =
            self.duties.iter().filter(|(key, _)| (key.0, key.2) == (market, owner)).map(|d| d.1.to_cut).sum();
        let cut = to_cut.min(granted);
        let (participant, asset) = (ParticipantId(owner), c.asset);
        let mut events = Vec::new();
        if cut > 0 {
            events.push(Event::AllocationCut { participant, asset, quantity: units(cut) });
        }
        events.push(Event::Issued { account: c.account, asset, quantity: units(granted - cut) });
        Ok(exactly(events))
    }

    pub(super) fn judge_allocate(&self, c: &Allocate) -> Judged {
        let (owner, market) = self.judge_allocation(c.account, c.asset)?;
        let cap = self.registry_rules(market).and_then(|rules| rules.shortfall_cap);
        let cap = cap.ok_or("issuance/allocation_not_open")?;
        let duty = self.duties.get(&(market, c.base_year, owner));
        first(&[
            (self.allocated.contains(&(owner, c.asset.0)), "issuance/already_allocated"),
            (duty.is_none(), "issuance/no_verified_emissions"),
        ])?;
        let verified = duty.map_or(0, |duty| duty.verified);
        let granted = i128::from(c.quantity.0).max(verified - share(verified, cap.0));
        let before = self.preallocated.get(&(owner, c.asset.0)).copied().unwrap_or_default();
        let (account, asset) = (c.account, c.asset);
        let less = before - granted;
        first(&[
            (less < 0 && !self.fits(asset, -less), "issuance/issue_too_large"),
            (less > 0 && self.short(account, asset, less), "issuance/insufficient_holding"),
        ])?;
        Ok(exactly(vec![if less > 0 {
            Event::Cancelled { account, asset, quantity: units(less) }
        } else {
            Event::Issued { account, asset, quantity: units(-less) }
        }]))
    }

    // --- cash -----------------------------------------------------------------------------------------------------------

    fn judge_cash(&self, account: AccountId, currency: AssetId, amount: Money) -> Result<(), &'static str> {
        first(&[
            (self.owner(account.0).is_none(), "cash/account_unknown"),
            (self.class(currency) != Some(AssetClass::Currency), "cash/not_a_currency"),
            (amount.0 <= 0, "cash/amount_not_positive"),
        ])
    }

    pub(super) fn judge_deposit(&self, c: &Deposit) -> Judged {
        self.judge_cash(c.account, c.currency, c.amount)?;
        first(&[(!self.fits(c.currency, c.amount.0.into()), "cash/deposit_too_large")])?;
        Ok(exactly(vec![Event::Deposited { account: c.account, currency: c.currency, amount: c.amount }]))
    }

    pub(super) fn judge_withdrawal(&self, withdrawal: Sequence, c: &RequestWithdrawal) -> Judged {
        self.judge_cash(c.account, c.currency, c.amount)?;
        first(&[
            (self.frozen(c.account.0), "cash/account_frozen"),
            (self.short(c.account, c.currency, c.amount.0.into()), "cash/insufficient_cash"),
        ])?;
        let (account, currency, amount) = (c.account, c.currency, c.amount);
        Ok(exactly(vec![Event::WithdrawalRequested { withdrawal, account, currency, amount }]))
    }

    pub(super) fn judge_settle_withdrawal(&self, c: &SettleWithdrawal) -> Judged {
        let waiting = self.withdrawals.get(&c.withdrawal.0).ok_or("cash/withdrawal_unknown")?;
        Ok(exactly(vec![Event::WithdrawalSettled {
            withdrawal: c.withdrawal,
            account: AccountId(waiting.account),
            currency: AssetId(waiting.asset),
            amount: Money(units(waiting.quantity).0),
            paid: c.paid,
        }]))
    }

    // --- custody --------------------------------------------------------------------------------------------------------

    fn judge_custody(
        &self,
        account: AccountId,
        asset: AssetId,
        quantity: Quantity,
    ) -> Result<(), &'static str> {
        first(&[
            (self.owner(account.0).is_none(), "custody/account_unknown"),
            (self.class(asset).is_none(), "custody/asset_unknown"),
            (self.class(asset) == Some(AssetClass::Currency), "custody/asset_is_currency"),
            (quantity.0 <= 0, "custody/quantity_not_positive"),
        ])
    }

    pub(super) fn judge_transfer(&self, c: &Transfer) -> Judged {
        self.judge_custody(c.from, c.asset, c.quantity)?;
        let receiver = self.owner(c.to.0).ok_or("custody/account_unknown")?;
        let market = self.assets.get(c.asset.index()).and_then(|asset| asset.market);
        let limit = market.and_then(|market| self.registry_rules(market)?.holding_limit);
        let stays = self.owner(c.from.0) == Some(receiver);
        let beyond = limit.is_some_and(|limit| {
            let held = self.ledger.cells().filter(|((account, asset), _)| {
                let here = self.assets.get(*asset as usize).and_then(|asset| asset.market);
                here == market && self.owner(*account) == Some(receiver)
            });
            let held: i128 = held.flat_map(|(_, buckets)| buckets).sum();
            !stays && held + i128::from(c.quantity.0) > limit.0.into()
        });
        first(&[
            (c.from == c.to, "custody/same_account"),
            (self.frozen(c.from.0), "custody/account_frozen"),
            (beyond, "custody/holding_limit_exceeded"),
            (self.short(c.from, c.asset, c.quantity.0.into()), "custody/insufficient_holding"),
        ])?;
        let Transfer { from, to, asset, quantity } = *c;
        Ok(exactly(vec![Event::Transferred { from, to, asset, quantity }]))
    }

    pub(super) fn judge_pledge(&self, c: &PledgeUnits) -> Judged {
        self.judge_custody(c.account, c.asset, c.quantity)?;
        let unfit =
            c.pledgee.index() >= self.participants.len() || self.owner(c.account.0) == Some(c.pledgee.0);
        first(&[
            (unfit, "custody/pledgee_unfit"),
            (self.frozen(c.account.0), "custody/account_frozen"),
            (self.short(c.account, c.asset, c.quantity.0.into()), "custody/insufficient_holding"),
        ])?;
        let PledgeUnits { account, asset, quantity, pledgee } = *c;
        let pledge = PledgeId(self.given[1] + 1);
        Ok(exactly(vec![Event::Pledged { pledge, account, asset, quantity, pledgee }]))
    }

    pub(super) fn judge_release(&self, actor: ParticipantId, c: &ReleasePledge) -> Judged {
        let (held, pledgee) = self.pledges.get(&c.pledge.0).ok_or("custody/pledge_unknown")?;
        first(&[(*pledgee != actor.0, "custody/not_the_pledgee")])?;
        let (account, asset, quantity) = held.ids();
        Ok(exactly(vec![Event::PledgeReleased { pledge: c.pledge, account, asset, quantity }]))
    }

    pub(super) fn judge_freeze(&self, c: &FreezeUnits) -> Judged {
        self.judge_custody(c.account, c.asset, c.quantity)?;
        first(&[(self.short(c.account, c.asset, c.quantity.0.into()), "custody/insufficient_holding")])?;
        let (account, asset, quantity) = (c.account, c.asset, c.quantity);
        let freeze = FreezeId(self.given[1] + 1);
        Ok(exactly(vec![Event::Frozen { freeze, account, asset, quantity }]))
    }

    pub(super) fn judge_unfreeze(&self, c: &UnfreezeUnits) -> Judged {
        let held = self.freezes.get(&c.freeze.0).ok_or("custody/freeze_unknown")?;
        let (account, asset, quantity) = held.ids();
        Ok(exactly(vec![Event::Unfrozen { freeze: c.freeze, account, asset, quantity }]))
    }

    pub(super) fn judge_freeze_account(&self, c: &SetAccountFrozen) -> Judged {
        first(&[(self.owner(c.account.0).is_none(), "custody/account_unknown")])?;
        let set = Event::AccountFrozenSet { account: c.account, frozen: c.frozen };
        // What stood of it ends too.
        Ok(if c.frozen { Verdict::Begins(engine::Event::Registry(set)) } else { exactly(vec![set]) })
    }

    // --- what happened --------------------------------------------------------------------------------------------------

    /// An event of issuance, cash or custody. That it is the one that was asked for has been compared already.
    pub(super) fn see_registry(&mut self, event: &Event) -> Found {
        let gone =
            |what: &str, id: u64| Finding::new(Kind::Event, format!("{what} {id} ended, and there is none"));
        match *event {
            Event::Issued { account, asset, quantity } => {
                self.ledger.issue(account.0, asset.0, quantity.0.into())
            }
            Event::Cancelled { account, asset, quantity } => {
                self.ledger.retire(account.0, asset.0, AVAILABLE, quantity.0.into())
            }
            Event::Deposited { account, currency, amount } => {
                self.ledger.issue(account.0, currency.0, amount.0.into())
            }
            Event::WithdrawalRequested { withdrawal, account, currency, amount } => {
                let apart = Apart { account: account.0, asset: currency.0, quantity: amount.0.into() };
                self.withdrawals.insert(withdrawal.0, apart);
                self.move_apart(apart, (AVAILABLE, RESERVED))
            }
            Event::WithdrawalSettled { withdrawal, paid, .. } => {
                let apart = self.withdrawals.remove(&withdrawal.0);
                let apart = apart.ok_or_else(|| gone("withdrawal", withdrawal.0))?;
                if paid {
                    self.ledger.retire(apart.account, apart.asset, RESERVED, apart.quantity)
                } else {
                    self.move_apart(apart, (RESERVED, AVAILABLE))
                }
            }
            Event::Transferred { from, to, asset, quantity } => {
                self.ledger.transfer(asset.0, (from.0, AVAILABLE), (to.0, AVAILABLE), quantity.0.into())
            }
            Event::Pledged { pledge, account, asset, quantity, pledgee } => {
                self.give_id(1, pledge.0)?;
                let apart = Apart { account: account.0, asset: asset.0, quantity: quantity.0.into() };
                self.pledges.insert(pledge.0, (apart, pledgee.0));
                self.move_apart(apart, (AVAILABLE, PLEDGED))
            }
            Event::PledgeReleased { pledge, .. } => {
                let (apart, _) = self.pledges.remove(&pledge.0).ok_or_else(|| gone("pledge", pledge.0))?;
                self.move_apart(apart, (PLEDGED, AVAILABLE))
            }
            Event::Frozen { freeze, account, asset, quantity } => {
                self.give_id(1, freeze.0)?;
                let apart = Apart { account: account.0, asset: asset.0, quantity: quantity.0.into() };
                self.freezes.insert(freeze.0, apart);
                self.move_apart(apart, (AVAILABLE, FROZEN))
            }
            Event::Unfrozen { freeze, .. } => {
                let apart = self.freezes.remove(&freeze.0).ok_or_else(|| gone("freeze", freeze.0))?;
                self.move_apart(apart, (FROZEN, AVAILABLE))
            }
            Event::AccountFrozenSet { account, frozen } => {
                let known = self.accounts.get_mut(account.index());
                check(known.is_some(), Kind::Event, || format!("account {account} was frozen"))?;
                if let Some(known) = known {
                    known.frozen = frozen;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn move_apart(&mut self, apart: Apart, between: (usize, usize)) -> Found {
        self.ledger.shift(apart.account, apart.asset, between, apart.quantity)
    }

    /// What an allocation leaves behind besides its units.
    pub(super) fn see_allocated(&mut self, command: &engine::Command) {
        match command {
            engine::Command::Preallocate(c) => {
                let Ok((owner, market)) = self.judge_allocation(c.account, c.asset) else { return };
                let rate = self.registry_rules(market).and_then(|rules| rules.preallocation);
                let verified = self.duties.get(&(market, c.base_year, owner)).map_or(0, |duty| duty.verified);
                let mut left = share(verified, rate.map_or(0, |rate| rate.0));
                self.preallocated.insert((owner, c.asset.0), left);
                for (_, duty) in self.duties.iter_mut().filter(|(key, _)| (key.0, key.2) == (market, owner)) {
                    let cut = duty.to_cut.min(left);
                    duty.to_cut -= cut;
                    left -= cut;
                }
            }
            engine::Command::Allocate(c) => {
                let owner = self.owner(c.account.0).unwrap_or_default();
                self.allocated.insert((owner, c.asset.0));
            }
            _ => {}
        }
    }
}

impl Apart {
    /// As ids and units.
    pub(super) fn ids(&self) -> (AccountId, AssetId, Quantity) {
        (AccountId(self.account), AssetId(self.asset), units(self.quantity))
    }
}
