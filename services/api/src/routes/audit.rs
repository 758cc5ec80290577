//! Who changed what, when and why.

mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list::handle))
}
