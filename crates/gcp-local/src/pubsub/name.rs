//! `projects/P/topics/T` and `projects/P/subscriptions/S`, with Google's rules for the last part.

use crate::wire::ApiError;

/// The two collections that are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    Subscription,
}

impl Kind {
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::Topic => "topics",
            Self::Subscription => "subscriptions",
        }
    }
}

/// The kind of resource `name` is, when it has the form of one.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let mut parts = name.split('/');
    let (root, project, collection, id) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if root != "projects" || project.is_empty() || id.is_empty() || parts.next().is_some() {
        return None;
    }
    match collection {
        "topics" => Some(Kind::Topic),
        "subscriptions" => Some(Kind::Subscription),
        _ => None,
    }
}

/// Refuses a name that Google would not let anybody create.
pub(super) fn check(name: &str, expected: Kind) -> Result<(), ApiError> {
    let id = name.rsplit('/').next().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.~+%".contains(c);
    let fine = kind(name) == Some(expected)
        && (3..=255).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_alphabetic())
        && id.chars().all(allowed)
        && !id.starts_with("goog");
    if fine {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Invalid [{collection}] name: (name={name}). It must be \
         projects/PROJECT/{collection}/ID; the ID starts with a letter, has 3 to 255 characters of \
         letters, digits, dashes, periods, underscores, tildes, pluses and percents, and does not \
         start with goog.",
        collection = expected.collection(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_googles_rules() {
        assert!(check("projects/p/topics/abc", Kind::Topic).is_ok());
        for name in [
            "projects/p/topics/ab",
            "projects/p/topics/1abc",
            "projects/p/topics/google-x",
            "projects/p/topics/a b c",
            "projects/p/subscriptions/abc",
            "projects//topics/abc",
            "projects/p/topics/abc/d",
            "topics/abc",
        ] {
            assert!(check(name, Kind::Topic).is_err(), "{name}");
        }
    }
}
