//! The table of the specification, row by row, and what the old system got wrong.

use uuid::Uuid;

use super::*;
use crate::shops::{PlanTier, RegistrationSource, ShopStanding, ShopStatus, Verification};

const NOW: &str = "2026-03-10T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn token() -> TokenIdentity {
    TokenIdentity {
        uid: "uid-1".to_owned(),
        email: Some("ana@example.com".to_owned()),
        email_verified: true,
        expires_at: now() + TimeDelta::hours(1),
    }
}

fn account() -> Account {
    Account {
        id: AccountId::from(Uuid::from_u128(1)),
        email: "ana@example.com".to_owned(),
        email_proven: true,
        firebase_uid: Some("uid-1".to_owned()),
        user_type: UserType::Client,
        role: Role::Undefined,
        status: AccountStatus::Active,
        last_login_at: Some(now()),
        has_client_profile: false,
        admin_role: None,
        admin_status: AccountStatus::Active,
        shop: None,
    }
}

fn shop(status: ShopStatus) -> ShopStanding {
    ShopStanding {
        id: ShopId::from(Uuid::from_u128(2)),
        active: true,
        status,
        registration_source: RegistrationSource::SelfService,
        verification: Verification::Unverified,
        plan: "BASIC".to_owned(),
        plan_tier: PlanTier::Basico,
        contact_email: token().email,
    }
}

fn resolved(token: &TokenIdentity, account: &Account, admins: &AdminEmails) -> Resolution {
    resolve(token, Some(account), admins, now())
        .unwrap()
        .unwrap()
}

#[test]
fn each_row_of_the_table_gives_its_role() {
    use Role::{PendingStore, Store, Undefined, User};
    let with = |role, profile, status: Option<ShopStatus>| Account {
        role,
        has_client_profile: profile,
        shop: status.map(shop),
        ..account()
    };
    for (account, user_type, role) in [
        (
            with(Undefined, false, Some(ShopStatus::PendingVerification)),
            UserType::Shop,
            Store,
        ),
        (
            with(Undefined, false, Some(ShopStatus::Active)),
            UserType::Shop,
            Store,
        ),
        (
            with(Store, false, Some(ShopStatus::AgendaSuspended)),
            UserType::Shop,
            Store,
        ),
        (
            with(Store, false, Some(ShopStatus::Hidden)),
            UserType::Client,
            PendingStore,
        ),
        (
            with(Store, false, Some(ShopStatus::Banned)),
            UserType::Client,
            PendingStore,
        ),
        (with(Store, false, None), UserType::Client, PendingStore),
        (with(Undefined, true, None), UserType::Client, User),
        (with(Undefined, false, None), UserType::Client, Undefined),
        (
            with(PendingStore, true, None),
            UserType::Client,
            PendingStore,
        ),
        (with(User, true, None), UserType::Client, User),
    ] {
        let caller = resolved(&token(), &account, &AdminEmails::default()).caller;
        assert_eq!(
            (caller.user_type, caller.role),
            (user_type, role),
            "{account:?}"
        );
    }
}

#[test]
fn a_shop_that_is_switched_off_gives_no_store() {
    let off = ShopStanding {
        active: false,
        ..shop(ShopStatus::Active)
    };
    let account = Account {
        shop: Some(off),
        ..account()
    };
    assert_eq!(
        resolved(&token(), &account, &AdminEmails::default())
            .caller
            .role,
        Role::PendingStore
    );
}

#[test]
fn an_unverified_address_on_the_list_does_not_administer() {
    let admins = AdminEmails::new(["ANA@example.com "]);
    let unverified = TokenIdentity {
        email_verified: false,
        ..token()
    };
    assert_eq!(
        resolved(&unverified, &account(), &admins).caller.role,
        Role::Undefined
    );
    assert_eq!(
        resolved(&token(), &account(), &admins).caller.role,
        Role::Superadmin
    );
    let new = resolve(&unverified, None, &admins, now())
        .unwrap()
        .unwrap_err();
    assert_eq!(new.user_type, UserType::Client);
}

#[test]
fn an_unverified_address_does_not_take_over_an_account() {
    let stranger = TokenIdentity {
        uid: "uid-2".to_owned(),
        email_verified: false,
        ..token()
    };
    let answer = resolve(&stranger, Some(&account()), &AdminEmails::default(), now());
    assert_eq!(answer, Err(AccessError::Anonymous));
    let owner = TokenIdentity {
        uid: "uid-2".to_owned(),
        ..token()
    };
    let resolution = resolved(&owner, &account(), &AdminEmails::default());
    assert_eq!(resolution.link_uid.as_deref(), Some("uid-2"));
}

#[test]
fn a_suspended_account_is_nobodys_caller() {
    let account = Account {
        status: AccountStatus::Suspended,
        ..account()
    };
    let answer = resolve(&token(), Some(&account), &AdminEmails::default(), now());
    assert_eq!(answer, Err(AccessError::Suspended));
}

#[test]
fn a_suspended_administrator_is_nobodys_caller_listed_or_not() {
    let suspended = |user_type| Account {
        user_type,
        admin_role: Some(AdminRole::Superadmin),
        admin_status: AccountStatus::Suspended,
        ..account()
    };
    let listed = AdminEmails::new(["ana@example.com"]);
    let nobody = AdminEmails::default();
    for (user_type, admins, refused) in [
        (UserType::Admin, &nobody, true),
        (UserType::Admin, &listed, true),
        (UserType::Client, &listed, true),
        // Whoever no longer administers does what everybody does.
        (UserType::Client, &nobody, false),
    ] {
        let answer = resolve(&token(), Some(&suspended(user_type)), admins, now());
        assert_eq!(answer == Err(AccessError::AdminSuspended), refused);
    }
}

#[test]
fn a_settled_account_costs_no_write() {
    let account = Account {
        role: Role::User,
        has_client_profile: true,
        ..account()
    };
    assert!(resolved(&token(), &account, &AdminEmails::default()).writes_nothing());
    let earlier = now() - TimeDelta::minutes(6);
    let away = Account {
        last_login_at: Some(earlier),
        ..account
    };
    assert!(resolved(&token(), &away, &AdminEmails::default()).stamp_login);
}

#[test]
fn an_address_is_proven_once_and_only_the_accounts_own() {
    let unproven = Account {
        email_proven: false,
        ..account()
    };
    let of = |email: &str, email_verified| TokenIdentity {
        email: Some(email.to_owned()),
        email_verified,
        ..token()
    };
    let proves = |token: &TokenIdentity, account: &Account| {
        resolved(token, account, &AdminEmails::default()).prove_email
    };
    assert!(proves(&token(), &unproven));
    assert!(!proves(&token(), &account()));
    assert!(!proves(&of("ana@example.com", false), &unproven));
    assert!(!proves(&of("mallory@example.com", true), &unproven));
    let new = |token: &TokenIdentity| {
        let none = resolve(token, None, &AdminEmails::default(), now());
        none.unwrap().unwrap_err().email_proven
    };
    assert!(new(&token()) && !new(&of("ana@example.com", false)));
}

#[test]
fn a_verified_owner_opens_a_shop_that_registered_itself() {
    let account = Account {
        shop: Some(shop(ShopStatus::PendingVerification)),
        ..account()
    };
    let unverified = TokenIdentity {
        email_verified: false,
        ..token()
    };
    assert!(
        resolved(&token(), &account, &AdminEmails::default())
            .open_shop
            .is_some()
    );
    let waiting = resolved(&unverified, &account, &AdminEmails::default());
    assert_eq!(
        (waiting.open_shop, waiting.caller.role),
        (None, Role::PendingStore)
    );
}

#[test]
fn proving_another_address_than_the_shops_opens_nothing() {
    let pending = shop(ShopStatus::PendingVerification);
    let given = |contact_email: Option<&str>| ShopStanding {
        contact_email: contact_email.map(str::to_owned),
        ..pending.clone()
    };
    let turned_away = ShopStanding {
        verification: Verification::Rejected,
        ..pending.clone()
    };
    for shop in [
        given(Some("stranger@example.com")),
        given(None),
        turned_away,
    ] {
        let account = Account {
            shop: Some(shop),
            ..account()
        };
        let waiting = resolved(&token(), &account, &AdminEmails::default());
        assert_eq!(
            (waiting.open_shop, waiting.caller.role),
            (None, Role::PendingStore)
        );
    }
}
