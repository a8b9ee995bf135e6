//! Money in and out through the settlement bank. The sum of all cash on the ledger is what the bank holds for the market.

use crate::{
    AssetClass, Bucket, CashRejection, Deposit, Event, Registry, RequestWithdrawal, SettleWithdrawal,
};
use base::{AccountId, AssetId, Money, Sequence};
use serde::{Deserialize, Serialize};

/// A withdrawal that waits for the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Whose.
    pub account: AccountId,
    /// The currency.
    pub currency: AssetId,
    /// Minor units, reserved.
    pub amount: Money,
}

impl Registry {
    fn check_cash(&self, account: AccountId, currency: AssetId, amount: Money) -> Result<(), CashRejection> {
        if self.live(account).is_none() {
            return Err(CashRejection::AccountUnknown);
        }
        if self.assets.get(currency.index()).is_none_or(|asset| asset.class != AssetClass::Currency) {
            return Err(CashRejection::NotACurrency);
        }
        if amount.is_positive() { Ok(()) } else { Err(CashRejection::AmountNotPositive) }
    }

    /// Credits money that the bank has received.
    ///
    /// # Errors
    /// See [`CashRejection`].
    pub fn deposit(&mut self, command: &Deposit, out: &mut impl FnMut(Event)) -> Result<(), CashRejection> {
        let &Deposit { account, currency, amount, .. } = command;
        self.check_cash(account, currency, amount)?;
        if !self.ledger.can_issue(currency, amount.on_ledger()) {
            return Err(CashRejection::DepositTooLarge);
        }
        self.ledger.issue(account, currency, amount.on_ledger());
        out(Event::Deposited { account, currency, amount });
        Ok(())
    }

    /// Reserves money to be paid out. `withdrawal` is the number of the record that asks.
    ///
    /// # Errors
    /// See [`CashRejection`].
    pub fn request_withdrawal(
        &mut self,
        withdrawal: Sequence,
        command: &RequestWithdrawal,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CashRejection> {
        let &RequestWithdrawal { account, currency, amount } = command;
        self.check_cash(account, currency, amount)?;
        if self.accounts[account.index()].frozen {
            return Err(CashRejection::AccountFrozen);
        }
        if self.ledger.holding(account, currency).available < amount.on_ledger() {
            return Err(CashRejection::InsufficientCash);
        }
        self.ledger.shift(account, currency, Bucket::Available, Bucket::Reserved, amount.on_ledger());
        self.withdrawals.insert(withdrawal, Withdrawal { account, currency, amount });
        out(Event::WithdrawalRequested { withdrawal, account, currency, amount });
        Ok(())
    }

    /// Pays out, or releases, what a withdrawal has reserved.
    ///
    /// # Errors
    /// See [`CashRejection`].
    pub fn settle_withdrawal(
        &mut self,
        command: &SettleWithdrawal,
        out: &mut impl FnMut(Event),
    ) -> Result<(), CashRejection> {
        let &SettleWithdrawal { withdrawal, paid } = command;
        let Some(Withdrawal { account, currency, amount }) = self.withdrawals.remove(&withdrawal) else {
            return Err(CashRejection::WithdrawalUnknown);
        };
        if paid {
            self.ledger.retire(account, currency, Bucket::Reserved, amount.on_ledger());
        } else {
            self.ledger.shift(account, currency, Bucket::Reserved, Bucket::Available, amount.on_ledger());
        }
        out(Event::WithdrawalSettled { withdrawal, account, currency, amount, paid });
        Ok(())
    }

    /// Withdrawals that wait for the bank, by the record that asked.
    pub fn withdrawals(&self) -> impl Iterator<Item = (Sequence, &Withdrawal)> {
        self.withdrawals.iter().map(|(record, withdrawal)| (*record, withdrawal))
    }
}
