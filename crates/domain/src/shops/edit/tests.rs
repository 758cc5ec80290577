//! Who may write what.

use serde_json::json;

use super::*;
use crate::shops::{PlanTier, SocialHandle, record::example};

fn edited(shop: &Shop, body: &Value, editor: Editor) -> Result<Edited, ShopError> {
    let patch = ShopPatch::read(body.as_object().unwrap(), editor)?;
    patch.apply(shop, example::now())
}

fn by_admin(body: &Value) -> Edited {
    edited(&example::shop(), body, Editor::Admin).unwrap()
}

/// Every key that only administrators write, with a value that differs from the example.
fn admin_fields() -> Value {
    json!({
        "name": "Otra", "razonSocial": "Otra SA", "status": "BANNED", "statusReason": "x",
        "agendaSuspendedUntil": "2026-05-01T00:00:00.000Z",
        "agendaSuspendedByAdminId": "00000000-0000-0000-0000-000000000009", "agendaSuspendedReason": "x",
        "plan": "PRO", "registrationSource": "SELF_SERVICE", "visibilityState": "HIDDEN",
        "verificationState": "REJECTED", "contactsPublic": false, "contactEmailPrivate": "x@y.z",
        "contactWhatsappPrivate": "+5491144445555", "isGallery": true, "galleryName": "Central", "galleryLocal": "1b",
        "galleryFloor": "2", "addressBase": "x", "addressDisplay": "x", "intakeMeta": {"a": 1}, "streamQuota": 99,
        "reelQuota": 99,
    })
}

#[test]
fn what_was_stored_before_anybody_checked_is_sent_back_unharmed() {
    let imported = Shop {
        email: Some("ventas@luna, otra@luna".to_owned()),
        ..example::shop()
    };
    let saves = |email: &str| edited(&imported, &json!({"email": email}), Editor::Owner);
    let kept = saves(" Ventas@Luna,  otra@luna").unwrap().shop;
    assert_eq!(kept.email, imported.email);
    assert_eq!(saves("ventas@luna").err(), Some(ShopError::InvalidEmail));
    let mended = saves("ventas@luna.com").unwrap().shop;
    assert_eq!(mended.email.as_deref(), Some("ventas@luna.com"));
}

#[test]
fn owners_write_their_own_data_and_nothing_else() {
    let shop = example::shop();
    let ignored = edited(&shop, &admin_fields(), Editor::Owner).unwrap();
    let untouched = Shop {
        updated_at: example::now(),
        ..shop.clone()
    };
    assert_eq!(ignored.shop, untouched);
    assert_eq!((ignored.sync_owner, ignored.wallet_plan), (false, None));
    // Not even nonsense in what is left out is an error.
    let nonsense = json!({"name": {}, "plan": 7, "visibilityState": "x"});
    assert!(edited(&shop, &nonsense, Editor::Owner).is_ok());

    let own = json!({
        "cuit": "20-12345678-6", "email": "N@b.c", "address": "a", "logoUrl": "l", "coverUrl": "c",
        "website": "w.example", "addressDetails": {"street": "Helguera"}, "paymentMethods": ["QR"],
        "minimumPurchase": 7, "socialHandles": {"tiktok": "t"}, "whatsappLines": [],
    });
    for editor in [Editor::Owner, Editor::Admin] {
        let shop = edited(&shop, &own, editor).unwrap().shop;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        assert_eq!(text(&shop.cuit), "20123456786");
        assert_eq!(text(&shop.email), "n@b.c");
        assert_eq!(
            (
                text(&shop.address),
                text(&shop.logo_url),
                text(&shop.cover_url)
            ),
            ("a".into(), "l".into(), "c".into())
        );
        assert_eq!(text(&shop.website), "w.example");
        assert_eq!(shop.payment_methods, ["QR"]);
        assert_eq!(shop.minimum_purchase, 7);
        let tiktok = SocialHandle {
            platform: crate::reels::Platform::TikTok,
            handle: "t".to_owned(),
        };
        assert_eq!(shop.social_handles, [tiktok]);
        assert!(shop.whatsapp_lines.is_empty());
        let details = shop.address_details.unwrap();
        assert_eq!(
            (&details["street"], &details["legacyUid"]),
            (&json!("Helguera"), &json!("20417"))
        );
        let normal = "helguera 612, caba, caba, argentina";
        assert_eq!(shop.normalized_address_base.as_deref(), Some(normal));
    }
}

#[test]
fn a_cuit_that_was_stored_unchecked_is_written_back() {
    let unchecked = json!({"cuit": "30-71234567-2"});
    let shop = edited(&example::shop(), &unchecked, Editor::Owner)
        .unwrap()
        .shop;
    assert_eq!(shop.cuit.as_deref(), Some("30712345672"));
}

#[test]
fn administrators_write_the_rest() {
    let Edited {
        shop,
        sync_owner,
        wallet_plan,
    } = by_admin(&admin_fields());
    assert_eq!(
        (shop.name.as_str(), shop.normalized_name.as_deref()),
        ("Otra", Some("otra"))
    );
    assert_eq!(shop.razon_social.as_deref(), Some("Otra SA"));
    assert_eq!(
        (shop.status, shop.status_changed_at),
        (ShopStatus::Banned, Some(example::now()))
    );
    assert_eq!(shop.status_reason.as_deref(), Some("x"));
    assert_eq!(
        shop.suspension.until,
        Some("2026-05-01T00:00:00Z".parse().unwrap())
    );
    assert!(shop.suspension.by.is_some() && shop.suspension.reason.is_some());
    assert_eq!(
        (shop.plan.as_str(), shop.plan_tier),
        ("PRO", PlanTier::Maxima)
    );
    assert_eq!(shop.registration_source, RegistrationSource::SelfService);
    assert_eq!(
        (shop.visibility, shop.verification),
        (Visibility::Hidden, Verification::Rejected)
    );
    assert!(!shop.contacts_public);
    assert_eq!(shop.contact_email_private.as_deref(), Some("x@y.z"));
    assert_eq!(
        shop.contact_whatsapp_private.as_deref(),
        Some("+5491144445555")
    );
    assert!(shop.gallery.declared && shop.gallery.local.as_deref() == Some("1B"));
    assert!(shop.gallery.name.is_some() && shop.gallery.floor.is_some());
    assert!(shop.address_base.is_some() && shop.address_display.is_some());
    assert_eq!((shop.stream_quota, shop.reel_quota), (99, 99));
    assert_eq!((sync_owner, wallet_plan), (true, Some(Plan::Maximum)));
}

#[test]
fn nobody_writes_what_makes_a_shop_what_it_is() {
    let shop = by_admin(&json!({
        "id": "x", "slug": "x", "active": false, "authUserId": "x", "requiresEmailFix": true, "password": "x",
        "normalizedName": "x", "normalizedAddressBase": "x",
    }))
    .shop;
    let before = example::shop();
    assert_eq!(
        (shop.slug, shop.active, shop.owner),
        (before.slug, before.active, before.owner)
    );
    assert_eq!(
        (shop.requires_email_fix, shop.normalized_name),
        (false, before.normalized_name)
    );
}

#[test]
fn null_and_blank_clear() {
    let shop = by_admin(&json!({
        "email": "", "cuit": null, "coverUrl": " ", "razonSocial": null, "minimumPurchase": null, "paymentMethods": null,
        "statusReason": null, "agendaSuspendedUntil": null, "contactsPublic": null, "addressDetails": null,
        "socialHandles": null, "visibilityState": null,
    }))
    .shop;
    assert_eq!(
        (shop.email, shop.cuit, shop.cover_url, shop.razon_social),
        (None, None, None, None)
    );
    assert_eq!(
        (
            shop.minimum_purchase,
            shop.payment_methods.len(),
            shop.social_handles.len()
        ),
        (0, 0, 0)
    );
    assert!(!shop.contacts_public);
    assert_eq!(shop.visibility, Visibility::Lit);
    assert_eq!(shop.address_details, example::shop().address_details);
}

#[test]
fn wrong_values_are_told_apart() {
    for (body, error) in [
        (json!({"email": "x"}), ShopError::InvalidEmail),
        (json!({"cuit": "1"}), ShopError::InvalidCuit),
        (
            json!({"name": null}),
            FieldError::Missing { field: "name" }.into(),
        ),
        (
            json!({"name": "x".repeat(121)}),
            FieldError::TooLong {
                field: "name",
                max: 120,
            }
            .into(),
        ),
        (
            json!({"logoUrl": "x".repeat(2049)}),
            FieldError::TooLong {
                field: "logoUrl",
                max: 2048,
            }
            .into(),
        ),
        (
            json!({"visibilityState": "x"}),
            FieldError::Wrong {
                field: "visibilityState",
            }
            .into(),
        ),
        (
            json!({"agendaSuspendedUntil": "x"}),
            FieldError::Wrong {
                field: "agendaSuspendedUntil",
            }
            .into(),
        ),
        (
            json!({"agendaSuspendedByAdminId": "x"}),
            FieldError::Wrong {
                field: "agendaSuspendedByAdminId",
            }
            .into(),
        ),
        (json!({"contactEmailPrivate": "x"}), ShopError::InvalidEmail),
        (json!({"contactWhatsappPrivate": "x"}), ShopError::Whatsapp),
    ] {
        assert_eq!(
            edited(&example::shop(), &body, Editor::Admin),
            Err(error),
            "{body}"
        );
    }
}

#[test]
fn a_status_is_stamped_and_an_unknown_one_waits() {
    let changed = by_admin(&json!({"status": "x"}));
    assert_eq!(changed.shop.status, ShopStatus::PendingVerification);
    assert!(changed.sync_owner);
    let unchanged = by_admin(&json!({"statusReason": "x"}));
    assert_eq!(
        unchanged.shop.status_changed_at,
        example::shop().status_changed_at
    );
    assert!(!unchanged.sync_owner);
}

#[test]
fn a_plan_moves_tier_wallet_and_light() {
    let dimmed = by_admin(&json!({"plan": ""}));
    assert_eq!(
        (dimmed.shop.plan.as_str(), dimmed.shop.plan_tier),
        ("SIN_PLAN", PlanTier::None)
    );
    assert_eq!(
        (dimmed.shop.visibility, dimmed.wallet_plan),
        (Visibility::Dimmed, Some(Plan::None))
    );
    let lit = edited(&dimmed.shop, &json!({"plan": "ALTA"}), Editor::Admin).unwrap();
    assert_eq!(
        (lit.shop.plan_tier, lit.shop.visibility),
        (PlanTier::Media, Visibility::Lit)
    );
    let kept = json!({"plan": "ALTA", "visibilityState": "DIMMED"});
    let kept = edited(&dimmed.shop, &kept, Editor::Admin).unwrap();
    assert_eq!(kept.shop.visibility, Visibility::Dimmed);
}

#[test]
fn notes_of_the_server_survive_an_administrator() {
    let meta = json!({"source": "self_register", "ip": "1.2.3.4", "note": "a"});
    let shop = Shop {
        intake_meta: meta.as_object().cloned(),
        ..example::shop()
    };
    let body = json!({"intakeMeta": {"ip": "x", "note": "b", "auditTrail": []}});
    let after = edited(&shop, &body, Editor::Admin)
        .unwrap()
        .shop
        .intake_meta
        .unwrap();
    assert_eq!(
        Value::Object(after),
        json!({"source": "self_register", "ip": "1.2.3.4", "note": "b"})
    );
}

#[test]
fn an_address_does_not_grow_without_bound() {
    let mut shop = example::shop();
    let mut refused = None;
    for round in 0..40 {
        let sent = json!({"addressDetails": {format!("odd{round}"): "x".repeat(1_000)}});
        match edited(&shop, &sent, Editor::Admin) {
            Ok(after) => shop = after.shop,
            Err(error) => refused = Some(error),
        }
    }
    let too_long = FieldError::TooLong {
        field: "addressDetails",
        max: 16 * 1024,
    };
    assert_eq!(refused, Some(too_long.into()));
    assert!(crate::fields::bytes(shop.address_details.as_ref().unwrap()) <= 16 * 1024);
    // What is too large already can still be changed, as long as it does not grow.
    let details = shop.address_details.as_mut().unwrap();
    details.insert("legacySource".to_owned(), json!("x".repeat(20_000)));
    let moved = json!({"addressDetails": {"street": "Nazca"}});
    assert!(edited(&shop, &moved, Editor::Owner).is_ok());
}

#[test]
fn owners_write_known_parts_of_an_address_and_the_others_stay() {
    let sent = json!({"addressDetails": {"street": "Nazca", "legacyUid": "1", "odd": "x", "lat": "-34.6"}});
    let shop = edited(&example::shop(), &sent, Editor::Owner).unwrap().shop;
    let details = shop.address_details.unwrap();
    assert_eq!(
        (&details["street"], &details["legacyUid"], &details["lat"]),
        (&json!("Nazca"), &json!("20417"), &json!("-34.6"))
    );
    assert!(!details.contains_key("odd"));
}

#[test]
fn what_a_browser_would_run_is_no_address_and_what_is_no_number_no_place() {
    let run = "javascript:alert(1)";
    for body in [
        json!({"logoUrl": run}),
        json!({"coverUrl": run}),
        json!({"website": run}),
        json!({"addressDetails": {"mapsUrl": run}}),
        json!({"addressDetails": {"catalogUrl": run}}),
        json!({"addressDetails": {"imageUrl": "data:text/html,x"}}),
        json!({"addressDetails": {"storeImageUrl": " java\tscript:x"}}),
        json!({"addressDetails": {"lat": "x"}}),
        json!({"addressDetails": {"lng": {}}}),
        json!({"addressDetails": {"lng": true}}),
    ] {
        let refused = edited(&example::shop(), &body, Editor::Owner);
        assert!(
            matches!(refused, Err(ShopError::Field(FieldError::Wrong { .. }))),
            "{body}"
        );
    }
    let nowhere = json!({"addressDetails": {"lat": null, "lng": "-58.4"}});
    assert!(edited(&example::shop(), &nowhere, Editor::Owner).is_ok());
}

#[test]
fn an_address_fits_into_its_index() {
    let long = json!({"addressDetails": {"street": "x".repeat(121)}});
    let refused = edited(&example::shop(), &long, Editor::Owner);
    assert!(matches!(
        refused,
        Err(ShopError::Field(FieldError::TooLong { .. }))
    ));
    let wide = "🧵".repeat(120);
    let parts =
        json!({"addressDetails": {"street": wide, "number": wide, "city": wide, "province": wide}});
    let shop = edited(&example::shop(), &parts, Editor::Owner)
        .unwrap()
        .shop;
    assert!(shop.normalized_address_base.unwrap().len() < 2_704);
    // What was stored before there was a bound is not compared.
    let mut old = example::shop();
    let details = old.address_details.as_mut().unwrap();
    details.insert("street".to_owned(), json!("x".repeat(2_704)));
    let moved = json!({"addressDetails": {"city": "Flores"}});
    let shop = edited(&old, &moved, Editor::Owner).unwrap().shop;
    assert_eq!(shop.normalized_address_base, old.normalized_address_base);
}
