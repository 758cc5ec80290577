//! A buyer's profile.

use avvivo_app::clients::{edit_profile, read};
use avvivo_domain::clients::ProfilePatch;
use avvivo_http_kit::{JsonBody, Problem, Reply, Require};
use axum::extract::State;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{refused, views::ProfileView};
use crate::{caller::Client, routes::ProblemView, state::ApiState};

/// A buyer's profile
///
/// Begins it, if there is none.
#[utoipa::path(
    get,
    path = "/clients/me/profile",
    operation_id = "get_client_profile",
    tag = "clients",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The profile", body = ProfileView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
) -> Result<Reply<ProfileView>, Problem> {
    let profile = read::profile(&state.deps, account).await.map_err(refused)?;
    Ok(Reply::ok(profile.into()))
}

/// What to change: what is not named stays, null clears.
#[derive(ToSchema)]
#[schema(as = ClientProfilePatch, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what the domain reads")]
pub(crate) struct Body {
    #[schema(example = "Carla R")]
    display_name: Option<String>,
    /// 3 to 20 of a-z, 0-9, `.` and `_`, nobody else's. Case and a leading `@` do not matter.
    #[schema(example = "carla.r")]
    username: Option<String>,
    avatar_url: Option<String>,
    /// 8 to 20 digits, perhaps after a `+`; blanks do not matter.
    #[schema(example = "+54 9 11 3333 0000")]
    phone: Option<String>,
    city: Option<String>,
    province: Option<String>,
    #[schema(example = "@carlar")]
    instagram_handle: Option<String>,
    /// A day, or a moment of it.
    #[schema(example = "1990-05-01")]
    birth_date: Option<String>,
    /// The first eight are kept, in lower case, each once.
    #[schema(example = json!(["Denim", "talles grandes"]))]
    style_tags: Option<Vec<String>>,
    marketing_opt_in: Option<bool>,
    onboarding_terms_accepted: Option<bool>,
}

/// Changes a buyer's profile
#[utoipa::path(
    patch,
    path = "/clients/me/profile",
    operation_id = "edit_client_profile",
    tag = "clients",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The profile after the change", body = ProfileView),
        (status = 400, description = "A field cannot be meant, or the user name is taken", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not a client", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn edit(
    State(state): State<ApiState>,
    Require(Client(account)): Require<Client>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Reply<ProfileView>, Problem> {
    let patch = ProfilePatch::read(&body, state.deps.clock.now()).map_err(refused)?;
    let profile = edit_profile::run(&state.deps, account, patch)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(profile.into()))
}
