//! Files on their way to the object store.

mod access;
mod chat_access;
mod chat_confirm;
mod chat_upload_url;
mod reels_confirm;
mod reels_upload;
mod reels_upload_url;
mod reports_upload;
mod reports_view;
mod shops_upload;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(reels_upload_url::handle))
        .routes(routes!(reels_confirm::handle))
        .routes(routes!(chat_upload_url::handle))
        .routes(routes!(chat_confirm::handle))
        .routes(routes!(reels_upload::handle))
        .routes(routes!(shops_upload::handle))
        .routes(routes!(reports_upload::handle))
        .routes(routes!(reports_view::handle))
}
