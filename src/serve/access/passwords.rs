//! Passwords: hashed with Argon2id, away from the threads that serve, a few at a time.

use crate::serve::problem::{Code, Problem};
use anyhow::{Result, anyhow};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub(super) const LENGTH_MIN: usize = 10;
/// Most bytes of a password.
pub(super) const LENGTH_MAX: usize = 256;
/// Passwords hashed at the same time: each takes 19 MiB and a core.
const TOGETHER: usize = 2;

/// See the module.
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// The hash of a password nobody has: who names no user takes as long as who does.
    nobody: String,
    /// How often one was hashed.
    hashed: AtomicU64,
}

impl Passwords {
    /// Ready to hash.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn new() -> Result<Self> {
        let nobody = hash(&super::random_text(32)?)?;
        Ok(Self { turns: Arc::new(Semaphore::new(TOGETHER)), nobody, hashed: AtomicU64::new(0) })
    }

    /// Whether a password is the one with a hash. Without a hash it is none, and takes as long to say.
    pub async fn is(&self, password: String, hash: Option<String>) -> bool {
        let known = hash.as_ref().is_some_and(|hash| !hash.is_empty());
        let hash = hash.filter(|hash| !hash.is_empty()).unwrap_or_else(|| self.nobody.clone());
        if password.len() > LENGTH_MAX {
            return false;
        }
        let verified = self.in_turn(move || {
            let parsed = PasswordHash::new(&hash);
            parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        verified.await.unwrap_or(false) && known
    }

    /// The hash of a password that a user chose in the place of the one with a hash.
    ///
    /// # Errors
    /// It is too short or too long, too easily guessed, or the one in use; or it could not be hashed.
    pub async fn choose(
        &self,
        field: &'static str,
        password: String,
        user: &str,
        in_use: &str,
    ) -> Result<String, Problem> {
        check(field, &password)?;
        if let Some(weakness) = super::strength::weakness(&password, user) {
            return Err(Problem::field(field, weakness));
        }
        if !in_use.is_empty() && self.is(password.clone(), Some(in_use.to_owned())).await {
            return Err(Problem::field(field, "this is the password in use: choose another one"));
        }
        let hashed = self.in_turn(move || hash(&password)).await;
        match hashed {
            Some(Ok(hash)) => Ok(hash),
            _ => Err(Problem::new(Code::Internal, "the password could not be hashed")),
        }
    }

    /// How often a password was hashed: whoever names no user costs as much as who does.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        let _turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// Whether a password may be one.
///
/// # Errors
/// Its length.
pub(super) fn check(field: &'static str, password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if length < LENGTH_MIN || password.len() > LENGTH_MAX {
        let rule = format!("a password has at least {LENGTH_MIN} characters and at most {LENGTH_MAX} bytes");
        return Err(Problem::field(field, rule));
    }
    Ok(())
}

/// Hashes now, on this thread.
///
/// # Errors
/// It could not be hashed.
pub fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| anyhow!("a password could not be hashed: {error}"))
}
