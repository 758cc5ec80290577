//! Says in an MP4 that its picture is upright.
//!
//! We turn pictures ourselves, when there are fewest pixels to turn, and tell ffmpeg not to. Some versions then hand
//! the source's display matrix on to the output although its picture is turned already, and no option of theirs
//! prevents it when encoding. So the matrix in the finished file is overwritten, in place.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Result, Seek, SeekFrom, Write},
    path::Path,
};

use crate::{
    boxes::{Boxes, Mp4Box},
    error::MediaError,
};

/// No turn, no shift, no scaling: rows of three in 16.16 fixed point, the last of each in 2.30 (ISO/IEC 14496-12, 6.2.2).
const IDENTITY: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];

/// Blocking. Sets the matrix of each track in a file that ffmpeg has just written.
pub(crate) fn declare(path: &Path) -> std::result::Result<(), MediaError> {
    overwrite(path).map_err(MediaError::files("declare the video upright"))
}

fn overwrite(path: &Path) -> Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    for index in children(&mut file, 0, length, *b"moov")? {
        for track in children(&mut file, index.content, index.end, *b"trak")? {
            for header in children(&mut file, track.content, track.end, *b"tkhd")? {
                write_identity(&mut file, header)?;
            }
        }
    }
    file.flush()
}

fn children(file: &mut File, start: u64, end: u64, kind: [u8; 4]) -> Result<Vec<Mp4Box>> {
    let mut boxes = Boxes::between(start, end);
    let mut found = Vec::new();
    while let Some(child) = boxes.next_in(file)? {
        if child.kind == kind {
            found.push(child);
        }
    }
    Ok(found)
}

/// Track header (8.3.2): version 1 has longer times, so its matrix lies further in.
fn write_identity(file: &mut File, header: Mp4Box) -> Result<()> {
    let mut version = [0];
    file.seek(SeekFrom::Start(header.content))?;
    file.read_exact(&mut version)?;
    let offset = if version == [1] { 52 } else { 40 };
    if header.content + offset + 36 <= header.end {
        file.seek(SeekFrom::Start(header.content + offset))?;
        for cell in IDENTITY {
            file.write_all(&cell.to_be_bytes())?;
        }
    }
    Ok(())
}
