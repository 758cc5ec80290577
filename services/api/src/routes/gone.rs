//! What old pages still ask for and nobody answers any more.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};

use super::ProblemView;

/// 410, whoever asks.
pub(super) fn answer(code: &str, message: &str) -> Response {
    // The kinds of problems are those of today's rules, and none of them is "gone".
    let gone = ProblemView {
        r#type: format!("urn:avvivo:problem:{code}"),
        title: "Gone".to_owned(),
        status: StatusCode::GONE.as_u16(),
        message: message.to_owned(),
        code: code.to_owned(),
        instance: None,
    };
    let headers = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::GONE, headers, axum::Json(gone)).into_response()
}
