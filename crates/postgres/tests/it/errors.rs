//! What the database refuses arrives with the names that callers and readers of logs need.

use std::time::Duration;

use avvivo_domain::reels::Reel;
use avvivo_kernel::{ErrorKind, Fault as _};
use avvivo_postgres::{Database, DatabaseOptions, DbError, accounts, reels, shops, wallets};
use avvivo_testkit::free_port;
use tokio::sync::Barrier;

use crate::support::World;

#[tokio::test]
async fn a_broken_reel_names_its_table_column_and_id() {
    let world = World::new().await;
    let id = world.waiting().await;
    world
        .run(
            "ALTER TYPE reel_type ADD VALUE 'MARTIAN'; ALTER TYPE social_platform ADD VALUE 'MARTIAN';
             ALTER TYPE render_stage ADD VALUE 'MARTIAN'; ALTER TYPE reel_status ADD VALUE 'MARTIAN';",
        )
        .await;
    world
        .run("ALTER TABLE reels DROP CONSTRAINT reels_render_version_check")
        .await;
    for (column, broken, fine) in [
        ("type", "MARTIAN", "VIDEO"),
        ("platform", "MARTIAN", "TikTok"),
        ("render_stage", "MARTIAN", "DONE"),
        ("status", "MARTIAN", "PROCESSING"),
        ("render_version", "-1", "1"),
    ] {
        world
            .run(format!("UPDATE reels SET {column} = '{broken}'"))
            .await;
        let mut conn = world.db.acquire().await.unwrap();
        let error = reels::find(&mut conn, id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("broken row {id} in reels.{column}: {broken}")
        );
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Internal, "internal")
        );
        world
            .run(format!("UPDATE reels SET {column} = '{fine}'"))
            .await;
    }
}

#[tokio::test]
async fn a_broken_account_administrator_shop_or_wallet_is_named_too() {
    let world = World::new().await;
    let (account, shop) = (world.account().await, world.shop().await);
    world
        .run(
            "ALTER TYPE account_status ADD VALUE 'MARTIAN'; ALTER TYPE admin_role ADD VALUE 'MARTIAN';
             ALTER TYPE shop_plan_tier ADD VALUE 'MARTIAN';
             ALTER TABLE quota_wallets DROP CONSTRAINT quota_wallets_reel_daily_used_check;",
        )
        .await;
    let mut conn = world.db.acquire().await.unwrap();
    let email = format!("{account}@example.com");

    world.run("UPDATE accounts SET status = 'MARTIAN'").await;
    let error = accounts::find_for_token(&mut conn, "uid", &email)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("broken row {account} in accounts.status: MARTIAN")
    );

    world.run("UPDATE accounts SET status = 'ACTIVE'").await;
    world
        .run(format!(
            "INSERT INTO admins (account_id, role, created_at) VALUES ('{account}', 'MARTIAN', now())"
        ))
        .await;
    let error = accounts::find_for_token(&mut conn, "uid", &email)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("broken row {account} in admins.role: MARTIAN")
    );

    world.run("UPDATE shops SET plan_tier = 'MARTIAN'").await;
    let error = shops::find_standing(&mut conn, shop).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("broken row {shop} in shops.plan_tier: MARTIAN")
    );

    world
        .run(format!(
            "INSERT INTO quota_wallets (shop_id, reel_daily_used) VALUES ('{shop}', -2)"
        ))
        .await;
    let error = wallets::lock_reels(&mut conn, shop).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("broken row {shop} in quota_wallets.reel_daily_used: -2")
    );
}

#[tokio::test]
async fn the_constraint_that_refused_is_named() {
    let world = World::new().await;
    let shop = world.shop().await;
    let reel = world.draft(shop);
    world.stored(&reel).await;
    let homeless = world.draft(world.id().into());
    let wordy = Reel {
        preset_label: Some("x".repeat(49)),
        ..world.draft(shop)
    };
    for (reel, constraint) in [
        (reel, "reels_pkey"),
        (homeless, "reels_shop_id_fkey"),
        (wordy, "reels_preset_label_is_short"),
    ] {
        let mut conn = world.db.acquire().await.unwrap();
        let error = reels::insert(&mut conn, &reel, &[]).await.unwrap_err();
        assert!(error.violates(constraint), "{error}");
        assert!(!error.violates("some_other_constraint"));
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}

#[tokio::test]
async fn of_two_transactions_in_each_others_way_one_may_try_again() {
    let world = World::new().await;
    let (one, other) = (world.waiting().await, world.waiting().await);
    let both_hold_one = Barrier::new(2);
    let crossing = async |first, second| {
        let mut tx = world.begin().await;
        reels::find_for_update(&mut tx, first).await?;
        both_hold_one.wait().await;
        reels::find_for_update(&mut tx, second).await?;
        tx.commit().await
    };
    let (left, right) = tokio::join!(crossing(one, other), crossing(other, one));
    let lost: Vec<DbError> = [left, right].into_iter().filter_map(Result::err).collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(
        (lost[0].kind(), lost[0].code()),
        (ErrorKind::Unavailable, "database.raced")
    );
}

#[tokio::test]
async fn a_statement_that_takes_too_long_and_a_server_that_is_away_are_unavailable() {
    let world = World::new().await;
    let impatient = DatabaseOptions {
        acquire_timeout: Duration::from_millis(300),
        statement_timeout: Duration::from_millis(50),
        ..DatabaseOptions::default()
    };
    let id = world.waiting().await;
    let mut elsewhere = world.begin().await;
    reels::find_for_update(&mut elsewhere, id).await.unwrap();
    let db = Database::lazy(&world.url(), &impatient).unwrap();
    let mut tx = db.begin().await.unwrap();
    let error = reels::find_for_update(&mut tx, id).await.unwrap_err();
    assert_eq!(error.code(), "database.unavailable");

    let nowhere = format!("postgres://app@127.0.0.1:{}/app", free_port().unwrap());
    let db = Database::lazy(&nowhere, &impatient).unwrap();
    assert_eq!(db.ping().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_never_was() {
    let world = World::new().await;
    let reel = world.draft(world.shop().await);
    let mut tx = world.begin().await;
    reels::insert(&mut tx, &reel, &[]).await.unwrap();
    drop(tx);
    let mut conn = world.db.acquire().await.unwrap();
    assert_eq!(reels::find(&mut conn, reel.id).await.unwrap(), None);
    assert_eq!(world.count("SELECT count(*) FROM reels").await, 0);
}
