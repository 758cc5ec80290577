//! The upload of the old system, which went through the api. It is gone.

use axum::response::Response;

use crate::routes::{ProblemView, gone};

const CODE: &str = "storage.upload_gone";
const MESSAGE: &str =
    "Esta versión de la página ya no puede subir archivos. Recargala y volvé a intentarlo.";

/// Uploads through the api, as old pages did
///
/// Gone for everybody: sign with `/storage/reels/upload-url`, PUT the files, then `/storage/reels/confirm`. The files that
/// come with the request are not read.
#[utoipa::path(
    post,
    path = "/storage/reels/upload",
    operation_id = "upload_reel",
    tag = "storage",
    responses(
        (status = 410, description = "Gone", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle() -> Response {
    gone::answer(CODE, MESSAGE)
}
