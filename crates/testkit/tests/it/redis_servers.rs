//! Each test's part of the shared Redis is its own; a private one can be killed.

use avvivo_testkit::{PrivateRedis, TestRedis};
use redis::AsyncCommands;

#[tokio::test]
async fn two_parts_of_the_shared_server_are_separate() {
    let (one, other) = tokio::join!(TestRedis::create(), TestRedis::create());
    let (mut here, mut there) = tokio::join!(one.connect(), other.connect());
    here.set::<_, _, ()>("key", "value").await.unwrap();
    assert!(!there.exists::<_, bool>("key").await.unwrap());
    assert_ne!(one.prefix(), other.prefix());
}

#[tokio::test]
async fn a_private_server_goes_away_and_comes_back_empty() {
    let mut server = PrivateRedis::start().await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut before = client.get_multiplexed_async_connection().await.unwrap();
    before.set::<_, _, ()>("key", "value").await.unwrap();
    server.kill().await;
    assert!(client.get_multiplexed_async_connection().await.is_err());
    server.restart().await;
    let mut after = client.get_multiplexed_async_connection().await.unwrap();
    assert!(!after.exists::<_, bool>("key").await.unwrap());
}
