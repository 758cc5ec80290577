//! What an administrator may ask for, and what becomes of it.

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    identity::{AccountStatus, Role},
    shops::{PlanTier, RegistrationSource, record::example},
};

fn id() -> ShopId {
    Uuid::from_u128(2).into()
}

fn read(body: &Value) -> Result<NewShop, ShopError> {
    NewShop::read(body.as_object().unwrap())
}

fn account(user_type: UserType) -> OwnerAccount {
    let id = Uuid::from_u128(9).into();
    OwnerAccount::new(id, (user_type, Role::User), AccountStatus::Active)
}

fn created_for(body: &Value, account: Option<(OwnerAccount, bool)>) -> Created {
    create(
        read(body).unwrap(),
        id(),
        account,
        &BTreeSet::new(),
        example::now(),
    )
    .unwrap()
}

fn created(body: &Value) -> Created {
    created_for(body, None)
}

#[test]
fn a_name_is_enough() {
    let made = created(&json!({"name": " Luna  Azul "}));
    let shop = &made.shop;
    assert_eq!(
        (shop.name.as_str(), shop.slug.as_str()),
        ("Luna Azul", "luna-azul")
    );
    assert_eq!(shop.normalized_name.as_deref(), Some("luna azul"));
    assert_eq!(
        (shop.plan.as_str(), shop.plan_tier),
        ("ESTANDAR", PlanTier::Basico)
    );
    assert_eq!(shop.status, ShopStatus::PendingVerification);
    assert_eq!((shop.stream_quota, shop.reel_quota), (0, 1));
    assert_eq!(shop.registration_source, RegistrationSource::Admin);
    assert!(shop.active && shop.contacts_public);
    assert_eq!(shop.status_changed_at, Some(example::now()));
    assert_eq!(
        (
            made.wallet.lives.weekly_limit,
            made.wallet.reels.daily_limit
        ),
        (0, 1)
    );
    assert_eq!(shop.address_details, Some(Map::new()));
}

#[test]
fn what_is_shown_follows_from_the_status() {
    use ShopStatus::{Active, AgendaSuspended, Banned, Hidden, PendingVerification};
    for (sent, status, visibility, verification) in [
        ("ACTIVE", Active, Visibility::Lit, Verification::Verified),
        ("BANNED", Banned, Visibility::Hidden, Verification::Rejected),
        (
            "HIDDEN",
            Hidden,
            Visibility::Hidden,
            Verification::Unverified,
        ),
        (
            "AGENDA_SUSPENDED",
            AgendaSuspended,
            Visibility::Hidden,
            Verification::Unverified,
        ),
        (
            "whatever",
            PendingVerification,
            Visibility::Hidden,
            Verification::Unverified,
        ),
    ] {
        let shop = created(&json!({"name": "Luna", "status": sent})).shop;
        assert_eq!(
            (shop.status, shop.visibility, shop.verification),
            (status, visibility, verification)
        );
    }
    let mapped = created(&json!({"name": "Luna", "status": "ACTIVE", "plan": "MAP_ONLY"})).shop;
    assert_eq!(
        (mapped.visibility, mapped.plan_tier),
        (Visibility::Dimmed, PlanTier::None)
    );
}

#[test]
fn given_quotas_win_over_the_plan() {
    let made = |body: Value| {
        let shop = created(&body).shop;
        (shop.stream_quota, shop.reel_quota)
    };
    assert_eq!(made(json!({"name": "Luna", "plan": "PRO"})), (3, 5));
    assert_eq!(made(json!({"name": "Luna", "plan": "Alta"})), (1, 3));
    assert_eq!(
        made(json!({"name": "Luna", "plan": "PRO", "streamQuota": 0, "reelQuota": "9"})),
        (3, 9)
    );
    let wallet =
        created(&json!({"name": "Luna", "plan": "PRO", "streamQuota": 5, "reelQuota": 2})).wallet;
    assert_eq!(
        (wallet.lives.weekly_used, wallet.lives.extra_balance),
        (0, 2)
    );
    assert_eq!(
        (wallet.reels.daily_used, wallet.reels.extra_balance),
        (3, 0)
    );
}

#[test]
fn what_cannot_be_meant_is_told_apart() {
    let field = |field| ShopError::from(FieldError::Wrong { field });
    for (body, error) in [
        (json!({}), FieldError::Missing { field: "name" }.into()),
        (
            json!({"name": " "}),
            FieldError::Missing { field: "name" }.into(),
        ),
        (json!({"name": {}}), field("name")),
        (
            json!({"name": "x".repeat(121)}),
            FieldError::TooLong {
                field: "name",
                max: 120,
            }
            .into(),
        ),
        (json!({"name": "x", "id": "luna"}), ShopError::InvalidId),
        (json!({"name": "x", "id": "../x"}), ShopError::InvalidId),
        (json!({"name": "x", "id": 7}), ShopError::InvalidId),
        (json!({"name": "x", "email": "x"}), ShopError::InvalidEmail),
        (json!({"name": "x", "cuit": "123"}), ShopError::InvalidCuit),
        (json!({"name": "x", "active": "true"}), field("active")),
        (
            json!({"name": "x", "minimumPurchase": "x"}),
            field("minimumPurchase"),
        ),
        (
            json!({"name": "x", "paymentMethods": "x"}),
            field("paymentMethods"),
        ),
        (
            json!({"name": "x", "website": "javascript:1"}),
            field("website"),
        ),
        (
            json!({"name": "x", "whatsappLines": [{"label": "a", "number": "b"}]}),
            ShopError::Whatsapp,
        ),
        (
            json!({"name": "x", "socialHandles": {"tiktok": "a", "TikTok": "b"}}),
            ShopError::RepeatedNetwork,
        ),
    ] {
        assert_eq!(read(&body), Err(error), "{body}");
    }
    let uuid = "00000000-0000-0000-0000-000000000002";
    assert_eq!(
        read(&json!({"name": "x", "id": uuid})).unwrap().id,
        Some(id())
    );
    assert_eq!(read(&json!({"name": "x", "id": null})).unwrap().id, None);
}

#[test]
fn values_are_kept_in_normal_form() {
    let shop = created(&json!({
        "name": "Luna", "cuit": "30-71234567-1", "email": " ", "website": "https://c.example/", "minimumPurchase": "5",
        "addressDetails": {
            "catalogUrl": "http://c.example", "street": "Av. Avellaneda", "number": 3250, "city": "CABA", "province": "CABA",
        },
    }))
    .shop;
    assert_eq!(shop.cuit.as_deref(), Some("30712345671"));
    assert_eq!((shop.email, shop.website), (None, None));
    assert_eq!(shop.minimum_purchase, 5);
    let normal = "avenida avellaneda 3250, caba, caba, argentina";
    assert_eq!(shop.normalized_address_base.as_deref(), Some(normal));
}

#[test]
fn a_slug_that_was_asked_for_is_that_or_nothing() {
    let taken = BTreeSet::from(["luna".to_owned()]);
    let make = |body: Value| create(read(&body).unwrap(), id(), None, &taken, example::now());
    assert_eq!(
        make(json!({"name": "x", "slug": "Luna"})),
        Err(ShopError::SlugTaken)
    );
    assert_eq!(make(json!({"name": "Luna"})).unwrap().shop.slug, "luna-2");
    assert_eq!(
        make(json!({"name": "Luna", "slug": "Otra Cosa"}))
            .unwrap()
            .shop
            .slug,
        "otra-cosa"
    );
}

#[test]
fn a_shop_gets_an_owner_of_its_own() {
    let body = json!({"name": "Luna", "email": "A@b.c", "status": "ACTIVE"});
    let made = created(&body);
    let new = |email: &str, sells_as, status| Ownership::New {
        email: email.to_owned(),
        sells_as,
        status,
    };
    let open = |email: &str| new(email, (UserType::Shop, Role::Store), AccountStatus::Active);
    assert_eq!(made.owner, open("a@b.c"));
    assert_eq!(made.invite.as_ref().map(Email::as_str), Some("a@b.c"));

    let reused = created_for(&body, Some((account(UserType::Client), false)));
    let expected = OwnerAccount {
        user_type: UserType::Shop,
        role: Role::Store,
        ..account(UserType::Client)
    };
    assert_eq!(reused.owner, Ownership::Given(expected));
    assert_eq!(reused.shop.owner, Some(expected.id));
    assert!(reused.invite.is_some() && !reused.shop.requires_email_fix);

    let technical = "shop_00000000-0000-0000-0000-000000000002@invalid.local";
    for account in [
        (account(UserType::Admin), false),
        (account(UserType::Client), true),
    ] {
        let made = created_for(&body, Some(account));
        assert_eq!(made.owner, open(technical));
        assert!(made.invite.is_none() && made.shop.requires_email_fix);
    }
    let without = created(&json!({"name": "Luna", "status": "ACTIVE"}));
    assert_eq!(without.owner, open(technical));
    assert!(without.shop.requires_email_fix);
}

#[test]
fn only_a_banned_or_hidden_shop_begins_with_a_suspended_owner() {
    use AccountStatus::{Active, Suspended};
    let status_of = |body: Value| match created(&body).owner {
        Ownership::New {
            sells_as: (_, role),
            status,
            ..
        } => (status, role),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        status_of(json!({"name": "x", "active": false})),
        (Active, Role::PendingStore)
    );
    assert_eq!(
        status_of(json!({"name": "x", "status": "BANNED"})).0,
        Suspended
    );
    assert_eq!(
        status_of(json!({"name": "x", "status": "HIDDEN"})).0,
        Suspended
    );
    // A buyer's own account is not locked with the shop.
    let body = json!({"name": "x", "status": "BANNED", "email": "a@b.c"});
    let reused = created_for(&body, Some((account(UserType::Client), false)));
    let Ownership::Given(owner) = reused.owner else {
        panic!()
    };
    assert_eq!((owner.status, owner.role), (Active, Role::PendingStore));
}
