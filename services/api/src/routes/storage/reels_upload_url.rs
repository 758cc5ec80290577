//! Signed uploads for the files of a reel.

use avvivo_app::uploads::request_upload::{self, RequestUpload, Slot};
use avvivo_domain::{identity::Caller, uploads::Announced};
use avvivo_http_kit::{Caller as SignedIn, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::access;
use crate::{routes::ProblemView, state::ApiState};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelUploadRequest)]
pub(crate) struct Body {
    shop_id: Option<String>,
    /// `PHOTO_SET`; anything else is a video.
    r#type: Option<String>,
    /// One video, or one to five photos.
    files: Option<Vec<FileBody>>,
    /// An image to lay over them.
    overlay: Option<FileBody>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnnouncedFile)]
pub(crate) struct FileBody {
    file_name: Option<String>,
    /// Guessed from the name unless said.
    content_type: Option<String>,
    /// The exact size. When it is said, the store takes nothing else, and the upload must send `headers` as answered.
    size_bytes: Option<u64>,
}

impl FileBody {
    pub(super) fn announced(&self, default_name: &str) -> Announced {
        Announced::new(
            self.file_name.as_deref(),
            self.content_type.as_deref(),
            self.size_bytes,
            default_name,
        )
    }
}

/// Where the files go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReelUploads)]
pub(crate) struct UploadsView {
    bucket: String,
    /// In the order of the request.
    uploads: Vec<UploadView>,
    overlay_upload: Option<UploadView>,
}

/// Where one file goes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedUpload)]
pub(crate) struct UploadView {
    path: String,
    /// PUT the file here, with the headers below.
    signed_url: String,
    /// Where it is read from afterwards; name this when publishing.
    public_url: String,
    /// Headers that the PUT must carry exactly so.
    headers: BTreeMap<String, String>,
}

impl From<Slot> for UploadView {
    fn from(slot: Slot) -> Self {
        Self {
            path: slot.path.as_str().to_owned(),
            signed_url: slot.signed.url,
            public_url: slot.public_url,
            headers: slot.signed.headers.into_iter().collect(),
        }
    }
}

/// Signs uploads for a reel
///
/// One address a file, for the shop's owner and administrators. A file that is not confirmed, and of which no reel is made, is
/// deleted a day later.
#[utoipa::path(
    post,
    path = "/storage/reels/upload-url",
    operation_id = "sign_reel_uploads",
    tag = "storage",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Where the files go", body = UploadsView),
        (status = 400, description = "These files are not taken", body = ProblemView, content_type = "application/problem+json"),
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
) -> Result<Reply<UploadsView>, Problem> {
    let shop = access::shop(&caller, body.shop_id.as_deref())?;
    let overlay_name = format!("overlay-{}.png", state.deps.clock.now().timestamp_millis());
    let files = body.files.unwrap_or_default();
    let command = RequestUpload {
        caller,
        shop,
        kind: access::kind(body.r#type.as_deref()),
        files: files.iter().map(|file| file.announced("upload")).collect(),
        overlay: body.overlay.map(|overlay| overlay.announced(&overlay_name)),
    };
    let slots = request_upload::run(&state.deps, command).await?;
    Ok(Reply::ok(UploadsView {
        bucket: state.deps.store.bucket().to_owned(),
        uploads: slots.files.into_iter().map(UploadView::from).collect(),
        overlay_upload: slots.overlay.map(UploadView::from),
    }))
}
