//! Sessions of people at the console. They are kept in memory, under the hash of their token, and end with the node.

use base::UserId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The name of the cookie.
pub const COOKIE: &str = "huangpu_session";

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// A session ends when nothing came of it for so long.
    pub idle: Duration,
    /// And at the latest after so long.
    pub life: Duration,
}

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub user: UserId,
    /// What changes within it must carry.
    pub csrf: String,
    began: Instant,
    used: Instant,
}

/// See the module.
pub struct Sessions {
    terms: Terms,
    open: Mutex<HashMap<[u8; 32], Session>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// No sessions.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self { terms, open: Mutex::default() }
    }

    /// Opens a session and gives its token, which is shown once.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn open(&self, user: UserId) -> anyhow::Result<(String, Session)> {
        let token = URL_SAFE_NO_PAD.encode(super::random::<32>()?);
        let csrf = URL_SAFE_NO_PAD.encode(super::random::<18>()?);
        let now = Instant::now();
        let session = Session { user, csrf, began: now, used: now };
        let mut open = locked(&self.open);
        open.retain(|_, session| self.terms.lasts(session, now));
        open.insert(super::hash_of(token.as_bytes()), session.clone());
        Ok((token, session))
    }

    /// The session with a token; it was used now.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<Session> {
        let (mut open, now) = (locked(&self.open), Instant::now());
        let session = open.get_mut(&super::hash_of(token.as_bytes()))?;
        if !self.terms.lasts(session, now) {
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Whether a session stands. To look is not to use it.
    #[must_use]
    pub fn lasts(&self, token: &str) -> bool {
        let open = locked(&self.open);
        let session = open.get(&super::hash_of(token.as_bytes()));
        session.is_some_and(|session| self.terms.lasts(session, Instant::now()))
    }

    /// Ends a session.
    pub fn end(&self, token: &str) {
        locked(&self.open).remove(&super::hash_of(token.as_bytes()));
    }

    /// Ends the sessions of a user, but for the one with a token.
    pub fn end_others(&self, user: UserId, keep: Option<&str>) {
        let keep = keep.map(|token| super::hash_of(token.as_bytes()));
        locked(&self.open).retain(|hash, session| session.user != user || Some(*hash) == keep);
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.open).len()
    }
}

impl Terms {
    fn lasts(&self, session: &Session, now: Instant) -> bool {
        now.duration_since(session.used) < self.idle && now.duration_since(session.began) < self.life
    }
}

/// The token in a `Cookie` header.
#[must_use]
pub fn token_in(header: &str) -> Option<&str> {
    header.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}
