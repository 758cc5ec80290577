//! A stranger's word as part of a line of ours.

/// Names have at most 120 characters; some imported ones are longer, and no inbox shows more.
const MAX_CHARS: usize = 120;

/// `word` on one line: without control characters and marks that turn the direction of writing, single spaces between
/// words, cut to what an inbox shows. A line break in a subject would begin a header of the stranger's choice.
pub(crate) fn line(word: &str) -> String {
    let breaks = |c: char| c.is_whitespace() || c.is_control();
    let words = word.split(breaks).filter(|part| !part.is_empty());
    let joined = words.collect::<Vec<_>>().join(" ");
    let kept = joined.chars().filter(|c| !turns_direction(*c));
    kept.take(MAX_CHARS).collect::<String>().trim().to_owned()
}

/// Explicit embeddings, overrides and isolates (Unicode TR 9): with them a name could reorder the words around it.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_on_its_line() {
        let cases = [
            ("Luna Azul", "Luna Azul"),
            ("  Luna \t Azul\u{a0}", "Luna Azul"),
            (
                "Luna\r\nBcc: todos@example.com",
                "Luna Bcc: todos@example.com",
            ),
            ("Luna\u{2028}Azul\u{85}", "Luna Azul"),
            ("Lu\u{0}na", "Lu na"),
            ("\u{202e}luzA\u{2066}", "luzA"),
            ("\r\n", ""),
        ];
        for (word, expected) in cases {
            assert_eq!(line(word), expected, "{word:?}");
        }
        assert_eq!(line(&"ñ".repeat(500)).chars().count(), MAX_CHARS);
    }
}
