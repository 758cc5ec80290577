//! Beginning anew.

use avvivo_app::testpanel;
use avvivo_http_kit::{Problem, Reply, Require};
use avvivo_kernel::ErrorKind;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Admin, routes::ProblemView, state::ApiState};

/// That it is done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TestpanelReset)]
pub(crate) struct ResetView {
    #[schema(example = true)]
    reset: bool,
}

/// Throws everything away
///
/// All shops with all that is theirs, all notifications and conversations, and all accounts that only buy: all of it or, when
/// anything is in the way, nothing. For administrators of a platform for tests (`TESTPANEL_RESET_ENABLED`), which production
/// never is.
#[utoipa::path(
    post,
    path = "/testpanel/reset",
    operation_id = "reset_everything",
    tag = "testpanel",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "It is gone", body = ResetView),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator, or not a platform for tests (`testpanel.not_for_tests`)", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Require(Admin(admin)): Require<Admin>,
) -> Result<Reply<ResetView>, Problem> {
    if !state.pages.testers.reset {
        let message = "Esta plataforma no es de prueba: acá no se borra todo.";
        return Err(Problem::new(
            ErrorKind::Forbidden,
            "testpanel.not_for_tests",
            message,
        ));
    }
    testpanel::reset(&state.deps, &admin).await?;
    Ok(Reply::ok(ResetView { reset: true }))
}
