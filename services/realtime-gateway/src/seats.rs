//! A reader: a place in each of its audiences, and what it takes from there.

use std::{collections::HashSet, sync::Arc};

use avvivo_contracts::cursor::{Cursor, Place};

use crate::{draft::Draft, frame::Frame, hub::Hub, ring::After, topic::Topic};

/// A place in one audience.
pub(crate) struct Seat {
    topic: Arc<Topic>,
    place: Place,
    /// Where a reactor finds it again: its number for the audience, and the seat's among that audience's there.
    pub(crate) bench: u32,
    pub(crate) at: u32,
    /// The version of the audience's states that it was told.
    told: u32,
    /// Its cursor is none of ours, or is ahead of everything there is and so from another past than ours.
    is_astray: bool,
}

impl Seat {
    /// At a place.
    pub(crate) fn new(topic: Arc<Topic>, place: Place) -> Self {
        Self {
            topic,
            place,
            bench: 0,
            at: 0,
            told: 0,
            is_astray: false,
        }
    }

    /// The audience.
    pub(crate) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// How far it has read.
    pub(crate) fn place(&self) -> Place {
        self.place
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
        self.is_astray
    }

    /// Nobody knows where it was.
    pub(crate) fn lose_way(&mut self) {
        self.is_astray = true;
    }

    /// Goes on from a cursor's place. `head` is the audience's last number.
    pub(crate) fn resume(&mut self, place: Place, head: u64) {
        if is_ahead(place, head) {
            self.is_astray = true;
        } else {
            self.place = place;
        }
    }

    /// Events after a place; nothing, when the ring does not have them. Of states that were overtaken by later ones only
    /// the latest is taken.
    fn fresh(&self, place: Place, room: usize) -> Option<Vec<Arc<Frame>>> {
        if self.is_astray {
            return None;
        }
        let found = self.topic.with_ring(|ring| match ring.after(place) {
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

/// The seats of a reader. Dropping them gives them back.
pub(crate) struct Seats {
    hub: Arc<Hub>,
    each: Box<[Seat]>,
}

impl Seats {
    /// Taken already.
    pub(crate) fn new(hub: Arc<Hub>, seats: Vec<Seat>) -> Self {
        Self {
            hub,
            each: seats.into(),
        }
    }

    /// Each.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Seat> {
        self.each.iter()
    }

    /// One.
    pub(crate) fn get(&self, seat: usize) -> Option<&Seat> {
        self.each.get(seat)
    }

    /// One.
    pub(crate) fn get_mut(&mut self, seat: usize) -> Option<&mut Seat> {
        self.each.get_mut(seat)
    }

    /// It has read that far.
    pub(crate) fn move_to(&mut self, seat: usize, place: Place) {
        if let Some(seat) = self.each.get_mut(seat) {
            seat.place = place;
        }
    }

    /// Where the reader stands.
    pub(crate) fn cursor(&self) -> Cursor {
        self.each
            .iter()
            .map(|seat| (seat.topic.tag(), seat.place))
            .collect()
    }

    /// How many events there are that the reader has not had.
    pub(crate) fn behind(&self) -> u64 {
        let behind = |seat: &Seat| {
            let head = seat.topic.head().unwrap_or_default();
            head.saturating_sub(seat.place.sequence())
        };
        self.each.iter().map(behind).sum()
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
        let seat = self.each.get_mut(seat)?;
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

    /// Drafts how things are, where that has changed. Before all events: what is not written of it is kept, not read again.
    pub(crate) fn take_states(&mut self, draft: &mut Draft) {
        for seat in &mut self.each {
            // Taken first: a change after it is told again, which does no harm.
            let version = seat.topic.state_version();
            if version == seat.told {
                continue;
            }
            for state in seat.topic.states_since(seat.told) {
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
            let Some(seat) = self.each.get(index) else {
                continue;
            };
            let Some(fresh) = seat.fresh(draft.place(index), draft.room()) else {
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
        self.hub.left(self.each.iter().map(Seat::topic));
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
