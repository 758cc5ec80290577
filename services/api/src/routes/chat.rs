//! Conversations. Clients and shops have the same endpoints under two roots, which differ in what lists are called.

mod access;
mod conversations;
mod messages;
mod open;
mod read;
mod send;
mod typing;
mod views;

use avvivo_app::AppError;
use avvivo_contracts::cursor::Cursor;
use avvivo_http_kit::Problem;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

/// Where the participant's event stream goes on after this answer: `?since=` of the stream.
pub(crate) const X_REALTIME_CURSOR: HeaderName = HeaderName::from_static("x-realtime-cursor");

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(conversations::of_client))
        .routes(routes!(open::handle))
        .routes(routes!(messages::of_client, send::by_client))
        .routes(routes!(read::by_client))
        .routes(routes!(typing::by_client))
        .routes(routes!(conversations::of_shop))
        .routes(routes!(messages::of_shop, send::by_shop))
        .routes(routes!(read::by_shop))
        .routes(routes!(typing::by_shop))
}

/// A refusal; only what the chat itself refuses has what old pages know.
fn refused(error: AppError) -> Problem {
    if matches!(error, AppError::Chat(_)) {
        super::refused(error)
    } else {
        error.into()
    }
}

fn with_cursor(mut response: Response, cursor: &Cursor) -> Response {
    if let Ok(cursor) = HeaderValue::try_from(cursor.to_string()) {
        response.headers_mut().insert(X_REALTIME_CURSOR, cursor);
    }
    response
}
