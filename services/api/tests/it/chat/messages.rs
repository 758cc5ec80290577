//! Saying something, and reading what was said.

use avvivo_contracts::{
    cursor::Cursor,
    events::v1::{Event, event::Payload},
};
use futures::future::join_all;
use prost::Message as _;
use serde_json::{Value, json};

use super::{Talk, text};
use crate::support::people::keys;

#[tokio::test]
async fn a_message_is_answered_as_clients_know_it() {
    let talk = Talk::begin().await;
    let sent = talk.client_says(&text("  Tienen talle 44?  ")).await.ok();
    assert_eq!(
        keys(&sent),
        [
            "id",
            "conversationId",
            "senderType",
            "senderAuthUserId",
            "messageType",
            "content",
            "attachments",
            "readAt",
            "createdAt",
            "isMine",
            "sequence"
        ]
    );
    assert_eq!(
        (
            &sent["senderType"],
            &sent["messageType"],
            &sent["content"],
            &sent["isMine"],
            &sent["readAt"]
        ),
        (
            &json!("CLIENT"),
            &json!("TEXT"),
            &json!("Tienen talle 44?"),
            &json!(true),
            &Value::Null
        )
    );
    let path = talk.messages("shop");
    let seen = talk
        .app
        .get(&path)
        .bearer(talk.app.token(&talk.owner.person))
        .await
        .ok();
    assert_eq!(seen["items"][0]["isMine"], false);
    assert_eq!(seen["items"][0]["id"], sent["id"]);
}

#[tokio::test]
async fn what_cannot_be_said_is_told_with_an_error_member() {
    let talk = Talk::begin().await;
    for (body, word) in [
        (json!({}), "400 chat.empty_message"),
        (text("   "), "400 chat.empty_message"),
        (text(&"a".repeat(2001)), "400 chat.message_too_long"),
        (json!({"content": 7}), "400 chat.empty_message"),
        (
            json!({"attachments": [{"kind": "image", "url": "https://evil.example/a.png"}]}),
            "400 chat.foreign_attachment",
        ),
    ] {
        let answer = talk.client_says(&body).await;
        assert_eq!(answer.word(), word);
        assert_eq!(answer.json()["error"], json!({}));
    }
    assert_eq!(talk.app.count("chat_messages").await, 0);
    assert_eq!(talk.app.count("audience_events").await, 0);
}

#[tokio::test]
async fn nobody_speaks_for_the_platform_or_in_anothers_conversation() {
    let talk = Talk::begin().await;
    let forged = json!({"content": "Ganaste", "messageType": "SYSTEM"});
    let sent = talk.client_says(&forged).await.ok();
    assert_eq!(
        (&sent["senderType"], &sent["messageType"]),
        (&json!("CLIENT"), &json!("TEXT"))
    );
    let stranger = talk.app.client(7).await;
    let other = talk.app.owner(8).await;
    for (side, person) in [("client", &stranger), ("shop", &other.person)] {
        let path = talk.messages(side);
        let token = talk.app.token(person);
        let answer = talk
            .app
            .post(&path)
            .bearer(&token)
            .json(&text("hola"))
            .await;
        assert_eq!(answer.word(), "400 chat.not_found");
        let answer = talk.app.get(&path).bearer(&token).await;
        assert_eq!(answer.word(), "400 chat.not_found");
    }
}

#[tokio::test]
async fn a_conversation_that_is_put_away_is_read_and_not_written() {
    let talk = Talk::begin().await;
    talk.client_says(&text("hola")).await.ok();
    let id = talk.id.parse().unwrap();
    talk.app
        .change(
            "UPDATE chat_conversations SET status = 'BLOCKED' WHERE id = $1",
            id,
        )
        .await;
    assert_eq!(
        talk.client_says(&text("x")).await.word(),
        "400 chat.not_available"
    );
    assert_eq!(
        talk.shop_says(&text("x")).await.word(),
        "400 chat.not_available"
    );
    let path = talk.messages("client");
    talk.app
        .get(&path)
        .bearer(talk.app.token(&talk.client))
        .await
        .ok();
}

#[tokio::test]
async fn the_same_key_gives_the_same_message_even_at_once() {
    let talk = Talk::begin().await;
    let token = talk.app.token(&talk.client);
    let path = talk.messages("client");
    let body = text("hola");
    let say = || {
        talk.app
            .post(&path)
            .bearer(&token)
            .header("idempotency-key", "k1")
            .json(&body)
    };
    let said = join_all((0..6).map(|_| async { say().await.ok() })).await;
    assert!(said.iter().all(|message| message["id"] == said[0]["id"]));
    assert_eq!(talk.app.count("chat_messages").await, 1);
    assert_eq!(talk.unread().await, (0, 1));
    let bad = "k".repeat(300);
    let answer = talk
        .app
        .post(&path)
        .bearer(&token)
        .header("idempotency-key", bad)
        .json(&body)
        .await;
    assert_eq!(answer.word(), "400 request.bad_idempotency_key");
}

#[tokio::test]
async fn messages_of_many_at_once_have_places_without_a_gap() {
    let talk = Talk::begin().await;
    let body = text("hola");
    let said = join_all((0..20).map(|turn| {
        let (talk, body) = (&talk, &body);
        async move {
            if turn % 2 == 0 {
                talk.client_says(body).await
            } else {
                talk.shop_says(body).await
            }
        }
    }))
    .await;
    let mut places: Vec<i64> = said
        .iter()
        .map(|answer| answer.ok()["sequence"].as_i64().unwrap())
        .collect();
    places.sort_unstable();
    assert_eq!(places, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn both_are_told_in_the_commit_of_the_message_each_in_their_own_copy() {
    let talk = Talk::begin().await;
    let answer = talk.client_says(&text("Tienen talle 44?")).await;
    let (client, shop) = (
        format!("client:{}", talk.client.id),
        format!("shop:{}", talk.owner.shop),
    );
    let cursor = Cursor::parse(answer.header("x-realtime-cursor").unwrap()).unwrap();
    assert_eq!(cursor.place(&client).unwrap().sequence(), 1);
    let rows: Vec<(String, i64, Vec<u8>)> =
        sqlx::query_as("SELECT audience, sequence, event FROM audience_events ORDER BY audience")
            .fetch_all(talk.app.pool())
            .await
            .unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|(audience, sequence, event)| {
            let Some(Payload::ChatMessageSent(sent)) =
                Event::decode(event.as_slice()).unwrap().payload
            else {
                panic!("no message")
            };
            (
                audience.clone(),
                *sequence,
                sent.recipient,
                sent.unread_delta,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (client, 1, "CLIENT".to_owned(), 0),
            (shop, 1, "SHOP".to_owned(), 1)
        ]
    );
}

#[tokio::test]
async fn a_long_conversation_is_read_page_by_page() {
    let talk = Talk::begin().await;
    let token = talk.app.token(&talk.client);
    for number in 1..=25 {
        let id = talk.id.parse::<uuid::Uuid>().unwrap();
        sqlx::query(
            "INSERT INTO chat_messages (conversation_id, sequence, id, sender, type, content, created_at)
             VALUES ($1, $2, gen_random_uuid(), 'SHOP', 'TEXT', $2::text, now())",
        )
        .bind(id)
        .bind(i64::from(number))
        .execute(talk.app.pool())
        .await
        .unwrap();
    }
    let contents = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut path = format!("{}?limit=10", talk.messages("client"));
    let mut pages = Vec::new();
    loop {
        let answer = talk.app.get(&path).bearer(&token).await;
        pages.push(contents(&answer.ok()));
        let Some(next) = answer.header("x-next-cursor") else {
            break;
        };
        path = format!("{}?limit=10&cursor={next}", talk.messages("client"));
    }
    let numbers =
        |range: std::ops::RangeInclusive<i32>| range.map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!(pages, [numbers(16..=25), numbers(6..=15), numbers(1..=5)]);
    let bad = format!("{}?cursor=nonsense", talk.messages("client"));
    assert_eq!(
        talk.app.get(&bad).bearer(&token).await.word(),
        "400 request.bad_cursor"
    );
    // As old clients page, whose dates are passed over when they are none.
    let before = format!(
        "{}?before=2020-01-01T00:00:00.000Z",
        talk.messages("client")
    );
    assert_eq!(
        talk.app.get(&before).bearer(&token).await.ok(),
        json!({"items": []})
    );
    let before = format!("{}?before=ayer&limit=3", talk.messages("client"));
    assert_eq!(
        contents(&talk.app.get(&before).bearer(&token).await.ok()),
        ["23", "24", "25"]
    );
}

#[tokio::test]
async fn an_account_says_only_so_much_in_a_while() {
    let talk = Talk::begin().await;
    let mut words = Vec::new();
    for _ in 0..32 {
        words.push(talk.client_says(&text("hola")).await);
    }
    assert!(words[..30].iter().all(|answer| answer.word() == "200"));
    assert_eq!(words[30].word(), "429 rate_limit.exceeded");
    assert!(words[30].header("retry-after").is_some());
    talk.shop_says(&text("otra cuenta")).await.ok();
}
