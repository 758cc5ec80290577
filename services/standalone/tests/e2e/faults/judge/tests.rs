//! A judge that finds nothing wrong is only worth something if it finds everything that is.

use avvivo_contracts::cursor::{Cursor, Place, Tag};

use super::*;
use crate::faults::truth::Told;

const OWN: &str = "client:a";
const TALK: Uuid = Uuid::from_u128(7);

/// Four messages.
fn truth() -> Truth {
    let facts = (1..=4).map(|number| Fact::Message {
        id: Uuid::from_u128(number),
        conversation: TALK,
    });
    let told = Told::of(0, facts.collect());
    Truth {
        told: [(OWN.to_owned(), told)].into(),
        ..Truth::default()
    }
}

fn at(place: Place) -> Cursor {
    [(Tag::of(OWN), place)].into_iter().collect()
}

fn opened(place: Place, asked: Asked) -> Entry {
    Entry::Opened {
        asked,
        cursor: at(place),
    }
}

fn first_half(number: u64) -> Entry {
    Entry::Told {
        news: News::Message(Uuid::from_u128(number.into())),
        cursor: at(Place::within(number)),
    }
}

fn second_half(number: u64) -> Entry {
    Entry::Told {
        news: News::Unread { conversation: TALK },
        cursor: at(Place::after(number)),
    }
}

fn gap(from: u64, to: u64) -> Entry {
    Entry::Gap {
        audience: OWN.to_owned(),
        from,
        to,
        cursor: at(Place::after(to)),
    }
}

fn whole(numbers: &[u64]) -> Vec<Entry> {
    let halves = numbers
        .iter()
        .flat_map(|number| [first_half(*number), second_half(*number)]);
    halves.collect()
}

fn blamed(entries: Vec<Entry>) -> Vec<String> {
    let mut record = Record::of("somebody".to_owned(), vec![OWN.to_owned()]);
    record.note(opened(Place::after(0), Asked::Now));
    for entry in entries {
        record.note(entry);
    }
    judge(&record, &truth())
}

fn is_blamed(entries: Vec<Entry>, what: &str) {
    let found = blamed(entries);
    assert!(found.iter().any(|found| found.contains(what)), "{found:?}");
}

#[test]
fn everything_once_in_order_is_right() {
    assert!(blamed(whole(&[1, 2, 3, 4])).is_empty());
}

#[test]
fn a_message_cut_in_two_and_gone_on_with_is_right() {
    let mut entries = whole(&[1]);
    entries.push(first_half(2));
    entries.push(opened(Place::within(2), Asked::After(at(Place::within(2)))));
    entries.push(second_half(2));
    entries.extend(whole(&[3, 4]));
    assert!(blamed(entries).is_empty());
}

#[test]
fn a_hole_is_right_only_where_it_is_named_exactly() {
    let with = |gap: Option<Entry>| {
        let mut entries = whole(&[1]);
        entries.extend(gap);
        entries.extend(whole(&[4]));
        entries
    };
    assert!(blamed(with(Some(gap(2, 3)))).is_empty());
    is_blamed(with(None), "went from 2 to 7");
    is_blamed(with(Some(gap(3, 3))), "a gap from 3 to 3");
    is_blamed(with(Some(gap(2, 4))), "went from 8 to 7");
    is_blamed(with(Some(gap(2, 9))), "beyond the head");
}

#[test]
fn what_comes_twice_or_out_of_order_or_not_at_all_is_wrong() {
    is_blamed(whole(&[1, 2, 2, 3, 4]), "went from 4 to 3");
    is_blamed(whole(&[1, 3, 2, 4]), "went from 2 to 5");
    is_blamed(whole(&[1, 2, 3]), "whose head is 8");
    is_blamed(Vec::new(), "whose head is 8");
}

#[test]
fn a_number_with_another_message_is_wrong() {
    let mut entries = whole(&[1]);
    entries.push(Entry::Told {
        news: News::Message(Uuid::from_u128(9)),
        cursor: at(Place::within(2)),
    });
    is_blamed(entries, "number 2 of client:a");
}

#[test]
fn a_seam_that_moves_is_wrong() {
    let mut entries = whole(&[1, 2]);
    entries.push(opened(Place::after(3), Asked::After(at(Place::after(2)))));
    entries.extend(whole(&[4]));
    is_blamed(entries, "let in at 6 of client:a instead of Some(4)");
    let mut entries = whole(&[1, 2]);
    entries.push(Entry::Stands {
        cursor: at(Place::after(3)),
    });
    is_blamed(entries, "moved without being told anything");
}

#[test]
fn a_page_and_its_stream_leave_nothing_out() {
    let page = |newest: u128| Entry::Page {
        conversation: TALK,
        messages: (1..=newest).map(Uuid::from_u128).collect(),
        cursor: at(Place::after(3)),
    };
    let with = |newest| {
        let mut entries = whole(&[1]);
        entries.push(page(newest));
        entries.push(opened(Place::after(3), Asked::After(at(Place::after(3)))));
        entries.extend(whole(&[4]));
        entries
    };
    assert!(blamed(with(3)).is_empty());
    is_blamed(with(2), "neither the page nor the stream");
}
