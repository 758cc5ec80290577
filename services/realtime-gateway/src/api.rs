//! Asks the api who a token speaks for and what they may hear.
//!
//! Every connection asks; no answer is kept. A kept one would have to be forgotten at the token's end and at every
//! suspension, and connections are rare beside the events that go over them.

use std::time::Duration;

use avvivo_contracts::internal::v1::{
    AuthorizeRequest, AuthorizeResponse, realtime_client::RealtimeClient,
};
use avvivo_gcp::{Environment, OidcTokenSource, TokenError};
use avvivo_kernel::{ErrorKind, Fault, Timestamp};
use avvivo_service_kit::{
    grpc::{ChannelError, ChannelLimits, TracedChannel, channel, error_code, error_kind},
    health::Down,
};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::{Code, Request, Status, metadata::MetadataValue};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{config::ApiConfig, frame::moment};

/// Longer than the api takes to verify a token and read one row, shorter than people wait before they reload.
const LIMITS: ChannelLimits = ChannelLimits {
    connect: Duration::from_secs(2),
    call: Duration::from_secs(5),
};

/// What somebody may hear, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) account: String,
    /// As `chat:connected` names it.
    pub(crate) channel: String,
    /// The channel included.
    pub(crate) audiences: Vec<String>,
    /// When the token ends, and with it the grant.
    pub(crate) expires_at: Timestamp,
}

/// Why there is no grant.
#[derive(Debug, thiserror::Error)]
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
    /// We cannot prove who we are.
    #[error("the gateway has no identity token")]
    NoToken(#[from] TokenError),
    /// The api did not answer, or not to the question.
    #[error("the api did not answer")]
    NoAnswer(#[source] Box<Status>),
    /// The api granted something that makes no sense.
    #[error("the api's grant has no usable {0}")]
    Unusable(&'static str),
}

impl Fault for Refusal {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Anonymous | Self::NoEmail => ErrorKind::Unauthenticated,
            Self::Suspended | Self::NoStream => ErrorKind::Forbidden,
            Self::NotTheirShop => ErrorKind::Invalid,
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
            Self::NoToken(_) | Self::NoAnswer(_) | Self::Unusable(_) => {
                "Las novedades en vivo no están disponibles. Probá de nuevo en unos segundos."
            }
        }
        .to_owned()
    }
}

/// The api's internal gRPC server, seen from here.
pub(crate) struct Api {
    realtime: RealtimeClient<TracedChannel>,
    health: HealthClient<TracedChannel>,
    tokens: OidcTokenSource,
}

impl Api {
    /// Nothing is contacted yet.
    pub(crate) fn new(config: &ApiConfig, environment: &Environment) -> Result<Self, ChannelError> {
        let channel = channel(&config.url, LIMITS)?;
        Ok(Self {
            realtime: RealtimeClient::new(channel.clone()),
            health: HealthClient::new(channel),
            tokens: OidcTokenSource::new(environment.clone(), audience(config)),
        })
    }

    /// What the holder of `bearer` may hear. `shop` is the shop they ask for, if they name one.
    pub(crate) async fn authorize(
        &self,
        bearer: &SecretString,
        shop: Option<&str>,
    ) -> Result<Grant, Refusal> {
        let mut request = Request::new(AuthorizeRequest {
            bearer_token: bearer.expose_secret().to_owned(),
            shop_id: shop.unwrap_or_default().to_owned(),
        });
        let token = self.tokens.token().await?;
        let mut identity = MetadataValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Refusal::Unusable("identity token"))?;
        identity.set_sensitive(true);
        request.metadata_mut().insert("authorization", identity);
        let answer = self.realtime.clone().authorize(request).await;
        grant(answer.map_err(refusal)?.into_inner())
    }

    /// Whether the api answers. Says nothing about the database behind it.
    pub(crate) async fn check(&self) -> Result<(), Down> {
        let mut health = self.health.clone();
        match health.check(HealthCheckRequest::default()).await {
            Ok(_) => Ok(()),
            Err(status) if error_kind(&status) == ErrorKind::Timeout => Err("api.timeout".into()),
            Err(_) => Err("api.unavailable".into()),
        }
    }
}

/// Without the slash that addresses are often written with: the api compares to the letter, and leaves it off too.
fn audience(config: &ApiConfig) -> &str {
    config.audience.trim_end_matches('/')
}

fn grant(answer: AuthorizeResponse) -> Result<Grant, Refusal> {
    let expires_at = answer
        .expires_at
        .and_then(moment)
        .ok_or(Refusal::Unusable("expiry"))?;
    if answer.audiences.is_empty() {
        return Err(Refusal::Unusable("audience"));
    }
    Ok(Grant {
        account: answer.account_id,
        channel: answer.channel,
        audiences: answer.audiences,
        expires_at,
    })
}

/// The api's statuses carry a stable code, as metadata or as the message. A refusal is the client's only if its code says
/// so: the same gRPC codes also answer a gateway whose own token is not accepted, and that is no client's fault.
fn refusal(status: Status) -> Refusal {
    let code = error_code(&status).unwrap_or_else(|| status.message());
    match (status.code(), code) {
        (Code::Unauthenticated, "auth.required") => Refusal::Anonymous,
        (Code::Unauthenticated, "auth.no_email") => Refusal::NoEmail,
        (Code::PermissionDenied, "auth.suspended") => Refusal::Suspended,
        (Code::PermissionDenied, "auth.not_allowed") => Refusal::NoStream,
        (Code::InvalidArgument, "shop.not_yours") => Refusal::NotTheirShop,
        _ => Refusal::NoAnswer(Box::new(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_is_not_believed_is_not_the_clients_fault() {
        for code in ["token.missing", "token.expired", "token.caller_not_allowed"] {
            for status in [
                Status::unauthenticated(code),
                Status::permission_denied(code),
            ] {
                assert_eq!(refusal(status).kind(), ErrorKind::Unavailable, "{code}");
            }
        }
    }

    #[test]
    fn a_slash_at_the_end_of_the_audience_makes_no_difference() {
        let written = |audience: &str| ApiConfig {
            url: "http://127.0.0.1:1".to_owned(),
            audience: audience.to_owned(),
        };
        for same in ["https://api.internal", "https://api.internal/"] {
            assert_eq!(audience(&written(same)), "https://api.internal");
        }
    }

    #[test]
    fn a_grant_without_an_end_is_no_grant() {
        let endless = AuthorizeResponse {
            audiences: vec!["client:a".to_owned()],
            ..AuthorizeResponse::default()
        };
        assert!(matches!(grant(endless), Err(Refusal::Unusable("expiry"))));
    }
}
