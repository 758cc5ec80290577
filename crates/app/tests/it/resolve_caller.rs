//! From tokens to callers, with what is written on the way.

use std::{sync::Arc, time::Duration};

use avvivo_app::{Policy, identity::resolve_caller};
use avvivo_domain::identity::{AdminEmails, AdminRole, Role, TokenIdentity, UserType};
use avvivo_kernel::{ErrorKind, Fault as _, Timestamp};
use avvivo_postgres::{Database, DatabaseOptions};
use avvivo_testkit::free_port;
use chrono::TimeDelta;
use futures::future::join_all;

use crate::support::{World, code, words};

fn token(world: &World, uid: &str, email: &str) -> TokenIdentity {
    TokenIdentity {
        uid: uid.to_owned(),
        email: Some(email.to_owned()),
        email_verified: true,
        expires_at: world.now() + TimeDelta::hours(1),
    }
}

fn unverified(token: TokenIdentity) -> TokenIdentity {
    TokenIdentity {
        email_verified: false,
        ..token
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_first_logins_at_once_make_one_account() {
    let world = World::new().await;
    let token = token(&world, "uid-1", "ana@example.com");

    let callers = join_all((0..8).map(|_| resolve_caller::run(&world.deps, &token))).await;

    let callers: Vec<_> = callers.into_iter().map(Result::unwrap).collect();
    assert!(callers.iter().all(|caller| *caller == callers[0]));
    assert_eq!(callers[0].role, Role::Undefined);
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn a_settled_account_is_not_written() {
    let world = World::new().await;
    let token = token(&world, "uid-1", "ana@example.com");
    resolve_caller::run(&world.deps, &token).await.unwrap();
    let version = "SELECT xmin::text::bigint FROM accounts";
    let before = world.count(version).await;
    world.advance(TimeDelta::minutes(4));
    resolve_caller::run(&world.deps, &token).await.unwrap();
    assert_eq!(world.count(version).await, before);

    let now = world.advance(TimeDelta::minutes(1));
    resolve_caller::run(&world.deps, &token).await.unwrap();
    let stamped: Timestamp = sqlx::query_scalar("SELECT last_login_at FROM accounts")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(stamped, now);
}

#[tokio::test]
async fn an_address_that_is_not_verified_opens_nobodys_account() {
    let world = World::new().await;
    let mine = token(&world, "uid-1", "ana@example.com");
    let account = resolve_caller::run(&world.deps, &mine)
        .await
        .unwrap()
        .account_id;
    let theirs = unverified(token(&world, "uid-2", "ana@example.com"));

    let refused = resolve_caller::run(&world.deps, &theirs).await;

    assert_eq!(code(refused), "auth.required");
    let again = resolve_caller::run(&world.deps, &mine).await.unwrap();
    assert_eq!(again.account_id, account);
}

#[tokio::test]
async fn a_verified_address_links_the_account_that_was_made_for_it() {
    let world = World::new().await;
    let id = world.id();
    sqlx::query(
        "INSERT INTO accounts (id, email, created_at) VALUES ($1, 'ana@example.com', now())",
    )
    .bind(id)
    .execute(world.pool())
    .await
    .unwrap();
    let token = token(&world, "uid-1", "ana@example.com");
    let caller = resolve_caller::run(&world.deps, &token).await.unwrap();
    assert_eq!(caller.account_id.as_uuid(), id);
    // Whoever was linked to it hears nothing any more.
    world.relay().drain().await.unwrap();
    assert_eq!(words(&world.bus.events()), ["access changed"]);
    // Linked: from now on the id alone is enough.
    let by_id = unverified(TokenIdentity {
        email: Some("new@example.com".to_owned()),
        ..token
    });
    let caller = resolve_caller::run(&world.deps, &by_id).await.unwrap();
    assert_eq!(caller.account_id.as_uuid(), id);
}

#[tokio::test]
async fn a_suspended_account_is_used_by_nobody() {
    let world = World::new().await;
    let token = token(&world, "uid-1", "ana@example.com");
    let account = resolve_caller::run(&world.deps, &token)
        .await
        .unwrap()
        .account_id;
    world
        .arrange(
            "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1",
            account.as_uuid(),
        )
        .await;
    let error = resolve_caller::run(&world.deps, &token).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Forbidden, "auth.suspended")
    );
}

#[tokio::test]
async fn a_token_without_an_address_is_nobodys() {
    let world = World::new().await;
    let token = TokenIdentity {
        email: None,
        ..token(&world, "uid-1", "")
    };
    assert_eq!(
        code(resolve_caller::run(&world.deps, &token).await),
        "auth.no_email"
    );
}

#[tokio::test]
async fn listed_addresses_administer_once_they_are_verified() {
    let policy = Policy {
        admin_emails: AdminEmails::new(["Boss@Example.com"]),
        ..Policy::default()
    };
    let world = World::with(policy).await;
    let token = token(&world, "uid-1", "boss@example.com");
    let caller = resolve_caller::run(&world.deps, &unverified(token.clone()))
        .await
        .unwrap();
    assert!(!caller.is_admin());

    let caller = resolve_caller::run(&world.deps, &token).await.unwrap();

    assert_eq!(
        (caller.user_type, caller.role),
        (UserType::Admin, Role::Superadmin)
    );
    assert_eq!(caller.admin_role, Some(AdminRole::Superadmin));
    let stored = "SELECT count(*) FROM admins WHERE role = 'SUPERADMIN'";
    assert_eq!(world.count(stored).await, 1);
}

#[tokio::test]
async fn a_verified_owner_opens_a_shop_that_waits_for_that() {
    let world = World::new().await;
    let shop = world.shop().status("PENDING_VERIFICATION").open().await;
    world.registered_itself(&shop).await;
    let token = token(&world, &shop.owner.uid, &shop.owner.email);

    let caller = resolve_caller::run(&world.deps, &unverified(token.clone()))
        .await
        .unwrap();
    assert_eq!(
        (caller.role, caller.acting_shop()),
        (Role::PendingStore, None)
    );
    let caller = resolve_caller::run(&world.deps, &token).await.unwrap();
    assert_eq!(
        (caller.role, caller.acting_shop()),
        (Role::Store, Some(shop.id))
    );

    let opened = "SELECT count(*) FROM shops WHERE status = 'ACTIVE' AND verification = 'VERIFIED' \
                  AND visibility = 'LIT' AND owner_accepted_at IS NOT NULL";
    assert_eq!(world.count(opened).await, 1);
    let written = "SELECT count(*) FROM audit_log WHERE action = 'SHOP_OPENED_BY_OWNER' AND subject_kind = 'SHOP' \
                   AND actor_account_id IS NOT NULL AND before ->> 'status' = 'PENDING_VERIFICATION' \
                   AND after @> '{\"status\": \"ACTIVE\", \"verificationState\": \"VERIFIED\"}' AND after ? 'ownerAcceptedAt'";
    assert_eq!(world.count(written).await, 1);
    let again = resolve_caller::run(&world.deps, &token).await.unwrap();
    assert_eq!(again, caller);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_of_somebodys_rights_is_written_down_once() {
    let policy = Policy {
        admin_emails: AdminEmails::new(["boss@example.com"]),
        ..Policy::default()
    };
    let world = World::with(policy).await;
    let id = world.id();
    sqlx::query(
        "INSERT INTO accounts (id, email, created_at) VALUES ($1, 'boss@example.com', now())",
    )
    .bind(id)
    .execute(world.pool())
    .await
    .unwrap();
    let token = token(&world, "uid-1", "boss@example.com");

    let callers = join_all((0..6).map(|_| resolve_caller::run(&world.deps, &token))).await;

    assert!(callers.into_iter().all(|caller| caller.unwrap().is_admin()));
    assert_eq!(world.count("SELECT count(*) FROM audit_log").await, 1);
    let written = "SELECT count(*) FROM audit_log WHERE action = 'ACCOUNT_ROLE_CHANGED' AND actor_type = 'SYSTEM' \
                   AND before = '{\"role\": \"UNDEFINED\", \"userType\": \"CLIENT\"}' \
                   AND after ->> 'adminRole' = 'SUPERADMIN' AND after ->> 'firebaseUid' = 'uid-1'";
    assert_eq!(world.count(written).await, 1);
}

#[tokio::test]
async fn a_database_that_is_away_is_told_apart_from_a_refusal() {
    let mut world = World::new().await;
    let options = DatabaseOptions {
        acquire_timeout: Duration::from_millis(200),
        ..DatabaseOptions::default()
    };
    let nowhere = format!("postgres://app@127.0.0.1:{}/app", free_port().unwrap());
    world.deps.db = Database::lazy(&nowhere, &options).unwrap();
    world.deps.policy = Arc::default();
    let error = resolve_caller::run(&world.deps, &token(&world, "uid-1", "ana@example.com"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, "database.unavailable")
    );
}
