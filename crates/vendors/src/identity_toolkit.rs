//! [`IdentityAdmin`] on Identity Toolkit, the API behind Firebase Authentication, as Firebase's Admin SDKs call it.
//!
//! Nothing is repeated here: a link is a new one with each call and counts against a quota, and whoever looks somebody up
//! is a job that comes again or a person who can.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use avvivo_ports::{AccessTokenError, AccessTokens, IdentityAdmin, IdentityError, IdentityUser};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::exchange::{Answer, BuildError, NoAnswer, address, client, exchange, word};

/// Google's Identity Toolkit, to be called with tokens for the scope
/// `https://www.googleapis.com/auth/identitytoolkit` (or `…/cloud-platform`).
pub const IDENTITY_TOOLKIT_URL: &str = "https://identitytoolkit.googleapis.com/v1";

const USER_AGENT: &str = concat!("avvivo/", env!("CARGO_PKG_VERSION"));
/// A call takes some hundred milliseconds; somebody may be waiting for two of them.
const LIMIT: Duration = Duration::from_secs(5);

/// Whose people are administered, and where.
#[derive(Debug, Clone)]
pub struct IdentityToolkitConfig {
    /// The Firebase project.
    pub project: String,
    /// The API with its version: [`IDENTITY_TOOLKIT_URL`], or what stands in for it.
    pub url: String,
    /// How long one call may take.
    pub limit: Duration,
}

impl IdentityToolkitConfig {
    /// A project at Google.
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            url: IDENTITY_TOOLKIT_URL.to_owned(),
            limit: LIMIT,
        }
    }

    /// A project at a server that speaks Google's wire below its own address, as Firebase's emulator does. `url` is scheme
    /// and authority. Take [`EmulatorTokens`] with it.
    pub fn emulated(project: impl Into<String>, url: &str) -> Self {
        let url = url.trim_end_matches('/');
        Self {
            url: format!("{url}/identitytoolkit.googleapis.com/v1"),
            ..Self::new(project)
        }
    }
}

/// What emulators take for an administrator's token.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmulatorTokens;

#[async_trait]
impl AccessTokens for EmulatorTokens {
    async fn access_token(&self) -> Result<SecretString, AccessTokenError> {
        Ok("owner".into())
    }
}

/// Administers the people of one Firebase project.
pub struct IdentityToolkit {
    http: Client,
    /// `…/projects/<project>/accounts`.
    accounts: String,
    tokens: Arc<dyn AccessTokens>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    local_id: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    disabled: bool,
}

#[derive(Serialize)]
struct NewUser<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkRequest<'a> {
    request_type: &'static str,
    email: &'a str,
    /// Otherwise Firebase would send a mail of its own.
    return_oob_link: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_url: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    oob_link: Option<SecretString>,
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    error: ProblemDetail,
}

#[derive(Default, Deserialize)]
struct ProblemDetail {
    #[serde(default)]
    message: String,
}

/// Why a call brought nothing.
enum Failure {
    Taken,
    Other(IdentityError),
}

impl IdentityToolkit {
    /// Builds the client. Nothing is contacted yet.
    pub fn new(
        config: &IdentityToolkitConfig,
        tokens: Arc<dyn AccessTokens>,
    ) -> Result<Self, BuildError> {
        let malformed = || BuildError::Address {
            vendor: "Identity Toolkit",
            url: format!("{}/projects/{}", config.url, config.project),
        };
        let base = address("Identity Toolkit", &config.url)?;
        // Becomes a segment of a path: `example.com:demo` is the most that a project's name may be.
        let fits = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
        if !config
            .project
            .starts_with(|c: char| c.is_ascii_alphabetic())
            || !config.project.chars().all(fits)
        {
            return Err(malformed());
        }
        Ok(Self {
            http: client(USER_AGENT, &base, config.limit)?,
            accounts: format!(
                "{}/projects/{}/accounts",
                base.as_str().trim_end_matches('/'),
                config.project
            ),
            tokens,
        })
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: &'static str,
        body: &impl Serialize,
    ) -> Result<A, Failure> {
        let token = self.tokens.access_token().await;
        let token = token.map_err(|error| unavailable(error.to_string()))?;
        let request = self
            .http
            .post(format!("{}{method}", self.accounts))
            .bearer_auth(token.expose_secret())
            .json(body);
        let answer = exchange(request).await?;
        if !answer.status.is_success() {
            return Err(failure(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| unavailable(format!("{}, but not the answer to {method}", answer.status)))
    }

    async fn link(&self, request: LinkRequest<'_>) -> Result<SecretString, IdentityError> {
        let link: Link = self.call(":sendOobCode", &request).await?;
        // Projects that protect addresses from being guessed answer for strangers too, without a link.
        link.oob_link.ok_or(IdentityError::UnknownUser)
    }
}

#[async_trait]
impl IdentityAdmin for IdentityToolkit {
    async fn find_by_email(&self, email: &str) -> Result<Option<IdentityUser>, IdentityError> {
        let body: Value = json!({ "email": [email] });
        let found: Found = self.call(":lookup", &body).await?;
        Ok(found.users.into_iter().next().map(|user| IdentityUser {
            uid: user.local_id,
            email: user.email,
            email_verified: user.email_verified,
            disabled: user.disabled,
        }))
    }

    async fn ensure_user(
        &self,
        email: &str,
        password: Option<&SecretString>,
    ) -> Result<IdentityUser, IdentityError> {
        if let Some(user) = self.find_by_email(email).await? {
            return Ok(user);
        }
        let password = password.map(ExposeSecret::expose_secret);
        match self.call::<User>("", &NewUser { email, password }).await {
            Ok(made) => Ok(IdentityUser {
                uid: made.local_id,
                email: email.to_owned(),
                email_verified: false,
                disabled: false,
            }),
            // Somebody else made them between our two calls.
            Err(Failure::Taken) => {
                let user = self.find_by_email(email).await?;
                user.ok_or_else(|| IdentityError::Unavailable {
                    reason: "a user that is there cannot be found".to_owned(),
                    retry_after: None,
                })
            }
            Err(Failure::Other(error)) => Err(error),
        }
    }

    async fn password_reset_link(
        &self,
        email: &str,
        continue_url: &str,
    ) -> Result<SecretString, IdentityError> {
        self.link(LinkRequest {
            request_type: "PASSWORD_RESET",
            email,
            return_oob_link: true,
            continue_url: Some(continue_url),
        })
        .await
    }

    async fn verification_link(
        &self,
        email: &str,
        continue_url: Option<&str>,
    ) -> Result<SecretString, IdentityError> {
        self.link(LinkRequest {
            request_type: "VERIFY_EMAIL",
            email,
            return_oob_link: true,
            continue_url,
        })
        .await
    }
}

/// Only what the call itself carries is "never". A missing permission is repaired by a deployment.
fn failure(answer: &Answer) -> Failure {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = word(&problem.error.message);
    let reason = format!("{} {code}", answer.status.as_u16());
    Failure::Other(match (answer.status.as_u16(), code) {
        (_, "EMAIL_EXISTS" | "DUPLICATE_EMAIL") => return Failure::Taken,
        (_, "EMAIL_NOT_FOUND" | "USER_NOT_FOUND") => IdentityError::UnknownUser,
        // Said with 400, and true for a while only.
        (400, "TOO_MANY_ATTEMPTS_TRY_LATER" | "RESET_PASSWORD_EXCEED_LIMIT" | "QUOTA_EXCEEDED") => {
            IdentityError::Unavailable {
                reason,
                retry_after: answer.retry_after,
            }
        }
        (400, _) => IdentityError::Refused { reason },
        _ => IdentityError::Unavailable {
            reason,
            retry_after: answer.retry_after,
        },
    })
}

fn unavailable(reason: String) -> Failure {
    Failure::Other(IdentityError::Unavailable {
        reason,
        retry_after: None,
    })
}

impl From<NoAnswer> for Failure {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Timeout => Self::Other(IdentityError::Timeout),
            NoAnswer::Broken(reason) => unavailable(reason),
        }
    }
}

impl From<Failure> for IdentityError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Other(error) => error,
            Failure::Taken => Self::Refused {
                reason: "EMAIL_EXISTS".to_owned(),
            },
        }
    }
}
