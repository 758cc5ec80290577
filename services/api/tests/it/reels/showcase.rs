//! `GET /reels/showcase`

use std::collections::BTreeSet;

use avvivo_domain::reels::showcase::hour_key;
use chrono::TimeDelta;

use crate::support::{
    TestApp, get_from,
    rows::{ReelRow, reel_id},
};

#[tokio::test]
async fn reels_of_every_age_are_shown_the_youngest_ages_first() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    let hours = [1, 30, 60, 100, 200, 400, 1_000];
    for (number, age) in (1..).zip(hours) {
        app.reel(number, shop, ReelRow::aged(TimeDelta::hours(age)))
            .await;
    }
    let by_age: Vec<String> = (1..=7).map(|number| reel_id(number).to_string()).collect();
    assert_eq!(app.get("/reels/showcase?limit=24").await.ids(), by_age);
    assert_eq!(app.get("/reels/showcase").await.ids(), by_age[..6]);
}

#[tokio::test]
async fn what_was_never_finished_or_taken_down_is_not_shown() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    app.reel(1, shop, ReelRow::in_status("EXPIRED")).await;
    app.reel(2, shop, ReelRow::in_status("HIDDEN")).await;
    app.reel(3, shop, ReelRow::processing()).await;
    let shown = app.get("/reels/showcase").await;
    assert_eq!(shown.ids(), [reel_id(1).to_string()]);
}

#[tokio::test]
async fn limits_are_read_leniently_and_clamped() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    app.many_reels(shop, 30).await;
    for (query, shown) in [
        ("", 6),
        ("?limit=0", 6),
        ("?limit=x", 6),
        ("?limit=1", 1),
        ("?limit=99", 24),
    ] {
        let list = app.get(&format!("/reels/showcase{query}")).await;
        assert_eq!(list.ids().len(), shown, "{query}");
    }
}

#[tokio::test]
async fn instances_agree_on_the_order_of_the_hour_and_nothing_is_shown_twice() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    app.many_reels(shop, 40).await;
    let second = app.second_instance(|_| {}).await;
    let hour = || hour_key(app.core.deps.clock.now());
    let path = "/reels/showcase?limit=24";
    let (here, there) = loop {
        let before = hour();
        let asked = (app.get(path).await, get_from(&second, path).await);
        // Two instances that were asked in different hours need not agree; an hour later they are asked again.
        if hour() == before {
            break asked;
        }
    };
    assert_eq!(here.ids(), there.ids());
    let distinct: BTreeSet<String> = here.ids().into_iter().collect();
    assert_eq!(distinct.len(), 24);
    let newest = app.get("/reels?limit=24").await.ids();
    assert_ne!(
        here.ids(),
        newest,
        "the order is drawn anew each hour, not by age"
    );
}
