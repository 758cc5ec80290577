//! Asks the api who a token speaks for and what they may hear.
//!
//! [`crate::grants`] keeps the answers for those who come back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use avvivo_contracts::{
    audience::Audience,
    internal::v1::{
        Answer, AuthorizeRequest, Grant, HeadsRequest, Question, ReplayRequest, ReplayResponse,
        answer::Outcome, realtime_client::RealtimeClient,
    },
};
use avvivo_gcp::{Environment, OidcTokenSource};
use avvivo_kernel::{ErrorKind, Timestamp};
use avvivo_service_kit::{
    grpc::{ChannelError, ChannelLimits, TracedChannel, channel, error_kind},
    health::Down,
    trace,
};
use prost::Message as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::mpsc;
use tonic::{Request, Status, metadata::MetadataValue};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    account::Account,
    config::ApiConfig,
    frame::moment,
    hub::Start,
    questions::{Asked, Questions},
    refusal::Refusal,
};

/// Longer than the api takes to verify a token and read one row, shorter than people wait before they reload.
const LIMITS: ChannelLimits = ChannelLimits {
    connect: Duration::from_secs(2),
    call: Duration::from_secs(5),
};

/// Bytes of a token; those of Firebase have one or two thousand.
const MAX_SHOWN: usize = 8 << 10;
/// Bytes of a question: a token, and more topics than anybody may hear.
const MAX_QUESTION: usize = 16 << 10;

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

/// What the api says of somebody.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) account: Account,
    /// As `chat:connected` names it. Administrators have none.
    pub(crate) channel: Option<Audience>,
    /// Where what may be heard begins, the channel included.
    pub(crate) starts: Vec<Start>,
    pub(crate) expires_at: Timestamp,
}

/// The api's internal gRPC server, seen from here.
pub(crate) struct Api {
    realtime: RealtimeClient<TracedChannel>,
    health: HealthClient<TracedChannel>,
    tokens: OidcTokenSource,
    asking: mpsc::Sender<Asked>,
}

impl Api {
    /// Nothing is contacted yet. Who may hear what is found out as long as the [`Questions`] are seen to.
    pub(crate) fn new(
        config: &ApiConfig,
        environment: &Environment,
    ) -> Result<(Self, Questions), ChannelError> {
        let channel = channel(&config.url, LIMITS)?;
        let (asking, questions) = Questions::new();
        let api = Self {
            realtime: RealtimeClient::new(channel.clone()),
            health: HealthClient::new(channel),
            tokens: OidcTokenSource::new(environment.clone(), audience(config)),
            asking,
        };
        Ok((api, questions))
    }

    /// What whoever has these credentials may hear of what is wanted.
    pub(crate) async fn authorize(
        &self,
        credentials: &Credentials,
        wanted: &Wanted<'_>,
    ) -> Result<Granted, Refusal> {
        let mut question = Question {
            traceparent: trace::inject_current().unwrap_or_default(),
            ..Question::default()
        };
        match credentials {
            Credentials::Bearer(token) => {
                token.expose_secret().clone_into(&mut question.bearer_token);
            }
            Credentials::Ticket(ticket) => ticket.expose_secret().clone_into(&mut question.ticket),
        }
        match wanted {
            Wanted::OwnChannel { shop } => {
                question.own_channel = true;
                shop.unwrap_or_default().clone_into(&mut question.shop_id);
            }
            Wanted::Topics(topics) => question.topics.clone_from(topics),
        }
        let (asked, answered) = Asked::new(bounded(question)?);
        // Both fail only when this process no longer asks anybody.
        let gone = || Refusal::NoAnswer(Box::new(Status::cancelled("gateway.stopping")));
        self.asking.send(asked).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// The answers to questions, each in its place.
    pub(crate) async fn ask(
        &self,
        questions: Vec<Question>,
    ) -> Result<Vec<Result<Granted, Refusal>>, Refusal> {
        let count = questions.len();
        let mut request = Request::new(AuthorizeRequest { questions });
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().authorize(request).await;
        let answers = answer.map_err(Refusal::of_call)?.into_inner().answers;
        if answers.len() != count {
            return Err(Refusal::Unusable("number of answers"));
        }
        Ok(answers.into_iter().map(granted).collect())
    }

    /// How far these audiences are; those that have no events are left out.
    pub(crate) async fn heads(
        &self,
        audiences: impl Iterator<Item = Audience>,
    ) -> Result<HashMap<Audience, u64>, Refusal> {
        let audiences = audiences.map(|audience| audience.to_string()).collect();
        let mut request = Request::new(HeadsRequest { audiences });
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().heads(request).await;
        let heads = answer.map_err(Refusal::of_call)?.into_inner().heads;
        let heads = heads.iter();
        Ok(heads
            .filter_map(|(audience, head)| Some((audience.parse().ok()?, *head)))
            .collect())
    }

    /// What an audience was told after a number.
    pub(crate) async fn replay(
        &self,
        audience: Audience,
        after: u64,
        limit: u32,
    ) -> Result<ReplayResponse, Refusal> {
        let mut request = Request::new(ReplayRequest {
            audience: audience.to_string(),
            after,
            limit,
        });
        self.sign(&mut request).await?;
        let answer = self.realtime.clone().replay(request).await;
        Ok(answer.map_err(Refusal::of_call)?.into_inner())
    }

    /// Says who we are.
    async fn sign<T>(&self, request: &mut Request<T>) -> Result<(), Refusal> {
        let token = self.tokens.token().await;
        let token = token.map_err(|error| Refusal::NoToken(Arc::new(error)))?;
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

/// A question that does not crowd out those that are asked with it: a call has room for four megabytes.
fn bounded(question: Question) -> Result<Question, Refusal> {
    if [&question.bearer_token, &question.ticket]
        .iter()
        .any(|shown| shown.len() > MAX_SHOWN)
    {
        return Err(Refusal::Anonymous);
    }
    if question.encoded_len() > MAX_QUESTION {
        return Err(Refusal::BadTopics);
    }
    Ok(question)
}

/// Without the slash that addresses are often written with: the api compares to the letter, and leaves it off too.
fn audience(config: &ApiConfig) -> &str {
    config.audience.trim_end_matches('/')
}

/// What is granted, if it makes sense.
fn granted(answer: Answer) -> Result<Granted, Refusal> {
    let grant = match answer.outcome {
        Some(Outcome::Granted(grant)) => grant,
        Some(Outcome::Refused(code)) => return Err(Refusal::of_code(&code)),
        None => return Err(Refusal::Unusable("outcome")),
    };
    let expires_at = grant
        .expires_at
        .and_then(moment)
        .ok_or(Refusal::Unusable("expiry"))?;
    if grant.audiences.is_empty() || grant.audiences.len() != grant.heads.len() {
        return Err(Refusal::Unusable("audience"));
    }
    Ok(Granted {
        account: Account::of(&grant.account_id),
        channel: grant.channel.parse().ok(),
        starts: starts(&grant)?,
        expires_at,
    })
}

/// Each audience once, and where it begins.
fn starts(grant: &Grant) -> Result<Vec<Start>, Refusal> {
    let mut starts: Vec<Start> = Vec::with_capacity(grant.audiences.len());
    for (audience, &head) in grant.audiences.iter().zip(&grant.heads) {
        let audience = audience.parse();
        let audience = audience.map_err(|_| Refusal::Unusable("audience"))?;
        if starts.iter().all(|start| start.audience != audience) {
            starts.push(Start { audience, head });
        }
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_crowd_out_others_is_not_asked() {
        let of = |token: usize, topic: usize| Question {
            bearer_token: "t".repeat(token),
            topics: vec!["x".repeat(topic)],
            ..Question::default()
        };
        assert!(bounded(of(MAX_SHOWN, 4_000)).is_ok());
        assert!(matches!(
            bounded(of(MAX_SHOWN + 1, 0)),
            Err(Refusal::Anonymous)
        ));
        assert!(matches!(
            bounded(of(10, MAX_QUESTION)),
            Err(Refusal::BadTopics)
        ));
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
    fn a_grant_without_an_end_or_without_a_beginning_is_no_grant() {
        let end = prost_types::Timestamp::default();
        let feed = || Audience::PublicReels.to_string();
        let broken = |audience, expires_at, heads| {
            let grant = Grant {
                audiences: vec![audience],
                heads,
                expires_at,
                ..Grant::default()
            };
            let outcome = Some(Outcome::Granted(grant));
            match granted(Answer { outcome }) {
                Err(Refusal::Unusable(what)) => what,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(broken(feed(), None, vec![1]), "expiry");
        assert_eq!(broken(feed(), Some(end), vec![]), "audience");
        let later = "kind-of-a-later-version:1".to_owned();
        assert_eq!(broken(later, Some(end), vec![1]), "audience");
        assert!(granted(Answer { outcome: None }).is_err());
    }
}
