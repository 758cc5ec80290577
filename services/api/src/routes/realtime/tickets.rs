//! Tickets for event streams.

use avvivo_app::realtime::issue_ticket::{self, GOOD_FOR};
use avvivo_domain::identity::Caller;
use avvivo_http_kit::{Caller as SignedIn, JsonBody, Problem, Reply};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{routes::ProblemView, state::ApiState};

/// What the stream shall carry.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = TicketRequest)]
pub(crate) struct Body {
    /// `chat`, `reels`, `client:<account>` or `shop:<shop>`; all that the caller may hear unless said.
    topics: Option<Vec<String>>,
}

/// Opens one stream, once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ticket)]
pub(crate) struct TicketView {
    /// A secret: for `GET /realtime/stream?ticket=…`.
    ticket: String,
    /// How many seconds it may be used.
    expires_in: i64,
}

/// Gives a ticket for an event stream
///
/// A browser's `EventSource` cannot send headers. The ticket is good once, for half a minute; rights are looked up again
/// when it is used, and the stream ends with the token that asked for the ticket.
#[utoipa::path(
    post,
    path = "/realtime/tickets",
    operation_id = "issue_realtime_ticket",
    tag = "realtime",
    request_body = Body,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The ticket", body = TicketView),
        (status = 400, description = "No such topic, or too many", body = ProblemView, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = ProblemView, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's topic", body = ProblemView, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests", body = ProblemView, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    SignedIn(caller): SignedIn<Caller>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Reply<TicketView>, Problem> {
    let topics = body.topics.unwrap_or_default();
    let ticket = issue_ticket::run(&state.deps, &caller, &topics).await?;
    Ok(Reply::ok(TicketView {
        ticket,
        expires_in: GOOD_FOR.num_seconds(),
    }))
}
