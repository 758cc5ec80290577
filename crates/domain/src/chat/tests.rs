use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
    noon + TimeDelta::seconds(seconds)
}

fn conversation() -> Conversation {
    Conversation::open(
        Uuid::from_u128(1).into(),
        (Uuid::from_u128(2).into(), Uuid::from_u128(3).into()),
        at(0),
    )
}

fn text(content: &str) -> Composed {
    compose(&Fields {
        content: Some(content.to_owned()),
        ..Fields::default()
    })
    .unwrap()
}

fn say(conversation: &Conversation, side: Side, seconds: i64) -> Conversation {
    let who = (Uuid::from_u128(9).into(), Uuid::from_u128(2).into());
    conversation
        .send(side, who, text("hola"), at(seconds))
        .unwrap()
        .1
}

#[test]
fn a_message_has_the_next_place_and_the_other_side_has_one_more_to_read() {
    let asked = say(&conversation(), Side::Client, 1);
    let asked = say(&asked, Side::Client, 2);
    assert_eq!(asked.last_sequence, 2);
    assert_eq!(
        asked.shop_standing,
        Standing {
            read_to: 0,
            unread: 2
        }
    );
    assert_eq!(
        asked.client_standing,
        Standing {
            read_to: 2,
            unread: 0
        }
    );
    let answered = say(&asked, Side::Shop, 3);
    assert_eq!(
        answered.shop_standing,
        Standing {
            read_to: 3,
            unread: 0
        }
    );
    assert_eq!(
        answered.client_standing,
        Standing {
            read_to: 2,
            unread: 1
        }
    );
}

#[test]
fn the_first_answer_is_measured_once() {
    let greeted = say(&conversation(), Side::Shop, 1);
    assert_eq!(greeted.first_response_seconds, None, "nobody had asked");
    let answered = say(&say(&greeted, Side::Client, 10), Side::Shop, 194);
    assert_eq!(answered.first_shop_response_at, Some(at(194)));
    assert_eq!(answered.first_response_seconds, Some(184));
    let again = say(&say(&answered, Side::Client, 200), Side::Shop, 900);
    assert_eq!(again.first_response_seconds, Some(184));
    assert_eq!(again.first_client_message_at, Some(at(10)));
    assert_eq!(again.last_client_message_at, Some(at(200)));
}

#[test]
fn an_answer_before_the_question_by_the_clock_took_no_time() {
    let answered = say(&say(&conversation(), Side::Client, 10), Side::Shop, 8);
    assert_eq!(answered.first_response_seconds, Some(0));
}

#[test]
fn what_is_not_open_takes_no_messages() {
    for status in [ConversationStatus::Archived, ConversationStatus::Blocked] {
        let closed = Conversation {
            status,
            ..conversation()
        };
        let who = (Uuid::from_u128(9).into(), Uuid::from_u128(2).into());
        for side in [Side::Client, Side::Shop] {
            let refused = closed.send(side, who, text("hola"), at(1)).unwrap_err();
            assert_eq!(refused, ChatError::NotAvailable);
        }
    }
}

#[test]
fn reading_goes_neither_back_nor_past_the_end() {
    let mut asked = conversation();
    for second in 1..=4 {
        asked = say(&asked, Side::Client, second);
    }
    assert_eq!(asked.read_to(Side::Shop, None), 4);
    assert_eq!(asked.read_to(Side::Shop, Some(2)), 2);
    assert_eq!(asked.read_to(Side::Shop, Some(99)), 4);
    assert_eq!(asked.read_to(Side::Shop, Some(-5)), 0);
    let read = asked.read(Side::Shop, 2, 2);
    assert_eq!(read.read_to(Side::Shop, Some(1)), 2);
    assert_eq!(
        read.shop_standing,
        Standing {
            read_to: 2,
            unread: 2
        }
    );
}

proptest! {
    /// Unread is what counting would say, whatever the two do.
    #[test]
    fn unread_is_what_a_count_would_say(steps in prop::collection::vec((any::<bool>(), 0_i64..6), 0..60)) {
        let mut conversation = conversation();
        let mut written: Vec<Side> = Vec::new();
        for (is_client, step) in steps {
            let side = if is_client { Side::Client } else { Side::Shop };
            if step < 4 {
                conversation = say(&conversation, side, 1);
                written.push(side);
            } else {
                let place = conversation.read_to(side, (step == 5).then_some(conversation.last_sequence - 1));
                let unread = beyond(&written, side.other(), place);
                conversation = conversation.read(side, place, unread);
            }
            for side in [Side::Client, Side::Shop] {
                let standing = conversation.standing(side);
                prop_assert_eq!(standing.unread, beyond(&written, side.other(), standing.read_to));
            }
        }
        prop_assert_eq!(conversation.last_sequence, i64::try_from(written.len()).unwrap());
    }
}

/// How many messages `side` wrote after `place`.
fn beyond(written: &[Side], side: Side, place: i64) -> i32 {
    let after = written.iter().skip(usize::try_from(place).unwrap());
    i32::try_from(after.filter(|&&writer| writer == side).count()).unwrap()
}
