//! What opens event streams.

mod tickets;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(tickets::handle))
}
