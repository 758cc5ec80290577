//! Two people who chat, each in a page of their own, and what they see when the gateways die under them.

use serde_json::{Value, json};

use crate::support::{
    chromium::{Browser, Page},
    platform::Platform,
    processes::Process,
};

/// As wide as a desktop, and as a phone.
const DESKTOP: (u32, u32) = (1100, 760);
const PHONE: (u32, u32) = (420, 800);

/// What is written on the screen: who wrote it, what, and its mark.
const MESSAGES: &str = "[...document.querySelectorAll('#messages .message')].map((row) => [
    row.matches('.mine') ? 'mine' : 'theirs',
    row.querySelector('.content').textContent,
    row.querySelector('.mark:not([hidden])')?.textContent ?? '',
])";
const CONTENTS: &str =
    "[...document.querySelectorAll('#messages .content')].map((content) => content.textContent)";
const UNREAD: &str = "[...document.querySelectorAll('#conversations .unread:not([hidden])')].map((count) => count.textContent)";
/// Before the page is there, nothing is.
const STATE: &str = "document.querySelector('#connection')?.dataset.state";

/// Remembers all that the badge of the connection says from now on.
const WATCH: &str = "{
    const badge = document.querySelector('#connection');
    window.badges = [];
    const note = () => window.badges.push([badge.dataset.state, badge.textContent]);
    new MutationObserver(note).observe(badge, {attributes: true, childList: true, characterData: true, subtree: true});
}";

/// Client 2 and shop 2, whom nothing else here is about.
struct Tabs {
    browser: Browser,
    client: Page,
    shop: Page,
}

impl Tabs {
    async fn open(platform: &Platform) -> Self {
        let browser = Browser::start();
        let page = format!("{}/dev/chat", platform.base_url());
        let client = browser.open(&format!("{page}#client-2"), PHONE).await;
        let shop = browser.open(&format!("{page}#shop-2"), DESKTOP).await;
        for page in [&client, &shop] {
            page.comes_to(STATE, &"open".into()).await;
        }
        Self {
            browser,
            client,
            shop,
        }
    }

    async fn both(&self, expression: &str, wanted: &Value) {
        for page in [&self.client, &self.shop] {
            page.comes_to(expression, wanted).await;
        }
    }
}

pub(crate) async fn two_people_chat_in_two_tabs(platform: &Platform) {
    let tabs = Tabs::open(platform).await;
    let Tabs { client, shop, .. } = &tabs;
    client
        .comes_to(&text_of("#my-name"), &"Lucía P.".into())
        .await;
    client
        .click("#shops-to-open [data-key$='0002'] button")
        .await;
    client
        .comes_to(&text_of("#thread-name"), &"Moda Nazca".into())
        .await;
    client.enter("#text", "¿Tienen talle 44?").await;
    client.enter("#text", "En negro").await;

    // The shop has not looked yet: two are unread, and the client sees that they are.
    shop.comes_to(UNREAD, &json!(["2"])).await;
    shop.comes_to("document.title.slice(0, 4)", &"(2) ".into())
        .await;
    client.comes_to(MESSAGES, &asked("mine", "✓")).await;

    shop.click("#conversations a").await;
    shop.comes_to(UNREAD, &json!([])).await;
    shop.comes_to(MESSAGES, &asked("theirs", "")).await;
    client.comes_to(MESSAGES, &asked("mine", "✓✓")).await;

    they_notice_each_other(&tabs).await;
    client.comes_to(UNREAD, &json!([])).await;
    for (page, name) in [(client, "client"), (shop, "shop")] {
        let address = page.evaluate("location.href").await;
        let tokens = ["TOKEN_CLIENT_2", "TOKEN_SHOP_2"].map(|name| platform.variable(name));
        let is_told = tokens
            .iter()
            .any(|token| address.as_str().unwrap().contains(token));
        assert!(!is_told, "a token in {address}");
        let picture = platform.data().join(format!("chat-{name}.png"));
        page.screenshot(&picture).await;
    }
    shop.evaluate("location.hash = ''").await;
    client
        .comes_to(&text_of("#thread-status"), &"".into())
        .await;
    tabs.browser.close().await;
}

/// One types, the other sees it; and whoever looks at a conversation has read what comes.
async fn they_notice_each_other(tabs: &Tabs) {
    let Tabs { client, shop, .. } = tabs;
    let status = text_of("#thread-status");
    client.comes_to(&status, &"En línea".into()).await;
    shop.write("#text", "Sí, quedan dos.").await;
    client.comes_to(&status, &"Está escribiendo…".into()).await;
    shop.press_enter().await;
    let last = format!("{MESSAGES}.at(-1)");
    client
        .comes_to(&last, &json!(["theirs", "Sí, quedan dos.", ""]))
        .await;
    shop.comes_to(&last, &json!(["mine", "Sí, quedan dos.", "✓✓"]))
        .await;
    client.comes_to(&status, &"En línea".into()).await;
}

fn text_of(selector: &str) -> String {
    format!("document.querySelector('{selector}')?.textContent")
}

/// What the client asks, on the screen of one of them.
fn asked(whose: &str, mark: &str) -> Value {
    json!([
        [whose, "¿Tienen talle 44?", mark],
        [whose, "En negro", mark]
    ])
}

pub(crate) async fn pages_lose_nothing_when_their_gateways_are_killed(platform: &Platform) {
    let tabs = Tabs::open(platform).await;
    let Tabs { client, shop, .. } = &tabs;
    for page in [client, shop] {
        page.click("#conversations a").await;
        page.comes_to(
            "document.querySelectorAll('#messages .message').length >= 3",
            &true.into(),
        )
        .await;
        page.evaluate(WATCH).await;
    }
    let before = client.evaluate(CONTENTS).await;
    let ports = ["gateway", "second_gateway"];
    let gateways = ports.map(|port| platform.process(port).unwrap());

    gateways.iter().for_each(Process::kill);

    client.enter("#text", "uno").await;
    client.enter("#text", "dos").await;
    let sent = "document.querySelectorAll('#messages .message:not(.pending) .content').length";
    let known = before.as_array().unwrap().len();
    client.comes_to(sent, &(known + 2).into()).await;
    shop.enter("#text", "tres").await;
    shop.enter("#text", "cuatro").await;

    for (port, dead) in ports.iter().zip(&gateways) {
        platform.restarted(port, dead).await;
    }
    tabs.both(STATE, &"open".into()).await;
    let mut all = before.as_array().unwrap().clone();
    all.extend(["uno", "dos", "tres", "cuatro"].map(Value::from));
    tabs.both(CONTENTS, &all.into()).await;
    for page in [client, shop] {
        let badges = page.evaluate("window.badges").await;
        went_away_and_came_back(&badges);
    }
    client.enter("#text", "cinco").await;
    shop.comes_to(&format!("{CONTENTS}.at(-1)"), &"cinco".into())
        .await;
    tabs.browser.close().await;
}

/// It counted down, and then it was there again and said so.
fn went_away_and_came_back(badges: &Value) {
    let badges: Vec<(&str, &str)> = badges
        .as_array()
        .unwrap()
        .iter()
        .map(|badge| (badge[0].as_str().unwrap(), badge[1].as_str().unwrap()))
        .collect();
    let first = |wanted: &dyn Fn(&(&str, &str)) -> bool| badges.iter().position(wanted);
    let waited = first(&|(state, text)| *state == "waiting" && text.starts_with("Reconectando"));
    let back = first(&|(state, text)| *state == "open" && text.starts_with("De vuelta"));
    assert!(waited.is_some() && waited < back, "{badges:?}");
}
