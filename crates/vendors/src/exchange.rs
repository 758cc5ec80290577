//! One request and its answer, both bounded: in time, in bytes, and to the host that was asked.

use std::time::Duration;

use reqwest::{
    Client, RequestBuilder, StatusCode, Url,
    header::{HeaderMap, RETRY_AFTER},
    redirect::Policy,
};

/// Answers of these vendors are some KiB.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Connecting takes tens of milliseconds; more than this is an outage.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Whoever asks us to wait longer than a day is not to be believed.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// Vendors' words for errors are shorter.
const MAX_WORD_CHARS: usize = 64;

/// An adapter could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No TLS provider, or no trust roots.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
    /// The vendor's address is not one.
    #[error("{url:?} is not an address of {vendor}")]
    Address {
        /// Whose.
        vendor: &'static str,
        /// What was given.
        url: String,
    },
    /// A value cannot be sent as a header: a key, or a name of ours, with a line break or the like. It is not shown.
    #[error("{what} has characters that HTTP does not carry")]
    Header {
        /// Which value.
        what: &'static str,
    },
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// How long the vendor asks us to wait.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// There was no answer, or none that we read to its end.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    Timeout,
    /// What was seen. Says nothing of what was asked: addresses of people may be part of it.
    Broken(String),
}

/// A client for the host of `url`. `limit` bounds a whole exchange.
pub(crate) fn client(user_agent: &str, url: &Url, limit: Duration) -> Result<Client, BuildError> {
    Client::builder()
        .user_agent(user_agent)
        .connect_timeout(CONNECT_LIMIT)
        .timeout(limit)
        // What is meant for one host is not carried to another.
        .redirect(Policy::none())
        // A local stand-in has no certificate; everybody else does.
        .https_only(url.scheme() == "https")
        .build()
        .map_err(BuildError::Client)
}

/// `url` as an address of `vendor` to which paths can be added.
pub(crate) fn address(vendor: &'static str, url: &str) -> Result<Url, BuildError> {
    Url::parse(url.trim_end_matches('/'))
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| BuildError::Address {
            vendor,
            url: url.to_owned(),
        })
}

/// Sends a request and reads its answer.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    let mut response = request.send().await?;
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(NoAnswer::Broken(format!(
                "the answer is larger than {MAX_ANSWER_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        retry_after,
        body,
    })
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let error = error.without_url();
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self::Broken(text)
    }
}

/// `Retry-After` in seconds (RFC 9110, 10.2.3). The form with a date is not read: these vendors send none.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The word that `text` begins with. Vendors put codes there; what follows is prose that may quote what we sent.
pub(crate) fn word(text: &str) -> &str {
    let end = text
        .char_indices()
        .take(MAX_WORD_CHARS)
        .take_while(|(_, c)| c.is_ascii_alphanumeric() || *c == '_')
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_and_bounded() {
        let cases = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("99999999", Some(86_400)),
            ("-1", None),
            ("soon", None),
            ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ];
        for (text, seconds) in cases {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(
                retry_after(&headers),
                seconds.map(Duration::from_secs),
                "{text}"
            );
        }
    }

    #[test]
    fn only_the_code_of_an_error_is_kept() {
        assert_eq!(word("WEAK_PASSWORD : at least 6"), "WEAK_PASSWORD");
        assert_eq!(word("validation_error"), "validation_error");
        assert_eq!(word("ana@example.com is unknown"), "ana");
        assert_eq!(word("ñandú"), "");
        assert_eq!(word(&"a".repeat(1000)).len(), MAX_WORD_CHARS);
    }

    #[test]
    fn an_address_is_of_the_web() {
        assert!(address("x", "https://api.example.com/v1/").is_ok());
        for url in ["api.example.com", "ftp://a.b", "file:///etc/passwd", ""] {
            assert!(address("x", url).is_err(), "{url}");
        }
    }
}
