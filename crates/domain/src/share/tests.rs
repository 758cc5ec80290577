use chrono::TimeDelta;

use super::*;
use crate::reels::{Platform, ReelStatus, RenderState};

fn links() -> Links {
    Links {
        share: "https://share.test".to_owned(),
        app: "https://app.test".to_owned(),
    }
}

fn shop() -> SharedShop<'static> {
    SharedShop {
        name: "Luna Azul",
        logo_url: Some("https://cdn.test/logo.png"),
        cover_url: Some("/img/cover.jpg"),
    }
}

fn reel() -> Reel {
    let now = Timestamp::default();
    Reel {
        id: uuid::Uuid::from_u128(7).into(),
        shop_id: uuid::Uuid::from_u128(8).into(),
        kind: ReelType::Video,
        status: ReelStatus::Active,
        platform: Platform::Instagram,
        preset_label: Some("Nueva llegada".to_owned()),
        duration_seconds: 12,
        editor_state: None,
        video_url: Some("https://cdn.test/a.mp4".to_owned()),
        photo_urls: vec![
            "https://cdn.test/1.jpg".to_owned(),
            "https://cdn.test/2.jpg".to_owned(),
        ],
        thumbnail_url: Some("https://cdn.test/t.jpg".to_owned()),
        views: 0,
        created_at: now,
        expires_at: now + TimeDelta::hours(24),
        render: RenderState {
            version: 1,
            stage: None,
            progress: 100,
            attempts: 1,
            failure: None,
            failed_at: None,
            requeued_at: None,
            rendered_at: Some(now),
            report: None,
            lease: None,
        },
        traceparent: None,
    }
}

fn page(change: impl FnOnce(&mut Reel)) -> Page {
    let mut reel = reel();
    change(&mut reel);
    of_reel(&links(), &reel, (shop(), false), Timestamp::default())
}

#[test]
fn the_page_of_a_reel() {
    let id = "00000000-0000-0000-0000-000000000007";
    assert_eq!(
        page(|_| ()),
        Page {
            canonical: format!("https://share.test/share/reels/{id}"),
            target: format!("https://app.test/?reelId={id}"),
            title: "Luna Azul | Avvivo - by Distrito Moda".to_owned(),
            description: "Luna Azul en Avvivo - by Distrito Moda. Estilo: Nueva llegada. Miralo en Avellaneda en Vivo."
                .to_owned(),
            over: false,
            video: Some("https://cdn.test/a.mp4".to_owned()),
            pictures: ["t.jpg", "1.jpg", "logo.png"].map(|name| format!("https://cdn.test/{name}")).to_vec(),
            fallback: "https://app.test/img/avvivo-logo.png".to_owned(),
        }
    );
    let plain = page(|reel| reel.preset_label = Some("  ".to_owned()));
    assert_eq!(
        plain.description,
        "Luna Azul en Avvivo - by Distrito Moda. Miralo en Avellaneda en Vivo."
    );
}

#[test]
fn what_is_over_shows_no_video() {
    let now = Timestamp::default();
    for over in [
        page(|reel| reel.status = ReelStatus::Hidden),
        page(|reel| reel.status = ReelStatus::Processing),
        page(|reel| reel.status = ReelStatus::Expired),
        page(|reel| reel.expires_at = now - TimeDelta::milliseconds(1)),
        of_reel(&links(), &reel(), (shop(), true), now),
    ] {
        assert!(over.over && over.video.is_none(), "{over:?}");
        assert!(!over.pictures.is_empty());
    }
}

#[test]
fn only_a_video_has_one_and_only_from_the_web() {
    assert_eq!(page(|reel| reel.kind = ReelType::PhotoSet).video, None);
    let odd = page(|reel| reel.video_url = Some("javascript:alert(1)//.mp4".to_owned()));
    assert_eq!(odd.video, None);
}

#[test]
fn the_page_of_a_live() {
    let id = uuid::Uuid::from_u128(9).into();
    let page = of_stream(&links(), id, "Liquidación", shop());
    assert_eq!(page.title, "Liquidación | Avvivo - by Distrito Moda");
    assert_eq!(
        page.description,
        "Vivo de Luna Azul en Avvivo - by Distrito Moda. Liquidación. Sumate ahora."
    );
    assert_eq!(
        page.target,
        "https://app.test/en-vivo/00000000-0000-0000-0000-000000000009"
    );
    assert_eq!(
        page.pictures,
        [
            "https://app.test/img/cover.jpg",
            "https://cdn.test/logo.png"
        ]
    );
    let nameless = SharedShop {
        name: " ",
        logo_url: None,
        cover_url: None,
    };
    let page = of_stream(&links(), id, " ", nameless);
    assert_eq!(page.title, "Tienda en vivo | Avvivo - by Distrito Moda");
    assert_eq!(
        page.description,
        "Vivo de Tienda en Avvivo - by Distrito Moda. Sumate ahora."
    );
    assert!(page.pictures.is_empty());
}

#[test]
fn pictures_are_on_the_web() {
    let urls = [
        "data:image/png;base64,x",
        "javascript:alert(1)",
        "",
        "ftp://a/b.png",
        "á://x",
        " HTTPS://A/b.png ",
    ];
    assert_eq!(absolute(&links(), urls.into_iter()), ["HTTPS://A/b.png"]);
}

#[test]
fn addresses_say_whether_they_are_pictures() {
    for (url, said) in [
        ("https://a/x.SVG?v=1.png", Verdict::NotShown),
        ("https://a/shops/1/logo.svg", Verdict::NotShown),
        ("https://a/x.png", Verdict::Shown),
        ("https://a/x.JPEG?v=1#y", Verdict::Shown),
        ("https://a/shops/1/logo", Verdict::AskStore),
        ("https://a/shops/1/logo?v=1", Verdict::AskStore),
        ("https://a/logo/x", Verdict::AskStore),
        ("https://a/shops/1/logo-1.webp", Verdict::Shown),
        ("https://a/shops/1/cover?v=1", Verdict::Shown),
        ("https://a/logotype", Verdict::Shown),
    ] {
        assert_eq!(verdict(url), said, "{url}");
    }
    assert!(is_picture("image/png") && !is_picture("image/svg+xml") && !is_picture("text/html"));
    assert_eq!(
        ["a.png", "a.webp?x", "a.gif", "a", "a.jpg"].map(picture_type),
        [
            "image/png",
            "image/webp",
            "image/gif",
            "image/jpeg",
            "image/jpeg"
        ]
    );
}
