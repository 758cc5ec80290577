//! The normal forms of what people type when they register a shop.

use std::collections::BTreeSet;

use avvivo_kernel::{ShopId, Timestamp};
use url::{Host, Url};

use crate::text::{self, MAX_URL_CHARS};

/// The weights of a CUIT's first ten digits.
const CUIT_WEIGHTS: [u32; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
/// Longer slugs are cut.
const MAX_SLUG_CHARS: usize = 48;
/// The last number that is tried behind a slug that is taken.
const MAX_SLUG_SUFFIX: u32 = 120;

/// A CUIT as its eleven digits, if its last one is right. Dashes and spaces may be between them, nothing else.
pub fn cuit(typed: &str) -> Option<String> {
    let digits = cuit_digits(typed)?;
    let values: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    let (last, first_ten) = values.split_last()?;
    // The first digit says what kind of taxpayer it is; there is no kind 0.
    if first_ten.first() == Some(&0) {
        return None;
    }
    let sum: u32 = first_ten
        .iter()
        .zip(CUIT_WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    let check = match 11 - sum % 11 {
        11 => 0,
        10 => 9,
        check => check,
    };
    (*last == check).then_some(digits)
}

/// A CUIT as its eleven digits, right or not: what was stored before anybody checked has to be written back unchanged by
/// pages that send everything.
pub fn cuit_digits(typed: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text::clean(typed).chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | ' ' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ => return None,
        }
    }
    (digits.len() == 11).then_some(digits)
}

/// An Argentine mobile number as `+549`, area and number: ten digits after it, however it was dialled. Numbers of other
/// countries are none.
pub fn whatsapp(typed: &str) -> Option<String> {
    let typed = text::clean(typed);
    let all: String = typed.chars().filter(char::is_ascii_digit).collect();
    let dialled_abroad = typed.starts_with('+') || all.starts_with("00");
    let digits = all.strip_prefix("00").unwrap_or(&all);
    let national = match digits.strip_prefix("54") {
        Some(national) => national,
        None if dialled_abroad => return None,
        None => digits,
    };
    let national = match national.strip_prefix('9') {
        Some(rest) if national.len() >= 11 => rest,
        _ => national,
    };
    let national = without_15(national.strip_prefix('0').unwrap_or(national));
    let area_exists = national.starts_with("11") || national.starts_with(['2', '3']);
    (national.len() == 10 && area_exists).then(|| format!("+549{national}"))
}

/// Without the 15 that is dialled between area and number inside the country. Areas have two to four digits.
fn without_15(national: &str) -> String {
    let cut = (2..=4).find_map(|area| {
        let (area, rest) = national.split_at_checked(area)?;
        let number = rest.strip_prefix("15")?;
        (area.len() + number.len() == 10).then(|| format!("{area}{number}"))
    });
    cut.unwrap_or_else(|| national.to_owned())
}

/// An address on the web with its scheme and without slashes at its end, if it can be one.
pub fn website(typed: &str) -> Option<String> {
    let typed = text::clean(typed);
    if typed.is_empty() || text::is_longer(&typed, MAX_URL_CHARS) {
        return None;
    }
    let lower = typed.to_lowercase();
    let has_scheme = lower.starts_with("http://") || lower.starts_with("https://");
    let whole = if has_scheme {
        typed
    } else {
        format!("https://{typed}")
    };
    let url = Url::parse(&whole).ok()?;
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let labels: Vec<&str> = host.split('.').collect();
    // A name before an `@` makes a link look like one to somewhere else.
    let honest = url.username().is_empty() && url.password().is_none();
    let fits = honest && labels.len() > 1 && labels.iter().all(|label| !label.is_empty());
    fits.then(|| url.as_str().trim_end_matches('/').to_owned())
}

/// The word for a shop in addresses of pages, before it is known which are taken.
pub fn slug_base(name: &str, id: ShopId) -> String {
    let mut slug = String::new();
    for c in text::match_form(name).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let cut: String = slug.chars().take(MAX_SLUG_CHARS).collect();
    let cut = cut.trim_end_matches('-');
    if cut.is_empty() {
        // The end of an id is random, its beginning is the time.
        let id = id.as_uuid().simple().to_string();
        format!("tienda-{}", id.chars().skip(24).collect::<String>())
    } else {
        cut.to_owned()
    }
}

/// The first free word: the base, then numbered, in the end with the time. `taken` are those that begin like the base.
pub fn free_slug(base: &str, taken: &BTreeSet<String>, now: Timestamp) -> String {
    std::iter::once(base.to_owned())
        .chain((2..=MAX_SLUG_SUFFIX).map(|n| format!("{base}-{n}")))
        .find(|slug| !taken.contains(slug))
        .unwrap_or_else(|| format!("{base}-{}", now.timestamp_millis()))
}

#[cfg(test)]
mod tests;
