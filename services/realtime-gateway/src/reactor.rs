//! The reactors: threads that carry streams on sockets of their own.
//!
//! A stream on HTTP/1.1 is a head and then bytes until somebody hangs up, so nothing of an HTTP server is needed once the head
//! is out. Each reactor is one thread with an epoll, a slab of sockets and a wheel of deadlines. A stream never changes its
//! reactor, so there is no lock and no counter that threads share in what a delivery takes: one write.
//!
//! News of an audience come as one letter. The reactor copies what is new out of the ring once, then passes along the
//! audience's readers and writes to each; passes of several audiences take turns, and what comes while a pass is under way is
//! taken by the next one, together. Whoever's socket is full is passed by, and takes what the ring has when it is not.

mod bench;
mod conn;
mod inbox;
mod pass;
mod tally;
mod threads;
mod wheel;

use std::{collections::VecDeque, io, net::TcpStream, sync::Arc, time::Duration};

use avvivo_service_kit::lifecycle::Slot;
use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
    fd::OwnedFd,
};
use slab::Slab;

use self::{
    bench::{Audiences, Bench, Chair},
    conn::{Conn, Wrote},
    inbox::Rest,
    tally::Tally,
    wheel::Wheel,
};
pub(crate) use self::{
    inbox::{Inbox, Letter, Posts},
    threads::Reactors,
};
use crate::{
    draft::Draft,
    ending::Ending,
    pace::Tick,
    seats::Taken,
    session::{Due, Opening, Revoked, Session, Surroundings},
};

/// What the kernel reports at once.
const EVENTS: usize = 1_024;
/// How long those who come after somebody wait to be taken in together: nobody notices, and nobody is woken for each.
const DOZE: Duration = Duration::from_millis(1);
/// What the kernel reports of a socket; and of one that was full.
const HEARD: epoll::EventFlags = epoll::EventFlags::IN
    .union(epoll::EventFlags::RDHUP)
    .union(epoll::EventFlags::ET);
const HEARD_IF_FULL: epoll::EventFlags = HEARD.union(epoll::EventFlags::OUT);
/// Stands for the bell; no connection has it, because their numbers are shorter.
const BELL: u64 = u64::MAX;

/// Somebody who wants to be carried.
pub(crate) struct Newcomer {
    pub(crate) socket: TcpStream,
    pub(crate) slot: Slot,
    pub(crate) session: Session,
    pub(crate) opening: Opening,
    /// What is written first: the head of the answer, and the greeting.
    pub(crate) first: Vec<u8>,
}

/// One reactor, on its own thread.
struct Reactor {
    around: Arc<Surroundings>,
    inbox: Arc<Inbox>,
    /// Its bit in the topics.
    bit: u32,
    poll: OwnedFd,
    conns: Slab<Conn>,
    generation: u32,
    /// The audiences that somebody here reads, and the benches of those that several do.
    audiences: Audiences,
    benches: Slab<Bench>,
    /// Benches with news.
    running: VecDeque<usize>,
    /// Seats that were moved while a pass was under way.
    moved: Vec<Chair>,
    wheel: Wheel,
    now: Tick,
    /// For passes, and for everything else.
    quick: Draft,
    slow: Draft,
    tally: Tally,
    /// Somebody was taken in a moment ago, and so others may be about to come.
    is_rush: bool,
    stopped: bool,
}

impl Reactor {
    /// With room for so many streams, which takes no memory before it is used.
    fn new(
        around: Arc<Surroundings>,
        inbox: Arc<Inbox>,
        bit: u32,
        most: usize,
    ) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &poll,
            inbox.bell(),
            epoll::EventData::new_u64(BELL),
            epoll::EventFlags::IN | epoll::EventFlags::ET,
        )?;
        let now = around.pace.now();
        Ok(Self {
            around,
            inbox,
            bit,
            poll,
            conns: Slab::with_capacity(most),
            generation: 0,
            audiences: Audiences::default(),
            benches: Slab::new(),
            running: VecDeque::new(),
            moved: Vec::new(),
            wheel: Wheel::new(now),
            now,
            quick: Draft::default(),
            slow: Draft::default(),
            tally: Tally::default(),
            is_rush: false,
            stopped: false,
        })
    }

    /// Carries streams until it is stopped.
    fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        let (mut letters, mut due) = (Vec::new(), Vec::new());
        while !self.stopped {
            self.wait(&mut events)?;
            self.now = self.around.pace.now();
            let heard = events.len();
            for event in events.drain(..) {
                self.on_event(event);
            }
            self.inbox.collect(&mut letters);
            if heard == 0 && letters.is_empty() {
                self.is_rush = false;
            }
            for letter in letters.drain(..) {
                self.on_letter(letter);
            }
            self.run_passes();
            self.wheel.advance(self.now, &mut due);
            for (at, who) in due.drain(..) {
                self.on_time(at, who);
            }
            self.tally.report(&self.around);
        }
        Ok(())
    }

    /// Waits for the kernel, the bell or the wheel; not at all, while there is work.
    fn wait(&mut self, events: &mut Vec<epoll::Event>) -> io::Result<()> {
        let at_once = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let rest = if self.is_rush {
            Rest::Dozing
        } else {
            Rest::Asleep
        };
        let wait = if !self.running.is_empty() || !self.inbox.may_rest(rest) {
            Some(at_once)
        } else if rest == Rest::Dozing {
            Timespec::try_from(DOZE).ok()
        } else {
            self.wheel.next().map(|next| {
                let instant = self.around.pace.instant(next);
                let left = instant.saturating_duration_since(tokio::time::Instant::now());
                Timespec::try_from(left).unwrap_or(at_once)
            })
        };
        let waited = epoll::wait(&self.poll, spare_capacity(events), wait.as_ref());
        match waited {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn on_event(&mut self, event: epoll::Event) {
        let token = event.data.u64();
        let Some((who, conn)) = self.find(token) else {
            return;
        };
        let flags = event.flags;
        let hung_up = epoll::EventFlags::RDHUP | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        let gone = flags.intersects(hung_up)
            || (flags.contains(epoll::EventFlags::IN) && !conn.is_there());
        if gone {
            self.close(who, Ending::Client);
        } else if flags.contains(epoll::EventFlags::OUT) && conn.is_full() {
            self.serve(who);
        }
    }

    /// The connection that the kernel means, if it is still that one.
    fn find(&self, token: u64) -> Option<(usize, &Conn)> {
        let who = usize::try_from(token & u64::from(u32::MAX)).ok()?;
        let conn = self.conns.get(who)?;
        (u64::from(conn.generation) == token >> 32).then_some((who, conn))
    }

    fn on_letter(&mut self, letter: Letter) {
        match letter {
            Letter::Open(newcomer) => self.open(*newcomer),
            Letter::News(topic) => self.on_news(&topic),
            Letter::CaughtUp { topic, after } => self.on_caught_up(&topic, after),
            Letter::Revoked(revoked) => self.revoke(revoked),
            Letter::Leave => self.leave(),
            Letter::Stop => self.stopped = true,
        }
    }

    fn open(&mut self, newcomer: Newcomer) {
        let Newcomer {
            socket,
            slot,
            session,
            opening,
            first,
        } = newcomer;
        self.is_rush = true;
        self.generation = self.generation.wrapping_add(1) & (u32::MAX >> 1);
        let mut conn = Conn::new(socket, session, slot, self.generation);
        conn.say(&first);
        let entry = self.conns.vacant_entry();
        let who = entry.key();
        if let Err(error) = epoll::add(&self.poll, &conn.socket, conn.token(who), HEARD) {
            tracing::warn!(%error, "a stream could not be carried");
            self.around.instruments.ended(Ending::Client);
            return;
        }
        if self.around.stopping.is_cancelled() {
            conn.session.leave(&self.around);
        }
        entry.insert(conn);
        self.sit_down(who);
        self.look_again(who);
        self.serve(who);
        if opening.is_overtaken(&self.around) {
            self.end(who, Ending::Revoked);
        }
    }

    /// Writes what there is for one connection, until its socket is full or there is nothing more.
    fn serve(&mut self, who: usize) {
        loop {
            let Some(conn) = self.conns.get_mut(who) else {
                return;
            };
            self.slow.frames.clear();
            conn.begin(&mut self.slow);
            let goes_on = !self.slow.is_empty();
            let taken = conn.take(&mut self.slow);
            if self.slow.is_empty() {
                if let Taken::Behind { seat } = taken {
                    self.catch_up(who, seat);
                }
                return;
            }
            match conn.write(&self.slow, self.now) {
                Wrote::All => {
                    let seats = &conn.session.seats;
                    self.tally.wrote(&self.slow, seats, &self.around);
                }
                Wrote::Full => return self.on_full(who),
                Wrote::Gone => return self.close(who, Ending::Client),
            }
            if let Some(ending) = conn.ending {
                return self.close(who, ending);
            }
            if taken == Taken::Nothing && !goes_on {
                return;
            }
        }
    }

    /// Has the kernel say when a socket that was full is not, and the wheel when that takes too long.
    fn on_full(&mut self, who: usize) {
        if let Some(conn) = self.conns.get_mut(who)
            && !std::mem::replace(&mut conn.is_watched, true)
            && let Err(error) =
                epoll::modify(&self.poll, &conn.socket, conn.token(who), HEARD_IF_FULL)
        {
            tracing::warn!(%error, "a stream could not be watched");
            return self.close(who, Ending::Client);
        }
        self.look_again(who);
    }

    /// Has the wheel bring a connection up when time brings something next.
    fn look_again(&mut self, who: usize) {
        if let Some(conn) = self.conns.get_mut(who) {
            conn.wakes_at = self.wheel.add(conn.next_due(), narrow(who));
        }
    }

    fn on_time(&mut self, at: Tick, who: u32) {
        let who = usize::try_from(who).unwrap_or(usize::MAX);
        let Some(conn) = self.conns.get_mut(who).filter(|conn| conn.wakes_at == at) else {
            return;
        };
        if conn
            .stalls_at()
            .is_some_and(|stalls_at| self.now >= stalls_at)
        {
            return self.close(who, Ending::Stalled);
        }
        if conn.is_full() {
            let (ends_at, ending) = conn.session.end_due();
            if self.now >= ends_at {
                // Somebody slow keeps no right for longer than somebody quick.
                self.close(who, ending);
            } else {
                self.look_again(who);
            }
            return;
        }
        match conn.session.due(&self.around) {
            Due::Nothing => {}
            Due::Beat(frame) => {
                conn.say(&frame);
                self.serve(who);
            }
            Due::End(ending) => return self.end(who, ending),
        }
        self.look_again(who);
    }

    /// Says the last word and hangs up; without a word where the socket takes none.
    fn end(&mut self, who: usize, ending: Ending) {
        let Some(conn) = self.conns.get_mut(who) else {
            return;
        };
        if conn.is_full() {
            return self.close(who, ending);
        }
        conn.say(&conn.session.end(ending, &self.around));
        conn.ending = Some(ending);
        self.serve(who);
    }

    fn revoke(&mut self, revoked: Revoked) {
        let concerned: Vec<usize> = self
            .conns
            .iter()
            .filter(|(_, conn)| revoked.concerns(conn.session.account()))
            .map(|(who, _)| who)
            .collect();
        for who in concerned {
            self.end(who, Ending::Revoked);
        }
    }

    fn leave(&mut self) {
        let all: Vec<usize> = self.conns.iter().map(|(who, _)| who).collect();
        for who in all {
            if let Some(conn) = self.conns.get_mut(who) {
                conn.session.leave(&self.around);
            }
            self.look_again(who);
        }
    }

    /// Gives everything back.
    fn close(&mut self, who: usize, ending: Ending) {
        self.stand_up(who);
        let Some(conn) = self.conns.try_remove(who) else {
            return;
        };
        if ending == Ending::Stalled {
            // Fails for a socket that is gone already.
            drop(conn.reset());
        }
        self.around.instruments.ended(ending);
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        self.detach();
        for _ in self.conns.drain() {
            self.around.instruments.ended(Ending::Draining);
        }
    }
}

/// Connections and benches are counted in four bytes; there are not that many descriptors.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
