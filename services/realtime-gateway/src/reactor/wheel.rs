//! Who has to be looked at when.

use crate::pace::Tick;

/// Slots, each one step of time. More than lie between two beats, so that nobody is looked at too early.
const SLOTS: u32 = 256;

/// A wheel of slots. What is put in may be stale when it comes up; whoever takes it out knows.
pub(super) struct Wheel {
    slots: Vec<Vec<u32>>,
    /// Everything up to here has come up.
    now: Tick,
}

impl Wheel {
    pub(super) fn new(now: Tick) -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            now,
        }
    }

    /// Puts something in for a moment to come; answers when it comes up, which is earlier for what lies far ahead.
    pub(super) fn add(&mut self, at: Tick, who: u32) -> Tick {
        let earliest = self.now.0.saturating_add(1);
        let at = Tick(at.0.clamp(earliest, self.now.0.saturating_add(SLOTS - 1)));
        if let Some(slot) = self.slot(at) {
            slot.push(who);
        }
        at
    }

    /// What has come up by now, and when it should have.
    pub(super) fn advance(&mut self, to: Tick, due: &mut Vec<(Tick, u32)>) {
        while self.now < to {
            let next = Tick(self.now.0 + 1);
            // Time may jump far; the wheel is empty after one turn.
            self.now = if to.0 - next.0 > SLOTS {
                Tick(to.0 - SLOTS)
            } else {
                next
            };
            let now = self.now;
            if let Some(slot) = self.slot(now) {
                due.extend(slot.drain(..).map(|who| (now, who)));
            }
        }
    }

    /// When something comes up next.
    pub(super) fn next(&self) -> Option<Tick> {
        (1..SLOTS)
            .map(|ahead| Tick(self.now.0.saturating_add(ahead)))
            .find(|&at| {
                self.slots
                    .get(index(at))
                    .is_some_and(|slot| !slot.is_empty())
            })
    }

    fn slot(&mut self, at: Tick) -> Option<&mut Vec<u32>> {
        self.slots.get_mut(index(at))
    }
}

fn index(at: Tick) -> usize {
    usize::try_from(at.0 % SLOTS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn come_up(wheel: &mut Wheel, to: u32) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.advance(Tick(to), &mut due);
        due.into_iter().map(|(_, who)| who).collect()
    }

    #[test]
    fn everybody_comes_up_in_their_step_and_only_once() {
        let mut wheel = Wheel::new(Tick(1_000));
        assert_eq!(wheel.add(Tick(1_003), 3), Tick(1_003));
        assert_eq!(wheel.add(Tick(1_001), 1), Tick(1_001));
        assert_eq!(
            wheel.add(Tick(900), 0),
            Tick(1_001),
            "what is past comes up next"
        );
        assert_eq!(wheel.next(), Some(Tick(1_001)));
        assert_eq!(come_up(&mut wheel, 1_002), [1, 0]);
        assert_eq!(wheel.next(), Some(Tick(1_003)));
        assert_eq!(come_up(&mut wheel, 1_003), [3]);
        assert_eq!(wheel.next(), None);
        assert!(come_up(&mut wheel, 2_000).is_empty());
    }

    #[test]
    fn what_lies_too_far_ahead_comes_up_to_be_put_in_again() {
        let mut wheel = Wheel::new(Tick(10));
        let at = wheel.add(Tick(5_000), 7);
        assert_eq!(at, Tick(10 + SLOTS - 1));
        assert_eq!(come_up(&mut wheel, at.0), [7]);
    }

    #[test]
    fn a_jump_of_time_loses_nobody() {
        let mut wheel = Wheel::new(Tick(0));
        for who in 1..=200 {
            wheel.add(Tick(who), who);
        }
        assert_eq!(come_up(&mut wheel, 100_000).len(), 200);
    }
}
