//! `POST /shops`, `DELETE /shops/{id}`

use serde_json::json;

use super::Mall;
use crate::chat::open;

#[tokio::test]
async fn a_new_shop_has_an_owner_a_wallet_and_an_entry_in_the_audit() {
    let mall = Mall::open().await;
    let shop = mall
        .shop("Luna Azul", json!({"email": "luna@example.com"}))
        .await;
    assert_eq!(
        (&shop["slug"], &shop["verificationState"]),
        (&json!("luna-azul"), &json!("VERIFIED"))
    );
    assert_eq!(
        (&shop["streamQuota"], &shop["reelQuota"]),
        (&json!(1), &json!(3))
    );
    let id: uuid::Uuid = shop["id"].as_str().unwrap().parse().unwrap();
    let owner = "SELECT a.email || ' ' || user_type || ' ' || role || ' ' || a.status
                 FROM accounts AS a JOIN shops AS s ON s.owner_account_id = a.id WHERE s.id = $1";
    assert_eq!(
        mall.app.look(owner, id).await.unwrap(),
        "luna@example.com SHOP STORE ACTIVE"
    );
    let wallet = "SELECT weekly_live_base_limit || ' ' || reel_daily_limit FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(mall.app.look(wallet, id).await.unwrap(), "1 3");
    assert_eq!(mall.audited(&shop["id"]).await, ["SHOP_CREATED"]);
}

#[tokio::test]
async fn the_account_with_the_shops_email_becomes_its_owner_and_is_not_locked_out() {
    let mall = Mall::open().await;
    let buyer = mall.app.client(1).await;
    let pending = json!({"email": buyer.email, "status": "PENDING_VERIFICATION", "active": false});
    let shop = mall.shop("Luna Azul", pending).await;
    assert_eq!(shop["authUserId"], buyer.id.to_string());
    let path = format!("/shops/{}", shop["id"].as_str().unwrap());
    mall.app
        .get(&path)
        .bearer(mall.app.token(&buyer))
        .await
        .ok();
}

#[tokio::test]
async fn what_another_shop_has_is_named_in_the_refusal() {
    let mall = Mall::open().await;
    let taken = json!({"email": "luna@example.com", "cuit": "30-71234567-1", "slug": "luna"});
    mall.shop("Luna Azul", taken).await;
    for (body, refusal) in [
        (json!({}), "400 field.missing"),
        (json!({"name": {"a": 1}}), "400 field.invalid"),
        (json!({"name": "LUNA  AZUL"}), "409 shop.name_taken"),
        (
            json!({"name": "Otra", "email": "Luna@example.com"}),
            "409 shop.email_taken",
        ),
        (
            json!({"name": "Otra", "cuit": "30 71234567 1"}),
            "409 shop.cuit_taken",
        ),
        (
            json!({"name": "Otra", "slug": "luna"}),
            "409 shop.slug_taken",
        ),
        (json!({"name": "Otra", "id": "../x"}), "400 shop.invalid_id"),
        (
            json!({"name": "Otra", "whatsappLines": [{"label": "a", "number": "12"}]}),
            "400 shop.invalid_whatsapp",
        ),
    ] {
        let answer = mall
            .app
            .post("/shops")
            .bearer(mall.token())
            .json(&body)
            .await;
        assert_eq!(answer.word(), refusal, "{body}");
        assert_eq!(answer.json()["error"], json!({}));
    }
    assert_eq!(mall.app.count("shops").await, 1);
    // One that was turned away keeps nobody from its name.
    let other = mall.shop("Estrella", json!({})).await;
    mall.act(&other["id"], "reject", &json!({})).await;
    mall.shop("Estrella", json!({})).await;
    let back = format!("/shops/{}/activate", other["id"].as_str().unwrap());
    let answer = mall.app.post(&back).bearer(mall.token()).await;
    assert_eq!(answer.word(), "409 shop.name_taken");
}

#[tokio::test]
async fn two_shops_without_an_email_do_not_collide() {
    let mall = Mall::open().await;
    for name in ["Una", "Otra"] {
        mall.shop(name, json!({"email": ""})).await;
    }
    assert_eq!(mall.app.count("shops").await, 2);
}

#[tokio::test]
async fn a_shop_with_lives_ratings_reels_and_chats_can_be_deleted() {
    let mall = Mall::open().await;
    let (owner, buyer) = (mall.app.owner(1).await, mall.app.client(2).await);
    open(&mall.app, &buyer, owner.shop).await.ok();
    mall.app.many_reels(owner.shop, 2).await;
    for statement in [
        "INSERT INTO streams (id, shop_id, title, scheduled_at, created_at)
         SELECT gen_random_uuid(), id, 'Vivo', now(), now() FROM shops WHERE id = $1",
        "INSERT INTO shop_ratings (shop_id, rating_sum, rating_count, updated_at)
         SELECT id, 9, 2, now() FROM shops WHERE id = $1",
        "INSERT INTO favorites (account_id, shop_id, created_at)
         SELECT owner_account_id, id, now() FROM shops WHERE id = $1",
    ] {
        mall.app.change(statement, owner.shop).await;
    }
    let seen = mall.app.get(&format!("/shops/{}", owner.shop)).await.ok();
    assert_eq!(
        (&seen["ratingAverage"], &seen["ratingCount"]),
        (&json!(4.5), &json!(2))
    );
    let path = format!("/shops/{}", owner.shop);
    let deleted = mall.app.delete(&path).bearer(mall.token()).await.ok();
    assert_eq!(deleted["id"], owner.shop.to_string());
    for table in [
        "shops",
        "streams",
        "reels",
        "favorites",
        "shop_ratings",
        "quota_wallets",
    ] {
        assert_eq!(mall.app.count(table).await, 0, "{table}");
    }
    assert_eq!(mall.app.count("chat_conversations").await, 1);
    assert_eq!(mall.audited(&json!(owner.shop)).await, ["SHOP_DELETED"]);
    let again = mall.app.delete(&path).bearer(mall.token()).await;
    assert_eq!(again.word(), "404 shop.not_found");
}
