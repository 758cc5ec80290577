//! How other threads reach a reactor.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::{
    event::{EventfdFlags, eventfd},
    fd::{AsFd, BorrowedFd, OwnedFd},
};

use super::Newcomer;
use crate::{session::Revoked, topic::TopicRef};

/// What a reactor is told.
pub(crate) enum Letter {
    /// Somebody wants to be carried.
    Open(Box<Newcomer>),
    /// There is something new in an audience.
    News(TopicRef),
    /// The ring of an audience reaches back to this number now, or to where there is nothing before.
    CaughtUp {
        /// The audience.
        topic: TopicRef,
        /// The number that was asked for.
        after: u64,
    },
    /// Whose streams end.
    Revoked(Revoked),
    /// All leave, one after the other.
    Leave,
    /// It is over.
    Stop,
}

/// The letters of one reactor.
pub(crate) struct Inbox {
    letters: Mutex<Vec<Letter>>,
    /// Whether the reactor waits for the bell.
    is_asleep: AtomicBool,
    bell: OwnedFd,
}

impl Inbox {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            letters: Mutex::default(),
            is_asleep: AtomicBool::new(false),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Puts a letter in, and wakes the reactor if it sleeps.
    pub(crate) fn post(&self, letter: Letter) {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(letter);
        if self.is_asleep.swap(false, Ordering::SeqCst) {
            // Fails only for a counter that is full, and then it rings anyway.
            rustix::io::write(&self.bell, &1_u64.to_ne_bytes()).unwrap_or_default();
        }
    }

    /// Takes all letters, into a space that is empty.
    pub(super) fn collect(&self, into: &mut Vec<Letter>) {
        std::mem::swap(
            &mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner),
            into,
        );
    }

    /// Asked before sleeping: from now on the bell rings. Not, when there is something to read.
    pub(super) fn may_sleep(&self) -> bool {
        self.is_asleep.store(true, Ordering::SeqCst);
        let is_empty = self
            .letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty();
        if !is_empty {
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        is_empty
    }

    /// Awake again.
    pub(super) fn wake(&self) {
        self.is_asleep.store(false, Ordering::SeqCst);
    }

    /// The bell was heard.
    pub(super) fn hush(&self) {
        // Fails only for a bell that has not rung.
        rustix::io::read(&self.bell, &mut [0_u8; 8]).unwrap_or_default();
    }

    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// All inboxes. A topic says with a bit for each which of them want its news.
#[derive(Clone, Default)]
pub(crate) struct Posts(Arc<Vec<Arc<Inbox>>>);

impl Posts {
    pub(crate) fn new(inboxes: impl IntoIterator<Item = Arc<Inbox>>) -> Self {
        Self(Arc::new(inboxes.into_iter().collect()))
    }

    /// Those whose bits are set.
    pub(crate) fn of(&self, bits: u32) -> impl Iterator<Item = &Arc<Inbox>> {
        self.0
            .iter()
            .enumerate()
            .filter(move |(index, _)| bits & (1 << index) != 0)
            .map(|(_, inbox)| inbox)
    }

    /// Each.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Arc<Inbox>> {
        self.0.iter()
    }

    /// One; whoever asks in turn gets each as often as the others.
    pub(crate) fn nth(&self, turn: usize) -> Option<&Arc<Inbox>> {
        self.0.get(turn.checked_rem(self.0.len())?)
    }
}
