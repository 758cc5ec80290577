//! The record of every variable a configuration asks for, and its Markdown.

use std::fmt::Write as _;

use super::{
    reader::{Reader, Section},
    sections::RuntimeConfig,
};

/// Whether a variable has to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// The service does not start without it.
    Required,
    /// Absent means the feature is off.
    Optional,
    /// Absent means this value, in the variable's unit.
    Default(String),
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// It may.
    Plain,
    /// It may not, anywhere.
    Secret,
}

/// One variable as declared, and as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The heading it stands under.
    pub section: &'static str,
    /// Its name in the environment.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What kind of value, or in which unit.
    pub kind: String,
    /// The rules it has to keep.
    pub bounds: Vec<String>,
    /// Whether it has to be set.
    pub presence: Presence,
    /// Production has no default.
    pub required_in_production: bool,
    /// Why the default is what it is.
    pub reason: Option<&'static str>,
    /// Whether it may be shown.
    pub secrecy: Secrecy,
    /// Refused in production.
    pub local_only: bool,
    /// The effective value; never that of a secret (an empty text stands for one).
    pub value: Option<String>,
}

impl Variable {
    pub(super) fn new(
        section: &'static str,
        name: &'static str,
        doc: &'static str,
        kind: String,
    ) -> Self {
        Self {
            section,
            name,
            doc,
            kind,
            bounds: Vec::new(),
            presence: Presence::Optional,
            required_in_production: false,
            reason: None,
            secrecy: Secrecy::Plain,
            local_only: false,
            value: None,
        }
    }

    fn shown(&self) -> &str {
        match (&self.value, self.secrecy) {
            (None, _) => "(not set)",
            (Some(_), Secrecy::Secret) => "(secret)",
            (Some(value), Secrecy::Plain) => value,
        }
    }

    fn default_column(&self) -> String {
        let default = match &self.presence {
            Presence::Required => "**required**".to_owned(),
            Presence::Optional => "unset".to_owned(),
            Presence::Default(_) if self.secrecy == Secrecy::Secret => "a local secret".to_owned(),
            Presence::Default(value) if value.is_empty() => "empty".to_owned(),
            Presence::Default(value) => format!("`{value}`"),
        };
        if self.required_in_production {
            return format!("{default}, **required in production**");
        }
        default
    }

    fn meaning_column(&self) -> String {
        let mut meaning = self.doc.to_owned();
        if let Some(reason) = self.reason {
            write_to(&mut meaning, format_args!(" Default: {reason}."));
        }
        if self.secrecy == Secrecy::Secret {
            meaning.push_str(" Secret.");
        }
        if self.local_only {
            meaning.push_str(" Local work only: refused in production.");
        }
        meaning
    }
}

/// Every variable of a configuration, in reading order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    variables: Vec<Variable>,
}

impl Reference {
    pub(super) fn new(found: Vec<Variable>) -> Self {
        let mut variables: Vec<Variable> = Vec::with_capacity(found.len());
        for variable in found {
            // Sections may share a variable, and a single-host process reads the same section for several services.
            if !variables.iter().any(|known| known.name == variable.name) {
                variables.push(variable);
            }
        }
        Self { variables }
    }

    /// The reference of a configuration, read from an empty environment.
    pub fn of<C: Section>() -> Self {
        let empty = |_: &str| None;
        let mut reader = Reader::new(&empty);
        reader.section::<RuntimeConfig>();
        let _: C = reader.section();
        Self::new(reader.variables)
    }

    /// The variables.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// `NAME = value` lines with secrets masked, for `--check-config`.
    pub fn to_values(&self) -> String {
        let mut text = String::new();
        for variable in &self.variables {
            write_to(
                &mut text,
                format_args!("{} = {}\n", variable.name, variable.shown()),
            );
        }
        text
    }

    /// A Markdown table for each section.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for variable in &self.variables {
            if variable.section != section {
                section = variable.section;
                let gap = if text.is_empty() { "" } else { "\n" };
                write_to(
                    &mut text,
                    format_args!(
                        "{gap}### {section}\n\n| Variable | Value | Default | Meaning |\n|---|---|---|---|\n"
                    ),
                );
            }
            let value = std::iter::once(variable.kind.clone()).chain(variable.bounds.clone());
            write_to(
                &mut text,
                format_args!(
                    "| `{}` | {} | {} | {} |\n",
                    variable.name,
                    cell(&value.collect::<Vec<_>>().join("; ")),
                    cell(&variable.default_column()),
                    cell(&variable.meaning_column()),
                ),
            );
        }
        text
    }
}

/// Writing to a `String` cannot fail.
fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).unwrap_or_default();
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
