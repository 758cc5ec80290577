//! Files of which nothing came: the bucket does not keep them, whatever became of their client or their reel.

use avvivo_app::{
    reels::hide_reel,
    rendering::{complete_render, fail_render},
    upkeep::delete_objects,
    uploads::request_upload::{self, RequestUpload},
};
use avvivo_contracts::audience::Audience;
use avvivo_domain::{
    reels::{LIFETIME, ReelType, RenderFailure, SourceRole, render::FaultClass},
    uploads::Announced,
};
use avvivo_postgres::{Transaction, uploads};
use chrono::TimeDelta;
use tokio::time::timeout;

use crate::support::{Shop, World, in_folder, video_of};

/// How long a signed upload may be used.
const SIGNED_FOR: TimeDelta = TimeDelta::minutes(15);

/// A client is told where to put its files, and puts them there; their paths.
async fn sign_and_upload(world: &World, shop: &Shop) -> [String; 2] {
    let announced = |name: &str, content_type: &str| Announced {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        size_bytes: None,
    };
    let command = RequestUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        files: vec![announced("a.mp4", "video/mp4")],
        overlay: Some(announced("b.png", "image/png")),
    };
    let slots = request_upload::run(&world.deps, command).await.unwrap();
    let paths = slots.files.iter().chain(&slots.overlay);
    let paths: Vec<String> = paths.map(|slot| slot.path.as_str().to_owned()).collect();
    let [video, overlay] = paths.try_into().unwrap();
    world.store.put(&video, "video/mp4", b"bytes");
    world.store.put(&overlay, "image/png", b"bytes");
    [video, overlay]
}

async fn fail(world: &World, assignment: &avvivo_app::rendering::Assignment) {
    let failure = RenderFailure {
        code: "media.too_long".to_owned(),
        message: "El video es muy largo.".to_owned(),
    };
    fail_render::run(&world.deps, assignment, FaultClass::Permanent, failure)
        .await
        .unwrap()
        .unwrap();
}

async fn deleted(world: &World) -> usize {
    let before = world.objects().await.len();
    delete_objects::pass(&world.deps).await.unwrap();
    before - world.objects().await.len()
}

#[tokio::test]
async fn what_is_uploaded_and_never_heard_of_again_goes_a_day_after_its_signature() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let logo = in_folder(shop.id, "logo");
    world.store.put(&logo, "image/png", b"logo");
    sign_and_upload(&world, &shop).await;
    world.advance(SIGNED_FOR + LIFETIME - TimeDelta::microseconds(1));
    assert_eq!(deleted(&world).await, 0);
    world.advance(TimeDelta::microseconds(1));
    assert_eq!(deleted(&world).await, 2);
    assert_eq!(world.objects().await, [logo]);
}

#[tokio::test]
async fn a_reel_of_files_that_were_never_confirmed_keeps_them_and_what_it_shows() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let [video, overlay] = sign_and_upload(&world, &shop).await;
    world.advance(TimeDelta::hours(1));
    let mut command = video_of(&shop, world.url(&video));
    command.editor_state = Some(
        serde_json::json!({"renderOverlayUrl": null, "renderOverlay": {"url": world.url(&overlay)}}),
    );
    let waiting = world.create(command).await.unwrap();
    assert!(world.tombstones().await.is_empty());

    // Past the end of the signature's grace, and still the reel can be rendered.
    world.advance(SIGNED_FOR + LIFETIME - TimeDelta::minutes(30));
    assert_eq!(deleted(&world).await, 0);
    let assignment = world.claim(&waiting).await;
    let roles: Vec<_> = assignment.sources.iter().map(|s| s.role).collect();
    assert_eq!(roles, [SourceRole::Video, SourceRole::Overlay]);
    let outputs = world.outputs(&assignment);
    let completed = complete_render::run(&world.deps, &assignment, &outputs).await;
    completed.unwrap().unwrap();

    world.advance(LIFETIME * 10);
    assert_eq!(deleted(&world).await, 2);
    let left = world.objects().await;
    assert_eq!(left.len(), 2);
    let reel = world.reel(waiting.id).await;
    for url in [reel.video_url, reel.thumbnail_url] {
        assert!(left.iter().any(|path| Some(world.url(path)) == url));
    }
}

#[tokio::test]
async fn the_files_of_a_reel_that_will_never_be_rendered_go_a_day_later() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    let path = in_folder(shop.id, "video.mp4");
    let grace = [(path, SIGNED_FOR + LIFETIME)];

    let hidden = world.waiting(&shop).await;
    hide_reel::run(&world.deps, &shop.owner, hidden.id)
        .await
        .unwrap();
    assert_eq!(world.tombstones().await, grace);

    // The same file again, for another reel: it stays for that one.
    let second = world.waiting(&shop).await;
    assert!(world.tombstones().await.is_empty());
    fail(&world, &world.claim(&second).await).await;
    assert_eq!(world.tombstones().await, grace);

    world.advance(SIGNED_FOR + LIFETIME);
    assert_eq!(deleted(&world).await, 1);
}

#[tokio::test]
async fn a_file_stays_for_the_reel_that_waits_when_another_of_it_is_taken_down() {
    let mut world = World::new().await;
    let mut policy = (*world.deps.policy).clone();
    policy.single_processing = false;
    policy.upload_expires_in = std::time::Duration::from_mins(1);
    world.deps.policy = policy.into();
    let shop = world.shop().plan("Maxima").open().await;
    let first = world.waiting(&shop).await;
    let signed = first.video_url.clone().unwrap();
    hide_reel::run(&world.deps, &shop.owner, first.id)
        .await
        .unwrap();
    world.advance(TimeDelta::hours(2));
    let second = world.create(video_of(&shop, signed)).await.unwrap();
    let third = world.create(video_of(&shop, second.video_url.clone().unwrap()));
    let third = third.await.unwrap();
    hide_reel::run(&world.deps, &shop.owner, third.id)
        .await
        .unwrap();
    // Its time comes while the second, now in its last minutes, is still to be rendered from it.
    world
        .arrange(
            "UPDATE object_tombstones SET delete_after = now() - interval '100 years' WHERE $1::uuid IS NOT NULL",
            third.id.as_uuid(),
        )
        .await;
    assert_eq!(deleted(&world).await, 0);
    hide_reel::run(&world.deps, &shop.owner, second.id)
        .await
        .unwrap();
    assert_eq!(deleted(&world).await, 1);
}

#[tokio::test]
async fn hiding_what_was_rendered_buries_nothing_that_it_shows() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    let before = world.tombstones().await;
    hide_reel::run(&world.deps, &shop.owner, reel.id)
        .await
        .unwrap();
    assert_eq!(world.tombstones().await, before);
}

/// Somebody deletes another reel of the same file: its files first, then the news.
async fn deletes(world: &World, shop: &Shop, tx: &mut Transaction) {
    let audience = Audience::Shop(shop.id);
    // Shorter than PostgreSQL takes to find a deadlock.
    let patience = std::time::Duration::from_millis(700);
    world.somebody_waits().await;
    let told = timeout(patience, world.announce_to(tx, audience)).await;
    assert!(
        told.is_ok(),
        "somebody who waits for the file holds {audience}"
    );
}

#[tokio::test]
async fn files_come_before_audiences_wherever_a_rendering_ends() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    let path = [in_folder(shop.id, "video.mp4")];
    for fails in [false, true] {
        let assignment = world.claim(&world.waiting(&shop).await).await;
        let mut other = world.begin().await;
        uploads::bury(&mut other, &path, world.now()).await.unwrap();
        let deleting = async {
            deletes(&world, &shop, &mut other).await;
            other.commit().await.unwrap();
        };
        let ending = async {
            if fails {
                fail(&world, &assignment).await;
            } else {
                let outputs = world.outputs(&assignment);
                let completed = complete_render::run(&world.deps, &assignment, &outputs).await;
                completed.unwrap().unwrap();
            }
        };
        tokio::join!(ending, deleting);
    }
}
