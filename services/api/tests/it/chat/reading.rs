//! Unread, read, and how long the first answer took.

use serde_json::json;

use super::{Talk, open, text};

#[tokio::test]
async fn unread_is_counted_for_each_side_and_settled_by_reading() {
    let talk = Talk::begin().await;
    for _ in 0..3 {
        talk.client_says(&text("hola")).await.ok();
    }
    assert_eq!(talk.unread().await, (0, 3));
    // Listing messages marks nothing.
    let path = talk.messages("shop");
    let token = talk.app.token(&talk.owner.person);
    talk.app.get(&path).bearer(&token).await.ok();
    assert_eq!(talk.unread().await, (0, 3));

    let read = format!("/chat/shop/conversations/{}/read", talk.id);
    let answer = talk
        .app
        .post(&read)
        .bearer(&token)
        .json(&json!({"upTo": 2}))
        .await
        .ok();
    assert_eq!(answer["ok"], true);
    assert_eq!(talk.unread().await, (0, 1));
    talk.app.post(&read).bearer(&token).await.ok();
    assert_eq!(talk.unread().await, (0, 0));
    let (client, _) = talk.lists().await;
    assert_eq!(
        client["readToByOther"], 3,
        "the client sees how far the shop has read"
    );

    // Answering is reading.
    talk.client_says(&text("¿sí?")).await.ok();
    talk.shop_says(&text("sí")).await.ok();
    assert_eq!(talk.unread().await, (1, 0));
    open(&talk.app, &talk.client, talk.owner.shop).await.ok();
    assert_eq!(talk.unread().await, (0, 0), "opening is reading, too");
}

#[tokio::test]
async fn reading_is_told_to_both_and_only_when_it_is_news() {
    let talk = Talk::begin().await;
    talk.client_says(&text("hola")).await.ok();
    assert_eq!(talk.app.count("audience_events").await, 2);
    let read = format!("/chat/shop/conversations/{}/read", talk.id);
    let token = talk.app.token(&talk.owner.person);
    for _ in 0..3 {
        talk.app.post(&read).bearer(&token).await.ok();
    }
    assert_eq!(talk.app.count("audience_events").await, 4);
}

#[tokio::test]
async fn the_first_answer_is_timed_once() {
    let talk = Talk::begin().await;
    talk.shop_says(&text("Bienvenida")).await.ok();
    let (client, _) = talk.lists().await;
    assert_eq!(
        client["firstResponseSeconds"],
        json!(null),
        "nobody had asked"
    );
    talk.client_says(&text("hola")).await.ok();
    let id = talk.id.parse().unwrap();
    talk.app
        .change(
            "UPDATE chat_conversations SET first_client_message_at = first_client_message_at - interval '3 minutes' \
             WHERE id = $1",
            id,
        )
        .await;
    talk.shop_says(&text("sí")).await.ok();
    let (client, shop) = talk.lists().await;
    let waited = client["firstResponseSeconds"].as_i64().unwrap();
    assert!((180..200).contains(&waited), "{waited}");
    talk.shop_says(&text("¿algo más?")).await.ok();
    assert_eq!(
        talk.lists().await.1["firstResponseSeconds"],
        shop["firstResponseSeconds"]
    );
}
