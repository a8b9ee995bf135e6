//! The projection: the history of a log in a database, for reads that need history. It is never the truth.
//!
//! SQLite is the usual place, PostgreSQL another; both have the same schema and are asked the same questions. A
//! [`Writer`] is fed with records that a follower of the log has applied; each is taken exactly once, because the number of the
//! last one is written in the transaction that writes the rows. Readers have connections of their own, which the writer
//! does not hold up, and see one moment of the projection at a time.
//!
//! Every call blocks, and panics over PostgreSQL where it is made on a thread that runs asynchronous code: from there it belongs on a
//! thread for blocking work.
//!
//! Architecture Invariant: nothing that the engine decides comes from here. A projection that is lost, old or of another
//! schema is made again from the journal, and comes to the same rows.

mod catch_up;
mod db;
mod dialect;
mod feed;
mod query;
mod rows;
mod schema;
mod server;
mod tables;
mod views;

pub use catch_up::{Caught, catch_up};
pub use db::Value;
pub use feed::Writer;
pub use query::{EVENTS_MAX, FillFilter, Kinds, OrderFilter, PAGE_MAX, Step, View};
pub use rows::{
    AlertRow, CandleRow, DayRow, EventRow, FillRow, LedgerRow, OrderRow, Position, RecordRow, StatementRow,
    TradeRow, TrailRow,
};

use anyhow::{Context, Result};
use db::Db;
pub(crate) use db::Place;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Connections that read at once.
const READERS_MAX: usize = 8;

/// A projection: where it is, and connections to read from it. Clones share them.
#[derive(Clone)]
pub struct Projection {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    log_id: [u8; 16],
    readers: Mutex<Readers>,
    back: Condvar,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Db>,
    out: usize,
}

/// An answer, and the last record that it knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// The last record in the projection.
    pub sequence: u64,
    /// The answer.
    pub value: T,
}

impl Projection {
    /// Opens the projection of a log, or makes an empty one: `sqlite:PATH`, a path, or `postgres://…`.
    ///
    /// # Errors
    /// The database cannot be reached, or what is there is the projection of another log or of another version's schema, which
    /// has to be rebuilt.
    pub fn open(url: &str, log_id: [u8; 16]) -> Result<Self> {
        let projection = Self::at(url, log_id)?;
        let mut db = projection.writing()?;
        let place = &projection.shared.place;
        match schema::meta(&mut db)? {
            Some(found) => schema::check(&found, &log_id, &place.shown())?,
            None => feed::empty(&mut db, &log_id).with_context(|| format!("at {}", place.shown()))?,
        }
        Ok(projection)
    }

    /// Makes an empty projection of a log, whatever stood there before.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub fn rebuild(url: &str, log_id: [u8; 16]) -> Result<Self> {
        let projection = Self::at(url, log_id)?;
        let mut db = projection.writing()?;
        feed::empty(&mut db, &log_id).with_context(|| format!("at {}", projection.shared.place.shown()))?;
        Ok(projection)
    }

    fn at(url: &str, log_id: [u8; 16]) -> Result<Self> {
        let (place, readers) = (Place::parse(url)?, Mutex::default());
        Ok(Self { shared: Arc::new(Shared { place, log_id, readers, back: Condvar::new() }) })
    }

    fn writing(&self) -> Result<Db> {
        Db::connect(&self.shared.place, true)
    }

    /// Where it is, without what may be secret in a URL.
    #[must_use]
    pub fn place(&self) -> String {
        self.shared.place.shown()
    }

    /// Begins to feed it, from the record after the last one it has.
    ///
    /// # Errors
    /// The database cannot be reached, or has become the projection of something else.
    pub fn writer(&self) -> Result<Writer> {
        let mut db = self.writing()?;
        let found = schema::meta(&mut db)?.context("the projection is gone: rebuild it")?;
        schema::check(&found, &self.shared.log_id, &self.place())?;
        Writer::start(db, found.last_seq)
    }

    /// Asks it, all of one moment. It waits for the database: never on a thread that drives asynchronous tasks, on which a client of
    /// PostgreSQL panics. A build with debug assertions panics there over SQLite too.
    ///
    /// # Errors
    /// The database failed, or what was asked did.
    pub fn read<T>(&self, ask: impl FnOnce(&mut View<'_>) -> Result<T>) -> Result<Seen<T>> {
        #[cfg(debug_assertions)]
        tokio::runtime::Builder::new_current_thread().build()?.block_on(async {});
        let mut lent = self.borrow()?;
        let asked = match lent.db.as_mut() {
            Some(db) => moment(db, ask),
            None => Err(anyhow::anyhow!("a reader of the projection is gone")),
        };
        if asked.is_err() {
            // Its connection may be broken: the next reader takes a new one.
            lent.db = None;
        }
        asked
    }

    /// A connection on which a transaction that reads has begun.
    fn borrow(&self) -> Result<Lent<'_>> {
        let shared = &*self.shared;
        let mut readers = shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
        while readers.out >= READERS_MAX {
            readers = shared.back.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
        readers.out += 1;
        let idle = readers.idle.pop();
        drop(readers);
        let mut lent = Lent { shared, db: idle };
        if lent.db.as_mut().is_some_and(|db| db.begin_reading().is_err()) {
            // The server was away. Whatever else is idle was connected to it as it was before.
            lent.db = None;
            let idle =
                std::mem::take(&mut shared.readers.lock().unwrap_or_else(PoisonError::into_inner).idle);
            drop(idle);
        }
        if lent.db.is_none() {
            let mut db = Db::connect(&shared.place, false)?;
            db.begin_reading()?;
            lent.db = Some(db);
        }
        Ok(lent)
    }
}

/// A connection that is lent out, and comes back.
struct Lent<'a> {
    shared: &'a Shared,
    db: Option<Db>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut readers = self.shared.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.out -= 1;
        readers.idle.extend(self.db.take());
        self.shared.back.notify_one();
    }
}

/// Asks within a transaction that has begun, and ends it.
fn moment<T>(db: &mut Db, ask: impl FnOnce(&mut View<'_>) -> Result<T>) -> Result<Seen<T>> {
    let mut view = View { db };
    let sequence = view.sequence();
    let value = sequence.and_then(|sequence| Ok(Seen { sequence, value: ask(&mut view)? }));
    db.script("COMMIT")?;
    value
}
