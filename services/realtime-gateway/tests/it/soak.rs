//! Thousands who come and go in every way there is: afterwards the process is what it was.
//!
//! `AVVIVO_SOAK_SECONDS` makes it last as long as one likes.

use std::{
    fs, io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use avvivo_service_kit::{
    config::{Env, Source as _},
    crypto::install_crypto,
};
use avvivo_testkit::{Seen, wait_for};
use futures::future::join_all;
use gcp_local::GcpLocal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    api::Past,
    drain::start,
    events::{publish, withdrawn},
    people::client,
    world::{PATIENCE, publisher, settings, start_api, wait_for_ready},
};

/// At once.
const CROWD: u64 = 500;
/// Rounds, at least; each is a crowd that comes and goes.
const ROUNDS: u64 = 6;
/// Descriptors that come and go with whoever asks for metrics.
const OTHERS: usize = 2;
/// What a heap may keep of one round for the next.
const HEAP_KIB: u64 = 6 * 1_024;

/// A process, as the kernel sees it.
struct Observed {
    id: u32,
}

impl Observed {
    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id))
            .unwrap()
            .count()
    }

    fn own_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("RssAnon"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Comes, and goes in one of the ways there are.
async fn visit(address: SocketAddr, number: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let path = ["/chat/events/stream", "/realtime/stream?topics=chat,reels"]
        [usize::from(number.is_multiple_of(2))];
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        client(number)
    );
    let (half, rest) = request.split_at(request.len() / 2);
    stream.write_all(half.as_bytes()).await?;
    if number.is_multiple_of(7) {
        // Gone in the middle of a word.
        return Ok(());
    }
    stream.write_all(rest.as_bytes()).await?;
    if number % 7 == 1 {
        // Gone before the answer.
        return Ok(());
    }
    let mut some = [0; 2_048];
    assert_ne!(stream.read(&mut some).await?, 0);
    match number % 7 {
        // Talks where there is nothing to say.
        2 => drop(stream.write_all(&[b'x'; 512]).await),
        // Says that it has nothing more to say.
        3 => stream.shutdown().await?,
        // Reads what comes.
        4 => drop(tokio::time::timeout(Duration::from_millis(300), stream.read(&mut some)).await),
        // Goes with everything unread, which is a reset.
        5 => tokio::time::sleep(Duration::from_millis(300)).await,
        _ => {}
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_thousands_have_come_and_gone_nothing_of_them_is_left() {
    install_crypto();
    let google = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
    let past = Past::default();
    let (_api, api_url) = start_api(google.addr(), "avvivo-api", past.clone()).await;
    let mut settings = settings(google.addr(), &api_url);
    settings.insert("GATEWAY_MAX_CONNECTIONS_PER_ADDRESS", "100000".to_owned());
    let (process, url) = start(&settings);
    wait_for_ready(&url, true).await;
    let bus = publisher(google.addr()).await;
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let seen = Observed {
        id: process.id().unwrap(),
    };

    let said = Env::from_process().get("AVVIVO_SOAK_SECONDS");
    let lasts = said.map_or(0, |said| said.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(lasts);
    let (mut round, mut after) = (0, Vec::new());
    while round < ROUNDS || Instant::now() < until {
        // The same people again and again, each of them with an audience of their own.
        let crowd = (0..CROWD).map(|number| visit(address, number));
        let (visits, ()) = tokio::join!(join_all(crowd), async {
            let event = withdrawn(round + 1);
            past.commit(&event);
            publish(&bus, &[event]).await;
        });
        for (number, visit) in visits.into_iter().enumerate() {
            assert!(visit.is_ok(), "{number}: {visit:?}");
        }
        round += 1;
        wait_for("everybody to be gone", PATIENCE, async || {
            let metrics = reqwest::get(format!("{url}/metrics"))
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            let open = metrics
                .lines()
                .find(|line| line.starts_with("avvivo_sse_connections "));
            match open {
                Some("avvivo_sse_connections 0") => Seen::Done(()),
                other => Seen::NotYet(other.map(str::to_owned)),
            }
        })
        .await;
        after.push((seen.descriptors(), seen.own_kib()));
    }
    // The first round warms up: pools, caches of the allocator, the kept-alive connection that asks for metrics.
    let (first, last) = (after[1], after[after.len() - 1]);
    assert!(last.0 <= first.0 + OTHERS, "descriptors: {after:?}");
    assert!(last.1 <= first.1 + HEAP_KIB, "KiB of its own: {after:?}");
}
