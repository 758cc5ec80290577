//! Recursive descent over the tokens. Depth is bounded by the length of a filter.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::Filter;
use super::token::{self, Token};

pub(super) fn parse(source: &str) -> Result<Filter, String> {
    let mut parser = Parser {
        tokens: token::split(source)?.into_iter().peekable(),
    };
    let filter = parser.filter()?;
    match parser.tokens.next() {
        None => Ok(filter),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
}

impl Parser {
    fn filter(&mut self) -> Result<Filter, String> {
        let first = self.term()?;
        if self.word("AND") {
            let all = self.rest("AND", first)?;
            return self.unmixed("OR").map(|()| Filter::And(all));
        }
        if self.word("OR") {
            let any = self.rest("OR", first)?;
            return self.unmixed("AND").map(|()| Filter::Or(any));
        }
        Ok(first)
    }

    /// The terms of a chain whose first operator has been read.
    fn rest(&mut self, operator: &str, first: Filter) -> Result<Vec<Filter>, String> {
        let mut terms = vec![first, self.term()?];
        while self.word(operator) {
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    fn unmixed(&mut self, other: &str) -> Result<(), String> {
        if self.word(other) {
            return Err("AND and OR can only be combined with parentheses".to_owned());
        }
        Ok(())
    }

    fn term(&mut self) -> Result<Filter, String> {
        if self.word("NOT") || self.take(&Token::Minus) {
            return Ok(Filter::Not(Box::new(self.term()?)));
        }
        if self.take(&Token::Open) {
            let inner = self.filter()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        if self.word("hasPrefix") {
            return self.prefix();
        }
        if !self.word("attributes") {
            return Err("a test starts with attributes or hasPrefix".to_owned());
        }
        if self.take(&Token::Colon) {
            return Ok(Filter::Has(self.key()?));
        }
        self.expect(&Token::Dot)?;
        let key = self.key()?;
        if self.take(&Token::Equal) {
            return Ok(Filter::Equals(key, self.text()?));
        }
        self.expect(&Token::NotEqual)?;
        Ok(Filter::Not(Box::new(Filter::Equals(key, self.text()?))))
    }

    fn prefix(&mut self) -> Result<Filter, String> {
        self.expect(&Token::Open)?;
        if !self.word("attributes") {
            return Err("hasPrefix looks at attributes.KEY".to_owned());
        }
        self.expect(&Token::Dot)?;
        let key = self.key()?;
        self.expect(&Token::Comma)?;
        let prefix = self.text()?;
        self.expect(&Token::Close)?;
        Ok(Filter::Prefix(key, prefix))
    }

    fn key(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Word(key) | Token::Text(key)) => Ok(key),
            _ => Err("an attribute's key is missing".to_owned()),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err("a value is a string in double quotes".to_owned()),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(w) if w == word))
            .is_some()
    }

    fn take(&mut self, token: &Token) -> bool {
        self.tokens.next_if_eq(token).is_some()
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.take(token) {
            return Ok(());
        }
        Err(format!("expected {token:?}"))
    }
}
