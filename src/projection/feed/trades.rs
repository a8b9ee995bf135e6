//! Trades, and the obligations of the same number.

use super::candles::number;
use super::{Told, Word, Writer, int, name_of, opt, owner};
use crate::projection::db::{Row, Value};
use crate::projection::tables::TRADES;
use anyhow::{Context, Result};
use base::{AccountId, Method, Side, Trade, amount_of};
use engine::Command;
use trading::{Event, Revision};

/// The status of a trade that nobody changed.
const STANDS: &str = "stands";

/// A trade as it is written.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) trade: i64,
    pub(super) seq: i64,
    pub(super) time: i64,
    pub(super) market: i64,
    pub(super) instrument: i64,
    pub(super) method: Word,
    pub(super) date: i64,
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) amount: i64,
    pub(super) asset: i64,
    pub(super) currency: i64,
    pub(super) aggressor: Option<Word>,
    pub(super) buyer: i64,
    pub(super) buyer_participant: i64,
    pub(super) seller: i64,
    pub(super) seller_participant: i64,
    pub(super) buy_order: Option<i64>,
    pub(super) sell_order: Option<i64>,
    pub(super) buyer_fee: i64,
    pub(super) seller_fee: i64,
    pub(super) settled: Option<i64>,
    /// `stands`, `corrected` or `busted`.
    pub(super) status: Word,
    /// The record with which it was last corrected, or taken back.
    pub(super) revised: Option<i64>,
}

impl Made {
    fn row(&self) -> [Value; 24] {
        [
            self.trade.into(),
            self.seq.into(),
            self.time.into(),
            self.market.into(),
            self.instrument.into(),
            self.method.clone().into(),
            self.date.into(),
            self.price.into(),
            self.quantity.into(),
            self.amount.into(),
            self.asset.into(),
            self.currency.into(),
            opt(self.aggressor.clone()),
            self.buyer.into(),
            self.buyer_participant.into(),
            self.seller.into(),
            self.seller_participant.into(),
            opt(self.buy_order),
            opt(self.sell_order),
            self.buyer_fee.into(),
            self.seller_fee.into(),
            opt(self.settled),
            self.status.clone().into(),
            opt(self.revised),
        ]
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            trade: row.int(0)?,
            seq: row.int(1)?,
            time: row.int(2)?,
            market: row.int(3)?,
            instrument: row.int(4)?,
            method: row.text(5)?.into(),
            date: row.int(6)?,
            price: row.int(7)?,
            quantity: row.int(8)?,
            amount: row.int(9)?,
            asset: row.int(10)?,
            currency: row.int(11)?,
            aggressor: row.opt_text(12)?.map(Word::from),
            buyer: row.int(13)?,
            buyer_participant: row.int(14)?,
            seller: row.int(15)?,
            seller_participant: row.int(16)?,
            buy_order: row.opt_int(17)?,
            sell_order: row.opt_int(18)?,
            buyer_fee: row.int(19)?,
            seller_fee: row.int(20)?,
            settled: row.opt_int(21)?,
            status: row.text(22)?.into(),
            revised: row.opt_int(23)?,
        })
    }
}

impl Writer {
    pub(super) fn follow_trade(&mut self, told: Told<'_>, event: &Event) -> Result<()> {
        let made = match event {
            Event::Traded(trade) => self.agreed(told, trade),
            &Event::Filled { trade, instrument, price, quantity, buy, sell, buyer, seller, aggressor } => {
                let listed =
                    told.state.venue().instrument(instrument).context("a fill names no instrument")?;
                let amount =
                    amount_of(price, quantity, listed.tick_value).context("a fill's amount is too large")?;
                self.fill_order(told, buy, quantity.0, amount.0);
                self.fill_order(told, sell, quantity.0, amount.0);
                Made {
                    trade: number(trade),
                    seq: told.seq,
                    time: told.time,
                    market: listed.market.0.into(),
                    instrument: instrument.0.into(),
                    method: name_of(Method::Continuous),
                    date: self.day_of(told.state, listed.market).0.into(),
                    price: price.0,
                    quantity: quantity.0,
                    amount: amount.0,
                    asset: listed.asset.0.into(),
                    currency: listed.currency.0.into(),
                    aggressor: aggressor.map(name_of),
                    buyer: buyer.0.into(),
                    buyer_participant: owner(told.state, buyer),
                    seller: seller.0.into(),
                    seller_participant: owner(told.state, seller),
                    buy_order: Some(int(buy.0)),
                    sell_order: Some(int(sell.0)),
                    buyer_fee: 0,
                    seller_fee: 0,
                    settled: None,
                    status: STANDS.into(),
                    revised: None,
                }
            }
            Event::TradeBusted(revision) => return self.revise(told, revision, "trade_busted"),
            Event::TradeCorrected(revision) => return self.revise(told, revision, "trade_corrected"),
            _ => return Ok(()),
        };
        let kind = if matches!(event, Event::Traded(_)) { "traded" } else { "filled" };
        let parties = [made.buyer, made.seller];
        for (part, account) in parties.into_iter().enumerate() {
            self.touch(told, (account, part), kind);
        }
        if made.method == "listed" || made.method == "continuous" {
            let market = base::MarketId(u32::try_from(made.market)?);
            let date = base::Date(i32::try_from(made.date)?);
            let traded = (made.price, made.quantity, made.amount);
            self.count_candles(told, (market, made.instrument, date), traded);
        }
        self.made.insert(u64::try_from(made.trade)?, made);
        Ok(())
    }

    /// A trade was corrected, or taken back: of that one the row says what it was.
    fn revise(&mut self, told: Told<'_>, revision: &Revision, kind: &'static str) -> Result<()> {
        let busted = kind == "trade_busted";
        let made = self.trade_mut(revision.trade)?;
        made.revised = Some(told.seq);
        if busted {
            made.status = "busted".into();
        } else {
            made.status = "corrected".into();
            let to = &revision.to;
            (made.price, made.quantity, made.amount) = (to.price.0, to.quantity.0, to.amount.0);
            (made.buyer_fee, made.seller_fee) = (to.buyer_fee.0, to.seller_fee.0);
        }
        let made = made.clone();
        self.given_back(told, revision, &made, kind);
        if made.method == "listed" || made.method == "continuous" {
            self.recount_candles(told, &made)?;
        }
        Ok(())
    }

    /// A trade that was agreed on: a listing that was taken, a block, a part of an auction.
    fn agreed(&mut self, told: Told<'_>, trade: &Trade) -> Made {
        let (buyer, seller) = (trade.buyer.account, trade.seller.account);
        let (mut aggressor, mut orders) = (None, (None, None));
        match &told.record.envelope.command {
            Command::TakeListing(take) if trade.method == Method::Listed => {
                let side = if take.account == buyer { Side::Buy } else { Side::Sell };
                aggressor = Some(side);
                let listing = Some(int(take.listing.0));
                orders = if side == Side::Buy { (None, listing) } else { (listing, None) };
                self.fill_order(told, take.listing, trade.quantity.0, trade.amount.0);
            }
            Command::AcceptBlock(accept) if trade.method == Method::Block => {
                let proposal = base::OrderId(accept.proposal.0);
                let mine = |account: AccountId| (accept.account != account).then(|| int(proposal.0));
                orders = (mine(buyer), mine(seller));
                self.fill_order(told, proposal, trade.quantity.0, trade.amount.0);
            }
            _ if trade.method == Method::Auction => {
                orders = self.fill_auction(buyer.0.into(), trade.amount.0);
            }
            _ => {}
        }
        Made {
            trade: number(trade.id),
            seq: told.seq,
            time: told.time,
            market: trade.market.0.into(),
            instrument: trade.instrument.0.into(),
            method: name_of(trade.method),
            date: trade.date.0.into(),
            price: trade.price.0,
            quantity: trade.quantity.0,
            amount: trade.amount.0,
            asset: trade.asset.0.into(),
            currency: trade.currency.0.into(),
            aggressor: aggressor.map(name_of),
            buyer: buyer.0.into(),
            buyer_participant: owner(told.state, buyer),
            seller: seller.0.into(),
            seller_participant: owner(told.state, seller),
            buy_order: orders.0,
            sell_order: orders.1,
            buyer_fee: 0,
            seller_fee: 0,
            settled: None,
            status: STANDS.into(),
            revised: None,
        }
    }

    /// A trade that is to be changed: of this batch, or one that is written already.
    pub(super) fn trade_mut(&mut self, id: base::TradeId) -> Result<&mut Made> {
        if !self.made.contains_key(&id.0) {
            let sql = format!("SELECT {} FROM trades WHERE trade_id = $1", TRADES.columns.join(", "));
            let found = self.db.rows(&sql, &[number(id).into()], Made::read)?;
            let found = found.into_iter().next().with_context(|| format!("there is no trade {id}"))?;
            self.made.insert(id.0, found);
        }
        self.made.get_mut(&id.0).with_context(|| format!("there is no trade {id}"))
    }

    pub(super) fn follow_clearing(&mut self, event: &clearing::Event) -> Result<()> {
        let &clearing::Event::Novated { trade, buyer_fee, seller_fee } = event;
        let made = self.trade_mut(trade)?;
        (made.buyer_fee, made.seller_fee) = (buyer_fee.0, seller_fee.0);
        let orders = [(made.buy_order, buyer_fee.0), (made.sell_order, seller_fee.0)];
        for (order, fee) in orders {
            if let Some(order) = order {
                self.charge_order(order, fee);
            }
        }
        Ok(())
    }

    pub(super) fn spill_trades(&mut self) {
        for made in std::mem::take(&mut self.made).into_values() {
            self.rows.trades.push(made.row());
        }
    }
}
