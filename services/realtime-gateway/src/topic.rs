//! One audience that is read here: its ring, and who is told when it has news.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::cursor::Tag;
use tokio::{sync::Notify, time::Instant};

use crate::{
    audience::Audience,
    pace::Tick,
    reactor::{Letter, Posts},
    ring::Ring,
    states::{Change, State, States},
};

/// How long a ring is kept when its last reader has gone: whoever lost a connection is back by then, or fetches anyway.
const KEPT_IDLE: Duration = Duration::from_mins(2);

/// An audience that is read here. Nearly every reader has one of their own, so what most have no use for is kept elsewhere.
pub(crate) struct Topic {
    name: Arc<str>,
    tag: Tag,
    /// The version of the states, to be looked at without a lock.
    state_version: AtomicU32,
    /// A bit for each reactor that has readers of it, and one for each that was told of news and has not looked yet.
    attached: AtomicU32,
    told: AtomicU32,
    posts: Posts,
    inner: Mutex<Inner>,
}

struct Inner {
    audience: Audience,
    /// Readers of all kinds.
    seated: u32,
    /// Since when nobody reads.
    idle_since: Tick,
    /// What other instances were told last of how many there are.
    said: u32,
    seldom: Option<Box<Seldom>>,
}

/// What few audiences have.
#[derive(Default)]
struct Seldom {
    states: States,
    /// Readers that a task carries, to be woken.
    tasks: HashMap<usize, Arc<Notify>>,
    /// Held by whoever fetches what the ring lacks, so that one does it for all.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

impl Inner {
    fn seldom(&mut self) -> &mut Seldom {
        self.seldom.get_or_insert_default()
    }
}

impl Topic {
    /// An audience of which `known` is the highest number that was heard of so far.
    pub(crate) fn new(name: Arc<str>, known: u64, posts: Posts, now: Tick) -> Self {
        Self {
            tag: Tag::of(&name),
            name,
            state_version: AtomicU32::new(0),
            attached: AtomicU32::new(0),
            told: AtomicU32::new(0),
            posts,
            inner: Mutex::new(Inner {
                audience: Audience::new(known),
                seated: 0,
                idle_since: now,
                said: 0,
                seldom: None,
            }),
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
        self.lock().audience.with_ring(look)
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

    /// Held by whoever fetches what the ring lacks.
    pub(crate) fn fetching(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.lock().seldom().fetching)
    }

    /// Takes in how something is now, and tells its readers.
    pub(crate) fn set_state(self: &Arc<Self>, change: Change) {
        let mut inner = self.lock();
        let version = inner.seldom().states.set(change, Instant::now());
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
        let seldom = inner.seldom.as_ref();
        seldom.map_or_else(Vec::new, |seldom| {
            seldom.states.since(version, Instant::now())
        })
    }

    /// Wakes the readers.
    fn tell(self: &Arc<Self>, inner: MutexGuard<'_, Inner>) {
        if let Some(seldom) = &inner.seldom {
            seldom.tasks.values().for_each(|task| task.notify_one());
        }
        drop(inner);
        let attached = self.attached.load(Ordering::SeqCst);
        let untold = attached & !self.told.fetch_or(attached, Ordering::SeqCst);
        for inbox in self.posts.of(untold) {
            inbox.post(Letter::News(Arc::clone(self)));
        }
    }

    /// A reactor has readers from now on.
    pub(crate) fn attach(&self, reactor: u32) {
        self.attached.fetch_or(reactor, Ordering::SeqCst);
    }

    /// A reactor has none any more.
    pub(crate) fn detach(&self, reactor: u32) {
        self.attached.fetch_and(!reactor, Ordering::SeqCst);
    }

    /// A reactor was told of news and looks now; it has to be told again of what comes after.
    pub(crate) fn looks(&self, reactor: u32) {
        self.told.fetch_and(!reactor, Ordering::SeqCst);
    }

    /// A task is woken from now on.
    pub(crate) fn wake(&self, task: &Arc<Notify>) {
        let woken = Arc::clone(task);
        self.lock().seldom().tasks.insert(address(task), woken);
    }

    /// A task is no longer woken.
    pub(crate) fn let_sleep(&self, task: &Arc<Notify>) {
        self.lock().seldom().tasks.remove(&address(task));
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
    pub(crate) fn seated(&self) -> u32 {
        self.lock().seated
    }

    /// Readers, and for how long there has been none.
    pub(crate) fn attendance(&self, now: Tick) -> (u32, Duration) {
        let inner = self.lock();
        let idle = match inner.seated {
            0 => now.since(inner.idle_since),
            _ => Duration::ZERO,
        };
        (inner.seated, idle)
    }

    /// Whether somebody reads it, or did lately.
    pub(crate) fn is_in_use(&self, now: Tick) -> bool {
        self.attendance(now).1 < KEPT_IDLE
    }

    /// How many other instances were told that there are here.
    pub(crate) fn said(&self) -> u32 {
        self.lock().said
    }

    /// They were told.
    pub(crate) fn say(&self, count: u32) {
        self.lock().said = count;
    }

    /// The highest number that was ever heard of.
    pub(crate) fn known(&self) -> u64 {
        self.lock().audience.known()
    }

    /// A reader leaves its seat.
    pub(crate) fn leave(&self, now: Tick) {
        let mut inner = self.lock();
        inner.seated -= 1;
        inner.idle_since = now;
    }
}

fn edges(audience: &Audience) -> Option<(u64, u64)> {
    audience.with_ring(|ring| (ring.tail(), ring.head()))
}

fn address(task: &Arc<Notify>) -> usize {
    Arc::as_ptr(task).addr()
}

/// A topic among others, found by its name.
#[derive(Clone)]
pub(crate) struct Named(pub(crate) Arc<Topic>);

impl Borrow<str> for Named {
    fn borrow(&self) -> &str {
        &self.0.name
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.0.name).hash(state);
    }
}
