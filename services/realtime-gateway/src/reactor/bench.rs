//! The readers of one audience in one reactor, and those of them whose history is being fetched.

use std::{
    cmp::min,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use hashbrown::HashTable;
use slab::Slab;
use smallvec::SmallVec;

use super::{Reactor, inbox::Letter, narrow, pass::Pass};
use crate::{seats::Seat, topic::Topic};

/// Seats of one reader are told apart by the last three bits.
const SEAT_BITS: u32 = 3;

/// A seat of a connection: which connection, and which of its seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chair(u32);

impl Chair {
    fn new(who: usize, seat: usize) -> Self {
        Self(narrow(who) << SEAT_BITS | narrow(seat))
    }

    pub(super) fn who(self) -> usize {
        wide(self.0 >> SEAT_BITS)
    }

    pub(super) fn seat(self) -> usize {
        wide(self.0 & ((1 << SEAT_BITS) - 1))
    }
}

/// The readers of one audience here. Nearly every reader is the only one of some audience, so a short bench has to be small.
pub(super) struct Bench {
    pub(super) topic: Arc<Topic>,
    pub(super) chairs: SmallVec<[Chair; 4]>,
    /// The number up to which everybody who is up to date was handed everything.
    pub(super) handed: u64,
    /// And the version of the states.
    pub(super) told: u32,
    pub(super) pass: Option<Box<Pass>>,
    /// It is among those with news.
    pub(super) is_running: bool,
    /// Where the next pass begins, so that nobody is always last.
    pub(super) first: u32,
    catching: Option<Box<Catching>>,
}

/// Readers whose history is being fetched.
struct Catching {
    /// After which number.
    after: u64,
    /// Connections by number and generation.
    waiting: Vec<(Chair, u32)>,
}

/// All of them, by number and by audience.
pub(super) struct Benches {
    each: Slab<Bench>,
    /// Their numbers. The audiences are in the benches.
    by_topic: HashTable<u32>,
    hasher: RandomState,
}

impl Benches {
    pub(super) fn new() -> Self {
        Self {
            each: Slab::new(),
            by_topic: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&Bench> {
        self.each.get(number)
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Bench> {
        self.each.get_mut(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bench> {
        self.each.iter().map(|(_, bench)| bench)
    }

    /// The number of an audience's bench.
    pub(super) fn of(&self, topic: &Arc<Topic>) -> Option<usize> {
        let is_its = |&number: &u32| {
            let bench = self.each.get(wide(number));
            bench.is_some_and(|bench| Arc::ptr_eq(&bench.topic, topic))
        };
        let found = self.by_topic.find(hash(&self.hasher, topic), is_its)?;
        Some(wide(*found))
    }

    fn insert(&mut self, bench: Bench) -> usize {
        let place = hash(&self.hasher, &bench.topic);
        let number = self.each.insert(bench);
        let (each, hasher) = (&self.each, &self.hasher);
        let rehash = |&number: &u32| {
            let bench = each.get(wide(number));
            bench.map_or(0, |bench| hash(hasher, &bench.topic))
        };
        self.by_topic.insert_unique(place, narrow(number), rehash);
        number
    }

    fn remove(&mut self, number: usize) {
        let Some(bench) = self.each.try_remove(number) else {
            return;
        };
        let place = hash(&self.hasher, &bench.topic);
        let its = |&found: &u32| wide(found) == number;
        if let Ok(entry) = self.by_topic.find_entry(place, its) {
            entry.remove();
        }
    }
}

fn hash(hasher: &RandomState, topic: &Arc<Topic>) -> u64 {
    hasher.hash_one(Arc::as_ptr(topic).addr())
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Reactor {
    /// Seats a connection on the benches of its audiences.
    pub(super) fn sit_down(&mut self, who: usize) {
        let Some(conn) = self.conns.get(who) else {
            return;
        };
        let topics: Vec<Arc<Topic>> = conn
            .session
            .seats
            .iter()
            .map(|seat| Arc::clone(seat.topic()))
            .collect();
        for (index, topic) in topics.iter().enumerate() {
            let number = self.bench(topic);
            let Some(bench) = self.benches.get_mut(number) else {
                continue;
            };
            let at = narrow(bench.chairs.len());
            bench.chairs.push(Chair::new(who, index));
            let conn = self.conns.get_mut(who);
            if let Some(seat) = conn.and_then(|conn| conn.session.seats.get_mut(index)) {
                (seat.bench, seat.at) = (narrow(number), at);
            }
        }
    }

    /// The bench of an audience.
    fn bench(&mut self, topic: &Arc<Topic>) -> usize {
        if let Some(number) = self.benches.of(topic) {
            return number;
        }
        // From here on news come. What there is already is taken from the ring by whoever sits down.
        topic.attach(self.bit);
        let handed = topic.head().unwrap_or_default();
        self.benches.insert(Bench {
            topic: Arc::clone(topic),
            chairs: SmallVec::new(),
            handed,
            told: topic.state_version(),
            pass: None,
            is_running: false,
            first: 0,
            catching: None,
        })
    }

    /// Takes a connection off its benches; a bench that nobody sits on any more is cleared away.
    pub(super) fn stand_up(&mut self, who: usize) {
        let Some(conn) = self.conns.get(who) else {
            return;
        };
        let taken: Vec<(u32, u32)> = conn
            .session
            .seats
            .iter()
            .map(|seat| (seat.bench, seat.at))
            .collect();
        for (number, at) in taken {
            let (number, at) = (wide(number), wide(at));
            let Some(bench) = self.benches.get_mut(number) else {
                continue;
            };
            if at < bench.chairs.len() {
                bench.chairs.swap_remove(at);
            }
            if bench.chairs.is_empty() {
                bench.topic.detach(self.bit);
                self.benches.remove(number);
                continue;
            }
            let moved = bench.chairs.get(at).copied();
            let in_pass = bench.is_running;
            if let Some(chair) = moved {
                self.move_chair(chair, at, in_pass);
            }
        }
    }

    /// Somebody was moved to where another left. A pass under way may have gone by there, so the pass does not count for
    /// them.
    fn move_chair(&mut self, chair: Chair, at: usize, in_pass: bool) {
        let conn = self.conns.get_mut(chair.who());
        if let Some(seat) = conn.and_then(|conn| conn.session.seats.get_mut(chair.seat())) {
            seat.at = narrow(at);
        }
        if in_pass {
            self.moved.push(chair);
        }
    }

    /// Has the history of a seat's audience fetched; the connection goes on when that is there.
    pub(super) fn catch_up(&mut self, who: usize, seat: usize) {
        let Some(conn) = self.conns.get_mut(who) else {
            return;
        };
        let after = conn.session.seats.read_to(seat);
        let (generation, place) = (conn.generation, conn.session.seats.get(seat));
        let Some(number) = place.map(|seat| wide(seat.bench)) else {
            return;
        };
        conn.is_behind = true;
        let Some(bench) = self.benches.get_mut(number) else {
            return;
        };
        let waits = (Chair::new(who, seat), generation);
        if let Some(catching) = &mut bench.catching {
            catching.waiting.push(waits);
            return;
        }
        bench.catching = Some(Box::new(Catching {
            after,
            waiting: vec![waits],
        }));
        let topic = Arc::clone(&bench.topic);
        self.fetch(topic, after);
    }

    fn fetch(&self, topic: Arc<Topic>, after: u64) {
        let (history, inbox) = (Arc::clone(&self.around.history), Arc::clone(&self.inbox));
        self.around.runtime.spawn(async move {
            history.catch_up(&topic, after).await;
            inbox.post(Letter::CaughtUp { topic, after });
        });
    }

    /// The ring has what there is after a number. Those who need no more go on; for others it is asked again.
    pub(super) fn on_caught_up(&mut self, topic: &Arc<Topic>, reached: u64) {
        let Some(number) = self.benches.of(topic) else {
            return;
        };
        let Some(bench) = self.benches.get_mut(number) else {
            return;
        };
        let Some(catching) = bench.catching.take_if(|catching| catching.after == reached) else {
            return;
        };
        let (mut further, mut still) = (u64::MAX, Vec::new());
        for (chair, generation) in catching.waiting {
            let found = self.conns.get(chair.who());
            let Some(conn) = found.filter(|conn| conn.generation == generation) else {
                continue;
            };
            let read_to = conn.session.seats.read_to(chair.seat());
            let seat = conn.session.seats.get(chair.seat());
            let is_astray = seat.is_some_and(Seat::is_astray);
            if read_to < reached && !is_astray {
                further = min(further, read_to);
                still.push((chair, generation));
            } else {
                self.go_on(chair);
            }
        }
        if still.is_empty() {
            return;
        }
        if let Some(bench) = self.benches.get_mut(number) {
            bench.catching = Some(Box::new(Catching {
                after: further,
                waiting: still,
            }));
            self.fetch(Arc::clone(topic), further);
        }
    }

    /// What the ring does not have now, nobody has.
    fn go_on(&mut self, chair: Chair) {
        let Some(conn) = self.conns.get_mut(chair.who()) else {
            return;
        };
        conn.is_behind = false;
        if conn.is_full() {
            // It takes up where it is when the socket is not.
            return;
        }
        if let Some(notice) = conn.session.give_up(chair.seat(), &self.around) {
            conn.say(&notice);
        }
        self.serve(chair.who());
    }
}
