//! Asks the api who a token speaks for and what they may hear.
//!
//! [`crate::grants`] keeps the answers for those who come back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use avvivo_contracts::internal::v1::{
    AuthorizeRequest, AuthorizeResponse, HeadsRequest, ReplayRequest, ReplayResponse,
    realtime_client::RealtimeClient,
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

use crate::{account::Account, config::ApiConfig, frame::moment, hub::Start};

/// Longer than the api takes to verify a token and read one row, shorter than people wait before they reload.
const LIMITS: ChannelLimits = ChannelLimits {
    connect: Duration::from_secs(2),
    call: Duration::from_secs(5),
};

/// What somebody shows who wants to listen.
pub(crate) enum Credentials {
    /// A token, as it came.
    Bearer(SecretString),
    /// A ticket, which is used up by asking, and has its topics.
    Ticket(SecretString),
}

/// What somebody wants to hear.
pub(crate) enum Wanted<'a> {
    /// Their channel, that of this shop if they name one, and the feed.
    OwnChannel {
        /// The shop.
        shop: Option<&'a str>,
    },
    /// These topics; all that they may hear, if none.
    Topics(Vec<String>),
}

/// What somebody may hear, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) account: Account,
    /// As `chat:connected` names it.
    pub(crate) channel: Arc<str>,
    /// What is heard, the channel included.
    pub(crate) audiences: Box<[Arc<str>]>,
    /// When the token ends, and with it the grant.
    pub(crate) expires_at: Timestamp,
}

/// What the api says of somebody.
#[derive(Debug)]
pub(crate) struct Granted {
    account: Account,
    channel: String,
    /// Where what may be heard begins.
    pub(crate) starts: Vec<Start>,
    expires_at: Timestamp,
}

impl Granted {
    /// What is kept of it, and what is not.
    pub(crate) fn split(self) -> (Grant, Vec<Start>) {
        let audiences: Box<[Arc<str>]> = self
            .starts
            .iter()
            .map(|start| Arc::clone(&start.audience))
            .collect();
        let channel = audiences.iter().find(|name| ***name == *self.channel);
        let grant = Grant {
            account: self.account,
            channel: channel.map_or_else(|| self.channel.into(), Arc::clone),
            audiences,
            expires_at: self.expires_at,
        };
        (grant, self.starts)
    }
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
    /// There is no such topic, or there are too many.
    #[error("the topics make no sense")]
    BadTopics,
    /// A topic that is not theirs.
    #[error("the topic is not theirs")]
    NotTheirTopic,
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

    /// What whoever has these credentials may hear of what is wanted.
    pub(crate) async fn authorize(
        &self,
        credentials: &Credentials,
        wanted: &Wanted<'_>,
    ) -> Result<Granted, Refusal> {
        let mut asked = AuthorizeRequest::default();
        match credentials {
            Credentials::Bearer(token) => token.expose_secret().clone_into(&mut asked.bearer_token),
            Credentials::Ticket(ticket) => ticket.expose_secret().clone_into(&mut asked.ticket),
        }
        match wanted {
            Wanted::OwnChannel { shop } => {
                asked.own_channel = true;
                shop.unwrap_or_default().clone_into(&mut asked.shop_id);
            }
            Wanted::Topics(topics) => asked.topics.clone_from(topics),
        }
        let mut request = Request::new(asked);
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().authorize(request).await;
        granted(answer.map_err(refusal)?.into_inner())
    }

    /// How far these audiences are; those that have no events are left out.
    pub(crate) async fn heads(
        &self,
        audiences: Vec<String>,
    ) -> Result<HashMap<String, u64>, Refusal> {
        let mut request = Request::new(HeadsRequest { audiences });
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().heads(request).await;
        Ok(answer.map_err(refusal)?.into_inner().heads)
    }

    /// What an audience was told after a number.
    pub(crate) async fn replay(
        &self,
        audience: &str,
        after: u64,
        limit: u32,
    ) -> Result<ReplayResponse, Refusal> {
        let mut request = Request::new(ReplayRequest {
            audience: audience.to_owned(),
            after,
            limit,
        });
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().replay(request).await;
        Ok(answer.map_err(refusal)?.into_inner())
    }

    /// Says who we are.
    async fn sign<T>(&self, request: &mut Request<T>) -> Result<(), Refusal> {
        let token = self.tokens.token().await?;
        let mut identity = MetadataValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Refusal::Unusable("identity token"))?;
        identity.set_sensitive(true);
        request.metadata_mut().insert("authorization", identity);
        Ok(())
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

/// What is granted, if it makes sense.
fn granted(answer: AuthorizeResponse) -> Result<Granted, Refusal> {
    let expires_at = answer
        .expires_at
        .and_then(moment)
        .ok_or(Refusal::Unusable("expiry"))?;
    if answer.audiences.is_empty() {
        return Err(Refusal::Unusable("audience"));
    }
    Ok(Granted {
        account: Account::of(&answer.account_id),
        channel: answer.channel,
        starts: starts(answer.audiences, &answer.heads),
        expires_at,
    })
}

/// Each audience once, and where it begins.
fn starts(audiences: Vec<String>, heads: &HashMap<String, u64>) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::with_capacity(audiences.len());
    for audience in audiences {
        if starts.iter().all(|start| *start.audience != *audience) {
            let head = heads.get(&audience).copied().unwrap_or_default();
            starts.push(Start {
                audience: audience.into(),
                head,
            });
        }
    }
    starts
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
        (Code::InvalidArgument, "realtime.unknown_topic" | "realtime.too_many_topics") => {
            Refusal::BadTopics
        }
        (Code::PermissionDenied, "realtime.topic_not_yours") => Refusal::NotTheirTopic,
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
        assert!(matches!(granted(endless), Err(Refusal::Unusable("expiry"))));
    }
}
