//! A reader: a place in each of its audiences, and what it takes from there.

use std::{collections::HashSet, sync::Arc};

use avvivo_contracts::cursor::{Cursor, Place};

use crate::{
    draft::Draft,
    frame::Frame,
    grants::GrantRef,
    hub::{Hub, Resume},
    ring::After,
    topic::{Topic, TopicRef},
};

/// A place in one audience. Which audience, the grant says.
pub(crate) struct Seat {
    place: Place,
    /// Where a reactor finds it among the audience's seats there; and the highest bit: nobody knows where it was.
    at: u32,
    /// The version of the audience's states that it was told.
    told: u32,
}

/// The cursor is none of ours, or is ahead of everything there is and so from another past than ours.
const ASTRAY: u32 = 1 << 31;

impl Seat {
    /// At a place.
    fn new(place: Place) -> Self {
        Self {
            place,
            at: 0,
            told: 0,
        }
    }

    /// How far it has read.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Where a reactor finds it among the audience's seats there.
    pub(crate) fn at(&self) -> u32 {
        self.at & !ASTRAY
    }

    /// A reactor has put it there.
    pub(crate) fn put(&mut self, at: u32) {
        self.at = self.at & ASTRAY | at & !ASTRAY;
    }

    /// The version of the states that it was told.
    pub(crate) fn told(&self) -> u32 {
        self.told
    }

    /// It was told that version of the states.
    pub(crate) fn tell(&mut self, version: u32) {
        self.told = self.told.max(version);
    }

    /// Nobody knows where it was.
    pub(crate) fn is_astray(&self) -> bool {
        self.at & ASTRAY != 0
    }

    /// Goes on from a cursor's place. `head` is the audience's last number.
    fn resume(&mut self, place: Place, head: u64) {
        if is_ahead(place, head) {
            self.at |= ASTRAY;
        } else {
            self.place = place;
        }
    }

    /// Events after a place; nothing, when the ring does not have them. Of states that were overtaken by later ones only
    /// the latest is taken.
    fn fresh(&self, topic: &Topic, place: Place, room: usize) -> Option<Vec<Arc<Frame>>> {
        if self.is_astray() {
            return None;
        }
        let found = topic.with_ring(|ring| match ring.after(place) {
            After::Behind => None,
            After::Events(events) => Some(events.take(room).cloned().collect::<Vec<_>>()),
        });
        // While the head is not known there is nothing to take, and nobody is behind.
        found.unwrap_or_else(|| Some(Vec::new())).map(overtaken)
    }
}

/// Whether a place is beyond everything that an audience was told.
pub(crate) fn is_ahead(place: Place, head: u64) -> bool {
    place > Place::after(head) && place != Place::within(head + 1)
}

/// What there was to take.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing.
    Nothing,
    /// Something, or no room for it.
    Events,
    /// The ring of this audience no longer has what comes after this place.
    Behind {
        /// Which audience, by its seat.
        seat: usize,
    },
}

/// The seats of a reader, one in each audience of its grant. Dropping them gives them back.
pub(crate) struct Seats {
    hub: Arc<Hub>,
    grant: GrantRef,
    each: Box<[Seat]>,
}

impl Seats {
    /// Taken already, at the end of what there is in each audience.
    pub(crate) fn new(hub: Arc<Hub>, grant: GrantRef, heads: &[u64]) -> Self {
        let each = heads.iter().map(|head| Seat::new(Place::after(*head)));
        Self {
            hub,
            grant,
            each: each.collect(),
        }
    }

    /// The right to them.
    pub(crate) fn grant(&self) -> &GrantRef {
        &self.grant
    }

    /// The audiences.
    pub(crate) fn topics(&self) -> &[TopicRef] {
        &self.grant.topics
    }

    /// One of the audiences.
    pub(crate) fn topic(&self, seat: usize) -> Option<&TopicRef> {
        self.grant.topics.get(seat)
    }

    fn iter(&self) -> impl Iterator<Item = (&TopicRef, &Seat)> {
        self.grant.topics.iter().zip(&self.each)
    }

    /// How far it has read each.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        self.each.iter().map(Seat::place)
    }

    /// One.
    pub(crate) fn get(&self, seat: usize) -> Option<&Seat> {
        self.each.get(seat)
    }

    /// One.
    pub(crate) fn get_mut(&mut self, seat: usize) -> Option<&mut Seat> {
        self.each.get_mut(seat)
    }

    /// Goes on from where a reader was in each audience whose last number that is.
    pub(crate) fn resume(&mut self, resume: &Resume, heads: &[u64]) {
        let place = |topic: &TopicRef| match resume {
            Resume::From(cursor) => cursor.place_of(topic.tag()),
            Resume::Now | Resume::Unknown => None,
        };
        let is_unknown = match resume {
            Resume::Now => false,
            Resume::From(_) => self.topics().iter().all(|topic| place(topic).is_none()),
            Resume::Unknown => true,
        };
        for ((topic, seat), head) in self.grant.topics.iter().zip(&mut self.each).zip(heads) {
            if is_unknown {
                seat.at |= ASTRAY;
            } else if let Some(place) = place(topic) {
                seat.resume(place, *head);
            }
        }
    }

    /// It has read that far.
    pub(crate) fn move_to(&mut self, seat: usize, place: Place) {
        if let Some(seat) = self.each.get_mut(seat) {
            seat.place = place;
        }
    }

    /// Where the reader stands.
    pub(crate) fn cursor(&self) -> Cursor {
        self.iter()
            .map(|(topic, seat)| (topic.tag(), seat.place))
            .collect()
    }

    /// How many events there are that the reader has not had.
    pub(crate) fn behind(&self) -> u64 {
        let behind = |(topic, seat): (&TopicRef, &Seat)| {
            let head = topic.head().unwrap_or_default();
            head.saturating_sub(seat.place.sequence())
        };
        self.iter().map(behind).sum()
    }

    /// The last number that was read to its end in the audience of a seat.
    pub(crate) fn read_to(&self, seat: usize) -> u64 {
        self.each
            .get(seat)
            .map(|seat| seat.place.sequence())
            .unwrap_or_default()
    }

    /// What was never read of the audience of a seat is given up: the reader goes on with what the ring has. Answers the
    /// first and the last number that it misses; nothing, when the ring has it all by now.
    pub(crate) fn give_up(&mut self, seat: usize) -> Option<(u64, u64)> {
        let topic = self.grant.topics.get(seat)?;
        let (tail, head) = topic.with_ring(|ring| (ring.tail(), ring.head()))?;
        let seat = self.each.get_mut(seat)?;
        if seat.is_astray() {
            seat.at &= !ASTRAY;
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

    /// Drafts how things are, where that has changed. Before all events: what is not written of it is kept, not read again.
    pub(crate) fn take_states(&mut self, draft: &mut Draft) {
        for (topic, seat) in self.grant.topics.iter().zip(&mut self.each) {
            // Taken first: a change after it is told again, which does no harm.
            let version = topic.state_version();
            if version == seat.told {
                continue;
            }
            for state in topic.states_since(seat.told) {
                draft.state(state.name, &state.bytes);
            }
            seat.told = version;
        }
    }

    /// Drafts what there is, each audience in order, beginning with that of the seat whose turn it is, as much as fits into
    /// one write.
    pub(crate) fn take(&self, turn: usize, draft: &mut Draft) -> Taken {
        let count = self.each.len();
        let before = draft.events();
        for step in 0..count {
            if draft.room() == 0 {
                // Full with what was left of the last write: there may be more.
                return Taken::Events;
            }
            let index = (turn + step) % count;
            let (Some(topic), Some(seat)) = (self.topic(index), self.get(index)) else {
                continue;
            };
            let Some(fresh) = seat.fresh(topic, draft.place(index), draft.room()) else {
                if draft.events() == before {
                    return Taken::Behind { seat: index };
                }
                break;
            };
            for frame in fresh {
                draft.frames.push(frame);
                draft.add(self, index, draft.frames.len() - 1);
                if draft.room() == 0 {
                    break;
                }
            }
        }
        if draft.events() == before && draft.room() > 0 {
            Taken::Nothing
        } else {
            Taken::Events
        }
    }
}

impl Drop for Seats {
    fn drop(&mut self) {
        self.hub.left(self.topics());
    }
}

/// Without the states that a later event of the same batch replaces. The last of a batch always stays, so places move on.
pub(crate) fn overtaken(events: Vec<Arc<Frame>>) -> Vec<Arc<Frame>> {
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
