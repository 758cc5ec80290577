//! What somebody came for.

use avvivo_app::{AppError, identity::choose_role};
use avvivo_domain::identity::{Caller, onboarding::Intent};
use avvivo_http_kit::{Caller as SignedIn, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::views::ContextView;
use crate::{routes::ProblemView, state::ApiState};

/// What somebody came for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OnboardingChoice)]
pub(crate) struct Body {
    /// `USER` to buy, `STORE` to sell; case and blanks around do not matter.
    #[schema(value_type = String, example = "USER")]
    intent: Option<Value>,
}

/// Says whether somebody buys or sells
///
/// Once; who sells may still change their mind while their shop is not open. Where there is an open shop, its owner sells
/// whatever they say.
#[utoipa::path(
    post,
    path = "/auth/onboarding/role",
    operation_id = "choose_role",
    tag = "auth",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller afterwards", body = ContextView),
        (status = 400, description = "Neither of the two", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Administrators do not choose", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "The account is gone", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "They have chosen before", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ContextView>, Problem> {
    choose(&state, &caller, &body).await
}

/// The same, by the name that other clients know
#[utoipa::path(
    post,
    path = "/auth/onboarding-intent",
    operation_id = "choose_role_by_intent",
    tag = "auth",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller afterwards", body = ContextView),
        (status = 400, description = "Neither of the two", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Administrators do not choose", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "The account is gone", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "They have chosen before", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn by_its_other_name(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ContextView>, Problem> {
    choose(&state, &caller, &body).await
}

async fn choose(
    state: &ApiState,
    caller: &Caller,
    body: &Body,
) -> Result<Reply<ContextView>, Problem> {
    let intent = Intent::read(body.intent.as_ref()).map_err(AppError::from)?;
    let chosen = choose_role::run(&state.deps, caller, intent).await?;
    Ok(Reply::ok(chosen.into()))
}
