//! The files of a reel have arrived.

use avvivo_app::uploads::confirm_upload::{self, Arrived, ConfirmUpload};
use avvivo_domain::{identity::Caller, uploads::clean_paths};
use avvivo_http_kit::{Caller as SignedIn, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access;
use crate::{routes::ProblemView, state::ApiState};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelConfirmRequest)]
pub(crate) struct Body {
    shop_id: Option<String>,
    /// `PHOTO_SET`; anything else is a video.
    r#type: Option<String>,
    /// The paths that signing answered.
    paths: Option<Vec<String>>,
    overlay_path: Option<String>,
}

/// What has arrived.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelConfirmed)]
pub(crate) struct ConfirmedView {
    bucket: String,
    uploads: Vec<ArrivedView>,
    overlay: Option<ArrivedView>,
}

/// A file that has arrived.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ArrivedFile)]
pub(crate) struct ArrivedView {
    path: String,
    public_url: String,
}

impl From<Arrived> for ArrivedView {
    fn from(arrived: Arrived) -> Self {
        Self {
            path: arrived.path,
            public_url: arrived.public_url,
        }
    }
}

/// Confirms uploads of a reel
///
/// Checks the files that arrived and remembers their versions: one that is swapped afterwards is not published.
#[utoipa::path(
    post,
    path = "/storage/reels/confirm",
    operation_id = "confirm_reel_uploads",
    tag = "storage",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The files", body = ConfirmedView),
        (status = 400, description = "A file is missing or not taken", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ConfirmedView>, Problem> {
    let shop = access::shop(&caller, body.shop_id.as_deref())?;
    let command = ConfirmUpload {
        caller,
        shop,
        kind: access::kind(body.r#type.as_deref()),
        paths: clean_paths(body.paths.unwrap_or_default()),
        overlay: clean_paths(body.overlay_path).pop(),
    };
    let (uploads, overlay) = confirm_upload::run(&state.deps, command).await?;
    Ok(Reply::ok(ConfirmedView {
        bucket: state.deps.store.bucket().to_owned(),
        uploads: uploads.into_iter().map(ArrivedView::from).collect(),
        overlay: overlay.map(ArrivedView::from),
    }))
}
