//! `PUT /shops/{id}`

use gcp_local::FirebaseIdToken;
use serde_json::json;

use super::{Mall, put_own};

#[tokio::test]
async fn an_owner_cannot_raise_their_own_plan_or_quota() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let before = mall.app.get(&format!("/shops/{}", owner.shop));
    let before = before.bearer(mall.app.token(&owner.person)).await.ok();
    let greedy = json!({
        "name": "Otro nombre", "razonSocial": "Otra SA", "plan": "PRO", "streamQuota": 99, "reelQuota": 99,
        "status": "BANNED", "visibilityState": "HIDDEN", "verificationState": "REJECTED", "contactsPublic": false,
        "registrationSource": "SELF_SERVICE", "intakeMeta": {"auditTrail": []}, "statusReason": "x",
        "agendaSuspendedUntil": "2030-01-01T00:00:00Z", "agendaSuspendedReason": "x", "authUserId": "x", "slug": "x",
        "active": false, "minimumPurchase": "1500",
    });
    let mut after = put_own(&mall.app, &owner, &greedy).await;
    assert_eq!(after["minimumPurchase"], 1500);
    for changed in ["minimumPurchase", "updatedAt"] {
        after[changed] = before[changed].clone();
    }
    assert_eq!(after, before);
    let meta = "SELECT intake_meta::text FROM shops WHERE id = $1";
    assert_eq!(mall.app.look(meta, owner.shop).await, None);
}

#[tokio::test]
async fn an_owner_who_waits_to_be_let_in_completes_the_data_and_confirms_it() {
    let mall = Mall::open().await;
    let owner = mall.app.pending(1).await;
    let token = mall.app.token(&owner.person);
    let accept = format!("/shops/{}/accept", owner.shop);
    let early = mall.app.post(&accept).bearer(&token).await.ok();
    assert_eq!(early["status"], "PENDING_VERIFICATION");
    assert!(early["ownerAcceptedAt"].is_string());
    mall.app
        .change(
            "UPDATE shops SET razon_social = 'Telas SRL' WHERE id = $1",
            owner.shop,
        )
        .await;
    let data = json!({
        "email": "telas@example.com", "cuit": "30-71234567-1", "minimumPurchase": 1, "paymentMethods": ["Efectivo"],
        "addressDetails": {"street": "Helguera", "number": "455", "city": "CABA", "province": "CABA", "zip": "1406"},
    });
    put_own(&mall.app, &owner, &data).await;
    let accepted = mall.app.post(&accept).bearer(&token).await.ok();
    assert_eq!(
        (&accepted["status"], &accepted["visibilityState"]),
        (&json!("ACTIVE"), &json!("LIT"))
    );
    // They sell from the next request on.
    mall.app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await
        .ok();
    let told: Vec<(String, String)> =
        sqlx::query_as("SELECT type::text, message FROM notifications WHERE account_id = $1 ORDER BY created_at, id")
            .bind(mall.admin.id)
            .fetch_all(mall.app.pool())
            .await
            .unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].0, "SYSTEM");
    assert!(told[1].1.contains("aprobada"), "{told:?}");
    // Nothing is new, so nobody is told again.
    mall.app.post(&accept).bearer(&token).await.ok();
    assert_eq!(mall.app.count("notifications").await, 2);
    assert_eq!(
        mall.audited(&json!(owner.shop)).await,
        ["SHOP_ACCEPTED", "SHOP_EDITED", "SHOP_ACCEPTED"]
    );
    let other = mall.app.owner(3).await;
    let answer = mall
        .app
        .post(&accept)
        .bearer(mall.app.token(&other.person))
        .await;
    assert_eq!(answer.word(), "403 auth.not_yours");
    let admin = mall.app.post(&accept).bearer(mall.token()).await;
    assert_eq!(admin.word(), "400 shop.not_the_owner");
}

#[tokio::test]
async fn what_a_client_leaves_out_of_an_address_stays() {
    let mall = Mall::open().await;
    let shop = mall.shop("Luna Azul", json!({})).await;
    let sent = json!({"addressDetails": {"street": "Nazca", "number": "1"}, "whatsappLines": []});
    let changed = mall.put(&shop["id"], &sent).await;
    let details = &changed["addressDetails"];
    assert_eq!(
        (&details["street"], &details["lat"]),
        (&json!("Nazca"), &json!(-34.6281))
    );
    assert_eq!(changed["whatsappLines"], json!([]));
    assert_eq!(changed["socialHandles"], shop["socialHandles"]);
    let map = mall.app.get("/shops/map-data").await.ok();
    assert_eq!(map[0]["Uid"], "20417");
}

#[tokio::test]
async fn a_plan_decides_tier_light_and_wallet_together() {
    let mall = Mall::open().await;
    let shop = mall.shop("Luna Azul", json!({})).await;
    let none = mall.put(&shop["id"], &json!({"plan": "SIN_PLAN"})).await;
    assert_eq!(
        (&none["planTier"], &none["visibilityState"]),
        (&json!("NONE"), &json!("DIMMED"))
    );
    let back = mall.put(&shop["id"], &json!({"plan": "PRO"})).await;
    assert_eq!(
        (&back["planTier"], &back["visibilityState"]),
        (&json!("MAXIMA"), &json!("LIT"))
    );
    let id: uuid::Uuid = shop["id"].as_str().unwrap().parse().unwrap();
    let wallet = "SELECT weekly_live_base_limit || ' ' || reel_daily_limit FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(mall.app.look(wallet, id).await.unwrap(), "3 5");
    assert_eq!(
        mall.audited(&shop["id"]).await,
        ["SHOP_CREATED", "SHOP_EDITED", "SHOP_EDITED"]
    );
}

#[tokio::test]
async fn nobody_edits_what_is_not_theirs_or_not_there() {
    let mall = Mall::open().await;
    let (owner, other) = (mall.app.owner(1).await, mall.app.owner(2).await);
    let path = format!("/shops/{}", other.shop);
    let asked = mall
        .app
        .ask(http::Method::PUT, &path)
        .bearer(mall.app.token(&owner.person));
    assert_eq!(asked.await.word(), "403 auth.not_yours");
    let missing = "/shops/00000000-0000-0000-0000-00000000ffff";
    let asked = mall
        .app
        .ask(http::Method::PUT, missing)
        .bearer(mall.token());
    assert_eq!(asked.await.word(), "404 shop.not_found");
}

#[tokio::test]
async fn an_owner_with_an_unproven_address_does_not_let_their_own_shop_in() {
    let mall = Mall::open().await;
    let owner = mall.app.pending(1).await;
    mall.app
        .change(
            "UPDATE shops SET registration_source = 'SELF_SERVICE', razon_social = 'Telas SRL',
             contact_email_private = 'person1@example.com', verification = 'UNVERIFIED' WHERE id = $1",
            owner.shop,
        )
        .await;
    let unproven = mall.app.mint(&FirebaseIdToken {
        email_verified: false,
        ..owner.person.claims()
    });
    let path = format!("/shops/{}", owner.shop);
    let data = json!({
        "email": "person1@example.com", "cuit": "30-71234567-1", "minimumPurchase": 1,
        "paymentMethods": ["Efectivo"],
        "addressDetails": {"street": "Helguera", "number": "455", "city": "CABA", "province": "CABA", "zip": "1406"},
    });
    let asked = mall.app.ask(http::Method::PUT, &path).bearer(&unproven);
    asked.json(&data).await.ok();
    let accept = format!("{path}/accept");
    let confirmed = mall.app.post(&accept).bearer(&unproven).await.ok();
    assert_eq!(confirmed["status"], "PENDING_VERIFICATION");
    // An administrator has said where it stands, and then nobody else says so.
    let sent_back = json!({"status": "PENDING_VERIFICATION", "verificationState": "VERIFIED"});
    mall.put(&json!(owner.shop), &sent_back).await;
    let proven = mall.app.token(&owner.person);
    let confirmed = mall.app.post(&accept).bearer(proven).await.ok();
    assert_eq!(confirmed["status"], "PENDING_VERIFICATION");
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_neither_written_down_nor_announced() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let announced = "SELECT count(*)::text FROM audience_events WHERE audience = 'public:shops' AND $1::uuid IS NOT NULL";
    let announced = async || mall.app.look(announced, owner.shop).await.unwrap();
    let body =
        json!({"minimumPurchase": 1500, "paymentMethods": ["QR"], "website": "telas.example"});
    let first = put_own(&mall.app, &owner, &body).await;
    let after_first = announced().await;
    let again = put_own(&mall.app, &owner, &body).await;
    assert_eq!(again, first);
    assert_eq!(announced().await, after_first);
    // What nobody else sees is written down, and no list is forgotten for it.
    put_own(&mall.app, &owner, &json!({"cuit": "30-71234567-1"})).await;
    assert_eq!(announced().await, after_first);
    assert_eq!(
        mall.audited(&json!(owner.shop)).await,
        ["SHOP_EDITED", "SHOP_EDITED"]
    );
}

#[tokio::test]
async fn what_the_database_cannot_keep_is_refused_and_not_a_fault_of_ours() {
    let mall = Mall::open().await;
    let shop = mall.shop("Luna Azul", json!({})).await;
    let path = format!("/shops/{}", shop["id"].as_str().unwrap());
    let wide = "🧵".repeat(120);
    let nobody = "00000000-0000-0000-0000-00000000ffff";
    for (body, word) in [
        (
            json!({"agendaSuspendedByAdminId": nobody}),
            "400 field.invalid",
        ),
        (
            json!({"addressDetails": {"street": "x".repeat(2_000)}}),
            "400 field.too_long",
        ),
        (
            json!({"addressDetails": {"street": wide, "number": wide, "city": wide, "province": wide}}),
            "200",
        ),
    ] {
        let asked = mall.app.ask(http::Method::PUT, &path).bearer(mall.token());
        let answer = asked.json(&body).await;
        if word == "200" {
            answer.ok();
        } else {
            assert_eq!(answer.word(), word, "{body}");
        }
    }
}
