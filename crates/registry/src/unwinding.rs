//! A settled trade is taken back or corrected: units and money go back in one step, delivery versus payment in reverse.

use crate::{AssetClass, Bucket, Holding, Registry, Traded, UnwindRejection};
use base::{AccountId, Date, Quantity, Unwinding};

impl Registry {
    /// Whether everything that has to go back can.
    ///
    /// # Errors
    /// See [`UnwindRejection`].
    pub fn check_unwinding(&self, due: &Unwinding) -> Result<(), UnwindRejection> {
        if [due.buyer, due.seller].into_iter().any(|account| self.live(account).is_none()) {
            return Err(UnwindRejection::AccountClosed);
        }
        let moves = due.buyer != due.seller;
        let (buyer, seller) = self.nets(due);
        let units = moves && due.quantity.is_positive();
        let gives = |gets: i128| gets < 0;
        let frozen = |account| self.desk(account).is_some_and(|desk| desk.frozen);
        if (units || gives(buyer)) && frozen(due.buyer) || gives(seller) && frozen(due.seller) {
            return Err(UnwindRejection::AccountFrozen);
        }
        if units {
            let held = self.ledger.holding(due.buyer, due.asset);
            let locked = self.locked_by(due).min(due.quantity.0);
            check_units(&held, due.quantity.0 - locked)?;
        }
        for (account, gets) in [(due.buyer, buyer), (due.seller, seller)] {
            check_money(&self.ledger.holding(account, due.currency), gets)?;
        }
        let fees = i128::from(self.ledger.available(due.fees_to, due.currency).0) + due.to_fees;
        let others = [(due.buyer, due.to_buyer), (due.seller, due.to_seller)];
        let same = others.into_iter().filter(|(account, _)| *account == due.fees_to);
        if fees + same.map(|(_, gets)| gets).sum::<i128>() < 0 {
            return Err(UnwindRejection::FeesShort);
        }
        Ok(())
    }

    /// Moves what [`Registry::check_unwinding`] found can be moved. Final, as settlement is.
    pub fn unwind(&mut self, due: &Unwinding) {
        if due.quantity.is_positive() {
            let locked = self.unlock(due);
            let rest = Quantity(due.quantity.0 - locked.0);
            let into = (due.seller, Bucket::Available);
            self.ledger.transfer(due.asset, (due.buyer, Bucket::Locked), into, locked);
            // What one has sold to oneself is free or locked; nothing else of it moves.
            if due.buyer != due.seller {
                self.ledger.transfer(due.asset, (due.buyer, Bucket::Available), into, rest);
            }
        }
        let money = [(due.buyer, due.to_buyer), (due.seller, due.to_seller), (due.fees_to, due.to_fees)];
        self.ledger.pay_among(due.currency, money);

        if !matches!(self.assets[due.asset.index()].class, AssetClass::Allowance { .. }) {
            return;
        }
        let (year, month, _) = due.date.civil();
        let month = year * 12 + month - 1;
        let quantity = i128::from(due.quantity.0);
        let mut count = |account, bought, sold| {
            let traded: &mut Traded = self.traded.entry((account, due.asset, month)).or_default();
            traded.bought -= bought;
            traded.sold -= sold;
        };
        count(due.buyer, quantity, 0);
        count(due.seller, 0, quantity);
    }

    /// What each side gets or gives in all: one account may be both, or earn the fees.
    fn nets(&self, due: &Unwinding) -> (i128, i128) {
        let all = [(due.buyer, due.to_buyer), (due.seller, due.to_seller), (due.fees_to, due.to_fees)];
        let gets =
            |of: AccountId| all.iter().filter(|(account, _)| *account == of).map(|(_, gets)| gets).sum();
        (gets(due.buyer), gets(due.seller))
    }

    /// Units of the trade's asset that its buyer may not sell yet.
    fn locked_by(&self, due: &Unwinding) -> i64 {
        let locks = self.locks.range((due.market, Date(i32::MIN))..=(due.market, Date(i32::MAX)));
        let own = locks.flat_map(|(_, locks)| locks);
        let own = own.filter(|(account, asset, _)| (*account, *asset) == (due.buyer, due.asset));
        own.fold(0, |sum: i64, (_, _, quantity)| sum.saturating_add(quantity.0))
    }

    /// Takes units out of those that the buyer may not sell yet, those first that it may sell first: they go before any that are free.
    /// Returns how many.
    fn unlock(&mut self, due: &Unwinding) -> Quantity {
        let mut left = due.quantity.0;
        let here = (due.market, Date(i32::MIN))..=(due.market, Date(i32::MAX));
        for (_, locks) in self.locks.range_mut(here) {
            for (account, asset, quantity) in locks.iter_mut() {
                if (*account, *asset) == (due.buyer, due.asset) {
                    let taken = left.min(quantity.0);
                    quantity.0 -= taken;
                    left -= taken;
                }
            }
            locks.retain(|(_, _, quantity)| quantity.is_positive());
        }
        self.locks.retain(|_, locks| !locks.is_empty());
        Quantity(due.quantity.0 - left)
    }
}

fn check_units(held: &Holding, needed: i64) -> Result<(), UnwindRejection> {
    let tied = [
        (held.reserved, UnwindRejection::UnitsReserved),
        (held.pledged, UnwindRejection::UnitsPledged),
        (held.frozen, UnwindRejection::UnitsFrozen),
    ];
    missing(held.available, needed.into(), tied, UnwindRejection::UnitsGone)
}

fn check_money(held: &Holding, gets: i128) -> Result<(), UnwindRejection> {
    // Money is neither pledged nor frozen.
    let tied = [(held.reserved, UnwindRejection::MoneyReserved)];
    missing(held.available, -gets, tied, UnwindRejection::MoneyGone)
}

/// Why what is available does not suffice: the first thing whose release would make it suffice, or that too little is there at all.
fn missing<const N: usize>(
    available: Quantity,
    needed: i128,
    tied: [(Quantity, UnwindRejection); N],
    gone: UnwindRejection,
) -> Result<(), UnwindRejection> {
    let mut found = i128::from(available.0);
    if found >= needed {
        return Ok(());
    }
    for (more, why) in tied {
        found += i128::from(more.0);
        if found >= needed {
            return Err(why);
        }
    }
    Err(gone)
}
