//! The trail of an account: every event that touched it, and what it changed of what the account owns.
//!
//! The changes of an account's asset add up to what it holds of it. What is only set aside, pledged or frozen changes nothing
//! here: it stays the account's.

use super::trades::Made;
use super::{Told, Writer, place};
use anyhow::{Context, Result};
use base::{AccountId, AssetId, Outcome};
use registry::Event;
use trading::Revision;

impl Writer {
    /// An event that touched an account and changed nothing of what it owns.
    pub(super) fn touch(&mut self, told: Told<'_>, (account, part): (i64, usize), kind: &'static str) {
        let cells = (account, told.seq, told.n, place(part));
        self.rows.postings.push([
            cells.0.into(),
            cells.1.into(),
            cells.2.into(),
            cells.3.into(),
            kind.into(),
            super::Value::Null,
            0.into(),
        ]);
    }

    /// Changes that an event made.
    fn post(&mut self, told: Told<'_>, kind: &'static str, changes: &[(i64, i64, i64)]) {
        for (part, &(account, asset, change)) in changes.iter().enumerate() {
            self.rows.postings.push([
                account.into(),
                told.seq.into(),
                told.n.into(),
                place(part).into(),
                kind.into(),
                asset.into(),
                change.into(),
            ]);
        }
    }

    pub(super) fn follow_registry(&mut self, told: Told<'_>, event: &Event) -> Result<()> {
        let cell = |account: AccountId, asset: AssetId, units: i64| {
            (i64::from(account.0), i64::from(asset.0), units)
        };
        let mut post = |kind: &'static str, changes: &[(i64, i64, i64)]| self.post(told, kind, changes);
        match *event {
            Event::AccountOpened { account, .. } => self.touch(told, (account.0.into(), 0), "account_opened"),
            Event::Issued { account, asset, quantity } => {
                post("issued", &[cell(account, asset, quantity.0)]);
            }
            Event::Cancelled { account, asset, quantity } => {
                post("cancelled", &[cell(account, asset, -quantity.0)]);
            }
            Event::Deposited { account, currency, amount } => {
                post("deposited", &[cell(account, currency, amount.0)]);
            }
            Event::WithdrawalRequested { account, currency, .. } => {
                post("withdrawal_requested", &[cell(account, currency, 0)]);
            }
            Event::WithdrawalSettled { account, currency, amount, paid, .. } => {
                post("withdrawal_settled", &[cell(account, currency, if paid { -amount.0 } else { 0 })]);
            }
            Event::Transferred { from, to, asset, quantity } => {
                let moved = [cell(from, asset, -quantity.0), cell(to, asset, quantity.0)];
                post("transferred", &moved);
            }
            Event::Pledged { account, asset, .. } => post("pledged", &[cell(account, asset, 0)]),
            Event::PledgeReleased { account, asset, .. } => {
                post("pledge_released", &[cell(account, asset, 0)]);
            }
            Event::Frozen { account, asset, .. } => post("frozen", &[cell(account, asset, 0)]),
            Event::Unfrozen { account, asset, .. } => post("unfrozen", &[cell(account, asset, 0)]),
            Event::AccountFrozenSet { account, .. } => {
                self.touch(told, (account.0.into(), 0), "account_frozen_set");
            }
            Event::AccountClosed { account } => {
                self.touch(told, (account.0.into(), 0), "account_closed");
            }
            Event::ParticipantRenamed { participant } => self.rename(told.state, participant),
            Event::Settled { trade } => self.settled(told, trade)?,
            Event::Surrendered { account, asset, quantity, .. } => {
                post("surrendered", &[cell(account, asset, -quantity.0)]);
            }
            Event::CarryOverApplied { account, from, .. } => {
                post("carry_over_applied", &[cell(account, from, 0)]);
            }
            Event::CarryOverDecided { account, from, into, quantity, approved, .. } => {
                let units = if approved { quantity.0 } else { 0 };
                post("carry_over_decided", &[cell(account, from, -units), cell(account, into, units)]);
            }
            _ => {}
        }
        Ok(())
    }

    /// Delivery against payment: the asset, the money and the fees.
    fn settled(&mut self, told: Told<'_>, trade: base::TradeId) -> Result<()> {
        let seq = told.seq;
        let made = self.trade_mut(trade)?;
        made.settled = Some(seq);
        let made = made.clone();
        let market = told.state.markets().get(usize::try_from(made.market)?);
        let venue = market.context("a trade names no market")?.fee_account;
        let (bought, paid) = (made.quantity, made.amount.saturating_add(made.buyer_fee));
        let mut changes = vec![
            (made.buyer, made.asset, bought),
            (made.buyer, made.currency, -paid),
            (made.seller, made.asset, -bought),
            (made.seller, made.currency, made.amount.saturating_sub(made.seller_fee)),
        ];
        let earned = made.buyer_fee.saturating_add(made.seller_fee);
        if earned != 0 {
            changes.push((venue.0.into(), made.currency, earned));
        }
        self.post(told, "settled", &changes);
        Ok(())
    }

    /// What went back when a trade was taken back or corrected.
    pub(super) fn given_back(
        &mut self,
        told: Told<'_>,
        revision: &Revision,
        made: &Made,
        kind: &'static str,
    ) {
        let (from, to) = (&revision.from, &revision.to);
        let units = from.quantity.0.saturating_sub(to.quantity.0);
        let paid = |one: &Outcome| one.amount.0.saturating_add(one.buyer_fee.0);
        let got = |one: &Outcome| one.amount.0.saturating_sub(one.seller_fee.0);
        let earned = |one: &Outcome| one.buyer_fee.0.saturating_add(one.seller_fee.0);
        let mut changes = vec![
            (made.buyer, made.asset, -units),
            (made.buyer, made.currency, paid(from).saturating_sub(paid(to))),
            (made.seller, made.asset, units),
            (made.seller, made.currency, got(to).saturating_sub(got(from))),
        ];
        let fees = earned(to).saturating_sub(earned(from));
        if fees != 0 {
            changes.push((revision.fees_to.0.into(), made.currency, fees));
        }
        self.post(told, kind, &changes);
    }
}
