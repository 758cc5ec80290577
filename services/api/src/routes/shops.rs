//! Shops.

mod accept;
mod activate;
mod assign_owner;
mod body;
mod buy_reel_quota;
mod buy_stream_quota;
mod by_letter;
mod check_cuit;
mod check_email;
mod create;
mod delete;
mod edit;
mod featured;
mod get;
mod lift_suspension;
mod list;
mod map;
mod map_view;
mod purchase_view;
mod register;
mod registration;
mod reject;
mod suspend_agenda;
mod toggle_penalty;
mod validate;
pub(super) mod views;

use avvivo_app::AppError;
use avvivo_domain::{
    identity::Caller,
    shops::{ShopError, view::Viewer},
};
use avvivo_http_kit::{Caller as SignedIn, Problem};
use avvivo_kernel::ShopId;
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::handle, create::handle))
        .routes(routes!(featured::handle))
        .routes(routes!(by_letter::handle))
        .routes(routes!(map::handle))
        .routes(routes!(check_email::handle))
        .routes(routes!(check_cuit::handle))
        .routes(routes!(validate::handle))
        .routes(routes!(register::handle))
        .routes(routes!(get::handle, edit::handle, delete::handle))
        .routes(routes!(buy_stream_quota::handle))
        .routes(routes!(buy_reel_quota::handle))
        .routes(routes!(assign_owner::handle))
        .routes(routes!(accept::handle))
        .routes(routes!(toggle_penalty::handle))
        .routes(routes!(activate::handle))
        .routes(routes!(reject::handle))
        .routes(routes!(suspend_agenda::handle))
        .routes(routes!(lift_suspension::handle))
}

/// The id in a path. One that cannot be an id names no shop.
#[derive(serde::Deserialize)]
pub(crate) struct ShopPath {
    id: String,
}

impl ShopPath {
    fn id(&self) -> Result<ShopId, Problem> {
        self.id
            .parse()
            .map_err(|_: uuid::Error| refused(ShopError::NotFound))
    }
}

/// What old pages expect beside the message.
fn refused(error: impl Into<AppError>) -> Problem {
    Problem::from(error.into()).member("error", json!({}))
}

fn viewer(caller: Option<&SignedIn<Caller>>) -> Viewer {
    Viewer::of(caller.map(|SignedIn(caller)| caller))
}
