//! Shops that administrators make, and what their owners may do with them.

use http::Method;
use serde_json::{Value, json};

use super::told;
use crate::{
    shops::{Mall, put_own},
    support::outside::FakeResend,
};

const PRIVATE: [&str; 3] = ["authUserId", "cuit", "razonSocial"];

#[tokio::test]
async fn a_shop_that_is_made_open_is_lit_and_only_who_runs_it_sees_whose_it_is() {
    let resend = FakeResend::start().await;
    let mall = Mall::open_with(|settings| resend.configure(settings)).await;
    let email = "ventas@lunaazul.com.ar";
    let made = mall
        .shop(
            "Luna Azul",
            json!({"email": email, "cuit": "30-71234567-1", "razonSocial": "Luna Azul SRL"}),
        )
        .await;
    assert_eq!(
        told(
            &made,
            ["status", "visibilityState", "verificationState", "cuit"]
        ),
        ["ACTIVE", "LIT", "VERIFIED", "30712345671"].map(Value::from)
    );
    let invitation = resend.mail().await;
    assert_eq!(invitation.to(), email);
    assert_eq!(
        invitation.part("subject"),
        "Activa tu cuenta de tienda | Avellaneda en Vivo"
    );
    let list = mall.app.get("/shops").await.ok();
    assert_eq!(list[0]["id"], made["id"]);
    for name in PRIVATE {
        assert_eq!(list[0].get(name), None, "{name}");
    }
    for token in [mall.token_of(email, true), mall.token()] {
        let seen = mall.seen(&made["id"], Some(&token)).await;
        assert_eq!(told(&seen, PRIVATE), told(&made, PRIVATE));
    }
}

#[tokio::test]
async fn three_telephones_are_kept_with_or_without_their_plus_and_wrong_ones_are_told() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let line = |label: &str, number: &str| json!({"label": label, "number": number});
    // As pages send back what they were given: digits alone.
    let lines = json!([
        line("Mayor", "5491144440101"),
        line("Menor", "+54 9 11 4444-0102"),
        line("Local", "+541144440103"),
        line("Depósito", "+541144440104"),
    ]);
    let saved = put_own(&mall.app, &owner, &json!({"whatsappLines": lines})).await;
    let kept = json!([
        line("Mayor", "+5491144440101"),
        line("Menor", "+5491144440102"),
        line("Local", "+541144440103"),
    ]);
    assert_eq!(saved["whatsappLines"], kept);
    let path = format!("/shops/{}", owner.shop);
    let asked = mall.app.ask(Method::PUT, &path).bearer(mall.token());
    let wrong = json!({"address": "Otra", "whatsappLines": [line("Mayor", "0800")]});
    assert_eq!(asked.json(&wrong).await.word(), "400 shop.invalid_whatsapp");
    let seen = mall.seen(&json!(owner.shop), None).await;
    assert_eq!(
        told(&seen, ["address", "whatsappLines"]),
        told(&saved, ["address", "whatsappLines"])
    );
}

#[tokio::test]
async fn a_shop_whose_plan_ends_is_dimmed_and_buys_nothing_until_it_has_one_again() {
    let mall = Mall::open().await;
    let shop = mall.shop("Luna Azul", json!({})).await;
    let buy = async || {
        let path = format!("/shops/{}/buy-reel-quota", shop["id"].as_str().unwrap());
        let asked = mall.app.post(&path).bearer(mall.token());
        asked.json(&json!({"amount": 1})).await
    };
    let names = ["plan", "planTier", "visibilityState"];
    for nothing in ["SIN_PLAN", "MAP_ONLY", "none", "NO_PLAN", ""] {
        let changed = mall.put(&shop["id"], &json!({"plan": nothing})).await;
        let dimmed = ["SIN_PLAN", "NONE", "DIMMED"].map(Value::from);
        assert_eq!(told(&changed, names), dimmed, "{nothing:?}");
        assert_eq!(buy().await.word(), "400 shop.no_plan");
    }
    let back = mall.put(&shop["id"], &json!({"plan": "ALTA"})).await;
    assert_eq!(
        told(&back, names),
        ["ALTA", "MEDIA", "LIT"].map(Value::from)
    );
    assert_eq!(buy().await.ok()["purchase"]["status"], "APPROVED");
}

#[tokio::test]
async fn every_active_administrator_hears_of_what_a_shop_wants_to_buy() {
    let mall = Mall::open().await;
    let (second, gone) = (mall.app.admin(901).await, mall.app.admin(902).await);
    let suspend = "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1";
    mall.app.change(suspend, gone.id).await;
    let owner = mall.app.owner(1).await;
    let path = format!("/shops/{}/buy-stream-quota", owner.shop);
    let buy = async |token: String| {
        let asked = mall.app.post(&path).bearer(token);
        asked.json(&json!({"amount": 2})).await.ok()
    };
    let wanted = buy(mall.app.token(&owner.person)).await;
    assert_eq!(wanted["purchase"]["status"], "PENDING");
    assert_eq!(wanted["shop"]["id"], owner.shop.to_string());
    let mut hear: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT account_id FROM notifications WHERE type = 'PURCHASE'")
            .fetch_all(mall.app.pool())
            .await
            .unwrap();
    hear.sort();
    assert_eq!(hear, [mall.admin.id, second.id]);
    let bought = buy(mall.token()).await;
    assert_eq!(bought["purchase"]["status"], "APPROVED");
    assert!(bought["purchase"]["approvedAt"].is_string());
    assert_eq!(mall.app.count("notifications").await, 2);
}

#[tokio::test]
async fn what_becomes_of_a_shop_becomes_of_who_owns_it_from_the_next_request_on() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let (id, token) = (json!(owner.shop), mall.app.token(&owner.person));
    let role = async || mall.me(&token).await.ok()["role"].clone();
    assert_eq!(role().await, "STORE");
    mall.act(&id, "reject", &json!({})).await;
    for path in ["/auth/me", "/shops", "/nowhere"] {
        let refused = mall.app.get(path).bearer(&token).await;
        assert_eq!(refused.word(), "403 auth.suspended", "{path}");
    }
    mall.act(&id, "activate", &json!({"reason": "Datos verificados"}))
        .await;
    assert_eq!(role().await, "STORE");
    mall.act(&id, "suspend-agenda", &json!({})).await;
    assert_eq!(role().await, "STORE");
    let lift = format!("/shops/{}/lift-suspension", owner.shop);
    let lifted = mall.app.post(&lift).bearer(mall.token()).text("").await;
    assert_eq!(lifted.ok()["status"], "ACTIVE");
    let deleted = mall.app.delete(&format!("/shops/{}", owner.shop));
    deleted.bearer(mall.token()).await.ok();
    let me = mall.me(&token).await.ok();
    assert_eq!(
        (&me["role"], me.get("shopId")),
        (&json!("PENDING_STORE"), None)
    );
}

/// What pages know of a shop; they send all of it back, telephones as digits alone and pictures without their query.
const FORM: [&str; 13] = [
    "name",
    "razonSocial",
    "cuit",
    "email",
    "address",
    "logoUrl",
    "coverUrl",
    "website",
    "addressDetails",
    "paymentMethods",
    "minimumPurchase",
    "socialHandles",
    "whatsappLines",
];

#[tokio::test]
async fn a_page_that_sends_back_all_it_was_given_changes_nothing() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    // As an import left it.
    let imported = "UPDATE shops SET email = 'ventas@luna', website = 'luna.example', minimum_purchase = 5,
        address_details = '{\"lat\": \"\", \"lng\": null, \"street\": \"Cuenca\", \"number\": 612, \"legacyUid\": \"20417\"}'
        WHERE id = $1";
    mall.app.change(imported, owner.shop).await;
    let lines = json!({"whatsappLines": [{"label": "Ventas", "number": "+5491144440101"}]});
    let before = put_own(&mall.app, &owner, &lines).await;
    let mut form = json!({});
    for name in FORM {
        form[name] = match &before[name] {
            // What there is none of is sent as an empty text.
            Value::Null => json!(""),
            known => known.clone(),
        };
    }
    form["whatsappLines"][0]["number"] = json!("5491144440101");
    let mut after = put_own(&mall.app, &owner, &form).await;
    assert_eq!(after["addressDetails"]["lat"], Value::Null);
    for stamped in ["updatedAt", "addressDetails"] {
        after[stamped] = before[stamped].clone();
    }
    assert_eq!(after, before);
    let uid = "SELECT address_details ->> 'legacyUid' FROM shops WHERE id = $1";
    assert_eq!(
        mall.app.look(uid, owner.shop).await.as_deref(),
        Some("20417")
    );
}
