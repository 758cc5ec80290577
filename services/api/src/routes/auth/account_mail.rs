//! What asking for a mail about an account has in common, whoever asks: the answer says nothing of the address.

use avvivo_app::AppError;
use avvivo_domain::identity::Email;
use avvivo_http_kit::{Bucket, ClientIp, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::state::ApiState;

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

impl AskedView {
    pub(super) const OK: Self = Self { ok: true };
}

/// The address of a request, which counts for its network and for whom it is about.
pub(super) async fn read(
    state: &ApiState,
    client: ClientIp,
    body: &Body,
) -> Result<Email, Problem> {
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
