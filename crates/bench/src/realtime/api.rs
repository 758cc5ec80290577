//! The api's internal server, as far as the gateway asks it. It believes everybody, and looks at no gateway's token: what is
//! measured is the asking, not the answer.

use std::time::Duration;

use avvivo_contracts::{
    audience::{Audience, UnknownAudience},
    internal::v1::{
        Answer, AuthorizeRequest, AuthorizeResponse, Grant, HeadsRequest, HeadsResponse, Question,
        ReplayRequest, ReplayResponse,
        answer::Outcome,
        realtime_server::{Realtime, RealtimeServer},
    },
};
use avvivo_kernel::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use uuid::Uuid;

use super::past::Past;

/// How long tokens are good: longer than any run.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// Serves it on a listener for as long as it is polled.
pub(super) async fn serve(
    listener: TcpListener,
    past: Past,
) -> Result<(), tonic::transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(RealtimeServer::new(Api(past)))
        .serve_with_incoming(incoming)
        .await
}

/// The audience that a topic is about: a shop whose id is made of the name.
pub(super) fn audience_of(topic: &str) -> Audience {
    Audience::Shop(Uuid::new_v5(&Uuid::NAMESPACE_OID, topic.as_bytes()).into())
}

struct Api(Past);

impl Api {
    /// A token is its own account, may hear whatever it asks for, and has the first of it as its channel.
    fn answer(&self, asked: Question) -> Outcome {
        let topics = asked.topics.iter();
        let audiences: Vec<Audience> = topics.map(|topic| audience_of(topic)).collect();
        let Some(channel) = audiences.first().filter(|_| !asked.bearer_token.is_empty()) else {
            return Outcome::Refused("realtime.unknown_topic".to_owned());
        };
        let expires_at = SystemClock.now() + GOOD_FOR;
        Outcome::Granted(Grant {
            channel: channel.to_string(),
            account_id: asked.bearer_token,
            heads: audiences
                .iter()
                .map(|audience| self.0.head(*audience))
                .collect(),
            audiences: audiences.iter().map(ToString::to_string).collect(),
            expires_at: Some(prost_types::Timestamp {
                seconds: expires_at.timestamp(),
                nanos: 0,
            }),
        })
    }
}

#[tonic::async_trait]
impl Realtime for Api {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let questions = request.into_inner().questions.into_iter();
        let answers = questions.map(|asked| Answer {
            outcome: Some(self.answer(asked)),
        });
        Ok(Response::new(AuthorizeResponse {
            answers: answers.collect(),
        }))
    }

    async fn heads(
        &self,
        request: Request<HeadsRequest>,
    ) -> Result<Response<HeadsResponse>, Status> {
        let asked = request.into_inner().audiences.into_iter();
        let heads = asked.filter_map(|name| {
            let head = self.0.head(name.parse().ok()?);
            (head > 0).then_some((name, head))
        });
        Ok(Response::new(HeadsResponse {
            heads: heads.collect(),
        }))
    }

    async fn replay(
        &self,
        request: Request<ReplayRequest>,
    ) -> Result<Response<ReplayResponse>, Status> {
        let asked = request.into_inner();
        let audience = asked
            .audience
            .parse()
            .map_err(|unknown: UnknownAudience| Status::invalid_argument(unknown.to_string()))?;
        let (events, head) = self.0.after(audience, asked.after, asked.limit);
        Ok(Response::new(ReplayResponse { events, head }))
    }
}
