//! What audiences were told, by number, as far back as it may be asked for.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use avvivo_contracts::audience::Audience;
use bytes::Bytes;

/// Events kept for an audience: more than any run here publishes to one.
const KEPT: usize = 20_000;
/// Events of one answer, and bytes, the last event included: what the api answers at once.
const ANSWER_EVENTS: usize = 512;
const ANSWER_BYTES: usize = 1 << 20;

/// The history. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Past(Arc<Mutex<HashMap<Audience, Told>>>);

#[derive(Default)]
struct Told {
    head: u64,
    /// Encoded events, the last of them with the number `head`.
    events: VecDeque<Bytes>,
}

impl Past {
    fn lock(&self) -> MutexGuard<'_, HashMap<Audience, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the next number of an audience to an event, and keeps what `encode` makes of it.
    pub(super) fn commit(&self, audience: Audience, encode: impl FnOnce(u64) -> Bytes) -> Bytes {
        let mut past = self.lock();
        let told = past.entry(audience).or_default();
        told.head += 1;
        let event = encode(told.head);
        told.events.push_back(event.clone());
        if told.events.len() > KEPT {
            told.events.pop_front();
        }
        event
    }

    /// The number of an audience's last event.
    pub(super) fn head(&self, audience: Audience) -> u64 {
        self.lock().get(&audience).map_or(0, |told| told.head)
    }

    /// What an audience was told after a number, in order, as much as one answer holds; and its head.
    pub(super) fn after(&self, audience: Audience, after: u64, limit: u32) -> (Vec<Bytes>, u64) {
        let past = self.lock();
        let Some(told) = past.get(&audience) else {
            return (Vec::new(), 0);
        };
        let kept = u64::try_from(told.events.len()).unwrap_or(u64::MAX);
        let skipped = after.saturating_sub(told.head.saturating_sub(kept));
        let limit = usize::try_from(limit).map_or(ANSWER_EVENTS, |limit| limit.min(ANSWER_EVENTS));
        let mut bytes = 0;
        let events = told
            .events
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
            .take(limit)
            .take_while(|event| {
                let before = bytes;
                bytes += event.len();
                before <= ANSWER_BYTES
            });
        (events.cloned().collect(), told.head)
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realtime::api::audience_of;

    fn told(past: &Past, after: u64, limit: u32) -> (Vec<u8>, u64) {
        let (events, head) = past.after(audience_of("a"), after, limit);
        let first = events.iter().filter_map(|event| event.first().copied());
        (first.collect(), head)
    }

    #[test]
    fn what_came_after_a_number_is_told_in_order() {
        let past = Past::default();
        for _ in 0..5 {
            past.commit(audience_of("a"), |number| {
                vec![u8::try_from(number).unwrap()].into()
            });
        }
        assert_eq!(past.head(audience_of("a")), 5);
        assert_eq!(told(&past, 2, 512), (vec![3, 4, 5], 5));
        assert_eq!(told(&past, 2, 1), (vec![3], 5));
        assert_eq!(told(&past, 9, 512), (vec![], 5));
        assert_eq!(past.after(audience_of("b"), 0, 512), (vec![], 0));
    }

    #[test]
    fn an_answer_is_bounded_by_bytes() {
        let past = Past::default();
        for _ in 0..4 {
            past.commit(audience_of("a"), |_| vec![0; ANSWER_BYTES / 2].into());
        }
        assert_eq!(past.after(audience_of("a"), 0, 512).0.len(), 3);
    }
}
