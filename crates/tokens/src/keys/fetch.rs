//! One bounded request for a JWK set.

use std::time::Duration;

use chrono::TimeDelta;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use reqwest::{Client, header::CACHE_CONTROL, redirect::Policy};
use serde::Deserialize;

/// Google's sets have two to four keys of 400 bytes; a set 20 times as large is not a key set.
const MAX_SET_BYTES: usize = 64 * 1024;
/// More keys than any issuer rotates among, few enough to parse in no time.
const MAX_KEYS: usize = 32;
/// An issuer that forbids caching would make us ask for every token.
const MIN_AGE_SECONDS: i64 = 60;
/// An issuer that promises more than this would keep us from noticing a withdrawn key.
const MAX_AGE_SECONDS: i64 = 24 * 3600;
/// What is assumed of an answer that does not say: Google's usual value is six times that.
const DEFAULT_AGE_SECONDS: i64 = 3600;
/// Connecting takes tens of milliseconds; more than this is an outage.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The whole request. Callers' patience is shorter or equal; this also ends what they no longer wait for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP client could not be built (no TLS provider, no trust roots).
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the client for token keys")]
pub struct ClientError(#[source] reqwest::Error);

/// Why a fetch brought no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("request failed: {0}")]
    Request(#[from] reqwest::Error),
    #[error("the answer is larger than {MAX_SET_BYTES} bytes")]
    TooLarge,
    #[error("the answer is not a key set: {0}")]
    NotAKeySet(#[from] serde_json::Error),
    #[error("the set has no key for RS256 signatures")]
    NoUsableKey,
}

/// What a fetch brought.
pub(super) struct Fetched {
    pub(super) keys: Vec<(String, DecodingKey)>,
    pub(super) max_age: TimeDelta,
}

pub(super) struct KeyServer {
    url: String,
    http: Client,
}

/// Keys are parsed one by one, so that one of a kind we do not know does not hide its neighbours.
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<serde_json::Value>,
}

impl KeyServer {
    pub(super) fn new(url: String) -> Result<Self, ClientError> {
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // Keys come from the address we were told, or not at all.
            .redirect(Policy::none())
            .build()
            .map_err(ClientError)?;
        Ok(Self { url, http })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, FetchError> {
        let mut answer = self.http.get(&self.url).send().await?.error_for_status()?;
        let max_age = answer
            .headers()
            .get(CACHE_CONTROL)
            .and_then(|value| value.to_str().ok());
        let max_age = clamped_max_age(max_age.unwrap_or_default());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_SET_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let keys = usable_keys(&body)?;
        Ok(Fetched { keys, max_age })
    }
}

fn usable_keys(body: &[u8]) -> Result<Vec<(String, DecodingKey)>, FetchError> {
    let set: KeySet = serde_json::from_slice(body)?;
    let keys: Vec<_> = set
        .keys
        .into_iter()
        .take(MAX_KEYS)
        .filter_map(usable_key)
        .collect();
    if keys.is_empty() {
        Err(FetchError::NoUsableKey)
    } else {
        Ok(keys)
    }
}

/// A key that may check RS256 signatures: RSA, not reserved for encryption or another algorithm, and with a name.
fn usable_key(value: serde_json::Value) -> Option<(String, DecodingKey)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let for_signatures = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let for_rs256 = matches!(jwk.common.key_algorithm, None | Some(KeyAlgorithm::RS256));
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
        return None;
    };
    if !for_signatures || !for_rs256 {
        return None;
    }
    let key = DecodingKey::from_rsa_components(&rsa.n, &rsa.e).ok()?;
    Some((jwk.common.key_id?, key))
}

fn clamped_max_age(cache_control: &str) -> TimeDelta {
    let seconds = cache_control
        .split(',')
        .find_map(|directive| {
            directive
                .trim()
                .strip_prefix("max-age=")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(DEFAULT_AGE_SECONDS);
    TimeDelta::seconds(seconds.clamp(MIN_AGE_SECONDS, MAX_AGE_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_is_kept_between_a_minute_and_a_day() {
        let cases = [
            ("public, max-age=21600, must-revalidate", 21_600),
            ("max-age=0", 60),
            ("max-age=-5", 60),
            ("max-age=99999999", 86_400),
            ("no-store", 3600),
            ("max-age=soon", 3600),
            ("", 3600),
        ];
        for (header, seconds) in cases {
            assert_eq!(
                clamped_max_age(header),
                TimeDelta::seconds(seconds),
                "{header:?}"
            );
        }
    }

    #[test]
    fn keys_of_other_kinds_do_not_hide_the_usable_one() {
        let body = br#"{"keys":[
            {"kty":"future","kid":"a"}, 7,
            {"kty":"RSA","kid":"enc","use":"enc","n":"AQAB","e":"AQAB"},
            {"kty":"RSA","kid":"ps","alg":"PS256","n":"AQAB","e":"AQAB"},
            {"kty":"oct","kid":"secret","k":"AQAB"},
            {"kty":"RSA","n":"AQAB","e":"AQAB"},
            {"kty":"RSA","kid":"good","alg":"RS256","use":"sig","n":"AQAB","e":"AQAB"}]}"#;
        let keys = usable_keys(body).unwrap();
        assert_eq!(
            keys.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
            ["good"]
        );
    }

    #[test]
    fn a_set_without_a_usable_key_is_a_failed_fetch() {
        assert!(matches!(
            usable_keys(br#"{"keys":[]}"#),
            Err(FetchError::NoUsableKey)
        ));
        assert!(matches!(
            usable_keys(b"<html>"),
            Err(FetchError::NotAKeySet(_))
        ));
    }
}
