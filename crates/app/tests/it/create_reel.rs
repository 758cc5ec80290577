//! What a reel that is accepted leaves behind.

use avvivo_app::{Policy, reels::create_reel};
use avvivo_domain::reels::{LIFETIME, ReelStatus, ReelType, SourceRole};
use avvivo_postgres::reels;
use chrono::{NaiveDate, TimeDelta};
use serde_json::json;

use crate::support::{TRACEPARENT, World, in_folder};

#[tokio::test]
async fn a_reel_is_stored_charged_announced_and_queued_at_once() {
    let world = World::new().await;
    let shop = world.shop().plan("Premium").open().await;
    let mut command = world.video(&shop);
    command.preset_label = Some("  Liquidación  ".to_owned());
    command.thumbnail_url = Some(world.url(&in_folder(shop.id, "still.jpg")));

    let made = create_reel::run(&world.deps, command.clone())
        .await
        .unwrap();

    let reel = made.reel;
    assert_eq!((made.shop.id, made.shop.name.as_str()), (shop.id, "Tienda"));
    assert_eq!(reel.status, ReelStatus::Processing);
    assert_eq!(reel.video_url, command.video_url);
    assert_eq!(reel.thumbnail_url, command.thumbnail_url);
    assert_eq!(reel.preset_label.as_deref(), Some("Liquidación"));
    assert_eq!(reel.created_at, world.now());
    assert_eq!(reel.expires_at, world.now() + LIFETIME);
    assert_eq!(reel.traceparent.as_deref(), Some(TRACEPARENT));
    assert_eq!(world.reel(reel.id).await, reel);

    let wallet = world.wallet(&shop).await;
    assert_eq!((wallet.daily_limit, wallet.daily_used), (3, 1));
    assert_eq!(wallet.day, NaiveDate::from_ymd_opt(2026, 3, 10));
    assert_eq!(world.shown_quota(&shop).await, 2);
    assert_eq!(
        world.ledger().await,
        [("DEBIT PLAN_BASE".to_owned(), reel.id)]
    );

    assert_eq!(world.told(&shop).await, ["PROCESSING 0"]);
    assert!(world.told_everybody().await.is_empty());
    let jobs = world.jobs().await;
    assert_eq!(jobs.len(), 1);
    let (name, job) = &jobs[0];
    assert_eq!(*name, format!("reel:{}:v1", reel.id));
    assert_eq!((job.reel_id.clone(), job.version), (reel.id.to_string(), 1));
    assert_eq!(job.traceparent, TRACEPARENT);
}

#[tokio::test]
async fn sources_are_pinned_in_order_with_the_overlay_last() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let photos: Vec<String> = ["b.jpg", "a.jpg"]
        .iter()
        .map(|name| world.upload(shop.id, name, "image/jpeg"))
        .collect();
    world.upload(shop.id, "a.jpg", "image/jpeg");
    let overlay = world.upload(shop.id, "overlay.png", "image/png");
    let mut command = world.video(&shop);
    command.kind = ReelType::PhotoSet;
    command.photo_urls = photos.clone();
    command.editor_state = Some(json!({"renderOverlayUrl": overlay}));

    let reel = world.create(command).await.unwrap();

    assert_eq!((reel.video_url, reel.photo_urls), (None, photos));
    let mut conn = world.deps.db.acquire().await.unwrap();
    let sources = reels::list_sources(&mut conn, reel.id).await.unwrap();
    let pinned: Vec<_> = sources
        .iter()
        .map(|source| {
            (
                source.role,
                source.position,
                source.path.as_str(),
                source.generation,
            )
        })
        .collect();
    assert_eq!(
        pinned,
        [
            (
                SourceRole::Photo,
                0,
                in_folder(shop.id, "b.jpg").as_str(),
                1
            ),
            (
                SourceRole::Photo,
                1,
                in_folder(shop.id, "a.jpg").as_str(),
                2
            ),
            (
                SourceRole::Overlay,
                0,
                in_folder(shop.id, "overlay.png").as_str(),
                1
            ),
        ]
    );
}

#[tokio::test]
async fn what_only_renderers_write_is_dropped_from_a_clients_state() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.editor_state = Some(json!({
        "stickers": [{"progress": 1}],
        "progress": 99,
        "workerStage": "DONE",
        "rendered": true,
        "processingRetries": -3,
        "somethingNew": {"kept": true},
    }));

    let reel = world.create(command).await.unwrap();

    assert_eq!(
        reel.editor_state,
        Some(json!({"stickers": [{"progress": 1}], "somethingNew": {"kept": true}}))
    );
}

#[tokio::test]
async fn a_still_from_elsewhere_is_left_out() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.thumbnail_url = Some("https://elsewhere.example/still.jpg".to_owned());
    assert_eq!(world.create(command).await.unwrap().thumbnail_url, None);
}

#[tokio::test]
async fn extras_pay_once_the_days_base_is_spent() {
    let policy = Policy {
        single_processing: false,
        ..Policy::default()
    };
    let world = World::with(policy).await;
    let shop = world.shop().extras(1).open().await;
    let first = world.waiting(&shop).await;
    world.advance(TimeDelta::seconds(1));
    let second = world.waiting(&shop).await;

    let wallet = world.wallet(&shop).await;
    assert_eq!((wallet.daily_used, wallet.extra_balance), (1, 0));
    assert_eq!(
        world.ledger().await,
        [
            ("DEBIT PLAN_BASE".to_owned(), first.id),
            ("DEBIT PURCHASE".to_owned(), second.id),
        ]
    );
}

#[tokio::test]
async fn the_base_comes_back_with_the_next_day_in_buenos_aires() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    world.clock.set("2026-03-11T02:59:00Z".parse().unwrap());
    world.published(&shop).await;
    world.clock.set("2026-03-11T03:00:00Z".parse().unwrap());
    world.waiting(&shop).await;
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
    assert_eq!(world.ledger().await.len(), 2);
}

#[tokio::test]
async fn an_administrator_who_overrides_pays_nothing_and_asks_no_rules() {
    let world = World::new().await;
    let shop = world.shop().plan("SIN_PLAN").status("HIDDEN").open().await;
    let mut command = world.video(&shop);
    command.caller = world.admin().await;
    command.admin_override = true;

    let first = world.create(command.clone()).await.unwrap();
    world.create(command).await.unwrap();

    assert_eq!(first.status, ReelStatus::Processing);
    assert!(world.ledger().await.is_empty());
    assert_eq!(world.count("SELECT count(*) FROM quota_wallets").await, 0);
    assert_eq!(world.jobs().await.len(), 2);
}

#[tokio::test]
async fn only_administrators_override() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.admin_override = true;
    world.create(command).await.unwrap();
    assert_eq!(world.ledger().await.len(), 1);
}

#[tokio::test]
async fn the_same_key_again_gives_the_same_reel() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.idempotency_key = Some("k-1".to_owned());
    let first = world.create(command.clone()).await.unwrap();
    world.advance(TimeDelta::minutes(5));

    let again = world.create(command.clone()).await.unwrap();

    assert_eq!(again, first);
    assert_eq!(world.ledger().await.len(), 1);
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn the_same_key_of_another_shop_is_another_reel() {
    let world = World::new().await;
    let (one, other) = (world.shop().open().await, world.shop().open().await);
    let mut made = Vec::new();
    for shop in [&one, &other] {
        let mut command = world.video(shop);
        command.idempotency_key = Some("k-1".to_owned());
        made.push(world.create(command).await.unwrap().id);
    }
    assert_ne!(made[0], made[1]);
}

#[tokio::test]
async fn a_reel_that_takes_too_long_makes_room_and_is_refunded() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let stale = world.waiting(&shop).await;
    world.advance(world.deps.policy.stale_after + TimeDelta::seconds(1));

    let fresh = world.waiting(&shop).await;

    let given_up = world.reel(stale.id).await;
    assert_eq!(given_up.status, ReelStatus::Hidden);
    assert_eq!(given_up.render.failure.unwrap().code, "render.stale");
    let moves: Vec<_> = world.ledger().await;
    assert_eq!(moves[0], ("DEBIT PLAN_BASE".to_owned(), stale.id));
    assert_eq!(moves[1], ("CREDIT PLAN_BASE".to_owned(), stale.id));
    assert_eq!(moves[2], ("DEBIT PLAN_BASE".to_owned(), fresh.id));
    // The slot that came back is the one that was spent again.
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
    assert_eq!(world.shown_quota(&shop).await, 0);
    assert_eq!(
        world.told(&shop).await,
        [
            "PROCESSING 0",
            "HIDDEN FAILED_PERMANENT 0 render.stale",
            "PROCESSING 0"
        ]
    );
}
