//! What any Pub/Sub does, as functions over a [`Site`].

mod administration;
mod delivery;
mod failure;
mod order;

use futures::future::LocalBoxFuture;

pub(super) use self::administration::*;
pub(super) use self::delivery::*;
pub(super) use self::failure::*;
pub(super) use self::order::*;
use super::site::Site;

/// Whether Google's emulator can be held to a behaviour.
#[derive(Clone, Copy)]
pub(super) enum Emulator {
    Keeps,
    /// Known not to, and why.
    Breaks(&'static str),
}

pub(super) struct Item {
    pub(super) behaviour: &'static str,
    pub(super) check: for<'a> fn(&'a Site) -> LocalBoxFuture<'a, ()>,
    pub(super) emulator: Emulator,
}

macro_rules! contract {
    ($($behaviour:ident: $emulator:expr),+ $(,)?) => {
        &[$(Item {
            behaviour: stringify!($behaviour),
            check: |site| Box::pin($behaviour(site)),
            emulator: $emulator,
        }),+]
    };
}

use Emulator::{Breaks, Keeps};

pub(super) const CONTRACT: &[Item] = contract![
    messages_arrive_whole: Keeps,
    a_message_goes_to_every_subscription_once: Keeps,
    a_nacked_message_comes_back: Keeps,
    a_lease_that_runs_out_brings_its_message_back: Keeps,
    a_dropped_stream_gives_its_messages_back_at_once: Keeps,
    flow_control_bounds_what_is_outstanding:
        Breaks("lets what a full stream cannot take wait for that stream"),
    a_thousand_messages_pass: Keeps,
    keyed_messages_arrive_in_order: Keeps,
    a_nack_redelivers_all_later_messages_of_its_key:
        Breaks("redelivers the refused message alone"),
    filters_decide_what_a_subscription_gets: Breaks("stores filters and delivers everything"),
    invalid_filters_are_refused: Breaks("does not look at filters"),
    errors_have_googles_codes: Keeps,
    values_out_of_bounds_are_refused: Breaks("accepts expirations below a day"),
    subscriptions_show_defaults_and_updates: Keeps,
    lists_are_paged: Keeps,
    deleting_a_topic_keeps_its_subscriptions: Keeps,
    deleting_a_subscription_ends_its_streams: Keeps,
    messages_too_often_refused_are_dead_lettered: Keeps,
    refused_pushes_are_repeated: Keeps,
];
