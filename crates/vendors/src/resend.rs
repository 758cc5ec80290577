//! [`Mailer`] on Resend.
//!
//! A mail's key travels as `Idempotency-Key`, which Resend remembers for a day: the second copy is answered with the first
//! one's id. So every failure may be answered by sending again, and nothing here repeats by itself.

use std::time::Duration;

use async_trait::async_trait;
use avvivo_ports::{Mail, MailError, MailId, Mailer};
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::exchange::{Answer, BuildError, NoAnswer, address, client, exchange, word};
use crate::pace::{Busy, Pace};

/// Where Resend is.
pub const RESEND_URL: &str = "https://api.resend.com";

/// Requests without a name may be refused.
const USER_AGENT: &str = concat!("avvivo/", env!("CARGO_PKG_VERSION"));
/// A mail takes some hundred milliseconds; a job waits for it.
const LIMIT: Duration = Duration::from_secs(10);
/// Resend's pages say 2 requests a second in one place and 5 in another.
const INTERVAL: Duration = Duration::from_millis(500);
/// Four mails wait at most; the jobs of the others come again.
const PATIENCE: Duration = Duration::from_secs(2);
/// A used-up quota is renewed once a day or a month, and by buying more.
const QUOTA_PAUSE: Duration = Duration::from_hours(1);

/// How mails are sent.
#[derive(Debug, Clone)]
pub struct ResendConfig {
    /// Scheme and authority: [`RESEND_URL`], or what stands in for it.
    pub url: String,
    /// The key, `re_…`.
    pub api_key: SecretString,
    /// `Name <address>` on a domain that Resend has verified.
    pub from: String,
    /// Where answers go that a mail does not direct elsewhere.
    pub reply_to: Option<String>,
    /// How long one call may take.
    pub limit: Duration,
}

impl ResendConfig {
    /// Resend itself, with its usual patience.
    pub fn new(api_key: SecretString, from: impl Into<String>) -> Self {
        Self {
            url: RESEND_URL.to_owned(),
            api_key,
            from: from.into(),
            reply_to: None,
            limit: LIMIT,
        }
    }
}

/// Sends mails through Resend.
#[derive(Debug)]
pub struct Resend {
    http: Client,
    emails: Url,
    authorization: HeaderValue,
    from: String,
    reply_to: Option<String>,
    pace: Pace,
}

#[derive(Serialize)]
struct Email<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    html: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Serialize)]
struct Tag<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Taken {
    id: String,
}

#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    name: String,
}

impl Resend {
    /// Builds the client. Nothing is contacted yet.
    pub fn new(config: ResendConfig) -> Result<Self, BuildError> {
        let base = address("Resend", &config.url)?;
        let bearer = format!("Bearer {}", config.api_key.expose_secret());
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| BuildError::Header {
            what: "the key for Resend",
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            http: client(USER_AGENT, &base, config.limit)?,
            emails: address(
                "Resend",
                &format!("{}/emails", base.as_str().trim_end_matches('/')),
            )?,
            authorization,
            from: config.from,
            reply_to: config.reply_to,
            pace: Pace::new(INTERVAL, PATIENCE),
        })
    }

    fn email<'a>(&'a self, mail: &'a Mail) -> Email<'a> {
        let tag = |tag: &'a avvivo_ports::MailTag| Tag {
            name: tag.name,
            value: &tag.value,
        };
        Email {
            from: &self.from,
            to: [&mail.to],
            subject: &mail.subject,
            html: &mail.html,
            text: &mail.text,
            reply_to: mail.reply_to.as_deref().or(self.reply_to.as_deref()),
            tags: mail.tags.iter().map(tag).collect(),
        }
    }
}

#[async_trait]
impl Mailer for Resend {
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError> {
        let key = HeaderValue::from_str(&mail.idempotency_key).map_err(|_| MailError::Refused {
            reason: "the key has characters that HTTP does not carry".to_owned(),
        })?;
        self.pace.turn().await?;
        let request = self
            .http
            .post(self.emails.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header("Idempotency-Key", key)
            .json(&self.email(mail));
        let outcome = match exchange(request).await {
            Ok(answer) => read(&answer),
            Err(no_answer) => Err(no_answer.into()),
        };
        match &outcome {
            Ok(_) | Err(MailError::Refused { .. }) => self.pace.worked(),
            Err(MailError::Unavailable { retry_after, .. }) => self.pace.failed(*retry_after),
            Err(MailError::Timeout | MailError::NotConfigured) => self.pace.failed(None),
        }
        outcome
    }
}

fn read(answer: &Answer) -> Result<MailId, MailError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    serde_json::from_slice::<Taken>(&answer.body)
        .map(|taken| MailId(taken.id))
        .map_err(|_| MailError::Unavailable {
            reason: format!("{}, but no id", answer.status),
            retry_after: None,
        })
}

/// Only what the mail itself carries is "never". A key, a domain or a quota is repaired elsewhere, and the mail must still
/// be sent by then.
fn refusal(answer: &Answer) -> MailError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let name = word(&problem.name);
    let reason = format!("{} {name}", answer.status.as_u16());
    match (answer.status.as_u16(), name) {
        (400 | 413 | 422, _) | (409, "invalid_idempotent_request") => MailError::Refused { reason },
        (429, "daily_quota_exceeded" | "monthly_quota_exceeded") => MailError::Unavailable {
            reason,
            retry_after: answer.retry_after.or(Some(QUOTA_PAUSE)),
        },
        _ => MailError::Unavailable {
            reason,
            retry_after: answer.retry_after,
        },
    }
}

impl From<NoAnswer> for MailError {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Timeout => Self::Timeout,
            NoAnswer::Broken(reason) => Self::Unavailable {
                reason,
                retry_after: None,
            },
        }
    }
}

impl From<Busy> for MailError {
    fn from(busy: Busy) -> Self {
        Self::Unavailable {
            reason: "too many mails at once, or a rest after failures".to_owned(),
            retry_after: Some(busy.retry_after),
        }
    }
}
