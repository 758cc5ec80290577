//! The statements of a request, as PostgreSQL saw them.
//!
//! The database writes down what it is asked while the request is made a few times; what it is asked every time is the
//! request's, and not that of some loop that happened to run beside it.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context as _;

use crate::{pgbench::Script, platform::Platform};

/// How often the request is made.
const TIMES: usize = 4;
/// Stands before every entry of the log, so that lines of statements cannot be taken for one.
const MARK: &str = "@entry ";
/// Connections look at changed settings before their next statement; the log is written at once.
const SETTLED: Duration = Duration::from_millis(300);

/// A statement with what was bound to it; nothing, where that was NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    text: String,
    values: Vec<Option<String>>,
}

/// The statements that it takes to `ask`, as a script, and how many they are.
pub(super) async fn of<T>(
    platform: &Platform,
    ask: impl AsyncFn() -> anyhow::Result<T>,
) -> anyhow::Result<(Script, usize)> {
    let log = Log::of(platform);
    log.listen(true).await?;
    let mut heard = Vec::new();
    for _ in 0..TIMES {
        let before = log.text()?.len();
        ask().await?;
        tokio::time::sleep(SETTLED).await;
        let text = log.text()?;
        heard.push(statements(text.get(before..).unwrap_or_default())?);
    }
    log.listen(false).await?;
    let (last, others) = heard.split_last().context("nothing was asked")?;
    let is_in = |statement: &Statement, some: &[Statement]| {
        some.iter().any(|other| other.text == statement.text)
    };
    let kept: Vec<&Statement> = last
        .iter()
        .filter(|statement| others.iter().all(|some| is_in(statement, some)))
        .collect();
    anyhow::ensure!(!kept.is_empty(), "the database was asked nothing");
    Ok((script(platform, &kept)?, kept.len()))
}

/// The server's log.
struct Log<'p> {
    platform: &'p Platform,
    file: PathBuf,
}

impl<'p> Log<'p> {
    fn of(platform: &'p Platform) -> Self {
        Self {
            platform,
            file: platform.folder().join("postgres.log"),
        }
    }

    async fn listen(&self, everything: bool) -> anyhow::Result<()> {
        let settings = if everything {
            [
                "SET log_statement = 'all'".to_owned(),
                format!("SET log_line_prefix = '{MARK}'"),
            ]
        } else {
            ["RESET log_statement", "RESET log_line_prefix"].map(str::to_owned)
        };
        for setting in settings {
            let change = format!("ALTER SYSTEM {setting}");
            self.platform.sql(&change).await?;
        }
        self.platform.sql("SELECT pg_reload_conf()").await?;
        tokio::time::sleep(SETTLED).await;
        Ok(())
    }

    fn text(&self) -> anyhow::Result<String> {
        fs::read_to_string(&self.file).with_context(|| self.file.display().to_string())
    }
}

/// The prepared statements in a log.
fn statements(log: &str) -> anyhow::Result<Vec<Statement>> {
    let mut found: Vec<Statement> = Vec::new();
    for entry in log.split(MARK) {
        let (kind, words) = entry.split_once(':').unwrap_or_default();
        let words = words.trim();
        if kind == "LOG"
            && let Some((_, text)) = words
                .strip_prefix("execute ")
                .and_then(|named| named.split_once(": "))
        {
            found.push(Statement {
                text: text.to_owned(),
                values: Vec::new(),
            });
        } else if kind == "DETAIL"
            && let Some((_, bound)) = words.split_once("arameters: ")
            && let Some(statement) = found.last_mut()
        {
            statement.values = values(bound)?;
        }
    }
    Ok(found)
}

/// Reads `$1 = 'it''s', $2 = NULL`.
fn values(bound: &str) -> anyhow::Result<Vec<Option<String>>> {
    let mut values = Vec::new();
    let mut rest = bound.trim();
    while !rest.is_empty() {
        let (_, value) = rest.split_once(" = ").context("a value without a name")?;
        let Some(quoted) = value.strip_prefix('\'') else {
            let after = value.strip_prefix("NULL").context("a bare value")?;
            values.push(None);
            rest = after.trim_start_matches(", ");
            continue;
        };
        // A quote within is doubled, so that the first single one ends it.
        let doubled = quoted.replace("''", "\u{0}\u{0}");
        let end = doubled.find('\'').context("a value without an end")?;
        let (value, after) = quoted.split_at_checked(end).context("a broken value")?;
        values.push(Some(value.replace("''", "'")));
        rest = after.trim_start_matches('\'').trim_start_matches(", ");
    }
    Ok(values)
}

fn script(platform: &Platform, statements: &[&Statement]) -> anyhow::Result<Script> {
    let (mut text, mut variables) = (String::new(), Vec::new());
    for (number, statement) in statements.iter().enumerate() {
        let mut query = statement.text.clone();
        // The last first: `$1` is the beginning of `$10`.
        for (place, value) in statement.values.iter().enumerate().rev() {
            let name = format!("s{number}p{place}");
            let parameter = format!("${}", place + 1);
            match value {
                None => query = query.replace(&parameter, "NULL"),
                Some(value) => {
                    query = query.replace(&parameter, &format!(":{name}"));
                    variables.push(format!("{name}={value}"));
                }
            }
        }
        text.push_str(query.trim());
        text.push_str(";\n");
    }
    Script::write(platform.folder(), "api", &text, &variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_back_into_statements() {
        let log = "@entry LOG:  statement: SELECT pg_reload_conf()\n\
            @entry LOG:  execute sqlx_s_1: SELECT id\n\tFROM shops WHERE name = $1 AND id = $2 OR $3\n\
            @entry DETAIL:  Parameters: $1 = 'L''Étoile, $2 = x', $2 = NULL, $3 = 't'\n\
            @entry LOG:  execute sqlx_s_2: SELECT 1\n";
        let found = statements(log).unwrap();
        let [first, second] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            first.text,
            "SELECT id\n\tFROM shops WHERE name = $1 AND id = $2 OR $3"
        );
        let wanted = [Some("L'Étoile, $2 = x"), None, Some("t")];
        assert_eq!(
            first.values,
            wanted.map(|value| value.map(str::to_owned)).to_vec()
        );
        assert_eq!(second.values, []);
    }
}
