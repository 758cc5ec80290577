//! How the rendering of a reel stands.

use avvivo_app::reels::read;
use avvivo_domain::{identity::Caller, reels::editor_state::with_worker_keys};
use avvivo_http_kit::{Caller as SignedIn, PathParams, Problem, Reply};
use avvivo_kernel::{ReelId, Timestamp};
use avvivo_postgres::reels::ReelWithShop;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ReelPath;
use crate::{routes::ProblemView, state::ApiState};

/// Exactly what clients that poll have always been given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelStatus)]
pub(crate) struct StatusView {
    #[schema(value_type = uuid::Uuid)]
    id: ReelId,
    r#type: &'static str,
    #[schema(example = "PROCESSING")]
    status: &'static str,
    processing_job_id: Option<String>,
    /// Tells `progress`, `workerStage`, `workerError` and more while it is rendered.
    #[schema(value_type = Option<Object>)]
    editor_state: Option<Value>,
    video_url: Option<String>,
    photo_urls: Vec<String>,
    thumbnail_url: Option<String>,
}

impl StatusView {
    fn at(now: Timestamp, found: ReelWithShop) -> Self {
        let editor_state = with_worker_keys(&found.reel);
        let status = found.reel.status_at(now).as_str();
        let reel = found.reel;
        Self {
            id: reel.id,
            r#type: reel.kind.as_str(),
            status,
            processing_job_id: reel.render.lease.map(|lease| lease.token.to_string()),
            editor_state,
            video_url: reel.video_url,
            photo_urls: reel.photo_urls,
            thumbnail_url: reel.thumbnail_url,
        }
    }
}

/// How a reel's rendering stands
///
/// For its owner and administrators; made to be polled.
#[utoipa::path(
    get,
    path = "/reels/{id}/status",
    operation_id = "get_reel_status",
    tag = "reels",
    params(("id" = String, Path, description = "The reel")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How it stands", body = StatusView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Another shop's reel", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such reel", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ReelPath>,
) -> Result<Reply<StatusView>, Problem> {
    let found = read::one(&state.deps, &caller, path.id()?).await?;
    Ok(Reply::ok(StatusView::at(state.deps.clock.now(), found)))
}
