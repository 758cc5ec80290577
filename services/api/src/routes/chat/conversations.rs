//! The lists of conversations. That of a client is called `items`, that of a shop `conversations`.

use avvivo_app::chat::{Participant, list_conversations};
use avvivo_http_kit::{Problem, QueryParams, Reply, Require};
use avvivo_kernel::ShopId;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::{Scope, Seller},
    refused,
    views::{ClientConversationView, ShopConversationView},
    with_cursor,
};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// A client's conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientConversations)]
pub(crate) struct ClientList {
    items: Vec<ClientConversationView>,
}

/// A client's conversations
///
/// The 50 liveliest, each with what the client has not read of it.
#[utoipa::path(
    get,
    path = "/chat/client/conversations",
    operation_id = "list_client_conversations",
    tag = "chat",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The conversations", body = ClientList,
            headers(("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this list"))),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_client(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Response, Problem> {
    let who = Participant::client(account);
    let found = list_conversations::run(&state.deps, who)
        .await
        .map_err(refused)?;
    let items = found.answer.into_iter().map(Into::into).collect();
    Ok(with_cursor(
        Reply::ok(ClientList { items }).into_response(),
        &found.cursor,
    ))
}

/// A shop's conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShopConversations)]
pub(crate) struct ShopList {
    shop: OwnShopView,
    conversations: Vec<ShopConversationView>,
}

/// The shop itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatOwnShop)]
pub(crate) struct OwnShopView {
    #[schema(value_type = uuid::Uuid)]
    id: ShopId,
    name: String,
    logo_url: Option<String>,
}

/// A shop's conversations
///
/// The 80 liveliest, each with what the shop has not read of it.
#[utoipa::path(
    get,
    path = "/chat/shop/conversations",
    operation_id = "list_shop_conversations",
    tag = "chat",
    params(Scope),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The conversations", body = ShopList,
            headers(("X-Realtime-Cursor" = String, description = "Where the event stream goes on after this list"))),
        (status = 400, description = "Another's shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an open shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn of_shop(
    State(state): State<ApiState>,
    Require(seller): Require<Seller>,
    QueryParams(scope): QueryParams<Scope>,
) -> Result<Response, Problem> {
    let named = scope.shop_id.as_deref();
    let (who, id) = (
        seller.participant(named).map_err(refused)?,
        seller.shop(named).map_err(refused)?,
    );
    let found = list_conversations::run(&state.deps, who)
        .await
        .map_err(refused)?;
    let card = list_conversations::shop(&state.deps, id)
        .await
        .map_err(refused)?;
    let view = ShopList {
        shop: OwnShopView {
            id: card.id,
            name: card.name,
            logo_url: card.logo_url,
        },
        conversations: found.answer.into_iter().map(Into::into).collect(),
    };
    Ok(with_cursor(Reply::ok(view).into_response(), &found.cursor))
}
