//! `POST /reels/{id}/reactivate`

use avvivo_kernel::Timestamp;
use chrono::TimeDelta;

use crate::support::{TestApp, rows::ReelRow};

#[tokio::test]
async fn a_hidden_reel_is_back_in_the_feed_for_the_rest_of_its_day() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&app.admin(2).await);
    let row = ReelRow {
        age: TimeDelta::hours(20),
        ..ReelRow::in_status("HIDDEN")
    };
    let reel = app.reel(1, owner.shop, row).await;
    let path = format!("/reels/{reel}");
    let before = app.get(&path).bearer(&token).await.ok();
    let back = app
        .post(&format!("{path}/reactivate"))
        .bearer(&token)
        .await
        .ok();
    assert_eq!(
        (&back["status"], &back["hidden"]),
        (&"ACTIVE".into(), &false.into())
    );
    assert_eq!(back["expiresAt"], before["expiresAt"]);
    assert_eq!(
        app.get("/reels").bearer(&token).await.ids(),
        [reel.to_string()]
    );
}

#[tokio::test]
async fn one_whose_day_is_over_gets_another() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&app.admin(2).await);
    let row = ReelRow {
        age: TimeDelta::hours(30),
        ..ReelRow::in_status("EXPIRED")
    };
    let reel = app.reel(1, owner.shop, row).await;
    let back = app
        .post(&format!("/reels/{reel}/reactivate"))
        .bearer(&token)
        .await
        .ok();
    let expires_at: Timestamp = back["expiresAt"].as_str().unwrap().parse().unwrap();
    assert!(expires_at - app.core.deps.clock.now() > TimeDelta::hours(23));
}

#[tokio::test]
async fn what_was_never_rendered_is_not_shown_and_what_is_not_there_is_told() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&app.admin(2).await);
    let given_up = ReelRow {
        rendered: false,
        ..ReelRow::in_status("HIDDEN")
    };
    for (number, row) in [(1, ReelRow::processing()), (2, given_up)] {
        let reel = app.reel(number, owner.shop, row).await;
        let answer = app
            .post(&format!("/reels/{reel}/reactivate"))
            .bearer(&token)
            .await;
        assert_eq!(answer.word(), "400 reel.not_rendered");
    }
    for missing in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        let answer = app
            .post(&format!("/reels/{missing}/reactivate"))
            .bearer(&token)
            .await;
        assert_eq!(answer.word(), "404 reel.not_found");
    }
}
