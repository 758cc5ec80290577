//! Whose the shop becomes, and what is written.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    identity::AccountStatus,
    shops::{intake::AddressDefaults, record::example},
};

fn now() -> Timestamp {
    example::now()
}

fn draft() -> Draft {
    let body = json!({
        "storeName": "Hilos del Sur", "razonSocial": "Hilos SRL", "cuit": "30-71234567-1",
        "email": "hilos@example.com", "whatsapp": "11 4444-5555", "website": "hilosdelsur.example",
        "address": {
            "street": "Helguera", "number": "455", "city": "CABA", "province": "CABA",
            "isGallery": true, "galleryName": "Central", "galleryLocal": "12b",
        },
        "consents": {"termsAccepted": true, "contactAccepted": true},
        "socialHandles": {"instagram": "hilos"}, "intakeMeta": {"auditTrail": [], "campaign": "x"},
    });
    Draft::read(body.as_object().unwrap(), &AddressDefaults::default()).unwrap()
}

fn account(user_type: UserType) -> Account {
    Account {
        id: Uuid::from_u128(9).into(),
        email: "hilos@example.com".to_owned(),
        email_proven: false,
        firebase_uid: None,
        user_type,
        role: Role::Undefined,
        status: AccountStatus::Active,
        last_login_at: None,
        has_client_profile: false,
        admin_role: None,
        admin_status: AccountStatus::Active,
        shop: None,
    }
}

/// The same account, as far as shops decide about it.
fn owner(account: &Account) -> OwnerAccount {
    let side = (account.user_type, account.role);
    OwnerAccount::new(account.id, side, account.status)
}

fn caller(email: &str, email_verified: bool) -> Caller {
    Caller {
        account_id: Uuid::from_u128(9).into(),
        uid: "uid".to_owned(),
        email: email.to_owned(),
        email_verified,
        user_type: UserType::Client,
        role: Role::User,
        admin_role: None,
        shop_id: None,
        token_expires_at: now(),
    }
}

fn registered(registrant: Registrant<'_>) -> Result<Registration, IntakeError> {
    let circumstances = Circumstances {
        actor: Actor::Anonymous,
        id: Uuid::from_u128(2).into(),
        taken_slugs: &BTreeSet::from(["hilos-del-sur".to_owned()]),
        origin: &Origin::default(),
        now: now(),
    };
    register(&draft(), registrant, circumstances)
}

#[test]
fn only_a_proven_address_opens_the_shop() {
    for (email, verified, opens) in [
        ("hilos@example.com", true, true),
        ("hilos@example.com", false, false),
        ("somebody@example.com", true, false),
    ] {
        let caller = caller(email, verified);
        let account = account(UserType::Client);
        let made = registered(Registrant::SignedIn(
            &caller,
            Some((&account, owner(&account))),
        ))
        .unwrap();
        let expected = if opens {
            (ShopStatus::Active, Verification::Verified, None)
        } else {
            let reason = "Registro pendiente de revisión.";
            (
                ShopStatus::PendingVerification,
                Verification::Unverified,
                Some(reason),
            )
        };
        let shop = &made.shop;
        assert_eq!(
            (
                shop.status,
                shop.verification,
                shop.status_reason.as_deref()
            ),
            expected
        );
        let (user_type, role) = if opens {
            (UserType::Shop, Role::Store)
        } else {
            (UserType::Client, Role::PendingStore)
        };
        assert_eq!(
            made.ownership,
            Ownership::Given(OwnerAccount {
                user_type,
                role,
                ..owner(&account)
            })
        );
        let Confirmation::Registered { to, opened } = made.confirmation else {
            panic!()
        };
        assert_eq!((to.as_str(), opened), (email, opens));
    }
}

#[test]
fn an_account_with_that_address_is_linked_and_left_as_it_is() {
    let account = account(UserType::Client);
    let made = registered(Registrant::ByEmail(Some(&account))).unwrap();
    assert_eq!(made.ownership, Ownership::Linked(account.id));
    assert_eq!(made.shop.owner, Some(account.id));
    assert_eq!(made.shop.status, ShopStatus::PendingVerification);
    let email = draft().contact.email;
    assert_eq!(made.confirmation, Confirmation::Activate { to: email });
}

#[test]
fn somebodys_account_is_not_given_a_shop_by_a_stranger() {
    type Use = fn(&mut Account);
    let uses: [Use; 5] = [
        |account| account.firebase_uid = Some("uid".to_owned()),
        |account| account.last_login_at = Some(now()),
        |account| account.has_client_profile = true,
        |account| account.role = Role::User,
        |account| account.status = AccountStatus::Suspended,
    ];
    for used in uses {
        let mut account = account(UserType::Client);
        used(&mut account);
        let refused = registered(Registrant::ByEmail(Some(&account)));
        assert_eq!(refused, Err(IntakeError::OwnerMustSignIn));
        let themselves = caller("hilos@example.com", true);
        assert!(
            registered(Registrant::SignedIn(
                &themselves,
                Some((&account, owner(&account)))
            ))
            .is_ok()
        );
    }
}

#[test]
fn without_an_account_one_is_made() {
    let made = registered(Registrant::ByEmail(None)).unwrap();
    let expected = Ownership::New {
        email: draft().contact.email.into_string(),
        sells_as: (UserType::Client, Role::PendingStore),
        status: AccountStatus::Active,
    };
    assert_eq!(made.ownership, expected);
    assert_eq!(made.shop.owner, None);
    assert_eq!(made.entry.actor, Actor::Anonymous);
}

#[test]
fn some_accounts_own_no_second_shop_and_some_none() {
    let caller = caller("hilos@example.com", true);
    let admin = account(UserType::Admin);
    let sells = Account {
        shop: Some(example::shop().standing()),
        ..account(UserType::Client)
    };
    let of = |account| registered(Registrant::ByEmail(Some(account))).unwrap_err();
    assert_eq!(of(&admin), IntakeError::OwnerAdministers);
    assert_eq!(of(&sells), IntakeError::OwnerHasShop);
    let signed_in = |account| registered(Registrant::SignedIn(&caller, account)).unwrap_err();
    assert_eq!(
        signed_in(Some((&sells, owner(&sells)))),
        IntakeError::OwnerHasShop
    );
    assert_eq!(signed_in(None), IntakeError::OwnerGone);
}

#[test]
fn a_registered_shop_is_on_the_map_without_contacts() {
    let made = registered(Registrant::ByEmail(None)).unwrap();
    let shop = made.shop;
    assert_eq!(
        (shop.plan.as_str(), shop.plan_tier),
        ("MAP_ONLY", PlanTier::None)
    );
    assert_eq!(
        (shop.visibility, shop.contacts_public),
        (Visibility::Dimmed, false)
    );
    assert_eq!(shop.registration_source, RegistrationSource::SelfService);
    assert_eq!((shop.email, shop.whatsapp_lines.len()), (None, 0));
    assert_eq!(
        shop.contact_email_private.as_deref(),
        Some("hilos@example.com")
    );
    assert_eq!(
        shop.contact_whatsapp_private.as_deref(),
        Some("+5491144445555")
    );
    assert_eq!(shop.slug, "hilos-del-sur-2");
    assert_eq!(shop.address, shop.address_display);
    assert_eq!(
        shop.address.as_deref(),
        Some("Helguera 455, CABA · Galería Central · Local 12B")
    );
    assert_eq!(
        shop.address_base.as_deref(),
        Some("Helguera 455, CABA, CABA, Argentina")
    );
    assert_eq!(
        shop.normalized_address_base.as_deref(),
        Some("helguera 455, caba, caba, argentina")
    );
    assert_eq!(shop.normalized_name.as_deref(), Some("hilos del sur"));
    assert_eq!(shop.gallery.local.as_deref(), Some("12B"));
    assert_eq!(
        (shop.stream_quota, shop.reel_quota, shop.minimum_purchase),
        (0, 0, 0)
    );
    assert!(shop.active);
    assert_eq!(shop.status_changed_at, Some(now()));
    let meta = Value::Object(shop.intake_meta.unwrap());
    assert_eq!(
        (&meta["source"], &meta["campaign"]),
        (&json!("self_register"), &json!("x"))
    );
    assert!(meta.get("auditTrail").is_none());
    assert_eq!(made.notice, "Nueva tienda registrada: Hilos del Sur.");
    assert_eq!(made.entry.action, AuditAction::SelfRegistered);
    assert_eq!(made.entry.after["name"], "Hilos del Sur");
}
