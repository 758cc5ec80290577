//! Invitations, resets and confirmations of shops.

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::posting;
use crate::{
    shops::registration,
    support::{TestApp, outside::FakeResend},
};

const EMAIL: &str = "ventas@lunaazul.com.ar";

impl TestApp {
    async fn audited(&self, action: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM audit_log WHERE action = $1 AND actor_type = 'ADMIN' AND actor_account_id IS NOT NULL",
        )
        .bind(action)
        .fetch_one(self.pool())
        .await
        .unwrap()
    }

    async fn with_address(&self, number: u128) -> Uuid {
        let owner = self.owner(number).await;
        let stated = "UPDATE shops SET email = 'ventas@lunaazul.com.ar', requires_email_fix = true WHERE id = $1";
        self.change(stated, owner.shop).await;
        owner.shop
    }
}

#[tokio::test]
async fn an_administrator_gets_the_link_that_is_mailed_to_the_shop() {
    let (app, resend) = posting().await;
    let (shop, admin) = (app.with_address(2).await, app.admin(1).await);
    let answer = app
        .post(&format!("/shops/{shop}/reset-password"))
        .bearer(app.token(&admin))
        .header("content-type", "application/json")
        .await
        .ok();
    assert_eq!(answer["emailSent"], true);
    let link = answer["resetLink"].as_str().unwrap();
    assert!(link.contains("mode=resetPassword&oobCode="), "{link}");
    assert!(link.ends_with("intent%3Dshop_reset"), "{link}");
    let mail = resend.mail().await;
    assert_eq!(mail.to(), EMAIL);
    assert_eq!(
        mail.part("subject"),
        "Reset de clave de tienda | Avellaneda en Vivo"
    );
    assert!(mail.part("text").contains(link));
    assert_eq!(app.audited("SHOP_PASSWORD_RESET").await, 1);
    let made = app.core.deps.people.find_by_email(EMAIL).await.unwrap();
    assert!(made.is_some());
}

#[tokio::test]
async fn without_a_mail_provider_the_link_is_there_and_not_mailed() {
    let app = TestApp::start().await;
    let (shop, admin) = (app.with_address(2).await, app.admin(1).await);
    let asked = app.post(&format!("/shops/{shop}/reset-password"));
    let answer = asked.bearer(app.token(&admin)).await.ok();
    assert_eq!(answer["emailSent"], false);
    assert!(answer["resetLink"].is_string());
    let asked = app.post(&format!("/shops/{shop}/send-invite"));
    let refused = asked.bearer(app.token(&admin)).await;
    assert_eq!(refused.word(), "500 mail.not_configured");
    assert_eq!(refused.json()["error"], json!({}));
    assert_eq!(app.audited("SHOP_INVITE_SENT").await, 0);
}

#[tokio::test]
async fn an_owner_is_invited_with_a_link_to_their_first_password() {
    let (app, resend) = posting().await;
    let (shop, admin) = (app.with_address(2).await, app.admin(1).await);
    let asked = app.post(&format!("/shops/{shop}/send-invite"));
    let answer = asked.bearer(app.token(&admin)).await.ok();
    assert_eq!(answer, json!({"sent": true}));
    let mail = resend.mail().await;
    assert_eq!(
        mail.part("subject"),
        "Activa tu cuenta de tienda | Avellaneda en Vivo"
    );
    assert!(mail.part("html").contains("intent%3Dshop_invite"));
    assert_eq!(app.audited("SHOP_INVITE_SENT").await, 1);
    let fixed = "SELECT requires_email_fix::text FROM shops WHERE id = $1";
    assert_eq!(app.look(fixed, shop).await.as_deref(), Some("false"));
}

#[tokio::test]
async fn without_an_address_there_is_nobody_to_write_to() {
    let (app, resend) = posting().await;
    let (owner, admin) = (app.owner(2).await, app.admin(1).await);
    for verb in ["reset-password", "send-invite"] {
        let asked = app.post(&format!("/shops/{}/{verb}", owner.shop));
        let refused = asked.bearer(app.token(&admin)).await;
        assert_eq!(refused.word(), "400 shop.nobody_to_invite");
        for nobodys in [Uuid::from_u128(9).to_string(), "no-uuid".to_owned()] {
            let asked = app.post(&format!("/shops/{nobodys}/{verb}"));
            let refused = asked.bearer(app.token(&admin)).await;
            assert_eq!(refused.word(), "404 shop.not_found");
        }
    }
    assert!(resend.heard().is_empty());
    assert_eq!(app.audited("SHOP_PASSWORD_RESET").await, 0);
}

#[tokio::test]
async fn an_identity_provider_that_is_away_is_said_so_and_nothing_is_written_down() {
    let (app, resend) = posting().await;
    let (shop, admin) = (app.with_address(2).await, app.admin(1).await);
    let token = app.token(&admin);
    // Known by now: whose keys are fetched, and who calls.
    app.get("/auth/me").bearer(&token).await.ok();
    let TestApp {
        gcp, router, db, ..
    } = app;
    gcp.shutdown().await;
    let path = format!("/shops/{shop}/reset-password");
    let asked = crate::support::answer::Ask::new(&router, http::Method::POST, &path);
    let refused = asked.bearer(&token).await;
    assert_eq!(refused.word(), "503 sign_in.unavailable");
    let written: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log")
        .fetch_one(db.pool())
        .await
        .unwrap();
    assert_eq!(written, 0);
    assert!(resend.heard().is_empty());
}

#[tokio::test]
async fn whom_an_administrator_gives_a_shop_is_invited() {
    let (app, resend) = posting().await;
    let admin = app.admin(1).await;
    let made = app
        .post("/shops")
        .bearer(app.token(&admin))
        .json(&json!({"name": "Luna Azul", "email": EMAIL}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mail = resend.mail().await;
    assert_eq!(mail.to(), EMAIL);
    assert!(mail.part("html").contains("intent%3Dshop_invite"));
}

#[tokio::test]
async fn the_confirmation_goes_to_the_address_of_the_token() {
    let (app, resend) = posting().await;
    let client = app.client(7).await;
    let made = app
        .post("/shops/self-register")
        .bearer(app.token(&client))
        .json(&registration(1))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mail = resend.mail().await;
    assert_eq!(mail.to(), client.email);
    assert_eq!(
        mail.part("subject"),
        "Registro confirmado: Hilos 1 | Avellaneda en Vivo"
    );
    let page = format!(
        "https://app.test/tiendas/{}",
        made.json()["id"].as_str().unwrap()
    );
    assert!(mail.part("html").contains(&page));
    app.all_sent().await;
    assert_eq!(resend.heard().len(), 1, "and nobody else is written to");
}

#[tokio::test]
async fn what_a_shop_calls_itself_is_text_in_its_mail() {
    let resend = FakeResend::start().await;
    let app = TestApp::start_with(|settings| resend.configure(settings)).await;
    let mut body = registration(1);
    body["storeName"] = r#"<img src=x onerror=alert(1)> "Hilos" & Cía"#.into();
    let made = app.post("/shops/self-register").json(&body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let mail = resend.mail().await;
    assert_eq!(mail.to(), "hilos1@example.com");
    assert!(!mail.part("html").contains("<img src=x"));
    assert!(
        mail.part("html")
            .contains("&#60;img src=x onerror=alert(1)&#62;")
    );
    assert!(mail.part("html").contains("intent%3Dself_register"));
}
