//! How much of the shops a list shows, and which part of them.

use avvivo_kernel::{Timestamp, time::BUSINESS_ZONE};
use chrono::Timelike;
use serde_json::Number;
use sha2::{Digest, Sha256};

use super::view::Viewer;
use crate::fields::whole;

/// The most that everybody gets when they ask for a part.
const PUBLIC_MAX: u32 = 500;
/// What shops and administrators get at once: their pages ask for 120 and stop at the first page that is shorter.
pub const DEFAULT_PRIVATE_MAX: u32 = 500;
/// By letter when nothing is said.
const LETTER_DEFAULT: u32 = 33;

/// Nobody pages further; whoever asks for what comes behind gets nothing, so that nothing is counted off.
const MAX_OFFSET: u32 = 10_000;

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Page {
    /// How many; all when none.
    pub limit: Option<u32>,
    /// How many are passed over.
    pub offset: u32,
}

/// The part of the list of all shops that a viewer gets. `private_max` is for those who see all of them.
pub fn list_page(
    viewer: Viewer,
    limit: Option<&str>,
    offset: Option<&str>,
    private_max: u32,
) -> Page {
    let asked = positive(limit);
    let offset = positive(offset).unwrap_or_default();
    match asked {
        asked if viewer.lists_all() => {
            let limit = asked.unwrap_or(private_max).min(private_max);
            part(limit, offset)
        }
        Some(asked) => part(asked.min(PUBLIC_MAX), offset),
        None => Page {
            limit: None,
            offset: 0,
        },
    }
}

fn part(limit: u32, offset: u32) -> Page {
    let (limit, offset) = if offset > MAX_OFFSET {
        (0, 0)
    } else {
        (limit, offset)
    };
    Page {
        limit: Some(limit),
        offset,
    }
}

/// How many shops are featured.
pub fn featured_limit(limit: Option<&str>, default: u32, max: u32) -> u32 {
    positive(limit).unwrap_or(default).min(max)
}

/// Where the window of featured shops begins, in the order of names: the same everywhere for an hour of Buenos Aires. The
/// window goes on at the beginning when it reaches the end.
pub fn featured_offset(now: Timestamp, candidates: u32) -> u32 {
    offset_of(&hour_word(now), candidates)
}

/// `YYYY-MM-DD-HH`, with 24 for the hour after midnight, as it has always been drawn.
fn hour_word(now: Timestamp) -> String {
    let local = now.with_timezone(&BUSINESS_ZONE);
    let hour = match local.hour() {
        0 => 24,
        hour => hour,
    };
    format!("{}-{hour:02}", local.format("%Y-%m-%d"))
}

fn offset_of(hour: &str, candidates: u32) -> u32 {
    let drawn = Sha256::digest(hour)
        .iter()
        .take(4)
        .fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    drawn.checked_rem(candidates).unwrap_or_default()
}

/// A part of the shops of a letter, and what the answer repeats of the question.
#[derive(Debug, Clone, PartialEq)]
pub struct LetterPage {
    /// A to Z; nothing is found without one, nor behind the last page.
    pub letter: Option<char>,
    /// How many; one more is read to know whether there are more.
    pub limit: u32,
    /// How many are passed over.
    pub offset: u32,
    /// The number that was sent, if it was one.
    pub sent_limit: Option<Number>,
    /// The number that was sent, or 0.
    pub sent_offset: Number,
}

/// Reads what part of the shops of a letter is wanted.
pub fn letter_page(
    letter: Option<&str>,
    limit: Option<&str>,
    offset: Option<&str>,
    max: u32,
) -> LetterPage {
    let first = letter.and_then(|letter| letter.trim().chars().next());
    let passed_over = positive(offset).unwrap_or_default();
    LetterPage {
        letter: first
            .map(|c| c.to_ascii_uppercase())
            .filter(|c| c.is_ascii_uppercase() && passed_over <= MAX_OFFSET),
        limit: positive(limit).unwrap_or(LETTER_DEFAULT).min(max),
        offset: passed_over,
        sent_limit: sent(limit),
        sent_offset: sent(offset).unwrap_or_else(|| 0.into()),
    }
}

/// A number of which something is left when its fraction is cut.
fn positive(text: Option<&str>) -> Option<u32> {
    let number: f64 = text?
        .trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    // More than can be counted is more than there is.
    let count = if number > 0.0 {
        whole(number).unwrap_or(u32::MAX)
    } else {
        0
    };
    (count > 0).then_some(count)
}

fn sent(text: Option<&str>) -> Option<Number> {
    let text = text?.trim();
    let integer = text.parse::<i64>().map(Number::from).ok();
    integer.or_else(|| Number::from_f64(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use avvivo_kernel::ShopId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn everybody_gets_all_unless_they_ask_for_a_part() {
        let page =
            |limit: &str, offset: &str| list_page(Viewer::Public, Some(limit), Some(offset), 500);
        let all = Page {
            limit: None,
            offset: 0,
        };
        for limit in ["", "abc", "0", "-4", "NaN", "inf", "0.9"] {
            assert_eq!(page(limit, "7"), all, "{limit}");
        }
        assert_eq!(list_page(Viewer::Public, None, Some("7"), 500), all);
        assert_eq!(
            page("120", "7"),
            Page {
                limit: Some(120),
                offset: 7
            }
        );
        assert_eq!(
            page("2.9", "-7"),
            Page {
                limit: Some(2),
                offset: 0
            }
        );
        assert_eq!(
            page("501", "x"),
            Page {
                limit: Some(500),
                offset: 0
            }
        );
        assert_eq!(
            page("1e300", "1"),
            Page {
                limit: Some(500),
                offset: 1
            }
        );
    }

    #[test]
    fn panels_get_as_much_as_is_configured() {
        let shop = Viewer::Shop(ShopId::from(Uuid::from_u128(1)));
        for viewer in [Viewer::Admin, shop] {
            let page = |limit| list_page(viewer, limit, Some("120"), DEFAULT_PRIVATE_MAX).limit;
            assert_eq!(page(None), Some(500));
            assert_eq!(page(Some("120")), Some(120));
            assert_eq!(page(Some("9999")), Some(500));
            assert_eq!(
                list_page(viewer, None, Some("120"), 40),
                Page {
                    limit: Some(40),
                    offset: 120
                }
            );
        }
        let applicant = Viewer::Applicant(ShopId::from(Uuid::from_u128(1)));
        assert_eq!(list_page(applicant, None, None, 40).limit, None);
    }

    #[test]
    fn behind_the_last_page_there_is_nothing_to_count_off() {
        let nothing = Page {
            limit: Some(0),
            offset: 0,
        };
        for viewer in [Viewer::Public, Viewer::Admin] {
            let page = |offset| list_page(viewer, Some("120"), Some(offset), 500);
            assert_eq!(page("10000").offset, 10_000);
            assert_eq!(page("10001"), nothing);
            assert_eq!(page("1e300"), nothing);
        }
        let letter = |offset| letter_page(Some("l"), None, Some(offset), 100);
        assert_eq!(letter("10000").letter, Some('L'));
        assert_eq!(letter("10001").letter, None);
        assert_eq!(letter("10001").sent_offset.to_string(), "10001");
    }

    #[test]
    fn the_window_of_featured_shops_moves_with_the_hour() {
        assert_eq!(offset_of("2026-03-05-14", 100), 74);
        assert_eq!(
            featured_offset("2026-03-05T17:59:59Z".parse().unwrap(), 100),
            74
        );
        assert_eq!(
            featured_offset("2026-03-05T17:00:00Z".parse().unwrap(), 0),
            0
        );
        assert_eq!(
            hour_word("2026-03-06T03:30:00Z".parse().unwrap()),
            "2026-03-06-24"
        );
        assert_eq!(
            hour_word("2026-03-06T04:30:00Z".parse().unwrap()),
            "2026-03-06-01"
        );
        assert_eq!(
            (
                featured_limit(None, 40, 60),
                featured_limit(Some("99"), 40, 60)
            ),
            (40, 60)
        );
        assert_eq!(featured_limit(Some("7"), 40, 60), 7);
    }

    #[test]
    fn a_letter_is_one_of_the_alphabet() {
        let letter = |text| letter_page(text, None, None, 100).letter;
        for (text, read) in [
            (Some(" z "), Some('Z')),
            (Some("luna"), Some('L')),
            (Some("ñ"), None),
            (Some("á"), None),
            (Some("1"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(letter(text), read, "{text:?}");
        }
    }

    #[test]
    fn a_page_of_a_letter_repeats_what_was_sent() {
        let page = letter_page(Some("l"), Some("500"), Some("2.5"), 100);
        assert_eq!((page.limit, page.offset), (100, 2));
        assert_eq!(page.sent_limit.unwrap().to_string(), "500");
        assert_eq!(page.sent_offset.to_string(), "2.5");
        let page = letter_page(Some("l"), Some("x"), None, 100);
        assert_eq!(
            (page.limit, page.sent_limit, page.sent_offset.to_string()),
            (33, None, "0".to_owned())
        );
        assert_eq!(
            letter_page(None, Some("-4"), None, 100)
                .sent_limit
                .unwrap()
                .to_string(),
            "-4"
        );
    }

    proptest! {
        #[test]
        fn the_window_begins_inside(hour in 0_i64..100_000, candidates in 1_u32..5_000) {
            let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            prop_assert!(featured_offset(now + chrono::TimeDelta::hours(hour), candidates) < candidates);
        }
    }
}
