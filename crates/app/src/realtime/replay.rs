//! What an audience was told after some number.

use avvivo_postgres::{history, outbox};

use super::numbered;
use crate::{AppError, Deps};

/// Events of one answer: what a gateway's ring holds.
const MAX_EVENTS: u32 = 512;
/// Bytes of one answer, the last event included: well below what gRPC takes in one message.
const MAX_BYTES: usize = 1 << 20;

/// A stretch of what an audience was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Encoded events, in order.
    pub events: Vec<Vec<u8>>,
    /// The number of the audience's last event.
    pub head: u64,
}

/// Events of `audience` after a number, at most `limit`.
pub async fn run(deps: &Deps, audience: &str, after: u64, limit: u32) -> Result<Stretch, AppError> {
    let mut conn = deps.db.acquire().await?;
    // First: an event that is committed between the two is fetched later, instead of being taken for lost.
    let head = outbox::last_number(&mut conn, audience).await?;
    let limit = i64::from(limit.min(MAX_EVENTS));
    let told = history::list_after(&mut conn, audience, after, limit).await?;
    let mut events = Vec::with_capacity(told.len());
    let mut bytes = 0;
    for event in told {
        if bytes > MAX_BYTES {
            break;
        }
        let event = numbered(event.event, event.sequence);
        bytes += event.len();
        events.push(event);
    }
    Ok(Stretch { events, head })
}
