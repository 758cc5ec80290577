//! Clients and shops who say things, alone and by hundreds at once, through either api, until they are told that it was said.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join_all;
use rand::{Rng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    World,
    people::{Conversation, Side},
};

const WRITERS: usize = 6;

/// Between two attempts to say the same.
const AGAIN: Duration = Duration::from_millis(150);

/// Something that somebody wanted to say.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) conversation: Uuid,
    /// Nobody says the same twice.
    pub(super) content: String,
    /// The message, once an api told that it was said. Who gave up before that does not know.
    pub(super) id: Option<Uuid>,
}

/// Everything that somebody wanted to say.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Vec<Said>>);

impl Ledger {
    fn note(&self, said: Said) {
        self.0.lock().unwrap().push(said);
    }

    /// What was said since this was last asked.
    pub(super) fn take(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// People who write.
pub(super) struct Writers {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Writers {
    /// Lets them begin.
    pub(super) fn begin(world: &Arc<World>, round: usize) -> Self {
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        for number in 0..WRITERS {
            let name = format!("writer {number} of round {round}");
            let (world, stop) = (Arc::clone(world), stop.clone());
            tasks.spawn(async move {
                let mut dice = world.plan.dice(&name);
                let mut bursts = 0;
                while !stop.is_cancelled() {
                    bursts += 1;
                    burst(&world, &mut dice, &format!("{name}, burst {bursts}")).await;
                    let pause = Duration::from_millis(dice.random_range(0..400));
                    stop.run_until_cancelled(sleep(pause)).await;
                }
            });
        }
        Self { tasks, stop }
    }

    /// Lets nobody begin anything more.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until everybody has finished: what was begun is said until an api answers.
    pub(super) async fn finish(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

async fn burst(world: &World, dice: &mut StdRng, name: &str) {
    let size = match dice.random_range(0..100) {
        0..=69 => dice.random_range(1..=4),
        70..=96 => dice.random_range(5..=40),
        _ => dice.random_range(150..=300),
    };
    // A crowd often talks about one thing.
    let only = (size > 100).then(|| draw_talk(world, dice));
    let drafts: Vec<_> = (0..size)
        .map(|number| {
            let talk = only.unwrap_or_else(|| draw_talk(world, dice));
            Draft::draw(talk, dice, format!("{name}, {number}"))
        })
        .collect();
    world.tally.open.add(size);
    join_all(drafts.into_iter().map(|draft| draft.say(world))).await;
    if dice.random_bool(0.3) {
        read(world, dice).await;
    }
}

fn draw_talk<'w>(world: &'w World, dice: &mut StdRng) -> &'w Conversation {
    let talks = &world.cast.conversations;
    &talks[dice.random_range(0..talks.len())]
}

/// What somebody is about to say.
struct Draft {
    conversation: Conversation,
    side: Side,
    content: String,
    key: String,
    /// Which api is asked first; after that each in turn.
    api: usize,
    /// Closes the page when the first attempt fails, and never knows.
    is_impatient: bool,
    /// Says it once more, to be sure.
    is_doubtful: bool,
}

impl Draft {
    fn draw(talk: &Conversation, dice: &mut StdRng, content: String) -> Self {
        Self {
            conversation: talk.clone(),
            side: [Side::Client, Side::Shop][dice.random_range(0..2)],
            content,
            key: format!("{:032x}", dice.random::<u128>()),
            api: dice.random_range(0..2),
            is_impatient: dice.random_bool(0.03),
            is_doubtful: dice.random_bool(0.05),
        }
    }

    async fn say(self, world: &World) {
        let id = self.until_answered(world).await;
        if self.is_doubtful && id.is_some() {
            let again = self.until_answered(world).await;
            assert!(
                again.is_none() || again == id,
                "the same key gave {id:?}, and then {again:?}"
            );
        }
        world.tally.open.take(1);
        world.tally.said.add(1);
        world.ledger.note(Said {
            conversation: self.conversation.id,
            content: self.content,
            id,
        });
    }

    async fn until_answered(&self, world: &World) -> Option<Uuid> {
        let who = world.cast.who(&self.conversation, self.side);
        let (side, talk) = (self.side.word(), self.conversation.id);
        let path = format!("/chat/{side}/conversations/{talk}/messages");
        let body = json!({"content": self.content});
        for api in self.api.. {
            let answer = world.rest.ask(
                api,
                who,
                (Method::POST, &path),
                Some(&body),
                Some(&self.key),
            );
            if let Some(answer) = answer.await {
                return Some(answer.ok()["id"].as_str().unwrap().parse().unwrap());
            }
            if self.is_impatient {
                break;
            }
            world.tally.retries.add(1);
            sleep(AGAIN).await;
        }
        None
    }
}

/// Somebody looks at a conversation. Whether it is noted does not matter; that it is told as it is noted does.
async fn read(world: &World, dice: &mut StdRng) {
    let talk = draw_talk(world, dice);
    let side = [Side::Client, Side::Shop][dice.random_range(0..2)];
    let path = format!("/chat/{}/conversations/{}/read", side.word(), talk.id);
    let who = world.cast.who(talk, side);
    let api = dice.random_range(0..2);
    drop(
        world
            .rest
            .ask(api, who, (Method::POST, &path), Some(&json!({})), None)
            .await,
    );
}
