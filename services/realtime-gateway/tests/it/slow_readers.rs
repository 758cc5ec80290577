//! Somebody who does not read, on a real socket.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::{
    events::{publish, published},
    sse::parse,
    world::{PATIENCE, World},
};

/// What the socket's buffers hold, the queue, and some more: 24 MB.
const EVENTS: u64 = 120;
const EVENT_BYTES: usize = 200_000;

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_let_go_and_nobody_else_waits() {
    let world = World::start().await;
    let mut quick = world.connect("client:quick").await;
    let mut slow = connect_and_fall_silent(&world).await;
    for sequence in 1..=EVENTS {
        publish(&world.bus, &[published(sequence, EVENT_BYTES)]).await;
        assert_eq!(quick.next().await.id, Some(format!("public-{sequence}")));
    }
    assert_eq!(
        world.gateway.counts().connections,
        1,
        "the slow one hears nothing any more"
    );

    let read = tokio::time::timeout(PATIENCE, read_to_the_end(&mut slow))
        .await
        .unwrap();
    let last = parse(read.trim_end().rsplit("\n\n").next().unwrap());
    assert_eq!(
        (last.event.as_str(), last.data["reason"].as_str()),
        ("chat:resync", Some("slow"))
    );
    assert!((2_000..=15_000).contains(&last.retry.unwrap()));
    publish(&world.bus, &[published(EVENTS + 1, 1)]).await;
    assert_eq!(
        quick.next().await.id,
        Some(format!("public-{}", EVENTS + 1))
    );
}

async fn connect_and_fall_silent(world: &World) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = world.url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request =
        "GET /chat/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer client:slow\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    stream
}

/// The body's text, chunk by chunk, to the last chunk.
async fn read_to_the_end(stream: &mut TcpStream) -> String {
    let mut raw = Vec::new();
    while !raw.ends_with(b"\r\n0\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut raw).await.unwrap(), 0, "cut off");
    }
    let start = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let (mut rest, mut body) = (&raw[start..], Vec::new());
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return String::from_utf8(body).unwrap();
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 2 + size + 2..];
    }
}
