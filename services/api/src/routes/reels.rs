//! Reels.

mod create;
mod delete;
mod get;
mod hide;
mod list;
mod list_admin;
mod list_shop;
mod reactivate;
mod showcase;
mod status;
mod view;
mod views;

use avvivo_domain::reels::ReelError;
use avvivo_kernel::ReelId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handle, create::handle))
        .routes(routes!(showcase::handle))
        .routes(routes!(list_admin::handle))
        .routes(routes!(list_shop::handle))
        .routes(routes!(get::handle, delete::handle))
        .routes(routes!(status::handle))
        .routes(routes!(hide::handle))
        .routes(routes!(reactivate::handle))
        .routes(routes!(view::handle))
}

/// The id in a path. One that cannot be an id names no reel.
#[derive(serde::Deserialize)]
pub(crate) struct ReelPath {
    id: String,
}

impl ReelPath {
    fn id(&self) -> Result<ReelId, ReelError> {
        self.id
            .parse()
            .map_err(|_: uuid::Error| ReelError::NotFound)
    }
}
