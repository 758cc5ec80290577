//! Everything that must hold in both shapes, and what only processes of their own can show.

use rustix::process::Signal;

use crate::{
    browser, chat, crashes, hiding, hostile_media, mails, pages, readings, redelivery, sizes,
    support::{
        platform::{Platform, Shape},
        processes,
        scenarios::Scenarios,
    },
    tokens, travel,
};

#[tokio::test(flavor = "multi_thread")]
async fn in_one_process() {
    let mut platform = Platform::start(Shape::Single).await;
    let mut scenarios = Scenarios::default();
    in_any_shape(&platform, &mut scenarios).await;
    scenarios
        .check("asked to end, it leaves no process behind", async {
            platform.command.signal(Signal::TERM);
            assert!(platform.command.ended().await.success());
            processes::none_around(&platform.data()).await;
        })
        .await;
    scenarios.finish(|| platform.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn as_in_the_cloud() {
    let mut platform = Platform::start(Shape::Cloud).await;
    let mut scenarios = Scenarios::default();
    in_any_shape(&platform, &mut scenarios).await;
    scenarios
        .check(
            "a processor killed in mid-render publishes late and once",
            crashes::a_killed_processor_publishes_late_and_once(&platform),
        )
        .await;
    scenarios
        .check(
            "an api killed between commit and enqueue costs no job",
            crashes::a_killed_api_costs_no_job(&platform),
        )
        .await;
    scenarios
        .check(
            "a killed gateway costs no message",
            chat::a_killed_gateway_costs_no_message(&platform),
        )
        .await;
    scenarios
        .check(
            "pages lose nothing when their gateways are killed",
            pages::pages_lose_nothing_when_their_gateways_are_killed(&platform),
        )
        .await;
    scenarios
        .check(
            "a killed proxy is there again",
            crashes::a_killed_proxy_is_there_again(&platform),
        )
        .await;
    scenarios
        .check("killed, it leaves no process behind", async {
            platform.command.signal(Signal::KILL);
            platform.command.ended().await;
            processes::none_around(&platform.data()).await;
        })
        .await;
    scenarios
        .check(
            "after a kill it starts again, and ends when asked to",
            async {
                platform.start_again().await;
                platform.feed_is("as it was", |feed| !feed.is_empty()).await;
                platform.command.signal(Signal::TERM);
                assert!(platform.command.ended().await.success());
                processes::none_around(&platform.data()).await;
            },
        )
        .await;
    scenarios.finish(|| platform.logs());
}

async fn in_any_shape(platform: &Platform, scenarios: &mut Scenarios) {
    is_there(platform, scenarios).await;
    scenarios
        .check(
            "a reel travels from a phone to everybody under one trace",
            travel::a_reel_travels_under_one_trace(platform),
        )
        .await;
    scenarios
        .check(
            "a message reaches both wherever they listen",
            chat::a_message_reaches_both_wherever_they_listen(platform),
        )
        .await;
    scenarios
        .check(
            "hiding during processing stays hidden",
            hiding::hide_during_processing_stays_hidden(platform),
        )
        .await;
    scenarios
        .check(
            "a task delivered twice is rendered once",
            redelivery::a_task_delivered_twice_is_rendered_once(platform),
        )
        .await;
    scenarios
        .check(
            "hostile media end clearly",
            hostile_media::hostile_media_end_clearly(platform),
        )
        .await;
    scenarios
        .check(
            "a browser shows the interface",
            browser::a_browser_shows_the_interface(platform),
        )
        .await;
    scenarios
        .check(
            "two people chat in two tabs",
            pages::two_people_chat_in_two_tabs(platform),
        )
        .await;
    scenarios
        .check(
            "mails are read on a page",
            mails::mails_are_read_on_a_page(platform),
        )
        .await;
}

/// What can be seen before anybody does anything.
async fn is_there(platform: &Platform, scenarios: &mut Scenarios) {
    scenarios
        .check(
            "the sample is in the feed",
            platform.feed_is("with the sample", |feed| feed.len() == 1),
        )
        .await;
    scenarios
        .check(
            "tokens are those people, for a day",
            tokens::tokens_are_those_people_for_a_day(platform),
        )
        .await;
    scenarios
        .check(
            "pool, outbox and backlog can be read",
            readings::pool_outbox_and_backlog_can_be_read(platform),
        )
        .await;
    scenarios
        .check(
            "a body of many pages arrives",
            sizes::a_body_of_many_pages_arrives(platform),
        )
        .await;
}
