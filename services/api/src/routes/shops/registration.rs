//! What registering a shop and its checks have in common: who may try how often, and how a refusal is told.

use avvivo_app::AppError;
use avvivo_domain::shops::intake::{meta::Origin, normal};
use avvivo_http_kit::{Bucket, ClientIp, Problem};
use http::{HeaderMap, header::USER_AGENT};
use serde_json::{Map, Value};

use crate::state::ApiState;

const NETWORK: &str = "Hubo demasiados registros desde esta red. Probá de nuevo más tarde.";
const IDENTITY: &str =
    "Hubo demasiados intentos con este email o WhatsApp. Probá de nuevo más tarde.";
const LOOKUPS: &str = "Hubo demasiadas consultas desde esta red. Probá de nuevo más tarde.";

/// Counts an attempt, of the network and of whom it is about.
pub(super) async fn count_attempt(
    state: &ApiState,
    client: ClientIp,
    draft: &Map<String, Value>,
) -> Result<(), Problem> {
    let Some(limits) = &state.registration.attempts else {
        return Ok(());
    };
    let network = client.network().to_string();
    let bucket = Bucket {
        namespace: "self-register-ip",
        key: &network,
    };
    limits.per_network.enforce(bucket, NETWORK).await?;
    let bucket = Bucket {
        namespace: "self-register",
        key: &format!("{network}:{}", identity(draft)),
    };
    limits.per_identity.enforce(bucket, IDENTITY).await?;
    Ok(())
}

/// Counts a question whether something is known.
pub(super) async fn count_lookup(state: &ApiState, client: ClientIp) -> Result<(), Problem> {
    let bucket = Bucket {
        namespace: "shop-lookup",
        key: &client.network().to_string(),
    };
    state.registration.lookups.enforce(bucket, LOOKUPS).await?;
    Ok(())
}

/// Whom an attempt is about: the e-mail, else the telephone.
fn identity(draft: &Map<String, Value>) -> String {
    let text = |key: &str| draft.get(key).and_then(Value::as_str).map(str::trim);
    let email = text("email").filter(|email| !email.is_empty());
    let whatsapp = || text("whatsapp").and_then(normal::whatsapp);
    let named = email
        .map(|email| format!("email:{}", email.to_lowercase()))
        .or_else(|| whatsapp().map(|number| format!("wa:{number}")));
    // A key is as long as an address may be.
    let named = named.unwrap_or_else(|| "anonymous".to_owned());
    named.chars().take(260).collect()
}

/// Where a request comes from.
pub(super) fn origin(client: ClientIp, headers: &HeaderMap) -> Origin {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    Origin {
        ip: Some(client.0.to_string()),
        user_agent: agent.map(str::to_owned),
    }
}

/// With the fields to mark, and what programs may want to know.
pub(super) fn refused(error: AppError) -> Problem {
    let AppError::Intake(intake) = &error else {
        return error.into();
    };
    let (marks, meta) = (intake.field_errors(), intake.meta());
    let mut problem = Problem::from(error);
    if !marks.is_empty() {
        problem = problem.member("fieldErrors", marks);
    }
    match meta {
        Some(meta) => problem.member("meta", meta),
        None => problem,
    }
}

/// As [`refused`], for checks, which say first whether all is well.
pub(super) fn not_ok(error: AppError) -> Problem {
    refused(error).member("ok", false)
}
