//! How a shop is reached: networks, telephones, its own site.

use serde::Serialize;
use serde_json::Value;

use super::ShopError;
use crate::{
    fields::{Change, FieldError, Fields},
    reels::Platform,
    text::{self, MAX_NAME_CHARS, MAX_URL_CHARS},
};

/// How many telephones are kept, whatever the plan.
pub const MAX_LINES: usize = 3;
/// Sites of a competitor that were imported as the shops' own.
const NOT_THEIR_SITE: [&str; 2] = ["distritomoda.com.ar", "distritomoda.com"];

/// A shop on a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SocialHandle {
    /// Which network.
    pub platform: Platform,
    /// As they wrote it; `@` stays.
    pub handle: String,
}

/// A telephone of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhatsappLine {
    /// What it is for.
    pub label: String,
    /// International: `+`, then eight to fifteen digits.
    pub number: String,
}

/// Reads the field `socialHandles`: an object from network to handle, or a list of both. Unknown networks and blank handles
/// are left out.
pub fn social_handles(fields: Fields<'_>) -> Result<Change<Vec<SocialHandle>>, ShopError> {
    const FIELD: &str = "socialHandles";
    let pairs: Vec<(&str, &Value)> = match fields.raw(FIELD) {
        None => return Ok(Change::Keep),
        Some(Value::Null) => return Ok(Change::Clear),
        Some(Value::Object(named)) => named
            .iter()
            .map(|(name, handle)| (name.as_str(), handle))
            .collect(),
        Some(Value::Array(listed)) => listed.iter().filter_map(listed_handle).collect(),
        Some(_) => return Err(FieldError::Wrong { field: FIELD }.into()),
    };
    let mut handles: Vec<SocialHandle> = Vec::new();
    for (name, handle) in pairs {
        let Some(platform) = platform(name) else {
            continue;
        };
        let handle = match handle {
            Value::Null => continue,
            Value::String(typed) => text::clean(typed),
            _ => return Err(FieldError::Wrong { field: FIELD }.into()),
        };
        if text::is_longer(&handle, MAX_URL_CHARS) {
            return Err(FieldError::TooLong {
                field: FIELD,
                max: MAX_URL_CHARS,
            }
            .into());
        }
        if handle.is_empty() {
            continue;
        }
        if handles.iter().any(|known| known.platform == platform) {
            return Err(ShopError::RepeatedNetwork);
        }
        handles.push(SocialHandle { platform, handle });
    }
    Ok(Change::Set(handles))
}

fn listed_handle(item: &Value) -> Option<(&str, &Value)> {
    Some((item.get("platform")?.as_str()?, item.get("handle")?))
}

fn platform(name: &str) -> Option<Platform> {
    let named = |platform: &&Platform| platform.as_str().eq_ignore_ascii_case(name.trim());
    Platform::ALL.iter().find(named).copied()
}

/// Reads the field `whatsappLines`. Entries without label or number are left out, and what is more than three.
pub fn whatsapp_lines(fields: Fields<'_>) -> Result<Change<Vec<WhatsappLine>>, ShopError> {
    const FIELD: &str = "whatsappLines";
    let listed = match fields.raw(FIELD) {
        None => return Ok(Change::Keep),
        Some(Value::Null) => return Ok(Change::Clear),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(FieldError::Wrong { field: FIELD }.into()),
    };
    let mut lines = Vec::new();
    for item in listed {
        let part = |key| item.get(key).and_then(Value::as_str).map(text::clean);
        let (Some(label), Some(number)) = (part("label"), part("number")) else {
            continue;
        };
        if label.is_empty() || number.is_empty() {
            continue;
        }
        if text::is_longer(&label, MAX_NAME_CHARS) {
            return Err(FieldError::TooLong {
                field: FIELD,
                max: MAX_NAME_CHARS,
            }
            .into());
        }
        let number = international(&number).ok_or(ShopError::Whatsapp)?;
        if lines.len() < MAX_LINES {
            lines.push(WhatsappLine { label, number });
        }
    }
    Ok(Change::Set(lines))
}

/// An international number: eight to fifteen digits of which the first is no zero, with or without `+`, however they are
/// grouped.
pub fn international(typed: &str) -> Option<String> {
    let grouped = text::clean(typed);
    let bare = grouped.strip_prefix('+').unwrap_or(&grouped);
    let mut digits = String::new();
    for c in bare.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return None,
        }
    }
    let fits = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
    fits.then(|| format!("+{digits}"))
}

/// Reads the field `website`: kept as typed, unless it is not the shop's own site or only repeats its catalog.
pub fn website(fields: Fields<'_>, catalog: Option<&str>) -> Result<Change<String>, ShopError> {
    const FIELD: &str = "website";
    Ok(fields.url(FIELD)?.and_then(|typed| {
        let lower = typed.to_lowercase();
        let foreign = NOT_THEIR_SITE.iter().any(|site| lower.contains(site));
        let repeats = catalog.is_some_and(|catalog| bare_url(catalog) == bare_url(&typed));
        (!foreign && !repeats).then_some(typed)
    }))
}

fn bare_url(url: &str) -> String {
    let lower = url.trim().to_lowercase();
    let bare = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .unwrap_or(&lower);
    bare.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read<T>(body: &Value, read: impl FnOnce(Fields<'_>) -> T) -> T {
        read(Fields::of(body.as_object().unwrap()))
    }

    #[test]
    fn handles_come_named_or_listed() {
        let known = Change::Set(vec![
            SocialHandle {
                platform: Platform::Instagram,
                handle: "@luna".to_owned(),
            },
            SocialHandle {
                platform: Platform::YouTube,
                handle: "luna".to_owned(),
            },
        ]);
        for sent in [
            json!({"INSTAGRAM": " @luna ", "youtube": "luna", "threads": "x", "tiktok": " ", "facebook": null}),
            json!([{"platform": "instagram", "handle": "@luna"}, {"platform": "YouTube", "handle": "luna"}, {"handle": "x"}, 7]),
        ] {
            assert_eq!(
                read(&json!({ "socialHandles": sent }), social_handles).as_ref(),
                Ok(&known)
            );
        }
        assert_eq!(read(&json!({}), social_handles), Ok(Change::Keep));
        assert_eq!(
            read(&json!({"socialHandles": null}), social_handles),
            Ok(Change::Clear)
        );
        assert_eq!(
            read(&json!({"socialHandles": {}}), social_handles),
            Ok(Change::Set(vec![]))
        );
    }

    #[test]
    fn one_handle_a_network_and_of_text() {
        let twice = json!({"socialHandles": {"instagram": "a", "Instagram": "b"}});
        assert_eq!(
            read(&twice, social_handles),
            Err(ShopError::RepeatedNetwork)
        );
        for sent in [
            json!("luna"),
            json!({"instagram": 7}),
            json!({"instagram": "x".repeat(2049)}),
        ] {
            assert!(read(&json!({ "socialHandles": sent }), social_handles).is_err());
        }
    }

    #[test]
    fn three_lines_are_kept_and_blank_ones_left_out() {
        let line = |label: &str, number: &str| json!({"label": label, "number": number});
        let sent = json!({"whatsappLines": [
            line(" ", "+541122334455"), line("x", " "), {"label": "y"}, line("a", "541122334455"),
            line("b", "+54 11 2233-4455"), line("c", "+1 (202) 555.0100"), line("d", "+541122334455"),
        ]});
        let Change::Set(lines) = read(&sent, whatsapp_lines).unwrap() else {
            panic!()
        };
        let lines: Vec<_> = lines
            .iter()
            .map(|line| (line.label.as_str(), line.number.as_str()))
            .collect();
        assert_eq!(
            lines,
            [
                ("a", "+541122334455"),
                ("b", "+541122334455"),
                ("c", "+12025550100")
            ]
        );
        for number in [
            "hola",
            "+0541122334455",
            "1234567",
            "+1234567890123456",
            "++541122334455",
        ] {
            let sent = json!({"whatsappLines": [line("a", number)]});
            assert_eq!(
                read(&sent, whatsapp_lines),
                Err(ShopError::Whatsapp),
                "{number}"
            );
        }
        let long = json!({"whatsappLines": [line(&"x".repeat(121), "+541122334455")]});
        assert!(read(&long, whatsapp_lines).is_err());
        assert!(read(&json!({"whatsappLines": {}}), whatsapp_lines).is_err());
        assert_eq!(
            read(&json!({"whatsappLines": null}), whatsapp_lines),
            Ok(Change::Clear)
        );
    }

    #[test]
    fn a_site_is_the_shops_own_or_none() {
        let catalog = Some("https://Catalogo.example/luna/");
        for (typed, kept) in [
            (" lunaazul.com.ar ", Some("lunaazul.com.ar")),
            ("http://catalogo.example/luna", None),
            ("https://www.DistritoModa.com.ar/luna", None),
            ("distritomoda.com/x", None),
            (" ", None),
        ] {
            let change = read(&json!({ "website": typed }), |fields| {
                website(fields, catalog)
            })
            .unwrap();
            assert_eq!(change.value().as_deref(), kept, "{typed}");
        }
        assert_eq!(
            read(&json!({}), |fields| website(fields, None)),
            Ok(Change::Keep)
        );
        for typed in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(read(&json!({ "website": typed }), |fields| website(fields, None)).is_err());
        }
    }

    proptest! {
        #[test]
        fn numbers_that_are_kept_are_international_and_stay(typed in "[+0-9 ().\\-]{0,24}") {
            if let Some(number) = international(&typed) {
                prop_assert!((9..=16).contains(&number.len()) && number.starts_with('+'));
                prop_assert_eq!(international(&number), Some(number.clone()));
            }
        }
    }
}
