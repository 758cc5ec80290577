//! What a benchmark found: tables that read well at a terminal and in Markdown, and goals.

use std::{fmt, fs};

use anyhow::Context as _;

use crate::checkout;

/// The document that keeps the latest numbers.
const DOCUMENT: &str = ".github/BENCHMARKS.md";

/// What one benchmark found.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    title: &'static str,
    parts: Vec<String>,
    goals: Vec<Goal>,
}

/// A promise, and what was found of it.
#[derive(Debug, Clone)]
pub(crate) struct Goal {
    /// What is promised.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: f64,
    /// What is enough.
    pub(crate) bound: Bound,
    /// Behind both numbers.
    pub(crate) unit: &'static str,
}

/// What is enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    /// Whether it is met, and by how much not.
    fn verdict(&self) -> String {
        let (bound, lacking) = match self.bound {
            Bound::AtLeast(bound) => (bound, bound - self.found),
            Bound::AtMost(bound) => (bound, self.found - bound),
        };
        if lacking <= 0.0 {
            "met".to_owned()
        } else if bound > 0.0 {
            format!("MISSED by {:.0} %", (100.0 * lacking / bound).ceil())
        } else {
            "MISSED".to_owned()
        }
    }
}

impl Report {
    /// An empty report. `name` is its section's mark in the document.
    pub(crate) fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            parts: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds a table under a line that says what it shows.
    pub(crate) fn table(&mut self, caption: &str, table: &Table) {
        self.parts.push(format!("{caption}\n\n{table}"));
    }

    /// Adds a remark.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.parts.push(text.into() + "\n");
    }

    /// Adds a goal.
    pub(crate) fn goal(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    /// The goals alone.
    pub(crate) fn into_goals(self) -> Vec<Goal> {
        self.goals
    }

    /// Puts the report into the document, in the place of the one before.
    pub(crate) fn write(&self, machine: &str) -> anyhow::Result<()> {
        let path = checkout::at(DOCUMENT);
        let document = fs::read_to_string(&path).context("cannot read the document of results")?;
        let section = format!("\n_{machine}_\n\n{}", self.body());
        let written = replaced(&document, self.name, &section)
            .with_context(|| format!("{DOCUMENT} has no place marked {}", self.name))?;
        Ok(fs::write(&path, written)?)
    }

    fn body(&self) -> String {
        let mut parts = self.parts.clone();
        if !self.goals.is_empty() {
            parts.push(summary(&self.goals).to_string());
        }
        parts.join("\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "## {}\n\n{}", self.title, self.body())
    }
}

/// `document` with `section` between the marks of `name`.
fn replaced(document: &str, name: &str, section: &str) -> Option<String> {
    let (before, rest) = document.split_once(&format!("<!-- bench:{name} -->\n"))?;
    let end = format!("<!-- /bench:{name} -->");
    let (_, after) = rest.split_once(&end)?;
    Some(format!(
        "{before}<!-- bench:{name} -->\n{section}\n{end}{after}"
    ))
}

/// The goals as a table.
pub(crate) fn summary(goals: &[Goal]) -> Table {
    let mut table = Table::new(&["Goal", "found", "wanted", ""]);
    for goal in goals {
        let Goal {
            what, found, unit, ..
        } = goal;
        let wanted = match goal.bound {
            Bound::AtLeast(bound) => format!("≥ {bound}{unit}"),
            Bound::AtMost(bound) => format!("≤ {bound}{unit}"),
        };
        table.row([
            what.clone(),
            format!("{found:.2}{unit}"),
            wanted,
            goal.verdict(),
        ]);
    }
    table
}

/// Rows under a head; the first column is words, the others are numbers.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        Self { rows: vec![head] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The widest cell of a column.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
            .max(3)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, row) in self.rows.iter().enumerate() {
            for (column, cell) in row.iter().enumerate() {
                let width = self.width(column);
                match column {
                    0 => write!(f, "| {cell:<width$} |")?,
                    _ => write!(f, " {cell:>width$} |")?,
                }
            }
            writeln!(f)?;
            if number == 0 {
                for column in 0..row.len() {
                    let line = "-".repeat(self.width(column).saturating_sub(1));
                    match column {
                        0 => write!(f, "| {line}- |")?,
                        _ => write!(f, " {line}: |")?,
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_up_and_is_markdown() {
        let mut table = Table::new(&["who", "rate"]);
        table.row(["nginx".to_owned(), "9".to_owned()]);
        assert_eq!(
            table.to_string(),
            "| who   | rate |\n| ----- | ---: |\n| nginx |    9 |\n"
        );
    }

    #[test]
    fn a_section_replaces_the_one_before_and_nothing_else() {
        let document = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb";
        let written = replaced(document, "x", "new").unwrap();
        assert_eq!(written, "a\n<!-- bench:x -->\nnew\n<!-- /bench:x -->\nb");
        assert!(replaced(document, "y", "new").is_none());
    }

    #[test]
    fn goals_are_met_at_their_bound_and_missed_by_what_lacks() {
        let verdict = |found, bound| {
            let (what, unit) = (String::new(), "");
            let goal = Goal {
                what,
                found,
                bound,
                unit,
            };
            goal.verdict()
        };
        assert_eq!(verdict(0.7, Bound::AtLeast(0.7)), "met");
        assert_eq!(verdict(0.35, Bound::AtLeast(0.7)), "MISSED by 50 %");
        assert_eq!(verdict(150.0, Bound::AtMost(150.0)), "met");
        assert_eq!(verdict(150.1, Bound::AtMost(150.0)), "MISSED by 1 %");
        assert_eq!(verdict(1.0, Bound::AtMost(0.0)), "MISSED");
        assert_eq!(verdict(f64::NAN, Bound::AtMost(0.0)), "MISSED");
    }
}
