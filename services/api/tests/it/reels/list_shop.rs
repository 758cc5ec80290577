//! `GET /reels/shop/{shopId}`

use chrono::TimeDelta;

use crate::support::{
    TestApp,
    people::keys,
    rows::{ReelRow, reel_id},
};

#[tokio::test]
async fn owners_see_their_own_in_every_status_and_the_public_shape() {
    let app = TestApp::start().await;
    let (owner, other) = (app.owner(1).await, app.owner(2).await);
    app.reel(1, owner.shop, ReelRow::processing()).await;
    app.reel(2, other.shop, ReelRow::default()).await;
    app.reel(
        3,
        owner.shop,
        ReelRow {
            age: TimeDelta::hours(2),
            ..ReelRow::in_status("HIDDEN")
        },
    )
    .await;
    app.reel(4, owner.shop, ReelRow::aged(TimeDelta::hours(30)))
        .await;
    let path = format!("/reels/shop/{}", owner.shop);
    let own = app.get(&path).bearer(app.token(&owner.person)).await;
    assert_eq!(
        own.ids(),
        [1, 3, 4].map(|number| reel_id(number).to_string())
    );
    let list = own.ok();
    let statuses: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|reel| &reel["status"])
        .collect();
    assert_eq!(statuses, ["PROCESSING", "HIDDEN", "EXPIRED"]);
    assert_eq!(keys(&list[0]).last(), Some(&"shop"));
    let admin = app.admin(3).await;
    let as_admin = app.get(&path).bearer(app.token(&admin)).await;
    assert_eq!(as_admin.body, own.body);
}

#[tokio::test]
async fn a_shop_that_does_not_exist_has_no_reels_and_is_nobodys_own() {
    let app = TestApp::start().await;
    let owner = app.token(&app.owner(1).await.person);
    let client = app.token(&app.client(2).await);
    let admin = app.token(&app.admin(3).await);
    for id in ["any-text", "00000000-0000-0000-0000-00000000ffff"] {
        let path = format!("/reels/shop/{id}");
        assert_eq!(
            app.get(&path).bearer(&owner).await.word(),
            "403 auth.not_yours",
            "{id}"
        );
        assert_eq!(
            app.get(&path).bearer(&client).await.word(),
            "403 auth.not_allowed",
            "{id}"
        );
        assert_eq!(
            app.get(&path).bearer(&admin).await.ok().to_string(),
            "[]",
            "{id}"
        );
    }
}

#[tokio::test]
async fn limits_are_read_leniently_and_clamped() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    app.many_reels(owner.shop, 205).await;
    let token = app.token(&owner.person);
    for (query, shown) in [
        ("", 120),
        ("?limit=0", 120),
        ("?limit=3", 10),
        ("?limit=150", 150),
        ("?limit=999", 200),
    ] {
        let path = format!("/reels/shop/{}{query}", owner.shop);
        assert_eq!(
            app.get(&path).bearer(&token).await.ids().len(),
            shown,
            "{query}"
        );
    }
}
