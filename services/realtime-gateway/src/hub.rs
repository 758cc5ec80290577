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

use avvivo_contracts::{audience::Audience, cursor::Cursor};
use smallvec::SmallVec;
use tokio::sync::Notify;

use crate::{
    frame::Frame,
    grants::{Grant, GrantRef, Right},
    heard::Heard,
    log::{Log, Put},
    pace::Pace,
    reactor::Posts,
    seats::{Seats, is_ahead},
    states::Change,
    topic::{Beside, Named, Topic, TopicRef},
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
    /// Audiences of which something may be missing.
    lacking: HashSet<Audience>,
    /// Those whose readers have come or gone, as far as anybody counts them.
    stirred: Vec<TopicRef>,
}

impl State {
    fn stir(&mut self, topic: &TopicRef) {
        let name = topic.name();
        if (name.is_counted() || name.tells_of().is_some()) && topic.stir() {
            self.stirred.push(TopicRef::clone(topic));
        }
    }

    /// Where a reader of an audience begins who goes on from `resume`, if this instance can tell: it hears of it, and of as
    /// much as the reader has read.
    fn head(&self, topic: &TopicRef, resume: &Resume) -> Option<u64> {
        let Named(its) = self.topics.get(&topic.name())?;
        let head = topic.whole_to()?;
        let place = match resume {
            Resume::From(cursor) => cursor.place_of(topic.tag()),
            Resume::Now | Resume::Unknown => None,
        };
        let is_known =
            TopicRef::ptr_eq(its, topic) && place.is_none_or(|place| !is_ahead(place, head));
        is_known.then_some(head)
    }
}

/// Where a reader begins in one audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// The audience.
    pub(crate) audience: Audience,
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

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hub of which these reactors carry readers. There is room for the topics of so many from the beginning, and it takes no
    /// memory before it is used: a table that grows leaves its smaller predecessors to the allocator.
    pub(crate) fn new(posts: Posts, pace: Pace, readers: usize) -> Self {
        let state = State {
            topics: HashSet::with_capacity(readers),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            posts,
            pace,
            holes: Notify::new(),
            heard_again: Notify::new(),
        }
    }

    /// A new reader, whose right was found out just now. Each audience is named once.
    pub(crate) fn join(self: &Arc<Self>, right: Right, starts: &[Start], resume: &Resume) -> Seats {
        let mut state = self.lock();
        let topics = starts
            .iter()
            .map(|start| self.topic_of(&mut state, start.audience))
            .collect();
        let grant = GrantRef::new(Grant { right, topics });
        let heads: SmallVec<[u64; 8]> = starts.iter().map(|start| start.head).collect();
        let seats = self.seat(state, grant, &heads, resume);
        for (topic, head) in seats.topics().iter().zip(&heads) {
            self.learn_head(topic, *head);
        }
        seats
    }

    /// A new reader, whose right was known before. None where this instance cannot tell how far all of it is.
    pub(crate) fn rejoin(self: &Arc<Self>, grant: GrantRef, resume: &Resume) -> Option<Seats> {
        let state = self.lock();
        let heads = grant.topics.iter().map(|topic| state.head(topic, resume));
        let heads: SmallVec<[u64; 8]> = heads.collect::<Option<_>>()?;
        Some(self.seat(state, grant, &heads, resume))
    }

    /// While the map is locked: an audience in which nobody is seated may be swept away.
    fn seat(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        grant: GrantRef,
        heads: &[u64],
        resume: &Resume,
    ) -> Seats {
        state.connections += 1;
        for topic in &grant.topics {
            topic.sit();
            state.stir(topic);
        }
        drop(state);
        let mut seats = Seats::new(Arc::clone(self), grant, heads);
        seats.resume(resume, heads);
        seats
    }

    /// The api says that `head` was the last number of an audience a moment ago. What is missing up to there is fetched.
    pub(crate) fn learn_head(&self, topic: &TopicRef, head: u64) {
        self.change(topic, |log| log.learn_head(head));
        if topic.missing_after().is_some() {
            self.lacks(topic);
        }
    }

    /// Changes what an audience was told, and wakes its readers when that is news to them.
    pub(crate) fn change<T>(
        &self,
        topic: &TopicRef,
        change: impl FnOnce(&mut Log<Beside>) -> T,
    ) -> T {
        Topic::change(topic, &self.posts, change)
    }

    /// Takes in how something is now, and tells the audience's readers.
    pub(crate) fn set_state(&self, topic: &TopicRef, change: Change) {
        Topic::set_state(topic, &self.posts, change);
    }

    /// Something of an audience is missing.
    fn lacks(&self, topic: &Topic) {
        self.still_lacks(topic);
        self.holes.notify_one();
    }

    /// Where something is missing. Whoever does not get it says so by [`Self::still_lacks`].
    pub(crate) fn take_lacking(&self) -> Vec<TopicRef> {
        let mut state = self.lock();
        let lacking = std::mem::take(&mut state.lacking);
        let topics = lacking.iter().filter_map(|name| state.topics.get(name));
        topics
            .map(|Named(topic)| TopicRef::clone(topic))
            .filter(|topic| topic.missing_after().is_some())
            .collect()
    }

    /// It is to be tried again, not at once.
    pub(crate) fn still_lacks(&self, topic: &Topic) {
        self.lock().lacking.insert(topic.name());
    }

    /// Audiences whose readers have come or gone, as far as anybody counts them; so many at most.
    pub(crate) fn take_stirred(&self, most: usize) -> Vec<TopicRef> {
        let mut state = self.lock();
        let rest = state.stirred.len().saturating_sub(most);
        let stirred = state.stirred.split_off(rest);
        if rest == 0 {
            // Everybody who came back after a fault made it large.
            state.stirred = Vec::new();
        }
        for topic in &stirred {
            topic.settle();
        }
        stirred
    }

    /// They have to be looked at again.
    pub(crate) fn stir<'t>(&self, topics: impl Iterator<Item = &'t TopicRef>) {
        let mut state = self.lock();
        for topic in topics {
            state.stir(topic);
        }
    }

    fn topic_of(&self, state: &mut State, name: Audience) -> TopicRef {
        if let Some(Named(topic)) = state.topics.get(&name) {
            return TopicRef::clone(topic);
        }
        let known = state.heard.last(name).unwrap_or_default();
        let topic = TopicRef::new(Topic::new(name, known, self.pace.now()));
        state.topics.insert(Named(TopicRef::clone(&topic)));
        topic
    }

    /// An audience that this process itself reads for as long as it lives, and what rings when there is news of it.
    pub(crate) fn attend(&self, audience: Audience) -> (TopicRef, Arc<Notify>) {
        let mut state = self.lock();
        let topic = self.topic_of(&mut state, audience);
        let notify = Arc::new(Notify::new());
        topic.sit();
        topic.wake(&notify);
        (topic, notify)
    }

    /// A reader of these has gone.
    pub(crate) fn left(&self, topics: &[TopicRef]) {
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
        let Ok(audience) = audience.parse::<Audience>() else {
            // One of a later version, of which nobody here can be a reader.
            return Ingested::Unread;
        };
        let topic = {
            let mut state = self.lock();
            match state.topics.get(&audience).cloned() {
                Some(Named(topic)) => topic,
                None if sequence == 0 => return Ingested::Unread,
                None if state.heard.note(audience, sequence) => return Ingested::Unread,
                None => return Ingested::Repeated,
            }
        };
        if sequence == 0 {
            if let Some(change) = render().into_change() {
                self.set_state(&topic, change);
            }
            return Ingested::State;
        }
        match self.change(&topic, |log| log.put(Arc::new(render()))) {
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
    pub(crate) fn topic(&self, audience: Audience) -> Option<TopicRef> {
        let state = self.lock();
        let found = state.topics.get(&audience);
        found.map(|Named(topic)| TopicRef::clone(topic))
    }

    /// Every audience that is read here.
    pub(crate) fn topics(&self) -> Vec<TopicRef> {
        let state = self.lock();
        let topics = state.topics.iter();
        topics.map(|Named(topic)| TopicRef::clone(topic)).collect()
    }

    /// Forgets audiences that nobody has read for a while, and looks for what is missing. Looks at every audience.
    pub(crate) fn sweep(&self) {
        let now = self.pace.now();
        let mut state = self.lock();
        let lacking = state.topics.iter();
        let lacking = lacking.filter(|Named(topic)| topic.missing_after().is_some());
        let lacking: Vec<_> = lacking.map(|Named(topic)| topic.name()).collect();
        state.lacking.extend(lacking);
        let forgotten = state
            .topics
            .extract_if(|Named(topic)| !topic.is_in_use(now));
        let forgotten: Vec<Named> = forgotten.collect();
        for Named(topic) in forgotten {
            state.heard.note(topic.name(), topic.forget());
        }
    }

    /// Who is connected now. Looks at every audience.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.lock();
        let is_open = |Named(topic): &&Named| topic.name().is_channel() && topic.seated() > 0;
        Counts {
            channels: state.topics.iter().filter(is_open).count(),
            connections: state.connections,
        }
    }

    /// Readers by the class of what they read. Looks at every audience.
    pub(crate) fn readers(&self) -> BTreeMap<&'static str, u64> {
        let mut readers = BTreeMap::new();
        for topic in self.topics() {
            *readers.entry(topic.name().class()).or_default() += u64::from(topic.seated());
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
