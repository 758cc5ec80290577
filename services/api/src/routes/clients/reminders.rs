//! The lives a buyer wants to be reminded of.

use avvivo_app::clients::{add_reminder, read, remove_reminder};
use avvivo_domain::clients::ClientError;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use avvivo_kernel::StreamId;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Items, refused, views::ReminderView};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// The live in a path. What cannot be an id names none.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamPath {
    stream_id: String,
}

/// All that a buyer wants to be reminded of, what comes next first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderIds)]
pub(crate) struct IdsView {
    #[schema(value_type = Vec<uuid::Uuid>)]
    reminders: Vec<StreamId>,
}

/// The lives a buyer wants to be reminded of
///
/// The next 50.
#[utoipa::path(
    get,
    path = "/clients/me/reminders",
    operation_id = "list_reminders",
    tag = "clients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The lives", body = Items<ReminderView>),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Reply<Items<ReminderView>>, Problem> {
    let lives = read::reminders(&state.deps, account)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(Items::of(lives)))
}

/// Reminds a buyer of a live
///
/// A quarter of an hour before it begins; once, however often it is asked for.
#[utoipa::path(
    post,
    path = "/clients/me/reminders/{streamId}",
    operation_id = "add_reminder",
    tag = "clients",
    params(("streamId" = String, Path, description = "The live")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All that the buyer wants to be reminded of", body = IdsView),
        (status = 400, description = "No such live, or not one that is announced", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<StreamPath>,
) -> Result<Reply<IdsView>, Problem> {
    let stream = path.stream_id.parse();
    let stream = stream.map_err(|_: uuid::Error| refused(ClientError::LiveNotFound))?;
    let reminders = add_reminder::run(&state.deps, account, stream)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(IdsView { reminders }))
}

/// Reminds a buyer of a live no longer
///
/// Whether they were to be reminded or not.
#[utoipa::path(
    delete,
    path = "/clients/me/reminders/{streamId}",
    operation_id = "remove_reminder",
    tag = "clients",
    params(("streamId" = String, Path, description = "The live")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All that the buyer wants to be reminded of", body = IdsView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    PathParams(path): PathParams<StreamPath>,
) -> Result<Reply<IdsView>, Problem> {
    let reminders = remove_reminder::run(&state.deps, account, path.stream_id.parse().ok())
        .await
        .map_err(refused)?;
    Ok(Reply::ok(IdsView { reminders }))
}
