//! Which route a path belongs to, known before the router runs.
//!
//! Paths match whatever their case and with or without a slash at the end, as they always did. Lower-casing whole paths
//! would damage parameters, so a path is matched lower-cased against the patterns and then rebuilt: literal segments as
//! the pattern spells them, parameters as the client sent them. Knowing the route this early also gives each route its
//! own body limit and its name in traces of requests that never reach the router.

use std::{borrow::Cow, collections::HashMap};

use http::{Method, Uri, uri::PathAndQuery};
use percent_encoding::percent_decode_str;

use crate::body::{DEFAULT_LIMIT_BYTES, DEFAULT_ROOM_BYTES};

/// The patterns of a service, written as axum writes them (`/reels/{id}/status`).
#[derive(Clone, Default)]
pub struct RouteTable {
    tree: matchit::Router<&'static str>,
    known: HashMap<String, &'static str>,
    body_limits: HashMap<(&'static str, Method), usize>,
    body_room: Option<usize>,
}

/// A pattern that cannot be matched, or contradicts another.
#[derive(Debug, thiserror::Error)]
#[error("route pattern `{pattern}` cannot be used: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl RouteTable {
    /// A table of `patterns`, usually the paths of the OpenAPI document. Naming one twice is harmless.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, PatternError> {
        let mut table = Self::default();
        for pattern in patterns {
            table.pattern(pattern.as_ref())?;
        }
        Ok(table)
    }

    /// Lets bodies of `method` requests to `pattern` be up to `bytes` long instead of 100 KiB.
    pub fn body_limit(
        mut self,
        method: Method,
        pattern: &str,
        bytes: usize,
    ) -> Result<Self, PatternError> {
        let pattern = self.pattern(pattern)?;
        self.body_limits.insert((pattern, method), bytes);
        Ok(self)
    }

    /// Lets the bodies of all requests together be up to `bytes` long instead of 64 MiB.
    #[must_use]
    pub fn bodies_together(mut self, bytes: usize) -> Self {
        self.body_room = Some(bytes);
        self
    }

    pub(crate) fn body_room(&self) -> usize {
        self.body_room.unwrap_or(DEFAULT_ROOM_BYTES)
    }

    fn pattern(&mut self, pattern: &str) -> Result<&'static str, PatternError> {
        let lower = pattern.to_ascii_lowercase();
        if let Some(known) = self.known.get(&lower) {
            return Ok(known);
        }
        // A service has one table for as long as it runs, and names of routes are used all over its telemetry.
        let pattern: &'static str = Box::leak(pattern.to_owned().into_boxed_str());
        self.tree
            .insert(lower.clone(), pattern)
            .map_err(|error| PatternError {
                pattern: pattern.to_owned(),
                reason: error.to_string(),
            })?;
        self.known.insert(lower, pattern);
        Ok(pattern)
    }

    /// Where `path` leads.
    pub(crate) fn resolve(&self, path: &str) -> Resolved {
        if !well_encoded(path) {
            return Resolved {
                route: None,
                path: Err(BadPath),
            };
        }
        let trimmed = path
            .strip_suffix('/')
            .filter(|rest| !rest.is_empty())
            .unwrap_or(path);
        let lower = if trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(trimmed.to_ascii_lowercase())
        } else {
            Cow::Borrowed(trimmed)
        };
        let route = self.tree.at(&lower).ok().map(|found| *found.value);
        let canonical = match route {
            Some(pattern) if matches!(lower, Cow::Owned(_)) => Some(respell(pattern, trimmed)),
            _ if trimmed.len() < path.len() => Some(trimmed.to_owned()),
            _ => None,
        };
        Resolved {
            route,
            path: Ok(canonical),
        }
    }

    pub(crate) fn body_limit_of(&self, route: Option<&'static str>, method: &Method) -> usize {
        route
            .and_then(|pattern| self.body_limits.get(&(pattern, method.clone())).copied())
            .unwrap_or(DEFAULT_LIMIT_BYTES)
    }
}

/// A path whose percent-encoding does not decode to text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BadPath;

/// The outcome of looking a path up.
pub(crate) struct Resolved {
    /// The pattern, if one matches.
    pub(crate) route: Option<&'static str>,
    /// The path as the router knows it, where that differs from what was sent.
    pub(crate) path: Result<Option<String>, BadPath>,
}

/// `uri` with another path and the same query.
pub(crate) fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// `path` with the literal segments of `pattern`.
fn respell(pattern: &str, path: &str) -> String {
    let mut literals = pattern.split('/');
    let mut in_rest = false;
    let respelled = path.split('/').map(|sent| {
        let literal = literals.next().unwrap_or(sent);
        in_rest |= literal.starts_with("{*");
        if in_rest || literal.contains('{') {
            sent
        } else {
            literal
        }
    });
    respelled.collect::<Vec<_>>().join("/")
}

fn well_encoded(path: &str) -> bool {
    if !path.contains('%') {
        return true;
    }
    let escapes_are_whole = path.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        [digits.next(), digits.next()]
            .into_iter()
            .all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit()))
    });
    escapes_are_whole && percent_decode_str(path).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RouteTable {
        RouteTable::new([
            "/shops",
            "/shops/by-letter",
            "/shops/{shopId}/accept",
            "/files/{*rest}",
            "/Docs",
        ])
        .unwrap()
        .body_limit(Method::POST, "/shops", 1 << 20)
        .unwrap()
    }

    #[test]
    fn literals_are_respelled_and_parameters_left_alone() {
        let cases = [
            ("/shops", Some("/shops"), None),
            ("/Shops/", Some("/shops"), Some("/shops")),
            (
                "/SHOPS/By-Letter",
                Some("/shops/by-letter"),
                Some("/shops/by-letter"),
            ),
            (
                "/Shops/AbC/ACCEPT",
                Some("/shops/{shopId}/accept"),
                Some("/shops/AbC/accept"),
            ),
            (
                "/shops/AbC/accept",
                Some("/shops/{shopId}/accept"),
                Some("/shops/AbC/accept"),
            ),
            (
                "/Files/A/B.Jpg",
                Some("/files/{*rest}"),
                Some("/files/A/B.Jpg"),
            ),
            ("/docs", Some("/Docs"), None),
            ("/", None, None),
            ("/Nowhere", None, None),
            ("/nowhere/", None, Some("/nowhere")),
        ];
        for (sent, route, path) in cases {
            let resolved = table().resolve(sent);
            assert_eq!(resolved.route, route, "{sent}");
            assert_eq!(resolved.path.unwrap().as_deref(), path, "{sent}");
        }
    }

    #[test]
    fn escapes_must_decode_to_text() {
        for bad in ["/%", "/shops/%2", "/shops/%zz", "/shops/%ff", "/%c3%28"] {
            assert!(table().resolve(bad).path.is_err(), "{bad}");
        }
        assert!(table().resolve("/shops/%C3%B1/accept").path.is_ok());
    }

    #[test]
    fn limits_belong_to_a_method_and_a_route() {
        let limit = |method: Method, path: &str| {
            let table = table();
            table.body_limit_of(table.resolve(path).route, &method)
        };
        assert_eq!(limit(Method::POST, "/SHOPS/"), 1 << 20);
        assert_eq!(limit(Method::PUT, "/shops"), DEFAULT_LIMIT_BYTES);
        assert_eq!(limit(Method::POST, "/nowhere"), DEFAULT_LIMIT_BYTES);
    }

    #[test]
    fn the_query_survives_another_path() {
        let uri: Uri = "/Shops/?letter=Z&x=%2F".parse().unwrap();
        assert_eq!(
            with_path(&uri, "/shops").unwrap().to_string(),
            "/shops?letter=Z&x=%2F"
        );
    }
}
