//! Two databases behind one door. The SQL is the same for both: `$1` placeholders, numbers of 64 bits, text, nothing else.
//!
//! SQLite numbers placeholders in the order in which they first stand in the text: they stand there in rising order.

pub(crate) use super::dialect::Dialect;
use super::server::{self, Server};
use crate::config::masked;
use anyhow::{Context, Result, anyhow, bail};
use journal::{Disk, RealDisk};
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

/// Statements that a connection keeps prepared.
pub(super) const PREPARED_MAX: usize = 128;

/// What a cell holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A number of 64 bits.
    Int(i64),
    /// Text.
    Text(Cow<'static, str>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(value.into())
    }
}

impl From<Cow<'static, str>> for Value {
    fn from(value: Cow<'static, str>) -> Self {
        Self::Text(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => (&**value).to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::INT8 || *kind == Type::TEXT
    }

    to_sql_checked!();
}

/// A row of an answer.
pub(crate) enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a postgres::Row),
}

impl Row<'_> {
    pub(crate) fn int(&self, column: usize) -> Result<i64> {
        self.opt_int(column)?.with_context(|| format!("column {column} is empty"))
    }

    pub(crate) fn opt_int(&self, column: usize) -> Result<Option<i64>> {
        Ok(match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<String> {
        self.opt_text(column)?.with_context(|| format!("column {column} is empty"))
    }

    pub(crate) fn opt_text(&self, column: usize) -> Result<Option<String>> {
        Ok(match self {
            Self::Sqlite(row) => row.get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    /// A cell as it is.
    pub(crate) fn value(&self, column: usize) -> Result<Value> {
        Ok(match self {
            Self::Sqlite(row) => match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Text(bytes) => Value::Text(String::from_utf8(bytes.to_vec())?.into()),
                ValueRef::Real(_) | ValueRef::Blob(_) => bail!("column {column} holds no number and no text"),
            },
            Self::Postgres(row) => match row.columns().get(column).map(postgres::Column::type_) {
                Some(kind) if *kind == Type::INT8 => row.try_get::<_, Option<i64>>(column)?.into(),
                _ => row.try_get::<_, Option<String>>(column)?.into(),
            },
        })
    }
}

/// Where a projection is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Sqlite(std::path::PathBuf),
    Postgres(String),
}

impl Place {
    /// `sqlite:PATH`, a path, or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            server::check(url)?;
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains("://") {
            bail!(
                "{:?} is no place for a projection: expected sqlite:PATH, a path, or postgres://…",
                masked(url)
            );
        }
        Ok(Self::Sqlite(path.into()))
    }

    /// The place without what may be secret in it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => masked(url),
        }
    }
}

/// A connection.
pub(crate) enum Db {
    Sqlite(Box<rusqlite::Connection>),
    Postgres(Box<Server>),
}

impl Db {
    /// Connects, to write or only to read.
    pub(crate) fn connect(place: &Place, writes: bool) -> Result<Self> {
        let cannot = || format!("cannot open the projection at {}", place.shown());
        match place {
            Place::Sqlite(path) => sqlite(path, writes).map_err(advised).with_context(cannot),
            Place::Postgres(url) => {
                let mut server = Server::connect(url).with_context(cannot)?;
                server.client()?.batch_execute("SET client_min_messages = warning")?;
                if !writes {
                    server.client()?.batch_execute("SET default_transaction_read_only = on")?;
                }
                Ok(Self::Postgres(Box::new(server)))
            }
        }
    }

    /// Runs several statements that take nothing and answer nothing.
    pub(crate) fn script(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(server) => Ok(server.client()?.batch_execute(sql)?),
        }
    }

    /// Begins to write.
    pub(crate) fn begin(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.script("BEGIN IMMEDIATE"),
            Self::Postgres(_) => self.script("BEGIN"),
        }
    }

    /// Begins to read: everything until the end is of one moment.
    pub(crate) fn begin_reading(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.script("BEGIN"),
            Self::Postgres(_) => self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }

    /// Runs a statement, and says how many rows it changed.
    pub(crate) fn run(&mut self, sql: &str, args: &[Value]) -> Result<u64> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.execute(rusqlite::params_from_iter(args))? as u64)
            }
            Self::Postgres(server) => {
                let statement = server.prepare(sql)?;
                Ok(server.client()?.execute(&statement, &dynamic(args))?)
            }
        }
    }

    /// Runs a statement once for each list of arguments.
    pub(crate) fn run_each<'a>(&mut self, sql: &str, all: impl Iterator<Item = &'a [Value]>) -> Result<()> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                for args in all {
                    statement.execute(rusqlite::params_from_iter(args))?;
                }
            }
            Self::Postgres(server) => {
                let statement = server.prepare(sql)?;
                for args in all {
                    server.client()?.execute(&statement, &dynamic(args))?;
                }
            }
        }
        Ok(())
    }

    /// Rows that a statement should insert at most. SQLite keeps a copy of every page that a statement of several rows changes, to
    /// undo that statement alone, and none for a statement of one row; PostgreSQL answers every statement over a socket.
    pub(crate) fn rows_max(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => usize::MAX,
        }
    }

    /// Runs a query, and reads its rows.
    pub(crate) fn rows<T>(
        &mut self,
        sql: &str,
        args: &[Value],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(args))?;
                while let Some(row) = rows.next()? {
                    found.push(read(&Row::Sqlite(row))?);
                }
            }
            Self::Postgres(server) => {
                let statement = server.prepare(sql)?;
                for row in server.client()?.query(&statement, &dynamic(args))? {
                    found.push(read(&Row::Postgres(&row))?);
                }
            }
        }
        Ok(found)
    }

    /// In which words it is spoken to.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What stands behind a text that is the same for both databases but for this: SQLite keeps small rows in their key.
    pub(crate) fn clustered(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => " WITHOUT ROWID",
            Self::Postgres(_) => "",
        }
    }

    /// Whether a table is there.
    pub(crate) fn has_table(&mut self, name: &str) -> Result<bool> {
        let sql = match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1",
            Self::Postgres(_) => {
                "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND CAST(table_name AS TEXT) = $1"
            }
        };
        Ok(!self.rows(sql, &[name.to_owned().into()], |row| row.text(0))?.is_empty())
    }
}

fn dynamic(args: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

/// With what to do where a file is none of SQLite's, or is damaged.
fn advised(error: anyhow::Error) -> anyhow::Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let code = error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code);
    if matches!(code, Some(DatabaseCorrupt | NotADatabase)) {
        return anyhow!("{error}; remove the file: a projection is made again from the log");
    }
    error
}

/// Makes the file for its owner alone, where it is not there yet: the ones that SQLite puts beside it have its mode. What a symbolic
/// link leads to is not written.
fn own(path: &Path) -> Result<()> {
    match RealDisk.open(path, true) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => RealDisk.create(path)?,
        opened => opened?,
    };
    Ok(())
}

fn sqlite(path: &Path, writes: bool) -> Result<Db> {
    if writes {
        own(path)?;
    }
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(PREPARED_MAX);
    // Readers and the writer do not wait for each other. What a loss of power takes of the last commits is fed again. A page that
    // many transactions change is carried into the file once for 128 MiB of them.
    connection.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
         PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF; \
         PRAGMA wal_autocheckpoint = 16384; PRAGMA journal_size_limit = 134217728;",
    )?;
    if !writes {
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
    }
    Ok(Db::Sqlite(Box::new(connection)))
}
