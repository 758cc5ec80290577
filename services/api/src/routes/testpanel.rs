//! What testers look at, and how they begin anew.

mod count;
mod reset;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(count::handle))
        .routes(routes!(reset::handle))
}
