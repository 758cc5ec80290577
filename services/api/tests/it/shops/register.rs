//! `POST /shops/self-register`

use futures::future::join_all;
use gcp_local::FirebaseIdToken;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Mall, registration};
use crate::support::{answer::Answer, still::still};

impl Mall {
    async fn register(&self, body: &Value) -> Answer {
        self.app.post("/shops/self-register").json(body).await
    }
}

fn with(number: u128, more: &Value) -> Value {
    let mut body = registration(number);
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_stranger_registers_a_shop_that_waits() {
    let mall = Mall::open().await;
    let made = mall.register(&registration(455)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shop = made.json();
    insta::assert_json_snapshot!(still(shop.clone()));
    let id: Uuid = shop["id"].as_str().unwrap().parse().unwrap();
    let owner = "SELECT a.email || ' ' || user_type || ' ' || role || ' ' || a.status
                 FROM accounts AS a JOIN shops AS s ON s.owner_account_id = a.id WHERE s.id = $1";
    assert_eq!(
        mall.app.look(owner, id).await.unwrap(),
        "hilos455@example.com CLIENT PENDING_STORE ACTIVE"
    );
    let meta = "SELECT intake_meta::text FROM shops WHERE id = $1";
    let meta: Value = serde_json::from_str(&mall.app.look(meta, id).await.unwrap()).unwrap();
    assert_eq!(
        (&meta["source"], &meta["campaign"]),
        (&json!("self_register"), &json!("feria"))
    );
    assert_eq!(
        meta.get("auditTrail"),
        None,
        "history is not for clients to write"
    );
    assert_eq!(mall.audited(&shop["id"]).await, ["SELF_REGISTER_CREATED"]);
    assert_eq!(mall.app.count("notifications").await, 1);
    assert_eq!(mall.app.count("quota_wallets").await, 0);
}

#[tokio::test]
async fn the_same_shop_ten_times_at_once_is_one() {
    let mall = Mall::open().await;
    let body = registration(1);
    let answers = join_all((0..10).map(|_| mall.register(&body))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.word(), "409 DUPLICATE_STORE_NAME");
    }
    assert_eq!(mall.app.count("shops").await, 1);
}

#[tokio::test]
async fn a_seller_with_a_verified_email_sells_from_the_next_request_on() {
    let mall = Mall::open().await;
    let seller = mall.app.client(1).await;
    let token = mall.app.token(&seller);
    let register = async |body: Value| {
        let asked = mall.app.post("/shops/self-register").bearer(&token);
        asked.json(&body).await
    };
    let made = register(with(1, &json!({"email": seller.email}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shop = made.json();
    assert_eq!(
        (
            &shop["status"],
            &shop["verificationState"],
            &shop["visibilityState"]
        ),
        (&json!("ACTIVE"), &json!("VERIFIED"), &json!("DIMMED"))
    );
    // As they saw it before it was theirs.
    assert_eq!(
        (shop.get("cuit"), &shop["socialHandles"]),
        (None, &json!([]))
    );
    mall.app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await
        .ok();
    let again = register(with(2, &json!({"email": "other@example.com"}))).await;
    assert_eq!(again.word(), "409 DUPLICATE_CONTACT");
}

#[tokio::test]
async fn a_body_that_names_a_strangers_email_opens_nothing() {
    let mall = Mall::open().await;
    let seller = mall.app.client(1).await;
    let token = mall.app.token(&seller);
    let asked = mall.app.post("/shops/self-register").bearer(&token);
    let made = asked
        .json(&with(1, &json!({"email": "stranger@example.com"})))
        .await
        .json();
    assert_eq!(made["status"], "PENDING_VERIFICATION");
    // Nor does their next request: what they have proven is another address.
    let me = mall.app.get("/auth/me").bearer(&token).await.ok();
    assert_eq!(me["role"], "PENDING_STORE");
    let path = format!("/shops/{}", made["id"].as_str().unwrap());
    let shop = mall.app.get(&path).bearer(mall.token()).await.ok();
    assert_eq!(shop["status"], "PENDING_VERIFICATION");
}

#[tokio::test]
async fn a_stranger_gives_nobody_elses_account_a_shop() {
    let mall = Mall::open().await;
    let (buyer, suspended) = (mall.app.client(1).await, mall.app.suspended(2).await);
    for (number, person) in [(1, &buyer), (2, &suspended)] {
        let refused = mall
            .register(&with(number, &json!({"email": person.email})))
            .await;
        assert_eq!(refused.word(), "409 SIGN_IN_FIRST");
        assert!(refused.json()["fieldErrors"]["email"].is_string());
    }
    let me = mall.app.get("/auth/me").bearer(mall.app.token(&buyer));
    assert_eq!(me.await.ok()["role"], "USER");
    let account = "SELECT user_type || ' ' || role || ' ' || status FROM accounts WHERE id = $1";
    assert_eq!(
        mall.app.look(account, suspended.id).await.unwrap(),
        "CLIENT USER SUSPENDED"
    );
    let admin = mall
        .register(&with(3, &json!({"email": mall.admin.email})))
        .await;
    assert_eq!(admin.word(), "409 DUPLICATE_CONTACT");
    assert_eq!(mall.app.count("shops").await, 0);
}

#[tokio::test]
async fn turning_a_strangers_registration_away_locks_nobody_out() {
    let mall = Mall::open().await;
    let made = mall.register(&registration(7)).await.json();
    mall.act(&made["id"], "reject", &json!({})).await;
    let token = FirebaseIdToken {
        uid: "uid-hilos7".to_owned(),
        email: Some("hilos7@example.com".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    };
    let me = mall.app.get("/auth/me").bearer(mall.app.mint(&token)).await;
    assert_eq!(me.ok()["role"], "PENDING_STORE");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_order_with_the_fields_to_mark() {
    let mall = Mall::open().await;
    let nothing = mall.register(&json!({})).await;
    assert_eq!(nothing.word(), "400 INVALID_ADDRESS");
    let marks = nothing.json()["fieldErrors"].clone();
    assert!(
        marks["street"].is_string() && marks["number"].is_string(),
        "{marks}"
    );
    for (more, code) in [
        (json!({"storeName": {"a": 1}}), "400 INVALID_STORE_NAME"),
        (json!({"razonSocial": "ab"}), "400 INVALID_RAZON_SOCIAL"),
        (json!({"cuit": "30-71234567-2"}), "400 INVALID_CUIT"),
        (json!({"email": "x"}), "400 INVALID_EMAIL"),
        (
            json!({"whatsapp": "+1 202 555 0100"}),
            "400 INVALID_WHATSAPP",
        ),
        (
            json!({"consents": {"termsAccepted": true}}),
            "400 MISSING_CONSENTS",
        ),
        (json!({"socialHandles": {}}), "400 MISSING_SOCIAL"),
    ] {
        assert_eq!(mall.register(&with(1, &more)).await.word(), code, "{more}");
    }
    assert_eq!(mall.app.count("shops").await, 0);
}

#[tokio::test]
async fn what_another_shop_has_is_refused_with_its_code() {
    let mall = Mall::open().await;
    // Shops that administrators made are found as well as those that registered.
    let made = json!({"cuit": "30-71234567-1", "email": "luna@example.com"});
    mall.shop("Luna Azul", made).await;
    assert_eq!(mall.register(&registration(1)).await.status, 201);
    let gallery = |local: &str| json!({"street": "Helguera", "number": "1", "city": "Flores", "province": "CABA", "isGallery": true, "galleryLocal": local});
    for (more, code) in [
        (
            json!({"storeName": "LUNA  azul"}),
            "409 DUPLICATE_STORE_NAME",
        ),
        (json!({"cuit": "30712345671"}), "409 DUPLICATE_CUIT"),
        (
            json!({"email": "LUNA@example.com"}),
            "409 DUPLICATE_CONTACT",
        ),
        (
            json!({"email": "hilos1@example.com"}),
            "409 DUPLICATE_CONTACT",
        ),
        (
            json!({"whatsapp": "+54 9 11 4000-0001"}),
            "409 DUPLICATE_CONTACT",
        ),
        (
            json!({"address": {"street": "Helguera", "number": "1", "city": "CABA", "province": "CABA"}}),
            "409 ADDRESS_REQUIRES_GALLERY",
        ),
        (
            json!({"address": {"street": "cuenca", "number": "612", "city": "Capital", "province": "CABA"}}),
            "409 ADDRESS_REQUIRES_GALLERY",
        ),
    ] {
        let answer = mall.register(&with(2, &more)).await;
        assert_eq!(answer.word(), code, "{more}");
        assert!(answer.json()["fieldErrors"].is_object());
    }
    let second = mall
        .register(&with(2, &json!({"address": gallery("12b")})))
        .await;
    assert_eq!(second.status, 201, "{second:?}");
    let third = mall
        .register(&with(3, &json!({"address": gallery("12B")})))
        .await;
    assert_eq!(third.word(), "409 DUPLICATE_GALLERY_LOCAL");
}
