//! Inviting a shop's owner.

use avvivo_app::shops::send_invite;
use avvivo_http_kit::{PathParams, Problem, Reply, Require};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ShopPath, refused};
use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// The invitation is on its way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InviteAnswer, example = json!({"sent": true}))]
pub(crate) struct SentView {
    sent: bool,
}

/// Invites a shop's owner by mail
///
/// For administrators. The mail has a link that sets the first password of the account of the shop's e-mail.
#[utoipa::path(
    post,
    path = "/shops/{id}/send-invite",
    operation_id = "send_shop_invite",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The mail is on its way", body = SentView),
        (status = 400, description = "The shop has no e-mail: `shop.nobody_to_invite`", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
        (status = 500, description = "This installation sends no mails: `mail.not_configured`, or administers no accounts: `sign_in.not_configured`", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
    PathParams(path): PathParams<ShopPath>,
) -> Result<Reply<SentView>, Problem> {
    send_invite::run(&state.deps, &admin, path.id()?)
        .await
        .map_err(refused)?;
    Ok(Reply::ok(SentView { sent: true }))
}
