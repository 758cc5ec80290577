//! Buying lives.

use avvivo_app::shops::buy_quota;
use avvivo_domain::{
    identity::Caller,
    shops::purchase::{Pack, amount},
};
use avvivo_http_kit::{Caller as SignedIn, JsonBody, PathParams, Problem, Reply};
use axum::extract::State;

use super::{ShopPath, body::Body, purchase_view::BoughtView, refused, viewer};
use crate::{routes::ProblemView, state::ApiState};

/// Buys lives
///
/// A shop asks for them; what an administrator buys is credited at once.
#[utoipa::path(
    post,
    path = "/shops/{id}/buy-stream-quota",
    operation_id = "buy_stream_quota",
    tag = "shops",
    params(("id" = String, Path, description = "The shop")),
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
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    PathParams(path): PathParams<ShopPath>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<BoughtView>, Problem> {
    let id = path.id()?;
    caller.must_run_shop(id).map_err(refused)?;
    let wanted = (Pack::Lives, amount(body.get("amount")).map_err(refused)?);
    let bought = buy_quota::run(&state.deps, &caller, id, wanted)
        .await
        .map_err(refused)?;
    let viewer = viewer(Some(&SignedIn(caller)));
    Ok(Reply::ok(BoughtView::of(viewer, &bought)))
}
