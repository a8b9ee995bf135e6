//! One-way auctions (单向竞价): one initiator sells or buys, others enter sealed bids, everyone trades at one price: that of
//! the worst bid that is still allotted. Better prices come first; at the same price the earlier bid, or the lot.

use crate::{
    AnnounceAuction, AuctionEnd, AuctionRejection, BidRejection, CancelAuction, DrawLot, End, Event, Match,
    PlaceBid, Terms, Venue, WithdrawBid, band_limits, rules::AuctionRules, rules::TieRule,
};
use base::{
    AccountId, AuctionId, BidId, Method, Money, Party, Price, Quantity, Side, Timestamp, Trade, div_half_up,
};
use serde::{Deserialize, Serialize};

/// An auction that is announced and not decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auction {
    /// As it was announced, the reserve price filled in.
    pub terms: AnnounceAuction,
    /// Minor units at the reserve price: what a purchase sets aside.
    pub amount: Money,
    /// Bids are closed, and the lot is awaited.
    pub awaits_lot: bool,
}

/// A sealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// As it was entered.
    pub terms: PlaceBid,
    /// Minor units at its price.
    pub amount: Money,
}

/// What came of an auction: its trades, and what was set aside and is not needed.
#[derive(Debug, Default)]
pub struct Uncrossed {
    /// In order of allotment.
    pub trades: Vec<Trade>,
    /// The initiator's order and every bid, with what they traded.
    pub ended: Vec<Terms>,
}

/// The place of a bid in the lot: SplitMix64 over seed and id. Equal for everyone who knows the seed.
fn lot(seed: u64, bid: BidId) -> u64 {
    let mut z = seed.wrapping_add(bid.0.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Venue {
    fn auction_rules(&self, auction: &Auction) -> Option<&AuctionRules> {
        let market = self.instruments[auction.terms.instrument.index()].market;
        self.markets[market.index()].rules.auction.as_ref()
    }

    /// What an auction would trade, from the initiator's side, with the reserve price that holds.
    ///
    /// # Errors
    /// See [`AuctionRejection`].
    pub fn check_announce(
        &self,
        now: Timestamp,
        announced: &AnnounceAuction,
    ) -> Result<(Terms, AnnounceAuction), AuctionRejection> {
        let mut terms = announced.clone();
        let instrument = self.instrument(terms.instrument).ok_or(AuctionRejection::InstrumentUnknown)?;
        if instrument.delisted {
            return Err(AuctionRejection::InstrumentDelisted);
        }
        let market = &self.markets[instrument.market.index()];
        let rules = market.rules.auction.as_ref().ok_or(AuctionRejection::MethodNotOffered)?;
        if instrument.halted {
            return Err(AuctionRejection::InstrumentHalted);
        }
        if !terms.quantity.is_positive() {
            return Err(AuctionRejection::QuantityNotPositive);
        }
        if terms.quantity.0 % market.rules.lot.0 != 0 {
            return Err(AuctionRejection::QuantityOffLot);
        }
        if terms.opens < now || !market.spans_session(Method::Auction, terms.opens, terms.closes) {
            return Err(AuctionRejection::WindowOutsideSession);
        }
        let of_reference = |rate: base::BasisPoints| {
            let product = i128::from(instrument.day.reference.0) * i128::from(rate.0);
            div_half_up(product, i128::from(base::BasisPoints::ONE.0)).map(Price)
        };
        if let (None, Some(rate)) = (terms.reserve, rules.reserve_of_reference) {
            terms.reserve = Some(of_reference(rate).ok_or(AuctionRejection::AmountTooLarge)?);
        }
        let amount = match (terms.side, terms.reserve) {
            (Side::Buy, None) => return Err(AuctionRejection::ReserveMissing),
            (_, Some(reserve)) if !reserve.is_positive() => return Err(AuctionRejection::ReserveNotPositive),
            (Side::Buy, Some(reserve)) => self.amount(terms.instrument, reserve, terms.quantity),
            (Side::Sell, _) => Some(Money::ZERO),
        };
        let amount = amount.ok_or(AuctionRejection::AmountTooLarge)?;
        let who = (terms.account, terms.side);
        Ok((self.terms(Method::Auction, terms.instrument, who, terms.quantity, amount), terms))
    }

    /// Announces an auction whose terms were checked and set aside.
    pub fn announce(
        &mut self,
        terms: AnnounceAuction,
        amount: Money,
        out: &mut impl FnMut(Event),
    ) -> AuctionId {
        let auction = AuctionId(self.next_id());
        let AnnounceAuction { instrument, side, quantity, reserve, .. } = terms;
        self.auctions.insert(auction, Auction { terms, amount, awaits_lot: false });
        out(Event::AuctionAnnounced { auction, instrument, side, quantity, reserve });
        auction
    }

    /// What a bid would trade. Whether two accounts are one owner's is the registry's to say.
    ///
    /// # Errors
    /// See [`BidRejection`].
    pub fn check_bid(
        &self,
        now: Timestamp,
        bid: &PlaceBid,
        same_owner: impl FnOnce(AccountId, AccountId) -> bool,
    ) -> Result<Terms, BidRejection> {
        let auction = self.auctions.get(&bid.auction).ok_or(BidRejection::AuctionUnknown)?;
        let AnnounceAuction { instrument: id, side, account, quantity, reserve, opens, closes } =
            auction.terms;
        let instrument = &self.instruments[id.index()];
        let Some(rules) = self.auction_rules(auction).filter(|_| (opens..closes).contains(&now)) else {
            return Err(BidRejection::AuctionClosed);
        };
        if instrument.halted {
            return Err(BidRejection::InstrumentHalted);
        }
        if self.is_own(id, (bid.account, account), same_owner) {
            return Err(BidRejection::OwnAuction);
        }
        if bid.quantity < rules.bid_min || !bid.quantity.is_positive() {
            return Err(BidRejection::BidTooSmall);
        }
        if bid.quantity.0 % self.markets[instrument.market.index()].rules.lot.0 != 0 {
            return Err(BidRejection::QuantityOffLot);
        }
        if bid.quantity > quantity {
            return Err(BidRejection::ExceedsOffer);
        }
        if !bid.price.is_positive() {
            return Err(BidRejection::PriceNotPositive);
        }
        let worse = |reserve| if side == Side::Sell { bid.price < reserve } else { bid.price > reserve };
        if reserve.is_some_and(worse) {
            return Err(BidRejection::WorseThanReserve);
        }
        let outside = |band| {
            let (lower, upper) = band_limits(instrument.day.reference, band);
            !(lower..=upper).contains(&bid.price)
        };
        if rules.band.is_some_and(outside) {
            return Err(BidRejection::PriceOutsideBand);
        }
        let amount = self.amount(id, bid.price, bid.quantity).ok_or(BidRejection::AmountTooLarge)?;
        Ok(self.terms(Method::Auction, id, (bid.account, side.opposite()), bid.quantity, amount))
    }

    /// Enters a bid whose terms were checked and set aside.
    pub fn bid(&mut self, terms: &PlaceBid, amount: Money, out: &mut impl FnMut(Event)) -> BidId {
        let bid = BidId(self.next_id());
        self.bids.insert(bid, Bid { terms: *terms, amount });
        out(Event::BidPlaced { bid, auction: terms.auction });
        bid
    }

    /// Withdraws a bid. Returns what was set aside for it.
    ///
    /// # Errors
    /// See [`BidRejection`].
    pub fn withdraw_bid(
        &mut self,
        now: Timestamp,
        withdraw: &WithdrawBid,
        out: &mut impl FnMut(Event),
    ) -> Result<Terms, BidRejection> {
        let bid = self.bids.get(&withdraw.bid).ok_or(BidRejection::BidUnknown)?;
        if bid.terms.account != withdraw.account {
            return Err(BidRejection::NotTheOwner);
        }
        if now >= self.auctions[&bid.terms.auction].terms.closes {
            return Err(BidRejection::AuctionClosed);
        }
        Ok(self.end_bid(withdraw.bid, End::Withdrawn, out))
    }

    /// Closes the bids of an auction, and decides it unless it has to wait for a lot.
    pub fn close_auction(&mut self, id: AuctionId, out: &mut impl FnMut(Event)) -> Uncrossed {
        let auction = &self.auctions[&id];
        if self.instruments[auction.terms.instrument.index()].halted {
            return Uncrossed { trades: Vec::new(), ended: self.end_auction(id, AuctionEnd::Halted, out) };
        }
        let by_lot = self.auction_rules(auction).is_some_and(|rules| rules.tie == TieRule::Lot);
        let several = self.bids_of(id).nth(1).is_some();
        if !(by_lot && several) {
            return self.uncross(id, None, out);
        }
        if let Some(auction) = self.auctions.get_mut(&id) {
            auction.awaits_lot = true;
        }
        out(Event::LotAwaited { auction: id });
        Uncrossed::default()
    }

    /// Decides an auction by the seed of its lot.
    ///
    /// # Errors
    /// There is no such auction, it does not wait for a lot, or its instrument is halted.
    pub fn draw_lot(
        &mut self,
        draw: &DrawLot,
        out: &mut impl FnMut(Event),
    ) -> Result<Uncrossed, AuctionRejection> {
        let auction = self.auctions.get(&draw.auction).ok_or(AuctionRejection::AuctionUnknown)?;
        if !auction.awaits_lot {
            return Err(AuctionRejection::NoLotAwaited);
        }
        if self.instruments[auction.terms.instrument.index()].halted {
            return Err(AuctionRejection::InstrumentHalted);
        }
        Ok(self.uncross(draw.auction, Some(draw.seed), out))
    }

    /// Calls an auction off. Returns what was set aside.
    ///
    /// # Errors
    /// There is no such auction.
    pub fn cancel_auction(
        &mut self,
        cancel: &CancelAuction,
        out: &mut impl FnMut(Event),
    ) -> Result<Vec<Terms>, AuctionRejection> {
        if !self.auctions.contains_key(&cancel.auction) {
            return Err(AuctionRejection::AuctionUnknown);
        }
        Ok(self.end_auction(cancel.auction, AuctionEnd::CalledOff, out))
    }

    fn bids_of(&self, auction: AuctionId) -> impl Iterator<Item = (BidId, &Bid)> {
        self.bids.iter().filter(move |(_, bid)| bid.terms.auction == auction).map(|(id, bid)| (*id, bid))
    }

    /// Finds the price and makes the trades. Bids are ranked by price, then by lot where there is a seed, then by time.
    fn uncross(&mut self, id: AuctionId, seed: Option<u64>, out: &mut impl FnMut(Event)) -> Uncrossed {
        let auction = self.auctions[&id].clone();
        let AnnounceAuction { instrument, side, account, quantity, .. } = auction.terms;
        let mut ranked: Vec<(BidId, Bid)> = self.bids_of(id).map(|(id, bid)| (id, *bid)).collect();
        let rank = |bid: &Bid| if side == Side::Sell { -bid.terms.price.0 } else { bid.terms.price.0 };
        ranked.sort_by_key(|(id, bid)| (rank(bid), seed.map(|seed| lot(seed, *id)), *id));

        let offered: i128 = ranked.iter().map(|(_, bid)| i128::from(bid.terms.quantity.0)).sum();
        let cancels = self.auction_rules(&auction).is_some_and(|rules| rules.cancel_if_underbid);
        if ranked.is_empty() || cancels && offered < i128::from(quantity.0) {
            let end = if ranked.is_empty() { AuctionEnd::NoBids } else { AuctionEnd::Underbid };
            return Uncrossed { trades: Vec::new(), ended: self.end_auction(id, end, out) };
        }

        let mut left = quantity.0;
        let mut allotted: Vec<(BidId, Bid, Quantity)> = Vec::with_capacity(ranked.len());
        for (bid_id, bid) in ranked {
            let share = bid.terms.quantity.0.min(left);
            left -= share;
            allotted.push((bid_id, bid, Quantity(share)));
        }
        let last = allotted.iter().rev().find(|(_, _, share)| share.is_positive());
        let price = last.map_or(Price::default(), |(_, bid, _)| bid.terms.price);
        out(Event::AuctionUncrossed { auction: id, price, quantity: Quantity(quantity.0 - left) });

        let mut result = Uncrossed::default();
        let mut initiator = Party { account, traded_before: Money::ZERO };
        for (bid_id, bid, share) in allotted {
            let mut traded = Money::ZERO;
            if share.is_positive() {
                let bidder = Party { account: bid.terms.account, traded_before: Money::ZERO };
                let (buyer, seller) =
                    if side == Side::Sell { (bidder, initiator) } else { (initiator, bidder) };
                let made = Match { method: Method::Auction, price, quantity: share, buyer, seller };
                let trade = self.trade(instrument, made, out);
                initiator.traded_before.0 += trade.amount.0;
                traded = trade.amount;
                result.trades.push(trade);
            }
            self.bids.remove(&bid_id);
            let unfilled = Quantity(bid.terms.quantity.0 - share.0);
            if unfilled.is_positive() {
                out(Event::BidEnded { bid: bid_id, left: unfilled, end: End::NotAllotted });
            }
            let who = (bid.terms.account, side.opposite());
            let terms = self.terms(Method::Auction, instrument, who, bid.terms.quantity, bid.amount);
            result.ended.push(Terms { filled: share, traded, ..terms });
        }
        let terms = self.terms(Method::Auction, instrument, (account, side), quantity, auction.amount);
        let filled = Quantity(quantity.0 - left);
        result.ended.push(Terms { filled, traded: initiator.traded_before, ..terms });
        self.auctions.remove(&id);
        result
    }

    pub(crate) fn end_bid(&mut self, id: BidId, end: End, out: &mut impl FnMut(Event)) -> Terms {
        let Some(bid) = self.bids.remove(&id) else { unreachable!("only standing bids are ended") };
        out(Event::BidEnded { bid: id, left: bid.terms.quantity, end });
        let AnnounceAuction { instrument, side, .. } = self.auctions[&bid.terms.auction].terms;
        let who = (bid.terms.account, side.opposite());
        self.terms(Method::Auction, instrument, who, bid.terms.quantity, bid.amount)
    }

    pub(crate) fn end_auction(
        &mut self,
        id: AuctionId,
        end: AuctionEnd,
        out: &mut impl FnMut(Event),
    ) -> Vec<Terms> {
        let bids: Vec<BidId> = self.bids_of(id).map(|(bid, _)| bid).collect();
        let mut ended: Vec<Terms> =
            bids.into_iter().map(|bid| self.end_bid(bid, End::AuctionCancelled, out)).collect();
        let Some(Auction { terms, amount, .. }) = self.auctions.remove(&id) else {
            unreachable!("only standing auctions are ended")
        };
        ended.push(self.terms(
            Method::Auction,
            terms.instrument,
            (terms.account, terms.side),
            terms.quantity,
            amount,
        ));
        out(Event::AuctionCancelled { auction: id, end });
        ended
    }

    /// The auction of an id, until it is decided.
    #[must_use]
    pub fn auction(&self, id: AuctionId) -> Option<&Auction> {
        self.auctions.get(&id)
    }

    /// Auctions that are not decided, by id.
    pub fn auctions(&self) -> impl Iterator<Item = (AuctionId, &Auction)> {
        self.auctions.iter().map(|(id, auction)| (*id, auction))
    }

    /// Bids that stand, by id.
    pub fn bids(&self) -> impl Iterator<Item = (BidId, &Bid)> {
        self.bids.iter().map(|(id, bid)| (*id, bid))
    }

    /// The next auction to close its bids.
    pub(crate) fn next_auction(&self) -> Option<(Timestamp, AuctionId)> {
        let waiting = self.auctions.iter().filter(|(_, auction)| !auction.awaits_lot);
        waiting.map(|(id, auction)| (auction.terms.closes, *id)).min()
    }
}
