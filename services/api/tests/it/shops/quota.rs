//! `POST /shops/{id}/buy-stream-quota`, `POST /shops/{id}/buy-reel-quota`

use serde_json::{Value, json};

use super::Mall;
use crate::support::{people::Person, still::still};

async fn buy(
    mall: &Mall,
    who: &Person,
    shop: &str,
    what: &str,
    amount: Value,
) -> crate::support::answer::Answer {
    let path = format!("/shops/{shop}/buy-{what}-quota");
    let asked = mall.app.post(&path).bearer(mall.app.token(who));
    asked.json(&json!({"amount": amount})).await
}

#[tokio::test]
async fn a_shop_asks_and_administrators_are_told() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let shop = owner.shop.to_string();
    let bought = buy(&mall, &owner.person, &shop, "stream", json!("2"))
        .await
        .ok();
    insta::assert_json_snapshot!(still(bought["purchase"].clone()));
    assert_eq!(bought["shop"]["streamQuota"], 0);
    let told: (String, String, String) = sqlx::query_as(
        "SELECT type::text, message, ref_id::text FROM notifications WHERE account_id = $1",
    )
    .bind(mall.admin.id)
    .fetch_one(mall.app.pool())
    .await
    .unwrap();
    assert_eq!(told.0, "PURCHASE");
    assert_eq!(told.2, bought["purchase"]["purchaseId"]);
    let extras = "SELECT live_extra_balance::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(mall.app.look(extras, owner.shop).await.unwrap(), "0");
}

#[tokio::test]
async fn what_an_administrator_buys_is_credited_at_once_and_written_down() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let shop = owner.shop.to_string();
    let bought = buy(&mall, &mall.admin, &shop, "reel", json!(3.9))
        .await
        .ok();
    let purchase = &bought["purchase"];
    assert_eq!(
        (&purchase["status"], &purchase["quantity"]),
        (&json!("APPROVED"), &json!(3))
    );
    assert_eq!(purchase["approvedByAdminId"], mall.admin.id.to_string());
    assert_eq!(bought["shop"]["reelQuota"], 3);
    // Sample shops begin with twenty.
    let extras = "SELECT reel_extra_balance::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(mall.app.look(extras, owner.shop).await.unwrap(), "23");
    let ledger =
        "SELECT resource || ' ' || direction || ' ' || amount || ' ' || reason || ' ' || actor_type
                  FROM quota_ledger WHERE shop_id = $1";
    assert_eq!(
        mall.app.look(ledger, owner.shop).await.unwrap(),
        "REEL CREDIT 3 PURCHASE ADMIN"
    );
    assert_eq!(mall.audited(&json!(owner.shop)).await, ["QUOTA_PURCHASED"]);
    assert_eq!(mall.app.count("notifications").await, 0);
}

#[tokio::test]
async fn some_may_not_buy() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let shop = owner.shop.to_string();
    for amount in [json!(0), json!(-1), json!("x"), json!(null), json!(1001)] {
        let answer = buy(&mall, &owner.person, &shop, "reel", amount).await;
        assert_eq!(answer.word(), "400 quota.invalid_amount");
    }
    mall.act(&json!(owner.shop), "suspend-agenda", &json!({}))
        .await;
    assert_eq!(
        buy(&mall, &owner.person, &shop, "stream", json!(1))
            .await
            .word(),
        "400 shop.agenda_suspended"
    );
    buy(&mall, &owner.person, &shop, "reel", json!(1))
        .await
        .ok();
    mall.put(&json!(owner.shop), &json!({"plan": "SIN_PLAN"}))
        .await;
    assert_eq!(
        buy(&mall, &owner.person, &shop, "reel", json!(1))
            .await
            .word(),
        "400 shop.no_plan"
    );
}

#[tokio::test]
async fn the_same_request_twice_is_one_purchase() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let path = format!("/shops/{}/buy-reel-quota", owner.shop);
    let buy = async |who: &Person, key: Option<&str>, amount: i32| {
        let mut asked = mall.app.post(&path).bearer(mall.app.token(who));
        if let Some(key) = key {
            asked = asked.header("idempotency-key", key);
        }
        let answer = asked.json(&json!({"amount": amount})).await;
        answer.ok()["purchase"]["purchaseId"].clone()
    };
    // An administrator's is credited once, whatever becomes of the answer.
    let first = buy(&mall.admin, Some("k-1"), 2).await;
    assert_eq!(buy(&mall.admin, Some("k-1"), 2).await, first);
    assert_ne!(buy(&mall.admin, Some("k-2"), 2).await, first);
    let extras = "SELECT reel_extra_balance::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(mall.app.look(extras, owner.shop).await.unwrap(), "24");
    // Whoever presses twice asks once, also at once; who wants something else asks for that, too.
    let person = &owner.person;
    let both = futures::future::join(buy(person, None, 3), buy(person, None, 3)).await;
    assert_eq!(both.0, both.1);
    assert_eq!(mall.app.count("notifications").await, 1);
    assert_ne!(buy(person, None, 4).await, both.0);
    mall.app
        .change(
            "UPDATE purchase_requests SET created_at = created_at - interval '61 seconds' WHERE quantity = 3 AND shop_id = $1",
            owner.shop,
        )
        .await;
    assert_ne!(buy(person, None, 3).await, both.0);
    let bad = mall.app.post(&path).bearer(mall.app.token(person));
    let bad = bad.header("idempotency-key", "k".repeat(201));
    let bad = bad.json(&json!({"amount": 1})).await;
    assert_eq!(bad.word(), "400 request.bad_idempotency_key");
}
