//! Nominatim's `/search` in `jsonv2`, with one street on its map.

use axum::{
    Json, Router,
    extract::Query,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

use super::Server;

#[derive(Deserialize)]
struct Search {
    q: String,
    format: String,
    countrycodes: String,
    limit: u8,
}

pub(crate) async fn start() -> Server {
    Server::of(Router::new().route("/search", get(search))).await
}

async fn search(headers: HeaderMap, Query(search): Query<Search>) -> Response {
    let agent = headers
        .get("user-agent")
        .map(|agent| agent.to_str().unwrap());
    if !agent.is_some_and(|agent| agent.contains("avvivo")) {
        return (StatusCode::FORBIDDEN, "<html>Access blocked</html>").into_response();
    }
    assert_eq!(
        (
            search.format.as_str(),
            search.countrycodes.as_str(),
            search.limit
        ),
        ("jsonv2", "ar", 1)
    );
    if !search.q.to_lowercase().contains("cuenca") {
        return Json(json!([])).into_response();
    }
    Json(json!([{
        "place_id": 5_316_204,
        "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
        "osm_type": "way",
        "osm_id": 137_524_883,
        "lat": "-34.6281404",
        "lon": "-58.4779216",
        "category": "building",
        "type": "yes",
        "place_rank": 30,
        "importance": 0.000_062,
        "addresstype": "building",
        "name": "",
        "display_name": "612, Cuenca, Flores, Buenos Aires, Comuna 7, C1406, Argentina",
        "address": { "house_number": "612", "road": "Cuenca", "country_code": "ar" },
        "boundingbox": ["-34.6282", "-34.6280", "-58.4780", "-58.4778"]
    }]))
    .into_response()
}
