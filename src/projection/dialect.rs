//! Where the two databases say the same in different words.

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Nanoseconds since 1970 UTC, as a time.
    pub(crate) fn time(self, ns: &str) -> String {
        match self {
            Self::Sqlite => format!(
                "strftime('%Y-%m-%dT%H:%M:%S', {ns} / 1000000000, 'unixepoch') || printf('.%09dZ', {ns} % 1000000000)"
            ),
            Self::Postgres => {
                format!("TIMESTAMPTZ '1970-01-01 00:00:00Z' + ({ns} / 1000) * INTERVAL '1 microsecond'")
            }
        }
    }

    /// Days since 1970-01-01, as a date.
    pub(crate) fn date(self, days: &str) -> String {
        match self {
            Self::Sqlite => format!("date({days} * 86400, 'unixepoch')"),
            Self::Postgres => format!("DATE '1970-01-01' + CAST({days} AS INTEGER)"),
        }
    }

    /// A whole number of the last of so many decimals, as a decimal.
    pub(crate) fn decimal(self, value: &str, decimals: &str) -> String {
        match self {
            Self::Sqlite => {
                let unit = format!("CAST(substr('1000000000000000000', 1, {decimals} + 1) AS INTEGER)");
                format!(
                    "CASE WHEN {decimals} = 0 THEN CAST({value} AS TEXT) WHEN {value} IS NOT NULL THEN \
                     printf('%s%d.%0*d', CASE WHEN {value} < 0 THEN '-' ELSE '' END, abs({value}) / {unit}, {decimals}, \
                     abs({value}) % {unit}) END"
                )
            }
            Self::Postgres => format!(
                "round(CAST({value} AS NUMERIC) / power(10::NUMERIC, {decimals}), CAST({decimals} AS INTEGER))"
            ),
        }
    }

    /// The statement that says what a table, view or column is for, where there is one: SQLite keeps the text that made a table,
    /// with what is said in it.
    pub(crate) fn comment(self, of: &str, name: &str, what: &str) -> Option<String> {
        let what = what.replace('\'', "''");
        (self == Self::Postgres).then(|| format!("COMMENT ON {of} {name} IS '{what}'"))
    }
}
