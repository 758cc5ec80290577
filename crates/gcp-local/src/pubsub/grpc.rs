//! The gRPC door: the data plane of `google.pubsub.v1`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;

use super::engine::{Engine, parse_ack_ids};
use super::proto::{
    AcknowledgeRequest, Empty, ModifyAckDeadlineRequest, PublishRequest, PublishResponse,
    PullRequest, PullResponse,
};
use super::{received, streaming};
use crate::connection::Connection;
use crate::wire::{ApiError, grpc};

pub(super) async fn publisher(
    State(engine): State<Arc<Engine>>,
    request: Request<Body>,
) -> Response {
    match request.uri().path() {
        "/google.pubsub.v1.Publisher/Publish" => {
            grpc::unary(request, |publish| {
                self::publish(Arc::clone(&engine), publish)
            })
            .await
        }
        path => grpc::unimplemented(path),
    }
}

pub(super) async fn subscriber(
    State(engine): State<Arc<Engine>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request<Body>,
) -> Response {
    let engine = || Arc::clone(&engine);
    match request.uri().path() {
        "/google.pubsub.v1.Subscriber/StreamingPull" => {
            let closed = connection.into_closed();
            grpc::bidi(request, |requests| {
                streaming::open(engine(), closed.clone(), requests)
            })
            .await
        }
        "/google.pubsub.v1.Subscriber/Pull" => {
            grpc::unary(request, |pull| self::pull(engine(), pull)).await
        }
        "/google.pubsub.v1.Subscriber/Acknowledge" => {
            grpc::unary(request, |ack| acknowledge(engine(), ack)).await
        }
        "/google.pubsub.v1.Subscriber/ModifyAckDeadline" => {
            grpc::unary(request, |modify| modify_ack_deadline(engine(), modify)).await
        }
        path => grpc::unimplemented(path),
    }
}

async fn publish(
    engine: Arc<Engine>,
    request: PublishRequest,
) -> Result<PublishResponse, ApiError> {
    let message_ids = engine.publish(request.topic, request.messages).await?;
    Ok(PublishResponse { message_ids })
}

async fn pull(engine: Arc<Engine>, request: PullRequest) -> Result<PullResponse, ApiError> {
    let name = &request.subscription;
    let deliveries = engine
        .pull(name, request.max_messages, request.return_immediately)
        .await?;
    let settings = engine.subscription(name)?.settings();
    let received = deliveries
        .iter()
        .map(|delivery| received::grpc(delivery, &settings.config));
    Ok(PullResponse {
        received_messages: received.collect(),
    })
}

async fn acknowledge(engine: Arc<Engine>, request: AcknowledgeRequest) -> Result<Empty, ApiError> {
    engine
        .acknowledge(&request.subscription, &parse_ack_ids(&request.ack_ids)?)
        .await?;
    Ok(Empty {})
}

async fn modify_ack_deadline(
    engine: Arc<Engine>,
    request: ModifyAckDeadlineRequest,
) -> Result<Empty, ApiError> {
    let ack_ids = parse_ack_ids(&request.ack_ids)?;
    engine
        .modify_ack_deadline(
            &request.subscription,
            &ack_ids,
            request.ack_deadline_seconds,
        )
        .await?;
    Ok(Empty {})
}
