//! Pictures: only what the sender uploaded to this conversation and confirmed.

use avvivo_app::upkeep::delete_objects;
use serde_json::{Value, json};

use super::Talk;
use crate::support::{
    MEDIA,
    answer::Answer,
    files::{headers, put},
    people::Person,
};

async fn sign(talk: &Talk, person: &Person, body: &Value) -> Answer {
    let token = talk.app.token(person);
    talk.app
        .post("/storage/chat/upload-url")
        .bearer(token)
        .json(body)
        .await
}

async fn confirm(talk: &Talk, person: &Person, body: &Value) -> Answer {
    let token = talk.app.token(person);
    talk.app
        .post("/storage/chat/confirm")
        .bearer(token)
        .json(body)
        .await
}

#[tokio::test]
async fn a_picture_travels_from_a_phone_into_a_message() {
    let talk = Talk::begin().await;
    let wanted = json!({"conversationId": talk.id, "files": [{"fileName": "Modelo.JPG"}]});
    let signed = sign(&talk, &talk.client, &wanted).await.ok();
    assert!(signed.get("overlayUpload").is_none());
    let upload = &signed["uploads"][0];
    let path = upload["path"].as_str().unwrap();
    let folder = format!("chat/{}/client/{}/", talk.id, talk.client.id);
    assert!(
        path.starts_with(&folder) && path.ends_with("-0-modelo.jpg"),
        "{path}"
    );
    assert_eq!(upload["publicUrl"], format!("{MEDIA}/{path}"));
    let status = put(&upload["signedUrl"], &headers(upload), b"a picture").await;
    assert_eq!(status, 200);

    let said =
        json!({"attachments": [{"kind": "image", "url": upload["publicUrl"], "sizeBytes": 9}]});
    assert_eq!(
        talk.client_says(&said).await.word(),
        "400 chat.foreign_attachment",
        "not confirmed yet"
    );
    let arrived = confirm(
        &talk,
        &talk.client,
        &json!({"conversationId": talk.id, "paths": [path]}),
    )
    .await
    .ok();
    assert_eq!(arrived["uploads"][0]["publicUrl"], upload["publicUrl"]);
    let sent = talk.client_says(&said).await.ok();
    assert_eq!(sent["messageType"], "IMAGE");
    assert_eq!(
        sent["attachments"],
        json!([{"kind": "image", "url": upload["publicUrl"], "sizeBytes": 9}])
    );
    assert_eq!(talk.lists().await.1["lastMessagePreview"], "[Imagen]");
    assert_eq!(
        talk.app.count("object_tombstones").await,
        0,
        "it is wanted now"
    );
    assert_eq!(
        talk.shop_says(&said).await.word(),
        "400 chat.foreign_attachment",
        "it is the client's"
    );
}

#[tokio::test]
async fn what_is_not_taken_is_told() {
    let talk = Talk::begin().await;
    let client = talk.client.clone();
    let files = |names: &[&str]| {
        let files: Vec<Value> = names.iter().map(|name| json!({"fileName": name})).collect();
        json!({"conversationId": talk.id, "files": files})
    };
    for (body, word) in [
        (json!({}), "400 chat.conversation_missing"),
        (files(&[]), "400 upload.nothing_announced"),
        (files(&["a.png"; 5]), "400 chat.too_many_attachments"),
        (files(&["a.mp4"]), "400 upload.not_a_photo"),
        (
            json!({"conversationId": "mock", "files": [{"fileName": "a.png"}]}),
            "404 chat.not_found",
        ),
    ] {
        assert_eq!(sign(&talk, &client, &body).await.word(), word, "{body}");
    }
    let folder = format!("chat/{}/client/{}", talk.id, talk.client.id);
    talk.app
        .store(&format!("{folder}/1-0-a.txt"), "text/plain", b"text")
        .await;
    for (paths, word) in [
        (json!([]), "400 upload.nothing_confirmed"),
        (
            json!([format!("chat/{}/shop/x/1-0-a.png", talk.id)]),
            "400 upload.foreign_path",
        ),
        (json!([format!("{folder}/1-0-b.png")]), "400 upload.missing"),
        (
            json!([format!("{folder}/1-0-a.txt")]),
            "400 upload.not_a_photo",
        ),
    ] {
        let body = json!({"conversationId": talk.id, "paths": paths});
        assert_eq!(confirm(&talk, &client, &body).await.word(), word, "{body}");
    }
    let nameless = json!({"conversationId": talk.id, "files": [{}]});
    let signed = sign(&talk, &client, &nameless).await.ok();
    let path = signed["uploads"][0]["path"].as_str().unwrap();
    assert!(path.ends_with("-0-chat-image.jpg"), "{path}");
    let stranger = talk.app.client(9).await;
    assert_eq!(
        sign(&talk, &stranger, &files(&["a.png"])).await.word(),
        "404 chat.not_found"
    );
}

#[tokio::test]
async fn a_confirmation_is_forgotten_when_no_message_can_take_it_any_more() {
    let talk = Talk::begin().await;
    let path = format!("chat/{}/client/{}/1-0-a.png", talk.id, talk.client.id);
    talk.app.store(&path, "image/png", b"a picture").await;
    let body = json!({"conversationId": talk.id, "paths": [path]});
    confirm(&talk, &talk.client, &body).await.ok();
    let pass = async || delete_objects::pass(&talk.app.core.deps).await.unwrap();
    pass().await;
    assert_eq!(talk.app.count("confirmed_chat_uploads").await, 1);
    sqlx::query("UPDATE confirmed_chat_uploads SET confirmed_at = now() - interval '25 hours'")
        .execute(talk.app.pool())
        .await
        .unwrap();
    pass().await;
    assert_eq!(talk.app.count("confirmed_chat_uploads").await, 0);
}
