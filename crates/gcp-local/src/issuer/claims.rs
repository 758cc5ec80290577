//! What Google and Firebase put into their ID tokens.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::TokenError;

/// The longest life of a token minted here. Google's live an hour; a day lets people keep one in a
/// shell while they work.
pub(super) const MAX_LIFETIME: TimeDelta = TimeDelta::days(1);
/// The life of a token that asks for none.
const DEFAULT_LIFETIME_SECONDS: i64 = 3600;

/// An ID token as Google signs for a service account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleIdToken {
    /// Email of the service account.
    pub email: String,
    /// `aud`: the service that is to accept it.
    pub audience: String,
    /// `sub` and `azp`: the account's numeric id; derived from the email when absent.
    #[serde(default)]
    pub subject: Option<String>,
    /// Life from now, an hour when absent, at most a day; below zero it has expired already.
    #[serde(default, rename = "expires_in")]
    pub expires_in_seconds: Option<i64>,
    /// Claims to add, or to replace in order to see a verifier refuse them.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// An ID token as Firebase Authentication signs for a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirebaseIdToken {
    /// The user: `sub` and `user_id`.
    pub uid: String,
    /// Email address, if the user has one.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the address was confirmed.
    #[serde(default)]
    pub email_verified: bool,
    /// Display name.
    #[serde(default)]
    pub name: Option<String>,
    /// The Firebase project, part of `iss` and `aud`; the server's own when absent.
    #[serde(default)]
    pub project: Option<String>,
    /// How the user signed in, for example `google.com`; `password` when absent.
    #[serde(default)]
    pub sign_in_provider: Option<String>,
    /// Life from now, an hour when absent, at most a day; below zero it has expired already.
    #[serde(default, rename = "expires_in")]
    pub expires_in_seconds: Option<i64>,
    /// Custom claims. They stand at the top level and may replace standard ones, in order to see a
    /// verifier refuse them.
    #[serde(default)]
    pub claims: Map<String, Value>,
}

/// `iat` and `exp`.
struct Validity {
    issued: i64,
    expires: i64,
}

impl Validity {
    fn new(wanted: Option<i64>, now: DateTime<Utc>) -> Result<Self, TokenError> {
        let life = wanted.unwrap_or(DEFAULT_LIFETIME_SECONDS);
        let longest = MAX_LIFETIME.num_seconds();
        if !(-longest..=longest).contains(&life) {
            return Err(TokenError::Lifetime);
        }
        let now = now.timestamp();
        // A token that has expired was issued an hour before it did.
        let issued = if life > 0 {
            now
        } else {
            now + life - DEFAULT_LIFETIME_SECONDS
        };
        Ok(Self {
            issued,
            expires: now + life,
        })
    }
}

impl GoogleIdToken {
    pub(super) fn claims(&self, now: DateTime<Utc>) -> Result<Value, TokenError> {
        let validity = Validity::new(self.expires_in_seconds, now)?;
        let subject = self
            .subject
            .clone()
            .unwrap_or_else(|| account_id(&self.email));
        let claims = json!({
            "aud": self.audience,
            "azp": subject,
            "email": self.email,
            "email_verified": true,
            "exp": validity.expires,
            "iat": validity.issued,
            "iss": "https://accounts.google.com",
            "sub": subject,
        });
        Ok(merged(claims, &self.claims))
    }
}

impl FirebaseIdToken {
    pub(super) fn claims(
        &self,
        own_project: &str,
        now: DateTime<Utc>,
    ) -> Result<Value, TokenError> {
        let validity = Validity::new(self.expires_in_seconds, now)?;
        let project = self.project.as_deref().unwrap_or(own_project);
        let provider = self.sign_in_provider.as_deref().unwrap_or("password");
        let mut claims = Map::new();
        if let Some(name) = &self.name {
            claims.insert("name".to_owned(), json!(name));
        }
        let mut identities = Map::new();
        if provider != "password" {
            identities.insert(provider.to_owned(), json!([self.uid]));
        }
        let standard = json!({
            "iss": format!("https://securetoken.google.com/{project}"),
            "aud": project,
            "auth_time": validity.issued,
            "user_id": self.uid,
            "sub": self.uid,
            "iat": validity.issued,
            "exp": validity.expires,
        });
        let mut claims = merged(
            Value::Object(claims),
            standard.as_object().unwrap_or(&Map::new()),
        );
        if let Some(email) = &self.email {
            let contact = json!({"email": email, "email_verified": self.email_verified});
            claims = merged(claims, contact.as_object().unwrap_or(&Map::new()));
            identities.insert("email".to_owned(), json!([email]));
        }
        let firebase = json!({"identities": identities, "sign_in_provider": provider});
        let claims = merged(claims, &Map::from_iter([("firebase".to_owned(), firebase)]));
        Ok(merged(claims, &self.claims))
    }
}

fn merged(claims: Value, over: &Map<String, Value>) -> Value {
    let mut claims = match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    };
    claims.extend(
        over.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    Value::Object(claims)
}

/// The numeric id of a service account: twenty-one digits that follow from its email.
pub(super) fn account_id(email: &str) -> String {
    let digest = Sha256::digest(email.as_bytes());
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("1{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn a_google_token_has_the_claims_of_googles() {
        let token = GoogleIdToken {
            email: "tasks@demo.iam.gserviceaccount.com".to_owned(),
            audience: "https://reels.example".to_owned(),
            ..GoogleIdToken::default()
        };
        assert_eq!(
            serde_json::to_string_pretty(&token.claims(now()).unwrap()).unwrap(),
            r#"{
  "aud": "https://reels.example",
  "azp": "100783936588356035548",
  "email": "tasks@demo.iam.gserviceaccount.com",
  "email_verified": true,
  "exp": 1700003600,
  "iat": 1700000000,
  "iss": "https://accounts.google.com",
  "sub": "100783936588356035548"
}"#
        );
    }

    #[test]
    fn a_firebase_token_has_the_claims_of_firebases() {
        let token = FirebaseIdToken {
            uid: "u1".to_owned(),
            email: Some("ana@example.com".to_owned()),
            email_verified: true,
            name: Some("Ana".to_owned()),
            claims: Map::from_iter([("tier".to_owned(), json!("gold"))]),
            ..FirebaseIdToken::default()
        };
        assert_eq!(
            serde_json::to_string_pretty(&token.claims("demo", now()).unwrap()).unwrap(),
            r#"{
  "name": "Ana",
  "iss": "https://securetoken.google.com/demo",
  "aud": "demo",
  "auth_time": 1700000000,
  "user_id": "u1",
  "sub": "u1",
  "iat": 1700000000,
  "exp": 1700003600,
  "email": "ana@example.com",
  "email_verified": true,
  "firebase": {
    "identities": {
      "email": [
        "ana@example.com"
      ]
    },
    "sign_in_provider": "password"
  },
  "tier": "gold"
}"#
        );
    }

    #[test]
    fn a_life_below_zero_mints_an_expired_token_and_more_than_a_day_is_refused() {
        let token = |seconds| FirebaseIdToken {
            uid: "u".to_owned(),
            expires_in_seconds: Some(seconds),
            ..FirebaseIdToken::default()
        };
        let expired = token(-60).claims("demo", now()).unwrap();
        assert_eq!(
            (&expired["iat"], &expired["exp"]),
            (&json!(1_699_996_340), &json!(1_699_999_940))
        );
        assert!(token(86_400).claims("demo", now()).is_ok());
        assert!(token(86_401).claims("demo", now()).is_err());
    }

    #[test]
    fn claims_may_be_replaced_for_negative_tests() {
        let token = FirebaseIdToken {
            uid: "u".to_owned(),
            claims: Map::from_iter([("iss".to_owned(), json!("https://elsewhere"))]),
            ..FirebaseIdToken::default()
        };
        assert_eq!(
            token.claims("demo", now()).unwrap()["iss"],
            "https://elsewhere"
        );
    }
}
