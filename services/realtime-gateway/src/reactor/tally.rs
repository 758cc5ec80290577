//! What a reactor has done since it last said so. Counting in one's own memory costs nothing; saying it is for many at once.

use crate::{draft::Draft, seats::Seats, session::Surroundings};

/// One write in so many has its time taken, and the first since it was last said.
const SAMPLE: u64 = 64;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    delivered: Vec<(&'static str, u64)>,
    writes: u64,
    until_sample: u64,
}

impl Tally {
    /// A draft went out whole, and its reader has moved on.
    pub(super) fn wrote(&mut self, draft: &Draft, seats: &Seats, around: &Surroundings) {
        for name in draft.states() {
            self.count(name);
        }
        if draft.events() == 0 {
            return;
        }
        self.writes += 1;
        for event in draft.delivered(draft.bytes().len()) {
            self.count(event.name());
        }
        if let Some(left) = self.until_sample.checked_sub(1) {
            self.until_sample = left;
            return;
        }
        self.until_sample = SAMPLE - 1;
        let now = around.clock.now();
        around.instruments.batched(draft.events(), seats.behind());
        for event in draft.delivered(draft.bytes().len()) {
            around
                .instruments
                .took(event.name(), event.occurred_at, now);
        }
    }

    fn count(&mut self, name: &'static str) {
        match self.delivered.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.delivered.push((name, 1)),
        }
    }

    /// Says it.
    pub(super) fn report(&mut self, around: &Surroundings) {
        if self.writes > 0 {
            self.until_sample = 0;
            around.instruments.wrote(std::mem::take(&mut self.writes));
        }
        for (name, count) in self.delivered.drain(..) {
            around.instruments.delivered(name, count);
        }
    }
}
