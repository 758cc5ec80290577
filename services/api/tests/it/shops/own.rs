//! `quotaWallet` and `penalties`, wherever a shop is shown to who runs it

use avvivo_domain::quota::monday;
use avvivo_kernel::time::business_day;
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Mall, put_own};
use crate::support::{TestApp, people::Owner, still::still};

impl TestApp {
    fn today(&self) -> NaiveDate {
        business_day(self.core.deps.clock.now())
    }

    /// A wallet of which something was used on this day, and in its week.
    async fn used(&self, shop: Uuid, day: NaiveDate) {
        let done = sqlx::query(
            "UPDATE quota_wallets
             SET weekly_live_base_limit = 3, weekly_live_used = 2, weekly_live_week = $2, live_extra_balance = 4,
                 reel_daily_limit = 5, reel_daily_used = 1, reel_day = $3, reel_extra_balance = 6
             WHERE shop_id = $1",
        )
        .bind(shop)
        .bind(monday(day))
        .bind(day)
        .execute(self.pool())
        .await
        .unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    /// A penalty as the import writes it.
    async fn penalty(&self, shop: Uuid, reason: &str, days_ago: i64, active: bool) {
        sqlx::query("INSERT INTO penalties VALUES (gen_random_uuid(), $1, $2, $3, $4)")
            .bind(shop)
            .bind(reason)
            .bind(active)
            .bind(self.core.deps.clock.now() - TimeDelta::days(days_ago))
            .execute(self.pool())
            .await
            .unwrap();
    }
}

/// A shop of an owner whose quota was used today and who has two penalties; beside another owner's.
async fn street() -> (Mall, Owner, Owner) {
    let mall = Mall::open().await;
    let (owner, other) = (mall.app.owner(1).await, mall.app.owner(2).await);
    mall.app.used(owner.shop, mall.app.today()).await;
    mall.app
        .penalty(owner.shop, "Vivo no realizado", 30, false)
        .await;
    mall.app.penalty(owner.shop, "Enlace ajeno", 2, true).await;
    (mall, owner, other)
}

fn found(answer: &Value, shop: Uuid) -> Value {
    let items = match answer.get("items") {
        Some(items) => items.as_array(),
        None => answer.as_array(),
    };
    let id = shop.to_string();
    let found = items.map(|items| items.iter().find(|item| item["id"] == id).unwrap());
    found.unwrap_or(answer).clone()
}

#[tokio::test]
async fn quota_and_penalties_are_shown_to_who_runs_the_shop_and_to_nobody_else() {
    let (mall, owner, other) = street().await;
    let app = &mall.app;
    let client = app.client(3).await;
    let one = format!("/shops/{}", owner.shop);
    let paths = [
        &one,
        "/shops",
        "/shops?limit=120&offset=0",
        "/shops/featured",
        "/shops/by-letter?letter=t",
    ];
    // Those who see it first: what everybody is shown is kept.
    let visitors = [
        (Some(app.token(&owner.person)), true),
        (Some(mall.token()), true),
        (Some(app.token(&other.person)), false),
        (Some(app.token(&client)), false),
        (None, false),
    ];
    for path in paths {
        for (number, (token, runs)) in visitors.iter().enumerate() {
            let mut asked = app.get(path);
            if let Some(token) = token {
                asked = asked.bearer(token);
            }
            let shop = found(&asked.await.ok(), owner.shop);
            let shown = (shop.get("quotaWallet"), shop.get("penalties"));
            assert_eq!(
                (shown.0.is_some(), shown.1.is_some()),
                (*runs, *runs),
                "{path} {number}"
            );
        }
    }
    let seen = app.get(&one).bearer(app.token(&owner.person)).await.ok();
    let shown = json!({"quotaWallet": seen["quotaWallet"], "penalties": seen["penalties"]});
    insta::assert_json_snapshot!(still(shown));
    // An owner's list has their own shop's and no other's.
    let list = app
        .get("/shops")
        .bearer(app.token(&other.person))
        .await
        .ok();
    assert_eq!(found(&list, other.shop)["penalties"], json!([]));
}

#[tokio::test]
async fn a_shop_that_waits_is_shown_its_own() {
    let mall = Mall::open().await;
    let owner = mall.app.pending(1).await;
    mall.app.penalty(owner.shop, "Enlace ajeno", 2, true).await;
    let asked = mall.app.get(&format!("/shops/{}", owner.shop));
    let seen = asked.bearer(mall.app.token(&owner.person)).await.ok();
    assert_eq!(seen["penalties"][0]["reason"], "Enlace ajeno");
    assert!(seen["quotaWallet"].is_object());
}

#[tokio::test]
async fn what_was_used_before_today_and_this_week_is_not_used() {
    let (mall, owner, _) = street().await;
    let app = &mall.app;
    let wallet = async || {
        let asked = app.get(&format!("/shops/{}", owner.shop));
        asked.bearer(app.token(&owner.person)).await.ok()["quotaWallet"].clone()
    };
    let used = |wallet: &Value| {
        (
            wallet["weeklyLiveUsed"].clone(),
            wallet["reelDailyUsed"].clone(),
        )
    };
    assert_eq!(used(&wallet().await), (json!(2), json!(1)));
    let last_week = app.today() - TimeDelta::days(7);
    app.used(owner.shop, last_week).await;
    // Under the limits of the plan it has now, BASIC.
    let expected = json!({
        "weeklyLiveBaseLimit": 0, "weeklyLiveUsed": 0, "liveExtraBalance": 4,
        "reelDailyLimit": 1, "reelDailyUsed": 0, "reelExtraBalance": 6,
    });
    assert_eq!(wallet().await, expected);
    let stored = "SELECT reel_daily_used::text FROM quota_wallets WHERE shop_id = $1";
    assert_eq!(
        app.look(stored, owner.shop).await.as_deref(),
        Some("1"),
        "a look changes nothing"
    );
    app.change("DELETE FROM quota_wallets WHERE shop_id = $1", owner.shop)
        .await;
    let asked = app.get(&format!("/shops/{}", owner.shop));
    let seen = asked.bearer(app.token(&owner.person)).await.ok();
    assert_eq!(seen.get("quotaWallet"), None);
    assert_eq!(seen["penalties"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_changes_a_shop_is_answered_what_it_has_by_then() {
    let (mall, owner, _) = street().await;
    let edited = put_own(&mall.app, &owner, &json!({"minimumPurchase": 5})).await;
    assert_eq!(edited["quotaWallet"]["reelExtraBalance"], 6);
    let buy = mall
        .app
        .post(&format!("/shops/{}/buy-reel-quota", owner.shop));
    let bought = buy
        .bearer(mall.token())
        .json(&json!({"amount": 3}))
        .await
        .ok();
    assert_eq!(bought["shop"]["quotaWallet"]["reelExtraBalance"], 9);
    let planned = mall.put(&json!(owner.shop), &json!({"plan": "ALTA"})).await;
    assert_eq!(planned["quotaWallet"]["weeklyLiveBaseLimit"], 1);
    for verb in ["suspend-agenda", "lift-suspension", "reject", "activate"] {
        let acted = mall.act(&json!(owner.shop), verb, &json!({})).await;
        assert_eq!(acted["penalties"].as_array().unwrap().len(), 2, "{verb}");
    }
    let deleting = mall.app.delete(&format!("/shops/{}", owner.shop));
    let deleted = deleting.bearer(mall.token()).await.ok();
    assert_eq!(deleted["penalties"][0]["reason"], "Enlace ajeno");
    assert_eq!(deleted["quotaWallet"]["reelExtraBalance"], 9);
    assert_eq!(mall.app.count("penalties").await, 0);
}
