//! A buyer's profile.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    answer::Answer,
    people::{Person, keys},
};

async fn edit(app: &TestApp, client: &Person, body: &Value) -> Answer {
    let asked = app.patch("/clients/me/profile").bearer(app.token(client));
    asked.json(body).await
}

#[tokio::test]
async fn a_profile_is_shown_in_the_shape_clients_know() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let profile = app.get("/clients/me/profile").bearer(app.token(&client));
    let profile = profile.await.ok();
    assert_eq!(
        keys(&profile),
        [
            "authUserId",
            "email",
            "displayName",
            "username",
            "avatarUrl",
            "phone",
            "city",
            "province",
            "instagramHandle",
            "onboardingTermsAcceptedAt",
            "birthDate",
            "styleTags",
            "marketingOptIn",
            "profileCompletedAt",
            "completion",
            "createdAt",
            "updatedAt"
        ]
    );
    assert_eq!(
        profile["completion"],
        json!({"isComplete": false, "completionPercent": 20, "missingRequired": ["Usuario", "Terminos"]})
    );
    assert_eq!(
        (&profile["authUserId"], &profile["email"]),
        (&json!(client.id), &json!(client.email))
    );
}

#[tokio::test]
async fn what_is_typed_is_put_in_order() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let body = json!({
        "username": "@Ana.P", "phone": "+54 9 11 3333 0000", "styleTags": ["Denim", "denim", "Talles"],
        "instagramHandle": "@anap", "onboardingTermsAccepted": true, "birthDate": "1990-05-01", "unknown": 1,
    });
    let profile = edit(&app, &client, &body).await.ok();
    assert_eq!(
        (&profile["username"], &profile["phone"]),
        (&json!("ana.p"), &json!("+5491133330000"))
    );
    assert_eq!(profile["styleTags"], json!(["denim", "talles"]));
    assert_eq!(profile["birthDate"], "1990-05-01T00:00:00.000Z");
    assert_eq!(
        profile["completion"],
        json!({"isComplete": true, "completionPercent": 80, "missingRequired": []})
    );
    let completed = profile["profileCompletedAt"].clone();
    assert!(completed.is_string());
    // Named after the hole: an empty change used to move the completion to now.
    let again = edit(&app, &client, &json!({})).await.ok();
    assert_eq!(again["profileCompletedAt"], completed);
    let cleared = edit(&app, &client, &json!({"username": null})).await.ok();
    assert_eq!(
        (&cleared["username"], &cleared["profileCompletedAt"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn wrong_fields_are_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    for (body, word) in [
        (
            json!({"city": "Rosario", "username": "a b"}),
            "400 client.invalid_username",
        ),
        (
            json!({"city": "Rosario", "phone": "11-4444"}),
            "400 client.invalid_phone",
        ),
        (
            json!({"city": "Rosario", "birthDate": "ayer"}),
            "400 client.invalid_birth_date",
        ),
        (
            json!({"city": "Rosario", "marketingOptIn": "false"}),
            "400 field.invalid",
        ),
        (
            json!({"city": "Rosario", "displayName": {}}),
            "400 field.invalid",
        ),
        (
            json!({"city": "Rosario", "displayName": "x".repeat(121)}),
            "400 field.too_long",
        ),
    ] {
        let answer = edit(&app, &client, &body).await;
        assert_eq!(answer.word(), word);
        assert_eq!(answer.json()["error"], json!({}));
    }
    let city = "SELECT city FROM clients WHERE account_id = $1";
    assert_eq!(
        app.look(city, client.id).await.as_deref(),
        Some("Buenos Aires")
    );
}

#[tokio::test]
async fn a_user_name_is_one_persons_also_of_those_who_ask_at_once() {
    let app = TestApp::start().await;
    let (first, second) = (app.client(1).await, app.client(2).await);
    let body = json!({"username": "ana"});
    let answers = join_all([edit(&app, &first, &body), edit(&app, &second, &body)]).await;
    let mut words: Vec<String> = answers.iter().map(Answer::word).collect();
    words.sort();
    assert_eq!(words, ["200", "400 client.username_taken"]);
}

#[tokio::test]
async fn a_login_fills_what_is_empty_and_names_that_were_edited_stay() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let token = app.token(&client);
    let body = json!({"displayName": "Marta", "avatarUrl": " https://a.test/1.jpg "});
    let greeted = app
        .post("/clients/me")
        .bearer(&token)
        .json(&body)
        .await
        .ok();
    assert_eq!(
        keys(&greeted),
        [
            "authUserId",
            "displayName",
            "username",
            "avatarUrl",
            "phone",
            "city",
            "province",
            "instagramHandle",
            "onboardingTermsAcceptedAt",
            "birthDate",
            "styleTags",
            "marketingOptIn",
            "profileCompletedAt",
            "lastSeenAt",
            "createdAt",
            "updatedAt"
        ]
    );
    assert_eq!(greeted["displayName"], "Marta R.");
    assert_eq!(greeted["avatarUrl"], "https://a.test/1.jpg");
    // As old clients send it, with nothing to say.
    app.post("/clients/me").bearer(&token).text("").await.ok();
    app.post("/clients/me")
        .bearer(&token)
        .json(&json!({}))
        .await
        .ok();
}

#[tokio::test]
async fn first_visits_at_once_begin_one_profile() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    app.change("DELETE FROM clients WHERE account_id = $1", client.id)
        .await;
    let token = app.token(&client);
    let empty = json!({"favorites": [], "reminders": [], "viewedReels": [], "likes": []});
    let visits =
        (0..3).flat_map(|_| ["/clients/me", "/clients/me/profile", "/clients/me/activity"]);
    let answers = join_all(visits.map(|path| app.get(path).bearer(&token).into_future())).await;
    for answer in &answers {
        answer.ok();
    }
    assert_eq!(answers[0].ok(), empty);
    assert_eq!(app.count("clients").await, 1);
}
