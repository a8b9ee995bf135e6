//! Views for people and their tools: names for numbers, decimals for integers, times that can be read. The tables beneath keep what the
//! engine has, exactly; nothing here is asked by the node itself.
//!
//! A decimal is exact in both databases: a `NUMERIC` in PostgreSQL, text with all its digits in SQLite, which has no such type. A time
//! is a `TIMESTAMPTZ` (microseconds) or text in UTC (nanoseconds), a date a `DATE` or text.

use super::db::{Db, Dialect};
use anyhow::Result;

/// The views, in the order in which they are made, and what each is for.
pub(crate) const VIEWS: [(&str, &str); 7] = [
    ("fills", "each trade twice, once for each side"),
    ("orders_named", "orders with names, decimals and times"),
    ("trades_named", "trades with names, decimals and times"),
    ("candles_named", "candles with names, decimals and times"),
    ("records_named", "records of the log with names and times"),
    ("postings_named", "what events changed of accounts, with names, decimals and times"),
    ("alerts_named", "alerts of supervision with names and times"),
];

const FILLS: &str = "
    SELECT trade_id * 2 AS fill, trade_id, seq, time_ns, instrument, method, date, 'buy' AS side, buyer AS account,
        buyer_participant AS participant, buy_order AS order_id, price, quantity, amount, buyer_fee AS fee, aggressor,
        settled_seq, status, revised_seq
    FROM trades
    UNION ALL
    SELECT trade_id * 2 + 1, trade_id, seq, time_ns, instrument, method, date, 'sell', seller, seller_participant,
        sell_order, price, quantity, amount, seller_fee, aggressor, settled_seq, status, revised_seq
    FROM trades";

/// What every view of something traded is joined with: the instrument, its market, what it is of and what it is paid in.
const TRADED: &str = "JOIN instruments i ON i.id = x.instrument JOIN markets m ON m.id = i.market
    JOIN assets a ON a.id = i.asset JOIN assets c ON c.id = i.currency";

/// Columns as people read them, of something traded.
struct Shown(Dialect);

impl Shown {
    fn time(&self, column: &str) -> String {
        self.0.time(column)
    }

    fn price(&self, column: &str) -> String {
        self.0.decimal(&format!("{column} * m.tick"), "m.price_decimals")
    }

    fn units(&self, column: &str) -> String {
        self.0.decimal(column, "a.decimals")
    }

    fn money(&self, column: &str) -> String {
        self.0.decimal(column, "c.decimals")
    }

    fn date(&self, column: &str) -> String {
        self.0.date(column)
    }

    fn orders(&self) -> String {
        format!(
            "SELECT x.order_id, x.seq, {} AS time, sender.code AS sender, x.client_id, p.code AS participant, o.code AS account,
                m.code AS market, i.code AS instrument, x.kind, x.side, {} AS price, {} AS quantity, {} AS filled,
                {} AS reduced, {} AS remaining, {} AS amount, {} AS fee, c.code AS currency, x.life, {} AS until_date,
                x.post_only, x.self_trade, {} AS minimum, {} AS display, {} AS trigger_price, x.waiting,
                other.code AS counterparty, x.auction, x.status, x.ended, {} AS ended_time, {} AS funds
            FROM orders x {TRADED} JOIN participants sender ON sender.id = x.actor JOIN participants p ON p.id = x.participant
            JOIN accounts o ON o.id = x.account LEFT JOIN accounts other ON other.id = x.counterparty",
            self.time("x.time_ns"),
            self.price("x.price"),
            self.units("x.quantity"),
            self.units("x.filled"),
            self.units("x.reduced"),
            self.units("x.remaining"),
            self.money("x.amount"),
            self.money("x.fee"),
            self.date("x.until_date"),
            self.units("x.minimum"),
            self.units("x.display"),
            self.price("x.trigger_price"),
            self.time("x.ended_ns"),
            self.money("x.funds"),
        )
    }

    fn trades(&self) -> String {
        format!(
            "SELECT x.trade_id, x.seq, {} AS time, {} AS date, m.code AS market, i.code AS instrument, x.method, {} AS price,
                {} AS quantity, {} AS amount, c.code AS currency, x.aggressor, buyer.code AS buyer, bp.code AS buyer_participant,
                seller.code AS seller, sp.code AS seller_participant, x.buy_order, x.sell_order, {} AS buyer_fee,
                {} AS seller_fee, x.settled_seq, x.status, x.revised_seq
            FROM trades x {TRADED} JOIN accounts buyer ON buyer.id = x.buyer JOIN accounts seller ON seller.id = x.seller
            JOIN participants bp ON bp.id = x.buyer_participant JOIN participants sp ON sp.id = x.seller_participant",
            self.time("x.time_ns"),
            self.date("x.date"),
            self.price("x.price"),
            self.units("x.quantity"),
            self.money("x.amount"),
            self.money("x.buyer_fee"),
            self.money("x.seller_fee"),
        )
    }

    fn candles(&self) -> String {
        format!(
            "SELECT m.code AS market, i.code AS instrument, x.step AS seconds, {} AS start, {} AS open, {} AS high, {} AS low,
                {} AS close, {} AS volume, {} AS amount, c.code AS currency, x.trades
            FROM candles x {TRADED}",
            self.time("x.start_ns"),
            self.price("x.open"),
            self.price("x.high"),
            self.price("x.low"),
            self.price("x.close"),
            self.units("x.volume"),
            self.money("x.amount"),
        )
    }
}

/// What a view selects.
fn body(name: &str, db: Dialect) -> String {
    let (shown, time) = (Shown(db), |column: &str| db.time(column));
    match name {
        "orders_named" => shown.orders(),
        "trades_named" => shown.trades(),
        "candles_named" => shown.candles(),
        "records_named" => format!(
            "SELECT x.seq, {} AS time, p.code AS sender, x.user_id, x.client_id, x.door, x.command, x.json, x.stage, x.reason
            FROM records x LEFT JOIN participants p ON p.id = x.actor",
            time("x.time_ns"),
        ),
        "postings_named" => format!(
            "SELECT o.code AS account, x.seq, x.n, x.part, {} AS time, x.kind, a.code AS asset, {} AS change
            FROM postings x JOIN accounts o ON o.id = x.account JOIN records r ON r.seq = x.seq
            LEFT JOIN assets a ON a.id = x.asset",
            time("r.time_ns"),
            db.decimal("x.change", "a.decimals"),
        ),
        "alerts_named" => format!(
            "SELECT x.alert_id, x.seq, {} AS time, m.code AS market, {} AS date, x.rule, p.code AS participant,
                i.code AS instrument, x.measured, x.threshold, x.records
            FROM alerts x JOIN markets m ON m.id = x.market JOIN participants p ON p.id = x.participant
            JOIN instruments i ON i.id = x.instrument JOIN records r ON r.seq = x.seq",
            time("r.time_ns"),
            db.date("x.date"),
        ),
        _ => FILLS.to_owned(),
    }
}

/// Makes the views.
pub(crate) fn create(db: &mut Db) -> Result<()> {
    let dialect = db.dialect();
    for (name, what) in VIEWS {
        db.script(&format!("CREATE VIEW {name} AS /* {what} */ {}", body(name, dialect)))?;
        if let Some(comment) = dialect.comment("VIEW", name, what) {
            db.script(&comment)?;
        }
    }
    Ok(())
}

/// Removes them, whatever version made them.
pub(crate) fn remove(db: &mut Db) -> Result<()> {
    VIEWS.iter().rev().try_for_each(|(name, _)| db.script(&format!("DROP VIEW IF EXISTS {name}")))
}
