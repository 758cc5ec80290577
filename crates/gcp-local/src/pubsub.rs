//! Pub/Sub. Start reading at [`backlog`], the heart of it: what a subscription still has to
//! deliver. [`engine`] connects topics to subscriptions and to the store; `grpc`, `streaming`,
//! `rest` and `push` are the ways in and out.

mod backlog;
mod config;
mod custodian;
mod engine;
mod filter;
mod grpc;
mod message;
mod name;
mod proto;
mod push;
mod received;
mod rest;
mod rows;
mod streaming;
mod subscription;
mod topic;
mod unsupported;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, post};

use crate::server::StartError;
use crate::state::State;

/// Largest REST request: ten megabytes of messages, in base64.
const MAX_BODY: usize = 15 << 20;

pub(crate) async fn routes(state: &State) -> Result<Router, StartError> {
    let engine = engine::Engine::open(state.clone()).await?;
    Ok(Router::new()
        .route(
            "/google.pubsub.v1.Publisher/{method}",
            post(grpc::publisher),
        )
        .route(
            "/google.pubsub.v1.Subscriber/{method}",
            post(grpc::subscriber),
        )
        .route("/v1/{*path}", any(rest::handle))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(engine))
}
