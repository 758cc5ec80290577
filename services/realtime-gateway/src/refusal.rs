//! Why somebody is granted nothing.

use std::sync::Arc;

use avvivo_gcp::TokenError;
use avvivo_kernel::{ErrorKind, Fault};
use avvivo_service_kit::grpc::error_kind;
use tonic::Status;

/// Why there is no grant.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nobody we believe.
    #[error("the token is not valid")]
    Anonymous,
    /// A valid token without e-mail, so without an account.
    #[error("the token has no e-mail")]
    NoEmail,
    /// The account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// Neither a client nor a shop.
    #[error("the account has no stream")]
    NoStream,
    /// A shop that is not theirs.
    #[error("the shop is not theirs")]
    NotTheirShop,
    /// There is no such topic, or there are too many.
    #[error("the topics make no sense")]
    BadTopics,
    /// A topic that is not theirs.
    #[error("the topic is not theirs")]
    NotTheirTopic,
    /// We cannot prove who we are.
    #[error("the gateway has no identity token")]
    NoToken(#[source] Arc<TokenError>),
    /// The api did not answer, or not to the question.
    #[error("the api did not answer")]
    NoAnswer(#[source] Box<Status>),
    /// The api granted something that makes no sense.
    #[error("the api's grant has no usable {0}")]
    Unusable(&'static str),
}

impl Refusal {
    /// What a code of the api's means. One that we do not know is no fault of whoever was asked about.
    pub(crate) fn of_code(code: &str) -> Self {
        match code {
            "auth.required" => Self::Anonymous,
            "auth.no_email" => Self::NoEmail,
            "auth.suspended" => Self::Suspended,
            "auth.not_allowed" => Self::NoStream,
            "shop.not_yours" => Self::NotTheirShop,
            "realtime.unknown_topic" | "realtime.too_many_topics" => Self::BadTopics,
            "realtime.topic_not_yours" => Self::NotTheirTopic,
            code => Self::of_call(Status::unavailable(code)),
        }
    }

    /// A call failed. Whatever its status, that is no client's fault: it is also what a gateway is told whose own token is not
    /// accepted.
    pub(crate) fn of_call(status: Status) -> Self {
        Self::NoAnswer(Box::new(status))
    }

    /// Whether it is that the api said nothing for as long as it may take.
    pub(crate) fn took_long(&self) -> bool {
        matches!(self, Self::NoAnswer(status) if error_kind(status) == ErrorKind::Timeout)
    }
}

impl Fault for Refusal {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Anonymous | Self::NoEmail => ErrorKind::Unauthenticated,
            Self::Suspended | Self::NoStream | Self::NotTheirTopic => ErrorKind::Forbidden,
            Self::NotTheirShop | Self::BadTopics => ErrorKind::Invalid,
            Self::NoToken(_) | Self::NoAnswer(_) | Self::Unusable(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Anonymous => "auth.required",
            Self::NoEmail => "auth.no_email",
            Self::Suspended => "auth.suspended",
            Self::NoStream => "auth.not_allowed",
            Self::NotTheirShop => "shop.not_yours",
            Self::BadTopics => "realtime.bad_topics",
            Self::NotTheirTopic => "realtime.topic_not_yours",
            Self::NoToken(_) | Self::NoAnswer(_) | Self::Unusable(_) => "api.unavailable",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Anonymous => "Iniciá sesión para continuar.",
            Self::NoEmail => "Tu cuenta no tiene un email válido.",
            Self::Suspended => "Tu cuenta está suspendida.",
            Self::NoStream => "Solo clientes y tiendas pueden recibir novedades en vivo.",
            Self::NotTheirShop => "No encontramos esa tienda en tu cuenta.",
            Self::BadTopics => "No pudimos entender qué novedades querés recibir.",
            Self::NotTheirTopic => "Esas novedades no son de tu cuenta.",
            Self::NoToken(_) | Self::NoAnswer(_) | Self::Unusable(_) => {
                "Las novedades en vivo no están disponibles. Probá de nuevo en unos segundos."
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_the_clients_fault() {
        for code in ["token.missing", "database.unavailable", ""] {
            assert_eq!(
                Refusal::of_code(code).kind(),
                ErrorKind::Unavailable,
                "{code}"
            );
        }
    }
}
