//! What an open stream says.

use serde_json::json;

use crate::{
    events::{PUBLIC, message, publish, published, status, withdrawn},
    people::{CARO, OTHER_SHOP, SHOP, SHOP_ID},
    sse::{Sse, ask},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_begins_as_clients_know_it() {
    let world = World::start().await;
    let response = ask(&world.url, SHOP, &format!("?shopId={SHOP_ID}")).await;
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header("content-type").as_deref(),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(
        header("cache-control").as_deref(),
        Some("no-cache, no-transform")
    );
    assert_eq!(header("connection").as_deref(), Some("keep-alive"));
    assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
    assert_eq!(header("content-encoding"), None);
    let greeting = Sse::of(response).next().await;
    assert_eq!(greeting.event, "chat:connected");
    assert_eq!(
        greeting.read_to(SHOP),
        0,
        "nobody reconnects without a place"
    );
    assert!((500..=2_000).contains(&greeting.retry.unwrap()));
    let at = greeting.data["at"].as_str().unwrap().to_owned();
    assert_eq!(
        greeting.data,
        json!({"ok": true, "channel": SHOP, "at": at})
    );
    assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_hears_its_own_in_every_tab_and_everybody_hears_the_feed() {
    let world = World::start().await;
    let mut tabs = [world.connect(SHOP).await, world.connect(SHOP).await];
    let mut other = world.connect(OTHER_SHOP).await;
    let mut client = world.connect(CARO).await;
    assert_eq!(
        (
            world.gateway.counts().channels,
            world.gateway.counts().connections
        ),
        (3, 4)
    );

    publish(&world.bus, &[status(SHOP_ID, 1, 40)]).await;
    for tab in &mut tabs {
        let heard = tab.next().await;
        assert_eq!(heard.event, "reel:status");
        assert_eq!((heard.read_to(SHOP), heard.read_to(PUBLIC)), (1, 0));
        let at = &heard.data["at"];
        assert_eq!(
            heard.data,
            json!({"reelId": "reel-1", "shopId": SHOP_ID, "status": "PROCESSING", "stage": "RENDER_VIDEO", "progress": 40,
                   "errorCode": null, "errorMessage": null, "at": at})
        );
    }
    // Had it gone to anybody else, it would be before this in their streams.
    publish(&world.bus, &[published(1, 3)]).await;
    for stream in tabs.iter_mut().chain([&mut other, &mut client]) {
        let heard = stream.next().await;
        assert_eq!(heard.event, "reels:published");
        assert_eq!(heard.read_to(PUBLIC), 1);
    }
    publish(&world.bus, &[withdrawn(2)]).await;
    for stream in tabs.iter_mut().chain([&mut other, &mut client]) {
        assert_eq!(stream.next().await.event, "reels:withdrawn");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_in_order_and_once_however_often_the_bus_delivers_them() {
    let world = World::start().await;
    let mut stream = world.connect(SHOP).await;
    let events: Vec<_> = (1..=50).map(|number| message(SHOP, number)).collect();
    for few in events.chunks(10) {
        publish(&world.bus, few).await;
        publish(&world.bus, few).await;
        publish(&world.bus, &events[..1]).await;
    }
    for number in 1..=50 {
        assert_eq!(stream.next().await.read_to(SHOP), number);
    }
    // Nothing more of them comes before this.
    publish(&world.bus, &[withdrawn(1)]).await;
    assert_eq!(stream.next().await.event, "reels:withdrawn");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_later_version_is_passed_over() {
    let world = World::start().await;
    let mut stream = world.connect(CARO).await;
    let mut unknown = withdrawn(1);
    assert_eq!(unknown.audience, PUBLIC);
    unknown.payload = None;
    publish(&world.bus, &[unknown, withdrawn(2)]).await;
    assert_eq!(stream.next().await.read_to(PUBLIC), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_does() {
    let world = World::start().await;
    let mut stream = world.connect(&format!("{CARO};1")).await;
    let last = stream.next().await;
    assert_eq!(
        (last.event.as_str(), &last.data["reason"]),
        ("chat:resync", &json!("expired"))
    );
    assert!((500..=2_000).contains(&last.retry.unwrap()));
    stream.ends().await;
}
