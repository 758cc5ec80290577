//! `POST /shops/self-register/validate`, `GET /shops/self-register/check-cuit`, and how often strangers may ask

use serde_json::{Value, json};

use super::{Mall, registration};
use crate::support::TestApp;

async fn check(app: &TestApp, step: &str, draft: Value) -> crate::support::answer::Answer {
    let body = json!({"step": step, "payload": draft});
    app.post("/shops/self-register/validate").json(&body).await
}

#[tokio::test]
async fn a_step_is_checked_and_nothing_is_written() {
    let mall = Mall::open().await;
    for step in ["identity", " Address ", "CONTACT"] {
        let answer = check(&mall.app, step, registration(1)).await;
        assert_eq!(answer.ok(), json!({"ok": true}), "{step}");
    }
    assert_eq!(mall.app.count("shops").await, 0);
    let unknown = check(&mall.app, "all", registration(1)).await;
    assert_eq!(unknown.word(), "400 INVALID_STEP");
    assert_eq!(unknown.json()["ok"], false);
}

#[tokio::test]
async fn an_address_that_is_taken_asks_for_the_gallery() {
    let mall = Mall::open().await;
    let made = mall
        .app
        .post("/shops/self-register")
        .json(&registration(1))
        .await;
    assert_eq!(made.status, 201);
    let mut draft = registration(2);
    draft["address"] = registration(1)["address"].clone();
    let refused = check(&mall.app, "address", draft.clone()).await;
    assert_eq!(refused.word(), "409 ADDRESS_REQUIRES_GALLERY");
    assert_eq!(
        refused.json()["meta"],
        json!({"showGalleryCta": true, "addressHasGallery": false, "existingShopsCount": 1})
    );
    draft["address"]["isGallery"] = json!(true);
    let refused = check(&mall.app, "address", draft.clone()).await;
    assert_eq!(refused.word(), "400 INVALID_ADDRESS");
    draft["address"]["galleryLocal"] = json!("3");
    check(&mall.app, "address", draft).await.ok();
}

#[tokio::test]
async fn a_tax_number_is_found_however_it_is_grouped() {
    let mall = Mall::open().await;
    mall.shop("Luna Azul", json!({"cuit": "30-71234567-1"}))
        .await;
    for (cuit, answer) in [
        ("30-71234567-1", "true"),
        ("30%2071234567%201", "true"),
        ("20-12345678-6", "false"),
        ("30.71234567.1", "400 INVALID_CUIT"),
        ("3071234567a", "400 INVALID_CUIT"),
        ("", "400 INVALID_CUIT"),
    ] {
        let path = format!("/shops/self-register/check-cuit?cuit={cuit}");
        let found = mall.app.get(&path).await;
        let word = found.word();
        let told = if word == "200" {
            found.ok()["exists"].to_string()
        } else {
            word
        };
        assert_eq!(told, answer, "{cuit}");
    }
}

#[tokio::test]
async fn strangers_may_not_try_for_ever() {
    let app = TestApp::start_with(|settings| {
        settings.insert("SELF_REGISTER_RATE_LIMIT_MAX", "2".to_owned());
        settings.insert("SELF_REGISTER_RATE_LIMIT_IP_MAX", "5".to_owned());
        settings.insert("SHOP_LOOKUP_RATE_LIMIT_MAX", "2".to_owned());
    })
    .await;
    for number in [1, 1, 2, 2] {
        check(&app, "contact", registration(number)).await.ok();
    }
    let same = check(&app, "contact", registration(1)).await;
    assert_eq!(same.word(), "429 rate_limit.exceeded");
    assert!(same.header("retry-after").is_some());
    // Told once: a client that reads both limits' words together reads none.
    for (name, told) in [
        ("x-ratelimit-store", "redis"),
        ("x-ratelimit-remaining", "0"),
    ] {
        let values: Vec<_> = same.headers.get_all(name).iter().collect();
        assert_eq!(values, [told], "{name}");
    }
    // The network's own attempts are over, whoever it is about.
    let other = app
        .post("/shops/self-register")
        .json(&registration(9))
        .await;
    assert_eq!(other.status, 429);
    for _ in 0..2 {
        app.get("/shops/check-email?email=a@example.com").await.ok();
    }
    let lookup = app
        .get("/shops/self-register/check-cuit?cuit=30-71234567-1")
        .await;
    assert_eq!(lookup.word(), "429 rate_limit.exceeded");
}
