//! `GET /reels/admin`

use chrono::TimeDelta;

use crate::support::{
    TestApp,
    people::keys,
    rows::{ReelRow, reel_id},
};

#[tokio::test]
async fn administrators_see_every_reel_of_every_shop_newest_first() {
    let app = TestApp::start().await;
    let (first, second) = (app.owner(1).await, app.owner(2).await);
    let token = app.token(&app.admin(3).await);
    let rows = [
        ReelRow::default(),
        ReelRow {
            age: TimeDelta::minutes(2),
            ..ReelRow::in_status("HIDDEN")
        },
        ReelRow {
            age: TimeDelta::minutes(3),
            ..ReelRow::processing()
        },
        ReelRow::aged(TimeDelta::hours(30)),
    ];
    for (number, row) in (1..).zip(rows) {
        let shop = if number % 2 == 0 {
            first.shop
        } else {
            second.shop
        };
        app.reel(number, shop, row).await;
    }
    let answer = app.get("/reels/admin").bearer(&token).await;
    assert_eq!(
        answer.ids(),
        [1, 2, 3, 4].map(|number| reel_id(number).to_string())
    );
    let list = answer.ok();
    let statuses: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|reel| &reel["status"])
        .collect();
    // The last one's day is over though nobody has written that down yet.
    assert_eq!(statuses, ["ACTIVE", "HIDDEN", "PROCESSING", "EXPIRED"]);
    assert_eq!(
        keys(&list[0]).split_off(15),
        ["editorState", "processingJobId"]
    );
    assert_eq!(answer.header("x-next-cursor"), None);
    assert_eq!(answer.header("x-cache"), None);
}

#[tokio::test]
async fn pages_follow_one_another_without_loss_or_repetition() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    let token = app.token(&app.admin(2).await);
    app.many_reels(shop, 23).await;
    // Several of the same instant: they must not fall between two pages.
    sqlx::query("UPDATE reels SET created_at = date_trunc('minute', created_at)")
        .execute(app.pool())
        .await
        .unwrap();
    let whole = app.get("/reels/admin").bearer(&token).await.ids();
    assert_eq!(whole.len(), 23);
    let mut read = Vec::new();
    let mut path = "/reels/admin?limit=5".to_owned();
    loop {
        let page = app.get(&path).bearer(&token).await;
        read.extend(page.ids());
        if read.len() == 5 {
            // One that comes in between belongs to the first page and moves no other.
            app.reel(1, shop, ReelRow::aged(TimeDelta::seconds(-60)))
                .await;
        }
        match page.header("x-next-cursor") {
            Some(cursor) => path = format!("/reels/admin?limit=5&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(read, whole);
}

#[tokio::test]
async fn limits_are_clamped_and_cursors_are_ours() {
    let app = TestApp::start().await;
    let shop = app.owner(1).await.shop;
    let token = app.token(&app.admin(2).await);
    app.many_reels(shop, 3).await;
    for (query, shown) in [
        ("?limit=0", 3),
        ("?limit=2", 2),
        ("?limit=-1", 1),
        ("?cursor=", 3),
    ] {
        let list = app
            .get(&format!("/reels/admin{query}"))
            .bearer(&token)
            .await;
        assert_eq!(list.ids().len(), shown, "{query}");
    }
    for nonsense in ["x", "MS4x", "AAAA", "%25"] {
        let answer = app
            .get(&format!("/reels/admin?cursor={nonsense}"))
            .bearer(&token)
            .await;
        assert_eq!(answer.word(), "400 request.bad_cursor", "{nonsense}");
    }
}
