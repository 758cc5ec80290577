use std::time::Duration;

use redis::Commands;

use crate::support::{TestServer, wait_until};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn bytes_are_kept_under_the_prefix_and_forgotten_on_request() {
    let server = TestServer::start();
    let redis = server.connect();
    let bytes = [0, 159, 146, 150];
    redis
        .set("public-cache", "reels:active:80", &bytes, MINUTE)
        .await
        .unwrap();
    let stored: Vec<u8> = server
        .observer()
        .get("avvivo:public-cache:reels:active:80")
        .unwrap();
    assert_eq!(stored, bytes);
    assert_eq!(
        redis
            .get("public-cache", "reels:active:80")
            .await
            .unwrap()
            .unwrap(),
        bytes
    );
    redis
        .forget("public-cache", &["reels:active:80", "never:there"])
        .await
        .unwrap();
    assert_eq!(
        redis.get("public-cache", "reels:active:80").await.unwrap(),
        None
    );
}

#[tokio::test]
async fn bytes_end_with_their_time_to_live() {
    let server = TestServer::start();
    let redis = server.connect();
    redis
        .set("public-cache", "a", b"x", Duration::from_millis(30))
        .await
        .unwrap();
    wait_until("the entry is gone", async || {
        redis.get("public-cache", "a").await.unwrap().is_none()
    })
    .await;
}
