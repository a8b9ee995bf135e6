//! One-way auctions: better prices first, then the lot or the earlier bid; everyone at the price of the last who gets anything.

use super::finding::{Finding, Found, Kind, check};
use super::shadow::{Apart, Auction, Bid, Deciding, Expected, Market, Shadow, Standing, half_up};
use super::verdict::{Verdict, first, trading as exactly};
use base::{AuctionId, BidId, Price, Quantity, Side};
use engine::Command;
use faulty_disk::Dice;
use trading::rules::{AuctionRules, TieRule};
use trading::{AnnounceAuction, AuctionEnd, CancelAuction, DrawLot, End, Event, PlaceBid, WithdrawBid};

type Judged = Result<Verdict, &'static str>;

impl Shadow {
    fn auction_rules(&self, instrument: u32) -> Option<&AuctionRules> {
        self.market_of(instrument)?.rules.trading.auction.as_ref()
    }

    pub(super) fn judge_announce(&self, c: &AnnounceAuction) -> Judged {
        let (Some(instrument), Some(market)) =
            (self.instrument(c.instrument.0), self.market_of(c.instrument.0))
        else {
            return Err("auction/instrument_unknown");
        };
        first(&[(instrument.delisted, "auction/instrument_delisted")])?;
        let Some(rules) = &market.rules.trading.auction else { return Err("auction/method_not_offered") };
        let quantity = i128::from(c.quantity.0);
        let early = c.opens.0 < self.time || !market.spans_session(2, c.opens.0, c.closes.0);
        first(&[
            (instrument.halted, "auction/instrument_halted"),
            (quantity <= 0, "auction/quantity_not_positive"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "auction/quantity_off_lot"),
            (early, "auction/window_outside_session"),
        ])?;
        let given = c.reserve.map(|reserve| i128::from(reserve.0));
        let ruled =
            rules.reserve_of_reference.map(|rate| half_up(instrument.reference * i128::from(rate.0), 10_000));
        let reserve = given.or(ruled);
        let overflows = given.is_none() && ruled.is_some_and(|reserve| reserve > i64::MAX.into());
        first(&[
            (overflows, "auction/amount_too_large"),
            (c.side == Side::Buy && reserve.is_none(), "auction/reserve_missing"),
            (reserve.is_some_and(|reserve| reserve <= 0), "auction/reserve_not_positive"),
        ])?;
        let amount = match (c.side, reserve) {
            (Side::Buy, Some(reserve)) => self.amount(c.instrument.0, reserve, quantity),
            _ => Some(0),
        };
        let amount = amount.ok_or("auction/amount_too_large")?;
        let Some(owner) = self.owner(c.account.0) else { return Err("access/not_your_account") };
        first(&[(self.has_role(owner, base::Role::BarredStaff), "access/barred_from_trading")])?;
        self.judge_hold((c.account.0, c.instrument.0), (2, c.side), amount, quantity)?;
        let reserve = reserve.map(|reserve| Price(i64::try_from(reserve).unwrap_or(i64::MAX)));
        Ok(exactly(vec![Event::AuctionAnnounced {
            auction: AuctionId(self.given[0] + 1),
            instrument: c.instrument,
            side: c.side,
            quantity: c.quantity,
            reserve,
        }]))
    }

    pub(super) fn judge_bid(&self, c: &PlaceBid) -> Judged {
        let Some(auction) = self.auctions.get(&c.auction.0) else { return Err("bid/auction_unknown") };
        let id = auction.order.instrument;
        let (Some(instrument), Some(market)) = (self.instrument(id), self.market_of(id)) else {
            return Err("bid/auction_unknown");
        };
        let Some(rules) =
            self.auction_rules(id).filter(|_| auction.opens <= self.time && self.time < auction.closes)
        else {
            return Err("bid/auction_closed");
        };
        let (price, quantity) = (i128::from(c.price.0), i128::from(c.quantity.0));
        let sale = auction.order.side == Side::Sell;
        let worse = |reserve: i128| if sale { price < reserve } else { price > reserve };
        let outside = |(low, high): (i128, i128)| price < low || price > high;
        first(&[
            (instrument.halted, "bid/instrument_halted"),
            (self.is_own(id, c.account.0, auction.order.account), "bid/own_auction"),
            (c.quantity < rules.bid_min || quantity <= 0, "bid/bid_too_small"),
            (quantity % i128::from(market.rules.trading.lot.0) != 0, "bid/quantity_off_lot"),
            (quantity > auction.order.quantity, "bid/exceeds_offer"),
            (price <= 0, "bid/price_not_positive"),
            (auction.reserve.is_some_and(worse), "bid/worse_than_reserve"),
            (
                rules.band.is_some_and(|band| outside(Market::band(instrument.reference, band.0))),
                "bid/price_outside_band",
            ),
        ])?;
        let amount = self.amount(id, price, quantity).ok_or("bid/amount_too_large")?;
        self.judge_hold((c.account.0, id), (2, auction.order.side.opposite()), amount, quantity)?;
        Ok(exactly(vec![Event::BidPlaced { bid: BidId(self.given[0] + 1), auction: c.auction }]))
    }

    pub(super) fn judge_withdraw_bid(&self, c: &WithdrawBid) -> Judged {
        let Some(bid) = self.bids.get(&c.bid.0) else { return Err("bid/bid_unknown") };
        let closed = self.auctions.get(&bid.auction).is_none_or(|auction| self.time >= auction.closes);
        first(&[(bid.order.account != c.account.0, "bid/not_the_owner"), (closed, "bid/auction_closed")])?;
        let left = Quantity(i64::try_from(bid.order.left).unwrap_or(i64::MAX));
        Ok(exactly(vec![Event::BidEnded { bid: c.bid, left, end: End::Withdrawn }]))
    }

    pub(super) fn judge_draw(&self, c: &DrawLot) -> Judged {
        let Some(auction) = self.auctions.get(&c.auction.0) else { return Err("auction/auction_unknown") };
        let halted = self.instrument(auction.order.instrument).is_some_and(|instrument| instrument.halted);
        first(&[(!auction.awaits_lot, "auction/no_lot_awaited"), (halted, "auction/instrument_halted")])?;
        Ok(Verdict::Taken)
    }

    pub(super) fn judge_cancel_auction(&self, c: &CancelAuction) -> Judged {
        first(&[(!self.auctions.contains_key(&c.auction.0), "auction/auction_unknown")])?;
        Ok(Verdict::Taken)
    }

    pub(super) fn see_announced(&mut self, id: u64, reserve: Option<Price>, command: &Command) -> Found {
        self.give_id(0, id)?;
        let Command::AnnounceAuction(c) = command else {
            return Err(Finding::new(Kind::Event, format!("auction {id} was announced by nobody")));
        };
        let price = reserve.unwrap_or_default().0;
        let order = self.set_aside((c.account.0, c.instrument.0), (2, c.side), price, c.quantity.0)?;
        let reserve = reserve.map(|reserve| reserve.0.into());
        let auction = Auction { order, reserve, opens: c.opens.0, closes: c.closes.0, awaits_lot: false };
        self.auctions.insert(id, auction);
        Ok(())
    }

    pub(super) fn see_bid(&mut self, id: u64, command: &Command) -> Found {
        self.give_id(0, id)?;
        let bid = if let Command::PlaceBid(c) = command { Some(c) } else { None };
        let known = bid.and_then(|bid| Some((bid, self.auctions.get(&bid.auction.0)?.order)));
        let Some((c, auction)) = known else {
            return Err(Finding::new(Kind::Event, format!("bid {id} was entered by nobody")));
        };
        let (who, how) = ((c.account.0, auction.instrument), (2, auction.side.opposite()));
        let order = self.set_aside(who, how, c.price.0, c.quantity.0)?;
        self.bids.insert(id, Bid { auction: c.auction.0, order });
        Ok(())
    }

    pub(super) fn see_lot_awaited(&mut self, id: u64) -> Found {
        let by_lot = self.auctions.get(&id).and_then(|auction| self.auction_rules(auction.order.instrument));
        let by_lot = by_lot.is_some_and(|rules| rules.tie == TieRule::Lot);
        let several = self.bids.values().filter(|bid| bid.auction == id).count() > 1;
        let time = self.time;
        let due = self.auctions.get_mut(&id).filter(|auction| !auction.awaits_lot && auction.closes <= time);
        let Some(auction) = due.filter(|_| by_lot && several) else {
            return Err(Finding::new(
                Kind::Event,
                format!("auction {id} awaits a lot that it does not need"),
            ));
        };
        auction.awaits_lot = true;
        Ok(())
    }

    /// An auction found its price: the auditor finds it too, and what every bid gets.
    pub(super) fn see_uncrossed(&mut self, id: u64, price: i64, quantity: i64, command: &Command) -> Found {
        let Some(auction) = self.auctions.remove(&id) else {
            return Err(Finding::new(Kind::Event, format!("auction {id} was decided, and there is none")));
        };
        let seed = match command {
            Command::DrawLot(draw) if draw.auction.0 == id => Some(draw.seed),
            _ => None,
        };
        let due = auction.awaits_lot == seed.is_some() && auction.closes <= self.time;
        check(due, Kind::Calendar, || format!("auction {id} was decided before its time"))?;
        let mut bids: Vec<(u64, Standing)> =
            self.bids.iter().filter(|(_, bid)| bid.auction == id).map(|(id, bid)| (*id, bid.order)).collect();
        let offered: i128 = bids.iter().map(|(_, bid)| bid.quantity).sum();
        let cancels =
            self.auction_rules(auction.order.instrument).is_some_and(|rules| rules.cancel_if_underbid);
        check(!cancels || offered >= auction.order.quantity, Kind::Trade, || {
            format!("auction {id} traded with too little bid")
        })?;
        // The place in the lot is the bid's own number in the SplitMix64 stream of the seed.
        let by_lot =
            self.auction_rules(auction.order.instrument).is_some_and(|rules| rules.tie == TieRule::Lot);
        check(seed.is_some() || !by_lot || bids.len() < 2, Kind::Calendar, || {
            format!("auction {id} was decided without its lot")
        })?;
        let place = |bid: u64| {
            seed.map(|seed| Dice(seed.wrapping_add((bid - 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).bits())
        };
        let better = |price: i128| if auction.order.side == Side::Sell { -price } else { price };
        bids.sort_by_key(|(id, bid)| (better(bid.price), place(*id), *id));
        let mut left = auction.order.quantity;
        let mut last = 0;
        let mut expected = std::collections::VecDeque::new();
        for (bid, order) in bids {
            let share = order.quantity.min(left);
            if share > 0 {
                last = order.price;
            }
            left -= share;
            let bidder = order.account;
            expected.push_back(Expected { bidder, bid, share, left: order.quantity - share, traded: 0 });
        }
        let allotted = auction.order.quantity - left;
        check(
            allotted > 0 && (i128::from(price), i128::from(quantity)) == (last, allotted),
            Kind::Trade,
            || format!("auction {id}: {quantity} at {price}, where the bids give {allotted} at {last}"),
        )?;
        check(self.deciding.is_none(), Kind::Event, || format!("auction {id} was decided within another"))?;
        self.deciding = Some(Deciding { auction, price: last, traded: 0, bids: expected });
        Ok(())
    }

    /// A trade of the auction that is being decided: who is bidder, who initiator, and what they traded before.
    pub(super) fn see_auction_trade(&mut self, trade: &base::Trade) -> Result<[Standing; 2], Finding> {
        let wrong = |text: String| Finding::new(Kind::Priority, text);
        let Some(deciding) = &mut self.deciding else {
            return Err(Finding::new(
                Kind::Trade,
                format!("trade {}: no auction is being decided", trade.id),
            ));
        };
        let (initiator, price) = (deciding.auction.order, deciding.price);
        let Some(next) = deciding.bids.front_mut().filter(|next| next.share > 0) else {
            return Err(wrong(format!("trade {}: no bid is to be allotted", trade.id)));
        };
        let (bidder, share, before) = (next.bidder, next.share, deciding.traded);
        let amount = i128::from(trade.amount.0);
        (next.share, next.traded) = (0, amount);
        deciding.traded += amount;
        let (buyer, seller) = if initiator.side == Side::Sell {
            (bidder, initiator.account)
        } else {
            (initiator.account, bidder)
        };
        let parties = (trade.buyer.account.0, trade.seller.account.0, i128::from(trade.quantity.0));
        check(parties == (buyer, seller, share), Kind::Priority, || {
            format!("trade {}: {parties:?}, where {:?} comes next", trade.id, (buyer, seller, share))
        })?;
        check(i128::from(trade.price.0) == price, Kind::Trade, || {
            format!("trade {} at {}, where everyone trades at {price}", trade.id, trade.price)
        })?;
        let bid = Standing { account: bidder, side: initiator.side.opposite(), traded: 0, ..initiator };
        let initiator = Standing { traded: before, ..initiator };
        let whole = deciding.bids.front().is_some_and(|next| next.left == 0);
        if whole {
            self.end_part()?;
        }
        self.end_deciding();
        Ok(if initiator.side == Side::Sell { [bid, initiator] } else { [initiator, bid] })
    }

    /// The next bid of the auction that is being decided has had its part: what it holds beyond it is given back later.
    fn end_part(&mut self) -> Found {
        let next = self.deciding.as_mut().and_then(|deciding| deciding.bids.pop_front());
        let bid = next.and_then(|next| Some((self.bids.remove(&next.bid)?, next)));
        let Some((bid, next)) = bid else {
            return Err(Finding::new(Kind::Event, "a bid was allotted that does not stand"));
        };
        self.release_later(&bid.order, bid.order.quantity - next.left, next.traded);
        Ok(())
    }

    fn end_deciding(&mut self) {
        let done = self.deciding.take_if(|deciding| deciding.bids.is_empty());
        if let Some(done) = done {
            // What was not sold has no bid: those that were are what traded.
            let unit = self.amount(done.auction.order.instrument, done.price, 1).unwrap_or(1);
            let filled = done.traded / unit.max(1);
            self.release_later(&done.auction.order, filled, done.traded);
        }
    }

    /// What an order holds beyond what its trades use, once those are settled.
    fn release_later(&mut self, order: &Standing, filled: i128, traded: i128) {
        let asset = self.held_in(order.instrument, order.side);
        let (_, used) = self.hold(order.instrument, 2, order.side, traded, filled);
        self.releases.push(Apart { account: order.account, asset, quantity: order.held - used });
    }

    pub(super) fn see_bid_ended(&mut self, id: u64, left: i64, end: End) -> Found {
        if end == End::NotAllotted {
            let next = self.deciding.as_ref().and_then(|deciding| deciding.bids.front());
            let right = next.is_some_and(|next| (next.bid, next.share, next.left) == (id, 0, left.into()));
            check(right, Kind::Priority, || format!("bid {id} ended with {left} left, {next:?} comes next"))?;
            self.end_part()?;
            self.end_deciding();
            return Ok(());
        }
        let Some(bid) = self.bids.remove(&id) else {
            return Err(Finding::new(Kind::Event, format!("bid {id} ended, and none stands")));
        };
        check(bid.order.left == left.into(), Kind::Event, || format!("bid {id} ended with {left} left"))?;
        self.give_back(&bid.order)
    }

    pub(super) fn see_auction_cancelled(&mut self, id: u64, end: AuctionEnd, command: &Command) -> Found {
        let Some(auction) = self.auctions.remove(&id) else {
            return Err(Finding::new(Kind::Event, format!("auction {id} was cancelled, and there is none")));
        };
        let right = match end {
            // Its bids have ended just before it; a bid that stood would be left without an auction.
            AuctionEnd::NoBids => auction.closes <= self.time,
            AuctionEnd::Underbid => {
                let rules = self.auction_rules(auction.order.instrument);
                rules.is_some_and(|rules| rules.cancel_if_underbid)
            }
            AuctionEnd::CalledOff => matches!(command, Command::CancelAuction(c) if c.auction.0 == id),
            AuctionEnd::Halted => true,
            AuctionEnd::LotNotDrawn => auction.awaits_lot,
        };
        check(right, Kind::Event, || format!("auction {id} was cancelled as {end:?}"))?;
        self.give_back(&auction.order)
    }
}
