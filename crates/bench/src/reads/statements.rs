//! The statements of `GET /reels`.

use std::path::Path;

use crate::{checkout, pgbench::Script};

/// A statement of a signed-in request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    /// Who asks.
    Account,
    /// What is live.
    Feed,
    /// The shops of what was found.
    Shops,
}

impl Statement {
    const EACH: [Self; 3] = [Self::Account, Self::Feed, Self::Shops];

    /// Words that only this query has.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Account => &[
                "FROM accounts AS a",
                "SELECT id FROM accounts WHERE firebase_uid = $1",
            ],
            Self::Feed => &["FROM reels AS r", "r.status = 'ACTIVE'"],
            Self::Shops => &["FROM shops", "logo_url", "WHERE id = ANY($1)"],
        }
    }

    /// The variables in the place of its parameters.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["uid", "email"],
            Self::Feed => &["now", "limit"],
            Self::Shops => &["shops"],
        }
    }
}

/// The statements of a request of `client` whose answer names `shops`, an array in PostgreSQL's words; without `skipped`.
pub(super) fn script(
    folder: &Path,
    client: &str,
    shops: &str,
    skipped: Option<Statement>,
) -> anyhow::Result<Script> {
    let mut text = String::new();
    let kept = Statement::EACH
        .into_iter()
        .filter(|statement| Some(*statement) != skipped);
    for statement in kept {
        let mut query = checkout::query_with(statement.words())?;
        for (number, name) in (1..).zip(statement.variables()) {
            query = query.replace(&format!("${number}"), &format!(":{name}"));
        }
        text.push_str(query.trim());
        text.push_str(";\n");
    }
    let variables = [
        ("uid", client),
        ("email", client),
        // PostgreSQL reads this word as the present time.
        ("now", "now"),
        ("limit", "80"),
        ("shops", shops),
    ];
    let variables = variables.map(|(name, value)| format!("{name}={value}"));
    let name = skipped.map_or("whole", |_| "less");
    Script::write(folder, name, &text, &variables)
}
