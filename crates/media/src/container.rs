//! A first look at a video file, without any decoder: is it MP4 or `QuickTime`, and is all of it there?
//!
//! Both are a row of boxes. Walking the top level costs a few reads and settles the common cases (a text, a playlist,
//! half an upload) before anything that parses untrusted bytes in C is started.

use std::{
    fs::File,
    io::{Seek, SeekFrom},
};

use crate::{boxes::Boxes, error::MediaError};

/// What may come first. A playlist or a text has none of these at its fifth byte.
const FIRST: [&[u8; 4]; 8] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"uuid",
];

/// Boxes whose end beyond the file's end means that bytes are missing. Some phones leave rubbish after the last box.
const SUBSTANTIAL: [&[u8; 4]; 5] = [b"ftyp", b"moov", b"mdat", b"moof", b"free"];

/// Refuses what is no MP4 or `QuickTime` file, or only a part of one.
pub(crate) fn check(file: &mut File) -> Result<(), MediaError> {
    let length = file
        .seek(SeekFrom::End(0))
        .map_err(MediaError::files("measure the source"))?;
    if length == 0 {
        return Err(MediaError::Truncated);
    }
    let mut boxes = Boxes::between(0, length);
    let mut seen = Seen::default();
    while let Some(found) = boxes
        .next_in(file)
        .map_err(MediaError::files("read the source"))?
    {
        if seen == Seen::default() && !FIRST.contains(&&found.kind) {
            return Err(MediaError::NotAVideo);
        }
        if found.end > length && SUBSTANTIAL.contains(&&found.kind) {
            return Err(MediaError::Truncated);
        }
        seen.any = true;
        seen.index |= &found.kind == b"moov";
        seen.still |= &found.kind == b"meta";
        seen.content |= &found.kind == b"mdat";
    }
    match seen {
        Seen {
            index: true,
            content: true,
            ..
        } => Ok(()),
        // A still image in the same container (HEIC, AVIF) has a description instead of an index.
        Seen { any: false, .. }
        | Seen {
            index: false,
            still: true,
            ..
        } => Err(MediaError::NotAVideo),
        _ => Err(MediaError::Truncated),
    }
}

/// What a file has at its top level.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of four, built up while walking"
)]
struct Seen {
    any: bool,
    index: bool,
    still: bool,
    content: bool,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn boxed(kind: [u8; 4], claimed: u32, content: &[u8]) -> Vec<u8> {
        [&claimed.to_be_bytes()[..], &kind, content].concat()
    }

    fn verdict(bytes: &[u8]) -> Result<(), &'static str> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        check(&mut file).map_err(|error| avvivo_kernel::Fault::code(&error))
    }

    #[test]
    fn a_whole_row_of_boxes_passes_in_any_order() {
        let ftyp = boxed(*b"ftyp", 12, b"isom");
        let moov = boxed(*b"moov", 16, &[0; 8]);
        let mdat = boxed(*b"mdat", 10, &[0; 2]);
        assert_eq!(verdict(&[&ftyp[..], &moov, &mdat].concat()), Ok(()));
        assert_eq!(verdict(&[&mdat[..], &moov].concat()), Ok(()));
        let open_end = boxed(*b"mdat", 0, &[0; 99]);
        assert_eq!(verdict(&[&ftyp[..], &moov, &open_end].concat()), Ok(()));
        let long_form = boxed(*b"mdat", 1, &[0, 0, 0, 0, 0, 0, 0, 20, 1, 2, 3, 4]);
        assert_eq!(
            verdict(&[&long_form[..], &moov, b"rubbish left by a phone"].concat()),
            Ok(())
        );
    }

    #[test]
    fn texts_and_playlists_are_no_videos() {
        for text in [
            "hola",
            "#EXTM3U\n#EXT-X-VERSION:3\n",
            "ffconcat version 1.0\nfile x\n",
            "<svg></svg>",
        ] {
            assert_eq!(verdict(text.as_bytes()), Err("media.not_a_video"), "{text}");
        }
    }

    #[test]
    fn a_still_image_in_the_same_container_is_no_video() {
        let heic = [
            boxed(*b"ftyp", 12, b"heic"),
            boxed(*b"meta", 9, &[0]),
            boxed(*b"mdat", 9, &[0]),
        ];
        assert_eq!(verdict(&heic.concat()), Err("media.not_a_video"));
    }

    #[test]
    fn half_an_upload_is_truncated() {
        let ftyp = boxed(*b"ftyp", 12, b"isom");
        assert_eq!(verdict(b""), Err("media.truncated"));
        assert_eq!(verdict(&ftyp), Err("media.truncated"));
        assert_eq!(
            verdict(&[&ftyp[..], &boxed(*b"mdat", 5000, &[0; 9])].concat()),
            Err("media.truncated")
        );
        let index_first = [
            &ftyp[..],
            &boxed(*b"moov", 16, &[0; 8]),
            &boxed(*b"mdat", 500, &[0; 9]),
        ]
        .concat();
        assert_eq!(verdict(&index_first), Err("media.truncated"));
    }

    proptest! {
        #[test]
        fn any_bytes_get_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _verdict = verdict(&bytes);
        }
    }
}
