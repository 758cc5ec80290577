//! Reports of our testers, to be read.

use avvivo_app::reports;
use avvivo_domain::reports::ReportError;
use avvivo_http_kit::{Problem, QueryParams};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{routes::ProblemView, state::ApiState};

/// A report is a stranger's page at our address: it runs nothing, asks nobody, and is nobody's frame. It keeps its own
/// styles and pictures.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `path` that the upload answered.
    #[param(example = "reports/2026/03/06/tienda/1772841599999-ana-vuelta-1.html")]
    path: Option<String>,
}

/// A tester's report
///
/// As its tool wrote it, but without scripts. Where nobody can upload reports there are none.
#[utoipa::path(
    get,
    path = "/storage/reports/view",
    operation_id = "view_report",
    tag = "storage",
    params(Asked),
    responses(
        (status = 200, description = "The report", body = String, content_type = "text/html"),
        (status = 400, description = "None is asked for (`report.path_missing`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such report (`report.not_found`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    QueryParams(asked): QueryParams<Asked>,
) -> Result<Response, Problem> {
    if state.pages.testers.reports_token.is_none() {
        return Err(ReportError::NotFound.into());
    }
    let report = reports::read(&state.deps, asked.path.as_deref()).await?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    Ok((headers, report).into_response())
}
