//! The secrets of keys and of second factors. The node keeps one secret of its own, in a file beside the log; those it gives out
//! follow from it and from what they are for. The log holds their hashes, so it gives nothing away.

use crate::node::{DataDir, NodeKey};
use anyhow::{Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;

/// Second factors a user may have had before: each is found by its hash.
const ENROLMENTS_MAX: u32 = 1_000;

/// The node's own secret.
pub struct Secrets([u8; 32]);

impl Secrets {
    /// Reads the secret of a data directory, or makes one, readable by its owner alone.
    ///
    /// # Errors
    /// The file cannot be read or written, holds something else, or is not its owner's alone.
    pub fn open(data: &Path) -> Result<Self> {
        NodeKey::open(&DataDir::at(data)).map(|key| Self(key.secret()))
    }

    fn derive(&self, what: &str) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(what.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The secret of a key, as its owner is shown it: 32 bytes in base64.
    #[must_use]
    pub fn of_key(&self, id: &str) -> String {
        STANDARD.encode(self.derive(&format!("key/{id}")))
    }

    /// A user's next secret for one-time codes, after the one with the hash in use.
    #[must_use]
    pub fn next_totp(&self, user: &str, in_use: Option<[u8; 32]>) -> Vec<u8> {
        let next = in_use.and_then(|hash| self.enrolment(user, hash)).map_or(0, |number| number + 1);
        self.totp(user, next)
    }

    /// The secret for one-time codes that has this hash.
    #[must_use]
    pub fn totp_with(&self, user: &str, hash: [u8; 32]) -> Option<Vec<u8>> {
        self.enrolment(user, hash).map(|number| self.totp(user, number))
    }

    fn enrolment(&self, user: &str, hash: [u8; 32]) -> Option<u32> {
        (0..ENROLMENTS_MAX).find(|number| hash_of(&self.totp(user, *number)) == hash)
    }

    fn totp(&self, user: &str, number: u32) -> Vec<u8> {
        self.derive(&format!("totp/{number}/{user}"))[..20].to_vec()
    }
}

/// The hash of a secret that the log holds.
#[must_use]
pub fn hash_of(secret: &[u8]) -> [u8; 32] {
    *blake3::hash(secret).as_bytes()
}

/// Random bytes of the operating system.
///
/// # Errors
/// It has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => bail!("the operating system gives no random bytes: {error}"),
    }
}

/// Random text of letters and digits, so many of them.
///
/// # Errors
/// As [`random`].
pub fn random_text(length: usize) -> Result<String> {
    let mut bytes = vec![0; length];
    for byte in &mut bytes {
        [*byte] = random::<1>()?;
    }
    Ok(letters(&bytes))
}

/// A letter or digit for each byte, of those that are not mistaken for each other.
pub(super) fn letters(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}
