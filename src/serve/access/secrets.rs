//! The secrets of keys and of second factors. The node keeps one secret of its own, in a file beside the log. The secrets of keys follow
//! from it and from the key's name, and the log holds their hashes. Those of one-time codes are random; the log holds them sealed
//! under the node's secret (XChaCha20-Poly1305, bound to the user's name), so that a copy of the log and of that file is whole, and
//! neither alone gives anything away.

use crate::node::{DataDir, NodeKey};
use anyhow::{Result, bail};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;

/// Second factors that a user may have had while they followed from the node's secret: each is found by its hash.
const ENROLMENTS_MAX: u32 = 1_000;
/// Bytes of a secret for one-time codes: as many as those of SHA-1 (RFC 4226, section 4).
const TOTP_BYTES: usize = 20;
/// Bytes of a nonce, which stands before what it seals.
const NONCE_BYTES: usize = 24;
/// Letters and digits of the code that the second person is given: 40 bits, of which a few can be tried.
const APPROVAL_CODE: usize = 8;

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

    /// A new secret for one-time codes.
    ///
    /// # Errors
    /// As [`random`].
    pub fn new_totp() -> Result<Vec<u8>> {
        random::<TOTP_BYTES>().map(Vec::from)
    }

    fn sealer(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.derive("seal/totp").into())
    }

    /// A user's secret as the log may hold it: a nonce, and what is sealed.
    ///
    /// # Errors
    /// As [`random`].
    pub fn seal(&self, user: &str, secret: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_BYTES>()?;
        let sealed = Payload { msg: secret, aad: user.as_bytes() };
        match self.sealer().encrypt(&XNonce::from(nonce), sealed) {
            Ok(sealed) => Ok([&nonce[..], &sealed].concat()),
            Err(_) => bail!("the secret could not be sealed"),
        }
    }

    /// What [`Secrets::seal`] sealed for a user; none where this node did not, or not for this user.
    #[must_use]
    pub fn unseal(&self, user: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let sealed = Payload { msg: sealed, aad: user.as_bytes() };
        self.sealer().decrypt(&XNonce::from(*nonce), sealed).ok()
    }

    /// A user's secret for one-time codes, by what the log holds of it. Before secrets were random they followed from the node's:
    /// whoever has such a one keeps it until another is chosen.
    #[must_use]
    pub fn totp(&self, user: &str, hash: [u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
        let secret = if sealed.is_empty() {
            let derived = |number: u32| self.derive(&format!("totp/{number}/{user}"))[..TOTP_BYTES].to_vec();
            (0..ENROLMENTS_MAX).map(derived).find(|secret| hash_of(secret) == hash)
        } else {
            self.unseal(user, sealed)
        };
        secret.filter(|secret| hash_of(secret) == hash)
    }

    /// The code that the second person is given for a user's link, and that is asked for beside its token.
    #[must_use]
    pub fn approval_code(&self, user: &str, token_hash: [u8; 32]) -> String {
        let mac = self.derive(&format!("approval/{}/{user}", crate::node::hex(&token_hash)));
        letters(&mac[..APPROVAL_CODE])
    }

    /// The token of the link by which one of the first operators enrols: it follows from the node's secret, so that every start can
    /// print it again.
    #[must_use]
    pub fn first_token(&self, log: [u8; 16], user: &str, expires: base::Timestamp) -> String {
        let log = crate::node::hex(&hash_of(&log));
        URL_SAFE_NO_PAD.encode(self.derive(&format!("first/{log}/{}/{user}", expires.0)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_random_and_opened_by_its_node_for_its_user_alone() {
        let (node, other) = (Secrets([7; 32]), Secrets([8; 32]));
        let secret = Secrets::new_totp().unwrap();
        assert_ne!(secret, Secrets::new_totp().unwrap());
        let sealed = node.seal("ann", &secret).unwrap();
        assert!(sealed.len() <= 128 && !sealed.windows(secret.len()).any(|part| part == secret));
        assert_ne!(sealed, node.seal("ann", &secret).unwrap(), "under a nonce of its own each time");
        assert_eq!(node.totp("ann", hash_of(&secret), &sealed), Some(secret.clone()));
        assert_eq!(node.totp("bob", hash_of(&secret), &sealed), None);
        assert_eq!(other.totp("ann", hash_of(&secret), &sealed), None);
        assert_eq!(node.totp("ann", [0; 32], &sealed), None);
        for place in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[place] ^= 1;
            assert_eq!(node.unseal("ann", &forged), None, "byte {place}");
        }
        assert_eq!(node.unseal("ann", &sealed[..20]), None);
    }

    #[test]
    fn who_enrolled_before_secrets_were_random_keeps_his_own() {
        let node = Secrets([7; 32]);
        let second = node.derive("totp/1/ann")[..20].to_vec();
        assert_eq!(node.totp("ann", hash_of(&second), &[]), Some(second));
        assert_eq!(node.totp("ann", [1; 32], &[]), None);
    }
}
