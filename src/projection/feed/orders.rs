//! Orders of a book, listings, blocks, auctions and bids, from the first to the last of them.
//!
//! Their numbers are one series. What stands is kept in memory beside the table, so that an event that names only a number
//! finds its order without asking the database.

use super::{Told, Word, Writer, client_text, int, name_of, opt, owner};
use crate::projection::db::{Db, Row, Value};
use crate::projection::tables::ORDERS;
use anyhow::Result;
use base::{AccountId, OrderId, Side};
use engine::Command;
use std::collections::HashMap;
use trading::{End, EnterOrder, Event, Life};

/// An order as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    order: i64,
    seq: i64,
    time: i64,
    actor: i64,
    client_id: Option<String>,
    client_key: String,
    account: i64,
    participant: i64,
    instrument: i64,
    kind: Word,
    side: Word,
    price: i64,
    quantity: i64,
    /// Of an order for an amount; its quantity is what it has traded.
    funds: Option<i64>,
    filled: i64,
    reduced: i64,
    left: i64,
    amount: i64,
    fee: i64,
    life: Option<Word>,
    until: Option<i64>,
    post_only: bool,
    self_trade: Option<Word>,
    minimum: i64,
    display: i64,
    trigger: Option<i64>,
    waiting: bool,
    counterparty: Option<i64>,
    auction: Option<i64>,
    status: Word,
    ended: Option<Word>,
    ended_seq: Option<i64>,
    ended_time: Option<i64>,
    updated: i64,
}

impl Live {
    fn row(&self) -> [Value; 34] {
        [
            self.order.into(),
            self.seq.into(),
            self.time.into(),
            self.actor.into(),
            opt(self.client_id.clone()),
            self.client_key.clone().into(),
            self.account.into(),
            self.participant.into(),
            self.instrument.into(),
            self.kind.clone().into(),
            self.side.clone().into(),
            self.price.into(),
            self.quantity.into(),
            self.filled.into(),
            self.reduced.into(),
            self.left.into(),
            self.amount.into(),
            self.fee.into(),
            opt(self.life.clone()),
            opt(self.until),
            self.post_only.into(),
            opt(self.self_trade.clone()),
            self.minimum.into(),
            self.display.into(),
            opt(self.trigger),
            self.waiting.into(),
            opt(self.counterparty),
            opt(self.auction),
            self.status.clone().into(),
            opt(self.ended.clone()),
            opt(self.ended_seq),
            opt(self.ended_time),
            self.updated.into(),
            opt(self.funds),
        ]
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            order: row.int(0)?,
            seq: row.int(1)?,
            time: row.int(2)?,
            actor: row.int(3)?,
            client_id: row.opt_text(4)?,
            client_key: row.text(5)?,
            account: row.int(6)?,
            participant: row.int(7)?,
            instrument: row.int(8)?,
            kind: row.text(9)?.into(),
            side: row.text(10)?.into(),
            price: row.int(11)?,
            quantity: row.int(12)?,
            filled: row.int(13)?,
            reduced: row.int(14)?,
            left: row.int(15)?,
            amount: row.int(16)?,
            fee: row.int(17)?,
            life: row.opt_text(18)?.map(Word::from),
            until: row.opt_int(19)?,
            post_only: row.int(20)? != 0,
            self_trade: row.opt_text(21)?.map(Word::from),
            minimum: row.int(22)?,
            display: row.int(23)?,
            trigger: row.opt_int(24)?,
            waiting: row.int(25)? != 0,
            counterparty: row.opt_int(26)?,
            auction: row.opt_int(27)?,
            status: row.text(28)?.into(),
            ended: row.opt_text(29)?.map(Word::from),
            ended_seq: row.opt_int(30)?,
            ended_time: row.opt_int(31)?,
            updated: row.int(32)?,
            funds: row.opt_int(33)?,
        })
    }

    fn end(&mut self, told: Told<'_>, status: &'static str, why: Option<Word>) {
        self.status = status.into();
        (self.left, self.waiting, self.ended) = (0, false, why);
        (self.ended_seq, self.ended_time, self.updated) = (Some(told.seq), Some(told.time), told.seq);
    }
}

/// The orders that stand, as they are written.
pub(super) fn standing(db: &mut Db) -> Result<HashMap<u64, Live>> {
    let sql = format!("SELECT {} FROM orders WHERE status = 'open'", ORDERS.columns.join(", "));
    let found = db.rows(&sql, &[], Live::read)?;
    found.into_iter().map(|live| Ok((u64::try_from(live.order)?, live))).collect()
}

/// In a word, what became of an order that ended for this reason.
fn status_of(end: End) -> &'static str {
    match end {
        End::Expired | End::CallOver | End::NotAllotted => "expired",
        End::Removed | End::Blocked | End::OutsideBand | End::AuctionCancelled => "removed",
        End::Spent => "filled",
        End::Withdrawn
        | End::Declined
        | End::Immediate
        | End::Unfillable
        | End::SelfTrade
        | End::MassCancelled => "cancelled",
    }
}

impl Writer {
    pub(super) fn follow_order(&mut self, told: Told<'_>, event: &Event) {
        match event {
            Event::OrderPlaced { order, terms } => {
                let owner = (terms.account, terms.instrument.0);
                let live =
                    fresh(told, order.0, owner, ("listing", terms.side), (terms.price.0, terms.quantity.0));
                self.stand(told, live, "order_placed");
            }
            &Event::OrderEntered { order, account, instrument, side, price, quantity } => {
                let mut live =
                    fresh(told, order.0, (account, instrument.0), ("limit", side), (price.0, quantity.0));
                if let Command::EnterOrder(entered) = &told.record.envelope.command {
                    describe(&mut live, entered);
                }
                self.stand(told, live, "order_entered");
            }
            &Event::FundsEntered { order, account, instrument, side, price, funds } => {
                let mut live = fresh(told, order.0, (account, instrument.0), ("market", side), (price.0, 0));
                live.funds = Some(funds.0);
                if let Command::EnterFunds(entered) = &told.record.envelope.command {
                    live.life = Some(if entered.fill_or_kill { "fok" } else { "ioc" }.into());
                    live.self_trade = Some(name_of(entered.self_trade));
                }
                self.stand(told, live, "funds_entered");
            }
            Event::FundsReduced { order, .. } => self.change(told, order.0, "funds_reduced", |_| ()),
            Event::OrderRested { order, .. } => self.change(told, order.0, "order_rested", |_| ()),
            Event::OrderWaits { order } => {
                self.change(told, order.0, "order_waits", |live| live.waiting = true)
            }
            Event::OrderTriggered { order } => {
                self.change(told, order.0, "order_triggered", |live| live.waiting = false);
            }
            &Event::OrderAmended { order, price, left, .. } => {
                self.change(told, order.0, "order_amended", |live| {
                    (live.price, live.left, live.reduced) = (price.0, left.0, 0);
                    live.quantity = live.filled + left.0;
                    live.kind = "limit".into();
                });
            }
            &Event::OrderReduced { order, by } => self.change(told, order.0, "order_reduced", |live| {
                (live.left, live.reduced) = (live.left - by.0, live.reduced + by.0);
            }),
            &Event::OrderEnded { order, end, .. } => self.end(told, order.0, "order_ended", end),
            Event::BlockProposed { proposal, terms } => {
                let owner = (terms.account, terms.instrument.0);
                let mut live =
                    fresh(told, proposal.0, owner, ("block", terms.side), (terms.price.0, terms.quantity.0));
                let counterparty = i64::from(terms.counterparty.0);
                live.counterparty = Some(counterparty);
                self.stand(told, live, "block_proposed");
                self.touch(told, (counterparty, 1), "block_proposed");
            }
            &Event::BlockEnded { proposal, end } => self.end(told, proposal.0, "block_ended", end),
            _ => self.follow_auction(told, event),
        }
    }

    fn follow_auction(&mut self, told: Told<'_>, event: &Event) {
        match event {
            &Event::AuctionAnnounced { auction, instrument, side, quantity, reserve } => {
                let Command::AnnounceAuction(announced) = &told.record.envelope.command else { return };
                let price = reserve.map_or(0, |reserve| reserve.0);
                let owner = (announced.account, instrument.0);
                let live = fresh(told, auction.0, owner, ("auction", side), (price, quantity.0));
                self.stand(told, live, "auction_announced");
            }
            &Event::BidPlaced { bid, auction } => {
                let Command::PlaceBid(placed) = &told.record.envelope.command else { return };
                let Some(announced) = self.live.get(&auction.0) else { return };
                let side = if announced.side == "buy" { Side::Sell } else { Side::Buy };
                let owner = (placed.account, u32::try_from(announced.instrument).unwrap_or(u32::MAX));
                let mut live = fresh(told, bid.0, owner, ("bid", side), (placed.price.0, placed.quantity.0));
                live.auction = Some(int(auction.0));
                self.stand(told, live, "bid_placed");
            }
            &Event::BidEnded { bid, left, end } => {
                if let Some(live) = self.live.get_mut(&bid.0) {
                    live.filled = live.quantity - left.0;
                }
                self.end(told, bid.0, "bid_ended", end);
            }
            &Event::AuctionUncrossed { auction, quantity, .. } => {
                self.change(told, auction.0, "auction_uncrossed", |live| {
                    live.filled = quantity.0;
                    live.end(told, "filled", None);
                });
                self.uncrossed.push(int(auction.0));
            }
            &Event::AuctionCancelled { auction, end } => {
                self.change(told, auction.0, "auction_cancelled", |live| {
                    live.end(told, "cancelled", Some(name_of(end)));
                });
            }
            Event::LotAwaited { auction } => self.change(told, auction.0, "lot_awaited", |_| ()),
            _ => {}
        }
    }

    fn stand(&mut self, told: Told<'_>, live: Live, kind: &'static str) {
        self.touch(told, (live.account, 0), kind);
        let order = told_number(live.order);
        self.mark(order);
        self.live.insert(order, live);
    }

    /// An event that names an order: it touched the order's account.
    fn change(&mut self, told: Told<'_>, order: u64, kind: &'static str, change: impl FnOnce(&mut Live)) {
        let Some(live) = self.live.get_mut(&order) else { return };
        change(live);
        live.updated = told.seq;
        let account = live.account;
        self.mark(order);
        self.touch(told, (account, 0), kind);
    }

    fn end(&mut self, told: Told<'_>, order: u64, kind: &'static str, end: End) {
        self.change(told, order, kind, |live| live.end(told, status_of(end), Some(name_of(end))));
    }

    /// An order traded.
    pub(super) fn fill_order(&mut self, told: Told<'_>, order: OrderId, quantity: i64, amount: i64) {
        if let Some(live) = self.live.get_mut(&order.0) {
            live.filled += quantity;
            if live.funds.is_some() {
                live.quantity = live.filled;
            } else {
                live.left -= quantity;
            }
            live.amount = live.amount.saturating_add(amount);
            live.updated = told.seq;
            self.mark(order.0);
        }
    }

    pub(super) fn charge_order(&mut self, order: i64, fee: i64) {
        if let Some(live) = self.live.get_mut(&told_number(order)) {
            live.fee = live.fee.saturating_add(fee);
            self.mark(told_number(order));
        }
    }

    /// The order is written with its batch, and looked at when its record is over.
    fn mark(&mut self, order: u64) {
        self.changed.insert(order);
        self.marked.push(order);
    }

    /// What an auction's initiator traded. Its bids are known by what is left of them.
    pub(super) fn fill_auction(&mut self, buyer: i64, amount: i64) -> (Option<i64>, Option<i64>) {
        let Some(auction) = self.uncrossed.last().copied() else { return (None, None) };
        let Some(live) = self.live.get_mut(&told_number(auction)) else { return (None, None) };
        live.amount = live.amount.saturating_add(amount);
        if live.account == buyer { (Some(auction), None) } else { (None, Some(auction)) }
    }

    /// What a record left without anything to trade is over, though no event says so.
    pub(super) fn finish_record(&mut self, told: Told<'_>) {
        for auction in std::mem::take(&mut self.uncrossed) {
            let allotted = |live: &Live| live.auction == Some(auction) && live.status == "open";
            let bids: Vec<u64> =
                self.live.iter().filter(|(_, live)| allotted(live)).map(|(bid, _)| *bid).collect();
            for bid in bids {
                if let Some(live) = self.live.get_mut(&bid) {
                    live.filled = live.quantity;
                    live.end(told, "filled", None);
                    self.changed.insert(bid);
                }
            }
        }
        for order in std::mem::take(&mut self.marked) {
            if let Some(live) = self.live.get_mut(&order)
                && live.left <= 0
                && live.status == "open"
            {
                if live.reduced > 0 {
                    live.end(told, "cancelled", Some(name_of(End::SelfTrade)));
                } else {
                    live.end(told, "filled", None);
                }
            }
        }
    }

    pub(super) fn spill_orders(&mut self) {
        for order in std::mem::take(&mut self.changed) {
            let Some(live) = self.live.get(&order) else { continue };
            self.rows.orders.push(live.row());
            if live.status != "open" {
                self.live.remove(&order);
            }
        }
    }
}

fn told_number(order: i64) -> u64 {
    u64::try_from(order).unwrap_or(0)
}

fn fresh(
    told: Told<'_>,
    order: u64,
    (account, instrument): (AccountId, u32),
    (kind, side): (&'static str, Side),
    (price, quantity): (i64, i64),
) -> Live {
    let envelope = &told.record.envelope;
    Live {
        order: int(order),
        seq: told.seq,
        time: told.time,
        actor: envelope.actor.0.into(),
        client_id: client_text(&envelope.client_id),
        client_key: envelope.client_id.key().hex(),
        account: account.0.into(),
        participant: owner(told.state, account),
        instrument: instrument.into(),
        kind: kind.into(),
        side: name_of(side),
        price,
        quantity,
        left: quantity,
        status: "open".into(),
        updated: told.seq,
        ..Live::default()
    }
}

/// What only the command says of an order.
fn describe(live: &mut Live, entered: &EnterOrder) {
    live.kind = name_of(entered.kind);
    let (life, until) = match entered.life {
        Life::Day => ("day", None),
        Life::UntilCancelled => ("gtc", None),
        Life::UntilDate(date) => ("gtd", Some(i64::from(date.0))),
        Life::Immediate => ("ioc", None),
        Life::FillOrKill => ("fok", None),
        Life::AtOpen => ("at_open", None),
        Life::AtClose => ("at_close", None),
    };
    (live.life, live.until) = (Some(life.into()), until);
    live.post_only = entered.post_only;
    live.self_trade = Some(name_of(entered.self_trade));
    (live.minimum, live.display) = (entered.minimum.0, entered.display.0);
    live.trigger = (entered.trigger != base::Price::ZERO).then_some(entered.trigger.0);
}
