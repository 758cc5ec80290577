//! Everything a buyer's page shows.

use serde_json::json;

use crate::{
    chat::open,
    support::{TestApp, people::keys, rows::ReelRow},
};

/// What is told of a notification, in this order.
const NOTIFICATION_FIELDS: [&str; 8] = [
    "id",
    "message",
    "type",
    "refId",
    "notifyAt",
    "status",
    "read",
    "createdAt",
];

/// What is told of a conversation, in this order.
const CONVERSATION_FIELDS: [&str; 9] = [
    "id",
    "status",
    "updatedAt",
    "createdAt",
    "firstResponseSeconds",
    "lastMessagePreview",
    "lastClientMessageAt",
    "lastShopMessageAt",
    "shop",
];

/// What is shown, in this order.
const FIELDS: [&str; 7] = [
    "profile",
    "stats",
    "state",
    "favorites",
    "reminders",
    "notifications",
    "conversations",
];

#[tokio::test]
async fn everything_is_shown_at_once_in_the_shape_clients_know() {
    let app = TestApp::start().await;
    let (client, owner) = (app.client(1).await, app.owner(2).await);
    let token = app.token(&client);
    let live = app.stream(1, owner.shop, "UPCOMING").await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    for path in [
        format!("/clients/me/favorites/{}", owner.shop),
        format!("/clients/me/reminders/{live}"),
        format!("/reels/{reel}/view"),
    ] {
        app.post(&path).bearer(&token).await.ok();
    }
    sqlx::query(
        "INSERT INTO stream_likes (account_id, stream_id, created_at) VALUES ($1, $2, now())",
    )
    .bind(client.id)
    .bind(live)
    .execute(app.pool())
    .await
    .unwrap();
    let talk = open(&app, &client, owner.shop).await.ok();
    let shown = app.get("/clients/me/activity").bearer(&token).await.ok();
    assert_eq!(keys(&shown), FIELDS);
    assert_eq!(
        shown["stats"],
        json!({
            "favoritesCount": 1, "remindersCount": 1, "viewedReelsCount": 1, "likesCount": 1,
            "unreadNotificationsCount": 1, "conversationsCount": 1,
        })
    );
    assert_eq!(
        shown["state"],
        json!({"favorites": [owner.shop], "reminders": [live], "viewedReels": [reel], "likes": [live]})
    );
    assert_eq!(shown["favorites"][0]["shopId"], json!(owner.shop));
    assert_eq!(shown["reminders"][0]["streamId"], json!(live));
    assert_eq!(keys(&shown["notifications"][0]), NOTIFICATION_FIELDS);
    assert_eq!(keys(&shown["conversations"][0]), CONVERSATION_FIELDS);
    assert_eq!(shown["conversations"][0]["id"], talk["id"]);
    assert_eq!(
        keys(&shown["conversations"][0]["shop"]),
        ["id", "name", "logoUrl"]
    );
}

#[tokio::test]
async fn the_unread_are_counted_and_the_newest_shown() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    sqlx::query(
        "INSERT INTO notifications (id, account_id, message, type, status, read, created_at)
         SELECT gen_random_uuid(), $1, n::text, 'SYSTEM', CASE WHEN n > 28 THEN 'CANCELED' ELSE 'QUEUED' END::notification_status,
                n <= 3, now() - make_interval(mins => n)
         FROM generate_series(1, 30) AS n",
    )
    .bind(client.id)
    .execute(app.pool())
    .await
    .unwrap();
    let shown = app
        .get("/clients/me/activity")
        .bearer(app.token(&client))
        .await
        .ok();
    assert_eq!(shown["stats"]["unreadNotificationsCount"], 25);
    let messages: Vec<_> = shown["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| told["message"].clone())
        .collect();
    assert_eq!(
        messages,
        (1..=20).map(|n| json!(n.to_string())).collect::<Vec<_>>()
    );
}
