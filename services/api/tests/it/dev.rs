//! The page to try the chat with, and where it is not.

use crate::support::TestApp;

const PARTS: [(&str, &str); 7] = [
    ("/dev/chat", "text/html"),
    ("/dev/chat/chat.css", "text/css"),
    ("/dev/chat/chat.js", "text/javascript"),
    ("/dev/chat/session.js", "text/javascript"),
    ("/dev/chat/view.js", "text/javascript"),
    ("/dev/chat/rest.js", "text/javascript"),
    ("/dev/chat/avvivo-realtime.js", "text/javascript"),
];
const PEOPLE: &str = "/dev/chat/people.json";

#[tokio::test]
async fn where_nobody_named_people_there_is_no_page() {
    let app = TestApp::start().await;
    for (path, _) in PARTS.into_iter().chain([(PEOPLE, "")]) {
        assert_eq!(app.get(path).await.word(), "404 route.not_found", "{path}");
    }
}

#[tokio::test]
async fn where_people_are_named_the_page_is_there_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.json");
    let app = TestApp::start_with(|settings| {
        settings.insert("DEV_PEOPLE_FILE", file.display().to_string());
    })
    .await;
    for (path, kind) in PARTS {
        let answer = app.get(path).await;
        assert_eq!(answer.word(), "200", "{path}");
        let content_type = answer.header("content-type").unwrap();
        assert_eq!(content_type, format!("{kind}; charset=utf-8"), "{path}");
        // Whatever a message says, it runs nothing.
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    }
    // The platform begins to serve before it has signed the tokens.
    assert_eq!(app.get(PEOPLE).await.word(), "503 dev.no_people");
    for people in [r#"[{"id":"client-1"}]"#, "[]"] {
        std::fs::write(&file, people).unwrap();
        let answer = app.get(PEOPLE).await;
        assert_eq!(answer.body, people);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn what_the_event_streams_say_is_described_beside_the_rest() {
    let app = TestApp::start().await;
    let answer = app.get("/asyncapi.yaml").await;
    assert_eq!(answer.word(), "200");
    assert!(answer.body.starts_with(b"# What the event streams say"));
}
