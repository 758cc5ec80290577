//! Places in the forms in which they are compared.

use crate::text;

/// An address as it is compared. Cities are left out: people name quarters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) street: String,
    pub(super) number: String,
    pub(super) province: String,
}

/// Street, number, city and province of an address on one line. The number is the first word that looks like one behind the
/// first word: streets are called after days, such as 25 de Mayo.
pub(super) fn written_place(line: &str) -> (String, String, String, String) {
    let mut parts = line
        .split(',')
        .map(|part| part.split('·').next().unwrap_or_default());
    let first = parts.next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let at = words
        .iter()
        .enumerate()
        .skip(1)
        .find(|(_, word)| number_form(word).starts_with(|c: char| c.is_ascii_digit()))
        .map(|(at, _)| at);
    let (street, number) = match at {
        Some(at) => (
            words
                .iter()
                .take(at)
                .copied()
                .filter(|word| !is_number_mark(word))
                .collect::<Vec<_>>(),
            words.get(at).copied().unwrap_or_default(),
        ),
        None => (words, ""),
    };
    let mut rest = || parts.next().unwrap_or_default().trim().to_owned();
    (street.join(" "), number.to_owned(), rest(), rest())
}

fn is_number_mark(word: &str) -> bool {
    matches!(
        text::token_form(word).as_str(),
        "n" | "nro" | "no" | "nº" | "numero" | "altura" | ""
    )
}

/// Without punctuation.
pub(super) fn form(typed: &str) -> String {
    let plain = text::match_form(typed);
    let spaced: String = plain
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    text::clean(&spaced)
}

/// Avenues in one spelling, and streets without that word.
pub(super) fn street_form(typed: &str) -> String {
    let form = form(typed);
    let words: Vec<&str> = form.split(' ').collect();
    let named = match words.as_slice() {
        // In some cities streets are numbered, and the word is all there is to their name.
        ["calle", name, rest @ ..] if !name.starts_with(|c: char| c.is_ascii_digit()) => {
            [&[*name], rest].concat()
        }
        ["av" | "avda" | "avd" | "ave", rest @ ..] => [&["avenida"], rest].concat(),
        _ => words,
    };
    named.join(" ")
}

/// Only letters and digits, without the word for number.
pub(super) fn number_form(typed: &str) -> String {
    let token = text::token_form(typed);
    let bare = ["numero", "altura", "nro", "nº", "no", "n"]
        .iter()
        .find_map(|mark| token.strip_prefix(mark))
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    bare.map(str::to_owned).unwrap_or(token)
}

/// The province in one spelling; the capital is its own, whatever was given as its province.
pub(super) fn jurisdiction(city: &str, province: &str) -> String {
    let city = jurisdiction_form(city);
    if city == CAPITAL {
        return city;
    }
    jurisdiction_form(province)
}

const CAPITAL: &str = "caba";

pub(super) fn jurisdiction_form(typed: &str) -> String {
    let form = form(typed);
    let says = |words: &str| form.contains(words);
    if matches!(
        form.as_str(),
        "caba" | "c a b a" | "capital" | "cap fed" | "cdad de buenos aires"
    ) || says("ciudad de buenos aires")
        || says("ciudad autonoma de buenos aires")
        || says("ciudad autonoma de bs as")
        || says("capital federal")
    {
        CAPITAL.to_owned()
    } else if matches!(
        form.as_str(),
        "buenos aires"
            | "provincia de buenos aires"
            | "prov de buenos aires"
            | "pcia de buenos aires"
            | "bsas"
            | "bs as"
            | "pba"
            | "gba"
            | "gran buenos aires"
    ) {
        "buenos aires".to_owned()
    } else {
        form
    }
}
