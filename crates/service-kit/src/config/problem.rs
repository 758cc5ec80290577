//! What is wrong with an environment, in full.

use std::fmt;

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variables it is about; more than one when they contradict each other.
    pub variables: Vec<&'static str>,
    /// What is wrong with them. Never holds the value of a secret.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variables.join(", "), self.what)
    }
}

/// Every problem found, never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems as an error, when there are any. Sections read twice complain once.
    pub(super) fn from_found(found: Vec<Problem>) -> Option<Self> {
        let mut unique: Vec<Problem> = Vec::with_capacity(found.len());
        for problem in found {
            if !unique.contains(&problem) {
                unique.push(problem);
            }
        }
        (!unique.is_empty()).then_some(Self(unique))
    }

    /// The problems, in the order the variables were read.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s):", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  - {problem}")?;
        }
        Ok(())
    }
}
