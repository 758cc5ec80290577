//! Pages for those with whom a link is shared: chats and networks make a preview of them, browsers go on into the app.

mod page;
mod reel;
mod stream;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(reel::handle))
        .routes(routes!(stream::handle))
}

/// The id in a path. One that cannot be an id names nothing.
#[derive(serde::Deserialize)]
pub(crate) struct SharePath {
    id: String,
}
