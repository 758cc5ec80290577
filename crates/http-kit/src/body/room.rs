//! Room for the bodies of all requests together. A limit on each alone would still let a crowd of them fill the memory.

use std::sync::Arc;

use avvivo_kernel::ErrorKind;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// Bodies are read and answered in milliseconds: a second later there is room, or a flood that is better kept out.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The room there is.
pub(crate) struct Room(Arc<Semaphore>);

/// The room that one request takes, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    room: Option<Arc<Semaphore>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// For one request, which holds nothing yet.
    pub(crate) fn enter(&self) -> Held {
        Held {
            room: Some(Arc::clone(&self.0)),
            permit: None,
        }
    }
}

impl Held {
    /// Counts nothing: for services that only our own call, in numbers that we choose.
    pub(crate) fn uncounted() -> Self {
        Self {
            room: None,
            permit: None,
        }
    }

    /// Takes room for `bytes` more, which have arrived: what a client only announces would cost it nothing to take.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let Some(room) = &self.room else {
            return Ok(());
        };
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        let more = Arc::clone(room)
            .try_acquire_many_owned(wanted)
            .map_err(|_| crowded())?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        Ok(())
    }
}

fn crowded() -> Problem {
    let message = "Hay demasiados pedidos al mismo tiempo. Intentá de nuevo en unos segundos.";
    Problem::new(ErrorKind::Unavailable, "request.crowded", message).retry_after(RETRY_AFTER)
}
