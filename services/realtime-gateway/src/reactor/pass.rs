//! Handing news along a bench.

use std::sync::Arc;

use avvivo_contracts::cursor::Place;

use super::{
    Reactor,
    bench::{Chair, Readers},
    conn::Wrote,
    narrow,
};
use crate::{
    ending::Ending, frame::Frame, ring::After, seats::overtaken, states::State, topic::TopicRef,
};

/// Readers that are written to before others get their turn: a few milliseconds.
const SLICE: usize = 256;
/// News that one pass hands along, what comes meanwhile included in the next.
const NEWS: usize = 64;

/// A pass under way.
pub(super) struct Pass {
    /// The news, in order.
    frames: Vec<Arc<Frame>>,
    /// The number before the first of them, and the last.
    from: u64,
    to: u64,
    /// How things are, where that has changed, and the version that this makes.
    states: Vec<State>,
    version: u32,
    next: usize,
    left: usize,
}

impl Reactor {
    /// There is something new for a bench.
    pub(super) fn on_news(&mut self, topic: &TopicRef) {
        topic.looks(self.bit);
        let number = match self.readers(topic) {
            Some(Readers::One(chair)) => return self.serve_unless_waiting(chair.who()),
            Some(Readers::Bench(number)) => number,
            None => return,
        };
        if let Some(bench) = self.benches.get_mut(number)
            && !bench.is_running
        {
            bench.is_running = true;
            self.running.push_back(number);
        }
    }

    /// One slice of every pass that is under way.
    pub(super) fn run_passes(&mut self) {
        for _ in 0..self.running.len() {
            let Some(number) = self.running.pop_front() else {
                return;
            };
            if self.slice(number) {
                self.running.push_back(number);
            }
            while let Some(chair) = self.moved.pop() {
                self.serve_unless_waiting(chair.who());
            }
        }
    }

    /// Hands news to some of a bench. Whether there is more to do.
    fn slice(&mut self, number: usize) -> bool {
        let Some(mut pass) = self.pass(number) else {
            return false;
        };
        self.quick.frames = std::mem::take(&mut pass.frames);
        for _ in 0..SLICE.min(pass.left) {
            let Some(bench) = self.benches.get(number) else {
                break;
            };
            if pass.next >= bench.chairs.len() {
                pass.next = 0;
            }
            let Some(&chair) = bench.chairs.get(pass.next) else {
                break;
            };
            pass.next += 1;
            pass.left -= 1;
            self.hand(chair, &pass);
        }
        pass.frames = std::mem::take(&mut self.quick.frames);
        let Some(bench) = self.benches.get_mut(number) else {
            return false;
        };
        if pass.left > 0 {
            bench.pass = Some(pass);
            return true;
        }
        bench.handed = pass.to;
        bench.told = pass.version;
        bench.first = narrow(pass.next + SLICE);
        // What came meanwhile is the next pass.
        bench.is_running = bench.topic.head().is_some_and(|head| head > bench.handed)
            || bench.topic.state_version() > bench.told;
        bench.is_running
    }

    /// The pass under way, or a new one; none, when there is no news after all.
    fn pass(&mut self, number: usize) -> Option<Box<Pass>> {
        let bench = self.benches.get_mut(number)?;
        if let Some(pass) = bench.pass.take() {
            return Some(pass);
        }
        let news = bench.topic.with_ring(|ring| {
            let from = bench.handed.max(ring.tail());
            match ring.after(Place::after(from)) {
                After::Behind => (from, Vec::new()),
                After::Events(events) => (from, events.take(NEWS).cloned().collect()),
            }
        });
        let (from, frames) = news.unwrap_or_default();
        let frames = overtaken(frames);
        // Taken first: a change after it is told again, which does no harm.
        let version = bench.topic.state_version();
        let states = if version == bench.told {
            Vec::new()
        } else {
            bench.topic.states_since(bench.told)
        };
        if frames.is_empty() && states.is_empty() {
            (bench.is_running, bench.told) = (false, version);
            return None;
        }
        let to = frames.last().map_or(from, |last| last.sequence);
        let left = bench.chairs.len();
        let next = usize::try_from(bench.first).unwrap_or_default() % left.max(1);
        Some(Box::new(Pass {
            frames,
            from,
            to,
            states,
            version,
            next,
            left,
        }))
    }

    /// Hands news to one reader.
    fn hand(&mut self, chair: Chair, pass: &Pass) {
        let who = chair.who();
        let Some(conn) = self.conns.get_mut(who) else {
            return;
        };
        if conn.is_full() || conn.is_behind() || conn.ending.is_some() {
            return;
        }
        let Some(seat) = conn.session.seats.get_mut(chair.seat()) else {
            return;
        };
        let told = seat.told();
        let is_up_to_date = seat.place() >= Place::after(pass.to);
        if is_up_to_date && told >= pass.version {
            return;
        }
        if seat.is_astray() || (!is_up_to_date && seat.place() < Place::after(pass.from)) {
            return self.serve(who);
        }
        seat.tell(pass.version);
        self.quick.begin(&conn.session.seats);
        for state in pass.states.iter().filter(|state| state.version > told) {
            self.quick.state(state.name, &state.bytes);
        }
        self.quick.add_later(&conn.session.seats, chair.seat());
        match conn.write(&self.quick, self.now) {
            Wrote::All => {
                let seats = &conn.session.seats;
                self.tally.wrote(&self.quick, seats, &self.around);
            }
            Wrote::Full => self.on_full(who),
            Wrote::Gone => self.close(who, Ending::Client),
        }
    }

    fn serve_unless_waiting(&mut self, who: usize) {
        let waits = |conn: &super::Conn| conn.is_full() || conn.is_behind();
        if self.conns.get(who).is_some_and(|conn| !waits(conn)) {
            self.serve(who);
        }
    }
}
