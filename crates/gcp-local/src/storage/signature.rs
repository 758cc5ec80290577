//! V4 signed URLs, verified for real: a URL that works here was signed as Cloud Storage demands.
//!
//! The signer chose a method, a path, query parameters and headers; the signature covers all of
//! them. So this module rebuilds the canonical request from what actually arrived and checks the
//! signature over it. Nothing of the body is covered, except where a signed header speaks of it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::names::encode_path;
use super::service_account::ServiceAccount;

pub(crate) const ALGORITHM: &str = "GOOG4-RSA-SHA256";
const SCOPE: &str = "auto/storage/goog4_request";
const MAX_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How far a signer's clock may be ahead of ours.
const MAX_SKEW: TimeDelta = TimeDelta::minutes(15);

/// The request as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct SignedRequest<'a> {
    pub(crate) method: &'a Method,
    /// Decoded: `/bucket/object`.
    pub(crate) path: &'a str,
    /// As sent.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Hosts the signer may have meant: what the client sent, what this server calls itself, each
    /// with and without a port. Google's own library signs the host without the port.
    pub(crate) hosts: &'a [String],
}

/// Why a signed request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignatureError {
    Parameter {
        name: &'static str,
        problem: String,
    },
    UnknownSigner {
        email: String,
    },
    Expired {
        at: DateTime<Utc>,
    },
    NotYetValid,
    HeaderMissing {
        name: String,
    },
    HeaderNotSigned {
        name: String,
    },
    Mismatch {
        string_to_sign: String,
        canonical_request: String,
    },
}

/// Whether the query claims a V4 signature at all.
pub(crate) fn is_signed(query: &str) -> bool {
    pairs(query).any(|(name, _)| name.eq_ignore_ascii_case("X-Goog-Signature"))
}

/// Checks signer, time, headers and signature.
pub(crate) fn verify(
    request: SignedRequest<'_>,
    account: &ServiceAccount,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let claim = Claim::from_query(request.query)?;
    if claim.email != account.email() {
        return Err(SignatureError::UnknownSigner { email: claim.email });
    }
    claim.check_time(now)?;
    check_headers(&claim, request.headers)?;
    let mut refused = None;
    for host in request.hosts {
        let canonical_request = canonical_request(&claim, request, host);
        let string_to_sign = claim.string_to_sign(&canonical_request);
        if account.verifies(string_to_sign.as_bytes(), &claim.signature) {
            return Ok(());
        }
        refused.get_or_insert(SignatureError::Mismatch {
            string_to_sign,
            canonical_request,
        });
    }
    Err(refused.unwrap_or(SignatureError::HeaderMissing {
        name: "host".to_owned(),
    }))
}

/// What the query parameters say.
struct Claim {
    email: String,
    date: String,
    scope: String,
    signed_at: DateTime<Utc>,
    lifetime: TimeDelta,
    headers: Vec<String>,
    signature: Vec<u8>,
}

impl Claim {
    fn from_query(query: &str) -> Result<Self, SignatureError> {
        if parameter(query, "X-Goog-Algorithm")? != ALGORITHM {
            return Err(invalid(
                "X-Goog-Algorithm",
                "Only GOOG4-RSA-SHA256 is supported.",
            ));
        }
        let date = parameter(query, "X-Goog-Date")?;
        let signed_at = NaiveDateTime::parse_from_str(&date, "%Y%m%dT%H%M%SZ")
            .map_err(|_| invalid("X-Goog-Date", "The date must look like 20261122T103000Z."))?
            .and_utc();
        let credential = parameter(query, "X-Goog-Credential")?;
        let (email, scope) = credential
            .split_once('/')
            .filter(|(_, scope)| *scope == format!("{}/{SCOPE}", signed_at.format("%Y%m%d")))
            .ok_or_else(|| {
                invalid(
                    "X-Goog-Credential",
                    "The scope must be DATE/auto/storage/goog4_request.",
                )
            })?;
        let seconds: i64 = parameter(query, "X-Goog-Expires")?.parse().map_err(|_| {
            invalid(
                "X-Goog-Expires",
                "The lifetime must be a number of seconds.",
            )
        })?;
        let lifetime = TimeDelta::try_seconds(seconds)
            .filter(|lifetime| (TimeDelta::seconds(1)..=MAX_LIFETIME).contains(lifetime))
            .ok_or_else(|| {
                invalid(
                    "X-Goog-Expires",
                    "The lifetime must be between 1 and 604800 seconds.",
                )
            })?;
        let headers: Vec<String> = parameter(query, "X-Goog-SignedHeaders")?
            .split(';')
            .map(str::to_owned)
            .collect();
        if !headers.is_sorted() || !headers.iter().any(|name| name == "host") {
            return Err(invalid(
                "X-Goog-SignedHeaders",
                "They must be sorted and contain host.",
            ));
        }
        let signature = hex::decode(parameter(query, "X-Goog-Signature")?)
            .map_err(|_| invalid("X-Goog-Signature", "The signature must be hexadecimal."))?;
        let (email, scope) = (email.to_owned(), scope.to_owned());
        Ok(Self {
            email,
            date,
            scope,
            signed_at,
            lifetime,
            headers,
            signature,
        })
    }

    fn check_time(&self, now: DateTime<Utc>) -> Result<(), SignatureError> {
        if now + MAX_SKEW < self.signed_at {
            return Err(SignatureError::NotYetValid);
        }
        let at = self.signed_at + self.lifetime;
        if now > at {
            Err(SignatureError::Expired { at })
        } else {
            Ok(())
        }
    }

    fn string_to_sign(&self, canonical_request: &str) -> String {
        let hash = hex::encode(Sha256::digest(canonical_request));
        format!("{ALGORITHM}\n{}\n{}\n{hash}", self.date, self.scope)
    }
}

/// Every signed header must be there, and no extension header may be there unsigned: it would let
/// whoever holds the URL do more than its signer allowed.
fn check_headers(claim: &Claim, headers: &HeaderMap) -> Result<(), SignatureError> {
    let missing = |name: &&String| *name != "host" && !headers.contains_key(name.as_str());
    if let Some(name) = claim.headers.iter().find(missing) {
        return Err(SignatureError::HeaderMissing { name: name.clone() });
    }
    let unsigned = headers.keys().map(http::HeaderName::as_str).find(|name| {
        name.starts_with("x-goog-")
            && *name != "x-goog-api-client"
            && !claim.headers.iter().any(|signed| signed == name)
    });
    match unsigned {
        Some(name) => Err(SignatureError::HeaderNotSigned {
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

fn canonical_request(claim: &Claim, request: SignedRequest<'_>, host: &str) -> String {
    let mut query: Vec<(&str, &str)> = pairs(request.query)
        .filter(|(name, _)| !name.eq_ignore_ascii_case("X-Goog-Signature"))
        .collect();
    query.sort_unstable();
    let query: Vec<String> = query
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut headers = String::new();
    for name in &claim.headers {
        let value = if name == "host" {
            host.to_owned()
        } else {
            header(request.headers, name)
        };
        headers.extend([name.as_str(), ":", &value, "\n"]);
    }
    let payload = match header(request.headers, "x-goog-content-sha256") {
        hash if hash.is_empty() => "UNSIGNED-PAYLOAD".to_owned(),
        hash => hash,
    };
    [
        request.method.as_str(),
        &encode_path(request.path),
        &query.join("&"),
        &headers,
        &claim.headers.join(";"),
        &payload,
    ]
    .join("\n")
}

/// All values of a header, as the canonical form wants them: joined, trimmed, single spaces.
fn header(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn parameter(query: &str, name: &'static str) -> Result<String, SignatureError> {
    let (_, value) = pairs(query)
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .ok_or_else(|| invalid(name, "A required query parameter is missing."))?;
    Ok(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

fn invalid(name: &'static str, problem: &str) -> SignatureError {
    SignatureError::Parameter {
        name,
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
