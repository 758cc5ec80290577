//! `/chat`, `/storage/chat` and `/realtime`.

mod attachments;
mod conversations;
mod messages;
mod reading;
mod tickets;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    TestApp,
    answer::Answer,
    people::{Owner, Person},
};

/// A client and a shop who talk.
pub(crate) struct Talk {
    pub(crate) app: TestApp,
    pub(crate) client: Person,
    pub(crate) owner: Owner,
    pub(crate) id: String,
}

impl Talk {
    pub(crate) async fn begin() -> Self {
        let app = TestApp::start().await;
        let (client, owner) = (app.client(1).await, app.owner(2).await);
        let id = open(&app, &client, owner.shop).await.ok()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            app,
            client,
            owner,
            id,
        }
    }

    pub(crate) fn messages(&self, side: &str) -> String {
        format!("/chat/{side}/conversations/{}/messages", self.id)
    }

    pub(crate) async fn client_says(&self, body: &Value) -> Answer {
        let token = self.app.token(&self.client);
        let path = self.messages("client");
        self.app.post(&path).bearer(token).json(body).await
    }

    pub(crate) async fn shop_says(&self, body: &Value) -> Answer {
        let token = self.app.token(&self.owner.person);
        let path = self.messages("shop");
        self.app.post(&path).bearer(token).json(body).await
    }

    /// The conversation as the lists of both show it.
    pub(crate) async fn lists(&self) -> (Value, Value) {
        let client = self.app.get("/chat/client/conversations");
        let client = client.bearer(self.app.token(&self.client)).await.ok();
        let shop = self.app.get("/chat/shop/conversations");
        let shop = shop.bearer(self.app.token(&self.owner.person)).await.ok();
        (client["items"][0].clone(), shop["conversations"][0].clone())
    }

    /// What each side has not read.
    pub(crate) async fn unread(&self) -> (i64, i64) {
        let (client, shop) = self.lists().await;
        let count = |list: &Value| list["unreadCount"].as_i64().unwrap();
        (count(&client), count(&shop))
    }
}

pub(crate) async fn open(app: &TestApp, client: &Person, shop: Uuid) -> Answer {
    let path = format!("/chat/client/conversations/{shop}/open");
    app.post(&path).bearer(app.token(client)).await
}

pub(crate) fn text(content: &str) -> Value {
    json!({"content": content})
}
