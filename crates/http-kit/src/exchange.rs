//! What is known of a request before any step has looked at it: its id and where it comes from.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{Extensions, HeaderMap, HeaderName, request::Parts};
use uuid::Uuid;

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The name of one request in logs, in the `X-Request-Id` header and in the `instance` of its problem.
///
/// It is always drawn here: an id chosen by a client could be made to collide with another's in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub(crate) Uuid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address of the client, seen through exactly one trusted proxy.
///
/// That is the right-most address of `X-Forwarded-For`: the one our proxy wrote. Anything left of it is what the
/// client claims. Without the header it is the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let forwarded = headers
            .get_all(X_FORWARDED_FOR)
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok()?.rsplit(',').next())
            .and_then(|text| parse_address(text.trim()));
        let peer = || {
            extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|peer| peer.0.ip())
        };
        let address = forwarded
            .or_else(peer)
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self(address.to_canonical())
    }

    /// The network that counts as one client: the address, or for IPv6 the /64 that one subscriber is given whole.
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        }
    }
}

/// An address, with or without the port that some proxies append.
fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    text.parse().or_else(|_| with_port()).ok()
}

impl<S: Sync> FromRequestParts<S> for ClientIp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().copied();
        Ok(known.unwrap_or_else(|| Self::of(&parts.headers, &parts.extensions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(forwarded: &[&'static str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, http::HeaderValue::from_static(line));
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 9], 4711))));
        ClientIp::of(&headers, &extensions).0
    }

    #[test]
    fn the_right_most_forwarded_address_counts() {
        let cases: [(&[&str], &str); 8] = [
            (&["1.1.1.1, 2.2.2.2"], "2.2.2.2"),
            (&["1.1.1.1", "3.3.3.3"], "3.3.3.3"),
            (&["6.6.6.6:8080"], "6.6.6.6"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["::ffff:7.7.7.7"], "7.7.7.7"),
            (&[], "127.0.0.9"),
            (&["unknown"], "127.0.0.9"),
            (&["1.1.1.1,"], "127.0.0.9"),
        ];
        for (lines, expected) in cases {
            assert_eq!(seen(lines).to_string(), expected, "{lines:?}");
        }
    }

    #[test]
    fn one_ipv6_subscriber_is_one_network() {
        let network = |text: &str| ClientIp(text.parse().unwrap()).network().to_string();
        assert_eq!(network("2001:db8:1:2:aaaa::1"), "2001:db8:1:2::");
        assert_eq!(network("9.8.7.6"), "9.8.7.6");
    }
}
