//! What changed an account's holding of one asset, and what it came to each time.

use super::{FillFilter, View};
use crate::projection::rows::{Cells, FillRow, LedgerRow, Position, arg};
use anyhow::Result;
use base::{AccountId, AssetId, Timestamp, TradeId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An event that a trade was settled with.
#[derive(Deserialize)]
struct Event {
    settled: Settled,
}

#[derive(Deserialize)]
struct Settled {
    trade: u64,
}

impl View<'_> {
    /// The events that changed what an account owns of an asset, latest first, each with what it owned after it; of a settlement
    /// also the account's side of the trade.
    ///
    /// # Errors
    /// The database failed.
    pub fn ledger(
        &mut self,
        account: AccountId,
        asset: AssetId,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Vec<LedgerRow>> {
        let before = before.unwrap_or(Position::END);
        let of =
            [i64::from(account.0).into(), i64::from(asset.0).into(), arg(before.sequence), arg(before.n)];
        let sum = "SELECT CAST(COALESCE(SUM(change), 0) AS BIGINT) FROM postings \
             WHERE account = $1 AND asset = $2 AND (seq, n) < ($3, $4)";
        let found = self.db.rows(sum, &of, |row| Cells::of(row).int())?;
        let mut balance = found.first().copied().unwrap_or(0);
        let page = "SELECT k.seq, k.n, r.time_ns, e.kind, e.json, k.change FROM (SELECT seq, n, \
                 CAST(SUM(change) AS BIGINT) AS change FROM postings \
                 WHERE account = $1 AND asset = $2 AND (seq, n) < ($3, $4) \
                 GROUP BY seq, n HAVING SUM(change) <> 0 ORDER BY seq DESC, n DESC LIMIT $5) k \
             JOIN events e ON e.seq = k.seq AND e.n = k.n JOIN records r ON r.seq = k.seq \
             ORDER BY k.seq DESC, k.n DESC";
        let mut args = of.to_vec();
        args.push(i64::from(super::page(limit)).into());
        let mut rows = self.db.rows(page, &args, |row| {
            let mut cells = Cells::of(row);
            let position = Position { sequence: cells.count()?, n: cells.count()? };
            let (time, kind, json) = (Timestamp(cells.int()?), cells.text()?, cells.text()?);
            let trade = serde_json::from_str::<Event>(&json).ok().map(|event| TradeId(event.settled.trade));
            Ok((LedgerRow { position, time, kind, change: cells.int()?, balance: 0, fill: None }, trade))
        })?;
        let wanted = rows.iter().filter_map(|(_, trade)| *trade);
        let fills = match (wanted.clone().min(), wanted.max()) {
            (Some(first), Some(last)) => self.sides(account, first, last)?,
            _ => BTreeMap::new(),
        };
        for (row, trade) in &mut rows {
            row.balance = balance;
            balance = balance.saturating_sub(row.change);
            row.fill = trade.and_then(|trade| fills.get(&trade).cloned());
        }
        Ok(rows.into_iter().map(|(row, _)| row).collect())
    }

    /// An account's sides of the trades from one to another.
    fn sides(
        &mut self,
        account: AccountId,
        first: TradeId,
        last: TradeId,
    ) -> Result<BTreeMap<TradeId, FillRow>> {
        let mut sides = BTreeMap::new();
        let mut before = last.0.saturating_mul(2).saturating_add(2);
        loop {
            let filter = FillFilter { account: Some(account), before: Some(before), ..FillFilter::default() };
            let rows = self.fills(&filter)?;
            let full = rows.len() == super::PAGE_MAX as usize;
            let lowest = rows.last().map(|row| row.fill);
            sides.extend(rows.into_iter().filter(|row| row.trade >= first).map(|row| (row.trade, row)));
            match lowest {
                Some(lowest) if full && lowest > first.0.saturating_mul(2) => before = lowest,
                _ => return Ok(sides),
            }
        }
    }
}
