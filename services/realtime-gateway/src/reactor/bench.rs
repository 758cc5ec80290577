//! Who reads an audience in one reactor, and those of them whose history is being fetched.

use std::{
    cmp::min,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use hashbrown::HashTable;
use slab::Slab;
use smallvec::SmallVec;

use super::{Conn, Reactor, inbox::Letter, narrow, pass::Pass};
use crate::{grants::GrantRef, seats::Seat, topic::TopicRef};

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

/// Who reads an audience here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// One, as nearly every audience has that is somebody's own: a bench would be larger than all else of the reader.
    One(Chair),
    /// Several, on the bench with this number.
    Bench(usize),
}

/// The readers of an audience in four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(u32);

/// Says that it is a bench. No chair has it: there are not that many descriptors.
const BENCH: u32 = 1 << 31;

impl Entry {
    fn readers(self) -> Readers {
        if self.0 & BENCH == 0 {
            Readers::One(Chair(self.0))
        } else {
            Readers::Bench(wide(self.0 & !BENCH))
        }
    }
}

impl From<Readers> for Entry {
    fn from(readers: Readers) -> Self {
        match readers {
            Readers::One(Chair(chair)) => Self(chair),
            Readers::Bench(number) => Self(narrow(number) | BENCH),
        }
    }
}

/// The readers of one audience here.
pub(super) struct Bench {
    pub(super) topic: TopicRef,
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

/// The audiences that somebody here reads, by whom. Which audience an entry is about, its readers know.
#[derive(Default)]
pub(super) struct Audiences {
    entries: HashTable<Entry>,
    hasher: RandomState,
}

/// Where it says which audience an entry is about.
pub(super) struct Known<'r> {
    conns: &'r Slab<Conn>,
    benches: &'r Slab<Bench>,
}

impl Known<'_> {
    fn topic(&self, entry: Entry) -> Option<&TopicRef> {
        match entry.readers() {
            Readers::One(chair) => {
                let conn = self.conns.get(chair.who())?;
                conn.session.seats.topic(chair.seat())
            }
            Readers::Bench(number) => Some(&self.benches.get(number)?.topic),
        }
    }

    fn is(&self, entry: Entry, topic: &TopicRef) -> bool {
        self.topic(entry)
            .is_some_and(|its| TopicRef::ptr_eq(its, topic))
    }
}

impl Audiences {
    fn hash(&self, topic: &TopicRef) -> u64 {
        self.hasher.hash_one(TopicRef::as_ptr(topic).addr())
    }

    pub(super) fn readers(&self, topic: &TopicRef, known: &Known<'_>) -> Option<Readers> {
        let found = self
            .entries
            .find(self.hash(topic), |entry| known.is(*entry, topic))?;
        Some(found.readers())
    }

    /// Says who reads it from now on; nobody, for none.
    fn set(&mut self, topic: &TopicRef, readers: Option<Readers>, known: &Known<'_>) {
        let hash = self.hash(topic);
        let is_its = |entry: &Entry| known.is(*entry, topic);
        if let Ok(found) = self.entries.find_entry(hash, is_its) {
            found.remove();
        }
        let Some(readers) = readers else { return };
        let hasher = &self.hasher;
        let rehash = |entry: &Entry| {
            let topic = known.topic(*entry);
            topic.map_or(0, |topic| hasher.hash_one(TopicRef::as_ptr(topic).addr()))
        };
        self.entries.insert_unique(hash, readers.into(), rehash);
    }

    /// The audiences.
    pub(super) fn topics<'k>(&self, known: &'k Known<'_>) -> impl Iterator<Item = &'k TopicRef> {
        self.entries.iter().filter_map(|entry| known.topic(*entry))
    }
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Reactor {
    /// Who reads an audience here.
    pub(super) fn readers(&self, topic: &TopicRef) -> Option<Readers> {
        let (conns, benches) = (&self.conns, &self.benches);
        self.audiences.readers(topic, &Known { conns, benches })
    }

    fn set_readers(&mut self, topic: &TopicRef, readers: Option<Readers>) {
        let (conns, benches) = (&self.conns, &self.benches);
        self.audiences
            .set(topic, readers, &Known { conns, benches });
    }

    /// Wants no more news.
    pub(super) fn detach(&self) {
        let (conns, benches) = (&self.conns, &self.benches);
        for topic in self.audiences.topics(&Known { conns, benches }) {
            topic.detach(self.bit);
        }
    }

    /// Seats a connection among the readers of its audiences.
    pub(super) fn sit_down(&mut self, who: usize) {
        let Some(conn) = self.conns.get(who) else {
            return;
        };
        let grant = GrantRef::clone(conn.session.seats.grant());
        for (index, topic) in grant.topics.iter().enumerate() {
            let chair = Chair::new(who, index);
            match self.readers(topic) {
                None => {
                    // From here on news come. What there is already is taken from the ring by whoever sits down.
                    topic.attach(self.bit);
                    self.set_readers(topic, Some(Readers::One(chair)));
                }
                Some(Readers::One(first)) => {
                    let bench = self.bench(topic, first);
                    let number = self.benches.insert(bench);
                    self.set_readers(topic, Some(Readers::Bench(number)));
                    self.push(number, chair);
                }
                Some(Readers::Bench(number)) => self.push(number, chair),
            }
        }
    }

    /// A bench for an audience that one reader had for themselves.
    fn bench(&self, topic: &TopicRef, first: Chair) -> Bench {
        let mut bench = Bench {
            topic: TopicRef::clone(topic),
            chairs: SmallVec::new(),
            handed: topic.head().unwrap_or_default(),
            told: 0,
            pass: None,
            is_running: false,
            first: 0,
            catching: None,
        };
        bench.chairs.push(first);
        let Some(conn) = self.conns.get(first.who()) else {
            return bench;
        };
        // The next pass begins where the first reader stands: there may be news that they were told of and have not had.
        let read_to = conn.session.seats.read_to(first.seat());
        bench.handed = min(bench.handed, read_to);
        bench.told = conn.session.seats.get(first.seat()).map_or(0, Seat::told);
        if conn.is_behind_in(first.seat()) {
            bench.catching = Some(Box::new(Catching {
                after: read_to,
                waiting: vec![(first, conn.generation)],
            }));
        }
        bench
    }

    fn push(&mut self, number: usize, chair: Chair) {
        let Some(bench) = self.benches.get_mut(number) else {
            return;
        };
        let at = bench.chairs.len();
        bench.chairs.push(chair);
        self.put(chair, at);
    }

    fn put(&mut self, chair: Chair, at: usize) {
        let conn = self.conns.get_mut(chair.who());
        if let Some(seat) = conn.and_then(|conn| conn.session.seats.get_mut(chair.seat())) {
            seat.put(narrow(at));
        }
    }

    /// Takes a connection from among the readers of its audiences; a bench that nobody sits on any more is cleared away.
    pub(super) fn stand_up(&mut self, who: usize) {
        let Some(conn) = self.conns.get(who) else {
            return;
        };
        let grant = GrantRef::clone(conn.session.seats.grant());
        for (index, topic) in grant.topics.iter().enumerate() {
            match self.readers(topic) {
                Some(Readers::One(chair)) if chair == Chair::new(who, index) => {
                    topic.detach(self.bit);
                    self.set_readers(topic, None);
                }
                Some(Readers::Bench(number)) => self.leave_bench(number, (who, index)),
                Some(Readers::One(_)) | None => {}
            }
        }
    }

    fn leave_bench(&mut self, number: usize, (who, index): (usize, usize)) {
        let seat = self.conns.get(who);
        let seat = seat.and_then(|conn| conn.session.seats.get(index));
        let (Some(seat), Some(bench)) = (seat, self.benches.get_mut(number)) else {
            return;
        };
        let at = wide(seat.at());
        if bench.chairs.get(at) != Some(&Chair::new(who, index)) {
            return;
        }
        bench.chairs.swap_remove(at);
        if bench.chairs.is_empty() {
            let topic = TopicRef::clone(&bench.topic);
            topic.detach(self.bit);
            self.set_readers(&topic, None);
            self.benches.try_remove(number);
            return;
        }
        let (moved, in_pass) = (bench.chairs.get(at).copied(), bench.is_running);
        if let Some(chair) = moved {
            self.move_chair(chair, at, in_pass);
        }
    }

    /// Somebody was moved to where another left. A pass under way may have gone by there, so the pass does not count for
    /// them.
    fn move_chair(&mut self, chair: Chair, at: usize, in_pass: bool) {
        self.put(chair, at);
        if in_pass {
            self.moved.push(chair);
        }
    }

    /// Has the history of a seat's audience fetched; the connection goes on when that is there.
    pub(super) fn catch_up(&mut self, who: usize, seat: usize) {
        let Some(conn) = self.conns.get_mut(who) else {
            return;
        };
        let Some(topic) = conn.session.seats.topic(seat).cloned() else {
            return;
        };
        conn.fall_behind(seat);
        let (after, generation) = (conn.session.seats.read_to(seat), conn.generation);
        if let Some(Readers::Bench(number)) = self.readers(&topic)
            && let Some(bench) = self.benches.get_mut(number)
        {
            let waits = (Chair::new(who, seat), generation);
            if let Some(catching) = &mut bench.catching {
                catching.waiting.push(waits);
                return;
            }
            bench.catching = Some(Box::new(Catching {
                after,
                waiting: vec![waits],
            }));
        }
        self.fetch(topic, after);
    }

    fn fetch(&self, topic: TopicRef, after: u64) {
        let (history, inbox) = (Arc::clone(&self.around.history), Arc::clone(&self.inbox));
        self.around.runtime.spawn(async move {
            history.catch_up(&topic, after).await;
            inbox.post(Letter::CaughtUp { topic, after });
        });
    }

    /// The ring has what there is after a number.
    pub(super) fn on_caught_up(&mut self, topic: &TopicRef, reached: u64) {
        match self.readers(topic) {
            // Another's, who has left, may not reach far enough; then their own is still under way.
            Some(Readers::One(chair))
                if self.waits_for(chair) && self.is_enough(chair, reached) =>
            {
                self.go_on(chair);
            }
            Some(Readers::Bench(number)) => self.on_bench_caught_up(number, reached),
            Some(Readers::One(_)) | None => {}
        }
    }

    fn waits_for(&self, chair: Chair) -> bool {
        let conn = self.conns.get(chair.who());
        conn.is_some_and(|conn| conn.is_behind_in(chair.seat()))
    }

    /// Whether somebody needs nothing from before a number.
    fn is_enough(&self, chair: Chair, reached: u64) -> bool {
        let Some(conn) = self.conns.get(chair.who()) else {
            return true;
        };
        let seats = &conn.session.seats;
        let is_astray = seats.get(chair.seat()).is_some_and(Seat::is_astray);
        is_astray || seats.read_to(chair.seat()) >= reached
    }

    /// Those who need no more go on; for others it is asked again.
    fn on_bench_caught_up(&mut self, number: usize, reached: u64) {
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
            if self.is_enough(chair, reached) {
                self.go_on(chair);
            } else {
                further = min(further, conn.session.seats.read_to(chair.seat()));
                still.push((chair, generation));
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
            let topic = TopicRef::clone(&bench.topic);
            self.fetch(topic, further);
        }
    }

    /// What the ring does not have now, nobody has.
    fn go_on(&mut self, chair: Chair) {
        let Some(conn) = self.conns.get_mut(chair.who()) else {
            return;
        };
        conn.catch_up();
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
