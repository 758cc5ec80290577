//! Those who say something at the same time share a statement, and the commit that it is.
//!
//! There is no task for it. Whoever comes waits in line for one of few turns, and whoever gets one takes along everybody who
//! waits by then. While few write, a message goes alone and at once; while many do, the work that does not depend on how many
//! messages there are (round trips, planning, the flush of the disk) is done once for all of them.
//!
//! Nothing is lost with a request that goes away in the middle: the others it took along hear nothing, and say it again by
//! themselves, under the same ids.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use avvivo_domain::chat::{ChatError, Conversation, Message};
use avvivo_kernel::{ConversationId, EventId, MessageId, Timestamp};
use avvivo_postgres::{
    DbError,
    chat::{self, Listed, Sending, Version, messages},
    outbox::Told,
};
use tokio::sync::{Semaphore, oneshot};

use super::{
    WithCursor,
    send_message::{Said, Speech},
};
use crate::Deps;

/// Statements under way at once: while one waits for the disk, the next is at work. More would only make each smaller.
const TURNS: usize = 2;
/// Messages of one statement.
const MOST: usize = 64;
/// Messages in line; each is a request that waits. Beyond that everybody is on their own.
const LINE: usize = 4_096;

/// Has those who say something at once do so together. Clones share it.
#[derive(Clone)]
pub struct Together(Arc<Inner>);

struct Inner {
    line: Mutex<VecDeque<Waiting>>,
    turns: Semaphore,
}

struct Waiting {
    speech: Arc<Speech>,
    answer: oneshot::Sender<Outcome>,
}

/// What came of it.
pub(super) enum Outcome {
    Said(WithCursor<Message>),
    Refused(ChatError),
    /// It was said or not: somebody else was at the conversation, the key was used before, or the database went away.
    Unknown,
}

impl Default for Together {
    fn default() -> Self {
        Self(Arc::new(Inner {
            line: Mutex::default(),
            turns: Semaphore::new(TURNS),
        }))
    }
}

impl Together {
    /// Says it, together with whatever others say just now.
    pub(super) async fn say(&self, deps: &Deps, speech: Arc<Speech>) -> Outcome {
        let (answer, mut answered) = oneshot::channel();
        {
            let mut line = self.line();
            if line.len() >= LINE {
                return Outcome::Unknown;
            }
            line.push_back(Waiting { speech, answer });
        }
        loop {
            tokio::select! {
                biased;
                outcome = &mut answered => return outcome.unwrap_or(Outcome::Unknown),
                turn = self.0.turns.acquire() => {
                    let batch = self.take();
                    if batch.is_empty() {
                        drop(turn);
                        // Somebody has taken us along.
                        return answered.await.unwrap_or(Outcome::Unknown);
                    }
                    if let Err(error) = write(deps, batch).await {
                        tracing::warn!(%error, "messages could not be written together");
                    }
                }
            }
        }
    }

    fn take(&self) -> Vec<Waiting> {
        let mut line = self.line();
        let most = MOST.min(line.len());
        line.drain(..most).collect()
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what these say, and answers each. Whoever is not answered knows nothing.
async fn write(deps: &Deps, batch: Vec<Waiting>) -> Result<(), DbError> {
    let now = deps.now();
    let mut conn = deps.db.acquire().await?;
    let ids: HashSet<ConversationId> = batch.iter().map(|one| one.speech.conversation).collect();
    let ids: Vec<ConversationId> = ids.into_iter().collect();
    let found = chat::find_each(&mut conn, &ids).await?;
    let keyed = batch.iter().filter(|one| one.speech.keyed);
    let keyed: Vec<MessageId> = keyed.map(|one| one.speech.id).collect();
    let known = if keyed.is_empty() {
        Vec::new()
    } else {
        messages::list_known(&mut conn, &keyed).await?
    };
    let mut minutes = Minutes::new(found, known, now);
    for one in batch {
        minutes.hear(deps, one);
    }
    let (sending, said) = minutes.close();
    if said.is_empty() {
        return Ok(());
    }
    let claimed = sending.events.iter().map(|(_, event)| event.id).collect();
    let uncertain = deps.nudge.expect(claimed);
    let Told { numbers, written } = chat::send(&mut conn, &sending, deps.occasion(now)).await?;
    drop(conn);
    uncertain.committed(written, deps.now());
    for ((one, own), message) in said.into_iter().zip(sending.messages) {
        let outcome = match numbers.get(&own) {
            Some(number) => Outcome::Said(one.speech.answer(message, *number)),
            None => Outcome::Unknown,
        };
        one.answer(outcome);
    }
    Ok(())
}

impl Waiting {
    fn answer(self, outcome: Outcome) {
        // Whoever has gone away wants none.
        drop(self.answer.send(outcome));
    }
}

/// What is said, written down one after the other: a message finds its conversation as the one before has left it.
struct Minutes {
    now: Timestamp,
    /// By their ids, which is the order in which they are locked.
    conversations: BTreeMap<ConversationId, Listed>,
    spoken: HashSet<ConversationId>,
    known: HashSet<MessageId>,
    sending: Sending,
    /// Who said each message, and the event that tells them of it.
    said: Vec<(Waiting, EventId)>,
}

impl Minutes {
    fn new(found: Vec<Listed>, known: Vec<MessageId>, now: Timestamp) -> Self {
        let by_id = found.into_iter().map(|one| (one.conversation.id, one));
        Self {
            now,
            conversations: by_id.collect(),
            spoken: HashSet::new(),
            known: known.into_iter().collect(),
            sending: Sending::default(),
            said: Vec::new(),
        }
    }

    fn hear(&mut self, deps: &Deps, one: Waiting) {
        let speech = &one.speech;
        // A key that was used before, perhaps a moment ago.
        if !self.known.insert(speech.id) {
            return one.answer(Outcome::Unknown);
        }
        match self.say(deps, speech) {
            Ok(said) => {
                let events = said.events.map(|event| (speech.conversation, event));
                self.sending.events.extend(events);
                self.sending.messages.push(said.message);
                self.said.push((one, said.own));
            }
            Err(error) => one.answer(Outcome::Refused(error)),
        }
    }

    fn say(&mut self, deps: &Deps, speech: &Speech) -> Result<Said, ChatError> {
        let found = self
            .conversations
            .get_mut(&speech.conversation)
            .filter(|found| speech.who.lookup.takes_part_in(&found.conversation))
            .ok_or(ChatError::NotFound)?;
        if found.shop.is_gone {
            return Err(ChatError::NotAvailable);
        }
        let said = speech.say(deps, &found.conversation, self.now)?;
        found.conversation = said.after.clone();
        self.spoken.insert(speech.conversation);
        Ok(said)
    }

    fn close(mut self) -> (Sending, Vec<(Waiting, EventId)>) {
        let spoken = self.spoken;
        let after: Vec<(Version, Conversation)> = self
            .conversations
            .into_values()
            .filter(|found| spoken.contains(&found.conversation.id))
            .map(|found| (found.version, found.conversation))
            .collect();
        self.sending.conversations = after;
        (self.sending, self.said)
    }
}
