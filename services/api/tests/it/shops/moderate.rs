//! `POST /shops/{id}/` activate, reject, lift-suspension, assign-owner

use gcp_local::FirebaseIdToken;
use serde_json::json;

use super::Mall;

#[tokio::test]
async fn a_rejected_shops_owner_is_locked_out_and_comes_back_with_it() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let (id, token) = (json!(owner.shop), mall.app.token(&owner.person));
    let rejected = mall
        .act(&id, "reject", &json!({"reason": "CUIT ajeno"}))
        .await;
    assert_eq!(
        (
            &rejected["status"],
            &rejected["visibilityState"],
            &rejected["verificationState"],
            &rejected["statusReason"]
        ),
        (
            &json!("HIDDEN"),
            &json!("HIDDEN"),
            &json!("REJECTED"),
            &json!("CUIT ajeno")
        )
    );
    let own = mall
        .app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await;
    assert_eq!(own.word(), "403 auth.suspended");
    let activated = mall.act(&id, "activate", &json!({})).await;
    assert_eq!(
        (&activated["status"], &activated["statusReason"]),
        (&json!("ACTIVE"), &json!(null))
    );
    mall.app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await
        .ok();
    assert_eq!(mall.audited(&id).await, ["SHOP_REJECTED", "SHOP_ACTIVATED"]);
    let account = json!(owner.person.id);
    assert_eq!(mall.audited(&account).await, ["ACCOUNT_STATUS_CHANGED"; 2]);
}

#[tokio::test]
async fn a_suspension_has_a_length_and_bans_are_not_lifted() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let ask = async |verb: &str, body| {
        let path = format!("/shops/{}/{verb}", owner.shop);
        mall.app
            .post(&path)
            .bearer(mall.token())
            .json(&body)
            .await
            .word()
    };
    for days in [json!(-1), json!("mucho"), json!(366)] {
        assert_eq!(
            ask("suspend-agenda", json!({"days": days})).await,
            "400 shop.invalid_days"
        );
    }
    assert_eq!(
        ask("toggle-penalty", json!({})).await,
        "410 shop.penalties_gone"
    );
    mall.app
        .change(
            "UPDATE shops SET status = 'BANNED' WHERE id = $1",
            owner.shop,
        )
        .await;
    assert_eq!(ask("lift-suspension", json!({})).await, "409 shop.banned");
}

#[tokio::test]
async fn a_shop_without_a_body_or_type_can_be_lifted() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let path = format!("/shops/{}/lift-suspension", owner.shop);
    mall.app
        .post(&path)
        .bearer(mall.token())
        .text("")
        .await
        .ok();
    mall.app.post(&path).bearer(mall.token()).await.ok();
}

#[tokio::test]
async fn a_shop_given_to_somebody_else_releases_who_had_it() {
    let mall = Mall::open().await;
    let (owner, buyer, other) = (
        mall.app.owner(1).await,
        mall.app.client(2).await,
        mall.app.owner(3).await,
    );
    let path = format!("/shops/{}/assign-owner", owner.shop);
    for (body, refusal) in [
        (json!({}), "400 shop.owner_not_found"),
        (
            json!({"email": "nobody@example.com"}),
            "400 shop.owner_not_found",
        ),
        (
            json!({"authUserId": mall.admin.id}),
            "400 shop.owner_administers",
        ),
        (
            json!({"authUserId": other.person.id}),
            "400 shop.owner_has_shop",
        ),
    ] {
        let answer = mall.app.post(&path).bearer(mall.token()).json(&body).await;
        assert_eq!(answer.word(), refusal, "{body}");
    }
    let body = json!({"authUserId": "no-such-id", "email": buyer.email.to_uppercase()});
    let given = mall
        .app
        .post(&path)
        .bearer(mall.token())
        .json(&body)
        .await
        .ok();
    assert_eq!(given["authUserId"], buyer.id.to_string());
    let sells = |person| {
        mall.app
            .get("/chat/shop/conversations")
            .bearer(mall.app.token(person))
    };
    sells(&buyer).await.ok();
    assert_eq!(sells(&owner.person).await.word(), "403 auth.not_allowed");
    assert_eq!(
        mall.audited(&json!(owner.shop)).await,
        ["SHOP_OWNER_ASSIGNED"]
    );
}

#[tokio::test]
async fn being_given_a_hidden_shop_suspends_nobody() {
    let mall = Mall::open().await;
    let (owner, buyer) = (mall.app.owner(1).await, mall.app.client(2).await);
    mall.act(&json!(owner.shop), "reject", &json!({})).await;
    let body = json!({"authUserId": buyer.id});
    mall.act(&json!(owner.shop), "assign-owner", &body).await;
    for person in [&buyer, &owner.person] {
        mall.app
            .get("/reels")
            .bearer(mall.app.token(person))
            .await
            .ok();
    }
}

/// Somebody's token of the identity provider.
fn token(uid: &str, email: &str, email_verified: bool) -> FirebaseIdToken {
    FirebaseIdToken {
        uid: uid.to_owned(),
        email: Some(email.to_owned()),
        email_verified,
        ..FirebaseIdToken::default()
    }
}

#[tokio::test]
async fn who_never_proved_an_address_does_not_get_the_shop_of_its_owner() {
    let mall = Mall::open().await;
    let me = async |token: &FirebaseIdToken| {
        let asked = mall.app.get("/auth/me").bearer(mall.app.mint(token));
        asked.await
    };
    for (number, given) in [(1, "created"), (2, "assigned")] {
        let email = format!("ventas{number}@example.com");
        // Anybody can register anybody's address with the identity provider.
        let stranger = token(&format!("stranger{number}"), &email, false);
        assert_eq!(me(&stranger).await.ok()["role"], "UNDEFINED");
        if given == "created" {
            mall.shop("Luna Azul", json!({"email": email})).await;
        } else {
            let shop = mall.shop("Luna Roja", json!({})).await;
            let body = json!({"email": email});
            mall.act(&shop["id"], "assign-owner", &body).await;
        }
        assert_eq!(me(&stranger).await.status, 401, "{given}");
        let owner = token(&format!("owner{number}"), &email, true);
        assert_eq!(me(&owner).await.ok()["role"], "STORE", "{given}");
        assert_eq!(me(&stranger).await.status, 401, "{given}");
        // They keep it when they are given another shop.
        let proven: bool = sqlx::query_scalar("SELECT email_proven FROM accounts WHERE email = $1")
            .bind(&email)
            .fetch_one(mall.app.pool())
            .await
            .unwrap();
        assert!(proven, "{given}");
    }
}

#[tokio::test]
async fn giving_a_banned_shop_away_ends_no_other_suspension() {
    let mall = Mall::open().await;
    let (owner, buyer) = (mall.app.owner(1).await, mall.app.client(2).await);
    mall.app
        .change(
            "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1",
            owner.person.id,
        )
        .await;
    mall.act(&json!(owner.shop), "reject", &json!({})).await;
    let body = json!({"authUserId": buyer.id});
    mall.act(&json!(owner.shop), "assign-owner", &body).await;
    let asked = mall.app.get("/reels").bearer(mall.app.token(&owner.person));
    assert_eq!(asked.await.word(), "403 auth.suspended");
}
