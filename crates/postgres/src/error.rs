//! What goes wrong with the database, sorted by what a caller can do about it.

use avvivo_kernel::{ErrorKind, Fault};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database is away, starting, or out of connections.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// Two transactions were in each other's way; running the whole one again helps.
    #[error("the transaction lost against another")]
    Raced(#[source] sqlx::Error),
    /// A named constraint refused the write.
    #[error("constraint {name} was violated")]
    Constraint {
        /// The constraint.
        name: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value is not one that we write.
    #[error("broken row {id} in {table}.{column}: {value}")]
    BrokenRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
        /// What is there.
        value: String,
    },
    /// A statement of ours is wrong.
    #[error("the statement failed")]
    Statement(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The schema is up to date but for this index, which is not whole; it has to be dropped and built again.
    #[error("index {name} is half built: drop it and build it again")]
    HalfBuiltIndex {
        /// The index.
        name: String,
    },
}

impl DbError {
    /// Whether this constraint refused the write.
    pub fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Constraint { name, .. } if name == constraint)
    }

    pub(crate) fn broken(
        table: &'static str,
        column: &'static str,
        id: impl std::fmt::Display,
        value: impl std::fmt::Display,
    ) -> Self {
        Self::BrokenRow {
            table,
            column,
            id: id.to_string(),
            value: value.to_string(),
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => Self::Unavailable(error),
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default().into_owned();
                match (code.get(..2).unwrap_or_default(), code.as_str()) {
                    // Connection trouble, operator intervention, out of resources; a server that is a standby since a
                    // failover, and a transaction that the server has given up.
                    ("08" | "57" | "53", _) | (_, "25006" | "25P03") => Self::Unavailable(error),
                    (_, "40001" | "40P01") => Self::Raced(error),
                    ("23", _) => match refusal.constraint().map(str::to_owned) {
                        Some(name) => Self::Constraint {
                            name,
                            source: error,
                        },
                        None => Self::Statement(error),
                    },
                    _ => Self::Statement(error),
                }
            }
            _ => Self::Statement(error),
        }
    }
}

impl Fault for DbError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) | Self::Raced(_) => ErrorKind::Unavailable,
            Self::Constraint { .. }
            | Self::BrokenRow { .. }
            | Self::Statement(_)
            | Self::Migration(_)
            | Self::HalfBuiltIndex { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "database.unavailable",
            Self::Raced(_) => "database.raced",
            Self::Constraint { .. }
            | Self::BrokenRow { .. }
            | Self::Statement(_)
            | Self::Migration(_)
            | Self::HalfBuiltIndex { .. } => "internal",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Unavailable(_) | Self::Raced(_) => {
                "No pudimos acceder a los datos. Probá de nuevo en unos minutos."
            }
            Self::Constraint { .. }
            | Self::BrokenRow { .. }
            | Self::Statement(_)
            | Self::Migration(_)
            | Self::HalfBuiltIndex { .. } => {
                "Algo salió mal de nuestro lado. Probá de nuevo en unos minutos."
            }
        }
        .to_owned()
    }
}
