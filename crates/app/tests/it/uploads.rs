//! Files on their way in.

use avvivo_app::uploads::{
    confirm_upload::{self, ConfirmUpload},
    request_upload::{self, RequestUpload},
};
use avvivo_domain::{
    reels::ReelType,
    uploads::{Announced, shop_prefix},
};
use avvivo_postgres::uploads;
use chrono::TimeDelta;

use crate::support::{Shop, World, code, in_folder};

fn file(name: &str, content_type: &str) -> Announced {
    Announced {
        name: name.to_owned(),
        content_type: content_type.to_owned(),
        size_bytes: Some(5),
    }
}

fn request(shop: &Shop, kind: ReelType, files: Vec<Announced>) -> RequestUpload {
    RequestUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind,
        files,
        overlay: None,
    }
}

fn confirm(shop: &Shop, paths: &[&str]) -> ConfirmUpload {
    ConfirmUpload {
        caller: shop.owner.clone(),
        shop: shop.id,
        kind: ReelType::Video,
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        overlay: None,
    }
}

#[tokio::test]
async fn each_file_gets_a_place_of_its_own_in_the_shops_folder() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let photo = file("Foto 1.JPG", "image/jpeg");
    let mut command = request(
        &shop,
        ReelType::PhotoSet,
        vec![photo.clone(), photo.clone()],
    );
    command.overlay = Some(file("overlay.png", "image/png"));

    let slots = request_upload::run(&world.deps, command).await.unwrap();

    let mut all = slots.files;
    all.extend(slots.overlay);
    let mut paths: Vec<_> = all.iter().map(|slot| slot.path.as_str()).collect();
    assert!(
        paths
            .iter()
            .all(|path| path.starts_with(&shop_prefix(shop.id)))
    );
    assert!(paths[0].ends_with("-0-foto-1.jpg"), "{}", paths[0]);
    paths.dedup();
    assert_eq!(paths.len(), 3);
    for slot in &all {
        assert_eq!(slot.public_url, world.url(slot.path.as_str()));
        assert!(slot.signed.url.contains(slot.path.as_str()));
    }
}

#[tokio::test]
async fn only_the_owners_media_is_signed() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let other = world.shop().open().await;
    let video = vec![file("a.mp4", "video/mp4")];
    let mut foreign = request(&shop, ReelType::Video, video.clone());
    foreign.caller = other.owner.clone();
    let two = [video.clone(), video.clone()].concat();
    for (command, expected) in [
        (foreign, "auth.not_yours"),
        (
            request(&shop, ReelType::Video, two),
            "upload.too_many_videos",
        ),
        (
            request(&shop, ReelType::Video, vec![]),
            "upload.nothing_announced",
        ),
        (
            request(&shop, ReelType::PhotoSet, video),
            "upload.not_a_photo",
        ),
    ] {
        assert_eq!(
            code(request_upload::run(&world.deps, command).await),
            expected
        );
    }
}

#[tokio::test]
async fn confirming_remembers_the_version_that_was_seen() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let url = world.upload(shop.id, "a.mp4", "video/mp4");
    let path = in_folder(shop.id, "a.mp4");
    let confirmed = confirm_upload::run(&world.deps, confirm(&shop, &[&path]))
        .await
        .unwrap();
    assert_eq!(confirmed.0[0].public_url, url);
    assert_eq!(confirmed.1, None);

    world.upload(shop.id, "a.mp4", "video/mp4");
    world.advance(TimeDelta::minutes(1));
    confirm_upload::run(&world.deps, confirm(&shop, &[&path]))
        .await
        .unwrap();

    let mut conn = world.deps.db.acquire().await.unwrap();
    let known = uploads::confirmed_generations(&mut conn, std::slice::from_ref(&path))
        .await
        .unwrap();
    assert_eq!(known, [(path, 2)].into());
}

#[tokio::test]
async fn only_what_has_arrived_in_the_shops_own_folder_is_confirmed() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let other = world.shop().open().await;
    world.upload(other.id, "a.mp4", "video/mp4");
    world.upload(shop.id, "page.mp4", "text/html");
    for (path, expected) in [
        (in_folder(shop.id, "missing.mp4"), "upload.missing"),
        (in_folder(shop.id, "page.mp4"), "upload.video_type"),
        (in_folder(other.id, "a.mp4"), "upload.foreign_path"),
        (
            in_folder(shop.id, &format!("../{}/a.mp4", other.id)),
            "upload.foreign_path",
        ),
    ] {
        let refused = confirm_upload::run(&world.deps, confirm(&shop, &[&path])).await;
        assert_eq!(code(refused), expected, "{path}");
    }
    assert_eq!(
        code(confirm_upload::run(&world.deps, confirm(&shop, &[])).await),
        "upload.nothing_confirmed"
    );
    let mut foreign = confirm(&shop, &[&in_folder(shop.id, "a.mp4")]);
    foreign.caller = other.owner.clone();
    assert_eq!(
        code(confirm_upload::run(&world.deps, foreign).await),
        "auth.not_yours"
    );
    assert_eq!(
        world.count("SELECT count(*) FROM confirmed_uploads").await,
        0
    );
}
