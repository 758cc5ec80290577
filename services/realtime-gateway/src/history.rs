//! What the rings lack, from the api: events that the bus lost, and older ones for readers that come back.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::events::v1::Event;
use avvivo_kernel::{Clock, Timestamp};
use bytes::Bytes;
use futures::future::join_all;
use prost::Message as _;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    frame::{Frame, moment},
    hub::Hub,
    instruments::{Instruments, Source},
    refusal::Refusal,
    ring,
    topic::TopicRef,
};

/// The bus reorders what different writers publish at once, by milliseconds: a hole that closes by itself is not fetched.
const PATIENCE: Duration = Duration::from_millis(30);
/// Fetches that failed are tried again this often.
const LOOK: Duration = Duration::from_secs(1);
/// And every audience is looked at this often, which takes time that nobody who is connected should have to pay for.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Audiences that are fetched at once.
const AT_ONCE: usize = 8;
/// Events of one fetch, and of all fetches for one reader: what a ring holds.
const STRETCH: u32 = 512;

/// How long a history that does not answer is asked again before its events are given up, and how long between.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// Fetches what the rings lack.
pub(crate) struct History {
    pub(crate) hub: Arc<Hub>,
    pub(crate) api: Arc<Api>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Instruments,
}

/// The frame of an event, whatever it is.
pub(crate) fn frame_of(event: &Event, now: Timestamp) -> Frame {
    let occurred_at = event.occurred_at.and_then(moment).unwrap_or(now);
    Frame::of_event(event, occurred_at).unwrap_or_else(|| {
        tracing::debug!(
            event_id = event.id,
            "an event of a later version is passed over"
        );
        Frame::empty(event.sequence, occurred_at)
    })
}

impl History {
    /// Fills holes as they are found, until `quit`.
    pub(crate) async fn run(&self, quit: CancellationToken) {
        let hub = &self.hub;
        let mut swept = Instant::now();
        loop {
            let rung = async {
                tokio::select! {
                    () = hub.holes.notified() => {}
                    // A fetch that failed has nobody to ring for it.
                    () = sleep(LOOK) => {}
                }
                sleep(PATIENCE).await;
            };
            if quit.run_until_cancelled(rung).await.is_none() {
                return;
            }
            if swept.elapsed() >= SWEEP_EVERY {
                hub.sweep();
                swept = Instant::now();
            }
            if quit.run_until_cancelled(self.fill_all()).await.is_none() {
                return;
            }
        }
    }

    async fn fill_all(&self) {
        let lacking = self.hub.take_lacking();
        for some in lacking.chunks(AT_ONCE) {
            join_all(some.iter().map(|topic| self.fill_or_tell(topic))).await;
        }
        let still = lacking.iter();
        for topic in still.filter(|topic| topic.missing_after().is_some()) {
            self.hub.still_lacks(topic);
        }
    }

    async fn fill_or_tell(&self, topic: &TopicRef) {
        if let Err(error) = self.fill(topic).await {
            tracing::warn!(audience = %topic.name(), %error, "missing events could not be fetched");
        }
    }

    /// Fetches what is missing before events that are known to exist.
    async fn fill(&self, topic: &TopicRef) -> Result<(), Refusal> {
        let fetching = topic.fetching();
        let _one_for_all = fetching.lock().await;
        while let Some(after) = topic.missing_after() {
            let stretch = self.api.replay(topic.name(), after, STRETCH).await?;
            self.instruments
                .replayed(Source::Hole, stretch.events.len());
            let frames = self.frames(&stretch.events);
            // Numbers are given in commits, so whatever is missing was committed: what the history lacks it has forgotten.
            let first = frames.first().map(|frame| frame.sequence);
            let first = first.unwrap_or(stretch.head + 1);
            self.hub.change(topic, |log| {
                if first > after + 1 {
                    self.instruments.lost();
                    tracing::warn!(audience = %topic.name(), after, first, "events are lost");
                    log.give_up_before(first);
                }
                for frame in frames {
                    log.put(frame);
                }
            });
            if topic.head() == Some(after) {
                // Nothing came of it: heard of, but not there. The next look tries again.
                return Ok(());
            }
        }
        Ok(())
    }

    /// Has the ring of an audience reach back to a number, for a reader that was left behind. However it ends, what the ring
    /// has then is all there is.
    pub(crate) async fn catch_up(&self, topic: &TopicRef, after: u64) {
        let reaching = async {
            while let Err(error) = self.reach_back(topic, after).await {
                tracing::debug!(%error, "the history could not be read");
                sleep(TRY_AGAIN).await;
            }
        };
        if timeout(CATCH_UP_LIMIT, reaching).await.is_err() {
            tracing::warn!(audience = %topic.name(), "the history does not answer");
        }
    }

    /// Puts what came after a number, and before the oldest in the ring, into the ring, as far as there is room and the
    /// history has it.
    async fn reach_back(&self, topic: &TopicRef, after: u64) -> Result<(), Refusal> {
        let fetching = topic.fetching();
        let _one_for_all = fetching.lock().await;
        let edges = topic.with_ring(|ring| (ring.floor(), ring.tail(), ring.head()));
        let Some((floor, tail, head)) = edges else {
            return Ok(());
        };
        let room = u64::try_from(ring::MAX_EVENTS).unwrap_or_default();
        let wanted = after.max(floor).max(head.saturating_sub(room));
        let (mut after, mut older) = (wanted, Vec::new());
        while after < tail {
            let stretch = self.api.replay(topic.name(), after, STRETCH).await?;
            let mut frames = self.frames(&stretch.events);
            frames.retain(|frame| frame.sequence <= tail);
            let Some(last) = frames.last() else { break };
            after = last.sequence;
            older.append(&mut frames);
        }
        if wanted < tail {
            self.instruments.replayed(Source::History, older.len());
            self.hub.change(topic, |log| log.prepend(older, wanted));
        }
        Ok(())
    }

    fn frames(&self, events: &[Bytes]) -> Vec<Arc<Frame>> {
        let now = self.clock.now();
        events
            .iter()
            .filter_map(|bytes| Event::decode(bytes.clone()).ok())
            .map(|event| Arc::new(frame_of(&event, now)))
            .collect()
    }
}
