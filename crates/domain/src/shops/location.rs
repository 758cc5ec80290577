//! Where a shop is on the map, which is found out after it came to be: the map is asked apart, and may be away.

use avvivo_kernel::Timestamp;

use super::{
    Shop, details,
    intake::{maps_url, stored_address},
};

/// What the map is asked about a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The address, as it is asked for.
    pub address: String,
    /// The address, as it is compared.
    pub key: String,
}

/// What to ask about a shop; nothing when its point is known, or its address is not whole.
pub fn question(shop: &Shop) -> Option<Question> {
    let details = shop.address_details.as_ref();
    let known = |key| details::coordinate(details, key).is_some();
    if known("lat") && known("lng") {
        return None;
    }
    let address = stored_address(details?)?;
    Some(Question {
        address: address.base(),
        key: address.normalized(),
    })
}

/// The shop with its point, if that is still what is asked about it.
pub fn located(shop: &Shop, asked: &Question, point: (f64, f64), now: Timestamp) -> Option<Shop> {
    if question(shop)?.key != asked.key {
        return None;
    }
    let mut details = shop.address_details.clone().unwrap_or_default();
    let (lat, lng) = point;
    details.insert("lat".to_owned(), lat.into());
    details.insert("lng".to_owned(), lng.into());
    if details::part(Some(&details), "mapsUrl").is_none() {
        details.insert("mapsUrl".to_owned(), maps_url(point).into());
    }
    Some(Shop {
        address_details: Some(details),
        updated_at: now,
        ..shop.clone()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn shop(details: &Value) -> Shop {
        Shop {
            address_details: details.as_object().cloned(),
            ..Shop::bare(
                Uuid::from_u128(1).into(),
                "Luna Azul".to_owned(),
                "luna-azul".to_owned(),
                now(),
            )
        }
    }

    fn cuenca(more: &Value) -> Shop {
        let mut details =
            json!({"street": "Cuenca", "number": 612, "city": "CABA", "province": "CABA"});
        let parts = details.as_object_mut().unwrap();
        parts.extend(more.as_object().unwrap().clone());
        shop(&details)
    }

    #[test]
    fn the_map_is_asked_about_whole_addresses_without_a_point() {
        let asked = question(&cuenca(&json!({"lat": null, "lng": null})));
        let asked = asked.unwrap();
        assert_eq!(asked.address, "Cuenca 612, CABA, CABA, Argentina");
        assert_eq!(
            question(&cuenca(&json!({"street": " cuenca ", "number": "N° 612"})))
                .unwrap()
                .key,
            asked.key
        );
        for known in [
            cuenca(&json!({"lat": -34.6, "lng": "-58.4"})),
            cuenca(&json!({"number": " "})),
            cuenca(&json!({"city": null})),
            shop(&Value::Null),
        ] {
            assert_eq!(question(&known), None);
        }
        assert!(question(&cuenca(&json!({"lat": -34.6}))).is_some());
    }

    #[test]
    fn a_point_is_kept_only_by_the_address_that_was_asked_for() {
        let before = cuenca(&json!({"legacyUid": "20417"}));
        let asked = question(&before).unwrap();
        let point = (-34.6281, -58.4779);
        let after = located(&before, &asked, point, now()).unwrap();
        assert_eq!(
            Value::Object(after.address_details.clone().unwrap()),
            json!({
                "street": "Cuenca", "number": 612, "city": "CABA", "province": "CABA", "legacyUid": "20417",
                "lat": -34.6281, "lng": -58.4779,
                "mapsUrl": "https://www.google.com/maps/search/?api=1&query=-34.6281,-58.4779",
            })
        );
        // Done once; and not where the shop has moved meanwhile, or somebody else has said where it is.
        assert_eq!(located(&after, &asked, (0.0, 0.0), now()), None);
        let moved = cuenca(&json!({"street": "Helguera"}));
        assert_eq!(located(&moved, &asked, point, now()), None);
        let own = cuenca(&json!({"mapsUrl": "https://maps.example/x"}));
        let kept = located(&own, &asked, point, now()).unwrap();
        assert_eq!(
            kept.address_details.unwrap()["mapsUrl"],
            "https://maps.example/x"
        );
    }
}
