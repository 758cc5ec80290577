//! The bus goes away and comes back.

use std::net::SocketAddr;

use avvivo_testkit::{Seen, wait_for};
use gcp_local::{Config, GcpLocal};
use tokio::runtime::Runtime;

use crate::{
    events::{PUBLIC, publish, withdrawn},
    people::{CARO, DORA},
    sse::ask,
    world::{PATIENCE, World, wait_for_ready},
};

/// A server with a runtime of its own, which dies with all its connections and remembers nothing.
struct Mortal {
    runtime: Runtime,
    address: SocketAddr,
    _server: GcpLocal,
}

impl Mortal {
    fn start(listen: SocketAddr) -> Self {
        let runtime = Runtime::new().unwrap();
        let config = Config {
            listen,
            ..Config::default()
        };
        let server = runtime.block_on(GcpLocal::start(config)).unwrap();
        Self {
            runtime,
            address: server.addr(),
            _server: server,
        }
    }

    fn kill(self) {
        self.runtime
            .shutdown_timeout(std::time::Duration::from_secs(1));
    }
}

#[test]
fn a_bus_that_dies_and_returns_empty_is_heard_again_and_readiness_tells_it() {
    let server = Mortal::start(SocketAddr::from(([127, 0, 0, 1], 0)));
    let address = server.address;
    let runtime = Runtime::new().unwrap();
    let (world, mut stream) = runtime.block_on(async {
        let world = World::start_on(address, |_| {}).await;
        world.heard().await;
        let stream = world.connect(CARO).await;
        (world, stream)
    });
    server.kill();
    // Committed while the bus was away: nobody announced it here, and it is heard all the same.
    world.past.commit(&withdrawn(1));
    runtime.block_on(async {
        wait_for_ready(&world.url, false).await;
        let refused = ask(&world.url, DORA, "").await;
        assert_eq!(
            refused.status(),
            200,
            "browsers come back after nothing else"
        );
        assert!(refused.text().await.unwrap().contains("bus.unavailable"));
    });
    let server = Mortal::start(address);
    runtime.block_on(async {
        world.heard().await;
        let missed = stream.next().await;
        assert_eq!(
            (missed.event.as_str(), missed.read_to(PUBLIC)),
            ("reels:withdrawn", 1)
        );
        // The writer's client has to find the server again too.
        wait_for("the bus to take an event", PATIENCE, async || {
            let publishing = tokio::time::timeout(PATIENCE, async { publish_once(&world).await });
            match publishing.await {
                Ok(Ok(())) => Seen::Done(()),
                other => Seen::NotYet(other),
            }
        })
        .await;
        assert_eq!(stream.next().await.read_to(PUBLIC), 2);
    });
    server.kill();
}

async fn publish_once(world: &World) -> Result<(), avvivo_ports::BusError> {
    use avvivo_ports::{EventBus as _, OutboundEvent};
    use prost::Message as _;
    let event = withdrawn(2);
    let outbound = OutboundEvent {
        id: event.id.parse::<uuid::Uuid>().unwrap().into(),
        audience: event.audience.clone(),
        payload: event.encode_to_vec().into(),
    };
    world.bus.publish(vec![outbound]).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_starts_before_the_bus_becomes_ready_with_it() {
    let address = SocketAddr::from(([127, 0, 0, 1], avvivo_testkit::free_port().unwrap()));
    let world = World::start_on(address, |_| {}).await;
    wait_for_ready(&world.url, false).await;
    let config = Config {
        listen: address,
        ..Config::default()
    };
    let _server = GcpLocal::start(config).await.unwrap();
    world.heard().await;
    let mut stream = world.connect(CARO).await;
    publish(&world.bus, &[withdrawn(1)]).await;
    assert_eq!(
        stream.next().await.event,
        "reels:withdrawn",
        "nobody was there to be told of an interruption"
    );
}
