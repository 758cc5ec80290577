//! `GET /reels/{id}/status`

use crate::support::{TestApp, people::keys, rows::ReelRow, still::still};

const KEYS: [&str; 8] = [
    "id",
    "type",
    "status",
    "processingJobId",
    "editorState",
    "videoUrl",
    "photoUrls",
    "thumbnailUrl",
];

#[tokio::test]
async fn those_who_poll_are_given_exactly_eight_keys() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let rows = [
        ReelRow::processing(),
        ReelRow::default(),
        ReelRow::in_status("HIDDEN"),
        ReelRow::in_status("EXPIRED"),
    ];
    for (number, row) in (1..).zip(rows) {
        let expected = row.status;
        let reel = app.reel(number, owner.shop, row).await;
        let answer = app
            .get(&format!("/reels/{reel}/status"))
            .bearer(&token)
            .await;
        let body = answer.ok();
        assert_eq!(keys(&body), KEYS);
        assert_eq!(body["status"], expected);
        assert_eq!(answer.header("x-cache"), None);
    }
}

#[tokio::test]
async fn a_reel_that_waits_has_no_state_unless_its_editor_sent_one() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let reel = app.reel(1, owner.shop, ReelRow::processing()).await;
    let path = format!("/reels/{reel}/status");
    let waiting = app.get(&path).bearer(app.token(&owner.person)).await.ok();
    assert!(
        waiting["editorState"].is_null() && waiting["processingJobId"].is_null(),
        "{waiting}"
    );
}

#[tokio::test]
async fn the_rendering_is_told_inside_the_editors_state() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let token = app.token(&owner.person);
    let reel = app.reel(1, owner.shop, ReelRow::processing()).await;
    let path = format!("/reels/{reel}/status");
    app.change(
        "UPDATE reels SET lease_token = gen_random_uuid(), lease_taken_at = now(), lease_until = now() + interval '1 min',
                render_stage = 'RENDER_VIDEO', render_progress = 42, render_attempts = 2 WHERE id = $1",
        reel,
    )
    .await;
    let rendering = app.get(&path).bearer(&token).await.ok();
    assert_eq!(
        rendering["processingJobId"],
        rendering["editorState"]["workerJobId"]
    );
    insta::assert_json_snapshot!("rendering", still(rendering));
    app.change(
        "UPDATE reels SET lease_token = NULL, lease_taken_at = NULL, lease_until = NULL, render_stage = 'ERROR',
                render_progress = 0, render_failed_at = now(), render_error_code = 'media.too_long',
                render_error_message = 'El video dura 42 segundos: el máximo es 17.',
                editor_state = '{\"version\": 1, \"stickers\": []}' WHERE id = $1",
        reel,
    )
    .await;
    insta::assert_json_snapshot!("failing", still(app.get(&path).bearer(&token).await.ok()));
}
