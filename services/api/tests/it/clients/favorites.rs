//! The shops a buyer keeps.

use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, people::Person};

async fn keep(app: &TestApp, client: &Person, shop: Uuid) -> Value {
    let path = format!("/clients/me/favorites/{shop}");
    app.post(&path).bearer(app.token(client)).await.ok()
}

#[tokio::test]
async fn a_shop_is_kept_once_however_often_and_at_once_the_newest_first() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let (first, second) = (app.owner(2).await.shop, app.owner(3).await.shop);
    join_all((0..4).map(|_| keep(&app, &client, first))).await;
    let both = json!({"favorites": [second, first]});
    assert_eq!(keep(&app, &client, second).await, both);
    assert_eq!(keep(&app, &client, first).await, both);
    assert_eq!(app.count("favorites").await, 2);
}

#[tokio::test]
async fn a_shop_that_is_not_there_cannot_be_kept() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    for shop in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        let path = format!("/clients/me/favorites/{shop}");
        let answer = app.post(&path).bearer(app.token(&client)).await;
        assert_eq!(answer.word(), "404 shop.not_found");
        assert_eq!(answer.json()["error"], json!({}));
    }
}

#[tokio::test]
async fn what_was_never_kept_is_let_go_all_the_same() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let (kept, other) = (app.owner(2).await.shop, app.owner(3).await.shop);
    keep(&app, &client, kept).await;
    let let_go = async |shop: &str| {
        let path = format!("/clients/me/favorites/{shop}");
        app.delete(&path).bearer(app.token(&client)).await.ok()
    };
    for stranger in [other.to_string(), "mock-1".to_owned()] {
        assert_eq!(let_go(&stranger).await, json!({"favorites": [kept]}));
    }
    assert_eq!(let_go(&kept.to_string()).await, json!({"favorites": []}));
}

#[tokio::test]
async fn shops_are_listed_in_whatever_state_they_are_and_go_with_their_shop() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let shop = app.owner(2).await.shop;
    keep(&app, &client, shop).await;
    app.change(
        "UPDATE shops SET status = 'HIDDEN', visibility = 'HIDDEN', name = 'Luna Azul' WHERE id = $1",
        shop,
    )
    .await;
    let list = async || {
        let asked = app.get("/clients/me/favorites").bearer(app.token(&client));
        asked.await.ok()
    };
    assert_eq!(
        list().await,
        json!({"items": [{
            "shopId": shop, "id": shop, "name": "Luna Azul", "logoUrl": null, "addressDisplay": null,
            "visibilityState": "HIDDEN", "status": "HIDDEN",
        }]})
    );
    app.change("DELETE FROM shops WHERE id = $1", shop).await;
    assert_eq!(list().await, json!({"items": []}));
}

#[tokio::test]
async fn fifty_are_listed_and_every_id_is_told() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let sql = "WITH made AS (
            INSERT INTO shops (id, name, slug, created_at, updated_at)
            SELECT gen_random_uuid(), 'Tienda ' || n, 'tienda-' || n, now(), now() FROM generate_series(1, 60) AS n
            RETURNING id
        )
        INSERT INTO favorites (account_id, shop_id, created_at) SELECT $1, id, now() FROM made";
    let made = sqlx::query(sql).bind(client.id).execute(app.pool()).await;
    assert_eq!(made.unwrap().rows_affected(), 60);
    let token = app.token(&client);
    let list = app.get("/clients/me/favorites").bearer(&token).await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 50);
    let state = app.get("/clients/me").bearer(&token).await.ok();
    assert_eq!(state["favorites"].as_array().unwrap().len(), 60);
}
