//! A shop registers itself.

use avvivo_app::shops::register_shop;
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, ClientIp, JsonBody, Problem, Reply};
use axum::extract::State;
use http::HeaderMap;

use super::{
    body::Body,
    registration::{count_attempt, origin, refused},
    viewer,
    views::ShopView,
};
use crate::{routes::ProblemView, state::ApiState};

/// Registers a shop
///
/// For anybody. It is open at once, without contacts, when it is registered with the verified e-mail of who is signed in; else
/// it waits until somebody proves its e-mail. Refusals name the fields to mark in `fieldErrors`.
#[utoipa::path(
    post,
    path = "/shops/self-register",
    operation_id = "register_shop",
    tag = "shops",
    request_body(
        content = Object,
        example = json!({
            "storeName": "Hilos del Sur", "razonSocial": "Hilos SRL", "cuit": "30-71234567-1",
            "email": "hilos@example.com", "whatsapp": "11 4444-5555",
            "address": {"street": "Helguera", "number": "455", "city": "CABA", "province": "CABA"},
            "consents": {"termsAccepted": true, "contactAccepted": true},
            "socialHandles": {"instagram": "hilosdelsur"}
        })
    ),
    responses(
        (status = 201, description = "The shop, as its sender saw it before it was theirs", body = ShopView),
        (status = 400, description = "A field is not as it should be", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "The account is gone", body = ProblemView, content_type = "application/problem+json"),
        (status = 409, description = "Another shop has that, the account may own none, or somebody uses it who is not signed in (`SIGN_IN_FIRST`)", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    caller: Option<SignedIn<Caller>>,
    client: ClientIp,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<ShopView>, Problem> {
    count_attempt(&state, client, &body).await?;
    let viewer = viewer(caller.as_ref());
    let caller = caller.map(|SignedIn(caller)| caller);
    let origin = origin(client, &headers);
    let shop = register_shop::run(&state.deps, caller.as_ref(), &body, &origin)
        .await
        .map_err(refused)?;
    Ok(Reply::created(ShopView::of(viewer, &shop)))
}
