//! The views: what they show is what the tables have, with names, decimals and times; and nothing named in a row is missing.

use super::place::{Place, example};
use base::Timestamp;

/// What stands under a table's rows in its view.
const VIEWS: [(&str, &str, i64); 7] = [
    ("orders_named", "orders", 1),
    ("trades_named", "trades", 1),
    ("fills", "trades", 2),
    ("candles_named", "candles", 1),
    ("records_named", "records", 1),
    ("postings_named", "postings", 1),
    ("alerts_named", "alerts", 1),
];

impl Place {
    /// The rows of a query, as text.
    fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match self {
            Self::Sqlite(dir) => {
                let connection = rusqlite::Connection::open(dir.path().join("projection.sqlite")).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let cell = |row: &rusqlite::Row<'_>, column: usize| match row.get_ref(column).unwrap() {
                    rusqlite::types::ValueRef::Null => None,
                    rusqlite::types::ValueRef::Integer(number) => Some(number.to_string()),
                    rusqlite::types::ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
                    other => panic!("{sql}: column {column} is {other:?}"),
                };
                let rows = statement.query_map([], |row| Ok((0..columns).map(|at| cell(row, at)).collect()));
                rows.unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres { .. } => {
                let mut client = postgres::Client::connect(&self.url(), postgres::NoTls).unwrap();
                let found = client.simple_query(sql).unwrap();
                let rows = found.iter().filter_map(|message| match message {
                    postgres::SimpleQueryMessage::Row(row) => Some(row),
                    _ => None,
                });
                rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect()
            }
        }
    }

    fn number(&self, sql: &str) -> i64 {
        self.rows(sql)[0][0].as_ref().unwrap().parse().unwrap()
    }

    /// The seconds of a time in a view, as text.
    fn seconds(&self, column: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("substr({column}, 1, 19)"),
            Self::Postgres { .. } => {
                format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')")
            }
        }
    }
}

/// A whole number of the last of so many decimals, as a decimal.
fn decimal(value: &str, decimals: &str) -> String {
    let (value, decimals): (i128, usize) = (value.parse().unwrap(), decimals.parse().unwrap());
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let sign = if value < 0 { "-" } else { "" };
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[test]
fn views_show_names_decimals_and_times_in_every_database() {
    for name in ["carbon", "bond-continuous"] {
        let log = example(name);
        for place in Place::all(&format!("views_{}", name.replace('-', "_"))) {
            let _ = log.feed(&place.url(), 7);
            for (view, table, times) in VIEWS {
                let [shown, there] =
                    [view, table].map(|of| place.number(&format!("SELECT COUNT(*) FROM {of}")));
                assert_eq!(shown, there * times, "{view}: a row that names what is not there is not shown");
            }
            let time = place.seconds("v.time");
            let trades = place.rows(&format!(
                "SELECT t.price * m.tick, m.price_decimals, v.price, t.quantity, a.decimals, v.quantity, t.amount, c.decimals, v.amount,
                    t.time_ns, {time}, v.market, m.code, v.buyer, b.code
                FROM trades t JOIN trades_named v ON v.trade_id = t.trade_id JOIN markets m ON m.id = t.market
                JOIN assets a ON a.id = t.asset JOIN assets c ON c.id = t.currency JOIN accounts b ON b.id = t.buyer"
            ));
            assert!(trades.len() > 5, "{name}");
            for row in trades {
                let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
                for at in [0, 3, 6] {
                    assert_eq!(row[at + 2], decimal(&row[at], &row[at + 1]));
                }
                let written = gateway::format_time(Timestamp(row[9].parse().unwrap()), None);
                assert_eq!(row[10], written[..19]);
                assert_eq!((&row[11], &row[13]), (&row[12], &row[14]));
            }
            let postings = place.rows(
                "SELECT p.change, a.decimals, v.change FROM postings p JOIN assets a ON a.id = p.asset
                JOIN accounts o ON o.id = p.account
                JOIN postings_named v ON v.account = o.code AND v.seq = p.seq AND v.n = p.n AND v.part = p.part",
            );
            assert!(postings.iter().any(|row| row[0].as_ref().is_some_and(|change| change.starts_with('-'))));
            for row in postings {
                let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
                assert_eq!(row[2], decimal(&row[0], &row[1]));
            }
            // A volume is a number, and is added up as one.
            let [days, trades] = [
                "SELECT CAST(SUM(volume) AS BIGINT) FROM candles WHERE step = 86400",
                "SELECT CAST(SUM(quantity) AS BIGINT) FROM trades WHERE method IN ('listed', 'continuous')",
            ]
            .map(|sql| place.number(sql));
            assert_eq!(days, trades, "{name}");
            check_keys(&place);
        }
    }
}

/// What a row names is there; and what tables and columns are is said where they are.
fn check_keys(place: &Place) {
    match place {
        Place::Sqlite(_) => {
            assert_eq!(place.rows("PRAGMA foreign_key_check"), Vec::<Vec<Option<String>>>::new());
            assert!(place.number("SELECT COUNT(*) FROM pragma_foreign_key_list('trades')") >= 6);
            let said = "SELECT sql FROM sqlite_master WHERE name = 'trades'";
            assert!(place.rows(said)[0][0].as_ref().unwrap().contains("/* trades and the obligations"));
        }
        Place::Postgres { .. } => {
            let keys =
                "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'trades'::regclass";
            assert!(place.number(keys) >= 6);
            let said = "SELECT obj_description('trades'::regclass), col_description('trades'::regclass,
                (SELECT attnum FROM pg_attribute WHERE attrelid = 'trades'::regclass AND attname = 'price'))";
            let said = place.rows(said);
            assert_eq!(
                said[0][0].as_deref(),
                Some(
                    "trades and the obligations of the same number, as they stand; of one that was taken back what it was"
                )
            );
            assert_eq!(said[0][1].as_deref(), Some("ticks of the market"));
        }
    }
}
