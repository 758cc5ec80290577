//! People at the identity provider: looked up, invited, and given links that prove an address or set a password.

use std::time::Duration;

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault};
use secrecy::SecretString;

/// A person as the identity provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityUser {
    /// The provider's id for them; the subject of their tokens.
    pub uid: String,
    /// Their address.
    pub email: String,
    /// Whether the provider saw proof that the address is theirs.
    pub email_verified: bool,
    /// Whether the provider lets them in.
    pub disabled: bool,
}

/// Administers the people of one identity provider. Addresses are bare and in lower case.
///
/// A link lets in whoever has it, so it is a secret; each call makes a new one, and the provider counts how many are
/// asked for. Callers limit how often a stranger may cause one.
#[async_trait]
pub trait IdentityAdmin: Send + Sync {
    /// Who has this address.
    async fn find_by_email(&self, email: &str) -> Result<Option<IdentityUser>, IdentityError>;

    /// Who has this address, made if there is nobody yet. `password` is theirs only if they are new; without one they get
    /// in by a reset link. Safe to repeat.
    async fn ensure_user(
        &self,
        email: &str,
        password: Option<&SecretString>,
    ) -> Result<IdentityUser, IdentityError>;

    /// A link that lets its holder set a new password, which verifies the address too. Afterwards they are offered
    /// `continue_url`.
    async fn password_reset_link(
        &self,
        email: &str,
        continue_url: &str,
    ) -> Result<SecretString, IdentityError>;

    /// A link that verifies the address.
    async fn verification_link(
        &self,
        email: &str,
        continue_url: Option<&str>,
    ) -> Result<SecretString, IdentityError>;
}

/// Why the identity provider did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// This installation administers nobody.
    #[error("no identity provider is configured")]
    NotConfigured,
    /// Nobody there has this address. Strangers must not learn it.
    #[error("the identity provider knows nobody of that address")]
    UnknownUser,
    /// The provider will never do this: a malformed address, a disabled user, a password or a link it does not accept.
    #[error("the identity provider refused: {reason}")]
    Refused {
        /// The provider's word, for logs.
        reason: String,
    },
    /// The provider is away, overloaded, or refuses us rather than the call: the same may work later.
    #[error("the identity provider is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
        /// Not sooner than this, where the provider said.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("the identity provider did not answer in time")]
    Timeout,
}

impl Fault for IdentityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotConfigured => ErrorKind::Internal,
            Self::UnknownUser => ErrorKind::NotFound,
            Self::Refused { .. } => ErrorKind::Invalid,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Timeout => ErrorKind::Timeout,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "sign_in.not_configured",
            Self::UnknownUser => "sign_in.unknown_user",
            Self::Refused { .. } => "sign_in.refused",
            Self::Unavailable { .. } => "sign_in.unavailable",
            Self::Timeout => "sign_in.timeout",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NotConfigured => "La administración de cuentas no está configurada.",
            Self::UnknownUser => "No hay ninguna cuenta con ese email.",
            Self::Refused { .. } => {
                "El servicio de cuentas rechazó ese email. Revisá que esté bien escrito."
            }
            Self::Unavailable { .. } | Self::Timeout => {
                "No pudimos comunicarnos con el servicio de cuentas. Probá de nuevo en unos minutos."
            }
        }
        .to_owned()
    }
}
