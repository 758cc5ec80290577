//! Where a reader stands in what its audiences were told: the `id:` of the event stream, and `X-Realtime-Cursor`.
//!
//! A cursor names for each audience the last frame that was read. It has to fit into 128 bytes of characters that browsers
//! send across origins without asking first, so audiences are four characters of a hash and places are in base 36:
//! `k3f9-1a.0zq2-7`. Eight audiences fit while each has seen fewer than 10^12 frames.
//!
//! An event may be two frames (a message, and the count that it changes), and a connection may be cut between them. So a
//! place counts frames: twice the event's number when all of it was read, one less when only the first of two was.

use std::fmt::{self, Write as _};

/// How many audiences a cursor, and so a connection, can name.
pub const MAX_AUDIENCES: usize = 8;

/// Longer ones are not ours.
const MAX_BYTES: usize = 128;

/// How far an audience was read, in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place(u64);

impl Place {
    /// After the whole event of this number.
    pub fn after(sequence: u64) -> Self {
        Self(sequence.saturating_mul(2))
    }

    /// After the first of the two frames of the event of this number.
    pub fn within(sequence: u64) -> Self {
        Self(sequence.saturating_mul(2).saturating_sub(1))
    }

    /// The number of the last event that was read to its end.
    pub fn sequence(self) -> u64 {
        self.0 / 2
    }

    /// Whether the next event was begun.
    pub fn is_within(self) -> bool {
        self.0 % 2 == 1
    }
}

/// The four characters that stand for an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag([u8; 4]);

/// FNV-1a of what is written.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.bytes().fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Ok(())
    }
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl Tag {
    /// Of an audience: FNV-1a, folded. Two audiences of one connection share a tag once in a hundred thousand connections;
    /// a cursor is not believed then.
    pub fn of(audience: impl fmt::Display) -> Self {
        let mut hash = Fnv::default();
        // Hashing cannot fail.
        write!(hash, "{audience}").unwrap_or_default();
        let mut left = hash.0 ^ (hash.0 >> 32);
        Self([(); 4].map(|()| {
            let digit = digit(left % 36);
            left /= 36;
            digit
        }))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn digit(value: u64) -> u8 {
    usize::try_from(value)
        .ok()
        .and_then(|index| DIGITS.get(index))
        .copied()
        .unwrap_or(b'0')
}

/// Writes one part of a cursor, `tag-place`.
pub fn write_part(to: &mut impl fmt::Write, tag: Tag, place: Place) -> fmt::Result {
    to.write_str(tag.as_str())?;
    to.write_char('-')?;
    // Thirteen digits hold any u64.
    let mut digits = [b'0'; 13];
    let mut start = digits.len();
    let mut left = place.0;
    for (index, slot) in digits.iter_mut().enumerate().rev() {
        *slot = digit(left % 36);
        left /= 36;
        start = index;
        if left == 0 {
            break;
        }
    }
    let used = digits.get(start..).unwrap_or_default();
    to.write_str(std::str::from_utf8(used).unwrap_or_default())
}

/// Where a reader stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(Vec<(Tag, Place)>);

impl Cursor {
    /// Of one audience.
    pub fn of(audience: impl fmt::Display, sequence: u64) -> Self {
        Self(vec![(Tag::of(audience), Place::after(sequence))])
    }

    /// Reads a cursor; none for what is not one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return None;
        }
        let parts = text.split('.').map(part).collect::<Option<Vec<_>>>()?;
        (parts.len() <= MAX_AUDIENCES).then_some(Self(parts))
    }

    /// Where it stands in `audience`; none when it does not say.
    pub fn place(&self, audience: impl fmt::Display) -> Option<Place> {
        self.place_of(Tag::of(audience))
    }

    /// Where it stands in the audience with this tag.
    pub fn place_of(&self, wanted: Tag) -> Option<Place> {
        let mut found = self.0.iter().filter(|(tag, _)| *tag == wanted);
        let place = found.next()?.1;
        // Twice the same tag says nothing.
        found.next().is_none().then_some(place)
    }
}

fn part(text: &str) -> Option<(Tag, Place)> {
    let (tag, place) = text.split_once('-')?;
    let tag: [u8; 4] = tag.as_bytes().try_into().ok()?;
    let is_digit = |byte: &u8| DIGITS.contains(byte);
    if !tag.iter().all(is_digit) || place.is_empty() || !place.as_bytes().iter().all(is_digit) {
        return None;
    }
    Some((Tag(tag), Place(u64::from_str_radix(place, 36).ok()?)))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (tag, place)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write_part(f, *tag, *place)?;
        }
        Ok(())
    }
}

impl FromIterator<(Tag, Place)> for Cursor {
    fn from_iter<T: IntoIterator<Item = (Tag, Place)>>(parts: T) -> Self {
        Self(parts.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn eight_audiences_fit_into_what_browsers_send_unasked() {
        let cursor: Cursor = (0..8)
            .map(|n| (Tag::of(format!("shop:{n}")), Place::after(10_u64.pow(12))))
            .collect();
        let text = cursor.to_string();
        assert!(text.len() <= 128, "{} bytes", text.len());
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        );
        assert_eq!(Cursor::parse(&text), Some(cursor));
    }

    #[test]
    fn what_is_not_ours_is_no_cursor() {
        for text in [
            "",
            "abcd",
            "abcd-",
            "ABCD-1",
            "abcd-1.",
            "abcd-%",
            "abcd-zzzzzzzzzzzzzz",
        ] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
        assert_eq!(Cursor::parse(&"abcd-1.".repeat(40)), None);
    }

    #[test]
    fn a_tag_that_is_there_twice_says_nothing() {
        let tag = Tag::of("shop:a");
        let twice: Cursor = [(tag, Place::after(1)), (tag, Place::after(2))]
            .into_iter()
            .collect();
        assert_eq!(twice.place("shop:a"), None);
    }

    proptest! {
        #[test]
        fn cursors_come_back_as_they_went(parts in prop::collection::vec(("[a-z:]{1,12}", any::<u64>()), 1..=8)) {
            let cursor: Cursor = parts
                .iter()
                .map(|(audience, number)| (Tag::of(audience), Place(*number)))
                .collect();
            let text = cursor.to_string();
            if text.len() <= 128 {
                prop_assert_eq!(Cursor::parse(&text), Some(cursor));
            }
        }

        #[test]
        fn places_order_frames(sequence in 1..u64::MAX / 4) {
            prop_assert!(Place::after(sequence - 1) < Place::within(sequence));
            prop_assert!(Place::within(sequence) < Place::after(sequence));
            prop_assert_eq!(Place::within(sequence).sequence(), sequence - 1);
            prop_assert!(Place::within(sequence).is_within() && !Place::after(sequence).is_within());
        }
    }
}
