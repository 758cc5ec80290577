//! The vectors of the specification, and what is true of every normal form. The corpus of real input is in
//! `tests/intake_corpus.rs`.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id() -> ShopId {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_beef).into()
}

#[test]
fn cuits_are_eleven_digits_with_the_right_last_one() {
    for (typed, digits) in [
        ("30-71234567-1", Some("30712345671")),
        ("30 71234567 1", Some("30712345671")),
        ("20-12345678-6", Some("20123456786")),
        ("30–71234567–1", Some("30712345671")),
        ("30-71234567-2", None),
        ("30.71234567.1", None),
        ("30-71234567-1x", None),
        ("3071234567", None),
        ("307123456711", None),
        ("00-00000000-0", None),
        ("", None),
    ] {
        assert_eq!(cuit(typed).as_deref(), digits, "{typed}");
    }
    assert_eq!(cuit_digits("30-71234567-2").as_deref(), Some("30712345672"));
    assert_eq!(cuit_digits("30-71234567"), None);
    assert_eq!(cuit_digits("30.71234567.1"), None);
}

#[test]
fn the_last_digit_follows_from_the_others_at_both_edges() {
    // Sums that leave 0 and 1: eleven counts as 0, ten as 9.
    let last = |first_ten: &str| (0..10).find(|last| cuit(&format!("{first_ten}{last}")).is_some());
    let by_rest = |rest: u32| {
        (2_000_000_000_u64..2_000_001_000)
            .map(|n| n.to_string())
            .find(|n| {
                let sum: u32 = n
                    .chars()
                    .zip(CUIT_WEIGHTS)
                    .map(|(c, w)| c.to_digit(10).unwrap() * w)
                    .sum();
                sum % 11 == rest
            })
    };
    assert_eq!(last(&by_rest(0).unwrap()), Some(0));
    assert_eq!(last(&by_rest(1).unwrap()), Some(9));
    assert_eq!(last(&by_rest(4).unwrap()), Some(7));
}

#[test]
fn mobile_numbers_are_read_however_they_are_dialled() {
    let buenos_aires = Some("+5491144445555");
    for (typed, number) in [
        ("+54 9 11 4444-5555", buenos_aires),
        ("1144445555", buenos_aires),
        ("011 15 4444-5555", buenos_aires),
        ("541144445555", buenos_aires),
        ("91144445555", buenos_aires),
        ("0054 9 11 4444 5555", buenos_aires),
        ("+54 011 15 4444 5555", buenos_aires),
        ("02320 15 444444", Some("+5492320444444")),
        ("549 351 15 1234567", Some("+5493511234567")),
        ("0341 155 123456", Some("+5493415123456")),
        ("11 1534-5678", Some("+5491115345678")),
        ("+1 202 555 0100", None),
        ("+598 99 123 456", None),
        ("00 34 612 345 678", None),
        ("12025550100", None),
        ("4444-5555", None),
        ("15 4444 5555", None),
        ("1244445555", None),
        ("", None),
    ] {
        assert_eq!(whatsapp(typed).as_deref(), number, "{typed}");
    }
}

#[test]
fn sites_get_a_scheme_and_lose_their_last_slash() {
    for (typed, site) in [
        ("gamma.com.ar/", Some("https://gamma.com.ar")),
        (
            " HTTP://Gamma.com.ar/Tienda// ",
            Some("http://gamma.com.ar/Tienda"),
        ),
        ("gamma.com.ar/x?a=1", Some("https://gamma.com.ar/x?a=1")),
        ("foo", None),
        ("ftp://a.b", None),
        ("javascript:alert(1)", None),
        ("https://bank.example@evil.example", None),
        ("https://1.2.3.4", None),
        ("a..b", None),
        ("", None),
    ] {
        assert_eq!(website(typed).as_deref(), site, "{typed}");
    }
    assert_eq!(website(&format!("a.b/{}", "x".repeat(2048))), None);
}

#[test]
fn slugs_are_plain_and_cut() {
    for (name, slug) in [
        ("Hilos del Sur", "hilos-del-sur"),
        ("  ¡Ñandú & Cía.!  ", "nandu-cia"),
        ("日本", "tienda-deadbeef"),
        ("", "tienda-deadbeef"),
    ] {
        assert_eq!(slug_base(name, id()), slug);
    }
    assert_eq!(slug_base(&"a".repeat(60), id()).len(), 48);
    assert_eq!(
        slug_base(&format!("{} b", "a".repeat(47)), id()),
        "a".repeat(47)
    );
}

#[test]
fn the_first_free_slug_is_taken() {
    let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
    let taken = |n: u32| -> BTreeSet<String> {
        let numbered = (2..=n).map(|n| format!("luna-{n}"));
        numbered.chain(["luna".to_owned()]).collect()
    };
    assert_eq!(free_slug("luna", &BTreeSet::new(), now), "luna");
    assert_eq!(free_slug("luna", &taken(1), now), "luna-2");
    assert_eq!(free_slug("luna", &taken(119), now), "luna-120");
    assert_eq!(free_slug("luna", &taken(120), now), "luna-1773144000000");
}

proptest! {
    #[test]
    fn normal_forms_never_panic_and_stay(typed in any::<String>()) {
        for form in [cuit, whatsapp, website] {
            if let Some(normal) = form(&typed) {
                prop_assert_eq!(form(&normal), Some(normal.clone()));
            }
        }
        let slug = slug_base(&typed, id());
        prop_assert!(!slug.is_empty() && slug.len() <= 48 && !slug.ends_with('-') && !slug.contains("--"));
        prop_assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        prop_assert_eq!(slug_base(&slug, id()), slug);
    }

    #[test]
    fn numbers_typed_like_numbers_stay_in_shape(typed in "[+]?[0-9 ().\\-]{0,24}") {
        if let Some(number) = whatsapp(&typed) {
            prop_assert!(number.starts_with("+549") && number.len() == 14);
            prop_assert_eq!(whatsapp(&number), Some(number.clone()));
        }
        if let Some(digits) = cuit(&typed) {
            prop_assert!(digits.len() == 11 && digits.chars().all(|c| c.is_ascii_digit()));
        }
    }

    #[test]
    fn exactly_one_last_digit_makes_a_cuit(first_ten in "[1-9][0-9]{9}") {
        let valid = (0..10).filter(|last| cuit(&format!("{first_ten}{last}")).is_some()).count();
        prop_assert_eq!(valid, 1);
    }

    #[test]
    fn sites_typed_like_sites_stay(typed in "(https?://)?[a-zA-Z.\\-]{1,20}(/[a-z/?=]{0,10})?") {
        if let Some(site) = website(&typed) {
            prop_assert!(site.starts_with("http") && !site.ends_with('/'));
            prop_assert_eq!(website(&site), Some(site.clone()));
        }
    }
}
