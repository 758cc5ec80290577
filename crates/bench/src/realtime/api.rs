//! The api's internal server, as far as the gateway asks it. It believes everybody, and looks at no gateway's token: what is
//! measured is the asking, not the answer.

use std::{collections::HashMap, time::Duration};

use avvivo_contracts::internal::v1::{
    Answer, AuthorizeRequest, AuthorizeResponse, Grant, HeadsRequest, HeadsResponse, Question,
    ReplayRequest, ReplayResponse,
    answer::Outcome,
    realtime_server::{Realtime, RealtimeServer},
};
use avvivo_kernel::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

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

/// The audience that a topic is about.
pub(super) fn audience_of(topic: &str) -> String {
    format!("shop:{topic}")
}

struct Api(Past);

impl Api {
    fn heads(&self, audiences: &[String]) -> HashMap<String, u64> {
        let heads = audiences
            .iter()
            .map(|audience| (audience.clone(), self.0.head(audience)));
        heads.filter(|(_, head)| *head > 0).collect()
    }
}

impl Api {
    /// A token is its own account, and may hear whatever it asks for.
    fn answer(&self, asked: Question) -> Outcome {
        if asked.bearer_token.is_empty() || asked.topics.is_empty() {
            return Outcome::Refused("realtime.unknown_topic".to_owned());
        }
        let audiences: Vec<String> = asked
            .topics
            .iter()
            .map(|topic| audience_of(topic))
            .collect();
        let expires_at = SystemClock.now() + GOOD_FOR;
        Outcome::Granted(Grant {
            heads: audiences
                .iter()
                .map(|audience| self.0.head(audience))
                .collect(),
            channel: format!("client:{}", asked.bearer_token),
            account_id: asked.bearer_token,
            audiences,
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
        let heads = self.heads(&request.into_inner().audiences);
        Ok(Response::new(HeadsResponse { heads }))
    }

    async fn replay(
        &self,
        request: Request<ReplayRequest>,
    ) -> Result<Response<ReplayResponse>, Status> {
        let asked = request.into_inner();
        let (events, head) = self.0.after(&asked.audience, asked.after, asked.limit);
        Ok(Response::new(ReplayResponse { events, head }))
    }
}
