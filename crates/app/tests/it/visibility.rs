//! Taking reels down, putting them back, deleting them, seeing them.

use avvivo_app::reels::{delete_reel, hide_reel, reactivate_reel, record_view};
use avvivo_domain::reels::{LIFETIME, ReelStatus};
use avvivo_postgres::views::Recorded;
use chrono::TimeDelta;

use crate::support::{World, code};

#[tokio::test]
async fn hiding_takes_a_reel_out_of_the_feed_once() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    let before = world.told(&shop).await.len();

    let hidden = hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    let again = hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();

    assert_eq!(hidden.reel.status, ReelStatus::Hidden);
    assert_eq!(again, hidden);
    assert_eq!(world.told(&shop).await[before..], ["HIDDEN DONE 100"]);
    assert_eq!(world.told_everybody().await, ["published", "withdrawn"]);
    // What was paid stays paid.
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
}

#[tokio::test]
async fn hiding_what_the_feed_never_had_is_told_to_the_shop_alone() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    assert_eq!(world.told(&shop).await, ["PROCESSING 0", "HIDDEN 0"]);
    assert!(world.told_everybody().await.is_empty());
}

#[tokio::test]
async fn a_reel_belongs_to_its_shop_and_to_administrators() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    let other = world.shop().open().await;
    for caller in [&other.owner, &world.client().await] {
        let hidden = hide_reel::run(&world.deps, caller, reel.id).await;
        assert_eq!(code(hidden), "auth.not_yours");
        let deleted = delete_reel::run(&world.deps, caller, reel.id).await;
        assert_eq!(code(deleted), "auth.not_yours");
    }
    assert_eq!(world.reel(reel.id).await, reel);
    hide_reel::run(&world.deps, &world.admin().await, reel.id)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let admin = world.admin().await;
    let ghost = world.id().into();
    assert_eq!(
        code(hide_reel::run(&world.deps, &admin, ghost).await),
        "reel.not_found"
    );
    assert_eq!(
        code(delete_reel::run(&world.deps, &admin, ghost).await),
        "reel.not_found"
    );
    assert_eq!(
        code(reactivate_reel::run(&world.deps, ghost).await),
        "reel.not_found"
    );
    assert_eq!(
        code(record_view::run(&world.deps, &admin, ghost).await),
        "reel.not_found"
    );
}

#[tokio::test]
async fn a_reel_comes_back_for_the_rest_of_its_day() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    world.advance(TimeDelta::hours(1));

    let back = reactivate_reel::run(&world.deps, reel.id).await.unwrap();

    assert_eq!(back.reel, reel);
    assert_eq!(world.told(&shop).await.last().unwrap(), "ACTIVE DONE 100");
    assert_eq!(
        world.told_everybody().await,
        ["published", "withdrawn", "published"]
    );
}

#[tokio::test]
async fn a_reel_whose_day_is_over_gets_another() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    let now = world.advance(LIFETIME + TimeDelta::hours(3));
    let back = reactivate_reel::run(&world.deps, reel.id).await.unwrap();
    assert_eq!(back.reel.status, ReelStatus::Active);
    assert_eq!(back.reel.expires_at, now + LIFETIME);
}

#[tokio::test]
async fn what_was_never_rendered_cannot_be_shown() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.waiting(&shop).await;
    assert_eq!(
        code(reactivate_reel::run(&world.deps, reel.id).await),
        "reel.not_rendered"
    );
    hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    assert_eq!(
        code(reactivate_reel::run(&world.deps, reel.id).await),
        "reel.not_rendered"
    );
}

#[tokio::test]
async fn deleting_leaves_only_files_to_be_deleted() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    record_view::run(&world.deps, &world.client().await, reel.id)
        .await
        .unwrap();

    let deleted = delete_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();

    assert_eq!(deleted.reel.id, reel.id);
    assert_eq!(deleted.reel.views, 1);
    assert_eq!(world.find(reel.id).await, None);
    assert_eq!(world.count("SELECT count(*) FROM reel_views").await, 0);
    assert_eq!(world.told_everybody().await, ["published", "withdrawn"]);
    let condemned: Vec<String> = world
        .tombstones()
        .await
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(condemned, world.objects().await);
    assert_eq!(condemned.len(), 3);
    assert_eq!(world.wallet(&shop).await.daily_used, 1);
    assert_eq!(
        code(delete_reel::run(&world.deps, &shop.owner, reel.id).await),
        "reel.not_found"
    );
}

#[tokio::test]
async fn a_view_counts_once_an_account() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    let client = world.client().await;
    let first_seen = world.now();

    let first = record_view::run(&world.deps, &client, reel.id)
        .await
        .unwrap();
    world.advance(TimeDelta::minutes(1));
    let again = record_view::run(&world.deps, &client, reel.id)
        .await
        .unwrap();
    record_view::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();

    assert_eq!(first, Recorded::First);
    let Recorded::Again(earlier) = again else {
        panic!("counted twice: {again:?}");
    };
    assert_eq!(earlier.seen_at, first_seen);
    assert_eq!(world.reel(reel.id).await.views, 2);
}
