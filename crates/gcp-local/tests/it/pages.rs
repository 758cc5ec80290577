//! What a page in somebody's browser gets from a server on the same machine.

use reqwest::{Method, RequestBuilder, StatusCode};

use crate::support::server;

/// Everything a page can make a browser send without asking first is refused where programs call,
/// and let through to where pages belong.
#[tokio::test]
async fn pages_get_objects_and_nothing_else() {
    let server = server().await;
    let http = reqwest::Client::new();
    let send = |method: &Method, path: &str| {
        http.request(method.clone(), format!("{}{path}", server.url()))
            .header("content-type", "text/plain")
            // Without it the metadata server refuses everybody.
            .header("metadata-flavor", "Google")
            .body("{}")
    };
    let status = async |request: RequestBuilder| request.send().await.expect("an answer").status();
    let from_a_page = |request: RequestBuilder| request.header("origin", "https://evil.example");
    for (method, path) in [
        (Method::POST, "/v2/projects/p/locations/l/queues/q/tasks"),
        (Method::POST, "/v1/projects/p/topics/t:publish"),
        (Method::PUT, "/v1/projects/p/subscriptions/s"),
        (Method::POST, "/issuer/rotate"),
        (Method::POST, "/issuer/google/id-token"),
        (
            Method::POST,
            "/identitytoolkit.googleapis.com/v1/projects/p/accounts",
        ),
        (
            Method::GET,
            "/computeMetadata/v1/instance/service-accounts/default/token",
        ),
        (Method::POST, "/storage/v1/b?project=p"),
        (
            Method::POST,
            "/upload/storage/v1/b/b/o?uploadType=media&name=n",
        ),
        (Method::POST, "/google.storage.v2.Storage/DeleteBucket"),
        (Method::POST, "/google.pubsub.v1.Publisher/Publish"),
    ] {
        let page = status(from_a_page(send(&method, path))).await;
        assert_eq!(page, StatusCode::FORBIDDEN, "{path}");
        for site in ["cross-site", "same-site", "same-origin"] {
            let silent = send(&method, path).header("sec-fetch-site", site);
            assert_eq!(status(silent).await, StatusCode::FORBIDDEN, "{path}");
        }
        let program = status(send(&method, path)).await;
        assert_ne!(program, StatusCode::FORBIDDEN, "{path}");
        let person = send(&method, path).header("sec-fetch-site", "none");
        assert_eq!(status(person).await, program, "{path}");
    }
    for (method, path) in [
        (Method::GET, "/bucket/object"),
        (Method::PUT, "/upload/storage/v1/b/b/o?upload_id=gone"),
        (Method::OPTIONS, "/upload/storage/v1/b/b/o"),
    ] {
        let program = status(send(&method, path)).await;
        let page = status(from_a_page(send(&method, path))).await;
        assert_eq!(page, program, "{path}");
    }
}
