//! Splits a filter into tokens.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Colon,
    Dot,
    Comma,
    Minus,
    Open,
    Close,
    Equal,
    NotEqual,
}

pub(super) fn split(source: &str) -> Result<Vec<Token>, String> {
    let mut chars = source.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            c if c.is_whitespace() => continue,
            ':' => Token::Colon,
            '.' => Token::Dot,
            ',' => Token::Comma,
            '-' => Token::Minus,
            '(' => Token::Open,
            ')' => Token::Close,
            '=' => Token::Equal,
            '!' if chars.next_if_eq(&'=').is_some() => Token::NotEqual,
            '"' => Token::Text(text(&mut chars)?),
            c if in_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|&c| in_word(c) || c == '-') {
                    word.push(c);
                }
                Token::Word(word)
            }
            c => return Err(format!("unexpected {c:?}")),
        });
    }
    Ok(tokens)
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Reads up to the closing quote, resolving escapes.
fn text(chars: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match chars.next().ok_or("a string is not closed")? {
            '"' => return Ok(text),
            '\\' => text.push(escape(chars)?),
            c => text.push(c),
        }
    }
}

fn escape(chars: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    match chars.next().ok_or("a string is not closed")? {
        c @ ('"' | '\'' | '\\' | '?') => Ok(c),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'x' => code_point(chars, 2, 16, 0),
        'u' => code_point(chars, 4, 16, 0),
        'U' => code_point(chars, 8, 16, 0),
        c => match c.to_digit(8) {
            Some(first) => code_point(chars, 2, 8, first),
            None => Err(format!("unknown escape \\{c}")),
        },
    }
}

fn code_point(
    chars: &mut Peekable<Chars<'_>>,
    digits: usize,
    radix: u32,
    first: u32,
) -> Result<char, String> {
    let mut point = first;
    for _ in 0..digits {
        let digit = chars
            .next()
            .and_then(|c| c.to_digit(radix))
            .ok_or("an escape is too short")?;
        point = point
            .checked_mul(radix)
            .and_then(|p| p.checked_add(digit))
            .ok_or("not Unicode")?;
    }
    char::from_u32(point).ok_or_else(|| "an escape is not a character".to_owned())
}
