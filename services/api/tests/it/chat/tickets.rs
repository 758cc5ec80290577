//! `POST /realtime/tickets`, and what the gateway is told when one is used.

use avvivo_contracts::internal::v1::Question;
use serde_json::json;

use crate::{realtime::Internal, support::TestApp};

fn with(ticket: &str) -> Question {
    Question {
        ticket: ticket.to_owned(),
        ..Question::default()
    }
}

#[tokio::test]
async fn a_ticket_opens_one_stream_for_whom_it_was_given_to() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let body = json!({"topics": ["chat"]});
    let given = app
        .post("/realtime/tickets")
        .bearer(app.token(&client))
        .json(&body)
        .await
        .ok();
    assert_eq!(given["expiresIn"], 30);
    let ticket = given["ticket"].as_str().unwrap().to_owned();
    let api = Internal::of(&app).await;
    let grant = api.ask(with(&ticket)).await.unwrap();
    assert_eq!(grant.audiences, [format!("client:{}", client.id)]);
    assert_eq!(grant.account_id, client.id.to_string());
    let again = api.ask(with(&ticket)).await.unwrap_err();
    assert_eq!(again, "auth.required");
}

#[tokio::test]
async fn a_ticket_that_is_too_old_or_of_somebody_suspended_opens_nothing() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let give = async || {
        let given = app
            .post("/realtime/tickets")
            .bearer(app.token(&client))
            .await
            .ok();
        given["ticket"].as_str().unwrap().to_owned()
    };
    let api = Internal::of(&app).await;
    let old = give().await;
    sqlx::query("UPDATE realtime_tickets SET expires_at = now() - interval '1 second'")
        .execute(app.pool())
        .await
        .unwrap();
    let fresh = give().await;
    app.change(
        "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1",
        client.id,
    )
    .await;
    for (ticket, code) in [
        (old, "auth.required"),
        (fresh, "auth.suspended"),
        ("nonsense".to_owned(), "auth.required"),
    ] {
        let refused = api.ask(with(&ticket)).await.unwrap_err();
        assert_eq!(refused, code);
    }
}

#[tokio::test]
async fn topics_are_checked_when_the_ticket_is_asked_for() {
    let app = TestApp::start().await;
    let (client, owner) = (app.client(1).await, app.owner(2).await);
    let shop = format!("shop:{}", owner.shop);
    for (topics, word) in [
        (json!([shop]), "403 realtime.topic_not_yours"),
        (json!(["everything"]), "400 realtime.unknown_topic"),
        (
            json!([
                "reels", "reels", "reels", "reels", "reels", "reels", "reels", "reels", "reels"
            ]),
            "400 realtime.too_many_topics",
        ),
    ] {
        let token = app.token(&client);
        let answer = app
            .post("/realtime/tickets")
            .bearer(token)
            .json(&json!({"topics": topics}))
            .await;
        assert_eq!(answer.word(), word);
    }
}
