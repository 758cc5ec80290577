//! Who looks at a connection before HTTP does.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::BufMut as _;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

/// Most bytes that are read at the door; whoever says more before the first blank line is HTTP's business.
const MAX_READ: usize = 16 * 1024;

/// Most heads are a token of a kilobyte and some headers.
const USUAL_HEAD: usize = 2 * 1024;

/// How long somebody may take to hear the last word.
const LAST_WORD_LIMIT: Duration = Duration::from_secs(5);

/// Looks at connections before HTTP does, and keeps those that it serves better itself.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Takes the visitor in and answers nothing, or hands it on as it came, with all that was read of it.
    async fn receive(&self, visitor: Visitor) -> Option<Visitor>;
}

/// A connection that was accepted, and what it has said so far.
#[derive(Debug)]
pub struct Visitor {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) said: Vec<u8>,
    pub(super) slot: OwnedSemaphorePermit,
    /// Until when it has to have said something complete.
    patience_ends: Instant,
    stopping: CancellationToken,
}

/// The place that a connection takes among those of its listener; free again when dropped. Half of what the permit takes
/// that it was.
#[derive(Debug)]
pub struct Slot(Arc<Semaphore>);

impl From<OwnedSemaphorePermit> for Slot {
    fn from(permit: OwnedSemaphorePermit) -> Self {
        let semaphore = Arc::clone(permit.semaphore());
        permit.forget();
        Self(semaphore)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Visitor {
    pub(super) fn new(
        (stream, peer): (TcpStream, SocketAddr),
        slot: OwnedSemaphorePermit,
        patience: Duration,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            stream,
            peer,
            said: Vec::new(),
            slot,
            patience_ends: Instant::now() + patience,
            stopping,
        }
    }

    /// The other end.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// All that was read so far.
    pub fn said(&self) -> &[u8] {
        &self.said
    }

    /// Waits for what it begins with, and looks at it without taking it.
    ///
    /// # Errors
    ///
    /// When it says nothing for too long, or has gone, or the service stops.
    pub async fn peek(&self, into: &mut [u8]) -> io::Result<usize> {
        match self.patiently(self.stream.peek(into)).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            seen => Ok(seen),
        }
    }

    /// Waits until there is more to read. Meanwhile a visitor takes next to no memory, and many wait when all come at once.
    ///
    /// # Errors
    ///
    /// When it has said too little for too long, or the service stops.
    pub async fn has_more(&self) -> io::Result<()> {
        self.patiently(self.stream.readable()).await
    }

    async fn patiently<T>(&self, heard: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let patience = tokio::time::sleep_until(self.patience_ends.into());
        tokio::select! {
            heard = heard => heard,
            () = patience => Err(io::ErrorKind::TimedOut.into()),
            // Whoever has not asked for anything yet does so elsewhere.
            () = self.stopping.cancelled() => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Reads what there is, if there is anything after all.
    ///
    /// # Errors
    ///
    /// When there is nothing more to come, or no room for more.
    pub fn listen(&mut self) -> io::Result<()> {
        let room = MAX_READ.saturating_sub(self.said.len());
        if room == 0 {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if self.said.len() == self.said.capacity() {
            self.said.reserve_exact(USUAL_HEAD.min(room));
        }
        match self.stream.try_read_buf(&mut (&mut self.said).limit(room)) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The socket, no longer with the runtime, and its place among the listener's connections.
    pub fn take(self) -> io::Result<(std::net::TcpStream, Slot)> {
        Ok((self.stream.into_std()?, self.slot.into()))
    }

    /// Says the last word and hangs up.
    pub async fn dismiss(mut self, last_word: &[u8]) -> io::Result<()> {
        use tokio::io::AsyncWriteExt as _;
        let said = async {
            self.stream.write_all(last_word).await?;
            self.stream.shutdown().await
        };
        tokio::time::timeout(LAST_WORD_LIMIT, said).await?
    }
}
