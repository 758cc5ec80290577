//! One stream, from its first frame to its last.
//!
//! A connection is a body that the HTTP server reads from: it takes what there is when the server can take it, so a client
//! that does not read costs the socket's buffers, never more. Whatever may happen to it meets in one `select!`. Dropping it,
//! which is what the server does when the client goes away, gives everything back.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use avvivo_kernel::Clock;
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::time::{
    Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until, timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Grant,
    ending::Ending,
    frame::{Dialect, Gap},
    history::History,
    hub::{Hub, Resume},
    instruments::{Instruments, since},
    places::Place,
    reader::{Batch, Reader, Taken},
};

/// Between two beats, as clients know it; well below the idle limit of any proxy.
const BEAT_EVERY: Duration = Duration::from_secs(25);

/// How long a history that does not answer is asked again before its events are given up, and how long between.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// What all connections work with.
pub(crate) struct Surroundings {
    pub(crate) hub: Arc<Hub>,
    pub(crate) history: Arc<History>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Instruments,
    /// Fires when this instance shall be left.
    pub(crate) stopping: CancellationToken,
    /// Over how long connections leave then.
    pub(crate) leave_within: Duration,
    /// How old a connection grows, give or take a fifth: then its client comes back, perhaps to another instance.
    pub(crate) max_age: Duration,
}

/// A stream that is open.
pub(crate) struct Connection {
    around: Arc<Surroundings>,
    dialect: Dialect,
    reader: Reader,
    greeting: Option<Bytes>,
    beat: Interval,
    expiry: Pin<Box<Sleep>>,
    age: Pin<Box<Sleep>>,
    stopping: CancellationToken,
    leave: Option<Pin<Box<Sleep>>>,
    ending: Option<Ending>,
    _place: Place,
}

impl Connection {
    /// Opens a stream of what `grant` allows, from where `resume` says.
    pub(crate) fn open(
        around: Arc<Surroundings>,
        dialect: Dialect,
        (grant, resume): (&Grant, &Resume),
        place: Place,
    ) -> Self {
        let reader = around.hub.join(&grant.starts, resume);
        around.instruments.opened(&grant.channel);
        let now = around.clock.now();
        let mut beat = interval_at(Instant::now() + BEAT_EVERY, BEAT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let retry = Ending::Client.retry(rand::random());
        let age = around.max_age.mul_f64(0.8 + 0.4 * rand::random::<f64>());
        Self {
            greeting: Some(dialect.connected(&grant.channel, &reader.cursor(), retry, now)),
            reader,
            dialect,
            beat,
            expiry: Box::pin(sleep_until(Instant::now() + since(now, grant.expires_at))),
            age: Box::pin(sleep(age)),
            // A token of its own: a shared one is a lock that every connection would take at every turn.
            stopping: around.stopping.child_token(),
            leave: None,
            ending: None,
            _place: place,
            around,
        }
    }

    /// The body of the answer.
    pub(crate) fn into_body(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        stream::unfold(self, async |mut connection| {
            let bytes = connection.next().await?;
            Some((Ok(bytes), connection))
        })
    }

    /// The next frames; none after the last.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        if self.ending.is_some() {
            return None;
        }
        loop {
            let stays = self.leave.is_none();
            tokio::select! {
                // In this order: what ends a stream must not wait for an audience that never rests.
                biased;
                // Without this a stream would outlive the right to read it.
                () = self.expiry.as_mut() => return Some(self.end(Ending::Expired)),
                // Without this the process would be killed with its connections open, which looks like a fault.
                () = time_to_leave(self.leave.as_mut()) => return Some(self.end(Ending::Draining)),
                // Without this all would leave at once, and come back to the others at once.
                () = self.stopping.cancelled(), if stays => self.leave = Some(Box::pin(sleep(self.patience()))),
                // Without this an instance that is new would stay empty, and one that is old full.
                () = self.age.as_mut() => return Some(self.end(Ending::Aged)),
                // Events; or that the ring has moved on without this reader.
                taken = taken(&mut self.reader) => match taken {
                    Taken::Frames(batch) => return Some(self.write(batch)),
                    Taken::Behind { seat } => if let Some(notice) = self.catch_up(seat).await {
                        return Some(notice);
                    },
                    Taken::Nothing => {}
                },
                // Without this a quiet evening would look like a dead connection to every proxy on the way.
                _ = self.beat.tick() => {
                    return Some(self.dialect.beat(&self.reader.cursor(), self.around.clock.now()));
                }
            }
        }
    }

    /// Fetches what this reader missed. Nothing, when it can go on reading; what it is told, when something is gone.
    async fn catch_up(&mut self, seat: usize) -> Option<Bytes> {
        let topic = Arc::clone(self.reader.topic(seat)?);
        let after = self.reader.read_to(seat);
        let reaching = async {
            while let Err(error) = self.around.history.reach_back(&topic, after).await {
                tracing::debug!(%error, "the history could not be read");
                sleep(TRY_AGAIN).await;
            }
        };
        // However it ends, what the ring has by then decides.
        drop(timeout(CATCH_UP_LIMIT, reaching).await);
        let (from, to) = self.reader.give_up(seat)?;
        self.around.instruments.missed();
        let gap = Gap {
            topic: topic.name(),
            from,
            to,
        };
        let now = self.around.clock.now();
        Some(self.dialect.gap(&gap, &self.reader.cursor(), now))
    }

    fn write(&self, batch: Batch) -> Bytes {
        let now = self.around.clock.now();
        self.around.instruments.wrote(batch.events.len());
        for event in &batch.events {
            let latency = since(event.occurred_at, now);
            self.around.instruments.delivered(event.name(), latency);
        }
        batch.bytes
    }

    /// The last frame.
    fn end(&mut self, ending: Ending) -> Bytes {
        self.ending = Some(ending);
        tracing::debug!(reason = ending.as_str(), "a stream ends");
        let retry = ending.retry(rand::random());
        self.dialect.ended(ending, retry, self.around.clock.now())
    }

    /// How long this connection stays after everybody was asked to leave.
    fn patience(&self) -> Duration {
        self.around.leave_within.mul_f64(rand::random())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.around
            .instruments
            .ended(self.ending.unwrap_or(Ending::Client));
    }
}

/// What there is to take, as soon as there is something. Nothing is lost when this is not waited for to its end.
async fn taken(reader: &mut Reader) -> Taken {
    loop {
        match reader.take() {
            Taken::Nothing => reader.woken().await,
            something => return something,
        }
    }
}

/// Never, for one who stays.
async fn time_to_leave(leave: Option<&mut Pin<Box<Sleep>>>) {
    match leave {
        Some(leave) => leave.as_mut().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
