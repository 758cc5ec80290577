//! Tasks that somebody watches.

use std::{any::Any, fmt, future::Future, panic::AssertUnwindSafe, sync::PoisonError};

use futures::FutureExt;

use super::Lifecycle;

/// What a task's end says: nothing, or an error.
pub trait TaskOutcome {
    /// The error in words, when the task failed.
    fn failure(self) -> Option<String>;
}

impl TaskOutcome for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> TaskOutcome for Result<(), E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// Runs `task` and judges its end.
pub(super) async fn supervise<F>(lifecycle: Lifecycle, name: &'static str, task: F)
where
    F: Future,
    F::Output: TaskOutcome,
{
    lifecycle.enter(name);
    let dropped = lifecycle.inner.dropped.clone();
    // The task is not looked at again after a panic, so nothing can see what it left half done.
    let task = AssertUnwindSafe(task).catch_unwind();
    let end = tokio::select! {
        end = task => Some(end),
        () = dropped.cancelled() => None,
    };
    lifecycle.leave(name);
    match end {
        None => {}
        Some(Err(panic)) => lifecycle.fail(name, format!("panicked: {}", panic_text(&*panic))),
        Some(Ok(outcome)) => {
            let stopping = lifecycle.inner.stopping.is_cancelled();
            match outcome.failure() {
                Some(error) => lifecycle.fail(name, format!("failed: {error}")),
                None if !stopping => {
                    lifecycle.fail(name, "ended though it should go on".to_owned());
                }
                None => tracing::debug!(task = name, "ended"),
            }
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

impl Lifecycle {
    fn enter(&self, name: &'static str) {
        self.inner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name);
    }

    fn leave(&self, name: &'static str) {
        let mut running = self
            .inner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = running.iter().position(|known| *known == name) {
            running.swap_remove(at);
        }
    }

    /// The names of the tasks that run.
    pub(super) fn running(&self) -> Vec<&'static str> {
        self.inner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
