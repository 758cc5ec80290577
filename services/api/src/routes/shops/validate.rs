//! Checking a step of a registration.

use avvivo_app::shops::validate_registration;
use avvivo_domain::shops::intake::{AddressVerdict, Step};
use avvivo_http_kit::{ClientIp, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::Body,
    registration::{count_attempt, not_ok},
};
use crate::{routes::ProblemView, state::ApiState};

const NOTICE: &str = "Otra tienda ya declaró que esta dirección es una galería.";

/// A step that is as it should be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CheckedStep)]
pub(crate) struct CheckedView {
    ok: bool,
    /// What to tell, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<AddressMeta>,
}

/// Who is at the address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddressMeta {
    address_has_gallery: bool,
    existing_shops_count: usize,
}

impl CheckedView {
    fn of(verdict: Option<AddressVerdict>) -> Self {
        let gallery = verdict.filter(|verdict| verdict.has_gallery);
        Self {
            ok: true,
            notice: gallery.map(|_| NOTICE),
            meta: gallery.map(|verdict| AddressMeta {
                address_has_gallery: verdict.has_gallery,
                existing_shops_count: verdict.existing,
            }),
        }
    }
}

/// Checks a step of registering a shop
///
/// Nothing is written. Refusals name the fields to mark in `fieldErrors`.
#[utoipa::path(
    post,
    path = "/shops/self-register/validate",
    operation_id = "validate_registration",
    tag = "shops",
    request_body(
        content = Object,
        description = "`step` is `identity`, `address` or `contact`; the fields are those of registering, in `payload` or beside it",
        example = json!({"step": "contact", "payload": {"email": "ana@example.com", "whatsapp": "11 4444-5555"}})
    ),
    responses(
        (status = 200, description = "The step is as it should be", body = CheckedView),
        (status = 400, description = "A field is not", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has that", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    client: ClientIp,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<CheckedView>, Problem> {
    let draft = body
        .get("payload")
        .and_then(Value::as_object)
        .unwrap_or(&body);
    count_attempt(&state, client, draft).await?;
    let step = Step::read(body.get("step")).map_err(|error| not_ok(error.into()))?;
    let verdict = validate_registration::run(&state.deps, step, draft)
        .await
        .map_err(not_ok)?;
    Ok(Reply::ok(CheckedView::of(verdict)))
}
