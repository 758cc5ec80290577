//! Identity tokens of services: Cloud Tasks, Cloud Scheduler, Pub/Sub push, and our own services calling one another.
//!
//! Anyone can have Google sign a token for any audience. What authorises a caller is therefore the service account in
//! `email`, and the audience only keeps a token meant for one service from being used on another.

use std::{collections::BTreeSet, sync::Arc};

use avvivo_kernel::{Clock, Timestamp};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::{Deny, KeyCache, signed};

/// Where Google publishes the keys of its identity tokens, as a JWK set.
pub const GOOGLE_KEYS_URL: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// Google writes its name both ways.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// How far our clock and the issuer's may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Which calls a route accepts. Give each group of routes its own: who may push tasks may not run schedules.
#[derive(Debug, Clone)]
pub struct OidcPolicy {
    /// The addresses under which callers know this service.
    pub audiences: BTreeSet<String>,
    /// E-mail addresses of the service accounts that may call.
    pub callers: BTreeSet<String>,
}

/// A service that proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcCaller {
    /// The service account's address.
    pub email: String,
    /// The service account's stable id.
    pub subject: String,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// Verifies the identity tokens of services against one policy.
#[derive(Clone)]
pub struct OidcVerifier {
    policy: OidcPolicy,
    keys: Arc<KeyCache>,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    exp: i64,
    iat: i64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

impl OidcVerifier {
    /// Accepts what `policy` allows, signed with one of `keys` ([`GOOGLE_KEYS_URL`], or a local issuer's).
    pub fn new(policy: OidcPolicy, keys: Arc<KeyCache>, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy,
            keys,
            clock,
        }
    }

    /// Which service `token` speaks for, or why it is refused.
    pub async fn verify(&self, token: &str) -> Result<OidcCaller, Deny> {
        let claims = signed::claims(token, &self.keys).await?;
        self.check(claims, self.clock.now())
    }

    /// The keys that tokens are checked with.
    pub fn keys(&self) -> &KeyCache {
        &self.keys
    }

    fn check(&self, claims: Claims, now: Timestamp) -> Result<OidcCaller, Deny> {
        if !ISSUERS.contains(&claims.iss.as_str()) {
            return Err(Deny::Claim("iss"));
        }
        if !self.policy.audiences.contains(&claims.aud) {
            return Err(Deny::Claim("aud"));
        }
        if claims.sub.is_empty() {
            return Err(Deny::Claim("sub"));
        }
        signed::in_time(claims.exp, claims.iat, now, LEEWAY)?;
        let email = claims.email.ok_or(Deny::Claim("email"))?;
        if !claims.email_verified {
            return Err(Deny::Claim("email_verified"));
        }
        if !self.policy.callers.contains(&email) {
            return Err(Deny::CallerNotAllowed);
        }
        let expires_at = signed::moment(claims.exp, "exp")?;
        Ok(OidcCaller {
            email,
            subject: claims.sub,
            expires_at,
        })
    }
}
