//! The boxes an MP4 or `QuickTime` file is made of: each a length, a four-letter type and content, which may be boxes
//! again (ISO/IEC 14496-12, 4.2).

use std::{
    fs::File,
    io::{Read, Result, Seek, SeekFrom},
};

/// More boxes in a row than ten minutes of one-second fragments have. What comes after them is not looked at.
const MOST_BOXES: usize = 2048;

/// A box and where it lies in its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mp4Box {
    pub(crate) kind: [u8; 4],
    /// Where its content starts.
    pub(crate) content: u64,
    /// Where it says it ends, which may be beyond the file's end.
    pub(crate) end: u64,
}

/// A walk over the boxes of one stretch of a file.
#[derive(Debug)]
pub(crate) struct Boxes {
    position: u64,
    end: u64,
    left: usize,
}

impl Boxes {
    /// The boxes between two positions: of a whole file, or of a box's content.
    pub(crate) fn between(start: u64, end: u64) -> Self {
        Self {
            position: start,
            end,
            left: MOST_BOXES,
        }
    }

    /// The next box; `None` where the stretch ends or what is there is no box.
    pub(crate) fn next_in(&mut self, file: &mut File) -> Result<Option<Mp4Box>> {
        let room = self.end.saturating_sub(self.position);
        if room < 8 || self.left == 0 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(self.position))?;
        let (mut size, mut kind) = ([0; 4], [0; 4]);
        file.read_exact(&mut size)?;
        file.read_exact(&mut kind)?;
        let (header, length) = match u32::from_be_bytes(size) {
            0 => (8, room),
            1 if room >= 16 => {
                let mut large = [0; 8];
                file.read_exact(&mut large)?;
                (16, u64::from_be_bytes(large))
            }
            size => (8, u64::from(size)),
        };
        if length < header {
            return Ok(None);
        }
        let found = Mp4Box {
            kind,
            content: self.position + header,
            end: self.position.saturating_add(length),
        };
        self.position = found.end;
        self.left -= 1;
        Ok(Some(found))
    }
}
