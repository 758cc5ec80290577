//! Mails on the page that shows them, in a real browser.

use serde_json::{Value, json};

use crate::support::{chromium::Browser, people::Person, platform::Platform};

const DESKTOP: (u32, u32) = (1200, 1000);
/// What the list shows: subject and address, the last one first.
const LIST: &str = "[...document.querySelectorAll('#mails a')].map((mail) => [mail.firstChild.textContent, mail.querySelector('small').textContent.split(' · ')[0]])";
/// A name that would run, were it not text.
const HOSTILE: &str = "<img src=x onerror=\"top.hacked=1\"> Hilos";

pub(crate) async fn mails_are_read_on_a_page(platform: &Platform) {
    let stranger = Person::anybody(platform.base_url());
    let body = json!({"email": "Marta@avvivo.example"});
    let asked = stranger.post("/auth/forgot-password", &body).await;
    assert_eq!(asked.ok(), json!({"ok": true}));
    let browser = Browser::start();
    let address = format!("{}/dev/mail", platform.base_url());
    let page = browser.open(&address, DESKTOP).await;
    let recovery = json!([
        "Recuperacion de clave | Avellaneda en Vivo",
        "marta@avvivo.example"
    ]);
    page.comes_to(&format!("{LIST}[0]"), &recovery).await;

    // The mail of somebody who calls their shop something else.
    let made = stranger.post("/shops/self-register", &registration()).await;
    assert_eq!(made.status, http::StatusCode::CREATED, "{made:?}");
    page.comes_to(&format!("{LIST}[0][1]"), &"hilos@avvivo.example".into())
        .await;
    page.comes_to(&format!("{LIST}[1]"), &recovery).await;
    page.click("#mails li:first-child a").await;
    let told = format!(
        "document.querySelector('#text').textContent.includes({})",
        Value::from(HOSTILE)
    );
    page.comes_to(&told, &true.into()).await;
    let subject = "document.querySelector('#subject').textContent.includes('Hilos')";
    page.comes_to(subject, &true.into()).await;

    // The HTML part is there, and of no origin: neither the page reaches into it nor it into the page.
    let frame = "(() => { const frame = document.querySelector('#html'); \
                 return [frame.getAttribute('sandbox'), frame.contentDocument, frame.src.endsWith('/html')] })()";
    page.comes_to(frame, &json!(["", null, true])).await;
    let html = "fetch(document.querySelector('#html').src).then((answer) => answer.text()).then((html) => \
                [html.includes('&#60;img'), html.includes('<img src=x')])";
    page.comes_to(html, &json!([true, false])).await;
    assert_eq!(page.evaluate("window.hacked ?? null").await, Value::Null);
    let links = "[...document.querySelectorAll('#links a')].some((link) => link.href.includes('oobCode=') && link.rel.includes('noopener'))";
    page.comes_to(links, &true.into()).await;
    let picture = platform.data().join("mails.png");
    page.screenshot(&picture).await;
    assert!(std::fs::metadata(&picture).unwrap().len() > 20_000);
    browser.close().await;
}

fn registration() -> Value {
    json!({
        "storeName": HOSTILE, "razonSocial": "Hilos SRL", "cuit": "30-71234567-1",
        "email": "hilos@avvivo.example", "whatsapp": "1144445555",
        "address": {"street": "Helguera", "number": "999", "city": "CABA", "province": "CABA"},
        "consents": {"termsAccepted": true, "contactAccepted": true},
        "socialHandles": {"instagram": "hilos"},
    })
}
