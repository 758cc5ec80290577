//! `POST /storage/reports/upload` and `GET /storage/reports/view`

use serde_json::Value;

use crate::support::{
    TestApp,
    answer::{Answer, Parts},
};

const UPLOAD: &str = "/storage/reports/upload";
const VIEW: &str = "/storage/reports/view";
const TOKEN: &str = "only-the-tool-knows";
const HTML: (&str, &str) = ("Vuelta 1.html", "text/html");
const REPORT: &[u8] = b"<h1>Todo bien</h1><script>alert(document.domain)</script>";

async fn lab() -> TestApp {
    TestApp::start_with(|settings| {
        settings.insert("QA_REPORT_UPLOAD_TOKEN", TOKEN.to_owned());
        settings.insert("PUBLIC_BACKEND_URL", "https://api.example/".to_owned());
    })
    .await
}

async fn send(app: &TestApp, token: &str, form: Vec<u8>) -> Answer {
    let asked = app.post(UPLOAD).header("host", "evil.example");
    asked.header("x-qa-report-token", token).form(form).await
}

#[tokio::test]
async fn a_report_is_kept_and_shown_without_any_rights() {
    let app = lab().await;
    let form = Parts::default()
        .text("role", "Tienda")
        .text("testerName", "Ana María")
        .file(HTML, REPORT)
        .closed();
    let answer = send(&app, TOKEN, form).await.ok();
    let path = answer["path"].as_str().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    assert_eq!((parts[0], parts[4], parts.len()), ("reports", "tienda", 6));
    assert!(parts[5].ends_with("-ana-mar-a-vuelta-1.html"), "{path}");
    assert_eq!(answer["bucket"], "avvivo-media");
    // Of the configuration, whatever the request calls us.
    let url = format!(
        "https://api.example{VIEW}?path={}",
        path.replace('/', "%2F")
    );
    assert_eq!(answer["url"], url);
    assert_eq!(answer["rawUrl"], format!("https://media.example/{path}"));
    let shown = app
        .get(url.strip_prefix("https://api.example").unwrap())
        .await;
    assert_eq!((shown.status.as_u16(), &shown.body[..]), (200, REPORT));
    for (header, said) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "public, max-age=60"),
    ] {
        assert_eq!(shown.header(header), Some(said));
    }
    let policy = shown.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("sandbox; default-src 'none';"),
        "{policy}"
    );
    assert!(
        !policy.contains("allow-") && !policy.contains("script-src"),
        "{policy}"
    );
    // At the store's address it is no page at all.
    let (kind, _, _) = app.object(path).await.unwrap();
    assert_eq!(kind, "text/plain; charset=utf-8");
}

#[tokio::test]
async fn report_upload_is_closed_without_a_token() {
    let app = TestApp::start().await;
    let form = || Parts::default().file(HTML, REPORT).closed();
    for token in ["", TOKEN] {
        assert_eq!(send(&app, token, form()).await.word(), "401 report.token");
    }
    app.store("reports/2026/03/06/general/1-a-b.html", "text/html", REPORT)
        .await;
    let view = format!("{VIEW}?path=reports/2026/03/06/general/1-a-b.html");
    assert_eq!(app.get(&view).await.word(), "404 report.not_found");
    let app = lab().await;
    for token in [
        "",
        "only-the-tool-know",
        "only-the-tool-knows!",
        "ONLY-THE-TOOL-KNOWS",
    ] {
        assert_eq!(send(&app, token, form()).await.word(), "401 report.token");
    }
    let admin = app.admin(1).await;
    let asked = app.post(UPLOAD).bearer(app.token(&admin)).form(form());
    assert_eq!(asked.await.word(), "401 report.token");
}

#[tokio::test]
async fn only_pages_are_taken_for_reports() {
    let app = lab().await;
    let large = vec![b' '; (10 << 20) + 1];
    for (form, expected) in [
        (Parts::default().closed(), "400 report.missing"),
        (
            Parts::default().file(HTML, b"").closed(),
            "400 report.missing",
        ),
        (
            Parts::default()
                .file(("a.pdf", "application/pdf"), b"x")
                .closed(),
            "400 report.not_html",
        ),
        (
            Parts::default().file_in("report", HTML, b"x").closed(),
            "400 request.unexpected_file",
        ),
        (
            Parts::default().file(HTML, b"x").closed()[..80].to_vec(),
            "400 request.malformed_form",
        ),
        (
            Parts::default().file(HTML, &large).closed(),
            "413 report.too_large",
        ),
        (
            Parts::default()
                .file(("a.HTM", "text/plain"), b"x")
                .closed(),
            "200",
        ),
        (
            Parts::default()
                .file(("a", "text/html; charset=utf-8"), b"x")
                .closed(),
            "200",
        ),
    ] {
        assert_eq!(send(&app, TOKEN, form).await.word(), expected);
    }
}

#[tokio::test]
async fn nothing_but_reports_is_shown() {
    let app = lab().await;
    app.store("shops/1/a.html", "text/html", REPORT).await;
    assert_eq!(app.get(VIEW).await.word(), "400 report.path_missing");
    for path in [
        "shops/1/a.html",
        "reports/../shops/1/a.html",
        "reports/%2e%2e/shops/1/a.html",
        "%2Freports/a.html",
        "reports/2026/03/06/general/1-a-b.html",
        "reports/a.png",
    ] {
        let answer = app.get(&format!("{VIEW}?path={path}")).await;
        assert_eq!(answer.word(), "404 report.not_found", "{path}");
        let said: Value = answer.json();
        assert!(!said["message"].as_str().unwrap().contains('<'));
    }
}
