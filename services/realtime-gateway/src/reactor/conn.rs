//! One socket of a reactor.

use std::{io, net::TcpStream, time::Duration};

use avvivo_service_kit::lifecycle::Slot;
use rustix::{
    event::epoll,
    io::{Errno, retry_on_intr},
    net::{RecvFlags, SendFlags, recv, send},
};

use super::narrow;
use crate::{
    draft::{Draft, Rest},
    ending::Ending,
    pace::Tick,
    seats::Taken,
    session::Session,
};

/// How long a socket may take nothing at all.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(30);
/// What a client has to say to a stream is nothing; this much is passed over at a time.
const IGNORED: usize = 512;
/// And this often at once.
const MOST_IGNORED: usize = 16;

/// A socket and the session that it carries.
pub(super) struct Conn {
    pub(super) socket: TcpStream,
    pub(super) session: Session,
    /// Tells this connection from others that had its place before.
    pub(super) generation: u32,
    /// When the wheel brings it up. Entries for other moments are stale.
    pub(super) wakes_at: Tick,
    /// The kernel was asked to say when it is not full.
    pub(super) is_watched: bool,
    /// Whether the socket is full, and since when it has taken nothing.
    is_full: bool,
    stalled_since: Tick,
    rest: Option<Box<Rest>>,
    /// The seat whose audience's history is being fetched.
    behind: Option<u8>,
    /// It ends once the rest is out.
    pub(super) ending: Option<Ending>,
    turn: u8,
    _slot: Slot,
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// It went out whole.
    All,
    /// The socket is full.
    Full,
    /// There is nobody any more.
    Gone,
}

impl Conn {
    pub(super) fn new(socket: TcpStream, session: Session, slot: Slot, generation: u32) -> Self {
        Self {
            socket,
            session,
            generation,
            wakes_at: Tick(0),
            is_watched: false,
            is_full: false,
            stalled_since: Tick(0),
            rest: None,
            behind: None,
            ending: None,
            turn: 0,
            _slot: slot,
        }
    }

    /// What the kernel calls it, as connection `who`.
    pub(super) fn token(&self, who: usize) -> epoll::EventData {
        epoll::EventData::new_u64(u64::from(self.generation) << 32 | u64::from(narrow(who)))
    }

    /// Waits for the history of a seat's audience.
    pub(super) fn fall_behind(&mut self, seat: usize) {
        self.behind = u8::try_from(seat).ok();
    }

    /// The history is there.
    pub(super) fn catch_up(&mut self) {
        self.behind = None;
    }

    /// Whether it waits for the history of some audience.
    pub(super) fn is_behind(&self) -> bool {
        self.behind.is_some()
    }

    /// Whether it waits for that of a seat's.
    pub(super) fn is_behind_in(&self, seat: usize) -> bool {
        self.behind
            .is_some_and(|behind| usize::from(behind) == seat)
    }

    /// Whether it waits for its socket.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// When it has taken nothing for too long.
    pub(super) fn stalls_at(&self) -> Option<Tick> {
        self.is_full.then(|| self.stalled_since.after(STALL_LIMIT))
    }

    /// When time brings something next.
    pub(super) fn next_due(&self) -> Tick {
        match self.stalls_at() {
            // A socket that takes nothing takes no beat either.
            Some(stalls_at) => stalls_at.min(self.session.end_due().0),
            None => self.session.next_due(),
        }
    }

    /// Begins a draft where the last write stopped.
    pub(super) fn begin(&mut self, draft: &mut Draft) {
        draft.begin(&self.session.seats);
        if let Some(rest) = self.rest.take() {
            draft.resume(&self.session.seats, *rest);
        }
    }

    /// Drafts what there is to take, unless it waits for its history or for its end.
    pub(super) fn take(&mut self, draft: &mut Draft) -> Taken {
        if self.behind.is_some() || self.ending.is_some() {
            return Taken::Nothing;
        }
        if draft.is_without_events() {
            self.session.seats.take_states(draft);
        }
        self.turn = self.turn.wrapping_add(1);
        self.session.seats.take(self.turn.into(), draft)
    }

    /// Writes a draft, and moves on as far as the socket took it.
    pub(super) fn write(&mut self, draft: &Draft, now: Tick) -> Wrote {
        let bytes = draft.bytes();
        if bytes.is_empty() {
            draft.sent(&mut self.session.seats, 0);
            return Wrote::All;
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let sent = match retry_on_intr(|| send(&self.socket, bytes, flags)) {
            Ok(sent) => sent,
            Err(Errno::AGAIN) => 0,
            Err(_) => return Wrote::Gone,
        };
        self.rest = draft.sent(&mut self.session.seats, sent).map(Box::new);
        if sent == bytes.len() {
            self.is_full = false;
            self.session.wrote(now);
            return Wrote::All;
        }
        if sent > 0 || !self.is_full {
            self.stalled_since = now;
        }
        self.is_full = true;
        Wrote::Full
    }

    /// The connection's own words. Only for a socket that is not full.
    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.rest = Some(Box::new(Rest::Own(bytes.into())));
    }

    /// Passes over what the client says. Whether it is still there, and no more talkative than any client has reason to be.
    pub(super) fn is_there(&self) -> bool {
        let mut ignored = [0; IGNORED];
        for _ in 0..MOST_IGNORED {
            let heard = retry_on_intr(|| recv(&self.socket, &mut ignored[..], RecvFlags::DONTWAIT));
            match heard {
                Ok((1.., _)) => {}
                Err(Errno::AGAIN) => return true,
                Ok((0, _)) | Err(_) => return false,
            }
        }
        false
    }

    /// What it has not taken is thrown away with it, and not kept by the kernel for somebody who does not come.
    pub(super) fn reset(&self) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_linger(
            &self.socket,
            Some(Duration::ZERO),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is one for each reader.
    #[test]
    fn one_takes_little_more_than_a_hundred_bytes() {
        assert_eq!(size_of::<Conn>(), 104);
    }
}
