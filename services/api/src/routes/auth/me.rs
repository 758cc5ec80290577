//! Who calls.

use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, Reply};

use super::views::ContextView;
use crate::routes::ProblemView;

/// Who calls, and as what
///
/// An account comes into being with its first request.
#[utoipa::path(
    get,
    path = "/auth/me",
    operation_id = "get_caller",
    tag = "auth",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller", body = ContextView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(SignedIn(caller): SignedIn<Caller>) -> Reply<ContextView> {
    Reply::ok(caller.into())
}
