//! The upload of the old system, which went through the api. It is gone.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};

use crate::routes::ProblemView;

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
    // The kinds of problems are those of today's rules, and none of them is "gone".
    let gone = ProblemView {
        r#type: format!("urn:avvivo:problem:{CODE}"),
        title: "Gone".to_owned(),
        status: StatusCode::GONE.as_u16(),
        message: MESSAGE.to_owned(),
        code: CODE.to_owned(),
        instance: None,
    };
    let headers = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::GONE, headers, axum::Json(gone)).into_response()
}
