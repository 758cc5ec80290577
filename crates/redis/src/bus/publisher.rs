//! Publishes in order within an audience: a pipeline at a time, confirmed by Redis' answers.
//!
//! The connection is made when it is first needed, shared by all publishers of the process, and let go after any failure:
//! what its state is then is nobody's guess. A batch whose answers did not come may have been published; it is published
//! again, and readers know what is repeated by its number.

use std::{collections::HashSet, iter};

use avvivo_ports::{BusError, OutboundEvent};
use redis::{AsyncConnectionConfig, Client, Pipeline, aio::MultiplexedConnection};
use tokio::sync::Mutex;

use super::{ANSWER_LIMIT, CONNECT_LIMIT, channels::Channels, refused, unavailable, within};

/// Events of one pipeline, and bytes: what is copied at once, and what one answer is waited for.
const TURN_EVENTS: usize = 256;
const TURN_BYTES: usize = 4 << 20;

/// Longest event in bytes. Redis would take more, and make everybody wait for it; the other bus takes no more either.
const EVENT_LIMIT: usize = 1_000_000;

/// Longest audience in bytes, as on the other bus.
const AUDIENCE_LIMIT: usize = 1_024;

pub(super) struct Publisher {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Publisher {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            connection: Mutex::new(None),
        }
    }

    /// Publishes in the order given; answers in that order. After the first failure of an audience the rest of it fails as
    /// well. A Redis that is away for some is away for all: asking on would only cost as many limits.
    pub(super) async fn publish(
        &self,
        channels: &Channels,
        events: &[OutboundEvent],
    ) -> Vec<Result<(), BusError>> {
        let mut answers = Vec::with_capacity(events.len());
        let mut failed = HashSet::new();
        let mut away = None;
        for turn in turns(events) {
            let judged: Vec<_> = turn.iter().map(|event| judge(event, &mut failed)).collect();
            if away.is_none() {
                let sound = turn.iter().zip(&judged);
                let sound = sound.filter_map(|(event, judged)| judged.is_ok().then_some(event));
                away = self.pipeline(channels, sound).await.err();
            }
            let outcome =
                |judged: Result<(), BusError>| judged.and(away.clone().map_or(Ok(()), Err));
            answers.extend(judged.into_iter().map(outcome));
        }
        answers
    }

    async fn pipeline(
        &self,
        channels: &Channels,
        events: impl Iterator<Item = &OutboundEvent>,
    ) -> Result<(), BusError> {
        let mut commands = Pipeline::new();
        for event in events {
            let channel = channels.of_audience(&event.audience);
            commands.publish(channel, event.payload.as_ref()).ignore();
        }
        if commands.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let published = within(ANSWER_LIMIT, commands.exec_async(&mut connection)).await;
        if published.is_err() {
            *self.connection.lock().await = None;
        }
        published
    }

    async fn connection(&self) -> Result<MultiplexedConnection, BusError> {
        // Held while connecting, so that one connects for all.
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        // The limits are ours, here and at every call.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connecting = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let fresh = within(CONNECT_LIMIT, connecting).await?;
        *kept = Some(fresh.clone());
        Ok(fresh)
    }
}

/// The events in pieces, each of which is one pipeline.
fn turns(events: &[OutboundEvent]) -> impl Iterator<Item = &[OutboundEvent]> {
    let mut rest = events;
    iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |event: &&OutboundEvent| {
            let before = bytes;
            bytes += event.payload.len();
            before < TURN_BYTES
        };
        let count = rest.iter().take(TURN_EVENTS).take_while(fits).count();
        let (turn, later) = rest.split_at(count);
        rest = later;
        (!turn.is_empty()).then_some(turn)
    })
}

/// Whether an event can be sent at all, and is not behind one that cannot.
fn judge<'e>(event: &'e OutboundEvent, failed: &mut HashSet<&'e str>) -> Result<(), BusError> {
    let audience = event.audience.as_str();
    if failed.contains(audience) {
        return Err(unavailable("an earlier event of the same audience failed"));
    }
    let size = event.payload.len();
    let judged = if size > EVENT_LIMIT {
        Err(refused(format!(
            "an event of {size} bytes; the limit is {EVENT_LIMIT}"
        )))
    } else if audience.is_empty() || audience.len() > AUDIENCE_LIMIT {
        let size = audience.len();
        Err(refused(format!(
            "an audience of {size} bytes; 1 to {AUDIENCE_LIMIT} are allowed"
        )))
    } else {
        Ok(())
    };
    if judged.is_err() {
        failed.insert(audience);
    }
    judged
}

#[cfg(test)]
mod tests {
    use avvivo_kernel::EventId;
    use uuid::Uuid;

    use super::*;

    fn event(audience: &str, bytes: usize) -> OutboundEvent {
        OutboundEvent {
            id: EventId::from(Uuid::nil()),
            audience: audience.to_owned(),
            payload: vec![0; bytes].into(),
        }
    }

    #[test]
    fn a_pipeline_is_bounded_by_events_and_by_bytes() {
        let many: Vec<_> = (0..600).map(|_| event("shop:1", 10)).collect();
        let sizes: Vec<_> = turns(&many).map(<[_]>::len).collect();
        assert_eq!(sizes, [256, 256, 88]);
        let large: Vec<_> = (0..10).map(|_| event("shop:1", 1_000_000)).collect();
        let sizes: Vec<_> = turns(&large).map(<[_]>::len).collect();
        assert_eq!(sizes, [5, 5]);
        assert_eq!(turns(&[]).count(), 0);
    }

    #[test]
    fn what_cannot_be_sent_holds_back_its_audience_and_nobody_else() {
        let events = [
            event("shop:1", 1),
            event("shop:1", EVENT_LIMIT + 1),
            event("shop:2", 1),
            event("shop:1", 1),
            event("", 1),
        ];
        let mut failed = HashSet::new();
        let judged: Vec<_> = events
            .iter()
            .map(|event| judge(event, &mut failed))
            .collect();
        assert!(matches!(
            judged.as_slice(),
            [
                Ok(()),
                Err(BusError::Refused { .. }),
                Ok(()),
                Err(BusError::Unavailable { .. }),
                Err(BusError::Refused { .. })
            ]
        ));
    }
}
