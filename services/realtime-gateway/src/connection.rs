//! One stream, from its first frame to its last.
//!
//! A connection is a body that the HTTP server reads from: it makes a frame when the server can take one, so a client
//! that does not read costs its queue and the socket's buffers, never more. Whatever may happen to it meets in one
//! `select!`. Dropping it, which is what the server does when the client goes away, gives everything back.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use avvivo_kernel::Clock;
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Grant,
    bus::SharedHub,
    ending::Ending,
    frame::{self, Frame},
    hub::ReaderId,
    instruments::{Instruments, since},
    places::Place,
};

/// Between two `chat:ping`, as clients know it; well below the idle limit of any proxy.
const PING_EVERY: Duration = Duration::from_secs(25);

/// What all connections work with.
pub(crate) struct Surroundings {
    pub(crate) hub: SharedHub,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instruments: Instruments,
    /// Fires when this instance shall be left.
    pub(crate) stopping: CancellationToken,
    /// Over how long connections leave then.
    pub(crate) leave_within: Duration,
}

/// A stream that is open.
pub(crate) struct Connection {
    around: Arc<Surroundings>,
    reader: ReaderId,
    frames: mpsc::Receiver<Arc<Frame>>,
    greeting: Option<Bytes>,
    ping: Interval,
    expiry: Pin<Box<Sleep>>,
    stopping: CancellationToken,
    leave: Option<Pin<Box<Sleep>>>,
    ending: Option<Ending>,
    _place: Place,
}

impl Connection {
    /// Opens a stream of what `grant` allows. It hears everything that is published from here on.
    pub(crate) fn open(around: Arc<Surroundings>, grant: &Grant, place: Place) -> Self {
        let (reader, frames) = around.hub.lock().subscribe(&grant.audiences);
        around.instruments.opened();
        let now = around.clock.now();
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            reader,
            frames,
            greeting: Some(frame::connected(&grant.channel, now)),
            ping,
            expiry: Box::pin(sleep_until(Instant::now() + since(now, grant.expires_at))),
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

    /// The next frame; none after the last.
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
                // In this order: what ends a stream must not wait for a queue that never runs empty.
                biased;
                // Without this a stream would outlive the right to read it.
                () = self.expiry.as_mut() => return Some(self.end(Ending::Expired)),
                // Without this the process would be killed with its connections open, which looks like a fault.
                () = time_to_leave(self.leave.as_mut()) => return Some(self.end(Ending::Draining)),
                // Without this all would leave at once, and come back to the others at once.
                () = self.stopping.cancelled(), if stays => self.leave = Some(Box::pin(sleep(self.patience()))),
                // An event; or the end of the queue, because it was full: one slow reader must not make the bus wait.
                frame = self.frames.recv() => return Some(match frame {
                    Some(frame) => self.write(&frame),
                    None => self.end(Ending::Slow),
                }),
                // Without this a quiet evening would look like a dead connection to every proxy on the way.
                _ = self.ping.tick() => return Some(frame::ping(self.around.clock.now())),
            }
        }
    }

    fn write(&self, frame: &Frame) -> Bytes {
        let latency = since(frame.occurred_at, self.around.clock.now());
        self.around.instruments.written(frame.name, latency);
        frame.bytes.clone()
    }

    /// The last frame. Whatever is published from here on is not for this reader.
    fn end(&mut self, ending: Ending) -> Bytes {
        self.ending = Some(ending);
        self.around.hub.lock().unsubscribe(self.reader);
        tracing::debug!(reason = ending.as_str(), "a stream ends");
        frame::ended(
            ending,
            ending.retry(rand::random()),
            self.around.clock.now(),
        )
    }

    /// How long this connection stays after everybody was asked to leave.
    fn patience(&self) -> Duration {
        self.around.leave_within.mul_f64(rand::random())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.around.hub.lock().unsubscribe(self.reader);
        self.around
            .instruments
            .ended(self.ending.unwrap_or(Ending::Client));
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
