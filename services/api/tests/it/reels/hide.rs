//! `POST /reels/{id}/hide`

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use avvivo_app::rendering::{claim_render, complete_render};
use avvivo_postgres::reels::render::Outputs;
use avvivo_testkit::{Seen, wait_for};
use axum::Router;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    MEDIA, PATIENCE, TestApp, get_from, people::Owner, rows::ReelRow, still::still,
};

/// The feed is kept for twenty seconds; whatever is gone in a quarter of that was forgotten because of an event.
const BY_EVENT: Duration = Duration::from_secs(5);

/// An api that hears events, and a reel that everybody is shown.
async fn shown() -> (TestApp, Owner, Uuid) {
    let app = TestApp::start().await;
    app.hears_events().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    assert_eq!(app.get("/reels").await.ids(), [reel.to_string()]);
    assert_eq!(app.get("/reels").await.header("x-cache"), Some("HIT"));
    (app, owner, reel)
}

#[tokio::test]
async fn a_hidden_reel_leaves_the_cached_feed_because_everybody_is_told() {
    let (app, owner, reel) = shown().await;
    let hidden = app
        .post(&format!("/reels/{reel}/hide"))
        .bearer(app.token(&owner.person))
        .await
        .ok();
    assert_eq!(
        (&hidden["status"], &hidden["hidden"]),
        (&"HIDDEN".into(), &true.into())
    );
    let began = Instant::now();
    wait_for(
        "the feed to forget the reel",
        PATIENCE,
        async || match app.get("/reels").await.ids() {
            ids if ids.is_empty() => Seen::Done(()),
            ids => Seen::NotYet(ids),
        },
    )
    .await;
    assert!(began.elapsed() < BY_EVENT, "{:?}", began.elapsed());
}

/// Waits until the feed of `other` shows `wanted`, because it was told.
async fn told(other: &Router, wanted: &[Uuid]) {
    let wanted: BTreeSet<String> = wanted.iter().map(Uuid::to_string).collect();
    let began = Instant::now();
    wait_for("the other feed to change", PATIENCE, async || {
        let ids: BTreeSet<String> = get_from(other, "/reels").await.ids().into_iter().collect();
        if ids == wanted {
            Seen::Done(())
        } else {
            Seen::NotYet(ids)
        }
    })
    .await;
    assert!(began.elapsed() < BY_EVENT, "{:?}", began.elapsed());
    let again = get_from(other, "/reels").await;
    assert_eq!(again.header("x-cache"), Some("HIT"), "it is kept again");
}

/// A renderer takes the reel and finishes it.
async fn publish(app: &TestApp, reel: Uuid) {
    let deps = &app.core.deps;
    let answer = claim_render::run(deps, reel.into(), 1).await.unwrap();
    let claim_render::Answer::Go(assignment) = answer else {
        panic!("not granted: {answer:?}")
    };
    let outputs = Outputs {
        video_url: Some(format!("{MEDIA}/processed/new.mp4")),
        photo_urls: Vec::new(),
        thumbnail_url: None,
        duration_seconds: Some(12),
        report: serde_json::json!({}),
    };
    let completed = complete_render::run(deps, &assignment, &outputs).await;
    completed.unwrap().unwrap();
}

#[tokio::test]
async fn other_instances_forget_it_too() {
    let (app, owner, reel) = shown().await;
    let other = app.second_instance(|_| {}).await;
    // Cached only once that instance hears events, which empties its cache.
    wait_for("the other instance to hear events", PATIENCE, async || {
        let ready = crate::support::answer::Ask::new(&other, http::Method::GET, "/ready")
            .bearer(crate::support::HEALTHCHECK_TOKEN)
            .await
            .json();
        match &ready["dependencies"][1]["up"] {
            Value::Bool(true) => Seen::Done(()),
            _ => Seen::NotYet(ready),
        }
    })
    .await;
    told(&other, &[reel]).await;
    let (own, admin) = (app.token(&owner.person), app.token(&app.admin(2).await));
    let path = format!("/reels/{reel}");

    app.post(&format!("{path}/hide")).bearer(&own).await.ok();
    told(&other, &[]).await;
    app.post(&format!("{path}/reactivate"))
        .bearer(&admin)
        .await
        .ok();
    told(&other, &[reel]).await;
    let new = app.reel(2, owner.shop, ReelRow::processing()).await;
    publish(&app, new).await;
    told(&other, &[reel, new]).await;
    app.delete(&path).bearer(&own).await.ok();
    told(&other, &[new]).await;
}

#[tokio::test]
async fn hiding_again_changes_nothing_and_answers_the_same() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let token = app.token(&owner.person);
    let path = format!("/reels/{reel}/hide");
    let first = app.post(&path).bearer(&token).await;
    insta::assert_json_snapshot!(still(first.ok()));
    let again = app.post(&path).bearer(&token).await;
    assert_eq!(again.body, first.body);
}

#[tokio::test]
async fn hiding_gives_no_quota_back() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let reel = app.post("/reels").bearer(&token).json(&body).await.ok();
    let used = "SELECT reel_daily_used::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(app.look(used, owner.shop).await.as_deref(), Some("1"));
    let path = format!("/reels/{}/hide", reel["id"].as_str().unwrap());
    let hidden = app.post(&path).bearer(&token).await.ok();
    assert_eq!(hidden["status"], "HIDDEN");
    assert_eq!(app.look(used, owner.shop).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn whether_it_is_there_comes_before_whose_it_is() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let client = app.token(&app.client(2).await);
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    for verb in ["/hide", ""] {
        let method = if verb.is_empty() {
            http::Method::DELETE
        } else {
            http::Method::POST
        };
        for missing in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
            let path = format!("/reels/{missing}{verb}");
            assert_eq!(
                app.ask(method.clone(), &path).await.word(),
                "401 auth.required"
            );
            let answer = app.ask(method.clone(), &path).bearer(&client).await;
            assert_eq!(answer.word(), "404 reel.not_found", "{path}");
        }
        let answer = app
            .ask(method, &format!("/reels/{reel}{verb}"))
            .bearer(&client)
            .await;
        assert_eq!(answer.word(), "403 auth.not_yours");
    }
}
