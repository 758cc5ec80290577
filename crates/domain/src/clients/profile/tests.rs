//! Each field of a profile, and what becomes of the whole.

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::fields::FieldError;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-03-10T12:00:00Z")
}

fn client() -> Client {
    let began = at("2026-03-01T00:00:00Z");
    Client {
        account_id: Uuid::from_u128(1).into(),
        display_name: None,
        username: None,
        avatar_url: None,
        phone: None,
        city: None,
        province: None,
        instagram_handle: None,
        terms_accepted_at: None,
        birth_date: None,
        style_tags: Vec::new(),
        marketing_opt_in: false,
        profile_completed_at: None,
        last_seen_at: Some(began),
        created_at: began,
        updated_at: began,
    }
}

fn patch(body: &Value) -> Result<ProfilePatch, ClientError> {
    ProfilePatch::read(body.as_object().unwrap(), now())
}

fn patched(client: Client, body: &Value) -> Client {
    patch(body).unwrap().apply(client, now())
}

#[test]
fn the_documented_example_is_stored_as_documented() {
    let after = patched(
        client(),
        &json!({
            "displayName": " Ana  P ", "username": " @Ana.P ", "phone": "+54 9 11 3333 0000",
            "instagramHandle": "@@anap", "styleTags": ["Denim", "denim", " "],
            "onboardingTermsAccepted": true,
        }),
    );
    assert_eq!(after.display_name.as_deref(), Some("Ana P"));
    assert_eq!(after.username.as_deref(), Some("ana.p"));
    assert_eq!(after.phone.as_deref(), Some("+5491133330000"));
    assert_eq!(after.instagram_handle.as_deref(), Some("anap"));
    assert_eq!(after.style_tags, ["denim"]);
    assert_eq!(after.terms_accepted_at, Some(now()));
    assert_eq!(after.completion().percent, 80);
}

#[test]
fn what_is_not_named_stays_and_null_clears() {
    let full = patched(
        client(),
        &json!({
            "displayName": "Ana", "username": "ana", "avatarUrl": "u", "phone": "12345678", "city": "c",
            "province": "p", "instagramHandle": "i", "birthDate": "1990-05-01", "styleTags": ["a"],
            "marketingOptIn": true, "onboardingTermsAccepted": true,
        }),
    );
    assert_eq!(full.completion().percent, 100);
    assert_eq!(patched(full.clone(), &json!({})), full);
    let nothing = patched(
        full,
        &json!({
            "displayName": null, "username": "@", "avatarUrl": " ", "phone": null, "city": null,
            "province": null, "instagramHandle": "", "birthDate": null, "styleTags": null,
            "marketingOptIn": null, "onboardingTermsAccepted": null,
        }),
    );
    let empty = Client {
        last_seen_at: Some(now()),
        updated_at: now(),
        ..client()
    };
    assert_eq!(nothing, empty);
}

#[test]
fn wrong_values_are_refused_by_field() {
    for (body, error) in [
        (json!({"username": "ab"}), ClientError::Username),
        (json!({"username": "a".repeat(21)}), ClientError::Username),
        (json!({"username": "ana p"}), ClientError::Username),
        (json!({"username": "ñandu"}), ClientError::Username),
        (json!({"phone": "1234567"}), ClientError::Phone),
        (json!({"phone": "1".repeat(21)}), ClientError::Phone),
        (json!({"phone": "11-4444-5555"}), ClientError::Phone),
        (json!({"birthDate": "ayer"}), ClientError::BirthDate),
        (json!({"birthDate": "2026-02-30"}), ClientError::BirthDate),
        (json!({"birthDate": "2026-03-11"}), ClientError::BirthDate),
        (json!({"birthDate": "1899-12-31"}), ClientError::BirthDate),
        (json!({"birthDate": 7}), ClientError::BirthDate),
    ] {
        assert_eq!(patch(&body), Err(error), "{body}");
    }
}

#[test]
fn types_and_lengths_are_strict() {
    let wrong = |field| FieldError::Wrong { field };
    let long = |field, max| FieldError::TooLong { field, max };
    let text = |chars| json!("x".repeat(chars));
    for (field, value, error) in [
        ("displayName", json!({}), wrong("displayName")),
        ("displayName", text(121), long("displayName", 120)),
        ("avatarUrl", text(2049), long("avatarUrl", 2048)),
        ("styleTags", json!([text(31)]), long("styleTags", 30)),
        ("marketingOptIn", json!("false"), wrong("marketingOptIn")),
        (
            "onboardingTermsAccepted",
            json!(1),
            wrong("onboardingTermsAccepted"),
        ),
    ] {
        assert_eq!(
            patch(&json!({ field: value })),
            Err(error.into()),
            "{field}"
        );
    }
}

#[test]
fn birth_dates_come_as_days_or_as_moments() {
    for (sent, day) in [
        ("1990-05-01", "1990-05-01"),
        ("1990-05-01T03:00:00.000Z", "1990-05-01"),
        ("1990-05-01T23:30:00-03:00", "1990-05-02"),
        ("1990-05-01T23:30:00", "1990-05-01"),
        ("2026-03-10", "2026-03-10"),
    ] {
        let after = patched(client(), &json!({ "birthDate": sent }));
        assert_eq!(after.birth_date.unwrap().to_string(), day);
    }
}

#[test]
fn eight_tags_are_kept_then_repeats_are_dropped() {
    let tags = ["a", "A", "b", "c", "d", "e", "f", "g", "h"];
    let after = patched(client(), &json!({ "styleTags": tags }));
    assert_eq!(after.style_tags, ["a", "b", "c", "d", "e", "f", "g"]);
    let none = patched(after, &json!({"styleTags": "denim"}));
    assert!(none.style_tags.is_empty());
}

#[test]
fn a_profile_is_complete_since_the_first_time() {
    let body = json!({"displayName": "Ana", "username": "ana", "onboardingTermsAccepted": true});
    let complete = patched(client(), &body);
    assert_eq!(complete.profile_completed_at, Some(now()));
    let later = at("2026-04-01T00:00:00Z");
    let again = ProfilePatch::default().apply(complete, later);
    assert_eq!(again.profile_completed_at, Some(now()));
    assert_eq!((again.last_seen_at, again.updated_at), (Some(later), later));
    let incomplete = patched(again, &json!({"username": null}));
    assert_eq!(incomplete.profile_completed_at, None);
    assert_eq!(incomplete.completion().missing_required, ["Usuario"]);
}

#[test]
fn an_empty_profile_lacks_all_that_is_required() {
    let completion = client().completion();
    assert_eq!(
        completion.missing_required,
        ["Nombre", "Usuario", "Terminos"]
    );
    assert_eq!((completion.is_complete, completion.percent), (false, 0));
}

#[test]
fn a_login_fills_only_what_is_empty() {
    let greet =
        |client, body: &Value| Greeting::read(body.as_object().unwrap()).apply(client, now());
    let first = greet(client(), &json!({"displayName": " Ana ", "avatarUrl": "a"}));
    assert_eq!(first.display_name.as_deref(), Some("Ana"));
    let second = greet(first, &json!({"displayName": "Other", "avatarUrl": "b"}));
    assert_eq!(second.display_name.as_deref(), Some("Ana"));
    assert_eq!(second.avatar_url.as_deref(), Some("a"));
    let odd = greet(
        client(),
        &json!({"displayName": {}, "avatarUrl": "x".repeat(3000)}),
    );
    assert_eq!((odd.display_name, odd.avatar_url), (None, None));
    assert_eq!(odd.last_seen_at, Some(now()));
}

proptest! {
    #[test]
    fn names_and_numbers_that_are_kept_have_their_shape(name in any::<String>(), phone in "[+0-9 \\-]{0,30}") {
        if let Ok(patch) = patch(&json!({ "username": name })) {
            let shaped = |name: String| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c));
            prop_assert!(patch.username.value().is_none_or(shaped));
        }
        if let Ok(patch) = patch(&json!({ "phone": phone })) {
            let shaped = |phone: String| phone.trim_start_matches('+').chars().all(|c| c.is_ascii_digit());
            prop_assert!(patch.phone.value().is_none_or(shaped));
        }
    }
}
