//! What one audience was told lately: a ring of events in the order of their numbers, without holes.
//!
//! Pure. A reader is a [`Place`] in it, never a queue: one that does not read costs nothing, and finds out when it comes back
//! whether the ring still has what it missed.

use std::{collections::VecDeque, sync::Arc};

use avvivo_contracts::cursor::Place;

use crate::frame::Frame;

/// Events kept for one audience: at a message a second, the minutes in which nearly everybody who lost a connection is back.
pub(crate) const MAX_EVENTS: usize = 512;
/// Bytes kept for one audience: as many events of the usual size, and a few of the largest.
pub(crate) const MAX_BYTES: usize = 512 << 10;

/// The events after [`Ring::tail`], each number once.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    /// The number before the oldest event that is kept.
    tail: u64,
    /// The number before which nothing can be had: it is forgotten everywhere, or there is no room for it here.
    floor: u64,
    events: VecDeque<Arc<Frame>>,
    bytes: usize,
}

/// What a reader at some place is given.
#[derive(Debug)]
pub(crate) enum After<'r> {
    /// The ring no longer has, or never had, what comes next.
    Behind,
    /// Everything there is after the place; nothing, for one who is up to date.
    Events(std::collections::vec_deque::Iter<'r, Arc<Frame>>),
}

impl Ring {
    /// A ring in which the event after `head` comes first.
    pub(crate) fn at(head: u64) -> Self {
        Self {
            tail: head,
            ..Self::default()
        }
    }

    /// The number before the oldest event.
    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    /// The number before which nothing can be had.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// The number of the newest event.
    pub(crate) fn head(&self) -> u64 {
        self.tail + u64::try_from(self.events.len()).unwrap_or(u64::MAX)
    }

    /// Bytes of its events.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Events in it.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Adds the event whose number is one more than the head's.
    pub(crate) fn push(&mut self, event: Arc<Frame>) {
        self.bytes += event.len();
        self.events.push_back(event);
        while self.events.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.events.len() > 1) {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
            self.tail += 1;
            self.floor = self.tail;
        }
    }

    /// Puts older events before the oldest, as many as there is room for. They are in order, the last is the tail's, and they
    /// are all that can be had of what comes after `wanted`.
    pub(crate) fn prepend(&mut self, older: Vec<Arc<Frame>>, wanted: u64) {
        for event in older.into_iter().rev() {
            let fits = self.events.len() < MAX_EVENTS && self.bytes + event.len() <= MAX_BYTES;
            if event.sequence != self.tail || !fits {
                break;
            }
            self.bytes += event.len();
            self.tail -= 1;
            self.events.push_front(event);
        }
        if self.tail > wanted {
            self.floor = self.tail;
        }
    }

    /// Forgets everything; the event after `head` comes next.
    pub(crate) fn restart(&mut self, head: u64) {
        *self = Self::at(head);
    }

    /// What comes after a place.
    pub(crate) fn after(&self, place: Place) -> After<'_> {
        let Some(passed) = place.sequence().checked_sub(self.tail) else {
            return After::Behind;
        };
        let passed = usize::try_from(passed)
            .unwrap_or(usize::MAX)
            .min(self.events.len());
        After::Events(self.events.range(passed..))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(sequence: u64, bytes: usize) -> Arc<Frame> {
        Arc::new(Frame::for_tests(sequence, bytes))
    }

    fn numbers(ring: &Ring, place: Place) -> Option<Vec<u64>> {
        match ring.after(place) {
            After::Behind => None,
            After::Events(events) => Some(events.map(|event| event.sequence).collect()),
        }
    }

    #[test]
    fn a_reader_gets_what_came_after_its_place() {
        let mut ring = Ring::at(10);
        for sequence in 11..=14 {
            ring.push(event(sequence, 10));
        }
        assert_eq!(numbers(&ring, Place::after(12)), Some(vec![13, 14]));
        assert_eq!(
            numbers(&ring, Place::within(13)),
            Some(vec![13, 14]),
            "in the middle of the thirteenth"
        );
        assert_eq!(numbers(&ring, Place::after(14)), Some(vec![]));
        assert_eq!(numbers(&ring, Place::after(99)), Some(vec![]));
        assert_eq!(numbers(&ring, Place::after(10)), Some(vec![11, 12, 13, 14]));
        assert_eq!(numbers(&ring, Place::after(9)), None);
    }

    #[test]
    fn older_events_are_put_before_the_oldest_without_a_hole() {
        let mut ring = Ring::at(10);
        ring.push(event(11, 10));
        ring.prepend(vec![event(7, 10), event(9, 10), event(10, 10)], 8);
        assert_eq!(ring.floor(), 0, "what was wanted is there");
        assert_eq!(ring.tail(), 8, "seven does not come right before nine");
        assert_eq!(numbers(&ring, Place::after(8)), Some(vec![9, 10, 11]));
        ring.prepend(vec![event(3, 10)], 2);
        assert_eq!((ring.tail(), ring.head()), (8, 11));
        assert_eq!(ring.floor(), 8, "nobody need ask for more");
    }

    #[test]
    fn what_is_put_before_has_to_fit() {
        let mut ring = Ring::at(1_000);
        ring.push(event(1_001, MAX_BYTES - 50));
        ring.prepend(
            (900..=1_000).map(|sequence| event(sequence, 40)).collect(),
            899,
        );
        assert_eq!((ring.tail(), ring.len()), (999, 2));
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_never_has_a_hole(sizes in prop::collection::vec(1_usize..40_000, 0..900)) {
            let mut ring = Ring::at(5);
            for (index, size) in sizes.iter().enumerate() {
                ring.push(event(6 + u64::try_from(index).unwrap(), *size));
                prop_assert!(ring.len() <= MAX_EVENTS);
                prop_assert!(ring.bytes() <= MAX_BYTES.max(*size));
                let all = numbers(&ring, Place::after(ring.tail())).unwrap();
                prop_assert_eq!(all, (ring.tail() + 1..=ring.head()).collect::<Vec<_>>());
            }
            prop_assert_eq!(ring.head(), 5 + u64::try_from(sizes.len()).unwrap());
        }
    }
}
