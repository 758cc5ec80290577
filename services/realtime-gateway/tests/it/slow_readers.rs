//! Somebody who does not read, on a real socket.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use avvivo_testkit::{Seen, wait_for};

use crate::{
    events::{PUBLIC, publish, published},
    people::{CARO, DORA},
    sse::parse,
    world::{PATIENCE, World},
};

/// What the socket's buffers hold, the ring, and some more: 24 MB.
const EVENTS: u64 = 120;
const EVENT_BYTES: usize = 200_000;

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_nobody_and_is_told_what_it_missed() {
    let world = World::start().await;
    let mut quick = world.connect(CARO).await;
    let mut slow = connect_and_fall_silent(&world).await;
    for sequence in 1..=EVENTS {
        let event = published(sequence, EVENT_BYTES);
        world.past.commit(&event);
        publish(&world.bus, &[event]).await;
        assert_eq!(quick.next().await.read_to(PUBLIC), sequence);
    }
    let read = tokio::time::timeout(PATIENCE, read_until(&mut slow, EVENTS))
        .await
        .unwrap();
    assert_eq!(read.matches("event: chat:resync").count(), 1, "one hole");
    assert!(read.contains("\"reason\":\"gap\"") && read.contains("\"topic\":\"public:reels\""));
    let events = read.matches("event: reels:published").count();
    assert!((2..120).contains(&events), "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_at_all_is_hung_up_on_and_nobody_notices() {
    let world = World::start().await;
    let mut quick = world.connect(CARO).await;
    let stalled = connect_and_fall_silent(&world).await;
    for sequence in 1..=EVENTS {
        let event = published(sequence, EVENT_BYTES);
        world.past.commit(&event);
        publish(&world.bus, &[event]).await;
        assert_eq!(quick.next().await.read_to(PUBLIC), sequence);
    }
    assert_eq!(world.gateway.counts().connections, 2);
    wait_for(
        "the stalled one to be hung up on",
        PATIENCE * 2,
        async || match world.gateway.counts().connections {
            1 => Seen::Done(()),
            other => Seen::NotYet(other),
        },
    )
    .await;
    let metrics = world.telemetry.metrics().render();
    assert!(
        metrics.contains("avvivo_sse_ends_total{reason=\"stalled\"} 1"),
        "{metrics}"
    );
    drop(stalled);
}

/// Reads a byte now and then, never an event's worth at once: every write to it is cut somewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_a_socket_takes_in_pieces_arrives_whole() {
    let world = World::start().await;
    let mut stream = connect_and_fall_silent(&world).await;
    let events: Vec<_> = (1..=200)
        .map(|sequence| published(sequence, 2_000))
        .collect();
    for few in events.chunks(20) {
        for event in few {
            world.past.commit(event);
        }
        publish(&world.bus, few).await;
    }
    let mut read = Vec::new();
    let whole = async {
        while read
            .windows(24)
            .filter(|part| part == b"event: reels:published\nd")
            .count()
            < 200
        {
            let mut some = [0; 1_777];
            let count = stream.read(&mut some).await.unwrap();
            read.extend_from_slice(&some[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.unwrap();
    let text = String::from_utf8(read).unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let frames: Vec<_> = body
        .split_inclusive("\n\n")
        .filter(|frame| frame.ends_with("\n\n"))
        .collect();
    let (greeting, events) = frames.split_first().unwrap();
    assert_eq!(parse(greeting.trim_end()).event, "chat:connected");
    for (sequence, frame) in (1..).zip(events) {
        let heard = parse(frame.trim_end());
        assert_eq!(
            (heard.event.as_str(), heard.read_to(PUBLIC)),
            ("reels:published", sequence)
        );
    }
    assert!(events.len() >= 199, "{}", events.len());
}

/// Somebody slow keeps no right for longer than somebody quick.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_is_cut_off_when_the_token_ends() {
    let world = World::start().await;
    let mut quick = world.connect(CARO).await;
    let slow = connect_as(&world, &format!("{DORA};5")).await;
    for sequence in 1..=EVENTS {
        let event = published(sequence, EVENT_BYTES);
        world.past.commit(&event);
        publish(&world.bus, &[event]).await;
        assert_eq!(quick.next().await.read_to(PUBLIC), sequence);
    }
    wait_for("the slow one to be cut off", PATIENCE, async || {
        let metrics = world.telemetry.metrics().render();
        if metrics.contains("avvivo_sse_ends_total{reason=\"expired\"} 1") {
            Seen::Done(())
        } else {
            Seen::NotYet(world.gateway.counts().connections)
        }
    })
    .await;
    drop(slow);
}

async fn connect_and_fall_silent(world: &World) -> TcpStream {
    connect_as(world, DORA).await
}

async fn connect_as(world: &World, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = world.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET /chat/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

/// What comes until the event of that number, which is the last, has come to its end.
async fn read_until(stream: &mut TcpStream, last: u64) -> String {
    let id = avvivo_contracts::cursor::Cursor::of(PUBLIC, last).to_string();
    let mut raw = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut raw).await.unwrap(), 0, "cut off");
        let from = raw.len().saturating_sub(300_000);
        let tail = String::from_utf8_lossy(&raw[from..]);
        let ended = tail.rsplit_once(id.as_str());
        if ended.is_some_and(|(_, rest)| rest.contains("\n\n")) {
            return String::from_utf8_lossy(&raw).into_owned();
        }
    }
}
