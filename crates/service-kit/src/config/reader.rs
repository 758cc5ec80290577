//! The reader that sections ask for their variables.

use std::{fmt::Display, str::FromStr, time::Duration};

use secrecy::SecretString;

use super::{
    problem::{Problem, Problems},
    reference::{Reference, Secrecy, Variable},
    sections::{RuntimeConfig, is_production},
    source::Source,
    variable::Var,
};

/// A part of a service's configuration.
pub trait Section: Sized {
    /// The heading in the reference.
    const TITLE: &'static str;

    /// Reads the variables.
    ///
    /// Where a value is missing or broken the reader hands back a neutral one and remembers the problem, so that
    /// reading goes on; [`load`] then refuses the whole, and a neutral value never leaves it.
    fn read(reader: &mut Reader<'_>) -> Self;
}

/// A configuration without problems, and the record of what was read.
#[derive(Debug)]
pub struct Loaded<C> {
    /// The values.
    pub config: C,
    /// Every variable with its effective value; secrets are masked.
    pub reference: Reference,
}

/// Reads a configuration, or says everything that is wrong with it. Which deployment this is comes first, whatever the
/// configuration asks for: it decides what else is sound.
pub fn load<C: Section>(source: &dyn Source) -> Result<Loaded<C>, Problems> {
    let mut reader = Reader::new(source);
    reader.section::<RuntimeConfig>();
    let config = reader.section();
    match Problems::from_found(reader.problems) {
        Some(problems) => Err(problems),
        None => Ok(Loaded {
            config,
            reference: Reference::new(reader.variables),
        }),
    }
}

/// Reads variables, collects problems, records declarations.
pub struct Reader<'s> {
    source: &'s dyn Source,
    section: &'static str,
    production: bool,
    pub(super) variables: Vec<Variable>,
    pub(super) problems: Vec<Problem>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s dyn Source) -> Self {
        Self {
            source,
            section: "",
            production: is_production(source),
            variables: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Whether this is production, as [`RuntimeConfig`] decides it.
    pub fn production(&self) -> bool {
        self.production
    }

    /// Reads a section.
    pub fn section<S: Section>(&mut self) -> S {
        let outer = std::mem::replace(&mut self.section, S::TITLE);
        let section = S::read(self);
        self.section = outer;
        section
    }

    /// Reports what no single variable can know, such as two that contradict each other.
    pub fn problem(&mut self, variables: &[&'static str], what: impl Into<String>) {
        self.problems.push(Problem {
            variables: variables.to_vec(),
            what: what.into(),
        });
    }

    pub(super) fn raw(&self, name: &str) -> Option<String> {
        self.source.get(name).map(|value| value.trim().to_owned())
    }

    fn declare<T: 'static>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        kind: impl Into<String>,
        parse: impl Fn(&str) -> Result<T, String> + 'static,
        show: impl Fn(&T) -> String + 'static,
    ) -> Var<'_, 's, T> {
        let variable = Variable::new(self.section, name, doc, kind.into());
        Var::new(self, variable, Box::new(parse), Box::new(show))
    }

    /// Text, without surrounding blanks.
    pub fn text(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, String> {
        self.declare(name, doc, "text", |raw| Ok(raw.to_owned()), Clone::clone)
    }

    /// Text that must never be shown.
    pub fn secret(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, SecretString> {
        self.declare(name, doc, "text", |raw| Ok(raw.into()), |_| String::new())
            .with_secrecy(Secrecy::Secret)
    }

    /// `true 1 yes on` or `false 0 no off`, in any case.
    pub fn flag(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, bool> {
        self.declare(name, doc, "true or false", parse_flag, ToString::to_string)
    }

    /// A number; give it bounds.
    pub fn number<T>(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, T>
    where
        T: FromStr + Display + 'static,
    {
        self.parsed(name, doc, "number")
    }

    /// Anything that parses from text, called `kind` in the reference.
    pub fn parsed<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        kind: &'static str,
    ) -> Var<'_, 's, T>
    where
        T: FromStr + Display + 'static,
    {
        let parse = move |raw: &str| raw.parse().map_err(|_| format!("is not a valid {kind}"));
        self.declare(name, doc, kind, parse, ToString::to_string)
    }

    /// A whole number of milliseconds; the name ends in `_MS`.
    pub fn millis(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, Duration> {
        self.duration(name, doc, "milliseconds", 1)
    }

    /// A whole number of seconds.
    pub fn seconds(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, Duration> {
        self.duration(name, doc, "seconds", 1_000)
    }

    /// A whole number of minutes; the name ends in `_MINUTES`.
    pub fn minutes(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, Duration> {
        self.duration(name, doc, "minutes", 60_000)
    }

    fn duration(
        &mut self,
        name: &'static str,
        doc: &'static str,
        unit: &'static str,
        unit_ms: u64,
    ) -> Var<'_, 's, Duration> {
        let parse = move |raw: &str| whole_units(raw, unit, unit_ms).map(Duration::from_millis);
        let show = move |value: &Duration| (value.as_millis() / u128::from(unit_ms)).to_string();
        self.declare(name, doc, unit, parse, show)
    }

    /// Bytes, given as a whole number of mebibytes; the name ends in `_MB`.
    pub fn megabytes(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, u64> {
        const MIB: u64 = 1024 * 1024;
        let parse = |raw: &str| whole_units(raw, "MiB", MIB);
        self.declare(name, doc, "MiB", parse, |bytes| (bytes / MIB).to_string())
    }

    /// Words between commas.
    pub fn list(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, Vec<String>> {
        let parse = |raw: &str| {
            let words = raw
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            Ok(words.map(ToOwned::to_owned).collect())
        };
        self.declare(
            name,
            doc,
            "comma-separated list",
            parse,
            |words: &Vec<String>| words.join(","),
        )
    }

    /// One of a closed set of words, in any case.
    pub fn choice<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        words: &'static [(&'static str, T)],
    ) -> Var<'_, 's, T>
    where
        T: Copy + PartialEq + 'static,
    {
        let kind = words
            .iter()
            .map(|(word, _)| *word)
            .collect::<Vec<_>>()
            .join(" or ");
        let expected = kind.clone();
        let parse = move |raw: &str| {
            let found = words
                .iter()
                .find(|(word, _)| word.eq_ignore_ascii_case(raw));
            found
                .map(|(_, value)| *value)
                .ok_or_else(|| format!("is not {expected}"))
        };
        let show = move |value: &T| {
            let found = words.iter().find(|(_, candidate)| candidate == value);
            found.map_or_else(String::new, |(word, _)| (*word).to_owned())
        };
        self.declare(name, doc, kind, parse, show)
    }

    /// An `http` or `https` address without trailing slash. In production it must be `https`, so that a fake on the
    /// network of a test cannot be left behind.
    pub fn base_url(&mut self, name: &'static str, doc: &'static str) -> Var<'_, 's, String> {
        let production = self.production;
        let parse = move |raw: &str| parse_base_url(raw, production);
        self.declare(name, doc, "http(s) address", parse, Clone::clone)
    }
}

fn parse_flag(raw: &str) -> Result<bool, String> {
    match raw.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("is not true, 1, yes, on, false, 0, no or off".to_owned()),
    }
}

fn whole_units(raw: &str, unit: &str, scale: u64) -> Result<u64, String> {
    let count: u64 = raw
        .parse()
        .map_err(|_| format!("is not a whole number of {unit}"))?;
    count
        .checked_mul(scale)
        .ok_or_else(|| format!("is too many {unit}"))
}

fn parse_base_url(raw: &str, production: bool) -> Result<String, String> {
    let uri: http::Uri = raw.parse().map_err(|_| "is not an address".to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) if production => Err("must be https in production".to_owned()),
        (Some("http" | "https"), Some(_)) => Ok(raw.trim_end_matches('/').to_owned()),
        _ => Err("is not an http or https address".to_owned()),
    }
}
