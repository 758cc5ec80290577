//! The reactors' threads, from their start to their end.

use std::{
    io,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use futures::future::{join_all, select_all};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    Newcomer, Reactor,
    inbox::{Inbox, Letter, Posts},
};
use crate::session::{Revoked, Surroundings};

/// Topics have a bit for each reactor.
const MOST: usize = 32;

/// All reactors of this process.
pub(crate) struct Reactors {
    posts: Posts,
    turn: AtomicUsize,
    ends: Mutex<Vec<oneshot::Receiver<io::Result<()>>>>,
}

impl Posts {
    /// An inbox for each core that this process may use.
    pub(crate) fn for_each_core() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let inboxes = (0..cores.min(MOST)).map(|_| Inbox::new().map(Arc::new));
        Ok(Self::new(inboxes.collect::<io::Result<Vec<_>>>()?))
    }
}

impl Reactors {
    /// Starts a thread for each inbox; so many streams there may be at most.
    pub(crate) fn start(posts: Posts, around: &Arc<Surroundings>, most: usize) -> io::Result<Self> {
        let mut ends = Vec::new();
        for (index, inbox) in posts.each().enumerate() {
            let reactor = Reactor::new(Arc::clone(around), Arc::clone(inbox), 1 << index, most)?;
            let (end, ended) = oneshot::channel();
            thread::Builder::new()
                .name(format!("reactor-{index}"))
                // Nobody hears it any more when the process is going anyway. A panic drops it.
                .spawn(move || drop(end.send(reactor.run())))?;
            ends.push(ended);
        }
        Ok(Self {
            posts,
            turn: AtomicUsize::new(0),
            ends: Mutex::new(ends),
        })
    }

    /// Hands somebody to the next reactor.
    pub(crate) fn open(&self, newcomer: Newcomer) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        if let Some(inbox) = self.posts.nth(turn) {
            inbox.post(Letter::Open(Box::new(newcomer)));
        }
    }

    /// Ends the streams of those whose rights have changed.
    pub(crate) fn revoke(&self, revoked: Revoked) {
        for inbox in self.posts.each() {
            inbox.post(Letter::Revoked(revoked));
        }
    }

    /// Waits for the end: asks everybody to leave when `stopping` fires, and stops when `quit` does. Ends early only when a
    /// reactor does, which none should.
    pub(crate) async fn attend(&self, stopping: CancellationToken, quit: CancellationToken) {
        let mut ends =
            std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        let mut leaving = false;
        while !ends.is_empty() {
            tokio::select! {
                (ended, index, _) = select_all(ends.iter_mut()) => {
                    tracing::error!(reactor = index, ?ended, "a reactor has ended");
                    return;
                }
                () = stopping.cancelled(), if !leaving => {
                    leaving = true;
                    self.tell_all(|| Letter::Leave);
                }
                () = quit.cancelled() => break,
            }
        }
        self.tell_all(|| Letter::Stop);
        join_all(ends).await;
    }

    fn tell_all(&self, letter: impl Fn() -> Letter) {
        for inbox in self.posts.each() {
            inbox.post(letter());
        }
    }
}
