//! `GET /reels`

use chrono::TimeDelta;
use futures::future::join_all;

use crate::support::{
    TestApp,
    rows::{ReelRow, reel_id},
    still::still,
};

#[tokio::test]
async fn everybody_sees_reels_in_the_shape_clients_know() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    app.change(
        "UPDATE shops SET address_details = '{\"street\": \"Av. Avellaneda 3000\", \"lat\": -34.6287, \"lng\": null,
                    \"mapsUrl\": \"https://maps.example/x1\", \"catalogUrl\": \"\", \"phone\": \"secret\"}' WHERE id = $1",
        owner.shop,
    )
    .await;
    app.reel(1, owner.shop, ReelRow::default()).await;
    let photos = ReelRow {
        video_url: None,
        photo_urls: vec![
            "https://media.example/a.jpg".to_owned(),
            "https://media.example/b.jpg".to_owned(),
        ],
        ..ReelRow::aged(TimeDelta::minutes(2))
    };
    app.reel(2, owner.shop, photos).await;
    insta::assert_json_snapshot!(still(app.get("/reels").await.ok()));
}

#[tokio::test]
async fn only_what_is_live_is_shown_newest_first() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let hour = TimeDelta::hours;
    app.reel(1, owner.shop, ReelRow::aged(hour(3))).await;
    app.reel(2, owner.shop, ReelRow::aged(hour(1))).await;
    app.reel(3, owner.shop, ReelRow::aged(hour(2))).await;
    app.reel(4, owner.shop, ReelRow::aged(hour(25))).await;
    app.reel(5, owner.shop, ReelRow::in_status("HIDDEN")).await;
    app.reel(6, owner.shop, ReelRow::in_status("EXPIRED")).await;
    app.reel(7, owner.shop, ReelRow::processing()).await;
    let expected = [2, 3, 1].map(|number| reel_id(number).to_string());
    assert_eq!(app.get("/reels").await.ids(), expected);
    let token = app.token(&owner.person);
    assert_eq!(app.get("/reels").bearer(token).await.ids(), expected);
}

#[tokio::test]
async fn an_empty_feed_is_an_empty_list() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/reels").await.ok().to_string(), "[]");
}

#[tokio::test]
async fn limits_are_read_leniently_and_clamped() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    app.many_reels(owner.shop, 125).await;
    for (query, shown) in [
        ("", 80),
        ("?limit=", 80),
        ("?limit=0", 80),
        ("?limit=abc", 80),
        ("?limit=1", 10),
        ("?limit=-5", 10),
        ("?limit=50", 50),
        ("?limit=50abc", 50),
        ("?limit=500", 120),
    ] {
        let list = app.get(&format!("/reels{query}")).await;
        assert_eq!(list.ids().len(), shown, "{query}");
    }
}

#[tokio::test]
async fn however_many_ask_at_once_the_feed_is_read_once() {
    let app = TestApp::start().await;
    app.hears_events().await;
    let owner = app.owner(1).await;
    app.reel(1, owner.shop, ReelRow::default()).await;
    let asked = (0..20).map(|_| async { app.get("/reels").await });
    let answers = join_all(asked).await;
    let misses = answers
        .iter()
        .filter(|answer| answer.header("x-cache") == Some("MISS"));
    assert_eq!(misses.count(), 1);
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
}

#[tokio::test]
async fn those_who_are_signed_in_are_answered_from_the_same_list() {
    let app = TestApp::start().await;
    app.hears_events().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    app.reel(1, owner.shop, ReelRow::default()).await;
    for path in ["/reels", "/reels/showcase"] {
        let first = app.get(path).bearer(&token).await;
        assert_eq!(first.ids(), [reel_id(1).to_string()]);
        // Put there past all rules, so nobody was told, and a list that were read again would have it.
        app.reel(2, owner.shop, ReelRow::default()).await;
        let again = app.get(path).bearer(&token).await;
        let anonymous = app.get(path).await;
        assert_eq!((&again.body, &anonymous.body), (&first.body, &first.body));
        assert_eq!(again.header("x-cache"), None, "{path}");
        assert_eq!(anonymous.header("x-cache"), Some("HIT"), "{path}");
        app.change("DELETE FROM reels WHERE id = $1", reel_id(2))
            .await;
    }
}
