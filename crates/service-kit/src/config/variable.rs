//! One variable being declared and read.

use super::{
    reader::Reader,
    reference::{Presence, Secrecy, Variable},
};

type Parse<T> = Box<dyn Fn(&str) -> Result<T, String>>;
type Show<T> = Box<dyn Fn(&T) -> String>;
type Rule<T> = Box<dyn Fn(&T) -> bool>;

/// A declaration in progress; ends with [`required`](Var::required), [`optional`](Var::optional) or
/// [`default`](Var::default), which read the value.
#[must_use = "a variable is only read by `required`, `optional` or `default`"]
pub struct Var<'r, 's, T> {
    reader: &'r mut Reader<'s>,
    variable: Variable,
    parse: Parse<T>,
    show: Show<T>,
    rules: Vec<(String, Rule<T>)>,
    empty_counts: bool,
}

impl<'r, 's, T: 'static> Var<'r, 's, T> {
    pub(super) fn new(
        reader: &'r mut Reader<'s>,
        variable: Variable,
        parse: Parse<T>,
        show: Show<T>,
    ) -> Self {
        Self {
            reader,
            variable,
            parse,
            show,
            rules: Vec::new(),
            empty_counts: false,
        }
    }

    pub(super) fn with_secrecy(mut self, secrecy: Secrecy) -> Self {
        self.variable.secrecy = secrecy;
        self
    }

    /// An empty value is a value. Without this it counts as not set.
    pub fn allow_empty(mut self) -> Self {
        self.empty_counts = true;
        self
    }

    /// Marks a setting that exists for local work; set in production it is a problem.
    pub fn local_only(mut self) -> Self {
        self.variable.local_only = true;
        self
    }

    /// Adds a rule in words ("must …") that values have to keep.
    pub fn rule(mut self, words: impl Into<String>, keeps: impl Fn(&T) -> bool + 'static) -> Self {
        let words = words.into();
        self.variable.bounds.push(words.clone());
        self.rules.push((words, Box::new(keeps)));
        self
    }

    /// The value, which has to be set.
    pub fn required(mut self) -> T
    where
        T: Default,
    {
        self.variable.presence = Presence::Required;
        match self.read() {
            Read::Value(value) => value,
            Read::Broken(var) => var.record_default(T::default(), None),
            Read::Absent(mut var) => {
                var.complain("is required".to_owned());
                var.record_default(T::default(), None)
            }
        }
    }

    /// The value, when it is set.
    pub fn optional(mut self) -> Option<T> {
        self.variable.presence = Presence::Optional;
        match self.read() {
            Read::Value(value) => Some(value),
            Read::Broken(var) | Read::Absent(var) => {
                var.record(None);
                None
            }
        }
    }

    /// The value, or `value` when it is not set, because of `reason`.
    pub fn default(mut self, value: T, reason: &'static str) -> T {
        self.set_default(&value, reason);
        match self.read() {
            Read::Value(value) => value,
            Read::Broken(var) | Read::Absent(var) => {
                let shown = (var.show)(&value);
                var.record_default(value, Some(shown))
            }
        }
    }

    /// The value; in production it has to be set, elsewhere `value` will do, because of `reason`.
    pub fn required_in_production(mut self, value: T, reason: &'static str) -> T {
        self.set_default(&value, reason);
        self.variable.required_in_production = true;
        match self.read() {
            Read::Value(value) => value,
            Read::Broken(var) => var.record_default(value, None),
            Read::Absent(mut var) => {
                if var.reader.production() {
                    var.complain("is required in production".to_owned());
                }
                let shown = (var.show)(&value);
                var.record_default(value, Some(shown))
            }
        }
    }

    fn set_default(&mut self, value: &T, reason: &'static str) {
        self.variable.presence = Presence::Default((self.show)(value));
        self.variable.reason = Some(reason);
        // A default that breaks its own rules would be a defect of the declaration: tell whoever runs it first.
        if let Some(words) = self.broken_rule(value) {
            self.complain(format!("has a default that {words}, which it does not"));
        }
    }

    fn read(mut self) -> Read<'r, 's, T> {
        let raw = self.reader.raw(self.variable.name);
        let Some(raw) = raw.filter(|raw| self.empty_counts || !raw.is_empty()) else {
            return Read::Absent(self);
        };
        if self.variable.local_only && self.reader.production() {
            self.complain("is for local work and must not be set in production".to_owned());
        }
        let shown_raw = match self.variable.secrecy {
            Secrecy::Plain => format!("`{raw}` "),
            Secrecy::Secret => String::new(),
        };
        match (self.parse)(&raw) {
            Err(what) => {
                self.complain(format!("{shown_raw}{what}"));
                Read::Broken(self)
            }
            Ok(value) => {
                if let Some(words) = self.broken_rule(&value) {
                    self.complain(format!("{shown_raw}{words}"));
                }
                let shown = (self.show)(&value);
                self.record(Some(shown));
                Read::Value(value)
            }
        }
    }

    fn broken_rule(&self, value: &T) -> Option<String> {
        self.rules
            .iter()
            .find(|(_, keeps)| !keeps(value))
            .map(|(words, _)| words.clone())
    }

    fn complain(&mut self, what: String) {
        let name = self.variable.name;
        self.reader.problem(&[name], what);
    }

    fn record_default(self, value: T, shown: Option<String>) -> T {
        self.record(shown);
        value
    }

    fn record(mut self, shown: Option<String>) {
        self.variable.value = shown;
        self.reader.variables.push(self.variable);
    }
}

impl<T: PartialOrd + Clone + 'static> Var<'_, '_, T> {
    /// Both ends included.
    pub fn between(self, low: T, high: T) -> Self {
        let words = format!(
            "must be from {} to {}",
            (self.show)(&low),
            (self.show)(&high)
        );
        self.rule(words, move |value| *value >= low && *value <= high)
    }

    /// The end included.
    pub fn at_least(self, low: T) -> Self {
        let words = format!("must be at least {}", (self.show)(&low));
        self.rule(words, move |value| *value >= low)
    }
}

enum Read<'r, 's, T> {
    Value(T),
    Broken(Var<'r, 's, T>),
    Absent(Var<'r, 's, T>),
}
