//! `DELETE /reels/{id}`

use crate::support::{TestApp, rows::ReelRow, still::still};

#[tokio::test]
async fn a_deleted_reel_is_answered_as_it_was_and_gone_with_its_views() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let client = app.token(&app.client(2).await);
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let token = app.token(&owner.person);
    let path = format!("/reels/{reel}");
    app.post(&format!("{path}/view")).bearer(&client).await.ok();
    let deleted = app.delete(&path).bearer(&token).await.ok();
    insta::assert_json_snapshot!(still(deleted));
    assert_eq!(
        app.get(&path).bearer(&token).await.word(),
        "404 reel.not_found"
    );
    assert_eq!(
        app.delete(&path).bearer(&token).await.word(),
        "404 reel.not_found"
    );
    assert_eq!(
        (app.count("reels").await, app.count("reel_views").await),
        (0, 0)
    );
}

#[tokio::test]
async fn its_files_are_put_on_the_list_of_things_to_delete_and_its_quota_stays_spent() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let body = app.new_video(owner.shop).await;
    let reel = app.post("/reels").bearer(&token).json(&body).await.ok();
    let path = format!("/reels/{}", reel["id"].as_str().unwrap());
    app.delete(&path).bearer(&token).await.ok();
    let listed: Vec<String> = sqlx::query_scalar("SELECT path FROM object_tombstones")
        .fetch_all(app.pool())
        .await
        .unwrap();
    assert_eq!(listed, [format!("shops/{}/1-0-desfile.mp4", owner.shop)]);
    let used = "SELECT reel_daily_used::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(app.look(used, owner.shop).await.as_deref(), Some("1"));
}
