//! Shops get their point on the map without anybody waiting for it.

use avvivo_testkit::{Seen, wait_for};
use http::StatusCode;

use crate::{
    shops::registration,
    support::{
        PATIENCE, TestApp,
        outside::{FakeMap, KNOWN},
    },
};

#[tokio::test]
async fn a_shop_that_registers_itself_comes_onto_the_map() {
    let map = FakeMap::start().await;
    let app = TestApp::start_with(|settings| map.configure(settings)).await;
    let made = app
        .post("/shops/self-register")
        .json(&registration(1))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.json()["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        made.json()["addressDetails"]["lat"],
        serde_json::Value::Null
    );
    let lat = wait_for("the shop's point", PATIENCE, async || {
        let lat = "SELECT address_details ->> 'lat' FROM shops WHERE id = $1";
        match app.look(lat, id).await {
            Some(lat) => Seen::Done(lat),
            None => Seen::NotYet("none"),
        }
    })
    .await;
    assert_eq!(lat, KNOWN.1.to_string());
    assert_eq!(map.asked(), [KNOWN.0]);
}

#[tokio::test]
async fn without_a_map_nobody_is_asked_and_nothing_waits() {
    let app = TestApp::start().await;
    let made = app
        .post("/shops/self-register")
        .json(&registration(1))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE kind = 'PLACE'")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(waiting, 0);
}
