//! Cross-origin rules of a bucket, applied as Cloud Storage does: the first rule that fits the
//! origin and the method answers, and its list of response headers also says which request headers
//! a preflight allows.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

/// Google's answer when a rule names no age.
const DEFAULT_MAX_AGE_SECONDS: i32 = 3600;

/// One entry of a bucket's `cors` list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CorsRule {
    pub(crate) origin: Vec<String>,
    pub(crate) method: Vec<String>,
    pub(crate) response_header: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_age_seconds: Option<i32>,
}

impl CorsRule {
    fn fits(&self, origin: &str, method: &str) -> bool {
        self.origin
            .iter()
            .any(|allowed| origin_matches(allowed, origin))
            && self
                .method
                .iter()
                .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(method))
    }

    fn allows_header(&self, name: &str) -> bool {
        self.response_header
            .iter()
            .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
    }
}

/// `*`, an exact origin, or one with a single `*` in it.
fn origin_matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed.eq_ignore_ascii_case(origin),
        Some((head, tail)) => {
            origin.len() >= head.len() + tail.len()
                && origin.starts_with(head)
                && origin.ends_with(tail)
        }
    }
}

/// Headers of the answer to a preflight; empty when no rule allows the request, which the browser
/// takes as a refusal.
pub(crate) fn preflight(rules: &[CorsRule], request: &HeaderMap) -> HeaderMap {
    let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(method)) = (text(ORIGIN), text(ACCESS_CONTROL_REQUEST_METHOD)) else {
        return HeaderMap::new();
    };
    let asked: Vec<&str> = text(ACCESS_CONTROL_REQUEST_HEADERS)
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let allowing = rules.iter().find(|rule| {
        rule.fits(origin, method) && asked.iter().all(|name| rule.allows_header(name))
    });
    let Some(rule) = allowing else {
        return HeaderMap::new();
    };
    let mut headers = HeaderMap::new();
    set_origin(&mut headers, rule, origin);
    set(
        &mut headers,
        ACCESS_CONTROL_ALLOW_METHODS,
        &rule.method.join(","),
    );
    if !asked.is_empty() {
        set(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, &asked.join(","));
    }
    let max_age = rule.max_age_seconds.unwrap_or(DEFAULT_MAX_AGE_SECONDS);
    set(&mut headers, ACCESS_CONTROL_MAX_AGE, &max_age.to_string());
    headers
}

/// Headers to add to an actual answer, errors included, so that a page can read it.
pub(crate) fn actual(rules: &[CorsRule], method: &http::Method, request: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(origin) = request.get(ORIGIN).and_then(|value| value.to_str().ok()) else {
        return headers;
    };
    if let Some(rule) = rules.iter().find(|rule| rule.fits(origin, method.as_str())) {
        set_origin(&mut headers, rule, origin);
        if !rule.response_header.is_empty() {
            set(
                &mut headers,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                &rule.response_header.join(", "),
            );
        }
    }
    headers
}

fn set_origin(headers: &mut HeaderMap, rule: &CorsRule, origin: &str) {
    if rule.origin.iter().any(|allowed| allowed == "*") {
        set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(headers, VARY, "Origin");
    }
}

/// A configured value that is not a legal header is left out; the browser then refuses.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<CorsRule> {
        vec![CorsRule {
            origin: vec!["https://avvivo.example".into(), "http://localhost:*".into()],
            method: vec!["GET".into(), "PUT".into()],
            response_header: vec!["Content-Type".into(), "x-goog-content-length-range".into()],
            max_age_seconds: Some(600),
        }]
    }

    fn asks(origin: &'static str, method: &'static str, headers: &'static str) -> HeaderMap {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        request.insert(
            ACCESS_CONTROL_REQUEST_METHOD,
            HeaderValue::from_static(method),
        );
        if !headers.is_empty() {
            request.insert(
                ACCESS_CONTROL_REQUEST_HEADERS,
                HeaderValue::from_static(headers),
            );
        }
        request
    }

    #[test]
    fn a_fitting_preflight_is_allowed_for_that_origin_only() {
        let answer = preflight(
            &rules(),
            &asks("http://localhost:5173", "PUT", "content-type"),
        );
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "http://localhost:5173");
        assert_eq!(answer[ACCESS_CONTROL_MAX_AGE], "600");
        assert_eq!(answer[VARY], "Origin");
    }

    #[test]
    fn another_origin_method_or_header_is_refused() {
        for request in [
            asks("https://evil.example", "PUT", ""),
            asks("https://avvivo.example", "DELETE", ""),
            asks("https://avvivo.example", "PUT", "content-type,x-goog-acl"),
        ] {
            assert!(preflight(&rules(), &request).is_empty(), "{request:?}");
        }
    }

    #[test]
    fn actual_answers_expose_the_configured_headers() {
        let request = asks("https://avvivo.example", "GET", "");
        let answer = actual(&rules(), &http::Method::GET, &request);
        assert_eq!(
            answer[ACCESS_CONTROL_EXPOSE_HEADERS],
            "Content-Type, x-goog-content-length-range"
        );
        assert!(actual(&rules(), &http::Method::DELETE, &request).is_empty());
    }
}
