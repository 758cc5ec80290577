use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::pubsub::proto::PubsubMessage;

const RETENTION: Duration = Duration::from_mins(10);

fn at(seconds: i64) -> Time {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn rules() -> Rules {
    Rules {
        ordered: true,
        retention: RETENTION,
        backoff: None,
        max_attempts: None,
    }
}

fn backlog(rules: Rules, keys: &[&str]) -> Backlog {
    let mut backlog = Backlog::new(rules, 0);
    for (id, key) in (1..).zip(keys) {
        let body = PubsubMessage {
            ordering_key: (*key).to_owned(),
            ..PubsubMessage::default()
        };
        backlog.push(Message::publish(id, at(0), body));
    }
    backlog
}

fn holder(id: u64) -> Holder {
    Holder {
        id,
        max_messages: 100,
        max_bytes: 1 << 20,
        per_key: PerKey::Many,
    }
}

fn take(backlog: &mut Backlog, id: u64) -> Vec<AckId> {
    backlog
        .take(&holder(id), 100, at(10))
        .iter()
        .map(|delivery| delivery.ack_id)
        .collect()
}

fn messages(acks: &[AckId]) -> Vec<MessageId> {
    acks.iter().map(|ack| ack.message).collect()
}

#[test]
fn acknowledged_messages_are_settled_and_not_offered_again() {
    let mut backlog = backlog(rules(), &["", ""]);
    let acks = take(&mut backlog, 1);
    backlog.ack(&acks[1]);
    assert_eq!(backlog.effects().settled, [2]);
    backlog.tick(at(10));
    assert_eq!(messages(&take(&mut backlog, 1)), [1]);
}

#[test]
fn a_key_stays_with_its_holder_until_everything_out_is_settled() {
    let mut backlog = backlog(rules(), &["k", "k"]);
    let first = backlog.take(&holder(1), 1, at(10));
    assert_eq!(take(&mut backlog, 2), []);
    backlog.ack(&first[0].ack_id);
    assert_eq!(messages(&take(&mut backlog, 2)), [2]);
}

#[test]
fn a_nack_brings_back_all_later_messages_of_its_key_even_acknowledged_ones() {
    let mut backlog = backlog(rules(), &["k", "k", "x", "k", "k"]);
    let acks = take(&mut backlog, 1);
    assert_eq!(messages(&acks), [1, 2, 3, 4, 5]);
    backlog.ack(&acks[0]);
    backlog.ack(&acks[3]);
    assert_eq!(backlog.effects().settled, [1]);
    backlog.nack(&acks[1], at(1));
    assert_eq!(messages(&take(&mut backlog, 1)), [2, 4, 5]);
    backlog.ack(&acks[4]);
    assert!(
        backlog.effects().settled.is_empty(),
        "an old lease has no say"
    );
}

#[test]
fn a_single_window_sends_one_message_of_a_key_at_a_time() {
    let mut backlog = backlog(rules(), &["k", "k", "x"]);
    let push = Holder {
        per_key: PerKey::One,
        ..holder(1)
    };
    let deliveries = backlog.take(&push, 10, at(10));
    assert_eq!(
        deliveries.iter().map(|d| d.message.id).collect::<Vec<_>>(),
        [1, 3]
    );
    backlog.ack(&deliveries[0].ack_id);
    assert_eq!(backlog.take(&push, 10, at(10))[0].message.id, 2);
}

#[test]
fn a_lease_that_ran_out_is_redelivered_and_counted() {
    let mut backlog = backlog(rules(), &[""]);
    let old = take(&mut backlog, 1);
    assert_eq!(backlog.next_due(), Some(at(10)));
    backlog.extend(&old[0], at(20));
    backlog.tick(at(10));
    assert_eq!(take(&mut backlog, 1), []);
    backlog.tick(at(20));
    let again = backlog.take(&holder(2), 1, at(30));
    assert_eq!(again[0].attempt, 2);
    backlog.ack(&old[0]);
    assert!(backlog.effects().settled.is_empty());
}

#[test]
fn a_late_acknowledgement_counts_until_the_message_goes_out_again() {
    let mut backlog = backlog(rules(), &["", "k", "k"]);
    let acks = take(&mut backlog, 1);
    backlog.drop_holder(1);
    for ack in &acks {
        backlog.ack(ack);
    }
    assert_eq!(backlog.effects().settled, [1, 2, 3]);
}

#[test]
fn a_holder_that_goes_away_gives_everything_back_at_once() {
    let slow = Rules {
        backoff: Some((RETENTION, RETENTION)),
        ..rules()
    };
    let mut backlog = backlog(slow, &["", "k", "k"]);
    take(&mut backlog, 1);
    backlog.drop_holder(1);
    assert_eq!(messages(&take(&mut backlog, 2)), [1, 2, 3]);
}

#[test]
fn a_retry_policy_doubles_the_pause_up_to_its_maximum() {
    let backoff = Some((Duration::from_secs(1), Duration::from_secs(3)));
    let mut backlog = backlog(Rules { backoff, ..rules() }, &["k", "k"]);
    for (pause, round) in [(1, 0), (2, 10), (3, 20), (3, 30)] {
        let acks = take(&mut backlog, 1);
        assert_eq!(messages(&acks), [1, 2]);
        backlog.nack(&acks[0], at(round));
        assert_eq!(
            take(&mut backlog, 1),
            [],
            "the key waits with its first message"
        );
        backlog.tick(at(round + pause - 1));
        assert_eq!(take(&mut backlog, 1), []);
        backlog.tick(at(round + pause));
    }
}

#[test]
fn the_last_attempt_parks_a_message_until_it_is_dead_lettered() {
    let mut backlog = backlog(
        Rules {
            max_attempts: Some(1),
            ..rules()
        },
        &["k", "k"],
    );
    let acks = take(&mut backlog, 1);
    backlog.nack(&acks[0], at(1));
    assert_eq!(backlog.effects().dead[0].0.id, 1);
    assert_eq!(take(&mut backlog, 1), []);
    backlog.settle(1);
    assert_eq!(messages(&take(&mut backlog, 1)), [2]);
}

#[test]
fn flow_control_bounds_what_a_holder_has() {
    let mut backlog = backlog(rules(), &["", "", ""]);
    let narrow = Holder {
        max_messages: 2,
        ..holder(1)
    };
    let acks = backlog.take(&narrow, 10, at(10));
    assert_eq!(acks.len(), 2);
    assert_eq!(backlog.take(&narrow, 10, at(10)).len(), 0);
    backlog.ack(&acks[0].ack_id);
    assert_eq!(backlog.take(&narrow, 10, at(10)).len(), 1);
}

#[test]
fn what_is_taken_at_once_stays_small_but_never_empty() {
    let mut backlog = Backlog::new(rules(), 0);
    for id in 1..=3 {
        let data = vec![0; 700 << 10].into();
        backlog.push(Message::publish(
            id,
            at(0),
            PubsubMessage {
                data,
                ..Default::default()
            },
        ));
    }
    let vast = Holder {
        max_bytes: usize::MAX,
        ..holder(1)
    };
    assert_eq!(backlog.take(&vast, 10, at(10)).len(), 2);
    assert_eq!(backlog.take(&vast, 10, at(10)).len(), 1);
}

#[test]
fn messages_past_their_retention_are_forgotten_even_when_leased() {
    let mut backlog = backlog(rules(), &["k", ""]);
    backlog.take(&holder(1), 1, at(6000));
    backlog.tick(at(600));
    assert_eq!(backlog.effects().settled, [1, 2]);
    assert_eq!(
        (backlog.len(), backlog.bytes(), backlog.next_due()),
        (0, 0, None)
    );
}

#[derive(Clone, Debug)]
enum Step {
    Take { holder: u64, limit: usize },
    Ack(usize),
    Nack(usize),
    Drop(u64),
    Expire,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u64, 1..5_usize).prop_map(|(holder, limit)| Step::Take { holder, limit }),
        6 => (0..40_usize).prop_map(Step::Ack),
        2 => (0..40_usize).prop_map(Step::Nack),
        1 => (0..3_u64).prop_map(Step::Drop),
        1 => Just(Step::Expire),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn every_message_settles_once_and_each_key_in_order(
        keys in prop::collection::vec(prop::sample::select(vec!["", "a", "b"]), 1..12),
        steps in steps(),
    ) {
        let unending = Rules { retention: Duration::from_hours(24), ..rules() };
        let mut backlog = backlog(unending, &keys);
        let mut seen: Vec<AckId> = Vec::new();
        let mut settled: Vec<MessageId> = Vec::new();
        let mut now = 0;
        let finish = std::iter::repeat_n(Step::Expire, 1)
            .chain(std::iter::repeat_n(Step::Take { holder: 9, limit: 100 }, 1))
            .chain((0..12).map(Step::Ack));
        for step in steps.into_iter().chain(finish) {
            match step {
                Step::Take { holder: id, limit } => {
                    let taken = backlog.take(&holder(id), limit, at(now + 10));
                    seen.splice(0..0, taken.iter().map(|delivery| delivery.ack_id));
                }
                Step::Ack(index) => seen.get(index).into_iter().for_each(|ack| backlog.ack(ack)),
                Step::Nack(index) => {
                    seen.get(index).into_iter().for_each(|ack| backlog.nack(ack, at(now)));
                }
                Step::Drop(id) => backlog.drop_holder(id),
                Step::Expire => {
                    now += 10;
                    backlog.tick(at(now));
                }
            }
            settled.extend(backlog.effects().settled);
        }
        let mut all = settled.clone();
        all.sort_unstable();
        prop_assert_eq!(&all, &(1..=i64::try_from(keys.len()).unwrap()).collect::<Vec<_>>());
        for key in ["a", "b"] {
            let of_key: Vec<_> =
                settled.iter().filter(|id| keys[usize::try_from(**id).unwrap() - 1] == key).collect();
            prop_assert!(of_key.is_sorted());
        }
        prop_assert!(backlog.held.is_empty() && backlog.timers.is_empty() && backlog.keys.is_empty());
    }
}
