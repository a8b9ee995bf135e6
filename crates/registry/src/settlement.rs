//! Holds before a trade, and settlement after it: delivery versus payment in one step.

use crate::{AssetClass, Bucket, Event, HoldRejection, Registry, Traded};
use base::{Date, Hold, Obligation, Quantity};

impl Registry {
    /// Sets something aside for an order.
    ///
    /// # Errors
    /// The account is frozen, or has less available.
    pub fn reserve(&mut self, hold: Hold) -> Result<(), HoldRejection> {
        if self.desks[hold.account.index()].frozen {
            return Err(HoldRejection::AccountFrozen);
        }
        if self.ledger.available(hold.account, hold.asset) < hold.quantity {
            let cash = self.assets[hold.asset.index()].class == AssetClass::Currency;
            return Err(if cash {
                HoldRejection::InsufficientCash
            } else {
                HoldRejection::InsufficientHolding
            });
        }
        self.ledger.shift(hold.account, hold.asset, Bucket::Available, Bucket::Reserved, hold.quantity);
        Ok(())
    }

    /// What is available of an asset: a look ahead, which brings the place where it stands into the cache.
    #[must_use]
    #[inline]
    pub fn glance(&self, account: base::AccountId, asset: base::AssetId) -> i64 {
        self.ledger.available(account, asset).0
    }

    /// Gives back what was set aside and is no longer needed.
    pub fn release(&mut self, hold: Hold) {
        self.ledger.shift(hold.account, hold.asset, Bucket::Reserved, Bucket::Available, hold.quantity);
    }

    /// Fulfils an obligation: the asset, the money and the fees move together, all of them out of what was reserved. Final.
    pub fn deliver_versus_payment(&mut self, due: &Obligation, out: &mut impl FnMut(Event)) {
        let (delivery, payment, fees) = (&due.delivery, &due.payment, &due.fees);
        let days = self.rules[due.market.index()].resale_after_days;
        let into = if days > 0 { Bucket::Locked } else { Bucket::Available };
        let from = (delivery.from, Bucket::Reserved);
        self.ledger.transfer(delivery.asset, from, (delivery.to, into), delivery.quantity);
        if days > 0 {
            let until = Date(due.date.0.saturating_add_unsigned(days));
            self.locks.entry((due.market, until)).or_default().push((
                delivery.to,
                delivery.asset,
                delivery.quantity,
            ));
        }

        let proceeds = payment.amount.0 - fees.seller.0;
        assert!(proceeds >= 0, "a seller's fee above the proceeds must be refused before the trade");
        let earned = fees.seller.0 + fees.buyer.0;
        assert!(earned >= 0, "a rebate is paid out of the fee of the other side");
        let paid = Quantity(payment.amount.0 + fees.buyer.0.max(0));
        let to = [
            (payment.to, Quantity(proceeds)),
            (payment.from, Quantity(-fees.buyer.0.min(0))),
            (fees.to, Quantity(earned)),
        ];
        self.ledger.pay_out(payment.currency, payment.from, paid, to);
        out(Event::Settled { trade: due.trade });

        // What a carry-over looks back on; no other asset asks for it.
        if !matches!(self.assets[delivery.asset.index()].class, AssetClass::Allowance { .. }) {
            return;
        }
        let (year, month, _) = due.date.civil();
        let month = year * 12 + month - 1;
        let quantity = i128::from(delivery.quantity.0);
        let mut count = |account, bought, sold| {
            let traded: &mut Traded = self.traded.entry((account, delivery.asset, month)).or_default();
            traded.bought += bought;
            traded.sold += sold;
        };
        count(delivery.to, quantity, 0);
        count(delivery.from, 0, quantity);
    }
}
