//! Where the tests keep projections, and the logs that they are of.

use engine::{Event, Record, State};
use huangpu::node::{DataDir, Until, log_id, replay};
use huangpu::projection::Projection;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use tempfile::TempDir;

static SAID: Once = Once::new();

const POSTGRES: &str = "HUANGPU_TEST_POSTGRES";

/// A place for one projection; what is there goes away with it.
pub enum Place {
    Sqlite(TempDir),
    Postgres { server: String, schema: String },
}

impl Place {
    /// A place of each kind. Each place of PostgreSQL is a schema of its own, by the name of the test.
    pub fn all(test: &str) -> Vec<Self> {
        let mut places = vec![Self::Sqlite(tempfile::tempdir().unwrap())];
        if let Ok(server) = std::env::var(POSTGRES) {
            let schema = format!("t_{}_{test}", std::process::id());
            run(&server, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"));
            places.push(Self::Postgres { server, schema });
        } else {
            // Not through the test's own output, which nobody sees.
            SAID.call_once(|| {
                let mut out = std::io::stderr().lock();
                let _ = writeln!(out, "skipped: the projection over PostgreSQL, {POSTGRES} is not set");
            });
        }
        places
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.path().join("projection.sqlite").display()),
            Self::Postgres { server, schema } => {
                let joint = if server.contains('?') { '&' } else { '?' };
                format!("{server}{joint}options=-csearch_path%3D{schema}")
            }
        }
    }

    /// Runs SQL behind the projection's back.
    pub fn sql(&self, sql: &str) {
        match self {
            Self::Sqlite(dir) => {
                let path = dir.path().join("projection.sqlite");
                rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
            }
            Self::Postgres { .. } => run(&self.url(), sql),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Postgres { server, schema } = self {
            run(server, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

fn run(server: &str, sql: &str) {
    postgres::Client::connect(server, postgres::NoTls).unwrap().batch_execute(sql).unwrap();
}

/// A log, and where it is.
pub struct Log {
    pub dir: DataDir,
    pub id: [u8; 16],
    _kept: Option<TempDir>,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a node makes of an example.
pub fn example(name: &str) -> Log {
    let data = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_huangpu"))
        .current_dir(root())
        .args(["run", &format!("examples/{name}"), "--json", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let log = at(data.path());
    Log { _kept: Some(data), ..log }
}

/// The log in a directory.
pub fn at(path: &Path) -> Log {
    let dir = DataDir::at(path);
    let id = log_id(&dir).unwrap();
    Log { dir, id, _kept: None }
}

impl Log {
    /// Tells of every record, and gives the state at the end.
    pub fn each(&self, mut tell: impl FnMut(&Record, &[Event], &State)) -> State {
        let told = &mut |record: &Record, events: &[Event], state: &State| {
            tell(record, events, state);
            Ok(())
        };
        replay(&self.dir, Until::End, told).unwrap().state
    }

    /// Feeds a projection in batches of so many records.
    pub fn feed(&self, url: &str, batch: u64) -> (Projection, State) {
        let projection = Projection::open(url, self.id).unwrap();
        let mut writer = projection.writer().unwrap();
        let state = self.each(|record, events, state| {
            writer.note(record, events, state).unwrap();
            if record.sequence.0 % batch == 0 {
                writer.commit().unwrap();
            }
        });
        writer.index().unwrap();
        (projection, state)
    }
}
