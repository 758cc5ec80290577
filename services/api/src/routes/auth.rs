//! Who somebody is, and what they came for.

mod account_mail;
mod me;
mod onboarding;
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
        .routes(routes!(account_mail::forgot_password))
        .routes(routes!(account_mail::send_verification))
}
