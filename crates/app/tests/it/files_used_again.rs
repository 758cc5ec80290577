//! Files and keys that come a second time: nothing that is wanted is deleted, nothing is paid for twice.

use avvivo_app::{
    reels::delete_reel,
    upkeep::delete_objects,
    uploads::confirm_upload::{self, ConfirmUpload},
};
use avvivo_domain::reels::{LIFETIME, ReelType};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Shop, World, code, in_folder, video_of};

async fn confirm(world: &World, shop: &Shop, path: &str) {
    let command = ConfirmUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        paths: vec![path.to_owned()],
        overlay: None,
    };
    confirm_upload::run(&world.deps, command).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_confirmed_again_outlives_the_reel_it_was_made_for() {
    let world = World::new().await;
    let shop = world.shop().extras(1).open().await;
    let reel = world.waiting(&shop).await;
    delete_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    let path = in_folder(shop.id, "video.mp4");
    confirm(&world, &shop, &path).await;

    world.advance(TimeDelta::minutes(5));
    delete_objects::pass(&world.deps).await.unwrap();

    world
        .create(video_of(&shop, world.url(&path)))
        .await
        .unwrap();
    // And if nothing comes of it, it goes like any other.
    world.advance(LIFETIME + LIFETIME);
    avvivo_app::upkeep::requeue_stuck::pass(&world.deps)
        .await
        .unwrap();
    delete_objects::pass(&world.deps).await.unwrap();
    assert!(world.objects().await.is_empty());
}

#[tokio::test]
async fn the_key_of_a_deleted_reel_makes_no_other_and_costs_nothing() {
    let world = World::new().await;
    let shop = world.shop().extras(5).open().await;
    let mut command = world.video(&shop);
    command.idempotency_key = Some("k-1".to_owned());
    let reel = world.create(command.clone()).await.unwrap();
    delete_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    let before = world.wallet(&shop).await;

    assert_eq!(code(world.create(command).await), "reel.not_found");

    assert_eq!(world.wallet(&shop).await, before);
    assert_eq!(world.ledger().await.len(), 1);
    assert_eq!(world.jobs().await.len(), 1);
}

#[tokio::test]
async fn the_key_of_a_deleted_reel_makes_no_other_for_an_administrator_either() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.caller = world.admin().await;
    command.admin_override = true;
    command.idempotency_key = Some("k-1".to_owned());
    let reel = world.create(command.clone()).await.unwrap();
    delete_reel::run(&world.deps, &command.caller, reel.id)
        .await
        .unwrap();

    assert_eq!(code(world.create(command.clone()).await), "reel.not_found");

    assert!(world.find(reel.id).await.is_none());
    assert_eq!(world.jobs().await.len(), 1);
    // Without a key it is another reel.
    command.idempotency_key = None;
    let other = world.create(command).await.unwrap();
    assert_ne!(other.id, reel.id);
}

#[tokio::test]
async fn a_shops_own_images_cannot_be_lent_to_a_reel() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let logo = world.upload(shop.id, "logo", "image/png");
    let mut command = world.video(&shop);
    command.kind = ReelType::PhotoSet;
    command.photo_urls = vec![logo.clone()];
    assert_eq!(code(world.create(command).await), "reel.foreign_media");

    let mut command = world.video(&shop);
    command.thumbnail_url = Some(logo.clone());
    let reel = world.create(command).await.unwrap();
    assert_eq!(reel.thumbnail_url, None);
    delete_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    delete_objects::pass(&world.deps).await.unwrap();
    assert_eq!(world.objects().await, [in_folder(shop.id, "logo")]);
}

#[tokio::test]
async fn what_the_database_cannot_keep_does_not_keep_a_reel_from_being_made() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.preset_label = Some("Ve\0rano".to_owned());
    command.editor_state = Some(json!({"fit\0": "co\0ver"}));
    let reel = world.create(command).await.unwrap();
    assert_eq!(reel.preset_label.as_deref(), Some("Verano"));
    assert_eq!(reel.editor_state, Some(json!({"fit": "cover"})));
}
