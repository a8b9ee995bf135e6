//! The tables as the feed fills them, and rows on their way into them.

use super::db::{Db, Value};
use anyhow::Result;

/// A table.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// How many of the first columns are its key.
    pub(crate) key: usize,
    /// What differs where a row is written again; empty: no row is. Nothing else is told to the database, which would write every
    /// index anew that has a column named.
    pub(crate) changes: &'static [&'static str],
}

/// Every table that is fed, in the order in which it is written.
pub(crate) const TABLES: [&Table; 13] = [
    &PARTICIPANTS,
    &ACCOUNTS,
    &ASSETS,
    &MARKETS,
    &INSTRUMENTS,
    &DAYS,
    &RECORDS,
    &EVENTS,
    &ORDERS,
    &TRADES,
    &CANDLES,
    &POSTINGS,
    &ALERTS,
];

const fn table(name: &'static str, key: usize, columns: &'static [&'static str]) -> Table {
    Table { name, columns, key, changes: &[] }
}

const fn replaced(
    name: &'static str,
    key: usize,
    columns: &'static [&'static str],
    changes: &'static [&'static str],
) -> Table {
    Table { name, columns, key, changes }
}

pub(crate) const PARTICIPANTS: Table = replaced("participants", 1, &["id", "code", "name"], &["name"]);
pub(crate) const ACCOUNTS: Table = table("accounts", 1, &["id", "code", "participant", "kind"]);
pub(crate) const ASSETS: Table = table("assets", 1, &["id", "code", "decimals", "market"]);
pub(crate) const MARKETS: Table = table("markets", 1, &["id", "code", "currency", "price_decimals", "tick"]);
pub(crate) const INSTRUMENTS: Table =
    table("instruments", 1, &["id", "code", "market", "asset", "currency", "tick_value"]);
pub(crate) const DAYS: Table = replaced(
    "days",
    2,
    &["market", "date", "trading", "began_seq", "ended_seq"],
    &["trading", "began_seq", "ended_seq"],
);
pub(crate) const RECORDS: Table = table(
    "records",
    1,
    &["seq", "time_ns", "actor", "user_id", "client_id", "door", "command", "json", "stage", "reason"],
);
pub(crate) const EVENTS: Table = table("events", 2, &["seq", "n", "kind", "json"]);
pub(crate) const ORDERS: Table = replaced(
    "orders",
    1,
    &[
        "order_id",
        "seq",
        "time_ns",
        "actor",
        "client_id",
        "client_key",
        "account",
        "participant",
        "instrument",
        "kind",
        "side",
        "price",
        "quantity",
        "filled",
        "reduced",
        "remaining",
        "amount",
        "fee",
        "life",
        "until_date",
        "post_only",
        "self_trade",
        "minimum",
        "display",
        "trigger_price",
        "waiting",
        "counterparty",
        "auction",
        "status",
        "ended",
        "ended_seq",
        "ended_ns",
        "updated_seq",
        "funds",
    ],
    &[
        "kind",
        "price",
        "quantity",
        "filled",
        "reduced",
        "remaining",
        "amount",
        "fee",
        "waiting",
        "status",
        "ended",
        "ended_seq",
        "ended_ns",
        "updated_seq",
    ],
);
pub(crate) const TRADES: Table = replaced(
    "trades",
    1,
    &[
        "trade_id",
        "seq",
        "time_ns",
        "market",
        "instrument",
        "method",
        "date",
        "price",
        "quantity",
        "amount",
        "asset",
        "currency",
        "aggressor",
        "buyer",
        "buyer_participant",
        "seller",
        "seller_participant",
        "buy_order",
        "sell_order",
        "buyer_fee",
        "seller_fee",
        "settled_seq",
        "status",
        "revised_seq",
    ],
    &["price", "quantity", "amount", "buyer_fee", "seller_fee", "settled_seq", "status", "revised_seq"],
);
pub(crate) const CANDLES: Table = replaced(
    "candles",
    3,
    &[
        "instrument",
        "step",
        "start_ns",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "amount",
        "trades",
        "last_seq",
    ],
    &["high", "low", "close", "volume", "amount", "trades", "last_seq"],
);
pub(crate) const POSTINGS: Table =
    table("postings", 4, &["account", "seq", "n", "part", "kind", "asset", "change"]);
pub(crate) const ALERTS: Table = replaced(
    "alerts",
    1,
    &[
        "alert_id",
        "seq",
        "market",
        "date",
        "rule",
        "participant",
        "instrument",
        "measured",
        "threshold",
        "records",
    ],
    &["measured", "records"],
);

/// Rows that one statement takes, where the database likes several.
const CHUNKS: [usize; 3] = [64, 8, 1];

/// Rows on their way into a table.
pub(crate) struct Rows {
    table: &'static Table,
    values: Vec<Value>,
    sql: [Option<String>; 3],
}

impl Rows {
    pub(crate) fn of(table: &'static Table) -> Self {
        Self { table, values: Vec::new(), sql: [const { None }; 3] }
    }

    /// Adds a row: a value a column.
    pub(crate) fn push<const N: usize>(&mut self, row: [Value; N]) {
        debug_assert_eq!(N, self.table.columns.len(), "{}", self.table.name);
        self.values.extend(row);
    }

    /// Adds a row, in place of one with the same first `key` cells.
    pub(crate) fn replace<const N: usize>(&mut self, key: usize, row: [Value; N]) {
        let mut before = self.values.chunks_mut(N);
        match before.find(|before| before.iter().take(key).eq(row.iter().take(key))) {
            Some(before) => before.clone_from_slice(&row),
            None => self.push(row),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.table.columns.len()
    }

    /// Puts the rows into the order of their first cells, numbers: what lies together in the table is then written together.
    pub(crate) fn sort(&mut self) {
        let width = self.table.columns.len();
        let first = |row: &[Value]| match row.first() {
            Some(Value::Int(first)) => *first,
            _ => i64::MIN,
        };
        let rows = self.values.chunks(width).enumerate();
        let mut order: Vec<(i64, usize)> = rows.map(|(place, row)| (first(row), place)).collect();
        order.sort_unstable();
        let mut sorted = Vec::with_capacity(self.values.len());
        for (_, place) in order {
            sorted.extend(self.values.iter_mut().skip(place * width).take(width).map(std::mem::take));
        }
        self.values = sorted;
    }

    /// Writes what is there.
    pub(crate) fn write(&mut self, db: &mut Db) -> Result<()> {
        let width = self.table.columns.len();
        let (mut rest, rows_max) = (self.values.as_slice(), db.rows_max());
        for (place, rows) in CHUNKS.into_iter().enumerate().filter(|(_, rows)| *rows <= rows_max) {
            let cells = rows * width;
            let (now, after) = rest.split_at(rest.len() / cells * cells);
            if !now.is_empty() {
                let sql = self.sql[place].get_or_insert_with(|| self.table.insert(rows));
                db.run_each(sql, now.chunks(cells))?;
            }
            rest = after;
        }
        self.values.clear();
        Ok(())
    }
}

impl Table {
    /// The statement that writes so many rows.
    fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |number: usize| {
            let places: Vec<String> =
                (1..=width).map(|column| format!("${}", number * width + column)).collect();
            format!("({})", places.join(", "))
        };
        let values: Vec<String> = (0..rows).map(row).collect();
        let mut sql =
            format!("INSERT INTO {} ({}) VALUES {}", self.name, self.columns.join(", "), values.join(", "));
        if !self.changes.is_empty() {
            let key = self.columns.split_at(self.key).0;
            let sets: Vec<String> =
                self.changes.iter().map(|column| format!("{column} = excluded.{column}")).collect();
            sql.push_str(&format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), sets.join(", ")));
        }
        sql
    }

    /// Every row in the order of the key: what two projections are compared by.
    pub(crate) fn select_all(&self) -> String {
        let key = self.columns.split_at(self.key).0.join(", ");
        format!("SELECT {} FROM {} ORDER BY {key}", self.columns.join(", "), self.name)
    }
}
