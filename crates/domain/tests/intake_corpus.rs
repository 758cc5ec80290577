#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
//! What people really type when they register a shop in the galleries around Avenida Avellaneda, and what becomes of it.
//!
//! A line of the corpus is a kind, what was typed, and its normal form; null where it is refused. The last digits of the
//! CUITs were computed apart from the code under test.

use std::collections::BTreeMap;

use avvivo_domain::{
    identity::Email,
    shops::intake::{Address, AddressDefaults, Neighbour, check_address, normal},
    text,
};
use serde_json::json;
use uuid::Uuid;

type Line = (String, String, Option<String>);

fn corpus() -> Vec<Line> {
    let lines: serde_json::Value =
        serde_json::from_str(include_str!("intake_corpus.json")).unwrap();
    serde_json::from_value(lines).unwrap()
}

fn address(typed: &str) -> Address {
    let parts: Vec<&str> = typed.split('|').collect();
    let sent =
        json!({"street": parts[0], "number": parts[1], "city": parts[2], "province": parts[3]});
    Address::read(Some(&sent), &AddressDefaults::default()).unwrap()
}

fn is_there(line: &str) -> bool {
    let neighbour = Neighbour {
        name: "Otra".to_owned(),
        address: Some(line.to_owned()),
        ..Neighbour::default()
    };
    check_address(
        &address("Av. Avellaneda|3250|CABA|CABA"),
        None,
        &[neighbour],
    )
    .is_err()
}

fn normal_form(kind: &str, typed: &str) -> Option<String> {
    match kind {
        "cuit" => normal::cuit(typed),
        "phone" => normal::whatsapp(typed),
        "site" => normal::website(typed),
        "name" => Some(text::match_form(typed)),
        "slug" => Some(normal::slug_base(typed, Uuid::nil().into())),
        "email" => Email::parse(typed).map(Email::into_string),
        "address" => Some(address(typed).normalized()),
        "there" => is_there(typed).then(|| "yes".to_owned()),
        other => panic!("the corpus has a kind {other}"),
    }
}

#[test]
fn everything_in_the_corpus_has_its_normal_form() {
    let wrong: Vec<String> = corpus()
        .into_iter()
        .filter_map(|(kind, typed, normal)| {
            let read = normal_form(&kind, &typed);
            (read != normal).then(|| format!("{kind} {typed:?}: {read:?}, not {normal:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn normal_forms_are_read_as_themselves() {
    for (kind, _, normal) in corpus() {
        let forms = matches!(
            kind.as_str(),
            "cuit" | "phone" | "site" | "name" | "slug" | "email"
        );
        if let Some(normal) = normal.filter(|_| forms) {
            assert_eq!(normal_form(&kind, &normal), Some(normal.clone()), "{kind}");
        }
    }
}

#[test]
fn the_corpus_is_large_and_has_both_sides_of_each_kind() {
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (kind, _, normal) in corpus() {
        let count = kinds.entry(kind).or_default();
        if normal.is_some() {
            count.0 += 1;
        } else {
            count.1 += 1;
        }
    }
    assert!(
        kinds
            .values()
            .map(|(kept, refused)| kept + refused)
            .sum::<usize>()
            >= 120
    );
    for kind in ["cuit", "phone", "site", "email", "there"] {
        let (kept, refused) = kinds[kind];
        assert!(kept >= 3 && refused >= 3, "{kind}");
    }
}
