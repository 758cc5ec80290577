//! One audience that is read here: its ring, and who is told when it has news.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::{audience::Audience, cursor::Tag};
use tokio::{sync::Notify, time::Instant};

use crate::{
    log::Log,
    pace::Tick,
    reactor::{Letter, Posts},
    ring::Ring,
    states::{Change, State, States},
};

/// How long a ring is kept when its last reader has gone: whoever lost a connection is back by then, or fetches anyway.
const KEPT_IDLE: Duration = Duration::from_mins(2);

/// A hold on a topic, without the eight bytes for weak holds, which nobody takes.
pub(crate) type TopicRef = triomphe::Arc<Topic>;

/// An audience that is read here. Nearly every reader has one of their own, so what most have no use for is kept elsewhere.
pub(crate) struct Topic {
    name: Audience,
    tag: Tag,
    /// The version of the states, to be looked at without a lock.
    state_version: AtomicU32,
    /// A bit for each reactor that has readers of it, and one for each that was told of news and has not looked yet.
    attached: AtomicU32,
    told: AtomicU32,
    /// What other instances were told last of how many there are.
    said: AtomicU32,
    /// Its readers have come or gone, and nobody has looked yet.
    is_stirred: AtomicBool,
    inner: Mutex<Inner>,
}

struct Inner {
    log: Log<Beside>,
    /// Readers of all kinds.
    seated: u32,
    /// Since when nobody reads.
    idle_since: Tick,
}

/// What few audiences have.
#[derive(Default)]
pub(crate) struct Beside {
    states: States,
    /// Readers that a task carries, to be woken.
    tasks: HashMap<usize, Arc<Notify>>,
    /// Held by whoever fetches what the ring lacks, so that one does it for all.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

impl Topic {
    /// An audience of which `known` is the highest number that was heard of so far.
    pub(crate) fn new(name: Audience, known: u64, now: Tick) -> Self {
        Self {
            name,
            tag: Tag::of(name),
            state_version: AtomicU32::new(0),
            attached: AtomicU32::new(0),
            told: AtomicU32::new(0),
            said: AtomicU32::new(0),
            is_stirred: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                log: Log::Unplaced(known),
                seated: 0,
                idle_since: now,
            }),
        }
    }

    /// The audience's name.
    pub(crate) fn name(&self) -> Audience {
        self.name
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
        self.lock().log.with_ring(look)
    }

    /// Changes what the audience was told, and wakes its readers when that moved its head or gave them older events.
    pub(crate) fn change<T>(
        this: &TopicRef,
        posts: &Posts,
        change: impl FnOnce(&mut Log<Beside>) -> T,
    ) -> T {
        let mut inner = this.lock();
        let before = edges(&inner.log);
        let done = change(&mut inner.log);
        if edges(&inner.log) != before {
            Self::tell(this, posts, inner);
        }
        done
    }

    /// Held by whoever fetches what the ring lacks.
    pub(crate) fn fetching(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.lock().log.told().beside.fetching)
    }

    /// Takes in how something is now, and tells its readers.
    pub(crate) fn set_state(this: &TopicRef, posts: &Posts, change: Change) {
        let mut inner = this.lock();
        let states = &mut inner.log.told().beside.states;
        let version = states.set(change, Instant::now());
        this.state_version.store(version, Ordering::SeqCst);
        Self::tell(this, posts, inner);
    }

    /// The version of the states.
    pub(crate) fn state_version(&self) -> u32 {
        self.state_version.load(Ordering::SeqCst)
    }

    /// What has changed since a version of the states.
    pub(crate) fn states_since(&self, version: u32) -> Vec<State> {
        let inner = self.lock();
        let beside = inner.log.beside();
        beside.map_or_else(Vec::new, |beside| {
            beside.states.since(version, Instant::now())
        })
    }

    /// Wakes the readers.
    fn tell(this: &TopicRef, posts: &Posts, inner: MutexGuard<'_, Inner>) {
        if let Some(beside) = inner.log.beside() {
            beside.tasks.values().for_each(|task| task.notify_one());
        }
        drop(inner);
        let attached = this.attached.load(Ordering::SeqCst);
        let untold = attached & !this.told.fetch_or(attached, Ordering::SeqCst);
        for inbox in posts.of(untold) {
            inbox.post(Letter::News(TopicRef::clone(this)));
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
        let mut inner = self.lock();
        inner.log.told().beside.tasks.insert(address(task), woken);
    }

    /// A task is no longer woken.
    pub(crate) fn let_sleep(&self, task: &Arc<Notify>) {
        let mut inner = self.lock();
        inner.log.told().beside.tasks.remove(&address(task));
    }

    /// The number after which something is missing.
    pub(crate) fn missing_after(&self) -> Option<u64> {
        self.lock().log.missing_after()
    }

    /// The newest number here, once the head is known.
    pub(crate) fn head(&self) -> Option<u64> {
        self.lock().log.head()
    }

    /// The newest number here, if nothing that was heard of is missing.
    pub(crate) fn whole_to(&self) -> Option<u64> {
        let inner = self.lock();
        inner.log.head().filter(|&head| head >= inner.log.known())
    }

    /// Lets go of everything it was told: a grant that is kept for somebody who may come back keeps the topic, too, and must
    /// not keep a ring. Answers the highest number that was ever heard of.
    pub(crate) fn forget(&self) -> u64 {
        let mut inner = self.lock();
        let known = inner.log.known();
        inner.log = Log::Unplaced(known);
        known
    }

    /// A reader takes a seat.
    pub(crate) fn sit(&self) {
        self.lock().seated += 1;
    }

    /// A reader leaves its seat.
    pub(crate) fn leave(&self, now: Tick) {
        let mut inner = self.lock();
        inner.seated -= 1;
        inner.idle_since = now;
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

    /// Its readers have come or gone. Whether that is news.
    pub(crate) fn stir(&self) -> bool {
        !self.is_stirred.swap(true, Ordering::SeqCst)
    }

    /// Somebody looks who its readers are.
    pub(crate) fn settle(&self) {
        self.is_stirred.store(false, Ordering::SeqCst);
    }

    /// How many other instances were told that there are here.
    pub(crate) fn said(&self) -> u32 {
        self.said.load(Ordering::SeqCst)
    }

    /// They were told.
    pub(crate) fn say(&self, count: u32) {
        self.said.store(count, Ordering::SeqCst);
    }
}

fn edges(log: &Log<Beside>) -> Option<(u64, u64)> {
    log.with_ring(|ring| (ring.tail(), ring.head()))
}

fn address(task: &Arc<Notify>) -> usize {
    Arc::as_ptr(task).addr()
}

/// A topic among others, found by its name.
#[derive(Clone)]
pub(crate) struct Named(pub(crate) TopicRef);

impl Borrow<Audience> for Named {
    fn borrow(&self) -> &Audience {
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
        self.0.name.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_forgotten_keeps_no_ring() {
        let name = Audience::PublicReels;
        let topic = TopicRef::new(Topic::new(name, 0, Tick(0)));
        let told = |log: &mut Log<Beside>| {
            log.learn_head(6);
            log.put(Arc::new(crate::frame::Frame::for_tests(7, 10)));
        };
        Topic::change(&topic, &Posts::default(), told);
        let kept = TopicRef::clone(&topic);
        assert_eq!((topic.head(), topic.forget()), (Some(7), 7));
        assert!(kept.with_ring(Ring::len).is_none() && kept.whole_to().is_none());
    }

    /// Nearly every reader has a topic of their own, so this is what a reader takes.
    #[test]
    fn one_that_hears_nothing_takes_eighty_bytes() {
        assert_eq!(size_of::<Topic>() + size_of::<usize>(), 80);
    }
}
