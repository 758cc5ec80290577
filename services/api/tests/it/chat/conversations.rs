//! Beginning conversations, and the lists of them.

use futures::future::join_all;
use serde_json::json;

use super::{Talk, open, text};
use crate::support::{TestApp, people::keys};

#[tokio::test]
async fn a_conversation_is_begun_once_however_often_and_at_once_it_is_opened() {
    let app = TestApp::start().await;
    let (client, owner) = (app.client(1).await, app.owner(2).await);
    let opened = join_all((0..8).map(|_| open(&app, &client, owner.shop))).await;
    let ids: std::collections::BTreeSet<String> = opened
        .iter()
        .map(|answer| answer.ok()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.count("chat_conversations").await, 1);
}

#[tokio::test]
async fn it_is_shown_as_clients_know_it() {
    let talk = Talk::begin().await;
    let opened = open(&talk.app, &talk.client, talk.owner.shop).await.ok();
    assert_eq!(
        keys(&opened),
        [
            "id",
            "status",
            "lastMessagePreview",
            "updatedAt",
            "createdAt",
            "firstResponseSeconds",
            "firstShopResponseAt",
            "firstClientMessageAt",
            "lastClientMessageAt",
            "lastShopMessageAt",
            "unreadCount",
            "lastSequence",
            "readToByOther",
            "shop"
        ]
    );
    assert_eq!(
        opened["shop"],
        json!({"id": talk.owner.shop, "name": "Telas Helguera 2", "logoUrl": null, "status": "ACTIVE", "visibilityState": "LIT"})
    );
    assert_eq!(
        (&opened["status"], &opened["unreadCount"]),
        (&json!("OPEN"), &json!(0))
    );
    let list = talk.app.get("/chat/shop/conversations");
    let list = list.bearer(talk.app.token(&talk.owner.person)).await.ok();
    assert_eq!(keys(&list), ["shop", "conversations"]);
    assert_eq!(
        list["shop"],
        json!({"id": talk.owner.shop, "name": "Telas Helguera 2", "logoUrl": null})
    );
    assert_eq!(
        list["conversations"][0]["client"],
        json!({"authUserId": talk.client.id, "email": talk.client.email, "displayName": "Marta R.", "avatarUrl": null})
    );
}

#[tokio::test]
async fn a_shop_that_is_not_there_cannot_be_talked_to() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    for shop in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        let path = format!("/chat/client/conversations/{shop}/open");
        let answer = app.post(&path).bearer(app.token(&client)).await;
        assert_eq!(answer.word(), "400 shop.not_found");
        assert_eq!(answer.json()["error"], json!({}));
    }
}

#[tokio::test]
async fn a_shop_may_name_itself_and_nobody_else() {
    let talk = Talk::begin().await;
    let token = talk.app.token(&talk.owner.person);
    let own = format!("/chat/shop/conversations?shopId={}", talk.owner.shop);
    talk.app.get(&own).bearer(&token).await.ok();
    let other = "/chat/shop/conversations?shopId=00000000-0000-0000-0000-00000000ffff";
    let answer = talk.app.get(other).bearer(&token).await;
    assert_eq!(answer.word(), "400 shop.not_yours");
}

#[tokio::test]
async fn a_shop_that_is_gone_leaves_what_was_said_and_takes_no_more() {
    let talk = Talk::begin().await;
    talk.shop_says(&text("Hola")).await.ok();
    talk.app
        .change("DELETE FROM shops WHERE id = $1", talk.owner.shop)
        .await;
    let list = talk.app.get("/chat/client/conversations");
    let list = list.bearer(talk.app.token(&talk.client)).await.ok();
    let shop = &list["items"][0]["shop"];
    assert_eq!(
        (&shop["name"], &shop["status"]),
        (&json!("Telas Helguera 2"), &json!("HIDDEN"))
    );
    let path = talk.messages("client");
    let read = talk
        .app
        .get(&path)
        .bearer(talk.app.token(&talk.client))
        .await
        .ok();
    assert_eq!(read["items"][0]["content"], "Hola");
    let answer = talk.client_says(&text("¿Hola?")).await;
    assert_eq!(answer.word(), "400 chat.not_available");
}

#[tokio::test]
async fn the_liveliest_come_first() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let (first, second) = (app.owner(2).await, app.owner(3).await);
    open(&app, &client, first.shop).await.ok();
    let talk = open(&app, &client, second.shop).await.ok();
    let order = async || {
        let list = app.get("/chat/client/conversations");
        let list = list.bearer(app.token(&client)).await.ok();
        let shops: Vec<String> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["shop"]["id"].as_str().unwrap().to_owned())
            .collect();
        shops
    };
    assert_eq!(
        order().await,
        [second.shop.to_string(), first.shop.to_string()]
    );
    let earlier = open(&app, &client, first.shop).await.ok();
    let path = format!(
        "/chat/client/conversations/{}/messages",
        earlier["id"].as_str().unwrap()
    );
    app.post(&path)
        .bearer(app.token(&client))
        .json(&text("hola"))
        .await
        .ok();
    assert_eq!(
        order().await,
        [first.shop.to_string(), second.shop.to_string()]
    );
    assert_ne!(earlier["id"], talk["id"]);
}
