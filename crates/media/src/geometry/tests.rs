//! Where pictures land, for the shapes that phones make and for any other.

use proptest::prelude::*;

use super::*;

fn frame(width: u32, height: u32) -> Frame {
    Frame {
        coded: Size::new(width, height),
        pixel_aspect: (1, 1),
        orientation: Orientation::Upright,
    }
}

#[test]
fn landscape_lies_between_bands_above_and_below() {
    assert_eq!(
        Layout::of(frame(1280, 720), Fit::Contain),
        Layout::Banded {
            picture: Size::new(1080, 608),
            axis: Axis::Vertical,
            before: 656,
            after: 656
        }
    );
}

#[test]
fn a_taller_screen_stands_between_bands_at_its_sides() {
    assert_eq!(
        Layout::of(frame(1080, 2400), Fit::Contain),
        Layout::Banded {
            picture: Size::new(864, 1920),
            axis: Axis::Horizontal,
            before: 108,
            after: 108
        }
    );
}

#[test]
fn nine_to_sixteen_needs_no_background_at_any_size() {
    for (width, height) in [
        (1080, 1920),
        (720, 1280),
        (2160, 3840),
        (406, 720),
        (1080, 1912),
    ] {
        assert_eq!(
            Layout::of(frame(width, height), Fit::Contain),
            Layout::Filled,
            "{width}x{height}"
        );
    }
}

#[test]
fn a_phone_held_upright_is_portrait_although_stored_lying() {
    let phone = Frame {
        orientation: Orientation::Clockwise,
        ..frame(1920, 1080)
    };
    assert_eq!(Layout::of(phone, Fit::Contain), Layout::Filled);
    assert_eq!(phone.canvas_shaped_part(), None);
    assert!(!phone.is_canvas());
}

#[test]
fn wide_pixels_count_as_wide() {
    let anamorphic = Frame {
        pixel_aspect: (4, 3),
        ..frame(1440, 1080)
    };
    assert_eq!(anamorphic.shape(), (5760, 3240));
}

#[test]
fn covering_keeps_the_centre() {
    let part = frame(1280, 720).canvas_shaped_part();
    assert_eq!(
        part,
        Some(Part {
            size: Size::new(406, 720),
            left: 436,
            top: 0
        })
    );
}

#[test]
fn display_matrices_are_read_as_the_eight_orientations() {
    let one = 65536;
    let read = Orientation::from_matrix;
    assert_eq!(read([one, 0, 0, one]), Orientation::Upright);
    assert_eq!(read([0, one, -one, 0]), Orientation::Clockwise);
    assert_eq!(read([-one, 0, 0, -one]), Orientation::HalfTurn);
    assert_eq!(read([0, -one, one, 0]), Orientation::CounterClockwise);
    assert_eq!(read([-one, 0, 0, one]), Orientation::MirroredSideways);
    assert_eq!(read([one, 0, 0, -one]), Orientation::MirroredUpright);
    assert_eq!(read([0, one, one, 0]), Orientation::Transposed);
    assert_eq!(read([0, -one, -one, 0]), Orientation::Transversed);
    assert_eq!(read([0, 0, 0, 0]), Orientation::Upright);
    assert_eq!(
        read([i64::MIN, 1, i64::MIN, 1]),
        Orientation::MirroredSideways
    );
}

fn any_frame() -> impl Strategy<Value = Frame> {
    (
        2u32..=8192,
        2u32..=8192,
        1u32..5000,
        1u32..5000,
        any::<bool>(),
    )
        .prop_map(|(width, height, across, down, turned)| Frame {
            coded: Size::new(width, height),
            pixel_aspect: (across, down),
            orientation: if turned {
                Orientation::Clockwise
            } else {
                Orientation::Upright
            },
        })
}

proptest! {
    #[test]
    fn pieces_always_make_up_the_canvas(frame in any_frame()) {
        if let Layout::Banded { picture, axis, before, after } = Layout::of(frame, Fit::Contain) {
            let (across, along) = match axis {
                Axis::Vertical => (picture.width, before + picture.height + after),
                Axis::Horizontal => (picture.height, before + picture.width + after),
            };
            let whole = CANVAS.swapped_if(axis == Axis::Horizontal);
            prop_assert_eq!((across, along), (whole.width, whole.height));
            prop_assert!([picture.width, picture.height, before, after].iter().all(|side| side % 2 == 0 && *side > 0));
        }
    }

    #[test]
    fn a_part_is_inside_its_picture(frame in any_frame()) {
        if let Some(part) = frame.canvas_shaped_part() {
            prop_assert!(part.left + part.size.width <= frame.coded.width);
            prop_assert!(part.top + part.size.height <= frame.coded.height);
        }
    }
}
