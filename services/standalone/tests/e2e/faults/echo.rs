//! A bus that repeats itself, and mixes up what it says: what was committed lately is published once more, out of order, and
//! some of it before whoever committed it comes to publish it.

use std::time::Duration;

use avvivo_contracts::events::v1::Event;
use avvivo_ports::{EventBus as _, OutboundEvent};
use avvivo_wiring::Bus;
use prost::Message as _;
use rand::{Rng as _, rngs::StdRng, seq::SliceRandom as _};
use sqlx::PgPool;
use tokio::time::sleep;
use uuid::Uuid;

use super::tally::Tally;

/// Between two times. Events are handed over within milliseconds, so that some are overtaken.
const PAUSE: Duration = Duration::from_millis(40);

/// Whoever repeats what was said.
pub(super) struct Echo {
    bus: Bus,
    pool: PgPool,
}

impl Echo {
    pub(super) fn new(bus: Bus, pool: PgPool) -> Self {
        Self { bus, pool }
    }

    /// Repeats up to so many of the newest events, so many times.
    pub(super) async fn repeat(&self, times: usize, most: i64, dice: &mut StdRng, tally: &Tally) {
        for _ in 0..times {
            let mut events = self.newest(dice.random_range(1..=most)).await;
            events.shuffle(dice);
            let answers = self.bus.publish(events).await;
            // What was broken before may not have come back yet.
            tally.repeated.add(answers.into_iter().flatten().count());
            sleep(PAUSE).await;
        }
    }

    async fn newest(&self, most: i64) -> Vec<OutboundEvent> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT sequence, event FROM audience_events ORDER BY created_at DESC LIMIT $1",
        )
        .bind(most)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().map(outbound).collect()
    }
}

fn outbound((sequence, event): (i64, Vec<u8>)) -> OutboundEvent {
    let event = Event {
        sequence: sequence.unsigned_abs(),
        ..Event::decode(event.as_slice()).unwrap()
    };
    OutboundEvent {
        id: event.id.parse::<Uuid>().unwrap().into(),
        audience: event.audience.clone(),
        payload: event.encode_to_vec().into(),
    }
}
