//! A day's trading: the reconstructed trades become listings and takes, blocks, auctions and bids, each at its time and
//! between two participants who can.

use crate::history::book::{Book, Deal, Supply, Trader, cost};
use crate::history::lines::Lines;
use crate::history::sender::Sender;
use base::{
    AuctionId, BasisPoints, Date, InstrumentId, Method, Money, OrderId, Price, ProposalId, Quantity, Session,
    Side, TimeOfDay, Timestamp,
};
use engine::rulebook::Version;
use engine::{Command, OPERATOR};
use markets::carbon::reconstruct::Trade;
use trading::rules::{AuctionRules, TieRule};
use trading::{
    AcceptBlock, AnnounceAuction, CancelOrder, DrawLot, PlaceBid, PlaceOrder, ProposeBlock, TakeListing,
    band_limits,
};

/// Something that is to happen in the session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    /// An auction is decided: nobody sends this, the calendar does it.
    Close(usize),
    /// Listings on both sides that nobody takes, outside the day's prices.
    Quotes { instrument: usize, high: i64, low: i64 },
    /// A listed trade, in one part or several.
    Listed(usize, Trade),
    /// A block.
    Block(usize, Trade),
    /// An auction is announced.
    Announce(usize),
    /// Its bids are entered.
    Bids(usize),
}

/// An auction of the day.
#[derive(Clone, Debug)]
struct Auction {
    instrument: usize,
    trade: Trade,
    opens: Timestamp,
    closes: Timestamp,
    id: AuctionId,
    seller: Trader,
    /// Bidder, price, quantity, and how much of it is allotted.
    bids: Vec<(Trader, i64, i64, i64)>,
}

/// What a trading day needs while it is planned.
pub(super) struct Desk<'a> {
    pub(super) version: &'a Version,
    pub(super) date: Date,
    pub(super) book: &'a mut Book,
    pub(super) lines: &'a mut Lines,
    pub(super) sender: &'a mut Sender,
    /// Counts trades, so that roles and sizes change from one to the next.
    pub(super) serial: &'a mut i64,
    tasks: Vec<(Timestamp, Task)>,
    auctions: Vec<Auction>,
    /// What stands until the day ends: trader, asset, tonnes, fen.
    quotes: Vec<(Trader, usize, i128, i128)>,
}

fn instrument_id(instrument: usize) -> InstrumentId {
    InstrumentId::at(instrument)
}

/// The place of the `i`th of `n` things in the sessions, spread evenly.
fn moment(sessions: &[Session], i: usize, n: usize) -> TimeOfDay {
    let span = |session: &Session| u64::from(session.closes.0.saturating_sub(session.opens.0));
    let total: u64 = sessions.iter().map(span).sum();
    let mut offset = total * (i as u64 + 1) / (n as u64 + 1);
    for session in sessions {
        if offset < span(session) {
            return TimeOfDay(session.opens.0 + u32::try_from(offset).unwrap_or(0));
        }
        offset -= span(session);
    }
    sessions.last().map_or(TimeOfDay(0), |session| session.opens)
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        (version, date): (&'a Version, Date),
        book: &'a mut Book,
        lines: &'a mut Lines,
        sender: &'a mut Sender,
        serial: &'a mut i64,
    ) -> Self {
        let (tasks, auctions, quotes) = (Vec::new(), Vec::new(), Vec::new());
        Self { version, date, book, lines, sender, serial, tasks, auctions, quotes }
    }

    fn at(&self, time: TimeOfDay) -> Timestamp {
        self.version.trading.calendar.instant(self.date, time)
    }

    /// The instant at which the day's first session opens.
    pub(super) fn opening(version: &Version, date: Date) -> Timestamp {
        let rules = &version.trading;
        let sessions = [
            rules.listing.as_ref().map(|r| &r.sessions),
            rules.block.as_ref().map(|r| &r.sessions),
            rules.auction.as_ref().map(|r| &r.sessions),
        ];
        let first = sessions.into_iter().flatten().flatten().map(|session| session.opens).min();
        rules.calendar.instant(date, first.unwrap_or(rules.calendar.day_end))
    }

    /// The day's listed trades in an instrument.
    pub(super) fn plan_listed(&mut self, instrument: usize, trades: &[Trade]) {
        let Some(rules) = &self.version.trading.listing else { return };
        let prices = || trades.iter().map(|trade| trade.price_fen);
        if let (Some(high), Some(low), Some(first)) =
            (prices().max(), prices().min(), rules.sessions.iter().map(|session| session.opens).min())
        {
            self.tasks.push((self.at(first), Task::Quotes { instrument, high, low }));
        }
        for (i, trade) in trades.iter().enumerate() {
            let time = self.at(moment(&rules.sessions, i, trades.len()));
            self.tasks.push((time, Task::Listed(instrument, *trade)));
        }
    }

    /// The day's blocks in an instrument.
    pub(super) fn plan_blocks(&mut self, instrument: usize, trades: &[Trade]) {
        let Some(rules) = &self.version.trading.block else { return };
        for (i, trade) in trades.iter().enumerate() {
            let time = self.at(moment(&rules.sessions, i, trades.len()));
            self.tasks.push((time, Task::Block(instrument, *trade)));
        }
    }

    /// The day's auctions, each with its share of the first session, one after another.
    pub(super) fn plan_auctions(&mut self, auctions: &[(usize, Trade)]) {
        let session = self.version.trading.auction.as_ref().and_then(|rules| rules.sessions.first().copied());
        let Some(session) = session else { return };
        let span = u64::from(session.closes.0.saturating_sub(session.opens.0));
        let parts = 6 * auctions.len() as u64;
        for (i, &(instrument, trade)) in auctions.iter().enumerate() {
            let time = |sixths: u64| {
                let offset = span * (6 * i as u64 + sixths) / parts;
                self.at(TimeOfDay(session.opens.0 + u32::try_from(offset).unwrap_or(0)))
            };
            let (announced, opens, bids, closes) = (time(0), time(1), time(3), time(5));
            let (id, seller) = (AuctionId(0), Trader(0));
            self.auctions.push(Auction { instrument, trade, opens, closes, id, seller, bids: Vec::new() });
            let steps = [(announced, Task::Announce(i)), (bids, Task::Bids(i)), (closes, Task::Close(i))];
            self.tasks.extend(steps);
        }
    }

    /// Plans the day: everything in order of time, and what it needs before it begins.
    pub(super) fn run(mut self) -> Vec<Supply> {
        let mut tasks = std::mem::take(&mut self.tasks);
        tasks.sort_by_key(|(time, task)| (*time, !matches!(task, Task::Close(_))));
        for (time, task) in tasks {
            match task {
                Task::Close(auction) => self.close(auction),
                Task::Quotes { instrument, high, low } => self.quote(time, instrument, high, low),
                Task::Listed(instrument, trade) => self.listed(time, instrument, trade),
                Task::Block(instrument, trade) => self.block(time, instrument, trade),
                Task::Announce(auction) => self.announce(time, auction),
                Task::Bids(auction) => self.bids(time, auction),
            }
        }
        for (trader, asset, quantity_t, amount_fen) in std::mem::take(&mut self.quotes) {
            self.book.hold_units(trader, asset, -quantity_t);
            self.book.hold_cash(trader, -amount_fen);
        }
        std::mem::take(&mut self.book.supplies)
    }

    fn settle(&mut self, deal: Deal) {
        let days = self.version.registry.resale_after_days;
        let from = (days > 0).then(|| Date(self.date.0.saturating_add_unsigned(days)));
        self.book.settle(&deal, &self.version.clearing, from);
        if deal.method == Method::Listed {
            self.lines.trade(deal.asset, deal.quantity_t, deal.amount_fen);
        }
    }

    fn cost(&self, method: Method, price: i64, tonnes: i64) -> i128 {
        cost(&self.version.clearing, method, i128::from(price) * i128::from(tonnes))
    }

    fn place(
        &mut self,
        at: Timestamp,
        maker: Trader,
        (instrument, side): (usize, Side),
        trade: Trade,
    ) -> OrderId {
        let (price, quantity) = (Price(trade.price_fen), Quantity(trade.quantity_t));
        let order = PlaceOrder {
            account: maker.account(),
            instrument: instrument_id(instrument),
            side,
            price,
            quantity,
        };
        OrderId(self.sender.create(at, maker.participant(), Command::PlaceOrder(order)))
    }

    /// One listing, taken by one to three others. Now and then it is larger than what is taken, and its maker withdraws the
    /// rest.
    fn listed(&mut self, at: Timestamp, instrument: usize, trade: Trade) {
        *self.serial += 1;
        let (serial, Trade { price_fen, quantity_t }) = (*self.serial, trade);
        let parts = match serial % 3 {
            0 if quantity_t >= 6 => vec![quantity_t / 2, quantity_t / 3],
            1 if quantity_t >= 2 => vec![(quantity_t + 1) / 2],
            _ => Vec::new(),
        };
        let last = quantity_t - parts.iter().sum::<i64>();
        let largest = self.version.trading.listing.as_ref().map_or(0, |rules| rules.quantity_below.0 - 1);
        let more = quantity_t + quantity_t / 4 + 1;
        let listed_t = if serial % 5 == 0 && more <= largest { more } else { quantity_t };

        let side = if serial % 2 == 0 { Side::Buy } else { Side::Sell };
        let needs = (i128::from(listed_t), self.cost(Method::Listed, price_fen, listed_t));
        let maker = self.book.counterparty(side, instrument, needs, None);
        let order = self.place(at, maker, (instrument, side), Trade { price_fen, quantity_t: listed_t });
        for part_t in parts.into_iter().chain([last]) {
            let needs = (i128::from(part_t), self.cost(Method::Listed, price_fen, part_t));
            let taker = self.book.counterparty(side.opposite(), instrument, needs, Some(maker));
            let take = TakeListing { account: taker.account(), listing: order, quantity: Quantity(part_t) };
            self.sender.send(at, taker.participant(), Command::TakeListing(take));
            let (buyer, seller) = if side == Side::Buy { (maker, taker) } else { (taker, maker) };
            let (quantity_t, amount_fen) = (i128::from(part_t), i128::from(price_fen) * i128::from(part_t));
            let method = Method::Listed;
            self.settle(Deal { method, buyer, seller, asset: instrument, quantity_t, amount_fen });
        }
        if listed_t > quantity_t {
            let cancel = CancelOrder { account: maker.account(), order };
            self.sender.send(at, maker.participant(), Command::CancelOrder(cancel));
        }
    }

    fn quote(&mut self, at: Timestamp, instrument: usize, high: i64, low: i64) {
        let Some(rules) = &self.version.trading.listing else { return };
        *self.serial += 1;
        let reference = Price(self.lines.instruments[instrument].prices.reference);
        let (Price(lower), Price(upper)) = band_limits(reference, rules.band);
        let size = (100 + *self.serial * 37 % 900).min(rules.quantity_below.0 - 1);
        let ask = Trade { price_fen: (high + high / 100 + 1).min(upper), quantity_t: size };
        if let Some(maker) = self.book.seller_if_any(instrument, i128::from(size), None) {
            self.place(at, maker, (instrument, Side::Sell), ask);
            self.book.hold_units(maker, instrument, i128::from(size));
            self.quotes.push((maker, instrument, i128::from(size), 0));
        }
        let bid = Trade { price_fen: (low - low / 100 - 1).max(lower), quantity_t: size };
        let hold = self.cost(Method::Listed, bid.price_fen, size);
        let maker = self.book.buyer(hold, None);
        self.place(at, maker, (instrument, Side::Buy), bid);
        self.book.hold_cash(maker, hold);
        self.quotes.push((maker, instrument, 0, hold));
    }

    fn block(&mut self, at: Timestamp, instrument: usize, trade: Trade) {
        *self.serial += 1;
        let Trade { price_fen, quantity_t } = trade;
        let side = if *self.serial % 2 == 0 { Side::Buy } else { Side::Sell };
        let needs = (i128::from(quantity_t), self.cost(Method::Block, price_fen, quantity_t));
        let proposer = self.book.counterparty(side, instrument, needs, None);
        let other = self.book.counterparty(side.opposite(), instrument, needs, Some(proposer));
        let proposal = ProposeBlock {
            account: proposer.account(),
            instrument: instrument_id(instrument),
            side,
            counterparty: other.account(),
            price: Price(price_fen),
            quantity: Quantity(quantity_t),
        };
        let command = Command::ProposeBlock(proposal);
        let proposal = ProposalId(self.sender.create(at, proposer.participant(), command));
        let accept = AcceptBlock { account: other.account(), proposal };
        self.sender.send(at, other.participant(), Command::AcceptBlock(accept));
        let (buyer, seller) = if side == Side::Buy { (proposer, other) } else { (other, proposer) };
        let (method, quantity_t, amount_fen) = (Method::Block, i128::from(quantity_t), trade.amount_fen());
        self.settle(Deal { method, buyer, seller, asset: instrument, quantity_t, amount_fen });
    }

    fn announce(&mut self, at: Timestamp, index: usize) {
        let Auction { instrument, trade, opens, closes, .. } = self.auctions[index];
        let seller = self.book.seller(instrument, i128::from(trade.quantity_t), None);
        let announced = AnnounceAuction {
            instrument: instrument_id(instrument),
            side: Side::Sell,
            account: seller.account(),
            quantity: Quantity(trade.quantity_t),
            reserve: Some(Price(trade.price_fen)),
            opens,
            closes,
        };
        let id = self.sender.create(at, OPERATOR, Command::AnnounceAuction(announced));
        self.book.hold_units(seller, instrument, i128::from(trade.quantity_t));
        (self.auctions[index].id, self.auctions[index].seller) = (AuctionId(id), seller);
    }

    /// The bid that sets the price, behind a better one, and ahead of one that comes too late to be allotted.
    fn bids(&mut self, at: Timestamp, index: usize) {
        let Some(rules) = self.version.trading.auction.as_ref() else { return };
        let Auction { instrument, trade, id, seller, .. } = self.auctions[index];
        let better =
            better_price(rules, self.lines.instruments[instrument].prices.reference, trade.price_fen);
        let least = rules.bid_min.0.max(1);
        let first_t = if trade.quantity_t >= 2 * least { least.max(trade.quantity_t / 3) } else { 0 };
        let rest_t = trade.quantity_t - first_t;
        // By lot, a bid at the same price could be drawn before the others: then it stays away.
        let late_t = if rules.tie == TieRule::Time { least.min(trade.quantity_t) } else { 0 };
        let wanted =
            [(better, first_t, first_t), (trade.price_fen, rest_t, rest_t), (trade.price_fen, late_t, 0)];
        for (price, quantity_t, allotted_t) in wanted.into_iter().filter(|(_, quantity_t, _)| *quantity_t > 0)
        {
            let hold = self.cost(Method::Auction, price, quantity_t);
            let bidder = self.book.buyer(hold, Some(seller));
            self.book.hold_cash(bidder, hold);
            let (account, quantity) = (bidder.account(), Quantity(quantity_t));
            let bid = PlaceBid { account, auction: id, price: Price(price), quantity };
            self.sender.create(at, bidder.participant(), Command::PlaceBid(bid));
            self.auctions[index].bids.push((bidder, price, quantity_t, allotted_t));
        }
    }

    /// The calendar decides the auction, or the operator draws the lot.
    fn close(&mut self, index: usize) {
        let Auction { instrument, trade, closes, id, seller, bids, .. } = self.auctions[index].clone();
        let by_lot = self.version.trading.auction.as_ref().is_some_and(|rules| rules.tie == TieRule::Lot);
        if by_lot && bids.len() > 1 {
            let seed = u64::from(self.date.0.unsigned_abs());
            self.sender.send(closes, OPERATOR, Command::DrawLot(DrawLot { auction: id, seed }));
        }
        self.book.hold_units(seller, instrument, -i128::from(trade.quantity_t));
        for (buyer, price, quantity_t, allotted_t) in bids {
            let hold = self.cost(Method::Auction, price, quantity_t);
            self.book.hold_cash(buyer, -hold);
            if allotted_t > 0 {
                let amount_fen = i128::from(trade.price_fen) * i128::from(allotted_t);
                let (method, quantity_t) = (Method::Auction, i128::from(allotted_t));
                self.settle(Deal { method, buyer, seller, asset: instrument, quantity_t, amount_fen });
            }
        }
    }
}

/// A price that is two percent better for the seller, where the rules allow it.
fn better_price(rules: &AuctionRules, reference: i64, price: i64) -> i64 {
    let upper = rules.band.map_or(i64::MAX, |band: BasisPoints| band_limits(Price(reference), band).1.0);
    price.saturating_add(price / 50 + 1).min(upper).max(price)
}

/// Amounts as the engine's commands carry them.
pub(super) fn money(fen: i128) -> Option<Money> {
    i64::try_from(fen).ok().map(Money)
}
