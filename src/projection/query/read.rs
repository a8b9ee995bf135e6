//! Rows of an answer become what they are.

use crate::projection::rows::{AlertRow, CandleRow, Cells, FillRow, OrderRow, RecordRow, TradeRow};
use anyhow::Result;
use base::{
    AccountId, AlertId, AuctionId, InstrumentId, MarketId, Money, OrderId, ParticipantId, Price, Quantity,
    Sequence, Timestamp, TradeId,
};

pub(super) const TRADE: &str = "trade_id, seq, time_ns, instrument, method, date, price, quantity, amount, aggressor, buyer, seller, \
     status, revised_seq";
pub(super) const CANDLE: &str = "start_ns, open, high, low, close, volume, amount, trades, last_seq";
pub(super) const RECORD: &str = "seq, time_ns, actor, user_id, client_id, door, command, json, stage, reason";

pub(super) fn order(cells: &mut Cells<'_, '_>) -> Result<OrderRow> {
    Ok(OrderRow {
        order: OrderId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        actor: ParticipantId(cells.id()?),
        client_id: {
            let text = cells.opt_text()?;
            cells.text()?;
            text
        },
        account: AccountId(cells.id()?),
        participant: ParticipantId(cells.id()?),
        instrument: InstrumentId(cells.id()?),
        kind: cells.text()?,
        side: cells.side()?,
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        filled: Quantity(cells.int()?),
        reduced: Quantity(cells.int()?),
        left: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        fee: Money(cells.int()?),
        life: cells.opt_text()?,
        until: cells.opt_date()?,
        post_only: cells.flag()?,
        self_trade: cells.opt_text()?,
        minimum: Quantity(cells.int()?),
        display: Quantity(cells.int()?),
        trigger: cells.opt()?.map(Price),
        waiting: cells.flag()?,
        counterparty: cells.opt_id()?.map(AccountId),
        auction: cells.opt_count()?.map(AuctionId),
        status: cells.text()?,
        ended: cells.opt_text()?,
        ended_sequence: cells.opt_count()?.map(Sequence),
        ended_time: cells.opt()?.map(Timestamp),
        updated: Sequence(cells.count()?),
        funds: cells.opt()?.map(Money),
    })
}

pub(super) fn fill(cells: &mut Cells<'_, '_>) -> Result<FillRow> {
    Ok(FillRow {
        fill: cells.count()?,
        trade: TradeId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        instrument: InstrumentId(cells.id()?),
        method: cells.text()?,
        date: cells.date()?,
        side: cells.side()?,
        account: AccountId(cells.id()?),
        participant: ParticipantId(cells.id()?),
        order: cells.opt_count()?.map(OrderId),
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        fee: Money(cells.int()?),
        aggressor: cells.opt_side()?,
        settled: cells.opt_count()?.map(Sequence),
        status: cells.text()?,
        revised: cells.opt_count()?.map(Sequence),
    })
}

pub(super) fn trade(cells: &mut Cells<'_, '_>) -> Result<TradeRow> {
    Ok(TradeRow {
        trade: TradeId(cells.count()?),
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        instrument: InstrumentId(cells.id()?),
        method: cells.text()?,
        date: cells.date()?,
        price: Price(cells.int()?),
        quantity: Quantity(cells.int()?),
        amount: Money(cells.int()?),
        aggressor: cells.opt_side()?,
        buyer: AccountId(cells.id()?),
        seller: AccountId(cells.id()?),
        status: cells.text()?,
        revised: cells.opt_count()?.map(Sequence),
    })
}

pub(super) fn candle(cells: &mut Cells<'_, '_>) -> Result<CandleRow> {
    Ok(CandleRow {
        start: Timestamp(cells.int()?),
        open: Price(cells.int()?),
        high: Price(cells.int()?),
        low: Price(cells.int()?),
        close: Price(cells.int()?),
        volume: cells.int()?.into(),
        amount: cells.int()?.into(),
        trades: cells.count()?,
        last: Sequence(cells.count()?),
    })
}

pub(super) fn record(cells: &mut Cells<'_, '_>) -> Result<RecordRow> {
    Ok(RecordRow {
        sequence: Sequence(cells.count()?),
        time: Timestamp(cells.int()?),
        actor: ParticipantId(cells.id()?),
        user: cells.count()?,
        client_id: cells.opt_text()?,
        door: cells.opt_text()?,
        command: cells.text()?,
        json: cells.text()?,
        stage: cells.opt_text()?,
        reason: cells.opt_text()?,
        events: Vec::new(),
    })
}

pub(super) fn alert(cells: &mut Cells<'_, '_>) -> Result<AlertRow> {
    Ok(AlertRow {
        alert: AlertId(cells.count()?),
        sequence: Sequence(cells.count()?),
        market: MarketId(cells.id()?),
        date: cells.date()?,
        rule: cells.text()?,
        participant: ParticipantId(cells.id()?),
        instrument: InstrumentId(cells.id()?),
        measured: cells.wide()?,
        threshold: cells.wide()?,
        records: serde_json::from_str(&cells.text()?)?,
    })
}
