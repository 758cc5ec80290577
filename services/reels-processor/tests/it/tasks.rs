//! Who may bring a task, and what a task has to say.

use avvivo_contracts::events::v1::event::Payload;
use avvivo_service_kit::{config::load, telemetry};
use http::StatusCode;
use prost::Message as _;

use crate::{
    house::{AUDIENCE, House, QUEUE_ACCOUNT, message},
    running::task,
    samples,
};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_queue_may_bring_tasks() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;
    let mint = |account, audience| {
        house
            .gcp
            .issuer()
            .google_id_token(account, audience)
            .unwrap()
    };
    let elsewhere = mint(QUEUE_ACCOUNT, "http://api.test");
    let stranger = mint("somebody@avvivo-local.iam.gserviceaccount.com", AUDIENCE);
    let body = || message(reel).encode_to_vec();

    for (token, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("not a token"), StatusCode::UNAUTHORIZED),
        (Some(elsewhere.as_str()), StatusCode::UNAUTHORIZED),
        (Some(stranger.as_str()), StatusCode::FORBIDDEN),
    ] {
        let answer = running.ask(task(token, body())).await;
        assert_eq!(answer.status, status, "{token:?}: {answer:?}");
    }

    let row = house.row(reel).await;
    assert_eq!(
        (row.stage, row.render_attempts, row.lease_token),
        (None, 0, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_dropped_for_good() {
    let house = House::open().await;
    let running = house.processor().await;
    let token = house.token();

    for body in [b"{\"reelId\":1}".to_vec(), Vec::new(), vec![0; 64 * 1024]] {
        let answer = running.ask(task(Some(&token), body)).await;
        assert_eq!(
            (answer.status, answer.outcome()),
            (StatusCode::OK, "dropped")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reel_that_does_not_exist_and_a_version_that_never_was_are_nothing_to_do() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;
    let token = house.token();
    let unknown = message(uuid::Uuid::from_u128(404).into());
    let never_was = avvivo_contracts::jobs::v1::RenderReel {
        version: 2,
        ..message(reel)
    };

    for message in [unknown, never_was] {
        let answer = running
            .ask(task(Some(&token), message.encode_to_vec()))
            .await;
        assert_eq!(
            (answer.status, answer.outcome()),
            (StatusCode::OK, "nothing_to_do")
        );
    }
    assert_eq!(house.row(reel).await.render_attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_belongs_to_the_trace_that_its_message_names() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let nothing = |_: &str| None;
    telemetry::init("test", &load(&nothing).unwrap().config).unwrap();
    let house = House::open().await;
    let reel = house
        .publish_photos(&samples::photo(), 1, &samples::overlay())
        .await;
    let running = house.processor().await;
    let message = avvivo_contracts::jobs::v1::RenderReel {
        traceparent: format!("00-{TRACE}-00f067aa0ba902b7-01"),
        ..message(reel)
    };

    running
        .ask(task(Some(&house.token()), message.encode_to_vec()))
        .await;

    let events = house.events().await;
    let published = events
        .iter()
        .find(|event| matches!(event.payload, Some(Payload::ReelPublished(_))))
        .unwrap();
    assert!(published.traceparent.contains(TRACE), "{published:?}");
}
