//! Who reads what: the audiences that somebody reads here, and a place in each for every reader.
//!
//! A publication goes into an audience's ring once and wakes its readers; each takes what it has not had when it can, as much
//! as there is. So nobody has a queue, and nobody slow costs the others anything.
//!
//! Locks are short and never held across anything that waits: the map of audiences, then one audience.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use avvivo_contracts::{
    audience as names,
    cursor::{Cursor, Place, Tag},
};
use tokio::{sync::Notify, time::Instant};

use crate::{
    audience::{Audience, Put},
    frame::Frame,
    heard::Heard,
    reader::{Reader, Seat},
    ring::Ring,
};

/// How long a ring is kept when its last reader has gone: whoever lost a connection is back by then, or fetches anyway.
const KEPT_IDLE: Duration = Duration::from_mins(2);

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

/// An audience that is read here.
pub(crate) struct Topic {
    name: Arc<str>,
    tag: Tag,
    inner: Mutex<Inner>,
    /// Held by whoever fetches what the ring lacks, so that one does it for all.
    pub(crate) fetching: tokio::sync::Mutex<()>,
}

struct Inner {
    audience: Audience,
    readers: HashMap<u64, Arc<Notify>>,
    /// Since when nobody reads.
    idle_since: Instant,
}

impl Topic {
    fn new(name: Arc<str>, known: u64) -> Self {
        Self {
            tag: Tag::of(&name),
            name,
            inner: Mutex::new(Inner {
                audience: Audience::new(known),
                readers: HashMap::new(),
                idle_since: Instant::now(),
            }),
            fetching: tokio::sync::Mutex::default(),
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
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Audience) -> T) -> T {
        let mut inner = self.lock();
        let before = edges(&inner.audience);
        let done = change(&mut inner.audience);
        if edges(&inner.audience) != before {
            inner
                .readers
                .values()
                .for_each(|reader| reader.notify_one());
        }
        done
    }

    /// The number after which something is missing.
    pub(crate) fn missing_after(&self) -> Option<u64> {
        self.lock().audience.missing_after()
    }

    /// The newest number here, once the head is known.
    pub(crate) fn head(&self) -> Option<u64> {
        self.lock().audience.head()
    }

    pub(crate) fn leave(&self, reader: u64) {
        let mut inner = self.lock();
        inner.readers.remove(&reader);
        if inner.readers.is_empty() {
            inner.idle_since = Instant::now();
        }
    }
}

fn edges(audience: &Audience) -> Option<(u64, u64)> {
    audience.ring().map(|ring| (ring.tail(), ring.head()))
}

/// What became of an event of the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ingested {
    /// Nobody reads its audience here.
    Unread,
    /// It was here before.
    Repeated,
    /// It is in the ring.
    Added {
        /// How many it concerns.
        readers: usize,
    },
    /// It waits for an earlier one.
    Early,
}

/// The audiences of this instance.
#[derive(Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Rung when something is missing somewhere.
    pub(crate) holes: Notify,
}

#[derive(Default)]
struct State {
    topics: HashMap<Arc<str>, Arc<Topic>>,
    heard: Heard,
    connections: usize,
    drawn: u64,
}

/// Where a reader begins in one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// The audience.
    pub(crate) audience: String,
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

    /// A new reader. Each audience is named once.
    pub(crate) fn join(self: &Arc<Self>, starts: &[Start], resume: &Resume) -> Reader {
        let notify = Arc::new(Notify::new());
        let mut seats: Vec<Seat> = Vec::with_capacity(starts.len());
        let id = {
            let mut state = self.lock();
            state.drawn += 1;
            state.connections += 1;
            let id = state.drawn;
            for start in starts {
                let topic = state.topic(&start.audience);
                // While the map is locked: an audience in which nobody is seated may be swept away.
                topic.lock().readers.insert(id, Arc::clone(&notify));
                seats.push(Seat::new(topic, Place::after(start.head)));
            }
            id
        };
        let is_known = resume.is_known_among(starts);
        for (seat, start) in seats.iter_mut().zip(starts) {
            seat.topic()
                .change(|audience| audience.learn_head(start.head));
            if seat.topic().missing_after().is_some() {
                self.holes.notify_one();
            }
            if !is_known {
                seat.lose_way();
            } else if let Resume::From(cursor) = resume
                && let Some(place) = cursor.place(&start.audience)
            {
                seat.resume(place, start.head);
            }
        }
        Reader::new(id, Arc::clone(self), seats, notify)
    }

    /// A reader has gone.
    pub(crate) fn left(&self) {
        self.lock().connections -= 1;
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
                Some(topic) => topic,
                None if state.heard.note(audience, sequence) => return Ingested::Unread,
                None => return Ingested::Repeated,
            }
        };
        let put = topic.change(|audience| audience.put(Arc::new(render())));
        match put {
            Put::Repeated => Ingested::Repeated,
            Put::Added => Ingested::Added {
                readers: topic.lock().readers.len(),
            },
            Put::Early => {
                self.holes.notify_one();
                Ingested::Early
            }
        }
    }

    /// Every audience that is read here.
    pub(crate) fn topics(&self) -> Vec<Arc<Topic>> {
        self.lock().topics.values().cloned().collect()
    }

    /// Forgets audiences that nobody has read for a while.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut state = self.lock();
        let mut forgotten = Vec::new();
        state.topics.retain(|name, topic| {
            let inner = topic.lock();
            let stays =
                !inner.readers.is_empty() || now.duration_since(inner.idle_since) < KEPT_IDLE;
            if !stays {
                forgotten.push((Arc::clone(name), inner.audience.known()));
            }
            stays
        });
        for (name, known) in forgotten {
            state.heard.note(&name, known);
        }
    }

    /// Who is connected now. Looks at every audience.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.lock();
        let is_channel = |topic: &&Arc<Topic>| {
            names::class(&topic.name) != names::PUBLIC_CLASS && !topic.lock().readers.is_empty()
        };
        Counts {
            channels: state.topics.values().filter(is_channel).count(),
            connections: state.connections,
        }
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

impl State {
    fn topic(&mut self, name: &str) -> Arc<Topic> {
        if let Some(topic) = self.topics.get(name) {
            return Arc::clone(topic);
        }
        let name: Arc<str> = name.into();
        let known = self.heard.last(&name).unwrap_or_default();
        let topic = Arc::new(Topic::new(Arc::clone(&name), known));
        self.topics.insert(name, Arc::clone(&topic));
        topic
    }
}
