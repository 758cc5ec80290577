//! ID tokens of people, as Firebase Authentication issues them.

use std::sync::Arc;

use avvivo_kernel::{Clock, Timestamp};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::{Deny, KeyCache, signed};

/// Where Firebase publishes the keys of its ID tokens, as a JWK set.
pub const FIREBASE_KEYS_URL: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// How far our clock and the issuer's may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// Firebase's bound on a user id.
const MAX_SUBJECT_CHARS: usize = 128;

/// Who a verified ID token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirebaseUser {
    /// The user id in Firebase: 1 to 128 characters.
    pub uid: String,
    /// The address as the token has it; absent for sign-ins without one.
    pub email: Option<String>,
    /// Whether Firebase saw proof that the address is theirs.
    pub email_verified: bool,
    /// When they last signed in with their credentials.
    pub signed_in_at: Timestamp,
    /// When the token ends. A connection that outlives its token ends with it.
    pub expires_at: Timestamp,
}

/// Verifies the ID tokens of one Firebase project.
#[derive(Clone)]
pub struct FirebaseVerifier {
    project: String,
    issuer: String,
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
    auth_time: i64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

impl FirebaseVerifier {
    /// Accepts tokens of `project` that were signed with one of `keys` ([`FIREBASE_KEYS_URL`], or a local issuer's).
    pub fn new(project: impl Into<String>, keys: Arc<KeyCache>, clock: Arc<dyn Clock>) -> Self {
        let project = project.into();
        let issuer = format!("https://securetoken.google.com/{project}");
        Self {
            project,
            issuer,
            keys,
            clock,
        }
    }

    /// Who `token` speaks for, or why it is refused.
    pub async fn verify(&self, token: &str) -> Result<FirebaseUser, Deny> {
        let claims = signed::claims(token, &self.keys).await?;
        self.check(claims, self.clock.now())
    }

    /// The keys that tokens are checked with.
    pub fn keys(&self) -> &KeyCache {
        &self.keys
    }

    fn check(&self, claims: Claims, now: Timestamp) -> Result<FirebaseUser, Deny> {
        if claims.aud != self.project {
            return Err(Deny::Claim("aud"));
        }
        if claims.iss != self.issuer {
            return Err(Deny::Claim("iss"));
        }
        if claims.sub.is_empty() || claims.sub.chars().count() > MAX_SUBJECT_CHARS {
            return Err(Deny::Claim("sub"));
        }
        signed::in_time(claims.exp, claims.iat, now, LEEWAY)?;
        signed::past(claims.auth_time, "auth_time", now, LEEWAY)?;
        Ok(FirebaseUser {
            uid: claims.sub,
            email: claims.email,
            email_verified: claims.email_verified,
            signed_in_at: signed::moment(claims.auth_time, "auth_time")?,
            expires_at: signed::moment(claims.exp, "exp")?,
        })
    }
}
