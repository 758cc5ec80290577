//! A stream that the HTTP server carries: HTTP/2, and whatever else the reactors do not take.
//!
//! It is a body that the server reads from: it takes what there is when the server can take it, so a client that does not
//! read costs the socket's buffers, never more. Whatever may happen to it meets in one `select!`. Dropping it, which is what
//! the server does when the client goes away, gives everything back.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{
    sync::{Notify, broadcast},
    time::sleep_until,
};
use tokio_util::sync::CancellationToken;

use crate::{
    draft::Draft,
    ending::Ending,
    seats::Taken,
    session::{Due, Opening, Revoked, Session, Surroundings},
    topic::TopicRef,
};

/// A stream that is open.
pub(crate) struct Connection {
    around: Arc<Surroundings>,
    session: Session,
    greeting: Option<Bytes>,
    draft: Draft,
    turn: usize,
    notify: Arc<Notify>,
    stopping: CancellationToken,
    leaves: bool,
    /// Rights have changed while it was being opened.
    is_overtaken: bool,
    revocations: broadcast::Receiver<Revoked>,
    ending: Option<Ending>,
}

impl Connection {
    /// Carries a session.
    pub(crate) fn new(around: Arc<Surroundings>, session: Session, opening: Opening) -> Self {
        let notify = Arc::new(Notify::new());
        for topic in session.seats.topics() {
            topic.wake(&notify);
        }
        let revocations = around.revocations.subscribe();
        Self {
            is_overtaken: opening.is_overtaken(&around),
            session,
            greeting: Some(opening.greeting),
            draft: Draft::default(),
            turn: 0,
            notify,
            // A token of its own: a shared one is a lock that every connection would take at every turn.
            stopping: around.stopping.child_token(),
            leaves: false,
            revocations,
            ending: None,
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
        if self.is_overtaken {
            return Some(self.end(Ending::Revoked));
        }
        loop {
            let due = self.around.pace.instant(self.session.next_due());
            tokio::select! {
                // In this order: what ends a stream must not wait for an audience that never rests.
                biased;
                // Without this a stream would outlive the right to read it, and a quiet evening would look like a dead
                // connection to every proxy on the way.
                () = sleep_until(due) => match self.session.due(&self.around) {
                    Due::Nothing => {}
                    Due::Beat(frame) => return Some(frame),
                    Due::End(ending) => return Some(self.end(ending)),
                },
                // Without this the process would be killed with its connections open, which looks like a fault; and all
                // would come back to the others at once.
                () = self.stopping.cancelled(), if !self.leaves => {
                    self.leaves = true;
                    self.session.leave(&self.around);
                }
                // Without this somebody would go on hearing what is no longer theirs.
                revoked = self.revocations.recv() => if self.is_revoked(revoked) {
                    return Some(self.end(Ending::Revoked));
                },
                // Events; or that the ring has moved on without this reader.
                taken = taken(&mut self.session, self.turn, &mut self.draft, &self.notify) => {
                    if let Some(bytes) = self.take(taken).await {
                        return Some(bytes);
                    }
                }
            }
        }
    }

    async fn take(&mut self, taken: Taken) -> Option<Bytes> {
        let Taken::Behind { seat } = taken else {
            return Some(self.write());
        };
        let topic = TopicRef::clone(self.session.seats.topic(seat)?);
        let after = self.session.seats.read_to(seat);
        self.around.history.catch_up(&topic, after).await;
        self.session.give_up(seat, &self.around)
    }

    fn write(&mut self) -> Bytes {
        let bytes = self.draft.bytes();
        // The server takes all of it.
        self.draft.sent(&mut self.session.seats, bytes.len());
        self.session.wrote(self.around.pace.now());
        self.turn = self.turn.wrapping_add(1);
        let (instruments, now) = (&self.around.instruments, self.around.clock.now());
        for name in self.draft.states() {
            instruments.delivered(name, 1);
        }
        if self.draft.events() > 0 {
            instruments.wrote(1);
            instruments.batched(self.draft.events(), self.session.seats.behind());
        }
        for event in self.draft.delivered(bytes.len()) {
            instruments.delivered(event.name(), 1);
            instruments.took(event.name(), event.occurred_at, now);
        }
        Bytes::copy_from_slice(bytes)
    }

    fn is_revoked(&self, heard: Result<Revoked, broadcast::error::RecvError>) -> bool {
        // One that heard too late to know does not know whose.
        heard.map_or(true, |revoked| revoked.concerns(self.session.account()))
    }

    fn end(&mut self, ending: Ending) -> Bytes {
        self.ending = Some(ending);
        self.session.end(ending, &self.around)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for topic in self.session.seats.topics() {
            topic.let_sleep(&self.notify);
        }
        self.around
            .instruments
            .ended(self.ending.unwrap_or(Ending::Client));
    }
}

/// Drafts what there is to take, as soon as there is something. Nothing is lost when this is not waited for to its end.
async fn taken(session: &mut Session, turn: usize, draft: &mut Draft, notify: &Notify) -> Taken {
    loop {
        draft.frames.clear();
        draft.begin(&session.seats);
        session.seats.take_states(draft);
        match session.seats.take(turn, draft) {
            Taken::Behind { .. } | Taken::Nothing if !draft.is_empty() => return Taken::Events,
            Taken::Nothing => notify.notified().await,
            something => return something,
        }
    }
}

#[cfg(test)]
mod tests;
