//! Where variables come from: the process in production, a closure in tests.

use std::collections::BTreeMap;

/// Something that knows the values of variables by name.
pub trait Source {
    /// The value of `name`, when it is set.
    fn get(&self, name: &str) -> Option<String>;
}

impl<F> Source for F
where
    F: Fn(&str) -> Option<String>,
{
    fn get(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// The process environment, read once.
#[derive(Clone)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Takes a copy of the environment as it is now.
    ///
    /// A value that is not Unicode is kept with replacement characters, so that it fails where it is parsed, by name.
    pub fn from_process() -> Self {
        let pairs = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        });
        Self(pairs.collect())
    }

    /// All of it, for a process that is started with this environment and a few changes.
    pub fn into_variables(self) -> BTreeMap<String, String> {
        self.0
    }
}

impl Source for Env {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

impl std::fmt::Debug for Env {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
