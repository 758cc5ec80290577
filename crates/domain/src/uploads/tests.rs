use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn shop() -> ShopId {
    Uuid::from_u128(1).into()
}

fn announced(name: &str) -> Announced {
    Announced::new(Some(name), None, None, "upload")
}

#[test]
fn a_long_name_keeps_its_extension() {
    let name = slug(&format!("{}.MP4", "Desfile ".repeat(20)));
    assert_eq!((name.len(), extension(&name)), (80, Some("mp4")));
}

#[test]
fn the_declared_type_wins_over_the_extension() {
    let declared = Announced::new(Some("a.mp4"), Some("image/png"), None, "upload");
    assert_eq!(declared.content_type, "image/png");
    assert_eq!(announced("a.MOV").content_type, "video/quicktime");
    assert_eq!(announced("a").content_type, "");
}

#[test]
fn announcements_are_checked_in_the_documented_order() {
    let max = 100 * MEGABYTE;
    let check = |kind, names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| announced(name)).collect();
        check_announced(kind, &files, None, max)
    };
    assert_eq!(
        check(ReelType::Video, &[]),
        Err(UploadError::NothingAnnounced)
    );
    assert_eq!(
        check(ReelType::Video, &["a.mp4", "b.mp4"]),
        Err(UploadError::TooManyVideos)
    );
    assert_eq!(
        check(ReelType::Video, &["a.png"]),
        Err(UploadError::NotAVideo)
    );
    assert_eq!(
        check(ReelType::PhotoSet, &["a.png"; 6]),
        Err(UploadError::TooManyPhotos)
    );
    assert_eq!(
        check(ReelType::PhotoSet, &["a.mp4"]),
        Err(UploadError::NotAPhoto)
    );
    assert_eq!(check(ReelType::PhotoSet, &["a.png"; 5]), Ok(()));
    let svg = Announced::new(Some("a.png"), Some("image/svg+xml"), None, "upload");
    assert_eq!(
        check_announced(ReelType::PhotoSet, &[svg], None, max),
        Err(UploadError::NotAPhoto)
    );
    let overlay = check_announced(
        ReelType::Video,
        &[announced("a.mp4")],
        Some(&announced("b.mp4")),
        max,
    );
    assert_eq!(overlay, Err(UploadError::NotAnOverlay));
    let heavy = Announced {
        size_bytes: Some(max + 1),
        ..announced("a.mp4")
    };
    assert_eq!(
        check_announced(ReelType::Video, &[heavy], None, max),
        Err(UploadError::TooLarge { max_bytes: max })
    );
}

#[test]
fn only_files_of_the_shops_own_folder_are_confirmed() {
    let own = format!("{}1-0-a.mp4", shop_prefix(shop()));
    assert_eq!(
        check_confirmed(ReelType::Video, shop(), &[own], None),
        Ok(())
    );
    let other = ShopId::from(Uuid::from_u128(2));
    for path in [
        format!("{}1-0-a.mp4", shop_prefix(other)),
        format!("{}../x/a.mp4", shop_prefix(shop())),
        shop_prefix(shop()),
        format!("{}deeper/1-0-a.mp4", shop_prefix(shop())),
        format!("{}1-0-a\0.mp4", shop_prefix(shop())),
        // A shop's own images would be deleted with the reel that they were lent to.
        format!("{}logo", shop_prefix(shop())),
        format!("{}cover", shop_prefix(shop())),
        "processed/shops/x.mp4".to_owned(),
    ] {
        let answer = check_confirmed(ReelType::Video, shop(), std::slice::from_ref(&path), None);
        assert_eq!(answer, Err(UploadError::ForeignPath), "{path}");
    }
}

#[test]
fn stored_files_are_checked_by_name_type_and_size() {
    let file = |path, content_type, size_bytes| Stored {
        path,
        content_type,
        size_bytes,
    };
    let max = 100 * MEGABYTE;
    let video = |stored| check_stored(SourceRole::Video, stored, max);
    assert_eq!(video(file("s/a.mp4", "video/mp4", 1)), Ok(()));
    assert_eq!(video(file("s/a.mov", "", 1)), Ok(()));
    assert_eq!(
        video(file("s/a.webm", "video/webm", 1)),
        Err(UploadError::VideoFormat)
    );
    assert_eq!(
        video(file("s/a.mp4", "video/webm", 1)),
        Err(UploadError::VideoType)
    );
    assert_eq!(
        video(file("s/a.mp4", "video/mp4", max + 1)),
        Err(UploadError::TooLarge { max_bytes: max })
    );
    assert_eq!(
        video(file("s/a.mp4", "video/mp4", 0)),
        Err(UploadError::Empty {
            file: "a.mp4".to_owned()
        })
    );
    let overlay = |stored| check_stored(SourceRole::Overlay, stored, max);
    assert_eq!(
        overlay(file("s/a.gif", "image/gif", 1)),
        Err(UploadError::OverlayFormat)
    );
    assert_eq!(
        overlay(file("s/a.png", "text/html", 1)),
        Err(UploadError::NotAnOverlay)
    );
}

#[test]
fn no_more_paths_are_read_than_show_that_they_are_too_many() {
    let mut read = 0_usize;
    let endless = std::iter::from_fn(|| {
        read += 1;
        Some(format!("/{}", read / 2))
    });
    let clean = clean_paths(endless.take(1_000_000));
    assert_eq!(clean, ["0", "1", "2", "3", "4", "5"]);
    assert!(read < 20, "{read} were read");
    assert_eq!(
        check_confirmed(ReelType::PhotoSet, shop(), &clean, None),
        Err(UploadError::TooManyPhotos)
    );
}

proptest! {
    #[test]
    fn slugs_are_safe_and_short(name in "\\PC{0,200}") {
        let slug = slug(&name);
        prop_assert!(slug.len() <= 80);
        prop_assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c)));
        prop_assert!(!slug.contains("--"));
    }
}
