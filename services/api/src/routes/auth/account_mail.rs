//! Asking for a mail about an account: the answer says nothing of the address.

use avvivo_app::{
    AppError,
    identity::{prove_address, recover_password},
};
use avvivo_domain::identity::Email;
use avvivo_http_kit::{Bucket, ClientIp, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoResponses, ToSchema};

use crate::{routes::ProblemView, state::ApiState};

const NETWORK: &str = "Hubo demasiados pedidos desde esta red. Probá de nuevo más tarde.";
const ADDRESS: &str = "Ya pediste varios correos para esta dirección. Revisá también el correo no deseado y probá de nuevo más tarde.";

/// Whom a mail is for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AccountMailRequest)]
pub(crate) struct Body {
    /// The address; case does not matter.
    #[schema(value_type = String, example = "ana@example.com")]
    email: Option<Value>,
}

/// The mail is sent if somebody of that address is known; whether that is so is not told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountMailAnswer, example = json!({"ok": true}))]
pub(crate) struct AskedView {
    ok: bool,
}

/// Why neither is sent. It is put together elsewhere; this is for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described, never made")]
enum Refused {
    /// The address is none: `email.invalid`
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(ProblemView),
    /// Too many mails to this address, or from this network
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemView),
    /// This installation sends no mails: `mail.not_configured`, or administers no accounts: `sign_in.not_configured`
    #[response(status = 500, content_type = "application/problem+json")]
    NotConfigured(ProblemView),
    /// Too many mails wait: `mail.unavailable`
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemView),
}

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
        Refused
    )
)]
pub(crate) async fn forgot_password(
    State(state): State<ApiState>,
    client: ClientIp,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<AskedView>, Problem> {
    let email = read(&state, client, &body).await?;
    recover_password::run(&state.deps, &email).await?;
    Ok(Reply::ok(AskedView { ok: true }))
}

/// Asks for a mail that verifies an address
///
/// The answer is the same whether or not there is an account. Who has a shop, or is about to, is written to as a shop.
#[utoipa::path(
    post,
    path = "/auth/send-verification",
    operation_id = "ask_address_verification",
    tag = "auth",
    request_body = Body,
    responses(
        (status = 200, description = "The mail is on its way, if there is anybody to send it to", body = AskedView),
        Refused
    )
)]
pub(crate) async fn send_verification(
    State(state): State<ApiState>,
    client: ClientIp,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<AskedView>, Problem> {
    let email = read(&state, client, &body).await?;
    prove_address::run(&state.deps, &email).await?;
    Ok(Reply::ok(AskedView { ok: true }))
}

/// The address of a request, which counts for its network and for whom it is about.
async fn read(state: &ApiState, client: ClientIp, body: &Body) -> Result<Email, Problem> {
    let email = Email::read(body.email.as_ref()).map_err(AppError::from)?;
    let limits = &state.account_mail;
    let bucket = Bucket {
        namespace: "account-mail-ip",
        key: &client.network().to_string(),
    };
    limits.per_network.enforce(bucket, NETWORK).await?;
    let bucket = Bucket {
        namespace: "account-mail",
        key: email.as_str(),
    };
    limits.per_address.enforce(bucket, ADDRESS).await?;
    Ok(email)
}
