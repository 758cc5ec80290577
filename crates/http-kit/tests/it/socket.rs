//! Over a real connection: what only a server and a client can show.

use std::{future::IntoFuture, net::SocketAddr, time::Duration};

use http::StatusCode;
use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

use crate::app::{App, OWN_PAGE};

struct Server {
    base: String,
    app: App,
    _task: JoinSet<std::io::Result<()>>,
}

async fn serve() -> Server {
    let app = App::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = app
        .router
        .clone()
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut task = JoinSet::new();
    task.spawn(axum::serve(listener, service).into_future());
    Server {
        base,
        app,
        _task: task,
    }
}

fn client() -> reqwest::ClientBuilder {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
}

#[tokio::test]
async fn a_panic_does_not_take_its_neighbours_on_the_connection_along() {
    let server = serve().await;
    // One HTTP/2 connection carries both requests.
    let client = client().http2_prior_knowledge().build().unwrap();
    let slow = client.get(format!("{}/slow", server.base)).send();
    let boom = async {
        let boom = client
            .get(format!("{}/boom", server.base))
            .send()
            .await
            .unwrap();
        // Kept until somebody waits for it, so the neighbour may come later.
        server.app.shared.gate.notify_one();
        boom
    };
    let (slow, boom) = tokio::join!(slow, boom);
    assert_eq!(boom.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(boom.json::<Value>().await.unwrap()["code"], "internal");
    assert_eq!(slow.unwrap().text().await.unwrap(), "\"done\"");
}

#[tokio::test]
async fn without_a_proxy_the_peer_is_the_client() {
    let server = serve().await;
    let client = client().build().unwrap();
    let post = || client.post(format!("{}/echo", server.base)).send();
    for remaining in ["2", "1", "0"] {
        assert_eq!(
            post().await.unwrap().headers()["x-ratelimit-remaining"],
            remaining
        );
    }
    let refused = post().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "7");
}

#[tokio::test]
async fn head_and_conditional_reads_leave_the_connection_usable() {
    let server = serve().await;
    let client = client().build().unwrap();
    let url = format!("{}/Shops/By-Letter/", server.base);
    let head = client
        .head(&url)
        .header("origin", OWN_PAGE)
        .send()
        .await
        .unwrap();
    let etag = head.headers()["etag"].clone();
    assert_eq!(head.headers()["access-control-allow-origin"], OWN_PAGE);
    let same = client
        .get(&url)
        .header("if-none-match", etag)
        .send()
        .await
        .unwrap();
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(
        client.get(&url).send().await.unwrap().text().await.unwrap(),
        "\"letters\""
    );
}

#[tokio::test]
async fn an_oversized_body_is_refused_while_it_arrives() {
    let server = serve().await;
    let chunks =
        futures::stream::iter((0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 * 1024])));
    let sent = client()
        .build()
        .unwrap()
        .post(format!("{}/echo", server.base))
        .header("content-type", "application/json")
        .body(reqwest::Body::wrap_stream(chunks))
        .send()
        .await;
    // The server may close the connection before the client has sent everything; what it must not do is accept it.
    if let Ok(answer) = sent {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
