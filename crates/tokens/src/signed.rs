//! From bytes to claims that their issuer really signed. What the claims say is checked by the verifiers.

use avvivo_kernel::Timestamp;
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::de::DeserializeOwned;

use crate::{Deny, KeyCache};

/// Google's tokens are 1 to 2 KiB; custom claims add at most one more.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The claims of `token`, if one of `keys` signed it with RS256.
pub(crate) async fn claims<C: DeserializeOwned>(token: &str, keys: &KeyCache) -> Result<C, Deny> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Deny::Malformed);
    }
    let key = keys.key(&key_id(token)?).await?;
    decode(token, &key, &signature_only())
        .map(|data| data.claims)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Deny::Signature,
            ErrorKind::InvalidAlgorithm => Deny::Algorithm,
            _ => Deny::Malformed,
        })
}

/// The key that `token` says it was signed with, once its header is one we would accept at all.
fn key_id(token: &str) -> Result<String, Deny> {
    let header = decode_header(token).map_err(|error| match error.kind() {
        // A header that names an algorithm nobody knows (`none` among them) fails as JSON.
        ErrorKind::Json(_) | ErrorKind::InvalidAlgorithmName => Deny::Algorithm,
        _ => Deny::Malformed,
    })?;
    // RFC 7515, 4.1.11: critical extensions that are not understood make a token invalid.
    if header.alg != Algorithm::RS256 || header.crit.is_some() {
        return Err(Deny::Algorithm);
    }
    header.kid.ok_or(Deny::UnknownKey)
}

/// Everything about claims is left to the verifiers: they have the clock, and one place is easier to review than two.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// Refuses a token outside its time: past `exp`, or issued in the future. Clocks may differ by `leeway`.
pub(crate) fn in_time(exp: i64, iat: i64, now: Timestamp, leeway: TimeDelta) -> Result<(), Deny> {
    if moment(exp, "exp")? + leeway <= now {
        return Err(Deny::Expired);
    }
    past(iat, "iat", now, leeway)
}

/// Refuses a moment that lies in the future.
pub(crate) fn past(
    at: i64,
    claim: &'static str,
    now: Timestamp,
    leeway: TimeDelta,
) -> Result<(), Deny> {
    if moment(at, claim)? > now + leeway {
        Err(Deny::Claim(claim))
    } else {
        Ok(())
    }
}

/// The last second that the arithmetic above is asked to deal with: the end of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// A `NumericDate` (RFC 7519, section 2) as a timestamp.
pub(crate) fn moment(seconds: i64, claim: &'static str) -> Result<Timestamp, Deny> {
    (0..=LAST_SECOND)
        .contains(&seconds)
        .then(|| DateTime::from_timestamp(seconds, 0))
        .flatten()
        .ok_or(Deny::Claim(claim))
}
