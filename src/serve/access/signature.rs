//! Signatures of programs: HMAC-SHA256 over time, method, path with query, and body, under the secret of a key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Letters of the name of a command that has none of its own.
const ID_LENGTH: usize = 15;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The time as it stands in the header.
    pub time: &'a str,
    /// `GET`, `POST` …
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The body, which may be empty.
    pub body: &'a [u8],
}

/// A signature that was found right, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The signature.
    pub bytes: [u8; 32],
    /// Milliseconds since 1970, by the clock of who signed.
    pub sent_ms: i64,
}

impl Signature {
    /// The name of a command that was sent with this signature and has no name of its own: the very same request has the same one,
    /// and no other request has.
    #[must_use]
    pub fn id(&self) -> String {
        super::letters(&super::hash_of(&self.bytes)[..ID_LENGTH])
    }
}

impl Signed<'_> {
    fn mac(&self, secret: &[u8]) -> Hmac<Sha256> {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
            unreachable!("HMAC takes a key of any length")
        };
        for part in [self.time.as_bytes(), self.method.as_bytes(), self.path.as_bytes(), self.body] {
            mac.update(part);
        }
        mac
    }
}

/// The signature.
#[must_use]
pub fn sign(secret: &[u8], signed: &Signed<'_>) -> [u8; 32] {
    signed.mac(secret).finalize().into_bytes().into()
}

/// Whether a signature is that of what is signed; in the same time whatever it is.
#[must_use]
pub fn verify(secret: &[u8], signed: &Signed<'_>, signature: &[u8]) -> bool {
    signed.mac(secret).verify_slice(signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_case_of_rfc_4231() {
        // Case 2: key "Jefe", data "what do ya want for nothing?", here in four parts.
        let signed = Signed { time: "what do ", method: "ya want ", path: "for ", body: b"nothing?" };
        let wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let signature = sign(b"Jefe", &signed);
        assert_eq!(crate::node::hex(&signature), wanted);
        assert!(verify(b"Jefe", &signed, &signature));
        assert!(!verify(b"Jefe", &Signed { body: b"nothing!", ..signed }, &signature));
    }
}
