//! What each step refuses, and in which order.

use avvivo_kernel::{ErrorKind, Fault as _};
use serde_json::json;

use super::*;
use crate::shops::{Gallery, intake::Neighbour};

fn body() -> Value {
    json!({
        "storeName": " Hilos  del Sur ", "razonSocial": "Hilos SRL", "cuit": "30-71234567-1",
        "email": "Hilos@Example.com", "whatsapp": "11 4444-5555", "website": "hilosdelsur.example/",
        "address": {"street": "Helguera", "number": "455", "city": "CABA", "province": "CABA"},
        "consents": {"termsAccepted": true, "contactAccepted": true},
        "socialHandles": {"instagram": "@hilos", "website": "otra.example"},
        "logoUrl": "https://cdn.example/l.png", "intakeMeta": {"campaign": "x"},
    })
}

fn read(body: &Value) -> Result<Draft, IntakeError> {
    Draft::read(body.as_object().unwrap(), &AddressDefaults::default())
}

fn with(field: &str, value: Value) -> Value {
    let mut body = body();
    body[field] = value;
    body
}

#[test]
fn a_whole_draft_is_read_in_normal_form() {
    let draft = read(&body()).unwrap();
    assert_eq!(draft.identity.name, "Hilos del Sur");
    assert_eq!(draft.identity.normalized_name, "hilos del sur");
    assert_eq!(draft.identity.cuit, "30712345671");
    assert_eq!(draft.contact.email.as_str(), "hilos@example.com");
    assert_eq!(draft.contact.whatsapp, "+5491144445555");
    assert_eq!(
        draft.website.as_deref(),
        Some("https://hilosdelsur.example")
    );
    assert_eq!(draft.social_handles.len(), 1);
}

#[test]
fn what_is_wrong_is_told_in_the_documented_order() {
    let mut body = json!({});
    let street_and_number = IntakeError::InvalidAddress(vec!["street", "number"]);
    for (error, field, value) in [
        (
            street_and_number,
            "address",
            json!({"street": "Cuenca", "number": "612"}),
        ),
        (IntakeError::InvalidStoreName, "storeName", json!("Hilos")),
        (
            IntakeError::InvalidRazonSocial,
            "razonSocial",
            json!("Hilos SRL"),
        ),
        (IntakeError::InvalidCuit, "cuit", json!("20-12345678-6")),
        (IntakeError::InvalidEmail, "email", json!("a@b.c")),
        (
            IntakeError::InvalidWhatsapp,
            "whatsapp",
            json!("1144445555"),
        ),
        (
            IntakeError::MissingConsents,
            "consents",
            json!({"termsAccepted": true, "contactAccepted": true}),
        ),
        (
            IntakeError::MissingSocial,
            "website",
            json!("hilos.example"),
        ),
    ] {
        assert_eq!(read(&body), Err(error));
        body[field] = value;
    }
    assert!(read(&body).is_ok());
}

#[test]
fn every_field_is_strict() {
    let long = json!("x".repeat(121));
    for (field, value, error) in [
        ("storeName", json!("abc"), IntakeError::InvalidStoreName),
        ("storeName", json!({}), IntakeError::InvalidStoreName),
        ("storeName", long.clone(), IntakeError::InvalidStoreName),
        ("razonSocial", json!("abc"), IntakeError::InvalidRazonSocial),
        ("razonSocial", long, IntakeError::InvalidRazonSocial),
        ("cuit", json!(30_712_345_671_u64), IntakeError::InvalidCuit),
        ("email", json!(["a@b.c"]), IntakeError::InvalidEmail),
        (
            "whatsapp",
            json!(1_144_445_555),
            IntakeError::InvalidWhatsapp,
        ),
        (
            "whatsapp",
            json!("+1 202 555 0100"),
            IntakeError::InvalidWhatsapp,
        ),
        (
            "consents",
            json!({"termsAccepted": true}),
            IntakeError::MissingConsents,
        ),
        (
            "consents",
            json!({"contactAccepted": true}),
            IntakeError::MissingConsents,
        ),
        (
            "consents",
            json!({"termsAccepted": "true", "contactAccepted": 1}),
            IntakeError::MissingConsents,
        ),
        (
            "socialHandles",
            json!("@hilos"),
            IntakeError::InvalidField("socialHandles"),
        ),
        ("website", json!({}), IntakeError::InvalidField("website")),
        (
            "logoUrl",
            json!("x".repeat(2049)),
            IntakeError::InvalidField("logoUrl"),
        ),
    ] {
        assert_eq!(
            read(&with(field, value.clone())),
            Err(error),
            "{field} {value}"
        );
    }
    assert!(read(&with("storeName", json!("abcd"))).is_ok());
}

#[test]
fn a_site_may_stand_among_the_networks_and_is_enough() {
    let mut sent = with("website", Value::Null);
    assert_eq!(
        read(&sent).unwrap().website.as_deref(),
        Some("https://otra.example")
    );
    sent["socialHandles"] = json!({"website": "otra.example"});
    assert!(read(&sent).is_ok());
    sent["socialHandles"] = json!({"website": "foo"});
    assert_eq!(read(&sent), Err(IntakeError::MissingSocial));
}

#[test]
fn steps_are_named() {
    assert_eq!(Step::read(Some(&json!(" Address "))), Ok(Step::Address));
    assert_eq!(Step::read(Some(&json!("identity"))), Ok(Step::Identity));
    assert_eq!(Step::read(Some(&json!("CONTACT"))), Ok(Step::Contact));
    assert_eq!(Step::read(Some(&json!("x"))), Err(IntakeError::InvalidStep));
    assert_eq!(Step::read(None), Err(IntakeError::InvalidStep));
}

#[test]
fn a_step_tells_the_cuit_first_and_the_whole_tells_the_name_first() {
    let both = IdentityFacts {
        cuit_taken: true,
        name_taken: true,
    };
    assert_eq!(check_identity(both), Err(IntakeError::DuplicateCuit));
    let name = IdentityFacts {
        name_taken: true,
        cuit_taken: false,
    };
    assert_eq!(check_identity(name), Err(IntakeError::DuplicateStoreName));
    assert_eq!(check_identity(IdentityFacts::default()), Ok(()));

    let draft = read(&body()).unwrap();
    let mut facts = Facts {
        identity: both,
        contact: ContactFacts {
            email_taken: true,
            whatsapp_taken: true,
        },
        address: vec![Neighbour {
            normalized_address_base: Some(draft.address.normalized()),
            gallery: Gallery::default(),
            ..Neighbour::default()
        }],
    };
    assert_eq!(draft.check(&facts), Err(IntakeError::DuplicateStoreName));
    facts.identity.name_taken = false;
    assert_eq!(draft.check(&facts), Err(IntakeError::DuplicateCuit));
    facts.identity.cuit_taken = false;
    let contact = IntakeError::DuplicateContact {
        email: true,
        whatsapp: true,
    };
    assert_eq!(draft.check(&facts), Err(contact));
    facts.contact = ContactFacts::default();
    let occupied = IntakeError::AddressRequiresGallery {
        has_gallery: false,
        existing: 1,
    };
    assert_eq!(draft.check(&facts), Err(occupied));
    facts.address.clear();
    assert_eq!(draft.check(&facts), Ok(()));
}

#[test]
fn the_contact_that_is_taken_is_named() {
    for (email, whatsapp, message) in [
        (
            true,
            true,
            "Ya existe una tienda registrada con ese email y WhatsApp.",
        ),
        (
            true,
            false,
            "Ya existe una tienda registrada con ese email.",
        ),
        (
            false,
            true,
            "Ya existe una tienda registrada con ese WhatsApp.",
        ),
    ] {
        let facts = ContactFacts {
            email_taken: email,
            whatsapp_taken: whatsapp,
        };
        let error = check_contact(facts).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Conflict, "DUPLICATE_CONTACT")
        );
        assert_eq!(error.public_message(), message);
        assert_eq!(
            error.meta(),
            Some(json!({"emailDuplicated": email, "whatsappDuplicated": whatsapp}))
        );
        let marked = error.field_errors();
        assert_eq!(
            (
                marked.contains_key("email"),
                marked.contains_key("whatsapp")
            ),
            (email, whatsapp)
        );
    }
    assert_eq!(check_contact(ContactFacts::default()), Ok(()));
}
