//! Shops that register themselves, from the first step to their first request as one.

use serde_json::{Value, json};

use super::told;
use crate::{
    shops::{Mall, registration},
    support::{Settings, answer::Answer, outside::FakeMap},
};

const STANDING: [&str; 4] = [
    "status",
    "verificationState",
    "visibilityState",
    "contactsPublic",
];

fn standing(status: &str, verification: &str) -> [Value; 4] {
    [
        json!(status),
        json!(verification),
        json!("DIMMED"),
        json!(false),
    ]
}

impl Mall {
    async fn registers(&self, body: &Value, token: Option<&str>) -> Answer {
        let asked = self.app.post("/shops/self-register").json(body);
        match token {
            Some(token) => asked.bearer(token).await,
            None => asked.await,
        }
    }
}

#[tokio::test]
async fn a_stranger_is_told_what_is_in_the_way_of_the_next_shop() {
    let mall = Mall::open().await;
    let made = mall.registers(&registration(1), None).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shop = made.json();
    assert_eq!(
        told(&shop, STANDING),
        standing("PENDING_VERIFICATION", "UNVERIFIED")
    );
    for contacts in ["socialHandles", "whatsappLines"] {
        assert_eq!(shop[contacts], json!([]), "{contacts}");
    }
    let again = mall.registers(&registration(1), None).await;
    assert_eq!(again.word(), "409 DUPLICATE_STORE_NAME");
    assert!(again.json()["fieldErrors"]["storeName"].is_string());
    let mut neighbour = registration(2);
    neighbour["address"] = registration(1)["address"].clone();
    let refused = mall.registers(&neighbour, None).await;
    assert_eq!(refused.word(), "409 ADDRESS_REQUIRES_GALLERY");
    let body = refused.json();
    assert_eq!(
        body["meta"],
        json!({"showGalleryCta": true, "addressHasGallery": false, "existingShopsCount": 1})
    );
    assert_eq!(body["fieldErrors"]["address"], body["message"]);
    assert_eq!(body.get("ok"), None);
}

#[tokio::test]
async fn who_gave_the_address_sells_as_soon_as_it_is_proven() {
    let mall = Mall::open().await;
    let shop = mall.registers(&registration(1), None).await.json();
    let email = "hilos1@example.com";
    // Whoever has the shop's account proves the address first: somebody else's word opens nothing.
    let stranger = mall.me(&mall.token_of(email, false)).await;
    assert_eq!(stranger.word(), "401 auth.required");
    let owner = mall.token_of(email, true);
    let me = mall.me(&owner).await.ok();
    assert_eq!(
        told(&me, ["role", "userType", "shopId", "nextAction"]),
        [
            json!("STORE"),
            json!("SHOP"),
            shop["id"].clone(),
            json!("GO_STORE_DASHBOARD")
        ]
    );
    // Linked by then, they are known also while the provider says that it is not proven.
    let again = mall.me(&mall.token_of(email, false)).await.ok();
    assert_eq!(again["role"], "STORE");
    let seen = mall.seen(&shop["id"], Some(&owner)).await;
    assert_eq!(told(&seen, STANDING), standing("ACTIVE", "VERIFIED"));
    assert!(seen["ownerAcceptedAt"].is_string());
    assert_eq!(seen["statusReason"], Value::Null);
    let public = mall.seen(&shop["id"], None).await;
    assert_eq!(public["socialHandles"], json!([]));
}

#[tokio::test]
async fn a_seller_who_has_proven_nothing_waits_with_the_shop_that_is_theirs() {
    let mall = Mall::open().await;
    let unproven = mall.token_of("hilos1@example.com", false);
    assert_eq!(mall.me(&unproven).await.ok()["role"], "UNDEFINED");
    let made = mall.registers(&registration(1), Some(&unproven)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shop = made.json();
    let me = mall.me(&unproven).await.ok();
    assert_eq!(
        told(&me, ["role", "userType", "shopId", "requiresOnboarding"]),
        [
            json!("PENDING_STORE"),
            json!("CLIENT"),
            shop["id"].clone(),
            json!(true)
        ]
    );
    let proven = mall.token_of("hilos1@example.com", true);
    assert_eq!(mall.me(&proven).await.ok()["role"], "STORE");
}

#[tokio::test]
async fn a_buyer_who_registers_a_shop_has_one_and_no_second() {
    let mall = Mall::open().await;
    let buyer = mall.app.client(1).await;
    let token = mall.app.token(&buyer);
    let mut body = registration(1);
    body["email"] = json!(buyer.email);
    let made = mall.registers(&body, Some(&token)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(told(&made.json(), STANDING), standing("ACTIVE", "VERIFIED"));
    let me = mall.me(&token).await.ok();
    assert_eq!(
        told(&me, ["role", "shopId"]),
        [json!("STORE"), made.json()["id"].clone()]
    );
    let second = mall.registers(&registration(2), Some(&token)).await;
    assert_eq!(second.word(), "409 DUPLICATE_CONTACT");
    assert_eq!(
        second.json()["message"],
        "Ese email ya tiene una tienda asignada."
    );
}

#[tokio::test]
async fn neither_an_address_on_no_map_nor_a_map_that_is_away_turns_anybody_away() {
    let map = FakeMap::start().await;
    let away = |settings: &mut Settings| {
        let nobody = "http://127.0.0.1:1/search".to_owned();
        settings.insert("SELF_REGISTER_GEOCODE_URL", nobody);
    };
    let malls = [
        Mall::open_with(|settings| map.configure(settings)).await,
        Mall::open_with(away).await,
    ];
    for mall in malls {
        let made = mall.registers(&registration(7), None).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json()["addressDetails"]["lat"], Value::Null);
    }
}

#[tokio::test]
async fn what_an_address_leaves_out_is_as_the_installation_says() {
    let mall = Mall::open_with(|settings| {
        for (name, said) in [
            ("SELF_REGISTER_GEOCODE_CITY", "Flores"),
            ("SELF_REGISTER_GEOCODE_PROVINCE", "CABA"),
            ("SELF_REGISTER_GEOCODE_COUNTRY", "República Argentina"),
        ] {
            settings.insert(name, said.to_owned());
        }
    })
    .await;
    let mut body = registration(455);
    body["address"] = json!({"street": "Helguera", "number": 455});
    let made = mall.registers(&body, None).await.json();
    assert_eq!(made["addressDisplay"], "Helguera 455, Flores");
    assert_eq!(
        made["addressBase"],
        "Helguera 455, Flores, CABA, República Argentina"
    );
}

#[tokio::test]
async fn the_eleventh_nameless_step_of_a_network_waits_an_hour_and_named_ones_go_on() {
    let mall = Mall::open().await;
    let step = async |draft: Value| {
        let body = json!({"step": "identity", "payload": draft});
        let asked = mall.app.post("/shops/self-register/validate");
        asked.json(&body).await
    };
    let mut nameless = registration(1);
    for named in ["email", "whatsapp"] {
        nameless.as_object_mut().unwrap().remove(named);
    }
    for count in 1..=10 {
        let answer = step(nameless.clone()).await;
        assert_eq!(answer.ok(), json!({"ok": true}), "{count}");
    }
    let refused = step(nameless).await;
    assert_eq!(refused.word(), "429 rate_limit.exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    step(registration(2)).await.ok();
}
