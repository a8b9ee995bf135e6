//! Trades that are taken back or corrected: when they can be, what goes back, and that the day's prints are those that stand.

use super::book::fees_of;
use super::finding::{Finding, Found, Kind, check};
use super::ledger::{AVAILABLE, FROZEN, LOCKED, PLEDGED, RESERVED};
use super::shadow::{Made, Obligation, Shadow, fee_by};
use super::verdict::{Verdict, first};
use base::{AccountId, Date, InstrumentId, MarketId, Method, Money, Outcome, Price, Quantity, Side, TradeId};
use engine::Event as Happened;
use trading::rules::Corrections;
use trading::{BustTrade, CorrectTrade, Event, Revision};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    /// A trade is settled: it can be taken back as long as the rules of its day say.
    pub(super) fn keep(&mut self, id: u64, due: Obligation) {
        let Some(market) = self.markets.get(due.market as usize) else { return };
        if let Corrections::DaysAfter(days) = market.rules.trading.corrections {
            self.day_rules.entry((due.market, due.date)).or_insert_with(|| market.rules.clone());
            self.made.insert(id, Made { due, ends: u32::from(days) + 1, busted: false });
        }
    }

    /// A trading day of a market ended.
    pub(super) fn make_final(&mut self, market: u32) {
        for made in self.made.values_mut().filter(|made| made.due.market == market) {
            made.ends -= 1;
        }
        self.made.retain(|_, made| made.ends > 0);
    }

    pub(super) fn judge_bust(&self, c: &BustTrade) -> Judged {
        let made = self.correctable(c.trade)?;
        let nothing =
            Obligation { price: 0, quantity: 0, amount: 0, buyer_fee: 0, seller_fee: 0, ..made.due };
        self.judge_unwinding(&made.due, &nothing)?;
        let revision = self.revision(c.trade, &made.due, &nothing, &c.reason);
        Ok(Verdict::Begins(Happened::Trading(Event::TradeBusted(Box::new(revision)))))
    }

    pub(super) fn judge_correct_trade(&self, c: &CorrectTrade) -> Judged {
        let made = self.correctable(c.trade)?;
        let price = c.price.map_or(made.due.price, |price| price.0.into());
        let quantity = c.quantity.map_or(made.due.quantity, |quantity| quantity.0.into());
        let lot = self.markets.get(made.due.market as usize).map_or(1, |market| market.rules.trading.lot.0);
        let off_lot = quantity != made.due.quantity && quantity % i128::from(lot) != 0;
        first(&[
            (price <= 0, "revise/price_not_positive"),
            (quantity <= 0, "revise/quantity_not_positive"),
            (quantity > made.due.quantity, "revise/quantity_not_lower"),
            (off_lot, "revise/quantity_off_lot"),
            ((price, quantity) == (made.due.price, made.due.quantity), "revise/nothing_to_change"),
        ])?;
        let amount = self.amount(made.due.instrument, price, quantity).ok_or("revise/amount_too_large")?;
        let (buyer_fee, seller_fee) = self.fees_again(&made.due, amount).ok_or("revise/amount_too_large")?;
        first(&[(amount + buyer_fee > i64::MAX.into(), "revise/amount_too_large")])?;
        let to = Obligation { price, quantity, amount, buyer_fee, seller_fee, ..made.due };
        self.judge_unwinding(&made.due, &to)?;
        let revision = self.revision(c.trade, &made.due, &to, &c.reason);
        // Stops may come to the book.
        Ok(Verdict::Begins(Happened::Trading(Event::TradeCorrected(Box::new(revision)))))
    }

    fn correctable(&self, trade: TradeId) -> Result<&Made, &'static str> {
        let made = self.made.get(&trade.0);
        first(&[
            (trade.0 == 0 || trade.0 > self.trades, "revise/trade_unknown"),
            (made.is_none(), "revise/too_late"),
            (made.is_some_and(|made| made.busted), "revise/already_busted"),
        ])?;
        made.ok_or("revise/too_late")
    }

    /// What a trade of another amount pays, from where its orders stood before it.
    fn fees_again(&self, due: &Obligation, amount: i128) -> Option<(i128, i128)> {
        let rules = self.day_rules.get(&(due.market, due.date))?;
        if due.method == Method::Continuous {
            return fees_of(&rules.clearing.book, amount, due.aggressor, due.before, due.paid_before);
        }
        let (bought, sold) = (due.before.0 + amount, due.before.1 + amount);
        if bought.max(sold) > i64::MAX.into() {
            return None;
        }
        let fee = |side, traded| fee_by(rules, due.method.index(), side, traded);
        let buyer = fee(Side::Buy, bought) - fee(Side::Buy, due.before.0);
        let seller = (fee(Side::Sell, sold) - fee(Side::Sell, due.before.1)).min(amount);
        Some((buyer, seller))
    }

    /// Whether units and money can go back.
    fn judge_unwinding(&self, from: &Obligation, to: &Obligation) -> Result<(), &'static str> {
        let (buyer, seller) = (from.buyer, from.seller);
        let closed = |account: u32| self.accounts.get(account as usize).is_some_and(|account| account.closed);
        let moves = self.moves(from, to);
        let net =
            |of: u32| moves.iter().filter(|(account, _)| *account == of).map(|(_, net)| net).sum::<i128>();
        let units = if buyer == seller { 0 } else { from.quantity - to.quantity };
        let stopped = |account: u32, gives| gives && self.frozen(account);
        first(&[
            (closed(buyer) || closed(seller), "unwind/account_closed"),
            (
                stopped(buyer, units > 0 || net(buyer) < 0) || stopped(seller, net(seller) < 0),
                "unwind/account_frozen",
            ),
        ])?;
        let held = self.ledger.holding(buyer, from.asset);
        if units > 0 && held[AVAILABLE] + held[LOCKED] < units {
            let tied = [
                (RESERVED, "unwind/units_reserved"),
                (PLEDGED, "unwind/units_pledged"),
                (FROZEN, "unwind/units_frozen"),
            ];
            return Err(missing(held, held[AVAILABLE] + held[LOCKED], units, tied, "unwind/units_gone"));
        }
        for account in [buyer, seller] {
            let (held, needed) = (self.ledger.holding(account, from.currency), -net(account));
            if held[AVAILABLE] < needed {
                let tied = [(RESERVED, "unwind/money_reserved")];
                return Err(missing(held, held[AVAILABLE], needed, tied, "unwind/money_gone"));
            }
        }
        let fees = moves[2].0;
        first(&[(self.ledger.available(fees, from.currency) + net(fees) < 0, "unwind/fees_short")])
    }

    /// Money that moves: to the buyer, to the seller, to the venue.
    fn moves(&self, from: &Obligation, to: &Obligation) -> [(u32, i128); 3] {
        let fees = self.markets.get(from.market as usize).map_or(0, |market| market.fee_account);
        let paid = |due: &Obligation| due.amount + due.buyer_fee;
        let got = |due: &Obligation| due.amount - due.seller_fee;
        let earned = |due: &Obligation| due.buyer_fee + due.seller_fee;
        [
            (from.buyer, paid(from) - paid(to)),
            (from.seller, got(to) - got(from)),
            (fees, earned(to) - earned(from)),
        ]
    }

    fn revision(&self, trade: TradeId, from: &Obligation, to: &Obligation, reason: &str) -> Revision {
        let long = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
        let outcome = |due: &Obligation| Outcome {
            price: Price(long(due.price)),
            quantity: Quantity(long(due.quantity)),
            amount: Money(long(due.amount)),
            buyer_fee: Money(long(due.buyer_fee)),
            seller_fee: Money(long(due.seller_fee)),
        };
        Revision {
            trade,
            market: MarketId(from.market),
            instrument: InstrumentId(from.instrument),
            method: from.method,
            date: Date(from.date),
            buyer: AccountId(from.buyer),
            seller: AccountId(from.seller),
            fees_to: AccountId(self.markets.get(from.market as usize).map_or(0, |market| market.fee_account)),
            from: outcome(from),
            to: outcome(to),
            reason: reason.to_owned(),
        }
    }

    /// A trade was taken back or corrected: units and money go back, and it prints what it comes to now.
    pub(super) fn see_revised(&mut self, revision: &Revision, busts: bool) -> Found {
        let id = revision.trade.0;
        let Some(made) = self.made.get(&id).copied().filter(|made| !made.busted) else {
            return Err(Finding::new(Kind::Event, format!("trade {id} was revised, and is final")));
        };
        let (from, outcome) = (made.due, &revision.to);
        let to = Obligation {
            price: outcome.price.0.into(),
            quantity: outcome.quantity.0.into(),
            amount: outcome.amount.0.into(),
            buyer_fee: outcome.buyer_fee.0.into(),
            seller_fee: outcome.seller_fee.0.into(),
            ..from
        };
        check(busts == (to.quantity == 0), Kind::Event, || format!("trade {id}: {revision:?}"))?;
        self.give_units_back(&from, from.quantity - to.quantity)?;
        let moves = self.moves(&from, &to);
        check(moves.iter().map(|(_, net)| net).sum::<i128>() == 0, Kind::Conservation, || {
            format!("trade {id}: {moves:?} do not add up")
        })?;
        // Who pays pays in full, whoever of the three gets it; what is got first is there to be paid.
        let (got, given): (Vec<_>, Vec<_>) = moves.into_iter().partition(|(_, net)| *net > 0);
        for (account, net) in got.into_iter().chain(given) {
            self.ledger.pay(account, from.currency, net)?;
        }
        if let Some(made) = self.made.get_mut(&id) {
            (made.due, made.busted) = (to, busts);
        }
        let market = self.markets.get(from.market as usize);
        if market.is_some_and(|market| market.list_date == from.date && !market.ended)
            && let Some(listed) = self.instruments.get_mut(from.instrument as usize)
        {
            listed.prints.retain(|print| !busts || print.trade != id);
            for print in listed.prints.iter_mut().filter(|print| print.trade == id) {
                (print.price, print.quantity, print.amount) = (to.price, to.quantity, to.amount);
            }
        }
        Ok(())
    }

    /// Units go back, those first that may not be sold yet, and of those the ones that may be sold first.
    fn give_units_back(&mut self, due: &Obligation, units: i128) -> Found {
        let mut left = units;
        let mut locks: Vec<usize> = (0..self.locks.len()).collect();
        locks.sort_by_key(|at| self.locks[*at].1);
        for at in locks {
            let (market, _, lock) = &mut self.locks[at];
            if (*market, lock.account, lock.asset) == (due.market, due.buyer, due.asset) {
                let taken = left.min(lock.quantity);
                lock.quantity -= taken;
                left -= taken;
            }
        }
        self.locks.retain(|(_, _, lock)| lock.quantity > 0);
        let to = (due.seller, AVAILABLE);
        self.ledger.transfer(due.asset, (due.buyer, LOCKED), to, units - left)?;
        self.ledger.transfer(
            due.asset,
            (due.buyer, AVAILABLE),
            to,
            if due.buyer == due.seller { 0 } else { left },
        )
    }
}

/// What would have to be free for it to be enough.
fn missing<const N: usize>(
    held: [i128; 5],
    free: i128,
    needed: i128,
    tied: [(usize, &'static str); N],
    gone: &'static str,
) -> &'static str {
    let mut found = free;
    for (bucket, why) in tied {
        found += held[bucket];
        if found >= needed {
            return why;
        }
    }
    gone
}
