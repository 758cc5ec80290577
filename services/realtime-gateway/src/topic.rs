//! One audience that is read here: its ring, and who is told when it has news.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::cursor::Tag;
use tokio::{sync::Notify, time::Instant};

use crate::{
    audience::Audience,
    reactor::{Letter, Posts},
    ring::Ring,
    states::{Change, State, States},
};

/// How long a ring is kept when its last reader has gone: whoever lost a connection is back by then, or fetches anyway.
const KEPT_IDLE: Duration = Duration::from_mins(2);

/// An audience that is read here.
pub(crate) struct Topic {
    name: Arc<str>,
    tag: Tag,
    inner: Mutex<Inner>,
    /// Held by whoever fetches what the ring lacks, so that one does it for all.
    pub(crate) fetching: tokio::sync::Mutex<()>,
    posts: Posts,
    /// A bit for each reactor that has readers of it, and one for each that was told of news and has not looked yet.
    attached: AtomicU64,
    told: AtomicU64,
    /// The version of the states, to be looked at without a lock.
    state_version: AtomicU32,
}

struct Inner {
    audience: Audience,
    /// Most audiences have none.
    states: Option<Box<States>>,
    /// Readers of all kinds.
    seated: usize,
    /// Those that a task carries, to be woken.
    tasks: HashMap<u64, Arc<Notify>>,
    /// Since when nobody reads.
    idle_since: Instant,
}

impl Topic {
    pub(crate) fn new(name: Arc<str>, known: u64, posts: Posts) -> Self {
        Self {
            tag: Tag::of(&name),
            name,
            inner: Mutex::new(Inner {
                audience: Audience::new(known),
                states: None,
                seated: 0,
                tasks: HashMap::new(),
                idle_since: Instant::now(),
            }),
            fetching: tokio::sync::Mutex::default(),
            posts,
            attached: AtomicU64::new(0),
            told: AtomicU64::new(0),
            state_version: AtomicU32::new(0),
        }
    }

    /// The audience's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What stands for it in cursors.
    pub(crate) fn tag(&self) -> Tag {
        self.tag
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the ring; nothing, while its beginning is not known.
    pub(crate) fn with_ring<T>(&self, look: impl FnOnce(&Ring) -> T) -> Option<T> {
        self.lock().audience.ring().map(look)
    }

    /// Changes the audience, and wakes its readers when that moved its head or gave them older events.
    pub(crate) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut Audience) -> T) -> T {
        let mut inner = self.lock();
        let before = edges(&inner.audience);
        let done = change(&mut inner.audience);
        if edges(&inner.audience) != before {
            self.tell(inner);
        }
        done
    }

    /// Takes in how something is now, and tells its readers.
    pub(crate) fn set_state(self: &Arc<Self>, change: Change) {
        let mut inner = self.lock();
        let states = inner.states.get_or_insert_default();
        let version = states.set(change, Instant::now());
        self.state_version.store(version, Ordering::SeqCst);
        self.tell(inner);
    }

    /// The version of the states.
    pub(crate) fn state_version(&self) -> u32 {
        self.state_version.load(Ordering::SeqCst)
    }

    /// What has changed since a version of the states.
    pub(crate) fn states_since(&self, version: u32) -> Vec<State> {
        let inner = self.lock();
        let states = inner.states.as_ref();
        states.map_or_else(Vec::new, |states| states.since(version, Instant::now()))
    }

    /// Wakes the readers.
    fn tell(self: &Arc<Self>, inner: MutexGuard<'_, Inner>) {
        inner.tasks.values().for_each(|task| task.notify_one());
        drop(inner);
        let attached = self.attached.load(Ordering::SeqCst);
        let untold = attached & !self.told.fetch_or(attached, Ordering::SeqCst);
        for inbox in self.posts.of(untold) {
            inbox.post(Letter::News(Arc::clone(self)));
        }
    }

    /// A reactor has readers from now on.
    pub(crate) fn attach(&self, reactor: u64) {
        self.attached.fetch_or(reactor, Ordering::SeqCst);
    }

    /// A reactor has none any more.
    pub(crate) fn detach(&self, reactor: u64) {
        self.attached.fetch_and(!reactor, Ordering::SeqCst);
    }

    /// A reactor was told of news and looks now; it has to be told again of what comes after.
    pub(crate) fn looks(&self, reactor: u64) {
        self.told.fetch_and(!reactor, Ordering::SeqCst);
    }

    /// A task is woken from now on.
    pub(crate) fn wake(&self, reader: u64, task: &Arc<Notify>) {
        self.lock().tasks.insert(reader, Arc::clone(task));
    }

    /// A task is no longer woken.
    pub(crate) fn let_sleep(&self, reader: u64) {
        self.lock().tasks.remove(&reader);
    }

    /// The number after which something is missing.
    pub(crate) fn missing_after(&self) -> Option<u64> {
        self.lock().audience.missing_after()
    }

    /// The newest number here, once the head is known.
    pub(crate) fn head(&self) -> Option<u64> {
        self.lock().audience.head()
    }

    /// A reader takes a seat.
    pub(crate) fn sit(&self) {
        self.lock().seated += 1;
    }

    /// Readers of all kinds.
    pub(crate) fn seated(&self) -> usize {
        self.lock().seated
    }

    /// Whether somebody reads it, or did lately.
    pub(crate) fn is_in_use(&self, now: Instant) -> bool {
        self.seated() > 0 || self.idle_for(now) < KEPT_IDLE
    }

    /// For how long nobody has read it.
    pub(crate) fn idle_for(&self, now: Instant) -> Duration {
        let inner = self.lock();
        if inner.seated > 0 {
            return Duration::ZERO;
        }
        now.duration_since(inner.idle_since)
    }

    /// The highest number that was ever heard of.
    pub(crate) fn known(&self) -> u64 {
        self.lock().audience.known()
    }

    /// A reader leaves its seat.
    pub(crate) fn leave(&self) {
        let mut inner = self.lock();
        inner.seated -= 1;
        if inner.seated == 0 {
            inner.idle_since = Instant::now();
        }
    }
}

fn edges(audience: &Audience) -> Option<(u64, u64)> {
    audience.ring().map(|ring| (ring.tail(), ring.head()))
}
