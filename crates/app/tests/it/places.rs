//! Shops get their point on the map after they came to be.

use avvivo_app::shops::edit_shop;
use avvivo_domain::shops::Shop;
use avvivo_kernel::ShopId;
use avvivo_ports::Coordinates;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    mailing::{EMAIL, object},
    support::{World, words},
};

const ADDRESS: &str = "Cuenca 612, CABA, CABA, Argentina";

impl World {
    fn knows(&self, address: &str) {
        let here = Coordinates::new(-34.6281, -58.4779).unwrap();
        self.map.put(address, here);
    }

    async fn creates_at(&self, name: &str, number: &str) -> Shop {
        self.creates(&json!({
            "name": name, "status": "ACTIVE", "plan": "PREMIUM",
            "addressDetails": {"street": "Cuenca", "number": number, "city": "CABA", "province": "CABA"},
        }))
        .await
    }

    async fn details(&self, shop: ShopId) -> Value {
        sqlx::query_scalar("SELECT address_details FROM shops WHERE id = $1")
            .bind(shop.as_uuid())
            .fetch_one(self.pool())
            .await
            .unwrap()
    }

    async fn places_waiting(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox WHERE kind = 'PLACE'")
            .await
    }
}

#[tokio::test]
async fn a_shop_that_was_made_gets_its_point_and_lists_are_told() {
    let world = World::with_everybody().await;
    world.knows(ADDRESS);
    let shop = world.creates_at("Luna Azul", "612").await;
    assert!(world.map.asked().is_empty(), "nobody waits for the map");
    world.run_errands().await;
    let details = world.details(shop.id).await;
    assert_eq!(
        (&details["lat"], &details["lng"]),
        (&json!(-34.6281), &json!(-58.4779))
    );
    assert_eq!(details["street"], "Cuenca");
    let events = words(&world.bus.events());
    assert_eq!(
        events.iter().filter(|it| it.contains("shop")).count(),
        2,
        "{events:?}"
    );
    assert_eq!(world.places_waiting().await, 0);

    // The next one there is answered from the table, whoever asks.
    let other = world.creates_at("Sol", " 612 ").await;
    world.run_errands().await;
    assert_eq!(world.details(other.id).await["lat"], -34.6281);
    assert_eq!(world.map.asked(), [ADDRESS]);
}

#[tokio::test]
async fn a_shop_that_registered_itself_gets_its_point() {
    let world = World::with_everybody().await;
    world.knows("Helguera 455, CABA, CABA, Argentina");
    let shop = world.registers(None, "Hilos del Sur", EMAIL).await;
    assert_eq!(world.details(shop.id).await["lat"], Value::Null);
    world.run_errands().await;
    let details = world.details(shop.id).await;
    assert_eq!(details["lng"], -58.4779);
    assert_eq!(
        details["mapsUrl"],
        "https://www.google.com/maps/search/?api=1&query=-34.6281,-58.4779"
    );
}

#[tokio::test]
async fn a_map_that_is_away_is_asked_again_and_delays_no_mail() {
    let world = World::with_everybody().await;
    world.knows("Helguera 455, CABA, CABA, Argentina");
    let shop = world.registers(None, "Hilos del Sur", EMAIL).await;
    world.map.fail_next(1);
    let report = world.run_errands().await;
    assert_eq!((report.postponed, world.mailer.mails().len()), (1, 1));
    world.advance(TimeDelta::seconds(1));
    world.run_errands().await;
    assert_eq!(world.details(shop.id).await["lat"], -34.6281);
    assert_eq!(world.map.asked().len(), 2);
}

#[tokio::test]
async fn what_the_map_does_not_know_is_asked_again_after_a_day() {
    let world = World::with_everybody().await;
    let shop = world.creates_at("Luna Azul", "612").await;
    world.creates_at("Sol", "612").await;
    world.run_errands().await;
    assert_eq!(world.map.asked().len(), 1);
    assert_eq!(world.details(shop.id).await["lat"], Value::Null);
    world.knows(ADDRESS);
    world.advance(TimeDelta::days(1));
    let third = world.creates_at("Mar", "612").await;
    world.run_errands().await;
    assert_eq!(world.details(third.id).await["lat"], -34.6281);
}

#[tokio::test]
async fn a_shop_that_moved_meanwhile_does_not_get_the_point_of_where_it_was() {
    let world = World::with_everybody().await;
    world.knows(ADDRESS);
    let shop = world.creates_at("Luna Azul", "612").await;
    let admin = world.admin().await;
    let moved = object(&json!({"addressDetails": {"number": "700"}}));
    edit_shop::run(&world.deps, &admin, shop.id, &moved)
        .await
        .unwrap();
    world.run_errands().await;
    assert_eq!(world.details(shop.id).await["lat"], Value::Null);
    // Where it went was asked, too.
    assert_eq!(
        world.map.asked(),
        [ADDRESS, "Cuenca 700, CABA, CABA, Argentina"]
    );
}

#[tokio::test]
async fn a_point_that_somebody_gave_stays_and_the_map_is_not_asked() {
    let world = World::with_everybody().await;
    let shop = world
        .creates(&json!({
            "name": "Luna Azul",
            "addressDetails": {
                "street": "Cuenca", "number": "612", "city": "CABA", "province": "CABA", "lat": -34.5, "lng": -58.5,
            },
        }))
        .await;
    assert_eq!(world.places_waiting().await, 0);
    // Asked before, and given meanwhile.
    world.knows(ADDRESS);
    let other = world.creates_at("Sol", "612").await;
    let given = "UPDATE shops SET address_details = address_details || '{\"lat\": 1, \"lng\": 2}' WHERE id = $1";
    world.arrange(given, other.id.as_uuid()).await;
    world.run_errands().await;
    assert_eq!(world.details(other.id).await["lat"], 1);
    assert_eq!(world.details(shop.id).await["lat"], -34.5);
}

#[tokio::test]
async fn look_ups_that_wait_are_bounded() {
    let world = World::with_everybody().await;
    let full = "INSERT INTO outbox (id, kind, destination, payload, created_at, next_attempt_at)
                SELECT gen_random_uuid(), 'PLACE', '', ''::bytea, now(), now() FROM generate_series(1, 1000)";
    sqlx::query(full).execute(world.pool()).await.unwrap();
    world.creates_at("Luna Azul", "612").await;
    assert_eq!(world.places_waiting().await, 1_000);
}
