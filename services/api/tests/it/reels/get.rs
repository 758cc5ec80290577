//! `GET /reels/{id}`

use crate::support::{TestApp, rows::ReelRow, still::still};

#[tokio::test]
async fn owners_and_administrators_see_all_of_it() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    app.change(
        r#"UPDATE reels SET editor_state = '{"zeta": 1, "mediaBackground": {"mode": "blur"}, "alpha": [2]}' WHERE id = $1"#,
        reel,
    )
    .await;
    let path = format!("/reels/{reel}");
    let own = app.get(&path).bearer(app.token(&owner.person)).await;
    insta::assert_json_snapshot!(still(own.ok()));
    let admin = app.admin(2).await;
    assert_eq!(
        app.get(&path).bearer(app.token(&admin)).await.body,
        own.body
    );
}

#[tokio::test]
async fn signing_in_comes_first_then_whether_it_is_there_then_whose_it_is() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let client = app.token(&app.client(2).await);
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    for suffix in ["", "/status"] {
        for missing in ["mock-1", "00000000-0000-0000-0000-00000000ffff", "%20"] {
            let path = format!("/reels/{missing}{suffix}");
            assert_eq!(app.get(&path).await.word(), "401 auth.required", "{path}");
            assert_eq!(
                app.get(&path).bearer(&client).await.word(),
                "404 reel.not_found",
                "{path}"
            );
        }
        let path = format!("/reels/{reel}{suffix}");
        assert_eq!(
            app.get(&path).bearer(&client).await.word(),
            "403 auth.not_yours",
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_owner_whose_shop_was_closed_sees_it_no_more() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::default()).await;
    let token = app.token(&owner.person);
    let path = format!("/reels/{reel}");
    app.get(&path).bearer(&token).await.ok();
    app.change(
        "UPDATE shops SET status = 'BANNED' WHERE id = $1",
        owner.shop,
    )
    .await;
    assert_eq!(
        app.get(&path).bearer(&token).await.word(),
        "403 auth.not_yours"
    );
}
