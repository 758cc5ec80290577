//! Shops.

mod accept;
mod assign_owner;
mod body;
mod buy_quota;
mod by_letter;
mod check_cuit;
mod check_email;
mod create;
mod delete;
mod edit;
mod featured;
mod get;
mod list;
mod map;
mod map_view;
mod moderate;
mod purchase_view;
mod register;
mod registration;
mod reset_password;
mod send_invite;
mod suspend_agenda;
mod toggle_penalty;
mod validate;
pub(super) mod views;

use avvivo_domain::{
    identity::Caller,
    shops::{ShopError, view::Viewer},
};
use avvivo_http_kit::{CacheNotice, CacheRule, Caller as SignedIn, Problem, Reply, cache::Param};
use avvivo_kernel::ShopId;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::refused;
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
        .routes(routes!(buy_quota::streams))
        .routes(routes!(buy_quota::reels))
        .routes(routes!(assign_owner::handle))
        .routes(routes!(accept::handle))
        .routes(routes!(toggle_penalty::handle))
        .routes(routes!(moderate::activate))
        .routes(routes!(moderate::reject))
        .routes(routes!(suspend_agenda::handle))
        .routes(routes!(moderate::lift_suspension))
        .routes(routes!(reset_password::handle))
        .routes(routes!(send_invite::handle))
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

fn viewer(caller: Option<&SignedIn<Caller>>) -> Viewer {
    Viewer::of(caller.map(|SignedIn(caller)| caller))
}

/// A list of shops: the bytes that are kept under `key`, or where nothing is kept, what is found for who asks.
async fn listed<T, F>(
    state: &ApiState,
    (notice, rule): (CacheNotice, &CacheRule),
    key: Option<impl IntoIterator<Item = Param>>,
    compute: impl FnOnce() -> F,
) -> Result<Response, Problem>
where
    T: Serialize,
    F: Future<Output = Result<T, Problem>>,
{
    match key {
        Some(key) => {
            let kept = state.cache.respond(notice, rule, key, compute).await?;
            Ok(kept.into_response())
        }
        None => Ok(Reply::ok(compute().await?).into_response()),
    }
}
