//! Pub/Sub through `google-cloud-pubsub`. [`contract`] is what holds wherever that crate is pointed
//! to; it runs against gcp-local and, where it is installed, against Google's emulator. The other
//! modules test what only gcp-local has: a clock to step, signed pushes, a disk.

mod calls;
mod clock;
mod contract;
mod durability;
mod emulator;
mod endpoint;
mod push;
mod site;

use crate::support;

/// One test for each item of the contract, on a server of its own.
macro_rules! on_gcp_local {
    ($($behaviour:ident),+ $(,)?) => {
        mod on_gcp_local {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let server = super::support::server().await;
                    let site = super::site::Site::new(server.url(), stringify!($behaviour));
                    super::contract::$behaviour(&site).await;
                    server.shutdown().await;
                }
            )+

            /// A behaviour that is added to the contract is added here, too.
            #[test]
            fn runs_the_whole_contract() {
                let here = [$(stringify!($behaviour)),+];
                let all: Vec<_> =
                    super::contract::CONTRACT.iter().map(|item| item.behaviour).collect();
                assert_eq!(here.as_slice(), all);
            }
        }
    };
}

on_gcp_local![
    messages_arrive_whole,
    a_message_goes_to_every_subscription_once,
    a_nacked_message_comes_back,
    a_lease_that_runs_out_brings_its_message_back,
    a_dropped_stream_gives_its_messages_back_at_once,
    flow_control_bounds_what_is_outstanding,
    a_thousand_messages_pass,
    keyed_messages_arrive_in_order,
    a_nack_redelivers_all_later_messages_of_its_key,
    filters_decide_what_a_subscription_gets,
    invalid_filters_are_refused,
    errors_have_googles_codes,
    values_out_of_bounds_are_refused,
    subscriptions_show_defaults_and_updates,
    lists_are_paged,
    deleting_a_topic_keeps_its_subscriptions,
    deleting_a_subscription_ends_its_streams,
    messages_too_often_refused_are_dead_lettered,
    refused_pushes_are_repeated,
];
