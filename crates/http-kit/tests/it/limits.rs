//! The rate limit as clients see it.

use http::{Method, StatusCode};

use crate::app::{App, request};

fn from(client: &str, method: Method) -> axum::extract::Request {
    request(method, "/shops", &[("x-forwarded-for", client)], "")
}

#[tokio::test]
async fn over_the_limit_is_429_with_the_time_to_come_back() {
    let app = App::start();
    for remaining in ["2", "1", "0"] {
        let answer = app.send(from("9.9.9.9", Method::POST)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(remaining));
        assert_eq!(answer.header("x-ratelimit-store"), Some("memory"));
        assert_eq!(answer.header("retry-after"), None);
    }
    let refused = app.send(from("9.9.9.9", Method::POST)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "rate_limit.exceeded");
    assert_eq!(
        refused.header("retry-after"),
        Some("7"),
        "6.2 s, rounded up"
    );
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-ratelimit-store"), Some("memory"));
}

#[tokio::test]
async fn reads_are_not_counted_but_head_is() {
    let app = App::start();
    for _ in 0..10 {
        let answer = app.send(from("9.9.9.9", Method::GET)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-ratelimit-remaining"), None);
    }
    let head = app.send(from("9.9.9.9", Method::HEAD)).await;
    assert_eq!(head.header("x-ratelimit-remaining"), Some("2"));
}

#[tokio::test]
async fn each_client_has_its_own_count_and_cannot_pretend_to_be_another() {
    let app = App::start();
    let remaining = async |client: &str| {
        let answer = app.send(from(client, Method::POST)).await;
        answer.header("x-ratelimit-remaining").unwrap().to_owned()
    };
    assert_eq!(remaining("1.1.1.1").await, "2");
    assert_eq!(remaining("2.2.2.2").await, "2");
    assert_eq!(
        remaining("3.3.3.3, 1.1.1.1").await,
        "1",
        "only the right-most address counts"
    );
    assert_eq!(remaining("2001:db8::1").await, "2");
    assert_eq!(
        remaining("2001:db8::2").await,
        "1",
        "one subscriber, one /64"
    );
}
