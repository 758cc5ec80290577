//! Why a token was refused.

use avvivo_kernel::{ErrorKind, Fault};

/// Why a token was refused. Carries nothing of the token itself, so it can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Deny {
    /// Not a token: too long, not three parts, not JSON, or a claim of the wrong type.
    #[error("not a well-formed token")]
    Malformed,
    /// Signed by anything but RS256, or asking for extensions we do not know.
    #[error("the token is not signed with plain RS256")]
    Algorithm,
    /// Names no key, or a key its issuer does not publish.
    #[error("the token's key is not among its issuer's")]
    UnknownKey,
    /// The signature does not fit the key.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim says something we do not accept.
    #[error("claim `{0}` is not acceptable")]
    Claim(&'static str),
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// A genuine token of a service account that has no business here.
    #[error("the calling service account is not allowed here")]
    CallerNotAllowed,
    /// The issuer's keys could not be had, so nothing can be said about the token.
    #[error("the issuer's keys are unavailable")]
    KeysUnavailable,
}

impl Fault for Deny {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Malformed
            | Self::Algorithm
            | Self::UnknownKey
            | Self::Signature
            | Self::Claim(_)
            | Self::Expired => ErrorKind::Unauthenticated,
            Self::CallerNotAllowed => ErrorKind::Forbidden,
            Self::KeysUnavailable => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::Algorithm | Self::Signature | Self::Claim(_) => "token.invalid",
            Self::UnknownKey => "token.unknown_key",
            Self::Expired => "token.expired",
            Self::CallerNotAllowed => "token.caller_not_allowed",
            Self::KeysUnavailable => "token.keys_unavailable",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Expired => "La sesión venció. Ingresá de nuevo.",
            Self::CallerNotAllowed => "Este servicio no tiene permiso para hacer eso.",
            Self::KeysUnavailable => {
                "No pudimos verificar la sesión. Intentá de nuevo en unos segundos."
            }
            Self::Malformed
            | Self::Algorithm
            | Self::UnknownKey
            | Self::Signature
            | Self::Claim(_) => "La sesión no es válida. Ingresá de nuevo.",
        }
        .to_owned()
    }
}
