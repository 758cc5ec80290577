//! How other threads reach a reactor.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    inner: Mutex<Inner>,
    bell: OwnedFd,
}

#[derive(Default)]
struct Inner {
    letters: Vec<Letter>,
    rest: Rest,
}

/// How a reactor waits for letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rest {
    /// Not at all.
    #[default]
    Awake,
    /// It wakes by itself in a moment, so only what cannot wait rings. To be woken costs more than to open a stream, and when
    /// everybody comes back one comes after the other.
    Dozing,
    /// Until the bell rings.
    Asleep,
}

impl Letter {
    /// Whether a moment matters.
    fn is_urgent(&self) -> bool {
        !matches!(self, Self::Open(_))
    }
}

impl Inbox {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            inner: Mutex::default(),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a letter in, and wakes the reactor if it sleeps.
    pub(crate) fn post(&self, letter: Letter) {
        let mut inner = self.lock();
        let rings = match inner.rest {
            Rest::Awake => false,
            Rest::Dozing => letter.is_urgent(),
            Rest::Asleep => true,
        };
        inner.letters.push(letter);
        if rings {
            inner.rest = Rest::Awake;
            drop(inner);
            // Nobody reads the counter: it is the change that wakes. Fails only for one that is full, in some million years.
            rustix::io::write(&self.bell, &1_u64.to_ne_bytes()).unwrap_or_default();
        }
    }

    /// Takes all letters, into a space that is empty. Whoever does so is awake.
    pub(super) fn collect(&self, into: &mut Vec<Letter>) {
        let mut inner = self.lock();
        inner.rest = Rest::Awake;
        std::mem::swap(&mut inner.letters, into);
    }

    /// Asked before resting: from now on the bell rings. Not, when there is something to read.
    pub(super) fn may_rest(&self, rest: Rest) -> bool {
        let mut inner = self.lock();
        let is_empty = inner.letters.is_empty();
        if is_empty {
            inner.rest = rest;
        }
        is_empty
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
