//! From trade to title: who may trade with whom at what price, what is owed, and that both legs of it move.

use super::finding::{Finding, Found, Kind, check};
use super::ledger::{AVAILABLE, LOCKED, RESERVED};
use super::shadow::{Apart, Market, Obligation, Print, Shadow, Standing};
use base::{Method, Side, Trade};
use engine::Command;

impl Shadow {
    /// A trade: everything about it follows from what stood and what was asked.
    pub(super) fn see_traded(&mut self, trade: &Trade, command: &Command) -> Found {
        self.trades += 1;
        check(trade.id.0 == self.trades, Kind::Event, || format!("trade {} is not the next", trade.id))?;
        self.check_terms(trade)?;
        let sides = match (trade.method, command) {
            (Method::Listed, Command::TakeListing(c)) => self.see_taken(trade, c)?,
            (Method::Block, Command::AcceptBlock(c)) => self.see_accepted(trade, c)?,
            (Method::Auction, _) => self.see_auction_trade(trade)?,
            (method, command) => {
                let text = format!("trade {}: nobody asked for it ({method:?}, {command:?})", trade.id);
                return Err(Finding::new(Kind::Trade, text));
            }
        };
        self.owe(trade, sides)
    }

    /// What holds for every trade.
    fn check_terms(&self, trade: &Trade) -> Found {
        let known = self.instrument(trade.instrument.0).zip(self.market_of(trade.instrument.0));
        let Some((instrument, market)) = known else {
            return Err(Finding::new(Kind::Trade, format!("trade {} in an unknown instrument", trade.id)));
        };
        let (price, quantity) = (i128::from(trade.price.0), i128::from(trade.quantity.0));
        let wrong = |text: &str| Finding::new(Kind::Trade, format!("trade {}: {text}: {trade:?}", trade.id));
        let amount = self.amount(trade.instrument.0, price, quantity);
        let right = [
            (price > 0 && quantity > 0, "price or quantity is not above zero"),
            (amount == Some(trade.amount.0.into()), "its amount is not price times quantity"),
            (
                trade.market.0 == instrument.market && trade.asset.0 == instrument.asset,
                "another market or asset",
            ),
            (trade.currency.0 == market.currency, "another currency"),
            (trade.date.0 == market.date && market.trades_on(market.date), "another day"),
            (!instrument.delisted, "the instrument is off the list"),
            (
                !self.is_own(trade.instrument.0, trade.buyer.account.0, trade.seller.account.0),
                "both sides are one's own",
            ),
        ];
        right.iter().try_for_each(|(right, text)| if *right { Ok(()) } else { Err(wrong(text)) })?;
        let halted =
            instrument.halted || self.frozen(trade.buyer.account.0) || self.frozen(trade.seller.account.0);
        check(!halted, Kind::Trade, || format!("trade {} while halted or frozen", trade.id))?;
        let width = match trade.method {
            Method::Listed => market.rules.trading.listing.as_ref().map(|rules| rules.band),
            Method::Block => market.rules.trading.block.as_ref().map(|rules| rules.band),
            Method::Auction => market.rules.trading.auction.as_ref().and_then(|rules| rules.band),
            Method::Continuous => market.rules.trading.continuous.as_ref().map(|rules| rules.band),
        };
        let (low, high) =
            width.map_or((1, i64::MAX.into()), |width| Market::band(instrument.reference, width.0));
        check(low <= price && price <= high, Kind::Trade, || {
            format!("trade {} at {price}, outside {low} to {high}", trade.id)
        })?;
        // An auction closes at the end of its session: its trades may come with the bell.
        let open = trade.method == Method::Auction || market.open[trade.method.index()];
        check(open, Kind::Calendar, || format!("trade {} while {:?} is closed", trade.id, trade.method))?;
        let edge = market
            .rules
            .trading
            .listing
            .as_ref()
            .map(|rules| Market::band(instrument.reference, rules.band.0));
        let at_limit =
            trade.method == Method::Listed && edge.is_some_and(|(low, high)| price <= low || price >= high);
        check(at_limit == trade.at_limit, Kind::Trade, || {
            format!("trade {}: at the limit is {}", trade.id, trade.at_limit)
        })
    }

    /// A listing was taken: buyer and seller as they stood before.
    fn see_taken(&mut self, trade: &Trade, take: &trading::TakeListing) -> Result<[Standing; 2], Finding> {
        let Some(maker) = self.orders.get(&take.listing.0).copied() else {
            return Err(Finding::new(
                Kind::Trade,
                format!("trade {} with a listing that does not stand", trade.id),
            ));
        };
        check(self.is_among_best(&maker), Kind::Priority, || {
            format!("trade {}: listing {} is not among the best prices", trade.id, take.listing)
        })?;
        let terms = (trade.price.0.into(), trade.quantity.0, trade.instrument.0);
        check(terms == (maker.price, take.quantity.0, maker.instrument), Kind::Trade, || {
            format!("trade {}: {terms:?}, where listing {} and {take:?} meet", trade.id, take.listing)
        })?;
        let (who, side) = ((take.account.0, maker.instrument), maker.side.opposite());
        let taker = self.set_aside(who, (0, side), trade.price.0, trade.quantity.0)?;
        let mut after = maker;
        let amount = i128::from(trade.amount.0);
        after.left -= i128::from(trade.quantity.0);
        after.traded += amount;
        after.held -= self.used(trade, &maker);
        check(after.left >= 0 && after.held >= 0, Kind::Holds, || {
            format!("trade {}: listing {} has not enough left or set aside", trade.id, take.listing)
        })?;
        if after.left == 0 {
            self.orders.remove(&take.listing.0);
            check(after.held == 0, Kind::Holds, || {
                format!("listing {} is used up and holds {}", take.listing, after.held)
            })?;
        } else {
            self.orders.insert(take.listing.0, after);
        }
        Ok(if maker.side == Side::Buy { [maker, taker] } else { [taker, maker] })
    }

    fn see_accepted(
        &mut self,
        trade: &Trade,
        accept: &trading::AcceptBlock,
    ) -> Result<[Standing; 2], Finding> {
        let Some(block) = self.blocks.remove(&accept.proposal.0) else {
            return Err(Finding::new(
                Kind::Trade,
                format!("trade {} of a block that does not wait", trade.id),
            ));
        };
        let terms = (trade.price.0.into(), trade.quantity.0.into(), trade.instrument.0);
        let proposer = block.order;
        check(terms == (proposer.price, proposer.quantity, proposer.instrument), Kind::Trade, || {
            format!("trade {}: {terms:?}, where {proposer:?} was proposed", trade.id)
        })?;
        let (who, side) = ((block.counterparty, proposer.instrument), proposer.side.opposite());
        let other = self.set_aside(who, (1, side), trade.price.0, trade.quantity.0)?;
        Ok(if proposer.side == Side::Buy { [proposer, other] } else { [other, proposer] })
    }

    /// What a side of a trade uses of what its order has set aside.
    fn used(&self, trade: &Trade, order: &Standing) -> i128 {
        match order.side {
            Side::Sell => trade.quantity.0.into(),
            Side::Buy => i128::from(trade.amount.0) + self.fee_step(trade, order),
        }
    }

    /// The fee of one more trade of an order: fees run on all that the order trades.
    fn fee_step(&self, trade: &Trade, order: &Standing) -> i128 {
        let Some(market) = self.market_of(trade.instrument.0) else { return 0 };
        let (method, amount) = (trade.method.index(), i128::from(trade.amount.0));
        let fee = |traded| market.fee(method, order.side, traded);
        let step = fee(order.traded + amount) - fee(order.traded);
        if order.side == Side::Sell { step.min(amount) } else { step }
    }

    /// The parties are those that stood, and owe each other from now on.
    fn owe(&mut self, trade: &Trade, [buyer, seller]: [Standing; 2]) -> Found {
        let before = |party: &base::Party| (party.account.0, i128::from(party.traded_before.0));
        let (found, right) = (
            [before(&trade.buyer), before(&trade.seller)],
            [(buyer.account, buyer.traded), (seller.account, seller.traded)],
        );
        check(found == right, Kind::Trade, || {
            format!("trade {} between {found:?} (account, traded before), where {right:?} met", trade.id)
        })?;
        let obligation = Obligation {
            market: trade.market.0,
            date: trade.date.0,
            asset: trade.asset.0,
            currency: trade.currency.0,
            buyer: buyer.account,
            seller: seller.account,
            instrument: trade.instrument.0,
            method: trade.method,
            aggressor: None,
            before: (buyer.traded, seller.traded),
            paid_before: 0,
            price: trade.price.0.into(),
            quantity: trade.quantity.0.into(),
            amount: trade.amount.0.into(),
            buyer_fee: self.fee_step(trade, &buyer),
            seller_fee: self.fee_step(trade, &seller),
            novated: false,
        };
        self.obligations.insert(trade.id.0, obligation);
        let print = Print {
            trade: trade.id.0,
            method: trade.method.index(),
            price: trade.price.0.into(),
            quantity: trade.quantity.0.into(),
            amount: trade.amount.0.into(),
            own: false,
        };
        if let Some(instrument) = self.instruments.get_mut(trade.instrument.index()) {
            instrument.prints.push(print);
        }
        Ok(())
    }

    pub(super) fn see_novated(&mut self, id: u64, buyer_fee: i64, seller_fee: i64) -> Found {
        let Some(due) = self.obligations.get_mut(&id).filter(|due| !due.novated) else {
            return Err(Finding::new(
                Kind::Legs,
                format!("trade {id} was novated, and nothing is owed for it"),
            ));
        };
        due.novated = true;
        let (found, right) = ((buyer_fee.into(), seller_fee.into()), (due.buyer_fee, due.seller_fee));
        check(found == right, Kind::Fee, || {
            format!("trade {id}: fees {found:?}, the schedule gives {right:?}")
        })
    }

    /// Both legs of an obligation and its fees move at once.
    pub(super) fn see_settled(&mut self, id: u64) -> Found {
        let Some(due) = self.obligations.remove(&id).filter(|due| due.novated) else {
            return Err(Finding::new(
                Kind::Legs,
                format!("trade {id} was settled, and nothing is owed for it"),
            ));
        };
        self.keep(id, due);
        let market = self.markets.get(due.market as usize);
        let days = market.map_or(0, |market| market.rules.registry.resale_after_days);
        let fee_account = market.map_or(0, |market| market.fee_account);
        let into = if days > 0 { LOCKED } else { AVAILABLE };
        if days > 0 {
            let until = due.date.saturating_add_unsigned(days);
            let lock = Apart { account: due.buyer, asset: due.asset, quantity: due.quantity };
            self.locks.push((due.market, until, lock));
        }
        self.ledger.transfer(due.asset, (due.seller, RESERVED), (due.buyer, into), due.quantity)?;
        let proceeds = due.amount - due.seller_fee;
        let (earned, rebate) = (due.buyer_fee + due.seller_fee, (-due.buyer_fee).max(0));
        check(proceeds >= 0 && earned >= 0, Kind::Fee, || {
            format!("trade {id}: a side or the venue pays more than it gets")
        })?;
        // The seller's proceeds, the buyer's rebate and the venue's fees come out of what the buyer has set aside.
        for (account, money) in [(due.seller, proceeds), (due.buyer, rebate), (fee_account, earned)] {
            self.ledger.transfer(due.currency, (due.buyer, RESERVED), (account, AVAILABLE), money)?;
        }
        self.give_back_later()
    }

    /// Once nothing is owed any more, what orders of a decided auction did not need is given back.
    pub(super) fn give_back_later(&mut self) -> Found {
        if !self.obligations.is_empty() || self.deciding.is_some() {
            return Ok(());
        }
        let releases = std::mem::take(&mut self.releases);
        releases.into_iter().try_for_each(|apart| self.move_apart(apart, (RESERVED, AVAILABLE)))
    }
}
