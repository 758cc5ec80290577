//! Asks the api about everybody who came while the last were asked about, in one call.
//!
//! A call costs both sides more than its answer. Whoever comes alone is asked about at once; when everybody comes back, after
//! a deploy or a fault, a few calls under way gather the rest.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::internal::v1::Question;
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Api, Granted},
    refusal::Refusal,
};

/// Questions of one call; the api takes a few more.
const AT_ONCE: usize = 64;
/// Calls under way.
const CALLS: usize = 2;
/// From one call to the next: who comes meanwhile is asked about with the others. Whoever comes after a pause is not kept.
const BETWEEN: Duration = Duration::from_millis(1);
/// Questions that wait; who comes then waits for room.
const WAITING: usize = 1_024;

/// A question, and who waits for its answer.
pub(crate) struct Asked {
    question: Question,
    waiting: oneshot::Sender<Result<Granted, Refusal>>,
}

impl Asked {
    pub(crate) fn new(question: Question) -> (Self, oneshot::Receiver<Result<Granted, Refusal>>) {
        let (waiting, answered) = oneshot::channel();
        (Self { question, waiting }, answered)
    }

    fn answer(self, answer: Result<Granted, Refusal>) {
        // Fails when whoever asked has gone.
        drop(self.waiting.send(answer));
    }
}

/// The questions that nobody was asked yet.
pub(crate) struct Questions(mpsc::Receiver<Asked>);

impl Questions {
    /// And where they are put.
    pub(crate) fn new() -> (mpsc::Sender<Asked>, Self) {
        let (asking, asked) = mpsc::channel(WAITING);
        (asking, Self(asked))
    }

    /// Asks until `quit`.
    pub(crate) async fn run(mut self, api: Arc<Api>, quit: CancellationToken) {
        let mut calls = FuturesUnordered::new();
        let mut some: Vec<Asked> = Vec::new();
        let mut next = Instant::now();
        loop {
            let (receiver, room) = (&mut self.0, calls.len() < CALLS);
            let gathered = async {
                sleep_until(next).await;
                receiver.recv_many(&mut some, AT_ONCE).await
            };
            tokio::select! {
                biased;
                () = quit.cancelled() => return,
                Some(failed) = calls.next() => self.refuse_all(failed),
                _ = gathered, if room => {
                    calls.push(ask(&api, std::mem::take(&mut some)));
                    next = Instant::now() + BETWEEN;
                }
            }
        }
    }

    /// Whoever waits is told what those were told who were asked about: an api that says nothing keeps nobody for longer than
    /// one call.
    fn refuse_all(&mut self, failed: Option<Refusal>) {
        let Some(refusal) = failed.filter(Refusal::took_long) else {
            return;
        };
        while let Ok(asked) = self.0.try_recv() {
            asked.answer(Err(refusal.clone()));
        }
    }
}

/// Asks about some; says why that failed, if it did.
async fn ask(api: &Api, mut some: Vec<Asked>) -> Option<Refusal> {
    // A ticket is used up by asking.
    some.retain(|asked| !asked.waiting.is_closed());
    if some.is_empty() {
        return None;
    }
    let questions = some.iter_mut();
    let questions = questions.map(|asked| std::mem::take(&mut asked.question));
    match api.ask(questions.collect()).await {
        Ok(answers) => {
            for (asked, answer) in some.into_iter().zip(answers) {
                asked.answer(answer);
            }
            None
        }
        Err(refusal) => {
            for asked in some {
                asked.answer(Err(refusal.clone()));
            }
            Some(refusal)
        }
    }
}
