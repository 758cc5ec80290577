//! Who somebody is, and what they came for.

mod account_mail;
mod forgot_password;
mod me;
mod onboarding;
mod send_verification;
mod users;
mod views;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::ApiState;

pub(super) fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(me::handle))
        .routes(routes!(onboarding::handle))
        .routes(routes!(onboarding::by_its_other_name))
        .routes(routes!(users::handle))
        .routes(routes!(forgot_password::handle))
        .routes(routes!(send_verification::handle))
}
