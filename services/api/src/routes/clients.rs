//! What buyers keep: their profile, favourites and reminders. All of it is theirs alone.

mod activity;
mod favorites;
mod me;
mod profile;
mod reminders;
mod views;

use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::refused;
use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(me::show, me::greet))
        .routes(routes!(profile::show, profile::edit))
        .routes(routes!(activity::handle))
        .routes(routes!(favorites::list))
        .routes(routes!(favorites::add, favorites::remove))
        .routes(routes!(reminders::list))
        .routes(routes!(reminders::add, reminders::remove))
}

/// A list in an object, as clients of these routes know lists.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Items<T> {
    items: Vec<T>,
}

impl<T> Items<T> {
    fn of<U: Into<T>>(found: Vec<U>) -> Self {
        Self {
            items: found.into_iter().map(Into::into).collect(),
        }
    }
}
