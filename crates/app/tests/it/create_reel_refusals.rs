//! What is refused, with which code, and that nothing is left of it.

use avvivo_app::{
    AppError, Policy,
    reels::create_reel::CreateReel,
    uploads::confirm_upload::{self, ConfirmUpload},
};
use avvivo_domain::reels::ReelType;
use avvivo_kernel::{ErrorKind, Fault as _};
use serde_json::json;

use crate::support::{Shop, World, code, in_folder};

/// Asks for a reel and makes sure that nothing was written.
async fn refused(world: &World, command: CreateReel) -> AppError {
    let before = footprint(world).await;
    let error = world.create(command).await.unwrap_err();
    assert_eq!(footprint(world).await, before, "{}", error.code());
    error
}

async fn footprint(world: &World) -> [i64; 4] {
    [
        world.count("SELECT count(*) FROM reels").await,
        world.count("SELECT count(*) FROM outbox").await,
        world.count("SELECT count(*) FROM quota_ledger").await,
        world
            .count("SELECT coalesce(sum(reel_daily_used), 0) FROM quota_wallets")
            .await,
    ]
}

fn photos(world: &World, shop: &Shop, count: usize) -> CreateReel {
    let url = world.upload(shop.id, "photo.jpg", "image/jpeg");
    CreateReel {
        kind: ReelType::PhotoSet,
        photo_urls: vec![url; count],
        ..world.video(shop)
    }
}

#[tokio::test]
async fn only_the_owner_and_administrators_publish_for_a_shop() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let other = world.shop().open().await;
    for (caller, expected) in [
        (world.client().await, "auth.not_allowed"),
        (other.owner.clone(), "auth.not_yours"),
    ] {
        let command = CreateReel {
            caller,
            ..world.video(&shop)
        };
        let error = refused(&world, command).await;
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Forbidden, expected)
        );
    }
}

#[tokio::test]
async fn the_media_must_be_named() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let nameless = CreateReel {
        video_url: None,
        ..world.video(&shop)
    };
    for (command, expected) in [
        (nameless, "reel.video_missing"),
        (photos(&world, &shop, 0), "reel.photos_missing"),
        (photos(&world, &shop, 6), "reel.too_many_photos"),
    ] {
        let error = refused(&world, command).await;
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, expected));
    }
}

#[tokio::test]
async fn only_uploads_of_the_shop_itself_are_media() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let other = world.shop().open().await;
    let foreign = world.upload(other.id, "video.mp4", "video/mp4");
    let own = world.upload(shop.id, "video.mp4", "video/mp4");
    let addresses = [
        "https://elsewhere.example/video.mp4".to_owned(),
        "http://169.254.169.254/computeMetadata/v1/".to_owned(),
        own.replace("https://", "http://"),
        own.replace("media.test", "media.test.elsewhere.example"),
        foreign.clone(),
        foreign.replace(
            &other.id.to_string(),
            &format!("{}/../{}", shop.id, other.id),
        ),
        world.url(&in_folder(shop.id, "")),
        world.url(&in_folder(shop.id, "deeper/video.mp4")),
        world.url("processed/video.mp4"),
    ];
    for address in addresses {
        let command = CreateReel {
            video_url: Some(address.clone()),
            ..world.video(&shop)
        };
        assert_eq!(
            refused(&world, command).await.code(),
            "reel.foreign_media",
            "{address}"
        );
    }
    let command = CreateReel {
        editor_state: Some(json!({"renderOverlay": {"url": foreign}})),
        ..world.video(&shop)
    };
    assert_eq!(refused(&world, command).await.code(), "reel.foreign_media");
}

#[tokio::test]
async fn the_file_must_be_there_and_be_what_it_is_used_for() {
    let policy = Policy {
        max_video_bytes: 5,
        ..Policy::default()
    };
    let world = World::with(policy).await;
    let shop = world.shop().open().await;
    world
        .store
        .put(&in_folder(shop.id, "long.mp4"), "video/mp4", b"six by");
    world
        .store
        .put(&in_folder(shop.id, "empty.mp4"), "video/mp4", b"");
    world.upload(shop.id, "video.avi", "video/x-msvideo");
    world.upload(shop.id, "page.mp4", "text/html");
    for (name, expected) in [
        ("missing.mp4", "reel.media_missing"),
        ("long.mp4", "upload.too_large"),
        ("empty.mp4", "upload.empty"),
        ("video.avi", "upload.video_format"),
        ("page.mp4", "upload.video_type"),
    ] {
        let command = CreateReel {
            video_url: Some(world.url(&in_folder(shop.id, name))),
            ..world.video(&shop)
        };
        assert_eq!(refused(&world, command).await.code(), expected, "{name}");
    }
    let mut not_photos = photos(&world, &shop, 1);
    not_photos.photo_urls = vec![world.upload(shop.id, "video.mp4", "video/mp4")];
    assert_eq!(
        refused(&world, not_photos).await.code(),
        "upload.not_a_photo"
    );
}

#[tokio::test]
async fn a_file_that_was_swapped_after_its_confirmation_is_refused() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let command = world.video(&shop);
    let confirm = ConfirmUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        paths: vec![in_folder(shop.id, "video.mp4")],
        overlay: None,
    };
    confirm_upload::run(&world.deps, confirm.clone())
        .await
        .unwrap();
    world.upload(shop.id, "video.mp4", "video/mp4");

    assert_eq!(
        refused(&world, command.clone()).await.code(),
        "reel.media_changed"
    );

    confirm_upload::run(&world.deps, confirm).await.unwrap();
    world.create(command).await.unwrap();
}

#[tokio::test]
async fn the_shop_must_be_open_and_have_a_plan() {
    let world = World::new().await;
    for (shop, expected) in [
        (
            world.shop().status("AGENDA_SUSPENDED").open().await,
            "shop.not_enabled",
        ),
        (world.shop().switched_off().open().await, "shop.not_enabled"),
        (world.shop().plan("sin_plan").open().await, "shop.no_plan"),
    ] {
        assert_eq!(refused(&world, world.video(&shop)).await.code(), expected);
    }
}

#[tokio::test]
async fn nobody_publishes_for_a_shop_that_is_not_there() {
    let world = World::new().await;
    let ghost = Shop {
        id: world.id().into(),
        owner: world.admin().await,
    };
    for admin_override in [false, true] {
        let command = CreateReel {
            admin_override,
            ..world.video(&ghost)
        };
        let error = refused(&world, command).await;
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::NotFound, "shop.not_found")
        );
    }
}

#[tokio::test]
async fn without_quota_nothing_is_published() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    world.published(&shop).await;
    assert_eq!(
        refused(&world, world.video(&shop)).await.code(),
        "quota.no_reels_left"
    );
}

#[tokio::test]
async fn a_second_reel_waits_for_the_first() {
    let world = World::new().await;
    let shop = world.shop().plan("Maxima").open().await;
    world.waiting(&shop).await;
    world.advance(world.deps.policy.stale_after);
    let error = refused(&world, world.video(&shop)).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, "reel.already_processing")
    );
    let elsewhere = world.shop().open().await;
    assert!(world.create(world.video(&elsewhere)).await.is_ok());
    assert_eq!(
        code(world.create(world.video(&shop)).await),
        "reel.already_processing"
    );
}
