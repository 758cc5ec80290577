//! Resetting the password of a shop's owner.

use avvivo_app::shops::reset_password;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ShopPath, refused};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// What to hand on to the owner.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(
    as = PasswordReset,
    example = json!({
        "resetLink": "https://avellanedaenvivo.com.ar/reset?mode=resetPassword&oobCode=3xAmpl3", "emailSent": true
    })
)]
pub(crate) struct ResetView {
    /// Lets whoever has it set a new password, for an hour.
    reset_link: String,
    /// Whether it is on its way to the shop's e-mail, too.
    email_sent: bool,
}

/// Resets the password of a shop's owner
///
/// For administrators. Makes an account for the shop's e-mail where there is none. What the owner has now stays good until
/// they choose another.
#[utoipa::path(
    post,
    path = "/shops/{id}/reset-password",
    operation_id = "reset_shop_password",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The link", body = ResetView),
        (status = 400, description = "The shop has no e-mail: `shop.nobody_to_invite`, or the identity provider does not take it: `sign_in.refused`", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "The shop's e-mail changes while the link is asked for: `shop.address_changed`", body = ProblemView, content_type = "application/problem+json"),
        (status = 500, description = "This installation administers no accounts: `sign_in.not_configured`", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "The identity provider is away: `sign_in.unavailable`", body = ProblemView, content_type = "application/problem+json"),
        (status = 504, description = "It did not answer in time: `sign_in.timeout`", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<ResetView>, Problem> {
    let reset = reset_password::run(&state.deps, &admin, path.id()?)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(ResetView {
        reset_link: reset.link.expose_secret().to_owned(),
        email_sent: reset.email_sent,
    }))
}
