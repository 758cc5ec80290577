//! Reports of our testers, on their way in.

use avvivo_app::reports;
use avvivo_domain::reports::{MAX_REPORT_BYTES, ReportError, ReportFrom, accept};
use avvivo_http_kit::{FormRules, Problem, Reply, secret::is_told};
use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{routes::ProblemView, state::ApiState};

const X_TOKEN: &str = "x-qa-report-token";

/// What a form has. It is read by hand; this is for the document.
#[derive(ToSchema)]
#[schema(as = ReportForm)]
#[expect(dead_code, reason = "only described, never made")]
pub(crate) struct FormBody {
    #[schema(example = "tienda")]
    role: Option<String>,
    #[schema(rename = "testerName", example = "Ana")]
    tester_name: Option<String>,
    /// A page, by its type or its name (`.html`, `.htm`), of up to 10 MB.
    #[schema(value_type = String, format = Binary, content_media_type = "text/html")]
    file: Vec<u8>,
}

/// Where a report is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Report)]
pub(crate) struct ReportView {
    /// The page.
    #[schema(
        example = "https://api.example.com/storage/reports/view?path=reports%2F2026%2F03%2F06%2Ftienda%2F1772841599999-ana-vuelta-1.html"
    )]
    url: String,
    /// Its text.
    raw_url: String,
    bucket: String,
    #[schema(example = "reports/2026/03/06/tienda/1772841599999-ana-vuelta-1.html")]
    path: String,
}

/// Uploads a tester's report
///
/// For the tool that knows the token, in `x-qa-report-token`; where none is configured, for nobody. Nothing of the file is
/// read before.
#[utoipa::path(
    post,
    path = "/storage/reports/upload",
    operation_id = "upload_report",
    tag = "storage",
    params(("x-qa-report-token" = Option<String>, Header, description = "The tool's token")),
    request_body(content = FormBody, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Where it is", body = ReportView),
        (status = 400, description = "There is no file (`report.missing`), or it is no page (`report.not_html`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "No token, or a wrong one (`report.token`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 413, description = "More than 10 MB (`report.too_large`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The store is away, or too many files arrive at once", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    headers: HeaderMap,
    request: Request,
) -> Result<Reply<ReportView>, Problem> {
    let told = headers.get(X_TOKEN).and_then(|value| value.to_str().ok());
    let token = state.pages.testers.reports_token.as_ref();
    if !token.is_some_and(|token| is_told(token, told)) {
        return Err(ReportError::Token.into());
    }
    let rules = FormRules {
        file_part: "file",
        max_file_bytes: usize::try_from(MAX_REPORT_BYTES).unwrap_or(usize::MAX),
    };
    let forms = &state.pages.forms;
    let form = forms.read(request, rules).await.map_err(too_large)?;
    let file = form.file().ok_or(ReportError::Missing)?;
    accept(&file.name, &file.content_type, &file.bytes)?;
    let from = ReportFrom {
        role: form.text("role"),
        tester: form.text("testerName"),
    };
    let stored = reports::store(&state.deps, from, &file.name, file.bytes.clone()).await?;
    let backend = &state.pages.backend;
    Ok(Reply::ok(ReportView {
        // Names of reports need no encoding but that of their slashes.
        url: format!(
            "{backend}/storage/reports/view?path={}",
            stored.path.replace('/', "%2F")
        ),
        raw_url: stored.raw_url,
        bucket: state.deps.reports_store.bucket().to_owned(),
        path: stored.path,
    }))
}

/// In the words for reports.
fn too_large(problem: Problem) -> Problem {
    if problem.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ReportError::TooLarge.into()
    } else {
        problem
    }
}
