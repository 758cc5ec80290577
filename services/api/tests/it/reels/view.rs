//! `POST /reels/{id}/view`

use futures::future::join_all;

use crate::support::{TestApp, people::keys, rows::ReelRow};

#[tokio::test]
async fn an_account_counts_once_however_often_it_looks() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let client = app.client(2).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let path = format!("/reels/{reel}/view");
    let first = app.post(&path).bearer(app.token(&client)).await.ok();
    assert_eq!(keys(&first), ["reelId", "userId"]);
    assert_eq!(
        (&first["reelId"], &first["userId"]),
        (&reel.to_string().into(), &client.id.to_string().into())
    );
    let again = app.post(&path).bearer(app.token(&client)).await.ok();
    assert_eq!(keys(&again), ["id", "reelId", "userId", "seenAt"]);
    let third = app.post(&path).bearer(app.token(&client)).await.ok();
    assert_eq!(third, again);
    app.post(&path).bearer(app.token(&owner.person)).await.ok();
    let views = app
        .look("SELECT views::text FROM reels WHERE id = $1", reel)
        .await;
    assert_eq!(views.as_deref(), Some("2"));
}

#[tokio::test]
async fn first_looks_at_once_count_once() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&app.client(2).await);
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let path = format!("/reels/{reel}/view");
    let looks = (0..10).map(|_| async { app.post(&path).bearer(&token).await.ok() });
    let firsts = join_all(looks)
        .await
        .into_iter()
        .filter(|seen| seen.get("seenAt").is_none());
    assert_eq!(firsts.count(), 1);
    let views = app
        .look("SELECT views::text FROM reels WHERE id = $1", reel)
        .await;
    assert_eq!(views.as_deref(), Some("1"));
}

#[tokio::test]
async fn what_is_out_of_the_feed_may_be_counted_and_what_is_not_there_may_not() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&app.client(2).await);
    for (number, row) in [
        (1, ReelRow::in_status("HIDDEN")),
        (2, ReelRow::processing()),
    ] {
        let reel = app.reel(number, owner.shop, row).await;
        app.post(&format!("/reels/{reel}/view"))
            .bearer(&token)
            .await
            .ok();
    }
    for missing in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        let path = format!("/reels/{missing}/view");
        assert_eq!(app.post(&path).await.word(), "401 auth.required");
        assert_eq!(
            app.post(&path).bearer(&token).await.word(),
            "404 reel.not_found"
        );
    }
}
