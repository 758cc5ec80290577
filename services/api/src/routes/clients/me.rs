//! A buyer, in ids; and their arrival.

use avvivo_app::clients::{greet, read};
use avvivo_domain::clients::Greeting;
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use axum::extract::State;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    refused,
    views::{ClientView, StateView},
};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// What a buyer keeps
///
/// The ids of favourites, active reminders, viewed reels and liked lives. Begins the buyer's profile, if there is none.
#[utoipa::path(
    get,
    path = "/clients/me",
    operation_id = "get_client",
    tag = "clients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The ids", body = StateView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Reply<StateView>, Problem> {
    let marks = read::marks(&state.deps, account).await.map_err(refused)?;
    Ok(Reply::ok(marks.into()))
}

/// How the identity provider knows a buyer.
#[derive(ToSchema)]
#[schema(as = ClientGreeting, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what the domain reads")]
pub(crate) struct Body {
    #[schema(example = "Carla R")]
    display_name: Option<String>,
    avatar_url: Option<String>,
}

/// A buyer signed in
///
/// Fills in what is empty of the profile. What the buyer wrote stays.
#[utoipa::path(
    post,
    path = "/clients/me",
    operation_id = "greet_client",
    tag = "clients",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The buyer", body = ClientView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn greet(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Reply<ClientView>, Problem> {
    let client = greet::run(&state.deps, account, Greeting::read(&body))
        .await
        .map_err(refused)?;
    Ok(Reply::ok(client.into()))
}
