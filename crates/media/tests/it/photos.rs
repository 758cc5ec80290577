//! What a rendered photo is and looks like.

use std::{fs, path::Path};

use avvivo_media::{EditSpec, PhotoPlan, RenderedPhoto};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{folder, made},
    inspect::{assert_near, colour, contrast, stream},
    transcoder,
};

async fn photo(source: &Path, state: Value, out: &Path) -> RenderedPhoto {
    covered(source, state, None, out).await
}

/// A photo under the image `overlay`.
async fn covered(source: &Path, state: Value, overlay: Option<&Path>, out: &Path) -> RenderedPhoto {
    let transcoder = transcoder().await;
    let cancel = CancellationToken::new();
    let source = transcoder.probe_image(source, &cancel).await.unwrap();
    let edit = EditSpec::from_editor_state(&state, 0);
    let overlay = match overlay {
        Some(image) => Some(transcoder.probe_image(image, &cancel).await.unwrap()),
        None => None,
    };
    let plan = PhotoPlan::new(source, edit, overlay, transcoder.limits());
    transcoder
        .render_photo(&plan, &out.join("photo.jpg"), &cancel)
        .await
        .unwrap()
}

#[track_caller]
fn assert_is_a_page(path: &Path) {
    let image = stream(path, "v");
    let fields = ["codec_name", "width", "height", "pix_fmt"].map(|field| image[field].clone());
    assert_eq!(
        fields,
        [json!("mjpeg"), json!(1080), json!(1920), json!("yuvj444p")]
    );
}

#[tokio::test]
async fn every_format_becomes_a_page_on_its_own_blur() {
    for name in ["photo.jpg", "photo.png", "photo.webp"] {
        let source = made(name, "-f lavfi -i testsrc2=s=600x400 -frames:v 1");
        let out = folder();
        let page = photo(&source, json!({}), out.path()).await;
        assert_is_a_page(&page.photo);
        let band = colour(&page.photo, "0", "1080:500:0:20");
        assert!(
            band.iter().all(|&channel| (15..130).contains(&channel)),
            "{band:?}"
        );
        assert!(contrast(&page.photo, "0", "1080:500:0:20") > 20);
    }
}

#[tokio::test]
async fn a_camera_held_upright_is_shown_upright() {
    let source = made(
        "halves.jpg",
        "-f lavfi -i color=red:s=300x400 -f lavfi -i color=blue:s=300x400 -filter_complex [0][1]hstack -frames:v 1 -q:v 1",
    );
    let out = folder();
    let turned = out.path().join("turned.jpg");
    let bytes = fs::read(source).unwrap();
    // Exif with one entry: orientation 6, a quarter turn clockwise.
    let exif =
        b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    fs::write(&turned, [&bytes[..2], exif, &bytes[2..]].concat()).unwrap();
    let page = photo(&turned, json!({}), out.path()).await;
    assert_is_a_page(&page.photo);
    assert_near(colour(&page.photo, "0", "1000:600:40:300"), [254, 0, 0], 6);
    assert_near(colour(&page.photo, "0", "1000:600:40:1020"), [0, 0, 254], 6);
}

#[tokio::test]
async fn a_solid_background_keeps_its_colour() {
    let source = made("photo.jpg", "-f lavfi -i testsrc2=s=600x400 -frames:v 1");
    let out = folder();
    let state = json!({"mediaBackground": {"mode": "color", "color": "e6007e"}});
    let page = photo(&source, state, out.path()).await;
    assert_near(
        colour(&page.photo, "0", "1080:500:0:0"),
        [0xe6, 0x00, 0x7e],
        3,
    );
}

#[tokio::test]
async fn a_cut_out_lies_on_white_paper_or_on_the_chosen_colour() {
    let source = made(
        "cut-out.png",
        "-f lavfi -i color=0x00ff00:s=100x100 -vf format=rgba,pad=270:480:85:190:color=black@0 -frames:v 1",
    );
    let out = folder();
    let page = photo(&source, json!({}), out.path()).await;
    assert_near(colour(&page.photo, "0", "1000:700:0:0"), [255; 3], 2);
    assert_near(colour(&page.photo, "0", "380:380:350:770"), [0, 255, 0], 6);
    let state = json!({"mediaBackground": {"mode": "solid", "color": "e6007e"}});
    let page = photo(&source, state, out.path()).await;
    assert_near(
        colour(&page.photo, "0", "1000:700:0:0"),
        [0xe6, 0x00, 0x7e],
        3,
    );
}

#[tokio::test]
async fn an_overlay_lies_over_the_photo_and_what_is_clear_in_it_shows_the_photo() {
    let photo = made(
        "photo-halves.png",
        "-f lavfi -i color=red:s=90x320 -f lavfi -i color=blue:s=90x320 -filter_complex [0][1]hstack -frames:v 1",
    );
    // Green in the middle, half of it see-through, nothing around.
    let overlay = made(
        "photo-overlay.png",
        "-f lavfi -i color=0x00ff00:s=200x100 -f lavfi -i color=0x00ff00@0.5:s=200x100,format=rgba \
         -filter_complex [0]format=rgba[solid];[solid][1]vstack,pad=540:960:170:380:color=black@0 -frames:v 1",
    );
    let out = folder();
    let page = covered(&photo, json!({}), Some(&overlay), out.path()).await;
    assert_is_a_page(&page.photo);
    assert_near(colour(&page.photo, "0", "500:700:20:20"), [254, 0, 0], 6);
    assert_near(colour(&page.photo, "0", "500:700:560:1200"), [0, 0, 254], 6);
    assert_near(colour(&page.photo, "0", "380:180:350:770"), [0, 255, 0], 6);
    // Half of the green over red on the left, over blue on the right.
    assert_near(
        colour(&page.photo, "0", "180:180:350:970"),
        [127, 127, 0],
        10,
    );
    assert_near(
        colour(&page.photo, "0", "180:180:550:970"),
        [0, 127, 127],
        10,
    );
}
