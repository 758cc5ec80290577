//! What the first lines of a migration must say.

/// What each header answers, by the word that starts the answer, and how to write it.
const PARTS: [(&str, &str); 3] = [
    ("Why:", "what the change is for"),
    (
        "Rows:",
        "how many rows it touches at most, or that the tables are new",
    ),
    ("Lock:", "which locks it takes, and for how long"),
];

/// The parts that a migration's header lacks, as sentences. The header is the comment lines at the top.
pub(crate) fn missing_parts(migration: &str) -> Vec<String> {
    let lines = migration
        .lines()
        .map_while(|line| line.trim().strip_prefix("--"));
    let header: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let is_word = |text: &str| PARTS.iter().any(|(word, _)| *word == text);
    // An answer is at least one word that is not the next question.
    let answers = |word: &str| {
        let following = header.iter().skip(1);
        header
            .iter()
            .zip(following)
            .any(|(at, next)| *at == word && !is_word(next))
    };
    PARTS
        .iter()
        .filter(|(word, _)| !answers(word))
        .map(|(word, meaning)| format!("no `-- {word} …` ({meaning})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_header_passes_on_one_line_or_several() {
        let text = "-- Why: shops rename reels,\n-- often.\n-- Rows: none, it is new. Lock: brief.\nSELECT 1;";
        assert_eq!(missing_parts(text), Vec::<String>::new());
    }

    #[test]
    fn empty_and_late_answers_do_not_count() {
        let text = "-- Why: Rows: none.\n\nSELECT 1;\n-- Lock: brief.";
        let missing = missing_parts(text);
        assert_eq!(missing.len(), 2);
        assert!(missing[0].starts_with("no `-- Why: …`"));
        assert!(missing[1].starts_with("no `-- Lock: …`"));
    }
}
