//! Saying that one is typing.

use avvivo_app::{
    AppError,
    chat::{Participant, say_typing},
};
use avvivo_http_kit::{Bucket, JsonBody, PathParams, Problem, QueryParams, Reply, Require};
use avvivo_kernel::ConversationId;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access::{ConversationPath, Scope, Seller},
    refused,
};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// Whether one is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatTypingRequest)]
pub(crate) struct Body {
    /// False says that one has stopped, before it would be found out.
    typing: Option<bool>,
}

/// That it is passed on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatTypingNoted)]
pub(crate) struct TypingView {
    ok: bool,
}

/// A client is typing
///
/// The shop is told by `chat:typing`, which holds for six seconds; whoever goes on typing says so every few. Nothing is kept.
#[utoipa::path(
    post,
    path = "/chat/client/conversations/{conversationId}/typing",
    operation_id = "say_typing_as_client",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation")),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Passed on, if there is anybody to hear it", body = TypingView),
        (status = 400, description = "No such conversation", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Said too often", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_client(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ConversationPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<TypingView>, Problem> {
    say(&state, Participant::client(account), path.id(), &body).await
}

/// A shop is typing
///
/// The client is told by `chat:typing`, which holds for six seconds; whoever goes on typing says so every few. Nothing is
/// kept.
#[utoipa::path(
    post,
    path = "/chat/shop/conversations/{conversationId}/typing",
    operation_id = "say_typing_as_shop",
    tag = "chat",
    params(("conversationId" = String, Path, description = "The conversation"), Scope),
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Passed on, if there is anybody to hear it", body = TypingView),
        (status = 400, description = "No such conversation, or another's shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an open shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Said too often", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_shop(
    State(state): State<ApiState>,
    Require(seller): Require<Seller>,
    PathParams(path): PathParams<ConversationPath>,
    QueryParams(scope): QueryParams<Scope>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<TypingView>, Problem> {
    let who = seller
        .participant(scope.shop_id.as_deref())
        .map_err(refused)?;
    say(&state, who, path.id(), &body).await
}

async fn say(
    state: &ApiState,
    who: Participant,
    conversation: Result<ConversationId, AppError>,
    body: &Body,
) -> Result<Reply<TypingView>, Problem> {
    let bucket = Bucket {
        namespace: "chat-typing",
        key: &who.account.to_string(),
    };
    let refusal = "Esperá unos segundos.";
    state.chat_limit.enforce(bucket, refusal).await?;
    let conversation = conversation.map_err(refused)?;
    say_typing::run(&state.deps, who, conversation, body.typing.unwrap_or(true))
        .await
        .map_err(refused)?;
    Ok(Reply::ok(TypingView { ok: true }))
}
