//! Beginning a conversation.

use avvivo_app::{AppError, chat::open_conversation};
use avvivo_domain::chat::ChatError;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;
use serde::Deserialize;

use super::{refused, views::ClientConversationView};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// The shop in a path.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShopPath {
    shop_id: String,
}

/// Opens a conversation with a shop
///
/// Begins it, or answers the one there is, read to its end by the client.
#[utoipa::path(
    post,
    path = "/chat/client/conversations/{shopId}/open",
    operation_id = "open_conversation",
    tag = "chat",
    params(("shopId" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The conversation", body = ClientConversationView),
        (status = 400, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ClientConversationView>, Problem> {
    let shop = path
        .shop_id
        .parse()
        .map_err(|_: uuid::Error| refused(AppError::from(ChatError::ShopNotFound)))?;
    let opened = open_conversation::run(&state.deps, account, shop)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(opened.into()))
}
