//! A client and a shop who talk, wherever they listen.

use serde_json::{Value, json};

use crate::support::{
    people::Person,
    platform::Platform,
    sse::{Frame, Sse},
};

/// Client 1 and shop 1.
struct Talk {
    client: Person,
    seller: Person,
    id: String,
}

impl Talk {
    async fn begin(platform: &Platform) -> Self {
        let (client, shop) = (platform.client(1), platform.shop(1));
        let path = format!("/chat/client/conversations/{}/open", shop.id);
        let opened = client.post(&path, &json!({})).await.ok();
        Self {
            client,
            seller: shop.owner,
            id: opened["id"].as_str().unwrap().to_owned(),
        }
    }

    async fn say(&self, content: &str) -> Value {
        let path = format!("/chat/client/conversations/{}/messages", self.id);
        self.client
            .post(&path, &json!({"content": content}))
            .await
            .ok()
    }
}

/// What messages say, up to and including `last`; each once and followed by its count.
async fn hears(stream: &mut Sse, last: &str) -> Vec<String> {
    let is_count = |frame: &Frame| frame.event == "chat:unread_update";
    let mut said = Vec::new();
    while said.last().is_none_or(|content| content != last) {
        for frame in stream.until(is_count).await {
            if frame.event == "chat:new_message" {
                said.push(
                    frame.data["message"]["content"]
                        .as_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    said
}

pub(crate) async fn a_message_reaches_both_wherever_they_listen(platform: &Platform) {
    let talk = Talk::begin(platform).await;
    let mut streams = vec![talk.client.listen().await];
    for gateway in platform.gateways() {
        streams.push(talk.seller.listen_at(&gateway).await);
    }
    talk.say("¿Tienen talle 44?").await;
    for stream in &mut streams {
        assert_eq!(
            hears(stream, "¿Tienen talle 44?").await,
            ["¿Tienen talle 44?"]
        );
    }
    let read = format!("/chat/shop/conversations/{}/read", talk.id);
    talk.seller.post(&read, &json!({})).await.ok();
    for stream in &mut streams {
        let frames = stream.until(|frame| frame.event == "chat:read").await;
        let last = frames.last().unwrap();
        assert_eq!(
            (&last.data["reader"], &last.data["unreadCount"]),
            (&json!("SHOP"), &json!(0))
        );
    }
}

pub(crate) async fn a_killed_gateway_costs_no_message(platform: &Platform) {
    let talk = Talk::begin(platform).await;
    let [first, second] = platform.gateways().try_into().unwrap();
    let mut stream = talk.seller.listen_at(&first).await;
    talk.say("uno").await;
    let frames = stream
        .until(|frame| frame.event == "chat:unread_update")
        .await;
    let id = frames.last().unwrap().id.clone().unwrap();
    let gateway = platform.process("gateway").unwrap();

    gateway.kill();

    for content in ["dos", "tres", "cuatro"] {
        talk.say(content).await;
    }
    let mut elsewhere = talk.seller.come_back_at(&second, &id).await;
    assert_eq!(
        hears(&mut elsewhere, "cuatro").await,
        ["dos", "tres", "cuatro"]
    );
    platform.restarted("gateway", &gateway).await;
    let mut again = talk.seller.come_back_at(&first, &id).await;
    assert_eq!(hears(&mut again, "cuatro").await, ["dos", "tres", "cuatro"]);
    talk.say("cinco").await;
    for stream in [&mut elsewhere, &mut again] {
        assert_eq!(hears(stream, "cinco").await, ["cinco"]);
    }
}
