//! Whether a shop has a tax number.

use avvivo_app::shops::validate_registration;
use avvivo_http_kit::{ClientIp, Problem, QueryParams, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::registration::{count_lookup, not_ok};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Eleven digits, with or without dashes and spaces.
    #[param(example = "30-71234567-1")]
    cuit: Option<String>,
}

/// Whether a shop has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CuitCheck)]
pub(crate) struct CuitView {
    ok: bool,
    exists: bool,
}

/// Whether a shop has this tax number
#[utoipa::path(
    get,
    path = "/shops/self-register/check-cuit",
    operation_id = "check_cuit",
    tag = "shops",
    params(Asked),
    responses(
        (status = 200, description = "Whether it has", body = CuitView),
        (status = 400, description = "It is none: `INVALID_CUIT`", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many questions", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    client: ClientIp,
    QueryParams(query): QueryParams<Asked>,
) -> Result<Reply<CuitView>, Problem> {
    count_lookup(&state, client).await?;
    let exists = validate_registration::cuit_exists(&state.deps, query.cuit.as_deref())
        .await
        .map_err(not_ok)?;
    Ok(Reply::ok(CuitView { ok: true, exists }))
}
