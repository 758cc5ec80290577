//! The pictures of a message have arrived.

use avvivo_app::chat::confirm_upload;
use avvivo_domain::uploads::clean_paths;
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    chat_access::{Talker, conversation, refused},
    reels_confirm::ArrivedView,
};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatConfirmRequest)]
pub(crate) struct Body {
    conversation_id: Option<String>,
    /// The paths that signing answered.
    paths: Option<Vec<String>>,
}

/// What has arrived.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatConfirmed)]
pub(crate) struct ConfirmedView {
    bucket: String,
    uploads: Vec<ArrivedView>,
}

/// Confirms uploads of a message
///
/// Checks the pictures that arrived. Only confirmed ones go with messages; those that go with none are deleted after a day.
#[utoipa::path(
    post,
    path = "/storage/chat/confirm",
    operation_id = "confirm_chat_uploads",
    tag = "storage",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The pictures", body = ConfirmedView),
        (status = 400, description = "A file is missing or not taken", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Neither a client nor a shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such conversation", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Talker(who)): Require<Talker>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ConfirmedView>, Problem> {
    let named = conversation(body.conversation_id.as_deref())?;
    let paths = clean_paths(body.paths.unwrap_or_default());
    let arrived = confirm_upload::run(&state.deps, who, named, paths)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ConfirmedView {
        bucket: state.deps.chat_store.bucket().to_owned(),
        uploads: arrived.into_iter().map(ArrivedView::from).collect(),
    }))
}
