//! Whether a shop has an address.

use avvivo_app::shops::read;
use avvivo_http_kit::{ClientIp, Problem, QueryParams, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{refused, registration};
use crate::{routes::ProblemView, state::ApiState};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The address; case does not matter.
    #[param(example = "ventas@lunaazul.com.ar")]
    email: Option<String>,
}

/// Whether a shop has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EmailCheck)]
pub(crate) struct ExistsView {
    exists: bool,
}

/// Whether a shop has this e-mail
///
/// The one that everybody may write to.
#[utoipa::path(
    get,
    path = "/shops/check-email",
    operation_id = "check_shop_email",
    tag = "shops",
    params(Asked),
    responses(
        (status = 200, description = "Whether it has", body = ExistsView),
        (status = 400, description = "There is none in the request", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many questions", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    client: ClientIp,
    QueryParams(query): QueryParams<Asked>,
) -> Result<Reply<ExistsView>, Problem> {
    registration::count_lookup(&state, client).await?;
    let exists = read::email_exists(&state.deps, query.email.as_deref())
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ExistsView { exists }))
}
