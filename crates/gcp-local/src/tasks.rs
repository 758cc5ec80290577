//! Cloud Tasks: queues that push HTTP requests, retry them and forget them.
//!
//! ```text
//! rest ── engine ── queue (pure: agenda, gate, retry)      one driver a queue: drive()
//!            │         │
//!          rows     attempt ── outcome                     one task an attempt
//! ```
//!
//! Start reading at [`queue`]: what is next, and what an attempt's end means, is decided there
//! without clock, disk or network. [`queue_spec`] and [`task_spec`] have the limits, [`resource`] the
//! JSON; [`queue_calls`] and [`task_calls`] are the methods of the API.

mod attempt;
mod engine;
mod gate;
mod name;
mod outcome;
mod queue;
mod queue_calls;
mod queue_spec;
mod resource;
mod rest;
mod retry;
mod rows;
mod task_calls;
mod task_spec;

use axum::Router;
use axum::routing::any;

use crate::server::StartError;
use crate::state::State;

/// Loads the queues, starts their drivers and serves the API.
pub(crate) async fn routes(state: &State) -> Result<Router, StartError> {
    let engine = engine::Engine::open(state).await?;
    Ok(Router::new()
        .route("/v2/{*path}", any(rest::serve))
        .with_state(engine))
}
