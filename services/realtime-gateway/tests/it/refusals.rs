//! What is answered instead of a stream.

use http::{Method, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    api::Past,
    people::{CARO, DORA, EMA, SHOP},
    sse::{Sse, ask},
    world::{World, start_api},
};

/// Asserts that somebody is asked to come back, in a way that browsers understand: a stream that ends, and says when.
async fn asked_back(response: Response, reason: &str, code: &str, between: (u64, u64)) {
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let mut stream = Sse::of(response);
    let only = stream.next().await;
    assert!(only.event.ends_with(":resync"), "{only:?}");
    assert_eq!(
        (only.data["reason"].as_str(), only.data["code"].as_str()),
        (Some(reason), Some(code))
    );
    let retry = only.retry.unwrap();
    assert_eq!(only.data["retryInMs"].as_u64(), Some(retry));
    assert!((between.0..=between.1).contains(&retry), "{retry}");
    stream.ends().await;
}

/// What something that is away for a moment costs.
const SOON: (u64, u64) = (2_000, 15_000);

const OWN_PAGE: &str = "https://avellanedaenvivo.com.ar";

/// Status, code and `Retry-After` of a problem.
async fn told(response: Response) -> (u16, String, Option<String>, Value) {
    let retry = response
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body: Value = response.json().await.unwrap();
    assert!(!body["message"].as_str().unwrap().is_empty());
    (
        status,
        body["code"].as_str().unwrap().to_owned(),
        retry,
        body,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_listen_is_told_why() {
    let world = World::start().await;
    let cases = [
        ("nobody", "", 401, "auth.required"),
        ("no-email", "", 401, "auth.no_email"),
        ("suspended", "", 403, "auth.suspended"),
        ("admin", "", 403, "auth.not_allowed"),
        (SHOP, "?shopId=b", 400, "shop.not_yours"),
    ];
    for (token, query, status, code) in cases {
        let (is, says, retry, body) = told(ask(&world.url, token, query).await).await;
        assert_eq!((is, says.as_str()), (status, code), "{token}");
        assert_eq!(retry, None, "{token}");
        assert_eq!(
            body.get("error"),
            (status == 400).then(|| json!({})).as_ref()
        );
    }
    asked_back(
        ask(&world.url, "database-away", "").await,
        "busy",
        "api.unavailable",
        SOON,
    )
    .await;
    assert_eq!(world.gateway.counts().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_only_as_a_bearer_header() {
    let world = World::start().await;
    let client = reqwest::Client::new();
    let url = format!("{}/chat/events/stream", world.url);
    let attempts = [
        client.get(&url),
        client.get(format!("{url}?token={CARO}&access_token={CARO}")),
        client.get(&url).header("cookie", format!("token={CARO}")),
        client.get(&url).header("authorization", CARO),
        client
            .get(&url)
            .header("authorization", format!("Basic {CARO}")),
    ];
    for attempt in attempts {
        let (status, code, ..) = told(attempt.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (401, "auth.required"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_away_or_does_not_believe_us_is_no_fault_of_the_clients() {
    let away = World::start_with(|settings| {
        settings.insert("API_INTERNAL_URL", "http://127.0.0.1:9".to_owned());
    })
    .await;
    asked_back(
        ask(&away.url, CARO, "").await,
        "busy",
        "api.unavailable",
        SOON,
    )
    .await;

    let google = gcp_local::GcpLocal::start(gcp_local::Config::default())
        .await
        .unwrap();
    let (_strict, url) = start_api(google.addr(), "somebody-else", Past::default()).await;
    let disbelieved = World::start_on(google.addr(), |settings| {
        settings.insert("API_INTERNAL_URL", url);
    })
    .await;
    disbelieved.heard().await;
    asked_back(
        ask(&disbelieved.url, CARO, "").await,
        "busy",
        "api.unavailable",
        SOON,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_and_an_instance_have_only_so_many_places_and_get_them_back() {
    let world = World::start_with(|settings| {
        settings.insert("GATEWAY_MAX_CONNECTIONS", "3".to_owned());
        settings.insert("GATEWAY_MAX_CONNECTIONS_PER_ACCOUNT", "2".to_owned());
    })
    .await;
    let first = world.connect(CARO).await;
    let _second = world.connect(CARO).await;
    let full = ask(&world.url, CARO, "").await;
    asked_back(
        full,
        "crowded",
        "stream.too_many_connections",
        (30_000, 60_000),
    )
    .await;
    let _third = world.connect(DORA).await;
    let full = ask(&world.url, EMA, "").await;
    asked_back(full, "busy", "stream.instance_full", SOON).await;
    drop(first);
    avvivo_testkit::wait_for(
        "the place to be free",
        crate::world::PATIENCE,
        async || match world.gateway.counts().connections {
            2 => avvivo_testkit::Seen::Done(()),
            other => avvivo_testkit::Seen::NotYet(other),
        },
    )
    .await;
    world.connect(CARO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_admitted_as_the_api_admits_them() {
    let world = World::start_with(|settings| {
        settings.insert(
            "CORS_ORIGINS",
            "https://one.example, https://two.example".to_owned(),
        );
    })
    .await;
    let url = format!("{}/chat/events/stream", world.url);
    let send = async |method: Method, origin: &str| {
        let request = reqwest::Client::new().request(method, &url);
        let request = request
            .header("origin", origin)
            .header("access-control-request-headers", "authorization");
        request.bearer_auth(CARO).send().await.unwrap()
    };
    for origin in [OWN_PAGE, "https://two.example"] {
        let preflight = send(Method::OPTIONS, origin).await;
        assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
        assert_eq!(preflight.headers()["access-control-allow-origin"], origin);
        assert_eq!(
            preflight.headers()["access-control-allow-headers"],
            "authorization"
        );
        let stream = send(Method::GET, origin).await;
        assert_eq!(stream.status(), StatusCode::OK);
        assert_eq!(stream.headers()["access-control-allow-origin"], origin);
    }
    let foreign = send(Method::GET, "https://evil.example").await;
    assert_eq!(foreign.headers().get("access-control-allow-origin"), None);
    let (status, code, ..) = told(foreign).await;
    assert_eq!((status, code.as_str()), (403, "cors.origin_refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_unknown() {
    let world = World::start().await;
    let client = reqwest::Client::new();
    let attempts = [
        client.get(format!("{}/chat", world.url)),
        client.post(format!("{}/chat/events/stream", world.url)),
    ];
    for attempt in attempts {
        let (status, code, ..) = told(attempt.bearer_auth(CARO).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (404, "route.not_found"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_only_so_many_places() {
    let world = World::start_with(|settings| {
        settings.insert("GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "2".to_owned());
    })
    .await;
    let _one = world.connect(CARO).await;
    let _two = world.connect(DORA).await;
    let full = ask(&world.url, EMA, "").await;
    asked_back(
        full,
        "crowded",
        "stream.too_many_from_address",
        (30_000, 60_000),
    )
    .await;
    let elsewhere = reqwest::Client::new()
        .get(format!("{}/chat/events/stream", world.url))
        .header("x-forwarded-for", "10.0.0.9, 203.0.113.7")
        .bearer_auth(EMA);
    let mut stream = Sse::of(elsewhere.send().await.unwrap());
    assert_eq!(stream.next().await.event, "chat:connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_place_brings_no_topics() {
    let world = World::start_with(|settings| {
        settings.insert("GATEWAY_MAX_CONNECTIONS_PER_ACCOUNT", "1".to_owned());
    })
    .await;
    let _one = world.connect(CARO).await;
    let rings = || {
        let metrics = world.telemetry.metrics().render();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("avvivo_sse_rings "));
        line.unwrap().to_owned()
    };
    let before = rings();
    let live = "live:07000000-0000-7000-8000-000000000007";
    let full = reqwest::Client::new()
        .get(format!("{}/realtime/stream?topics={live}", world.url))
        .bearer_auth(CARO)
        .send()
        .await
        .unwrap();
    let told = full.text().await.unwrap();
    assert!(told.contains("stream.too_many_connections"), "{told}");
    assert_eq!(rings(), before);
}
