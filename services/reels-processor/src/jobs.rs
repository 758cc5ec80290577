//! The queue's task as HTTP: who may bring it, what it says, what it is answered.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::jobs::v1::RenderReel;
use avvivo_http_kit::{Oidc, OidcGuard, Problem, Reply};
use avvivo_kernel::{Clock, ErrorKind, Timestamp};
use avvivo_tokens::OidcVerifier;
use axum::{Router, body::Body, extract::State, response::IntoResponse, routing::post};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use prost::Message as _;
use serde_json::json;

use crate::renderer::{Outcome, RenderJob, Renderer};

/// Where tasks are posted to.
pub(crate) const RENDER_PATH: &str = "/jobs/reels/render";

/// A job is two ids and a trace context: some hundred bytes.
const MOST_BYTES: usize = 16 * 1024;

/// When to come back to an instance that has no place: about the rest of an ordinary render.
const CROWDED_WAIT: Duration = Duration::from_secs(10);
/// When to come back after a failure that may pass.
const FAILED_WAIT: Duration = Duration::from_secs(15);
/// When another instance has taken over.
const STOPPING_WAIT: Duration = Duration::from_secs(5);
/// The longest wait for another renderer's lease, which is renewed anyway.
const BUSY_WAIT_LIMIT: Duration = Duration::from_mins(1);

/// What the handler needs.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) renderer: Renderer,
    pub(crate) queue: OidcVerifier,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The queue, and nobody else.
struct Queue;

impl OidcGuard<Desk> for Queue {
    fn verifier(desk: &Desk) -> &OidcVerifier {
        &desk.queue
    }
}

pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route(RENDER_PATH, post(render))
        .with_state(desk)
}

/// Renders the reel that a task names. The token is looked at before the body is.
async fn render(
    _queue: Oidc<Queue>,
    State(desk): State<Desk>,
    body: Body,
) -> Result<impl IntoResponse, Problem> {
    let job = match read(body).await? {
        Ok(job) => job,
        Err(reason) => {
            // Only our own relay writes tasks, so this is a defect to look into; the queue cannot mend it.
            tracing::error!(reason, "a task that cannot be read is dropped");
            return Ok(Reply::ok(json!({"outcome": "dropped"})));
        }
    };
    let outcome = desk.renderer.render(job).await;
    answer(outcome, desk.clock.now())
}

/// The job in a body; or why there is none in it and never will be. An error is a body that did not arrive.
async fn read(body: Body) -> Result<Result<RenderJob, String>, Problem> {
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(whole) => Ok(decode(whole.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            Ok(Err(format!("longer than {MOST_BYTES} bytes")))
        }
        Err(error) => {
            let problem = come_back(
                "request.body_interrupted",
                "La tarea llegó incompleta.",
                FAILED_WAIT,
            );
            Err(problem.caused_by(error))
        }
    }
}

fn decode(bytes: Bytes) -> Result<RenderJob, String> {
    let message = RenderReel::decode(bytes).map_err(|error| error.to_string())?;
    Ok(RenderJob {
        reel: message
            .reel_id
            .parse()
            .map_err(|_| "the reel's id is not a UUID".to_owned())?,
        version: message.version,
        traceparent: Some(message.traceparent).filter(|text| !text.is_empty()),
    })
}

fn answer(outcome: Outcome, now: Timestamp) -> Result<Reply<serde_json::Value>, Problem> {
    match outcome {
        Outcome::Published | Outcome::GivenUp | Outcome::NothingToDo | Outcome::LeaseLost => {
            Ok(Reply::ok(json!({"outcome": outcome.as_str()})))
        }
        Outcome::Busy { until } => {
            let left = until
                .signed_duration_since(now)
                .to_std()
                .unwrap_or_default();
            let message = "Otro proceso está procesando esta historia.";
            Err(not_yet("render.busy", message, left.min(BUSY_WAIT_LIMIT)))
        }
        Outcome::Crowded => {
            let message = "No hay lugar para procesar otra historia ahora.";
            Err(come_back("render.crowded", message, CROWDED_WAIT))
        }
        Outcome::TryAgain { code } => {
            let message = "La historia no se pudo procesar. Se va a reintentar.";
            Err(not_yet("render.try_again", message, FAILED_WAIT).member("reason", code))
        }
        Outcome::Stopping => {
            let message = "El servicio se está deteniendo.";
            Err(come_back("service.stopping", message, STOPPING_WAIT))
        }
    }
}

/// This task alone comes back later; the queue goes on with others at its pace.
fn not_yet(code: &'static str, message: &str, wait: Duration) -> Problem {
    Problem::new(ErrorKind::Conflict, code, message).retry_after(wait)
}

/// There is no room or no service for any task: a 503 tells the queue to slow down as a whole.
fn come_back(code: &'static str, message: &str, wait: Duration) -> Problem {
    Problem::new(ErrorKind::Unavailable, code, message).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use http::header::RETRY_AFTER;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_settled_is_forgotten_and_the_rest_comes_back() {
        for settled in [
            Outcome::Published,
            Outcome::GivenUp,
            Outcome::NothingToDo,
            Outcome::LeaseLost,
        ] {
            assert!(answer(settled, now()).is_ok(), "{settled:?}");
        }
        let until = now() + TimeDelta::milliseconds(41_200);
        for (open, status, seconds) in [
            // Of this reel alone: a 503 would slow the queue down for all.
            (Outcome::Busy { until }, 409, "42"),
            (Outcome::Busy { until: now() }, 409, "1"),
            (
                Outcome::Busy {
                    until: now() + TimeDelta::hours(1),
                },
                409,
                "60",
            ),
            (Outcome::Crowded, 503, "10"),
            (
                Outcome::TryAgain {
                    code: "storage.unavailable",
                },
                409,
                "15",
            ),
            (Outcome::Stopping, 503, "5"),
        ] {
            let response = answer(open, now()).err().unwrap().into_response();
            assert_eq!(response.status(), status, "{open:?}");
            assert_eq!(response.headers()[RETRY_AFTER], seconds, "{open:?}");
        }
    }

    #[test]
    fn a_message_without_a_reel_is_no_job() {
        let message = RenderReel {
            reel_id: "7".to_owned(),
            version: 1,
            traceparent: String::new(),
        };
        assert!(decode(message.encode_to_vec().into()).is_err());
        assert!(decode(Bytes::from_static(b"{\"reelId\":1}")).is_err());
    }
}
