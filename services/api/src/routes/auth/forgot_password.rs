//! A mail to who forgot their password.

use avvivo_app::identity::recover_password;
use avvivo_http_kit::{ClientIp, JsonBody, Problem, Reply};
use axum::extract::State;

use super::account_mail::{self, AskedView, Body};
use crate::{routes::ProblemView, state::ApiState};

/// Asks for a mail that lets somebody set a new password
///
/// The answer is the same whether or not there is an account.
#[utoipa::path(
    post,
    path = "/auth/forgot-password",
    operation_id = "ask_password_recovery",
    tag = "auth",
    request_body = Body,
    responses(
        (status = 200, description = "The mail is on its way, if there is anybody to send it to", body = AskedView),
        (status = 400, description = "The address is none: `email.invalid`", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many mails to this address, or from this network", body = ProblemView, content_type = "application/problem+json"),
        (status = 500, description = "This installation sends no mails: `mail.not_configured`, or administers no accounts: `sign_in.not_configured`", body = ProblemView, content_type = "application/problem+json"),
        (status = 503, description = "Too many mails wait: `mail.unavailable`", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    client: ClientIp,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<AskedView>, Problem> {
    let email = account_mail::read(&state, client, &body).await?;
    recover_password::run(&state.deps, &email).await?;
    Ok(Reply::ok(AskedView::OK))
}
