//! The schema: the same text for both databases, but for one word.

use super::db::{Db, Value};
use super::tables::TABLES;
use super::views;
use anyhow::{Context, Result, bail};

/// The version of the schema. A projection of another version is not read: it is rebuilt.
pub(crate) const VERSION: &str = "3";

/// `{c}`: see [`Db::clustered`].
const DDL: &str = "
CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL){c};

CREATE TABLE participants (id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL){c};
CREATE TABLE accounts (id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, participant BIGINT NOT NULL REFERENCES participants (id), kind TEXT NOT NULL){c};
CREATE TABLE assets (id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, decimals BIGINT NOT NULL, market BIGINT){c};
CREATE TABLE markets (
    id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, currency BIGINT NOT NULL REFERENCES assets (id), price_decimals BIGINT NOT NULL,
    tick BIGINT NOT NULL
){c};
CREATE TABLE instruments (
    id BIGINT NOT NULL PRIMARY KEY, code TEXT NOT NULL, market BIGINT NOT NULL REFERENCES markets (id),
    asset BIGINT NOT NULL REFERENCES assets (id), currency BIGINT NOT NULL REFERENCES assets (id), tick_value BIGINT NOT NULL
){c};
CREATE TABLE days (
    market BIGINT NOT NULL REFERENCES markets (id), date BIGINT NOT NULL, trading BIGINT NOT NULL, began_seq BIGINT NOT NULL, ended_seq BIGINT,
    PRIMARY KEY (market, date)
){c};

CREATE TABLE records (
    seq BIGINT NOT NULL PRIMARY KEY, time_ns BIGINT NOT NULL, actor BIGINT NOT NULL, user_id BIGINT NOT NULL,
    client_id TEXT, door TEXT, command TEXT NOT NULL, json TEXT NOT NULL, stage TEXT, reason TEXT
){c};
CREATE TABLE events (
    seq BIGINT NOT NULL REFERENCES records (seq), n BIGINT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (seq, n)
){c};

CREATE TABLE orders (
    order_id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, time_ns BIGINT NOT NULL, actor BIGINT NOT NULL,
    client_id TEXT, client_key TEXT NOT NULL, account BIGINT NOT NULL REFERENCES accounts (id),
    participant BIGINT NOT NULL REFERENCES participants (id), instrument BIGINT NOT NULL REFERENCES instruments (id),
    kind TEXT NOT NULL, side TEXT NOT NULL, price BIGINT NOT NULL, quantity BIGINT NOT NULL, filled BIGINT NOT NULL,
    reduced BIGINT NOT NULL, remaining BIGINT NOT NULL, amount BIGINT NOT NULL, fee BIGINT NOT NULL, life TEXT,
    until_date BIGINT, post_only BIGINT NOT NULL, self_trade TEXT, minimum BIGINT NOT NULL, display BIGINT NOT NULL,
    trigger_price BIGINT, waiting BIGINT NOT NULL, counterparty BIGINT, auction BIGINT, status TEXT NOT NULL, ended TEXT,
    ended_seq BIGINT, ended_ns BIGINT, updated_seq BIGINT NOT NULL, funds BIGINT
){c};

CREATE TABLE trades (
    trade_id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL, time_ns BIGINT NOT NULL, market BIGINT NOT NULL REFERENCES markets (id),
    instrument BIGINT NOT NULL REFERENCES instruments (id), method TEXT NOT NULL, date BIGINT NOT NULL, price BIGINT NOT NULL,
    quantity BIGINT NOT NULL, amount BIGINT NOT NULL, asset BIGINT NOT NULL, currency BIGINT NOT NULL, aggressor TEXT,
    buyer BIGINT NOT NULL REFERENCES accounts (id), buyer_participant BIGINT NOT NULL REFERENCES participants (id),
    seller BIGINT NOT NULL REFERENCES accounts (id), seller_participant BIGINT NOT NULL REFERENCES participants (id),
    buy_order BIGINT, sell_order BIGINT, buyer_fee BIGINT NOT NULL, seller_fee BIGINT NOT NULL, settled_seq BIGINT,
    status TEXT NOT NULL, revised_seq BIGINT
){c};
CREATE TABLE candles (
    instrument BIGINT NOT NULL REFERENCES instruments (id), step BIGINT NOT NULL, start_ns BIGINT NOT NULL, open BIGINT NOT NULL, high BIGINT NOT NULL,
    low BIGINT NOT NULL, close BIGINT NOT NULL, volume BIGINT NOT NULL, amount BIGINT NOT NULL, trades BIGINT NOT NULL,
    last_seq BIGINT NOT NULL, PRIMARY KEY (instrument, step, start_ns)
){c};
CREATE TABLE postings (
    account BIGINT NOT NULL REFERENCES accounts (id), seq BIGINT NOT NULL, n BIGINT NOT NULL, part BIGINT NOT NULL, kind TEXT NOT NULL,
    asset BIGINT REFERENCES assets (id), change BIGINT NOT NULL, PRIMARY KEY (account, seq, n, part)
){c};
CREATE TABLE alerts (
    alert_id BIGINT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL REFERENCES records (seq),
    market BIGINT NOT NULL REFERENCES markets (id), date BIGINT NOT NULL, rule TEXT NOT NULL,
    participant BIGINT NOT NULL REFERENCES participants (id), instrument BIGINT NOT NULL REFERENCES instruments (id), measured TEXT NOT NULL,
    threshold TEXT NOT NULL, records TEXT NOT NULL
){c};
";

/// What the tables are, and the units of what is in them.
const TABLES_SAID: [(&str, &str); 14] = [
    ("meta", "what this projection is: schema, log_id, last_seq"),
    ("participants", "who takes part"),
    ("accounts", "accounts of the registry"),
    ("assets", "what accounts hold: quantities count units of the last of so many decimals"),
    ("markets", "markets: a price counts ticks, a tick is so many units of the last of price_decimals"),
    ("instruments", "what is traded: an asset for a currency"),
    ("days", "local dates of a market, trading or not, and the records with which they began and ended"),
    ("records", "records of the log"),
    ("events", "what happened because of a record"),
    ("orders", "orders, listings, blocks, auctions and bids, as they stand or ended"),
    (
        "trades",
        "trades and the obligations of the same number, as they stand; of one that was taken back what it was",
    ),
    ("candles", "what trading did to a price in so many seconds (step)"),
    ("postings", "events that touched an account, and what they changed of an asset"),
    ("alerts", "alerts of supervision"),
];

/// What columns are that have one meaning wherever they stand.
const COLUMNS_SAID: [(&str, &str); 23] = [
    ("seq", "the record of the log"),
    ("time_ns", "nanoseconds since 1970 UTC"),
    ("start_ns", "nanoseconds since 1970 UTC"),
    ("ended_ns", "nanoseconds since 1970 UTC"),
    ("date", "days since 1970-01-01"),
    ("until_date", "days since 1970-01-01"),
    ("price", "ticks of the market"),
    ("trigger_price", "ticks of the market"),
    ("open", "ticks of the market"),
    ("high", "ticks of the market"),
    ("low", "ticks of the market"),
    ("close", "ticks of the market"),
    ("quantity", "the smallest units of the asset"),
    ("filled", "the smallest units of the asset"),
    ("remaining", "the smallest units of the asset"),
    ("volume", "the smallest units of the asset"),
    ("change", "the smallest units of the asset"),
    ("amount", "the smallest units of the currency"),
    ("funds", "the smallest units of the currency: of an order for an amount, which is for no quantity"),
    ("fee", "the smallest units of the currency; below zero a rebate"),
    ("buyer_fee", "the smallest units of the currency; below zero a rebate"),
    ("seller_fee", "the smallest units of the currency; below zero a rebate"),
    (
        "door",
        "by which door the command came: file, http, stream, facade or node; none where the record does not say",
    ),
];

/// What questions are answered by, and no row needs: made when the bulk of the rows is there, in one go each.
const INDICES: &str = "
CREATE INDEX IF NOT EXISTS records_time ON records (time_ns);
CREATE INDEX IF NOT EXISTS orders_participant ON orders (participant, seq);
CREATE INDEX IF NOT EXISTS orders_seq ON orders (seq);
CREATE INDEX IF NOT EXISTS orders_client ON orders (actor, client_key);
CREATE INDEX IF NOT EXISTS orders_open ON orders (participant, seq) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS trades_instrument ON trades (instrument, trade_id);
CREATE INDEX IF NOT EXISTS trades_date ON trades (date, trade_id);
CREATE INDEX IF NOT EXISTS trades_buyer ON trades (buyer_participant, trade_id);
CREATE INDEX IF NOT EXISTS trades_seller ON trades (seller_participant, trade_id);
CREATE INDEX IF NOT EXISTS trades_buy_order ON trades (buy_order);
CREATE INDEX IF NOT EXISTS trades_sell_order ON trades (sell_order);
";

/// What a projection says of itself.
pub(crate) struct Meta {
    pub(crate) schema: String,
    pub(crate) log_id: String,
    pub(crate) last_seq: u64,
}

pub(crate) fn hex_of(log_id: &[u8; 16]) -> String {
    log_id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what the projection says of itself; none where there is no projection yet.
pub(crate) fn meta(db: &mut Db) -> Result<Option<Meta>> {
    if !db.has_table("meta")? {
        return Ok(None);
    }
    let mut value = |key: &str| -> Result<String> {
        let found =
            db.rows("SELECT value FROM meta WHERE key = $1", &[key.to_owned().into()], |row| row.text(0))?;
        found.into_iter().next().with_context(|| format!("the projection does not say its {key}: rebuild it"))
    };
    let (schema, log_id) = (value("schema")?, value("log_id")?);
    let last_seq =
        value("last_seq")?.parse().context("the projection's last record is no number: rebuild it")?;
    Ok(Some(Meta { schema, log_id, last_seq }))
}

/// Whether what is there is a projection of this log by this version.
pub(crate) fn check(found: &Meta, log_id: &[u8; 16], place: &str) -> Result<()> {
    let again = "rebuild it with `huangpu project`";
    if found.schema != VERSION {
        let Meta { schema, .. } = found;
        bail!("the projection at {place} has schema {schema}, this version reads {VERSION}: {again}");
    }
    let own = hex_of(log_id);
    if found.log_id != own {
        bail!("the projection at {place} is of the log {}, this one is {own}: {again}", found.log_id);
    }
    Ok(())
}

/// Makes the tables, within the transaction that is open.
pub(crate) fn create(db: &mut Db, log_id: &[u8; 16]) -> Result<()> {
    let mut ddl = DDL.replace("{c}", db.clustered());
    for (table, what) in TABLES_SAID {
        ddl =
            ddl.replace(&format!("CREATE TABLE {table} ("), &format!("CREATE TABLE {table} ( /* {what} */ "));
    }
    db.script(&ddl)?;
    say(db)?;
    views::create(db)?;
    let entries: [(&str, Value); 3] =
        [("schema", VERSION.into()), ("log_id", hex_of(log_id).into()), ("last_seq", "0".into())];
    for (key, value) in entries {
        db.run("INSERT INTO meta (key, value) VALUES ($1, $2)", &[key.into(), value])?;
    }
    Ok(())
}

/// Says of tables and columns what they are, in a database that keeps it.
fn say(db: &mut Db) -> Result<()> {
    let dialect = db.dialect();
    let tables = TABLES_SAID.iter().filter_map(|(table, what)| dialect.comment("TABLE", table, what));
    let columns =
        TABLES.iter().flat_map(|table| table.columns.iter().map(move |column| (table.name, *column)));
    let columns = columns.filter_map(|(table, column)| {
        let (_, what) = COLUMNS_SAID.iter().find(|(said, _)| *said == column)?;
        dialect.comment("COLUMN", &format!("{table}.{column}"), what)
    });
    tables.chain(columns).try_for_each(|comment| db.script(&comment))
}

/// Makes the indices that are not there yet.
pub(crate) fn index(db: &mut Db) -> Result<()> {
    db.script(INDICES)
}

/// Removes the tables, whatever version they are of, within the transaction that is open.
pub(crate) fn remove(db: &mut Db) -> Result<()> {
    views::remove(db)?;
    // Those that name others go before them.
    for table in TABLES.iter().rev().map(|table| table.name).chain(["meta"]) {
        db.script(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    Ok(())
}
