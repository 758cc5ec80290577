//! Who hears what: audiences, the readers of each, and a bounded queue for every reader.
//!
//! A pure structure. It knows no sockets, no time and no bus; whoever owns it puts a lock around it and holds that for
//! one call. Nothing here waits: a reader whose queue is full is let go, so nobody slow makes others slow. What such a
//! reader has in its queue it can still read; then its queue ends, which is how it learns of it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use avvivo_contracts::audience;
use tokio::sync::mpsc::{self, error::TrySendError};

/// Names a reader within its hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(u64);

/// Who is connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Shops and clients with at least one reader.
    pub channels: usize,
    /// Readers.
    pub connections: usize,
}

/// What became of one publication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fanout {
    /// Readers that have it in their queue.
    pub reached: usize,
    /// Readers let go because their queue was full.
    pub shed: usize,
}

/// Audiences and their readers; `F` is what is sent, cloned for each reader, so cheap to clone.
#[derive(Debug)]
pub struct Hub<F> {
    audiences: HashMap<Arc<str>, HashSet<ReaderId>>,
    readers: HashMap<ReaderId, Reader<F>>,
    queue: usize,
    drawn: u64,
}

#[derive(Debug)]
struct Reader<F> {
    audiences: Vec<Arc<str>>,
    queue: mpsc::Sender<F>,
}

impl<F: Clone> Hub<F> {
    /// A hub without readers; each one's queue holds `queue` items, at least one.
    pub fn new(queue: usize) -> Self {
        Self {
            audiences: HashMap::new(),
            readers: HashMap::new(),
            queue: queue.max(1),
            drawn: 0,
        }
    }

    /// A new reader of `audiences`. It hears what is published from now on, until [`unsubscribe`](Self::unsubscribe) or
    /// until the queue ends because it was full.
    pub fn subscribe<A: AsRef<str>>(
        &mut self,
        audiences: impl IntoIterator<Item = A>,
    ) -> (ReaderId, mpsc::Receiver<F>) {
        self.drawn += 1;
        let id = ReaderId(self.drawn);
        let (queue, read) = mpsc::channel(self.queue);
        let audiences = audiences
            .into_iter()
            .map(|audience| self.join(audience.as_ref(), id))
            .collect();
        self.readers.insert(id, Reader { audiences, queue });
        (id, read)
    }

    /// Adds a reader to an audience. Readers of one audience share its name.
    fn join(&mut self, audience: &str, id: ReaderId) -> Arc<str> {
        if let Some((name, readers)) = self.audiences.get_key_value(audience) {
            let name = Arc::clone(name);
            if !readers.contains(&id)
                && let Some(readers) = self.audiences.get_mut(audience)
            {
                readers.insert(id);
            }
            return name;
        }
        let name: Arc<str> = audience.into();
        self.audiences
            .insert(Arc::clone(&name), HashSet::from([id]));
        name
    }

    /// Removes a reader. One that is not there changes nothing.
    pub fn unsubscribe(&mut self, id: ReaderId) {
        let Some(reader) = self.readers.remove(&id) else {
            return;
        };
        for audience in reader.audiences {
            let Some(readers) = self.audiences.get_mut(&audience) else {
                continue;
            };
            readers.remove(&id);
            if readers.is_empty() {
                self.audiences.remove(&audience);
            }
        }
    }

    /// Whether anybody reads `audience`.
    pub fn is_heard(&self, audience: &str) -> bool {
        self.audiences.contains_key(audience)
    }

    /// Gives `item` to every reader of `audience`, without waiting for any.
    pub fn publish(&mut self, audience: &str, item: &F) -> Fanout {
        let Some(readers) = self.audiences.get(audience) else {
            return Fanout::default();
        };
        let (fanout, full) = offer(
            readers
                .iter()
                .filter_map(|id| Some((*id, self.readers.get(id)?))),
            item,
        );
        self.shed(full, fanout)
    }

    /// Gives `item` to every reader.
    pub fn broadcast(&mut self, item: &F) -> Fanout {
        let (fanout, full) = offer(self.readers.iter().map(|(id, reader)| (*id, reader)), item);
        self.shed(full, fanout)
    }

    fn shed(&mut self, full: Vec<ReaderId>, mut fanout: Fanout) -> Fanout {
        fanout.shed = full.len();
        for id in full {
            self.unsubscribe(id);
        }
        fanout
    }

    /// Who is connected now. Looks at every audience.
    pub fn counts(&self) -> Counts {
        let is_channel = |name: &&Arc<str>| audience::class(name) != audience::PUBLIC_CLASS;
        Counts {
            channels: self.audiences.keys().filter(is_channel).count(),
            connections: self.readers.len(),
        }
    }
}

fn offer<'a, F: Clone + 'a>(
    readers: impl Iterator<Item = (ReaderId, &'a Reader<F>)>,
    item: &F,
) -> (Fanout, Vec<ReaderId>) {
    let (mut fanout, mut full) = (Fanout::default(), Vec::new());
    for (id, reader) in readers {
        match reader.queue.try_send(item.clone()) {
            Ok(()) => fanout.reached += 1,
            Err(TrySendError::Full(_)) => full.push(id),
            // It just went away, and is about to unsubscribe.
            Err(TrySendError::Closed(_)) => {}
        }
    }
    (fanout, full)
}
