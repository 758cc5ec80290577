//! Numbers in queries, read the way old clients write them.

use std::ops::RangeInclusive;

/// A count: leading digits are read, nothing or nonsense or zero means `default`, the rest is clamped into `range`.
pub(crate) fn limit(text: Option<&str>, default: u32, range: RangeInclusive<u32>) -> u32 {
    let text = text.unwrap_or_default().trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let read = digits
        .chars()
        .map_while(|c| c.to_digit(10))
        .fold(0_u32, |sum, digit| {
            sum.saturating_mul(10).saturating_add(digit)
        });
    match read {
        0 => default,
        _ if negative => *range.start(),
        read => read.clamp(*range.start(), *range.end()),
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits_are_read_as_leniently_as_ever() {
        for (text, read) in [
            (None, 80),
            (Some(""), 80),
            (Some("0"), 80),
            (Some("abc"), 80),
            (Some("1"), 10),
            (Some("-4"), 10),
            (Some(" 50abc"), 50),
            (Some("99999999999999"), 120),
        ] {
            assert_eq!(limit(text, 80, 10..=120), read, "{text:?}");
        }
    }
}
