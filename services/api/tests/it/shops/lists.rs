//! `GET /shops`, `/shops/featured`, `/shops/by-letter`, `/shops/map-data`, `/shops/check-email`, `/shops/{id}`

use std::time::{Duration, Instant};

use avvivo_testkit::{Seen, wait_for};
use serde_json::{Value, json};

use super::Mall;
use crate::support::{PATIENCE, still::still};

fn names(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|shop| shop["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everybody_sees_open_shops_by_name_whatever_its_case_and_accents() {
    let mall = Mall::open().await;
    for name in ["zeta", "Ágata", "Álamo", "beta", "Agua"] {
        mall.shop(name, json!({})).await;
    }
    mall.shop("Oculta", json!({"status": "HIDDEN"})).await;
    mall.shop("Pendiente", json!({"status": "PENDING_VERIFICATION"}))
        .await;
    let list = mall.app.get("/shops").await.ok();
    assert_eq!(names(&list), ["Ágata", "Agua", "Álamo", "beta", "zeta"]);
    let part = mall.app.get("/shops?limit=2&offset=1").await.ok();
    assert_eq!(names(&part), ["Agua", "Álamo"]);
    let offset_alone = mall.app.get("/shops?offset=3").await.ok();
    assert_eq!(names(&offset_alone).len(), 5);
    let all = mall
        .app
        .get("/shops?limit=120")
        .bearer(mall.token())
        .await
        .ok();
    assert_eq!(names(&all).len(), 7);
}

#[tokio::test]
async fn a_shop_is_shown_in_the_shape_that_clients_know() {
    let mall = Mall::open().await;
    let made = mall
        .shop(
            "Luna Azul",
            json!({"email": "Ventas@LunaAzul.com.ar", "cuit": "30-71234567-1"}),
        )
        .await;
    insta::assert_json_snapshot!("as_administrators_see_it", still(made.clone()));
    let list = mall.app.get("/shops").await.ok();
    insta::assert_json_snapshot!("as_everybody_sees_it", still(list[0].clone()));
    let id = made["id"].as_str().unwrap();
    let one = mall.app.get(&format!("/shops/{id}")).await;
    assert_eq!(one.ok(), list[0]);
    assert_eq!(one.header("x-cache"), None);
}

#[tokio::test]
async fn contacts_of_dimmed_shops_are_for_those_who_run_them() {
    let mall = Mall::open().await;
    let shop = mall
        .shop(
            "Hilos del Sur",
            json!({"plan": "SIN_PLAN", "email": "hilos@example.com"}),
        )
        .await;
    assert_eq!(
        (&shop["visibilityState"], &shop["planTier"]),
        (&json!("DIMMED"), &json!("NONE"))
    );
    let path = format!("/shops/{}", shop["id"].as_str().unwrap());
    let seen = mall.app.get(&path).await.ok();
    assert_eq!(
        (&seen["whatsappLines"], &seen["socialHandles"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(seen.get("email"), None);
    let own = mall.app.get(&path).bearer(mall.token()).await.ok();
    assert_eq!(own["email"], "hilos@example.com");
    assert_eq!(own["whatsappLines"][0]["number"], "+5491144440101");
}

#[tokio::test]
async fn no_answer_has_a_password_or_how_somebody_registered() {
    let mall = Mall::open().await;
    let meta = json!({"intakeMeta": {"campaign": "feria"}, "password": "secreta", "email": "a@example.com"});
    let shop = mall.shop("Luna Azul", meta.clone()).await;
    let changed = mall.put(&shop["id"], &meta).await;
    let path = format!("/shops/{}", shop["id"].as_str().unwrap());
    let read = mall.app.get(&path).bearer(mall.token()).await.ok();
    let deleted = mall.app.delete(&path).bearer(mall.token()).await.ok();
    for answer in [shop, changed, read, deleted] {
        for secret in [
            "password",
            "intakeMeta",
            "requiresEmailFix",
            "normalizedName",
            "normalizedAddressBase",
        ] {
            assert_eq!(answer.get(secret), None, "{secret}");
        }
    }
}

#[tokio::test]
async fn a_shop_that_is_not_open_is_nowhere_but_to_those_who_run_it() {
    let mall = Mall::open().await;
    let pending = mall.app.pending(1).await;
    let path = format!("/shops/{}", pending.shop);
    let owner = mall.app.token(&pending.person);
    assert_eq!(mall.app.get(&path).await.word(), "404 shop.not_found");
    for token in [&owner, &mall.token()] {
        let seen = mall.app.get(&path).bearer(token).await.ok();
        assert_eq!(seen["status"], "PENDING_VERIFICATION");
        assert!(seen.get("streamQuota").is_some());
    }
    for list in ["/shops", "/shops/featured", "/shops/map-data"] {
        assert_eq!(mall.app.get(list).await.ok(), json!([]), "{list}");
        // Who waits to be let in sees in lists what everybody sees.
        let seen = mall.app.get(list).bearer(&owner).await.ok();
        assert_eq!(seen, json!([]), "{list}");
    }
    for missing in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        let answer = mall.app.get(&format!("/shops/{missing}")).await;
        assert_eq!(answer.word(), "404 shop.not_found");
    }
}

#[tokio::test]
async fn shops_find_their_own_in_the_list_whatever_its_state() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let other = mall.app.pending(2).await;
    mall.app
        .change(
            "UPDATE shops SET status = 'AGENDA_SUSPENDED' WHERE id = $1",
            owner.shop,
        )
        .await;
    let list = mall.app.get("/shops?limit=120&offset=0");
    let list = list.bearer(mall.app.token(&owner.person)).await.ok();
    let found = |id: uuid::Uuid| {
        let mut all = list.as_array().unwrap().iter();
        let found = all.find(|shop| shop["id"] == id.to_string());
        found.unwrap().clone()
    };
    assert_eq!(found(owner.shop)["authUserId"], owner.person.id.to_string());
    assert_eq!(found(other.shop).get("authUserId"), None);
    assert_eq!(found(other.shop).get("streamQuota"), None);
    let strangers = mall.app.get("/shops").await.ok();
    let is_it = |shop: &Value| shop["id"] == owner.shop.to_string();
    assert!(!strangers.as_array().unwrap().iter().any(is_it));
    // Whoever follows it, writes to it or has it open still finds it.
    let open = mall.app.get(&format!("/shops/{}", owner.shop)).await.ok();
    assert_eq!(open["status"], "AGENDA_SUSPENDED");
    assert_eq!(open.get("agendaSuspendedReason"), None);
}

#[tokio::test]
async fn featured_shops_fit_or_are_a_window_of_this_hour() {
    let mall = Mall::open().await;
    for number in 10..17 {
        mall.shop(&format!("Tienda {number}"), json!({})).await;
    }
    let all = mall.app.get("/shops/featured").await.ok();
    assert_eq!(all, mall.app.get("/shops").await.ok());
    let window = mall.app.get("/shops/featured?limit=5").await.ok();
    let window = names(&window);
    let everything = names(&all);
    let doubled: Vec<&str> = everything.iter().chain(&everything).copied().collect();
    assert!(doubled.windows(5).any(|part| part == window), "{window:?}");
    assert_eq!(
        names(&mall.app.get("/shops/featured?limit=900").await.ok()).len(),
        7
    );
}

#[tokio::test]
async fn the_directory_knows_letters_and_repeats_what_it_was_asked() {
    let mall = Mall::open().await;
    for name in ["Luna Azul", "lunares", "Lana", "Ñandú", "Ágata"] {
        mall.shop(name, json!({})).await;
    }
    let page = mall.app.get("/shops/by-letter?letter=l&limit=2").await;
    assert_eq!(page.header("x-cache"), Some("MISS"));
    let page = page.ok();
    assert_eq!(names(&page["items"]), ["Lana", "Luna Azul"]);
    assert_eq!(
        (&page["hasMore"], &page["limit"], &page["offset"]),
        (&json!(true), &json!(2), &json!(0))
    );
    let many = mall
        .app
        .get("/shops/by-letter?letter=%20Lana&limit=500&offset=1")
        .await
        .ok();
    assert_eq!(names(&many["items"]), ["Luna Azul", "lunares"]);
    assert_eq!(
        (&many["limit"], &many["hasMore"]),
        (&json!(500), &json!(false))
    );
    let nothing = json!({"items": [], "hasMore": false, "offset": 0});
    for query in [
        "",
        "?letter=",
        "?letter=1",
        "?letter=%C3%91",
        "?letter=%C3%81",
        "?letter=a",
    ] {
        let found = mall.app.get(&format!("/shops/by-letter{query}")).await.ok();
        assert_eq!(found, nothing, "{query}");
    }
}

#[tokio::test]
async fn the_map_has_a_row_for_each_open_shop() {
    let mall = Mall::open().await;
    let shop = mall
        .shop(
            "Luna Azul",
            json!({"email": "ventas@example.com", "plan": "ALTA"}),
        )
        .await;
    let map = mall.app.get("/shops/map-data").await.ok();
    insta::assert_json_snapshot!(still(map));
    // Whoever has no plan is on the map without contacts.
    mall.put(&shop["id"], &json!({"plan": ""})).await;
    mall.app.hears_events().await;
    wait_for("the map to forget the contacts", PATIENCE, async || {
        let row = mall.app.get("/shops/map-data").await.ok()[0].clone();
        if row["Mail"] == "" && row["isNoPlan"] == true {
            Seen::Done(())
        } else {
            Seen::NotYet(row)
        }
    })
    .await;
}

#[tokio::test]
async fn a_wildcard_is_no_email() {
    let mall = Mall::open().await;
    mall.shop("Gamma", json!({"email": "gamma@x.com"})).await;
    for (email, exists) in [
        ("gamma@x.com", true),
        ("%20GAMMA@X.com", true),
        ("%25", false),
        ("g_mma@x.com", false),
        ("gamma@x.co", false),
    ] {
        let found = mall
            .app
            .get(&format!("/shops/check-email?email={email}"))
            .await
            .ok();
        assert_eq!(found, json!({"exists": exists}), "{email}");
    }
    for blank in ["", "?email=", "?email=%20"] {
        let answer = mall.app.get(&format!("/shops/check-email{blank}")).await;
        assert_eq!(answer.status, 400, "{blank}");
    }
}

#[tokio::test]
async fn a_change_reaches_the_cached_lists_of_every_instance_long_before_they_expire() {
    let mall = Mall::open().await;
    let shop = mall.shop("Luna Azul", json!({})).await;
    let other = mall.app.second_instance(|_| {}).await;
    mall.app.hears_events().await;
    crate::support::hears_events(&other).await;
    for path in ["/shops", "/shops/featured", "/shops/by-letter?letter=l"] {
        crate::support::get_from(&other, path).await.ok();
        let again = crate::support::get_from(&other, path).await;
        assert_eq!(again.header("x-cache"), Some("HIT"), "{path}");
        assert_eq!(again.header("x-cache-store"), Some("memory"), "{path}");
        let known = again.header("etag").unwrap().to_owned();
        let asked = crate::support::answer::Ask::new(&other, http::Method::GET, path);
        assert_eq!(
            asked.header("if-none-match", known).await.status,
            304,
            "{path}"
        );
    }
    mall.put(&shop["id"], &json!({"minimumPurchase": 1})).await;
    let began = Instant::now();
    wait_for("the other list to change", PATIENCE, async || {
        let list = crate::support::get_from(&other, "/shops").await.ok();
        match list[0]["minimumPurchase"].as_u64() {
            Some(1) => Seen::Done(()),
            seen => Seen::NotYet(seen),
        }
    })
    .await;
    // The list is kept for thirty seconds.
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
