//! One audience here: its ring, what waits for its turn, and who is told when something comes.
//!
//! Events come from the bus, which repeats and, between writers, reorders; and from the api's history, which has what the bus
//! lost. Both are put in by number: what is next goes into the ring, what comes early waits, what was here is dropped. Pure:
//! fetching is somebody else's, this only says what to fetch.

use std::{collections::BTreeMap, sync::Arc};

use crate::{frame::Frame, ring::Ring};

/// Events that may wait for an earlier one. More than a burst brings; what does not fit is fetched like any other hole.
const MAX_EARLY: usize = 256;

/// What putting an event in did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is in the ring, and perhaps what waited for it, too.
    Added,
    /// It was here before.
    Repeated,
    /// Something before it is missing.
    Early,
}

/// What one audience was told. Most hear nothing for as long as somebody is there, and are one number.
#[derive(Debug)]
pub(crate) enum Log<B> {
    /// Nobody has said yet where it begins; this is the highest number that was ever heard of.
    Unplaced(u64),
    /// This is the last number, and nothing has come after it.
    Quiet(u64),
    /// Something came.
    Told(Box<Told<B>>),
}

/// What came, and what few audiences have besides, in the same piece of memory.
#[derive(Debug)]
pub(crate) struct Told<B> {
    /// The highest number that was ever heard of.
    known: u64,
    /// None until the head is known: what comes meanwhile waits.
    ring: Option<Ring>,
    early: BTreeMap<u64, Arc<Frame>>,
    pub(crate) beside: B,
}

impl<B: Default> Log<B> {
    /// Looks at the ring, once the head is known.
    pub(crate) fn with_ring<T>(&self, look: impl FnOnce(&Ring) -> T) -> Option<T> {
        match self {
            Self::Unplaced(_) => None,
            Self::Quiet(head) => Some(look(&Ring::at(*head))),
            Self::Told(told) => told.ring.as_ref().map(look),
        }
    }

    /// What keeps events and what is besides, from now on.
    pub(crate) fn told(&mut self) -> &mut Told<B> {
        let (known, ring) = match self {
            Self::Told(told) => return told,
            Self::Unplaced(known) => (*known, None),
            Self::Quiet(head) => (*head, Some(Ring::at(*head))),
        };
        *self = Self::Told(Box::new(Told {
            known,
            ring,
            early: BTreeMap::new(),
            beside: B::default(),
        }));
        self.told()
    }

    /// What few audiences have besides.
    pub(crate) fn beside(&self) -> Option<&B> {
        match self {
            Self::Unplaced(_) | Self::Quiet(_) => None,
            Self::Told(told) => Some(&told.beside),
        }
    }

    /// The api says that `head` was the last event a moment ago. It is where a ring begins that has nothing yet.
    pub(crate) fn learn_head(&mut self, head: u64) {
        match self {
            Self::Unplaced(known) if *known <= head => *self = Self::Quiet(head),
            Self::Quiet(last) if head <= *last => {}
            _ => {
                let told = self.told();
                told.known = told.known.max(head);
                told.ring.get_or_insert_with(|| Ring::at(head));
                told.settle();
            }
        }
    }

    /// Puts an event in.
    pub(crate) fn put(&mut self, event: Arc<Frame>) -> Put {
        let sequence = event.sequence;
        if sequence <= self.head().unwrap_or_default() {
            return Put::Repeated;
        }
        let told = self.told();
        told.known = told.known.max(sequence);
        if told.early.contains_key(&sequence) {
            return Put::Repeated;
        }
        told.early.insert(sequence, event);
        told.settle();
        while told.early.len() > MAX_EARLY {
            // The latest: those before it are needed sooner, and it is known to be missing.
            told.early.pop_last();
        }
        if self.head().is_some_and(|head| head >= sequence) {
            Put::Added
        } else {
            Put::Early
        }
    }

    /// The newest number in the ring.
    pub(crate) fn head(&self) -> Option<u64> {
        self.with_ring(Ring::head)
    }

    /// What is missing: everything after this number, because later ones were heard of. None when nothing is.
    pub(crate) fn missing_after(&self) -> Option<u64> {
        self.head().filter(|&head| head < self.known())
    }

    /// The highest number that was ever heard of.
    pub(crate) fn known(&self) -> u64 {
        match self {
            Self::Unplaced(known) | Self::Quiet(known) => *known,
            Self::Told(told) => told.known,
        }
    }

    /// Older events, for readers that come back: all that can be had of what comes after `wanted`. The last of them is the
    /// ring's tail.
    pub(crate) fn prepend(&mut self, older: Vec<Arc<Frame>>, wanted: u64) {
        if let Some(ring) = &mut self.told().ring {
            ring.prepend(older, wanted);
        }
    }

    /// The history has nothing between the head and `first`: the ring goes on from there, and whoever is behind is told.
    pub(crate) fn give_up_before(&mut self, first: u64) {
        let told = self.told();
        if let Some(ring) = &mut told.ring
            && ring.head() + 1 < first
        {
            ring.restart(first - 1);
            told.settle();
        }
    }
}

impl<B> Told<B> {
    /// Moves what is next from those that wait into the ring.
    fn settle(&mut self) {
        let Some(ring) = &mut self.ring else { return };
        while let Some(entry) = self.early.first_entry() {
            let next = ring.head() + 1;
            match (*entry.key()).cmp(&next) {
                std::cmp::Ordering::Less => drop(entry.remove()),
                std::cmp::Ordering::Equal => ring.push(entry.remove()),
                std::cmp::Ordering::Greater => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use avvivo_contracts::cursor::Place;
    use proptest::prelude::*;

    use super::*;
    use crate::ring::After;

    fn event(sequence: u64) -> Arc<Frame> {
        Arc::new(Frame::for_tests(sequence, 10))
    }

    fn kept(log: &Log<()>) -> Vec<u64> {
        let kept = |ring: &Ring| match ring.after(Place::after(ring.tail())) {
            After::Behind => Vec::new(),
            After::Events(events) => events.map(|event| event.sequence).collect(),
        };
        log.with_ring(kept).unwrap()
    }

    #[test]
    fn what_comes_early_waits_and_is_told_to_be_fetched() {
        let mut log = Log::<()>::Unplaced(0);
        log.learn_head(4);
        assert_eq!(log.put(event(5)), Put::Added);
        assert_eq!(log.put(event(7)), Put::Early);
        assert_eq!(log.missing_after(), Some(5));
        assert_eq!(log.put(event(7)), Put::Repeated);
        assert_eq!(log.put(event(3)), Put::Repeated);
        assert_eq!(log.put(event(6)), Put::Added);
        assert_eq!(kept(&log), [5, 6, 7]);
        assert_eq!(log.missing_after(), None);
    }

    #[test]
    fn what_comes_before_the_head_is_known_is_not_lost() {
        let mut log = Log::<()>::Unplaced(0);
        assert_eq!(log.put(event(5)), Put::Early);
        assert_eq!(log.put(event(6)), Put::Early);
        log.learn_head(5);
        assert_eq!(kept(&log), [6]);
    }

    #[test]
    fn what_was_heard_of_before_anybody_listened_is_fetched() {
        let mut log = Log::<()>::Unplaced(9);
        log.learn_head(7);
        assert_eq!(log.missing_after(), Some(7));
    }

    #[test]
    fn what_nobody_has_any_more_is_given_up() {
        let mut log = Log::<()>::Unplaced(0);
        log.learn_head(4);
        log.put(event(9));
        log.give_up_before(8);
        assert_eq!(log.missing_after(), Some(7));
        log.put(event(8));
        assert_eq!(kept(&log), [8, 9]);
        let is_behind = |ring: &Ring| matches!(ring.after(Place::after(4)), After::Behind);
        assert_eq!(log.with_ring(is_behind), Some(true));
    }

    proptest! {
        /// In whatever order, however often: once each has come, all are there, in order, once.
        #[test]
        fn order_and_repeats_do_not_matter(
            (order, repeats) in (1_u64..60).prop_flat_map(|count| (
                Just((1..=count).collect::<Vec<_>>()).prop_shuffle(),
                prop::collection::vec(1..=count, 0..30),
            ))
        ) {
            let mut log = Log::<()>::Unplaced(0);
            let count = order.len();
            log.learn_head(0);
            for sequence in repeats.into_iter().chain(order) {
                log.put(event(sequence));
            }
            prop_assert_eq!(kept(&log), (1..=u64::try_from(count).unwrap()).collect::<Vec<_>>());
            prop_assert_eq!(log.missing_after(), None);
        }
    }
}
