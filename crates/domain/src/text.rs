//! Text as people type and paste it, and the forms in which it is compared.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use url::Url;

/// Most characters of a name.
pub const MAX_NAME_CHARS: usize = 120;
/// Most characters of an address on the web.
pub const MAX_URL_CHARS: usize = 2048;
/// Most characters of a tag.
pub const MAX_TAG_CHARS: usize = 30;
/// Most characters of a reason or a note.
pub const MAX_NOTE_CHARS: usize = 500;

/// On one line: trimmed, spaces collapsed, without characters that cannot be seen.
pub fn clean(text: &str) -> String {
    let seen: String = text
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Marks of direction and width that come along when a number is copied out of a contact list.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

/// The form in which names are compared: [`clean`], lower case, without accents. Punctuation stays.
pub fn match_form(text: &str) -> String {
    let plain: String = text
        .nfd()
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .nfc()
        .collect();
    clean(&plain)
}

/// [`match_form`] without anything but letters and digits, for numbers of doors and of shops in galleries.
pub fn token_form(text: &str) -> String {
    match_form(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Whether a browser would run an address instead of going there.
pub fn is_executable(address: &str) -> bool {
    // It reads them as it does: whatever is in their case, before them and between their letters.
    Url::parse(address).is_ok_and(|url| {
        matches!(
            url.scheme(),
            "javascript" | "data" | "vbscript" | "file" | "blob"
        )
    })
}

/// Whether there are more than `max` characters.
pub fn is_longer(text: &str, max: usize) -> bool {
    text.chars().nth(max).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cleaned_and_compared_without_accents() {
        for (typed, cleaned, compared) in [
            ("  Hilos \t del\n Sur ", "Hilos del Sur", "hilos del sur"),
            ("ÑANDÚ & Cía.", "ÑANDÚ & Cía.", "nandu & cia."),
            ("\u{202a}+54 9 11\u{202c}\u{200b}", "+54 9 11", "+54 9 11"),
            ("A\0B", "A B", "a b"),
            ("Av. Avellaneda", "Av. Avellaneda", "av. avellaneda"),
            ("\u{feff}", "", ""),
        ] {
            assert_eq!(clean(typed), cleaned, "{typed:?}");
            assert_eq!(match_form(typed), compared, "{typed:?}");
        }
        assert_eq!(token_form(" 12-B "), "12b");
    }

    #[test]
    fn an_address_that_would_be_run_is_none() {
        for address in [
            "javascript:alert(1)",
            " \tJava\nScript:alert(1)",
            "data:text/html,<script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.example/x",
        ] {
            assert!(is_executable(address), "{address:?}");
        }
        for address in [
            "https://a.example/x.png",
            "a.example/x.png",
            "/x.png",
            "x:y",
            "",
        ] {
            assert!(!is_executable(address), "{address:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(!is_longer("ñññ", 3));
        assert!(is_longer("ññññ", 3));
    }

    proptest! {
        #[test]
        fn forms_are_stable(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
            prop_assert!(!cleaned.chars().any(char::is_control));
            let form = match_form(&text);
            prop_assert_eq!(match_form(&form), form.clone());
            prop_assert!(!form.chars().any(is_combining_mark));
        }
    }
}
