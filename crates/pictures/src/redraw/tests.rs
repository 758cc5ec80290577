use image::{Rgb, RgbImage, Rgba, RgbaImage, codecs::gif::GifEncoder};
use proptest::prelude::*;

use super::*;

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, container(format)).unwrap();
    file.into_inner()
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, _| {
        Rgb(if x < width / 2 {
            [250, 10, 10]
        } else {
            [10, 10, 250]
        })
    })
    .into()
}

fn read_back(picture: &Picture) -> DynamicImage {
    image::load_from_memory_with_format(&picture.bytes, container(picture.format)).unwrap()
}

fn is_red(picture: &DynamicImage, x: u32, y: u32) -> bool {
    let [red, _, blue] = picture.to_rgb8().get_pixel(x, y).0;
    red > 200 && blue < 60
}

/// A JPEG whose EXIF says how to turn it, and where it was taken.
fn with_exif(orientation: u8) -> Vec<u8> {
    let jpeg = written(&halves(64, 32), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(b"GPS -34.6287 -58.4762");
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let mut file = vec![0xff, 0xd8, 0xff, 0xe1];
    file.extend(length);
    file.extend(exif);
    file.extend(&jpeg[2..]);
    file
}

fn contains(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|window| window == text)
}

#[test]
fn every_kind_that_is_taken_becomes_one_that_everybody_shows() {
    let opaque = halves(40, 20);
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif)
        .encode(&opaque.to_rgba8(), 40, 20, ExtendedColorType::Rgba8)
        .unwrap();
    for sent in [
        written(&opaque, ImageFormat::Png),
        written(&opaque, ImageFormat::Jpeg),
        written(&opaque, ImageFormat::Webp),
        gif,
    ] {
        let drawn = redraw(&sent, 100).unwrap();
        assert_eq!(drawn.format, ImageFormat::Jpeg);
        let picture = read_back(&drawn);
        assert_eq!((picture.width(), picture.height()), (40, 20));
        assert!(is_red(&picture, 5, 5) && !is_red(&picture, 35, 5));
    }
}

#[test]
fn what_shines_through_still_does() {
    let glass: DynamicImage = RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 100])).into();
    for format in [ImageFormat::Png, ImageFormat::Webp] {
        let drawn = redraw(&written(&glass, format), 100).unwrap();
        assert_eq!(drawn.format, ImageFormat::Png);
        assert_eq!(read_back(&drawn).to_rgba8().get_pixel(0, 0).0[3], 100);
    }
    let wall: DynamicImage = RgbaImage::from_pixel(8, 8, Rgba([1, 2, 3, 255])).into();
    let drawn = redraw(&written(&wall, ImageFormat::Png), 100).unwrap();
    assert_eq!(drawn.format, ImageFormat::Jpeg);
}

#[test]
fn large_pictures_are_made_smaller_and_keep_their_shape() {
    let drawn = redraw(&written(&halves(400, 200), ImageFormat::Png), 100).unwrap();
    let picture = read_back(&drawn);
    assert_eq!((picture.width(), picture.height()), (100, 50));
}

#[test]
fn pictures_stand_upright_and_say_nothing_of_where_they_were_taken() {
    let as_it_is = read_back(&redraw(&with_exif(1), 100).unwrap());
    assert_eq!((as_it_is.width(), as_it_is.height()), (64, 32));
    let sent = with_exif(6);
    assert!(contains(&sent, b"GPS"));
    let drawn = redraw(&sent, 100).unwrap();
    assert!(!contains(&drawn.bytes, b"GPS") && !contains(&drawn.bytes, b"Exif"));
    // A quarter turn to the right: what was on the left is on top.
    let picture = read_back(&drawn);
    assert_eq!((picture.width(), picture.height()), (32, 64));
    assert!(is_red(&picture, 16, 8) && !is_red(&picture, 16, 56));
}

#[test]
fn a_document_behind_a_picture_is_gone() {
    let script = b"<script>alert(document.domain)</script>";
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp] {
        let mut sent = written(&halves(20, 20), format);
        sent.extend(script);
        let drawn = redraw(&sent, 100).unwrap();
        assert!(!contains(&drawn.bytes, b"<script"), "{format:?}");
    }
}

#[test]
fn svg_is_refused_whatever_it_is_called() {
    for text in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        "<?xml version=\"1.0\"?><svg/>",
        "\u{feff}<svg/>",
    ] {
        assert_eq!(redraw(text.as_bytes(), 100), Err(ImageError::NotAnImage));
    }
}

/// A PNG that says it has those sides, of the colour type with one byte a pixel.
fn png_of(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = written(&DynamicImage::new_luma8(1, 1), ImageFormat::Png);
    let mut head = b"IHDR".to_vec();
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.extend([8, 0, 0, 0, 0]);
    file.truncate(8);
    chunk(&mut file, &head);
    let mut data = b"IDAT".to_vec();
    data.extend(pixels);
    chunk(&mut file, &data);
    chunk(&mut file, b"IEND");
    file
}

fn chunk(file: &mut Vec<u8>, body: &[u8]) {
    file.extend(u32::try_from(body.len() - 4).unwrap().to_be_bytes());
    file.extend(body);
    file.extend(crc(body).to_be_bytes());
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    for (width, height) in [(50_000, 50_000), (10_000, 2_501), (u32::MAX >> 1, 1)] {
        let bomb = png_of(width, height, &[0x78, 0x01]);
        assert_eq!(redraw(&bomb, 100), Err(ImageError::TooManyPixels));
    }
}

#[test]
fn a_picture_that_breaks_off_is_none() {
    let whole = written(&halves(64, 64), ImageFormat::Png);
    for kept in [9, 40, whole.len() / 2] {
        assert_eq!(redraw(&whole[..kept], 100), Err(ImageError::NotAnImage));
    }
    assert_eq!(redraw(b"", 100), Err(ImageError::Missing));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(noise in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200, which in 0_usize..3) {
        let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp][which];
        let mut file = written(&halves(16, 16), format);
        let place = cut.min(file.len());
        file.splice(place..(place + noise.len()).min(file.len()), noise);
        prop_assert!(redraw(&file, 8).is_ok_and(|drawn| !drawn.bytes.is_empty()) || redraw(&file, 8).is_err());
    }
}
