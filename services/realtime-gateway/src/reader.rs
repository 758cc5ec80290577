//! A reader: a place in each of its audiences, and what it takes from there.

use std::{collections::HashSet, sync::Arc};

use avvivo_contracts::cursor::{Cursor, Place, write_part};
use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::{
    frame::Frame,
    hub::{Hub, Topic},
    ring::After,
};

/// How much is taken at once: what one write to a socket takes anyway.
const MAX_EVENTS: usize = 64;
const MAX_BYTES: usize = 64 << 10;

/// A place in one audience.
pub(crate) struct Seat {
    topic: Arc<Topic>,
    place: Place,
    /// Its cursor is none of ours, or is ahead of everything there is and so from another past than ours.
    is_astray: bool,
}

impl Seat {
    /// At a place.
    pub(crate) fn new(topic: Arc<Topic>, place: Place) -> Self {
        Self {
            topic,
            place,
            is_astray: false,
        }
    }

    /// The audience.
    pub(crate) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// Nobody knows where it was.
    pub(crate) fn lose_way(&mut self) {
        self.is_astray = true;
    }

    /// Goes on from a cursor's place. `head` is the audience's last number.
    pub(crate) fn resume(&mut self, place: Place, head: u64) {
        if place > Place::after(head) && place != Place::within(head + 1) {
            self.is_astray = true;
        } else {
            self.place = place;
        }
    }
}

/// What there was to take.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Nothing.
    Nothing,
    /// These bytes; they are this many events, the oldest of them from then.
    Frames(Batch),
    /// The ring of this audience no longer has what comes after this place.
    Behind {
        /// Which audience, by its seat.
        seat: usize,
    },
}

/// Frames that were taken.
#[derive(Debug)]
pub(crate) struct Batch {
    /// As they are written.
    pub(crate) bytes: Bytes,
    /// The events, for those who measure.
    pub(crate) events: Vec<Arc<Frame>>,
}

/// A reader. Dropping it gives its seats back.
pub(crate) struct Reader {
    id: u64,
    hub: Arc<Hub>,
    seats: Vec<Seat>,
    notify: Arc<Notify>,
    /// The seat that is looked at first next time, so that none starves.
    turn: usize,
}

impl Reader {
    /// Seated already.
    pub(crate) fn new(id: u64, hub: Arc<Hub>, seats: Vec<Seat>, notify: Arc<Notify>) -> Self {
        Self {
            id,
            hub,
            seats,
            notify,
            turn: 0,
        }
    }

    /// Returns when there may be something to take.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Where the reader stands.
    pub(crate) fn cursor(&self) -> Cursor {
        self.seats
            .iter()
            .map(|seat| (seat.topic.tag(), seat.place))
            .collect()
    }

    /// The audience of a seat.
    pub(crate) fn topic(&self, seat: usize) -> Option<&Arc<Topic>> {
        self.seats.get(seat).map(Seat::topic)
    }

    /// The last number that was read to its end in the audience of a seat.
    pub(crate) fn read_to(&self, seat: usize) -> u64 {
        self.seats
            .get(seat)
            .map(|seat| seat.place.sequence())
            .unwrap_or_default()
    }

    /// What was never read of the audience of a seat is given up: the reader goes on with what the ring has. Answers the
    /// first and the last number that it misses; nothing, when the ring has it all by now.
    pub(crate) fn give_up(&mut self, seat: usize) -> Option<(u64, u64)> {
        let seat = self.seats.get_mut(seat)?;
        let (tail, head) = seat.topic.with_ring(|ring| (ring.tail(), ring.head()))?;
        if std::mem::take(&mut seat.is_astray) {
            seat.place = Place::after(head);
            return Some((head, head));
        }
        let first = seat.place.sequence() + 1;
        if first > tail {
            return None;
        }
        seat.place = Place::after(tail);
        Some((first, tail))
    }

    /// Takes what there is, each audience in order, as much as fits into one write.
    pub(crate) fn take(&mut self) -> Taken {
        let mut bytes = BytesMut::new();
        let mut events = Vec::new();
        let count = self.seats.len();
        for step in 0..count {
            let index = (self.turn + step) % count;
            let room = MAX_EVENTS.saturating_sub(events.len());
            let Some(fresh) = self.fresh(index, room) else {
                if events.is_empty() {
                    return Taken::Behind { seat: index };
                }
                break;
            };
            for event in fresh {
                self.write(index, &event, &mut bytes);
                events.push(event);
                if bytes.len() >= MAX_BYTES {
                    break;
                }
            }
            if events.len() >= MAX_EVENTS || bytes.len() >= MAX_BYTES {
                break;
            }
        }
        if count > 0 {
            self.turn = (self.turn + 1) % count;
        }
        if bytes.is_empty() {
            return Taken::Nothing;
        }
        Taken::Frames(Batch {
            bytes: bytes.freeze(),
            events,
        })
    }

    /// Events after the place of a seat; nothing, when the ring does not have them. Of states that were overtaken by later
    /// ones only the latest is taken.
    fn fresh(&self, index: usize, room: usize) -> Option<Vec<Arc<Frame>>> {
        let seat = self.seats.get(index)?;
        if seat.is_astray {
            return None;
        }
        let found = seat.topic.with_ring(|ring| match ring.after(seat.place) {
            After::Behind => None,
            After::Events(events) => Some(events.take(room).cloned().collect::<Vec<_>>()),
        });
        // While the head is not known there is nothing to take, and nobody is behind.
        found.unwrap_or_else(|| Some(Vec::new())).map(overtaken)
    }

    fn write(&mut self, index: usize, event: &Frame, into: &mut BytesMut) {
        let parts = event.parts();
        let begun = self
            .seats
            .get(index)
            .is_some_and(|seat| seat.place == Place::within(event.sequence));
        let last = parts.len().saturating_sub(1);
        for (number, part) in parts.iter().enumerate() {
            let place = if number == last {
                Place::after(event.sequence)
            } else {
                Place::within(event.sequence)
            };
            if let Some(seat) = self.seats.get_mut(index) {
                seat.place = place;
            }
            if begun && number == 0 && last > 0 {
                continue;
            }
            into.extend_from_slice(b"event: ");
            into.extend_from_slice(part.name.as_bytes());
            into.extend_from_slice(b"\n");
            self.write_id(into);
            into.extend_from_slice(&part.data);
        }
        if parts.is_empty()
            && let Some(seat) = self.seats.get_mut(index)
        {
            seat.place = Place::after(event.sequence);
        }
    }

    /// The `id:` line of where the reader stands.
    fn write_id(&self, into: &mut BytesMut) {
        into.extend_from_slice(b"id: ");
        for (number, seat) in self.seats.iter().enumerate() {
            if number > 0 {
                into.extend_from_slice(b".");
            }
            // Writing to memory cannot fail.
            write_part(&mut Text(into), seat.topic.tag(), seat.place).unwrap_or_default();
        }
        into.extend_from_slice(b"\n");
    }
}

/// Without the states that a later event of the same batch replaces. The last of a batch always stays, so places move on.
fn overtaken(events: Vec<Arc<Frame>>) -> Vec<Arc<Frame>> {
    if events.len() < 2 || events.iter().all(|event| event.state().is_none()) {
        return events;
    }
    let mut latest = HashSet::new();
    let mut kept: Vec<_> = events
        .iter()
        .rev()
        .filter(|event| event.state().is_none_or(|state| latest.insert(state)))
        .cloned()
        .collect();
    kept.reverse();
    kept
}

/// Text into bytes.
struct Text<'b>(&'b mut BytesMut);

impl std::fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for seat in &self.seats {
            seat.topic.leave(self.id);
        }
        self.hub.left();
    }
}
