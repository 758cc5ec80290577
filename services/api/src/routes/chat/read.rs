//! Marking a conversation as read.

use avvivo_app::{
    AppError,
    chat::{Participant, mark_read},
};
use avvivo_http_kit::{JsonBody, PathParams, Problem, QueryParams, Reply, Require};
use avvivo_kernel::{ConversationId, time::to_wire};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    access::{ConversationPath, Scope, Seller},
    refused,
};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// How far, if not to the end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatReadRequest)]
pub(crate) struct Body {
    /// The `sequence` of the last message that was shown; all of them unless said.
    #[schema(value_type = Option<i64>)]
    up_to: Option<Value>,
    /// For shops: the caller's own shop; it need not be named.
    #[schema(value_type = Option<String>)]
    shop_id: Option<Value>,
}

/// That it is read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatReadNoted)]
pub(crate) struct ReadView {
    ok: bool,
    read_at: String,
}

/// A client has read a conversation
///
/// To its end, or up to a message. Both sides are told by `chat:read`.
#[utoipa::path(
    post,
    path = "/chat/client/conversations/{conversationId}/read",
    operation_id = "mark_read_by_client",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Noted", body = ReadView),
        (status = 400, description = "No such conversation", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_client(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ConversationPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ReadView>, Problem> {
    let who = Participant::client(account);
    mark(&state, who, path.id(), &body).await.map_err(refused)
}

/// A shop has read a conversation
///
/// To its end, or up to a message. Both sides are told by `chat:read`.
#[utoipa::path(
    post,
    path = "/chat/shop/conversations/{conversationId}/read",
    operation_id = "mark_read_by_shop",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation"), Scope),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Noted", body = ReadView),
        (status = 400, description = "No such conversation, or another's shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an open shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_shop(
    State(state): State<ApiState>,
    Require(seller): Require<Seller>,
    PathParams(path): PathParams<ConversationPath>,
    QueryParams(scope): QueryParams<Scope>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ReadView>, Problem> {
    let in_body = body.shop_id.as_ref().and_then(Value::as_str);
    let who = seller
        .participant(scope.shop_id.as_deref().or(in_body))
        .map_err(refused)?;
    mark(&state, who, path.id(), &body).await.map_err(refused)
}

async fn mark(
    state: &ApiState,
    who: Participant,
    conversation: Result<ConversationId, AppError>,
    body: &Body,
) -> Result<Reply<ReadView>, AppError> {
    let up_to = body.up_to.as_ref().and_then(Value::as_i64);
    let read_at = mark_read::run(&state.deps, who, conversation?, up_to).await?;
    Ok(Reply::ok(ReadView {
        ok: true,
        read_at: to_wire(read_at),
    }))
}
