//! The same `POST /reels` again, and several at once.

use futures::future::join_all;
use serde_json::Value;

use crate::support::TestApp;

async fn publish(app: &TestApp, token: &str, key: &str, body: &Value) -> (String, String) {
    let answer = app
        .post("/reels")
        .bearer(token)
        .header("idempotency-key", key)
        .json(body)
        .await;
    let id = match answer.status.as_u16() {
        200 => answer.json()["id"].as_str().unwrap().to_owned(),
        _ => String::new(),
    };
    (answer.word(), id)
}

#[tokio::test]
async fn the_same_key_gives_the_same_reel_and_costs_once() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let (_, first) = publish(&app, &token, "one tap", &body).await;
    assert_eq!(
        publish(&app, &token, "one tap", &body).await,
        ("200".to_owned(), first.clone())
    );
    assert_eq!(
        publish(&app, &token, " one tap ", &body).await,
        ("200".to_owned(), first)
    );
    assert_eq!(
        publish(&app, &token, "another", &body).await.0,
        "409 reel.already_processing"
    );
    assert_eq!(
        (app.count("reels").await, app.count("quota_ledger").await),
        (1, 1)
    );
}

#[tokio::test]
async fn the_same_key_at_once_gives_the_same_reel_to_all() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let taps = (0..5).map(|_| publish(&app, &token, "five taps", &body));
    let answers = join_all(taps).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.0 == "200" && answer.1 == answers[0].1),
        "{answers:?}"
    );
    assert_eq!(
        (app.count("reels").await, app.count("quota_ledger").await),
        (1, 1)
    );
}

#[tokio::test]
async fn without_a_key_one_of_several_at_once_passes() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let taps = (0..5).map(|_| publish(&app, &token, "", &body));
    let mut words: Vec<String> = join_all(taps)
        .await
        .into_iter()
        .map(|(word, _)| word)
        .collect();
    words.sort();
    let conflict = "409 reel.already_processing";
    assert_eq!(words, ["200", conflict, conflict, conflict, conflict]);
}

#[tokio::test]
async fn a_key_is_a_shops_own_and_of_a_length_that_clients_make() {
    let app = TestApp::start().await;
    let (first, second) = (app.owner(1).await, app.owner(2).await);
    let mut ids = Vec::new();
    for owner in [&first, &second] {
        let body = app.new_video(owner.shop).await;
        let (word, id) = publish(&app, &app.token(&owner.person), "a key", &body).await;
        assert_eq!(word, "200");
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
    let body = app.new_video(first.shop).await;
    let token = app.token(&first.person);
    assert_eq!(
        publish(&app, &token, &"k".repeat(201), &body).await.0,
        "400 reel.invalid_field"
    );
}
