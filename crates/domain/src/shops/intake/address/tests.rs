//! Addresses as people write them.

use avvivo_kernel::Fault as _;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn address(sent: &Value) -> Result<Address, IntakeError> {
    Address::read(Some(sent), &AddressDefaults::default())
}

fn at(street: &str, number: &str, city: &str, province: &str) -> Address {
    address(&json!({"street": street, "number": number, "city": city, "province": province}))
        .unwrap()
}

fn in_gallery(local: &str) -> Address {
    address(&json!({
        "street": "Helguera", "number": "455", "city": "CABA", "province": "CABA",
        "isGallery": true, "galleryName": "Central", "galleryLocal": local,
    }))
    .unwrap()
}

fn neighbour(street: &str, number: &str, province: &str) -> Neighbour {
    Neighbour {
        name: "Otra".to_owned(),
        address_details: json!({"street": street, "number": number, "province": province})
            .as_object()
            .cloned(),
        ..Neighbour::default()
    }
}

fn written(line: &str) -> Neighbour {
    Neighbour {
        name: "Otra".to_owned(),
        address: Some(line.to_owned()),
        ..Neighbour::default()
    }
}

#[test]
fn an_empty_address_lacks_street_and_number() {
    let lacks =
        |sent: Option<&Value>| Address::read(sent, &AddressDefaults::default()).unwrap_err();
    let both = IntakeError::InvalidAddress(vec!["street", "number"]);
    assert_eq!(lacks(None), both);
    assert_eq!(lacks(Some(&json!("Cuenca 612"))), both);
    assert_eq!(both.code(), "INVALID_ADDRESS");
    let errors = Value::Object(both.field_errors());
    assert_eq!(
        errors,
        json!({"street": "Completá la calle.", "number": "Completá la altura."})
    );
    let nowhere = AddressDefaults {
        city: " ".to_owned(),
        province: String::new(),
        ..AddressDefaults::default()
    };
    let sent = json!({"street": "Cuenca", "number": "612"});
    let all = Address::read(Some(&sent), &nowhere).unwrap_err();
    assert_eq!(all, IntakeError::InvalidAddress(vec!["city", "province"]));
}

#[test]
fn parts_are_text_of_bounded_length() {
    let base = json!({"street": "Cuenca", "number": 612, "zip": 1406});
    assert_eq!(address(&base).unwrap().details()["zip"], "1406");
    assert_eq!(
        address(&base).unwrap().base(),
        "Cuenca 612, Avellaneda, Buenos Aires, Argentina"
    );
    for (field, value) in [
        ("street", json!({})),
        ("street", json!("x".repeat(121))),
        ("number", json!([612])),
        ("city", json!(7)),
        ("zip", json!("x".repeat(31))),
        ("reference", json!(true)),
        ("isGallery", json!("true")),
    ] {
        let mut sent = base.clone();
        sent[field] = value;
        assert_eq!(
            address(&sent),
            Err(IntakeError::InvalidAddress(vec![field])),
            "{sent}"
        );
    }
}

#[test]
fn a_gallery_needs_its_unit_and_is_shown_with_it() {
    let mut sent =
        json!({"street": "Helguera", "number": "455", "city": "CABA", "isGallery": true});
    assert_eq!(address(&sent), Err(IntakeError::GalleryLocalMissing));
    assert_eq!(IntakeError::GalleryLocalMissing.code(), "INVALID_ADDRESS");
    sent["galleryLocal"] = json!(" 12b ");
    assert_eq!(
        address(&sent).unwrap().display(),
        "Helguera 455, CABA · Local 12B"
    );
    sent["galleryName"] = json!("Central");
    sent["galleryFloor"] = json!(1);
    assert_eq!(
        address(&sent).unwrap().display(),
        "Helguera 455, CABA · Galería Central · Local 12B · Piso 1"
    );
    sent["isGallery"] = json!(false);
    let plain = address(&sent).unwrap();
    assert_eq!(
        (plain.display().as_str(), plain.gallery),
        ("Helguera 455, CABA", Gallery::default())
    );
}

#[test]
fn an_address_is_stored_in_parts_without_its_point() {
    let details = in_gallery("12b").details();
    assert_eq!(
        Value::Object(details),
        json!({
            "street": "Helguera", "number": "455", "city": "CABA", "province": "CABA", "zip": null,
            "reference": null, "isGallery": true, "galleryName": "Central", "galleryLocal": "12B",
            "galleryFloor": null, "lat": null, "lng": null, "mapsUrl": null,
        })
    );
}

#[test]
fn one_place_has_one_normal_form() {
    let normal = "avenida avellaneda 3250, caba, caba, argentina";
    for (street, number, city, province) in [
        ("Av. Avellaneda", "3250", "CABA", "CABA"),
        (
            "AVENIDA AVELLANEDA",
            "3.250",
            "Capital Federal",
            "Buenos Aires",
        ),
        (
            "Avda Avellaneda",
            "Nº 3250",
            "Ciudad Autónoma de Buenos Aires",
            "Argentina",
        ),
        ("av avellaneda", "nro. 3250", "C.A.B.A.", "Bs. As."),
    ] {
        assert_eq!(
            at(street, number, city, province).normalized(),
            normal,
            "{street} {number}"
        );
    }
    let other = at(
        "Av. Avellaneda",
        "3250",
        "Avellaneda",
        "Pcia. de Buenos Aires",
    )
    .normalized();
    assert_eq!(
        other,
        "avenida avellaneda 3250, avellaneda, buenos aires, argentina"
    );
    assert_eq!(street_form("Calle Cuenca"), "cuenca");
    assert_eq!(street_form("Calle 50"), "calle 50");
}

#[test]
fn a_taken_address_has_to_be_a_gallery() {
    let own = at("Av. Avellaneda", "3250", "CABA", "CABA");
    assert_eq!(
        check_address(&own, None, &[]),
        Ok(AddressVerdict {
            has_gallery: false,
            existing: 0
        })
    );
    let taken = |has_gallery, existing| {
        Err(IntakeError::AddressRequiresGallery {
            has_gallery,
            existing,
        })
    };
    let plain = neighbour("avenida avellaneda", "3250", "Capital Federal");
    assert_eq!(
        check_address(&own, None, std::slice::from_ref(&plain)),
        taken(false, 1)
    );
    let unit = Neighbour {
        gallery: Gallery {
            local: Some("3".to_owned()),
            ..Gallery::default()
        },
        ..plain.clone()
    };
    assert_eq!(check_address(&own, None, &[plain, unit]), taken(true, 2));
    let error = IntakeError::AddressRequiresGallery {
        has_gallery: true,
        existing: 3,
    };
    assert_eq!(
        error.meta(),
        Some(json!({"showGalleryCta": true, "addressHasGallery": true, "existingShopsCount": 3}))
    );
    assert_eq!(error.field_errors()["address"], error.public_message());
}

#[test]
fn only_who_is_really_there_counts() {
    let own = at("Av. Avellaneda", "3250", "CABA", "CABA");
    let normalized = Neighbour {
        normalized_address_base: Some(own.normalized()),
        ..Neighbour::default()
    };
    for (candidate, there) in [
        (normalized, true),
        (neighbour("Av Avellaneda", "3250", ""), true),
        (neighbour("Av Avellaneda", "3250", "Buenos Aires"), false),
        (neighbour("Av Avellaneda", "3252", "CABA"), false),
        (neighbour("Avellaneda", "3250", "CABA"), false),
        (written("Av. Avellaneda 3250, CABA"), true),
        (
            written("AV. AVELLANEDA N° 3250 Local 12, Flores, Capital Federal"),
            true,
        ),
        (written("Avda. Avellaneda 3250 · Local 2"), true),
        (
            written("Av. Avellaneda 3250, Avellaneda, Buenos Aires"),
            false,
        ),
        (written("Av. Avellaneda"), false),
        (Neighbour::default(), false),
    ] {
        let found = check_address(&own, None, std::slice::from_ref(&candidate)).is_err();
        assert_eq!(found, there, "{candidate:?}");
    }
    let may = at("25 de Mayo", "100", "CABA", "CABA");
    assert!(check_address(&may, None, &[written("25 de Mayo 100, CABA")]).is_err());
}

#[test]
fn in_a_gallery_units_and_names_are_taken_once() {
    let there = |local: Option<&str>, name: &str, normalized: Option<&str>| Neighbour {
        name: name.to_owned(),
        normalized_name: normalized.map(str::to_owned),
        gallery: Gallery {
            declared: true,
            local: local.map(str::to_owned),
            ..Gallery::default()
        },
        ..neighbour("Helguera", "455", "CABA")
    };
    let own = in_gallery("12-b");
    let check = |neighbour: Neighbour| check_address(&own, Some("hilos del sur"), &[neighbour]);
    let error = IntakeError::DuplicateGalleryLocal {
        local: "12-B".to_owned(),
    };
    assert_eq!(check(there(Some("12 B"), "Otra", None)), Err(error.clone()));
    assert_eq!(
        check(there(Some("12"), "Hilos del Súr", None)),
        Err(IntakeError::DuplicateStoreAtAddress)
    );
    assert_eq!(
        check(there(None, "x", Some("hilos del sur"))),
        Err(IntakeError::DuplicateStoreAtAddress)
    );
    let verdict = AddressVerdict {
        has_gallery: true,
        existing: 1,
    };
    assert_eq!(check(there(Some("13"), "Otra", None)), Ok(verdict));
    assert_eq!(
        error.field_errors()["galleryLocal"],
        "El local 12-B ya está ocupado."
    );
}

proptest! {
    #[test]
    fn forms_never_panic_and_stay(street in any::<String>(), number in "[Nnº°.0-9 a-z]{0,12}") {
        for form in [street_form, number_form, jurisdiction_form] {
            for typed in [&street, &number] {
                let once = form(typed);
                prop_assert!(!once.contains("  ") && !once.contains(','));
            }
        }
        prop_assert_eq!(form(&form(&street)), form(&street));
        written_place(&street);
    }

    #[test]
    fn a_shop_is_found_by_what_it_is_shown_as(street in "[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9})?", number in 1_u32..9999) {
        let own = at(&street, &number.to_string(), "CABA", "CABA");
        prop_assert!(check_address(&own, None, &[written(&own.display())]).is_err());
        prop_assert!(check_address(&own, None, &[written(&own.base())]).is_err());
    }
}
