//! The signatures of this API: base64 of HMAC-SHA256 over time, method, path and body, under the bytes that the key's secret is the
//! base64 of. The time is in seconds, so a program that does the same twice within one second signs the same twice: what reads may be repeated, and
//! what cancels; an order that has a client_oid is entered once; one that has none is refused the second time, to be signed anew.

use crate::serve::App;
use crate::serve::access::{Caller, Signature, Signed, Via, verify};
use crate::serve::clock::machine_ms;
use crate::serve::door::{Known, WINDOW_MS, known_key};
use crate::serve::problem::{Code, Problem};
use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use engine::Door;

/// What is said to be signed, and by whom.
pub(super) struct Claim<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// Seconds since 1970, as written.
    pub(super) time: &'a str,
    /// The signature, as written.
    pub(super) sign: &'a str,
}

/// Who sends a request.
///
/// # Errors
/// The signature, its time or its key.
pub(super) fn identify(
    app: &App,
    headers: &HeaderMap,
    method: &str,
    target: &str,
    body: &[u8],
) -> Result<Option<Known>, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(key) = header("cb-access-key") else { return Ok(None) };
    let wanted = |name: &str| {
        header(name).ok_or_else(|| Problem::new(Code::Unauthenticated, format!("{name} is missing")))
    };
    let claim = Claim { key, time: wanted("cb-access-timestamp")?, sign: wanted("cb-access-sign")? };
    // The path is signed without what comes before it in the address of the API; some programs sign all of it.
    let below = target.strip_prefix(super::MOUNT).unwrap_or(target);
    let paths = [below, target].map(|path| Signed { time: claim.time, method, path, body });
    signer(app, &claim, &paths).map(|(caller, signature)| Some((caller, Some(signature))))
}

/// The owner of the key that signed one of these.
///
/// # Errors
/// The signature, its time or its key.
pub(super) fn signer(
    app: &App,
    claim: &Claim<'_>,
    any: &[Signed<'_>],
) -> Result<(Caller, Signature), Problem> {
    let bad = || Problem::new(Code::BadSignature, "no such key, or another signature");
    let stale = || {
        Problem::new(
            Code::StaleTime,
            format!("the time is in seconds since 1970, {WINDOW_MS} ms about the node's"),
        )
    };
    let (sent_ms, now) = (milliseconds(claim.time).ok_or_else(stale)?, machine_ms());
    if sent_ms.abs_diff(now) > WINDOW_MS.unsigned_abs() {
        return Err(stale());
    }
    let bytes: [u8; 32] =
        STANDARD.decode(claim.sign).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad)?;
    let fits = |secret: &str| {
        let secret = STANDARD.decode(secret).unwrap_or_default();
        any.iter().any(|signed| verify(&secret, signed, &bytes))
    };
    let user = known_key(app, claim.key, fits).ok_or_else(bad)?;
    let caller = Caller::of(app.reader.read().state(), user, Via::Key(claim.key.to_owned()));
    Ok((caller.ok_or_else(bad)?.at(Door::Facade), Signature { bytes, sent_ms }))
}

/// Milliseconds, of seconds with or without a fraction.
fn milliseconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: i64 = fraction.chars().chain("000".chars()).take(3).collect::<String>().parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn times_are_seconds_with_or_without_a_fraction() {
        assert_eq!(milliseconds("1589270451"), Some(1_589_270_451_000));
        assert_eq!(milliseconds("1589270451.5"), Some(1_589_270_451_500));
        assert_eq!(milliseconds("1589270451.504123"), Some(1_589_270_451_504));
        for wrong in ["", ".5", "-1", "1e9", "1589270451.x", "99999999999999999999"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
