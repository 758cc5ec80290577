//! What somebody may hear, from when it is granted to when it changes.

use futures::future::join_all;

use crate::{
    events::{PUBLIC, access_changed, publish, withdrawn},
    people::{CARO, DORA, EMA, client},
    sse::{Sse, come_back, open_over_http2},
    world::World,
};

/// The stream is sent away, to come back soon.
async fn sent_away(stream: &mut Sse) {
    let last = stream.next().await;
    assert_eq!(
        (last.event.as_str(), last.data["reason"].as_str()),
        ("chat:resync", Some("revoked"))
    );
    assert!((500..=2_000).contains(&last.retry.unwrap()));
    stream.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_not_asked_about_again_until_their_rights_change() {
    let world = World::start().await;
    let mut stream = world.connect(CARO).await;
    publish(&world.bus, &[withdrawn(1)]).await;
    let id = stream.next().await.id.unwrap();
    drop(stream);
    assert_eq!(world.past.asked(), 1);
    let mut stream = come_back(&world.url, CARO, &id).await;
    assert_eq!(stream.next().await.read_to(PUBLIC), 1);
    assert_eq!(world.past.asked(), 1, "it is the same token");

    let other = access_changed(&format!("account of {DORA}"), 1);
    let own = access_changed(&format!("account of {CARO}"), 2);
    for event in [&other, &own] {
        world.past.commit(event);
    }
    publish(&world.bus, &[other, own]).await;
    sent_away(&mut stream).await;
    let mut stream = come_back(&world.url, CARO, &id).await;
    stream.next().await;
    assert_eq!(world.past.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_come_together_are_asked_about_together_each_for_themselves() {
    let world = World::start().await;
    world.past.slow_down(500);
    let opening = (0..60).map(|number| {
        let world = &world;
        async move {
            let who = client(number);
            let stream = Sse::open(&world.url, &who).await;
            (who, stream)
        }
    });
    let streams = join_all(opening).await;
    for (who, mut stream) in streams {
        let greeting = stream.next().await;
        assert_eq!(greeting.data["channel"], who, "nobody is taken for another");
    }
    assert_eq!(world.past.asked(), 60);
    let calls = world.past.calls();
    assert!(calls <= 20, "{calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rights_that_the_bus_lost_is_heard_all_the_same() {
    let world = World::start().await;
    let mut by_reactor = world.connect(CARO).await;
    let mut by_server = open_over_http2(&world.url, CARO).await;
    by_server.next().await;
    let mut other = world.connect(EMA).await;
    let lost = access_changed(&format!("account of {CARO}"), 1);
    let heard = access_changed(&format!("account of {DORA}"), 2);
    for event in [&lost, &heard] {
        world.past.commit(event);
    }
    publish(&world.bus, &[heard]).await;
    sent_away(&mut by_reactor).await;
    sent_away(&mut by_server).await;
    publish(&world.bus, &[withdrawn(1)]).await;
    assert_eq!(
        other.next().await.event,
        "reels:withdrawn",
        "it was not theirs"
    );
}
