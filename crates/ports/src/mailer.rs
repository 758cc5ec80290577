//! Letters to people: one mail to one address, sent once however often it is asked for.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault};

/// One mail. Its `Debug` shows what routes it, and neither whom it is for nor what it says: it carries links that let in
/// whoever has them.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address, bare and in lower case.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The part that most programs show.
    pub html: String,
    /// The same for those that show no HTML.
    pub text: String,
    /// Where an answer goes, if not where the mailer's configuration says.
    pub reply_to: Option<String>,
    /// What makes the mail this mail, such as `shop-invite:<job>`: 1 to 256 printable ASCII characters. The same key again
    /// within a day is the same mail, so whatever is sent under it has to be the same to the letter: store what it is
    /// rendered from, the link above all.
    pub idempotency_key: String,
    /// For the provider's statistics and its reports of bounces.
    pub tags: Vec<MailTag>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("idempotency_key", &self.idempotency_key)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

/// A word about a mail, with its value: ASCII letters, digits, `_` and `-`, at most 256 of them each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTag {
    /// What kind of word, such as `template`.
    pub name: &'static str,
    /// The word.
    pub value: String,
}

/// What the provider calls a mail that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailId(pub String);

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over. `Ok` means that the provider has it, not that it arrived. Safe to repeat for a day.
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError>;
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// This installation sends no mail.
    #[error("no mail provider is configured")]
    NotConfigured,
    /// The provider will never take this mail: the address, the content, or another mail under its key.
    #[error("the mail provider refused the mail: {reason}")]
    Refused {
        /// What was seen, for logs.
        reason: String,
    },
    /// The provider is away, overloaded, or refuses us rather than the mail (key, domain, quota): the same call may work
    /// later.
    #[error("the mail provider is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
        /// Not sooner than this, where the provider said.
        retry_after: Option<Duration>,
    },
    /// No answer in time. The mail may have been taken; the same call finds out.
    #[error("the mail provider did not answer in time")]
    Timeout,
}

impl Fault for MailError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConfigured | Self::Refused { .. } => ErrorKind::Internal,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Timeout => ErrorKind::Timeout,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "mail.not_configured",
            Self::Refused { .. } => "mail.refused",
            Self::Unavailable { .. } => "mail.unavailable",
            Self::Timeout => "mail.timeout",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotConfigured => "El envío de correos no está configurado.",
            Self::Refused { .. } => {
                "No pudimos enviar el correo a esa dirección. Revisá que esté bien escrita."
            }
            Self::Unavailable { .. } | Self::Timeout => {
                "No pudimos enviar el correo. Probá de nuevo en unos minutos."
            }
        }
        .to_owned()
    }
}
