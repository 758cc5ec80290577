//! Starts at the same moment, starts that are given up, and starts that find the sample gone.

use std::collections::BTreeMap;

use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::{Seen, wait_for};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::Home;
use crate::support::{
    PATIENCE,
    command::{Running, variables},
    database::Rows,
    people::Person,
    platform::home,
    processes,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_starts_at_once_without_a_port_get_two() {
    install_crypto();
    let home = home();
    let one = Home::below(&home.path().join("one"));
    let other = Home::below(&home.path().join("other"));

    let (first, second) = tokio::join!(one.dev(&["--detach"]), other.dev(&["--detach"]));

    first.well();
    second.well();
    let mut feeds = Vec::new();
    for home in [&one, &other] {
        let told = variables(&home.data.join("dev.env"));
        let feed = Person::anybody(&told["BASE_URL"]).reel_ids("/reels").await;
        assert_eq!(feed.len(), 1);
        feeds.push((told["BASE_URL"].clone(), feed));
    }
    assert_ne!(feeds[0].0, feeds[1].0);
    assert_ne!(feeds[0].1, feeds[1].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_starts_at_once_over_one_folder_are_one() {
    install_crypto();
    let home = home();
    let place = Home::below(home.path());

    // Whoever is slower waits for what the other one starts.
    let (first, second) = tokio::join!(place.detach(), place.detach());

    assert_eq!(first, second);
    assert_eq!(place.feed().await.len(), 1);
    place.dev(&["--stop"]).await.well();
    processes::none_around(&place.data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_given_up_leaves_nothing_behind() {
    let home = home();
    let logs = home.path().join("logs");
    // Before there are servers, and when there are.
    for (signal, sign) in [(Signal::INT, "running.lock"), (Signal::TERM, "servers.env")] {
        let place = Home::below(home.path());
        let mut command = Running::dev(&logs, &place.data, &["--port", &place.port, "--detach"]);
        let sign = place.data.join(sign);
        wait_for("the platform to get so far", PATIENCE, async || {
            if sign.exists() {
                Seen::Done(())
            } else {
                Seen::NotYet(command.log())
            }
        })
        .await;

        command.signal(signal);

        let status = timeout(PATIENCE, command.ended()).await.unwrap();
        assert_eq!(status.code(), Some(1), "{}", command.log());
        processes::none_around(&place.data).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_finds_no_sample_in_the_feed_publishes_one() {
    install_crypto();
    let home = home();
    let place = Home::below(home.path());
    place.detach().await;
    let feed = place.feed().await;
    hide(&place, feed[0]).await;
    place.dev(&["--stop"]).await.well();

    let said = place.detach().await;

    assert!(said.contains("runs at"), "{said}");
    let again = place.feed().await;
    assert_eq!(again.len(), 1);
    assert_ne!(again, feed);

    // And where the day's reels are used up, everything else is there all the same.
    hide(&place, again[0]).await;
    use_up_quota(&place).await;
    place.dev(&["--stop"]).await.well();
    let mut command = Running::dev(home.path(), &place.data, &["--port", &place.port]);
    command.ready(&place.data).await;
    let log = command.log();
    assert!(log.contains("no sample today"), "{log}");
    assert_eq!(place.feed().await, Vec::<Uuid>::new());
    command.signal(Signal::INT);
    assert!(command.ended().await.success());
}

async fn hide(place: &Home, reel: Uuid) {
    let told: BTreeMap<_, _> = variables(&place.data.join("dev.env"));
    let owner = Person::new(&told["BASE_URL"], &told["TOKEN_SHOP_1"]);
    owner
        .post(&format!("/reels/{reel}/hide"), &json!({}))
        .await
        .ok();
}

async fn use_up_quota(place: &Home) {
    let told = variables(&place.data.join("dev.env"));
    let servers = variables(&place.data.join("servers.env"));
    let rows = Rows::at(&servers["DATABASE_URL"]);
    rows.use_up_quota(told["SHOP_1_ID"].parse().unwrap()).await;
}
