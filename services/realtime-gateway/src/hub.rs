//! Who reads what: the audiences that somebody reads here, and a place in each for every reader.
//!
//! A publication goes into an audience's ring once and wakes its readers, a letter to each reactor that carries some of them;
//! each takes what it has not had when it can, as much as there is. So nobody has a queue, and nobody slow costs the others anything.
//!
//! Locks are short and never held across anything that waits: the map of audiences, then one audience.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use avvivo_contracts::{
    audience as names,
    cursor::{Cursor, Place},
};
use tokio::sync::Notify;

use crate::{
    audience::Put,
    frame::Frame,
    heard::Heard,
    pace::Pace,
    reactor::Posts,
    seats::{Seat, Seats, is_ahead},
    topic::{Named, Topic},
};

/// Who is connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Shops and clients with at least one reader.
    pub channels: usize,
    /// Readers.
    pub connections: usize,
}

/// What the rings hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Occupancy {
    /// Rings.
    pub(crate) rings: usize,
    /// Events in them.
    pub(crate) events: usize,
    /// Bytes of those.
    pub(crate) bytes: usize,
}

/// What became of an event of the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ingested {
    /// Nobody reads its audience here.
    Unread,
    /// It was here before.
    Repeated,
    /// It is no event of a number, but how something is now.
    State,
    /// It is in the ring.
    Added {
        /// How many it concerns.
        readers: u32,
    },
    /// It waits for an earlier one.
    Early,
}

/// The audiences of this instance.
pub(crate) struct Hub {
    state: Mutex<State>,
    posts: Posts,
    pace: Pace,
    /// Rung when something is missing somewhere: [`Hub::take_lacking`] says where.
    pub(crate) holes: Notify,
    /// Rung when the bus is heard, for the first time or again.
    pub(crate) heard_again: Notify,
}

#[derive(Default)]
struct State {
    topics: HashSet<Named>,
    heard: Heard,
    connections: usize,
    /// Names of audiences of which something may be missing.
    lacking: HashSet<Arc<str>>,
    /// Of those whose readers have come or gone, as far as anybody counts them.
    stirred: HashSet<Arc<str>>,
}

impl State {
    fn stir(&mut self, topic: &Arc<Topic>) {
        if names::is_counted(topic.name()) || names::tells_count(topic.name()) {
            self.stirred.insert(Arc::clone(topic.name()));
        }
    }

    /// The audiences of these names that are still here.
    fn named(&self, names: &HashSet<Arc<str>>) -> Vec<Arc<Topic>> {
        let topics = names.iter().filter_map(|name| self.topics.get(&**name));
        topics.map(|Named(topic)| Arc::clone(topic)).collect()
    }
}

/// Where a reader begins in one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// The audience.
    pub(crate) audience: Arc<str>,
    /// Its last number, as the api says.
    pub(crate) head: u64,
}

/// Where a reader goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resume {
    /// At the heads: it has read nothing yet.
    Now,
    /// Where a cursor says; in audiences of which it does not speak, at their heads. One that speaks of none of them is as
    /// good as unknown.
    From(Cursor),
    /// Nobody knows: it has read something, but its cursor is none of ours.
    Unknown,
}

impl Resume {
    fn is_known_among(&self, starts: &[Start]) -> bool {
        match self {
            Self::Now => true,
            Self::From(cursor) => starts
                .iter()
                .any(|start| cursor.place(&start.audience).is_some()),
            Self::Unknown => false,
        }
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hub of which these reactors carry readers.
    pub(crate) fn new(posts: Posts, pace: Pace) -> Self {
        Self {
            state: Mutex::default(),
            posts,
            pace,
            holes: Notify::new(),
            heard_again: Notify::new(),
        }
    }

    /// A new reader. Each audience is named once.
    pub(crate) fn join(self: &Arc<Self>, starts: &[Start], resume: &Resume) -> Seats {
        let mut seats: Vec<Seat> = Vec::with_capacity(starts.len());
        {
            let mut state = self.lock();
            state.connections += 1;
            for start in starts {
                let topic = self.topic_of(&mut state, &start.audience);
                // While the map is locked: an audience in which nobody is seated may be swept away.
                topic.sit();
                state.stir(&topic);
                seats.push(Seat::new(topic, Place::after(start.head)));
            }
        }
        let is_known = resume.is_known_among(starts);
        for (seat, start) in seats.iter_mut().zip(starts) {
            self.learn_head(seat.topic(), start.head);
            if !is_known {
                seat.lose_way();
            } else if let Resume::From(cursor) = resume
                && let Some(place) = cursor.place(&start.audience)
            {
                seat.resume(place, start.head);
            }
        }
        Seats::new(Arc::clone(self), seats)
    }

    /// The api says that `head` was the last number of an audience a moment ago. What is missing up to there is fetched.
    pub(crate) fn learn_head(&self, topic: &Arc<Topic>, head: u64) {
        topic.change(|audience| audience.learn_head(head));
        if topic.missing_after().is_some() {
            self.lacks(topic);
        }
    }

    /// Something of an audience is missing.
    fn lacks(&self, topic: &Arc<Topic>) {
        self.still_lacks(topic);
        self.holes.notify_one();
    }

    /// Where something is missing. Whoever does not get it says so by [`Self::still_lacks`].
    pub(crate) fn take_lacking(&self) -> Vec<Arc<Topic>> {
        let mut state = self.lock();
        let lacking = std::mem::take(&mut state.lacking);
        let mut lacking = state.named(&lacking);
        lacking.retain(|topic| topic.missing_after().is_some());
        lacking
    }

    /// It is to be tried again, not at once.
    pub(crate) fn still_lacks(&self, topic: &Arc<Topic>) {
        self.lock().lacking.insert(Arc::clone(topic.name()));
    }

    /// Audiences whose readers have come or gone, as far as anybody counts them.
    pub(crate) fn take_stirred(&self) -> Vec<Arc<Topic>> {
        let mut state = self.lock();
        let stirred = std::mem::take(&mut state.stirred);
        state.named(&stirred)
    }

    /// They have to be looked at again.
    pub(crate) fn stir<'t>(&self, topics: impl Iterator<Item = &'t Arc<Topic>>) {
        let mut state = self.lock();
        for topic in topics {
            state.stir(topic);
        }
    }

    /// Has names that are known here stand for those that came: one of each is enough.
    pub(crate) fn share_names(&self, starts: &mut [Start]) {
        let state = self.lock();
        for start in starts {
            if let Some(Named(topic)) = state.topics.get(&*start.audience) {
                start.audience = Arc::clone(topic.name());
            }
        }
    }

    fn topic_of(&self, state: &mut State, name: &Arc<str>) -> Arc<Topic> {
        if let Some(Named(topic)) = state.topics.get(&**name) {
            return Arc::clone(topic);
        }
        let known = state.heard.last(name).unwrap_or_default();
        let (posts, now) = (self.posts.clone(), self.pace.now());
        let topic = Arc::new(Topic::new(Arc::clone(name), known, posts, now));
        state.topics.insert(Named(Arc::clone(&topic)));
        topic
    }

    /// An audience that this process itself reads for as long as it lives, and what rings when there is news of it.
    pub(crate) fn attend(&self, audience: &str) -> (Arc<Topic>, Arc<Notify>) {
        let mut state = self.lock();
        let topic = self.topic_of(&mut state, &audience.into());
        let notify = Arc::new(Notify::new());
        topic.sit();
        topic.wake(&notify);
        (topic, notify)
    }

    /// Where a reader of these audiences begins who goes on from `resume`, if this instance can tell: it hears of them all,
    /// and of as much as the reader has read.
    pub(crate) fn starts(&self, audiences: &[Arc<str>], resume: &Resume) -> Option<Vec<Start>> {
        let state = self.lock();
        let start = |audience: &Arc<str>| {
            let Named(topic) = state.topics.get(&**audience)?;
            let head = topic.head().filter(|_| topic.missing_after().is_none())?;
            let place = match resume {
                Resume::From(cursor) => cursor.place(audience),
                Resume::Now | Resume::Unknown => None,
            };
            if place.is_some_and(|place| is_ahead(place, head)) {
                return None;
            }
            Some(Start {
                audience: Arc::clone(audience),
                head,
            })
        };
        audiences.iter().map(start).collect()
    }

    /// A reader of these has gone.
    pub(crate) fn left<'t>(&self, topics: impl Iterator<Item = &'t Arc<Topic>>) {
        let now = self.pace.now();
        let mut state = self.lock();
        for topic in topics {
            topic.leave(now);
            state.stir(topic);
        }
        state.connections -= 1;
    }

    /// Takes an event of the bus. `render` is asked for its frame only where somebody reads it.
    pub(crate) fn ingest(
        &self,
        audience: &str,
        sequence: u64,
        render: impl FnOnce() -> Frame,
    ) -> Ingested {
        let topic = {
            let mut state = self.lock();
            match state.topics.get(audience).cloned() {
                Some(Named(topic)) => topic,
                None if sequence == 0 => return Ingested::Unread,
                None if state.heard.note(audience, sequence) => return Ingested::Unread,
                None => return Ingested::Repeated,
            }
        };
        if sequence == 0 {
            if let Some(change) = render().into_change() {
                topic.set_state(change);
            }
            return Ingested::State;
        }
        let put = topic.change(|audience| audience.put(Arc::new(render())));
        match put {
            Put::Repeated => Ingested::Repeated,
            Put::Added => Ingested::Added {
                readers: topic.seated(),
            },
            Put::Early => {
                self.lacks(&topic);
                Ingested::Early
            }
        }
    }

    /// An audience that is read here, or was lately.
    pub(crate) fn topic(&self, audience: &str) -> Option<Arc<Topic>> {
        let state = self.lock();
        state
            .topics
            .get(audience)
            .map(|Named(topic)| Arc::clone(topic))
    }

    /// Every audience that is read here.
    pub(crate) fn topics(&self) -> Vec<Arc<Topic>> {
        let state = self.lock();
        let topics = state.topics.iter();
        topics.map(|Named(topic)| Arc::clone(topic)).collect()
    }

    /// Forgets audiences that nobody has read for a while, and looks for what is missing. Looks at every audience.
    pub(crate) fn sweep(&self) {
        let now = self.pace.now();
        let mut state = self.lock();
        let lacking = state.topics.iter();
        let lacking = lacking.filter(|Named(topic)| topic.missing_after().is_some());
        let lacking: Vec<_> = lacking
            .map(|Named(topic)| Arc::clone(topic.name()))
            .collect();
        state.lacking.extend(lacking);
        let forgotten = state
            .topics
            .extract_if(|Named(topic)| !topic.is_in_use(now));
        let forgotten: Vec<Named> = forgotten.collect();
        for Named(topic) in forgotten {
            state.heard.note(topic.name(), topic.known());
        }
    }

    /// Who is connected now. Looks at every audience.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.lock();
        let is_channel = |Named(topic): &&Named| {
            let class = names::class(topic.name());
            ![names::PUBLIC_CLASS, names::CONTROL_CLASS].contains(&class) && topic.seated() > 0
        };
        Counts {
            channels: state.topics.iter().filter(is_channel).count(),
            connections: state.connections,
        }
    }

    /// Readers by the class of what they read. Looks at every audience.
    pub(crate) fn readers(&self) -> BTreeMap<String, u64> {
        let mut readers = BTreeMap::new();
        for topic in self.topics() {
            let class = names::class(topic.name()).to_owned();
            *readers.entry(class).or_default() += u64::from(topic.seated());
        }
        readers
    }

    /// What the rings hold. Looks at every audience.
    pub(crate) fn occupancy(&self) -> Occupancy {
        let mut all = Occupancy::default();
        for topic in self.topics() {
            topic.with_ring(|ring| {
                all.rings += 1;
                all.events += ring.len();
                all.bytes += ring.bytes();
            });
        }
        all
    }
}
