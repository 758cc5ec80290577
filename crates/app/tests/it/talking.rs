//! Many who say something at once: they share statements, and neither their places nor their numbers have a gap; and nobody
//! loses a message with somebody else's.

use std::sync::Arc;

use avvivo_app::{
    AppError,
    chat::{
        Participant, WithCursor, open_conversation,
        send_message::{self, SendMessage},
    },
};
use avvivo_contracts::events::v1::{Event, event::Payload};
use avvivo_domain::{
    chat::{Fields, Message},
    identity::Caller,
};
use avvivo_kernel::ConversationId;
use avvivo_postgres::Transaction;
use avvivo_testkit::{Seen, wait_for};
use futures::future::join_all;
use prost::Message as _;
use tokio::task::{AbortHandle, JoinSet};

use crate::support::{LIMIT, Shop, World, code};

/// Statements under way at once.
const TURNS: usize = 2;

type Sent = Result<WithCursor<Message>, AppError>;

/// A shop, and clients in a conversation with it each.
struct Room {
    world: Arc<World>,
    shop: Shop,
    clients: Vec<(Caller, ConversationId)>,
}

impl Room {
    async fn with(clients: usize) -> Self {
        let world = World::new().await;
        let shop = world.shop().open().await;
        let mut room = Self {
            world: Arc::new(world),
            shop,
            clients: Vec::new(),
        };
        for _ in 0..clients {
            let client = room.world.client().await;
            let deps = &room.world.deps;
            let opened = open_conversation::run(deps, client.account_id, room.shop.id).await;
            room.clients.push((client, opened.unwrap().conversation.id));
        }
        room
    }

    fn client(&self, number: usize) -> &(Caller, ConversationId) {
        self.clients.get(number).unwrap()
    }

    fn by_client(&self, number: usize, key: Option<&str>) -> SendMessage {
        let (client, conversation) = self.client(number);
        said(Participant::client(client.account_id), *conversation, key)
    }

    fn by_shop(&self, number: usize) -> SendMessage {
        let (_, conversation) = self.client(number);
        let owner = Participant::shop(self.shop.owner.account_id, self.shop.id);
        said(owner, *conversation, None)
    }

    async fn send(&self, command: SendMessage) -> Sent {
        send_message::run(&self.world.deps, command).await
    }

    /// The same beside the test.
    fn start(&self, running: &mut JoinSet<Sent>, command: SendMessage) -> AbortHandle {
        let world = Arc::clone(&self.world);
        running.spawn(async move { send_message::run(&world.deps, command).await })
    }

    /// Locks the conversations of these clients.
    async fn lock(&self, clients: std::ops::Range<usize>) -> Transaction {
        let mut tx = self.world.begin().await;
        let ids: Vec<_> = clients
            .map(|number| self.client(number).1.as_uuid())
            .collect();
        sqlx::query("SELECT 1 FROM chat_conversations WHERE id = ANY($1) FOR UPDATE")
            .bind(ids)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    }

    /// Waits until so many statements wait for a lock.
    async fn waiting(&self, count: i64) {
        let sql = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        wait_for(
            "statements that wait for locks",
            LIMIT,
            async || match self.world.count(sql).await {
                waiting if waiting == count => Seen::Done(()),
                waiting => Seen::NotYet(waiting),
            },
        )
        .await;
    }

    /// The places of a conversation's messages.
    async fn places(&self, number: usize) -> Vec<i64> {
        let (_, conversation) = self.client(number);
        sqlx::query_scalar(
            "SELECT sequence FROM chat_messages WHERE conversation_id = $1 ORDER BY sequence",
        )
        .bind(conversation.as_uuid())
        .fetch_all(self.world.pool())
        .await
        .unwrap()
    }

    /// What the shop was told, in order: numbers, and how many it had not read of the conversation then.
    async fn told(&self) -> Vec<(i64, u32)> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT sequence, event FROM audience_events WHERE audience = $1 ORDER BY sequence",
        )
        .bind(format!("shop:{}", self.shop.id))
        .fetch_all(self.world.pool())
        .await
        .unwrap();
        let unread = |event: &[u8]| match Event::decode(event).unwrap().payload {
            Some(Payload::ChatMessageSent(sent)) => sent.conversation.unwrap().unread_count,
            other => panic!("{other:?}"),
        };
        rows.iter()
            .map(|(number, event)| (*number, unread(event)))
            .collect()
    }
}

fn said(who: Participant, conversation: ConversationId, key: Option<&str>) -> SendMessage {
    SendMessage {
        who,
        conversation,
        fields: Fields {
            content: Some("hola".to_owned()),
            ..Fields::default()
        },
        idempotency_key: key.map(str::to_owned),
    }
}

#[tokio::test]
async fn those_who_write_at_once_share_commits_and_leave_no_gaps() {
    let room = Room::with(6).await;
    let each = (0..60).map(|turn| room.send(room.by_client(turn % 6, None)));
    for sent in join_all(each).await {
        sent.unwrap();
    }
    for client in 0..6 {
        assert_eq!(room.places(client).await, (1..=10).collect::<Vec<_>>());
    }
    let told = room.told().await;
    let numbers: Vec<i64> = told.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    // Of six conversations, each with one more unread every time.
    let mut unread: Vec<u32> = told.iter().map(|(_, unread)| *unread).collect();
    unread.sort_unstable();
    let expected = (1..=10).flat_map(|count| [count; 6]);
    assert_eq!(unread, expected.collect::<Vec<_>>());
    let commits = "SELECT count(DISTINCT xmin::text) FROM chat_messages";
    let commits = room.world.count(commits).await;
    assert!(commits < 20, "{commits} commits for 60 messages");
}

#[tokio::test]
async fn both_sides_of_one_conversation_at_once_find_it_as_the_other_left_it() {
    let room = Room::with(1).await;
    let each = (0..20).map(|turn| {
        let command = match turn % 2 {
            0 => room.by_client(0, None),
            _ => room.by_shop(0),
        };
        room.send(command)
    });
    for sent in join_all(each).await {
        sent.unwrap();
    }
    assert_eq!(room.places(0).await, (1..=20).collect::<Vec<_>>());
    let first = "SELECT first_response_seconds::bigint FROM chat_conversations";
    assert_eq!(room.world.count(first).await, 0);
}

#[tokio::test]
async fn who_meets_somebody_at_the_conversation_says_it_after_them() {
    let room = Room::with(2).await;
    let mut other = room.lock(0..1).await;
    let mut running = JoinSet::new();
    room.start(&mut running, room.by_client(0, None));
    room.waiting(1).await;
    sqlx::query("UPDATE chat_conversations SET shop_unread = 5, last_sequence = 5 WHERE id = $1")
        .bind(room.client(0).1.as_uuid())
        .execute(&mut *other)
        .await
        .unwrap();
    other.commit().await.unwrap();
    let sent = running.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(sent.answer.sequence, 6);
    assert_eq!(room.told().await, [(1, 6)]);
}

#[tokio::test]
async fn a_key_that_is_used_again_gives_the_same_message_and_hinders_nobody() {
    let room = Room::with(8).await;
    let first = room.send(room.by_client(0, Some("k"))).await.unwrap();
    let each = (0..16).map(|turn| {
        let key = (turn % 8 == 0).then_some("k");
        room.send(room.by_client(turn % 8, key))
    });
    let sent = join_all(each).await;
    for (turn, sent) in sent.into_iter().enumerate() {
        let same = sent.unwrap().answer.id == first.answer.id;
        assert_eq!(same, turn % 8 == 0);
    }
    assert_eq!(room.places(0).await, [1]);
    assert_eq!(room.places(1).await, [1, 2]);
}

#[tokio::test]
async fn who_may_not_speak_is_told_so_while_others_are_heard() {
    let room = Room::with(3).await;
    let stranger = room.world.client().await;
    let (_, conversation) = room.client(0);
    let foreign = said(
        Participant::client(stranger.account_id),
        *conversation,
        None,
    );
    let block = "UPDATE chat_conversations SET status = 'BLOCKED' WHERE id = $1";
    room.world.arrange(block, room.client(1).1.as_uuid()).await;
    let commands = [
        room.by_client(0, None),
        foreign,
        room.by_client(1, None),
        room.by_client(2, None),
    ];
    let mut answers = join_all(commands.map(|command| room.send(command))).await;
    answers.remove(3).unwrap();
    assert_eq!(code(answers.remove(2)), "chat.not_available");
    assert_eq!(code(answers.remove(1)), "chat.not_found");
    answers.remove(0).unwrap();
}

#[tokio::test]
async fn who_takes_others_along_and_goes_away_costs_them_nothing() {
    let room = Room::with(TURNS + 2).await;
    let held = room.lock(0..TURNS + 1).await;
    let mut running = JoinSet::new();
    // Every turn is taken by somebody who waits for a lock.
    let mut turns = Vec::new();
    for client in 0..TURNS {
        turns.push(room.start(&mut running, room.by_client(client, None)));
        room.waiting(i64::try_from(client + 1).unwrap()).await;
    }
    // Two wait in line. The first of them gets a turn, takes the other along, and waits for a lock, too.
    let leader = room.start(&mut running, room.by_client(TURNS, None));
    let mut follower = JoinSet::new();
    room.start(&mut follower, room.by_client(TURNS + 1, None));
    tokio::task::yield_now().await;
    turns.remove(0).abort();
    // The one that was given up waits on: the server hears of it only when it has its lock.
    room.waiting(i64::try_from(TURNS + 1).unwrap()).await;
    leader.abort();

    let sent = follower.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(sent.answer.sequence, 1);
    drop(held);
    while let Some(ended) = running.join_next().await {
        if let Ok(sent) = ended {
            sent.unwrap();
        }
    }
    assert_eq!(room.places(TURNS + 1).await, [1]);
}
