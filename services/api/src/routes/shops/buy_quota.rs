//! Buying quota.

use avvivo_app::shops::buy_quota::{self, Order};
use avvivo_domain::{identity::Caller, shops::purchase::Pack};
use avvivo_http_kit::{Caller as SignedIn, JsonBody, PathParams, Problem, Reply};
use axum::extract::State;
use http::HeaderMap;

use super::{ShopPath, body::Body, purchase_view::BoughtView, refused, viewer};
use crate::{
    routes::{ProblemView, idempotency},
    state::ApiState,
};

/// Buys lives
///
/// A shop asks for them; what an administrator buys is credited at once. The same `Idempotency-Key` gives the same purchase, and a
/// shop that asks for the same twice within a minute has asked once.
#[utoipa::path(
    post,
    path = "/shops/{id}/buy-stream-quota",
    operation_id = "buy_stream_quota",
    tag = "shops",
    params(
        ("id" = String, Path, description = "The shop"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same purchase"),
    ),
    request_body(content = Object, description = "How many, 1 to 1000", example = json!({"amount": 2})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The purchase, and the shop after it", body = BoughtView),
        (status = 400, description = "Not an amount, or the shop may not buy", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn streams(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ShopPath>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<BoughtView>, Problem> {
    buy(&state, caller, &path, Pack::Lives, (&headers, &body)).await
}

/// Buys reels
///
/// A shop asks for them; what an administrator buys is credited at once. The same `Idempotency-Key` gives the same purchase, and a
/// shop that asks for the same twice within a minute has asked once.
#[utoipa::path(
    post,
    path = "/shops/{id}/buy-reel-quota",
    operation_id = "buy_reel_quota",
    tag = "shops",
    params(
        ("id" = String, Path, description = "The shop"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key gives the same purchase"),
    ),
    request_body(content = Object, description = "How many, 1 to 1000", example = json!({"amount": 2})),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The purchase, and the shop after it", body = BoughtView),
        (status = 400, description = "Not an amount, or the shop may not buy", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not this shop's owner", body = ProblemView, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reels(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ShopPath>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<BoughtView>, Problem> {
    buy(&state, caller, &path, Pack::Reels, (&headers, &body)).await
}

async fn buy(
    state: &ApiState,
    caller: Caller,
    path: &ShopPath,
    pack: Pack,
    (headers, body): (&HeaderMap, &Body),
) -> Result<Reply<BoughtView>, Problem> {
    let order = Order {
        pack,
        amount: body.get("amount").cloned(),
        idempotency_key: idempotency::key(headers)?,
    };
    let bought = buy_quota::run(&state.deps, &caller, path.id()?, &order)
        .await
        .map_err(refused)?;
    let viewer = viewer(Some(&SignedIn(caller)));
    Ok(Reply::ok(BoughtView::of(viewer, &bought)))
}
