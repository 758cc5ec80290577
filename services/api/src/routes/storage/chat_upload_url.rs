//! Signed uploads for the pictures of a message.

use avvivo_app::chat::request_upload;
use avvivo_domain::uploads::Announced;
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    chat_access::{Talker, conversation, refused},
    reels_upload_url::{FileBody, UploadView},
};
use crate::{routes::ProblemView, state::ApiState};

/// What a picture without a name is called; it is a picture by that.
const NAMELESS: &str = "chat-image.jpg";

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatUploadRequest)]
pub(crate) struct Body {
    conversation_id: Option<String>,
    /// One to four pictures.
    files: Option<Vec<FileBody>>,
}

/// Where the pictures go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatUploads)]
pub(crate) struct UploadsView {
    bucket: String,
    /// In the order of the request.
    uploads: Vec<UploadView>,
}

/// Signs uploads for a message
///
/// One address a picture, for those who take part in the conversation.
#[utoipa::path(
    post,
    path = "/storage/chat/upload-url",
    operation_id = "sign_chat_uploads",
    tag = "storage",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Where the pictures go", body = UploadsView),
        (status = 400, description = "These files are not taken", body = ProblemView, content_type = "application/problem+json"),
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
) -> Result<Reply<UploadsView>, Problem> {
    let named = conversation(body.conversation_id.as_deref())?;
    let files: Vec<Announced> = body
        .files
        .unwrap_or_default()
        .iter()
        .map(|file| file.announced(NAMELESS))
        .collect();
    let slots = request_upload::run(&state.deps, who, named, &files)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(UploadsView {
        bucket: state.deps.chat_store.bucket().to_owned(),
        uploads: slots.into_iter().map(UploadView::from).collect(),
    }))
}
