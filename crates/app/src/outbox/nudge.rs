//! What a commit tells the relay of its own process: here are events, or look into the table.
//!
//! An event goes through memory when it was written as claimed. The claim is asked for before the row is written, so whoever
//! gets none (nobody relays here, the bus refused something lately, there is no room) writes a row that any relay may take.
//! Nothing rests on memory: whoever dies leaves claims that run out.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use avvivo_kernel::{EventId, Timestamp};
use avvivo_postgres::outbox::{Kind, Pending, PendingKind, Written, errands::Errand};
use chrono::TimeDelta;
use tokio::sync::Notify;

/// How long events are claimed by whoever writes them. When a process dies, what it has committed and not published waits
/// for so long, and so do those it concerns; a bus that answers at all does so sooner.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(10);
/// No event is claimed while so many wait: a second's worth of the busiest api, about a kilobyte each.
const ROOM: usize = 4_096;
/// What was claimed before there was no room still finds some; beyond this it is left to the end of its claim.
const MOST: usize = 2 * ROOM;

/// Takes what a commit wrote to the outbox to the relay of this process. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    memory: Mutex<Memory>,
    handed: Notify,
    // One for each of the relay's loops over the table: a bell wakes only one that waits for it.
    events: Notify,
    jobs: Notify,
    mails: Notify,
    places: Notify,
}

#[derive(Debug, Default)]
struct Memory {
    /// Whether events may be claimed: only while a relay runs and nothing waits in the table that they would overtake.
    open: bool,
    /// For good.
    shut: bool,
    /// When the last of those that the bus did not take is tried again.
    closed_until: Option<Timestamp>,
    waiting: Vec<Committed>,
    /// Claimed by a transaction of which nobody knows whether it was committed.
    uncertain: Vec<EventId>,
    /// Taken by the relay, and still in the table.
    under_way: usize,
}

/// An event that was committed.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) row: Pending,
    pub(super) at: Timestamp,
}

/// What the relay is to do next with what is in memory.
#[derive(Debug)]
pub(super) enum Batch {
    /// Publish these.
    Publish(Vec<Committed>),
    /// Give up their claims: the table keeps them in order.
    GiveBack(Vec<EventId>),
}

impl Nudge {
    /// Says that there is something in the outbox.
    pub fn wake(&self) {
        self.0.events.notify_one();
        self.0.jobs.notify_one();
        self.0.mails.notify_one();
        self.0.places.notify_one();
    }

    /// Until when an event that is written now is this process's to hand over; none when it is anybody's.
    pub fn claim(&self, now: Timestamp) -> Option<Timestamp> {
        let mut memory = self.memory();
        // Once one is written for the table, those after it are, too, or they would overtake it.
        memory.open &= memory.waiting.len() < ROOM;
        memory.open.then(|| now + CLAIM_TTL)
    }

    /// To be held while a commit is under way that claimed these. Dropped before the outcome is known, it has their claims
    /// given up: perhaps they were committed, and nobody would hand them over before the claims run out.
    pub(crate) fn expect(&self, claimed: Vec<EventId>) -> Uncertain {
        Uncertain {
            nudge: self.clone(),
            claimed,
        }
    }

    fn committed(&self, written: Written, at: Timestamp) {
        if written.events {
            self.0.events.notify_one();
        }
        if written.jobs {
            self.0.jobs.notify_one();
        }
        if written.errands {
            self.0.mails.notify_one();
            self.0.places.notify_one();
        }
        if written.claimed.is_empty() {
            return;
        }
        let mut memory = self.memory();
        if memory.waiting.len() + written.claimed.len() > MOST {
            memory.open = false;
            let left = written.claimed.len();
            tracing::warn!(left, "committed events are left to the end of their claims");
            return;
        }
        let events = written.claimed.into_iter();
        memory
            .waiting
            .extend(events.map(|row| Committed { row, at }));
        self.0.handed.notify_one();
    }

    fn doubt(&self, claimed: Vec<EventId>) {
        let mut memory = self.memory();
        if memory.uncertain.len() + claimed.len() <= MOST {
            memory.uncertain.extend(claimed);
            self.0.handed.notify_one();
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The relay's side.
impl Nudge {
    /// Returns when there may be something in the table.
    pub(super) async fn woken(&self, kind: Kind) {
        match kind {
            Kind::Events => self.0.events.notified().await,
            Kind::Jobs => self.0.jobs.notified().await,
            Kind::Errands(Errand::Mail) => self.0.mails.notified().await,
            Kind::Errands(Errand::Place) => self.0.places.notified().await,
        }
    }

    /// Returns when there may be something in memory.
    pub(super) async fn handed(&self) {
        self.0.handed.notified().await;
    }

    /// Takes up to `most` events, those of an audience in their order.
    pub(super) fn take(&self, most: usize) -> Option<Batch> {
        let mut memory = self.memory();
        let mut back = mem::take(&mut memory.uncertain);
        if !memory.open {
            back.extend(memory.waiting.drain(..).map(|event| event.row.id));
        }
        if !back.is_empty() {
            memory.under_way += back.len();
            return Some(Batch::GiveBack(back));
        }
        let most = most.min(memory.waiting.len());
        let mut events: Vec<Committed> = memory.waiting.drain(..most).collect();
        memory.under_way += events.len();
        drop(memory);
        // Who has committed first need not have come here first.
        events.sort_by(|one, other| place(&one.row).cmp(&place(&other.row)));
        (!events.is_empty()).then_some(Batch::Publish(events))
    }

    /// So many of those taken are confirmed, given back or postponed; whether any were given back.
    pub(super) fn settled(&self, taken: usize, given_back: bool) {
        let mut memory = self.memory();
        memory.under_way = memory.under_way.saturating_sub(taken);
        if !memory.open || given_back {
            // They wait in the table, or some there have waited for these.
            self.0.events.notify_one();
        }
    }

    /// The table is as empty as a look can tell: events may go through memory, unless some wait to be tried again.
    pub(super) fn open(&self, now: Timestamp) {
        let mut memory = self.memory();
        memory.open |= !memory.shut
            && memory.under_way == 0
            && memory.waiting.is_empty()
            && memory.uncertain.is_empty()
            && memory.closed_until.is_none_or(|until| until <= now);
    }

    /// Events go by the table, which keeps those that follow one that failed behind it.
    pub(super) fn close(&self) {
        self.memory().open = false;
    }

    /// The same, until then at least.
    pub(super) fn close_until(&self, until: Timestamp) {
        let mut memory = self.memory();
        memory.open = false;
        memory.closed_until = memory.closed_until.max(Some(until));
    }

    /// The same for good: the relay leaves.
    pub(super) fn shut(&self) {
        let mut memory = self.memory();
        memory.open = false;
        memory.shut = true;
    }
}

fn place(row: &Pending) -> Option<(&str, u64)> {
    match &row.what {
        PendingKind::Event { audience, sequence } => Some((audience, *sequence)),
        PendingKind::Job { .. } | PendingKind::Errand { .. } => None,
    }
}

/// Between asking for a commit and knowing its outcome.
pub(crate) struct Uncertain {
    nudge: Nudge,
    claimed: Vec<EventId>,
}

impl Uncertain {
    /// It was committed: this is what it wrote.
    pub(crate) fn committed(mut self, written: Written, at: Timestamp) {
        self.claimed.clear();
        self.nudge.committed(written, at);
    }
}

impl Drop for Uncertain {
    fn drop(&mut self) {
        if !self.claimed.is_empty() {
            self.nudge.doubt(mem::take(&mut self.claimed));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = DateTime::UNIX_EPOCH;

    fn opened() -> Nudge {
        let nudge = Nudge::default();
        nudge.open(NOW);
        nudge
    }

    fn event(audience: &str, sequence: u64) -> Pending {
        Pending {
            id: Uuid::from_u128(sequence.into()).into(),
            what: PendingKind::Event {
                audience: audience.to_owned(),
                sequence,
            },
            payload: Vec::new(),
            traceparent: None,
            attempts: 1,
            created_at: NOW,
        }
    }

    fn commit(nudge: &Nudge, claimed: Vec<Pending>) {
        let ids = claimed.iter().map(|row| row.id).collect();
        let written = Written {
            claimed,
            ..Written::default()
        };
        nudge.expect(ids).committed(written, NOW);
    }

    /// `a1 a2`: what would be published; or `back` and a number.
    fn take(nudge: &Nudge, most: usize) -> String {
        match nudge.take(most) {
            Some(Batch::Publish(events)) => {
                let places = events.iter().filter_map(|event| place(&event.row));
                let words: Vec<_> = places
                    .map(|(name, number)| format!("{name}{number}"))
                    .collect();
                words.join(" ")
            }
            Some(Batch::GiveBack(ids)) => format!("back {}", ids.len()),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn events_are_claimed_only_while_a_relay_runs() {
        let nudge = Nudge::default();
        assert_eq!(nudge.claim(NOW), None);
        nudge.open(NOW);
        assert_eq!(nudge.claim(NOW), Some(NOW + CLAIM_TTL));
        nudge.shut();
        nudge.open(NOW);
        assert_eq!(nudge.claim(NOW), None);
    }

    #[test]
    fn whoever_comes_late_is_still_put_in_order() {
        let nudge = opened();
        commit(&nudge, vec![event("b", 2)]);
        commit(&nudge, vec![event("a", 1), event("b", 1)]);
        commit(&nudge, vec![event("a", 2)]);
        assert_eq!(take(&nudge, 3), "a1 b1 b2");
        assert_eq!(take(&nudge, 3), "a2");
        assert_eq!(take(&nudge, 3), "nothing");
    }

    #[test]
    fn what_is_held_is_bounded() {
        let nudge = opened();
        for number in 1..=ROOM {
            assert!(nudge.claim(NOW).is_some());
            commit(&nudge, vec![event("a", number.try_into().unwrap())]);
        }
        assert_eq!(nudge.claim(NOW), None);
        // Claimed before, and committed only now.
        commit(
            &nudge,
            (1..=4_096).map(|number| event("b", number)).collect(),
        );
        assert_eq!(nudge.memory().waiting.len(), MOST);
        commit(&nudge, vec![event("c", 1)]);
        assert_eq!(nudge.memory().waiting.len(), MOST);
        // The table has older ones than these by now.
        assert_eq!(take(&nudge, 1), "back 8192");
    }

    #[test]
    fn it_opens_again_when_everything_before_is_settled() {
        let nudge = opened();
        commit(&nudge, vec![event("a", 1)]);
        assert_eq!(take(&nudge, 9), "a1");
        let again = NOW + TimeDelta::seconds(1);
        nudge.close_until(again);
        commit(&nudge, vec![event("a", 2)]);
        nudge.open(again);
        assert_eq!(nudge.claim(again), None, "one waits");
        assert_eq!(take(&nudge, 9), "back 1");
        nudge.open(again);
        assert_eq!(nudge.claim(again), None, "two are under way");
        nudge.settled(2, true);
        nudge.open(NOW);
        assert_eq!(nudge.claim(NOW), None, "it is too early");
        nudge.open(again);
        assert!(nudge.claim(again).is_some());
    }

    #[test]
    fn a_commit_of_which_nobody_knows_leaves_no_claim() {
        let nudge = opened();
        drop(nudge.expect(vec![event("a", 1).id]));
        commit(&nudge, vec![event("a", 2)]);
        assert_eq!(take(&nudge, 9), "back 1");
        assert_eq!(take(&nudge, 9), "a2");
    }
}
