//! Every route for everybody: who may do what, and what the others are told.
//!
//! The table is the contract. A route of the document without a row fails the test, and so does a status that the
//! document does not mention.

use std::collections::BTreeSet;

use http::Method;
use image::ImageFormat;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    chat::open,
    openapi::{operations, responses},
    shops::registration,
    storage::picture,
    support::{
        TestApp,
        answer::Parts,
        files::BYTES,
        people::{Owner, Person},
        rows::ReelRow,
    },
};

const OK: &str = "200";
const SIGN_IN: &str = "401 auth.required";
const NO_EMAIL: &str = "401 auth.no_email";
const SUSPENDED: &str = "403 auth.suspended";
const NOT_YOURS: &str = "403 auth.not_yours";
const NOT_ALLOWED: &str = "403 auth.not_allowed";
const GONE: &str = "410 storage.upload_gone";
const CREATED: &str = "201";
const HAS_A_SHOP: &str = "409 DUPLICATE_CONTACT";
const NOT_THE_OWNER: &str = "400 shop.not_the_owner";
const NO_PENALTIES: &str = "410 shop.penalties_gone";

const NOT_FOR_TESTS: &str = "403 testpanel.not_for_tests";

const CHOSEN: &str = "409 onboarding.already_chosen";
const ADMINISTERS: &str = "403 onboarding.administrative";

/// The conversation is that of the client and the shop in question.
const NO_CHAT: &str = "400 chat.not_found";
const NOT_FOUND: &str = "404 chat.not_found";
/// The file is in the client's folder.
const CONFIRMED: &str = OK;
const FOREIGN: &str = "400 upload.foreign_path";

/// Of the tool that uploads reports, which is nobody.
const QA_TOKEN: &str = "only-the-tool-knows";

/// What a route answers to each visitor, in the order of [`Visitor::ALL`].
type Row = (&'static str, [&'static str; 9]);

#[rustfmt::skip]
const TABLE: [Row; 77] = [
    //                             anonymous, client,      owner,       other owner, pending,     suspended, admin, invalid, no e-mail
    ("GET /auth/me",              [SIGN_IN,   OK,          OK,          OK,          OK,          SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /auth/onboarding/role", [SIGN_IN,  CHOSEN,      CHOSEN,      CHOSEN,      OK,          SUSPENDED, ADMINISTERS, SIGN_IN, NO_EMAIL]),
    ("POST /auth/onboarding-intent", [SIGN_IN, CHOSEN,     CHOSEN,      CHOSEN,      OK,          SUSPENDED, ADMINISTERS, SIGN_IN, NO_EMAIL]),
    ("GET /auth/admin/users",     [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /auth/forgot-password", [OK,       OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("POST /auth/send-verification", [OK,     OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /audit",                [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /clients/me",           [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /clients/me",          [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /clients/me/profile",   [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("PATCH /clients/me/profile", [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /clients/me/activity",  [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /clients/me/favorites", [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /clients/me/favorites/{shopId}", [SIGN_IN, OK,  NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("DELETE /clients/me/favorites/{shopId}", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, OK,         SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /clients/me/reminders", [SIGN_IN,   OK,          NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /clients/me/reminders/{streamId}", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, OK,         SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("DELETE /clients/me/reminders/{streamId}", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, OK,       SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /reels",                [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /reels/showcase",       [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /reels/admin",          [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /reels/shop/{shopId}",  [SIGN_IN,   NOT_ALLOWED, OK,          NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /reels/{id}",           [SIGN_IN,   NOT_YOURS,   OK,          NOT_YOURS,   NOT_YOURS,   SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /reels/{id}/status",    [SIGN_IN,   NOT_YOURS,   OK,          NOT_YOURS,   NOT_YOURS,   SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /reels",               [SIGN_IN,   NOT_ALLOWED, OK,          NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /reels/{id}/hide",     [SIGN_IN,   NOT_YOURS,   OK,          NOT_YOURS,   NOT_YOURS,   SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /reels/{id}/reactivate", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /reels/{id}/view",     [SIGN_IN,   OK,          OK,          OK,          OK,          SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("DELETE /reels/{id}",        [SIGN_IN,   NOT_YOURS,   OK,          NOT_YOURS,   NOT_YOURS,   SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /storage/reels/upload", [GONE,     GONE,        GONE,        GONE,        GONE,        SUSPENDED, GONE, GONE,   NO_EMAIL]),
    ("POST /storage/reels/upload-url", [SIGN_IN, NOT_ALLOWED, OK,       NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /storage/reels/confirm", [SIGN_IN, NOT_ALLOWED, OK,          NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /storage/shops/upload", [SIGN_IN,  NOT_ALLOWED, OK,          OK,          NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /storage/reports/upload", [OK,     OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /storage/reports/view", [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /share/reels/{id}",     [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /share/streams/{id}",   [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /testpanel",            [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /testpanel/reset",     [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, NOT_FOR_TESTS, SIGN_IN, NO_EMAIL]),
    ("GET /system/status",        [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /chat/client/conversations", [SIGN_IN, OK,        NOT_ALLOWED, NOT_ALLOWED, OK,          SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/client/conversations/{shopId}/open", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, OK,    SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /chat/client/conversations/{conversationId}/messages", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, NO_CHAT, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/client/conversations/{conversationId}/messages", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, NO_CHAT, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/client/conversations/{conversationId}/read", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, NO_CHAT, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/client/conversations/{conversationId}/typing", [SIGN_IN, OK, NOT_ALLOWED, NOT_ALLOWED, NO_CHAT, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /chat/shop/conversations", [SIGN_IN, NOT_ALLOWED, OK,         OK,          NOT_ALLOWED, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /chat/shop/conversations/{conversationId}/messages", [SIGN_IN, NOT_ALLOWED, OK, NO_CHAT, NOT_ALLOWED, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/shop/conversations/{conversationId}/messages", [SIGN_IN, NOT_ALLOWED, OK, NO_CHAT, NOT_ALLOWED, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/shop/conversations/{conversationId}/read", [SIGN_IN, NOT_ALLOWED, OK, NO_CHAT, NOT_ALLOWED, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /chat/shop/conversations/{conversationId}/typing", [SIGN_IN, NOT_ALLOWED, OK, NO_CHAT, NOT_ALLOWED, SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /storage/chat/upload-url", [SIGN_IN, OK,         OK,          NOT_FOUND,   NOT_FOUND,   SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("POST /storage/chat/confirm", [SIGN_IN,   CONFIRMED,   FOREIGN,     FOREIGN,     FOREIGN,     SUSPENDED, NOT_ALLOWED, SIGN_IN, NO_EMAIL]),
    ("GET /shops",                [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /shops/featured",       [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /shops/by-letter",      [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /shops/map-data",       [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /shops/check-email",    [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("GET /shops/{id}",           [OK,        OK,          OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("POST /shops",               [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, CREATED, SIGN_IN, NO_EMAIL]),
    ("PUT /shops/{id}",           [SIGN_IN,   NOT_ALLOWED, OK,          NOT_YOURS,   OK,          SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("DELETE /shops/{id}",        [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/buy-stream-quota", [SIGN_IN, NOT_ALLOWED, OK,    NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/buy-reel-quota", [SIGN_IN, NOT_ALLOWED, OK,      NOT_YOURS,   NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/assign-owner", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/accept",   [SIGN_IN,   NOT_ALLOWED, OK,          NOT_YOURS,   OK,          SUSPENDED, NOT_THE_OWNER, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/toggle-penalty", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, NO_PENALTIES, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/activate", [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/reject",   [SIGN_IN,   NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/suspend-agenda", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/lift-suspension", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/reset-password", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("POST /shops/{id}/send-invite", [SIGN_IN, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED, SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
    ("GET /shops/self-register/check-cuit", [OK, OK,        OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("POST /shops/self-register/validate", [OK, OK,         OK,          OK,          OK,          SUSPENDED, OK, OK,      NO_EMAIL]),
    ("POST /shops/self-register", [CREATED,   CREATED,     HAS_A_SHOP,  HAS_A_SHOP,  HAS_A_SHOP,  SUSPENDED, CREATED, CREATED, NO_EMAIL]),
    ("POST /realtime/tickets",    [SIGN_IN,   OK,          OK,          OK,          OK,          SUSPENDED, OK, SIGN_IN, NO_EMAIL]),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Visitor {
    Anonymous,
    Client,
    /// Of the shop in question.
    Owner,
    OtherOwner,
    /// Of the shop in question, which is not open.
    Pending,
    Suspended,
    Admin,
    InvalidToken,
    NoEmail,
}

impl Visitor {
    const ALL: [Self; 9] = [
        Self::Anonymous,
        Self::Client,
        Self::Owner,
        Self::OtherOwner,
        Self::Pending,
        Self::Suspended,
        Self::Admin,
        Self::InvalidToken,
        Self::NoEmail,
    ];
}

/// A report that is there.
const REPORT: &str = "reports/2026/03/06/general/1-a-b.html";

/// The people of the table.
struct Street {
    app: TestApp,
    client: Person,
    owner: Owner,
    other: Owner,
    pending: Owner,
    suspended: Person,
    admin: Person,
    reels: u128,
    /// Of the client and the owner.
    conversation: String,
}

impl Street {
    async fn new() -> Self {
        // More writes than one client may make, by people of whom several publish at once.
        let app = TestApp::start_with(|settings| {
            settings.insert("RATE_LIMIT_MAX", "1000000".to_owned());
            settings.insert("QA_REPORT_UPLOAD_TOKEN", QA_TOKEN.to_owned());
            settings.insert("SELF_REGISTER_RATE_LIMIT_ENABLED", "false".to_owned());
            settings.insert("ACCOUNT_MAIL_RATE_LIMIT_MAX", "1000000".to_owned());
            settings.insert("RESEND_API_KEY", "re_test_key".to_owned());
            settings.insert("RESEND_BASE_URL", "http://127.0.0.1:9".to_owned());
        })
        .await;
        app.store(REPORT, "text/html", BYTES).await;
        let (client, owner) = (app.client(1).await, app.owner(2).await);
        let opened = open(&app, &client, owner.shop).await.ok();
        Self {
            conversation: opened["id"].as_str().unwrap().to_owned(),
            client,
            owner,
            other: app.owner(3).await,
            pending: app.pending(4).await,
            suspended: app.suspended(5).await,
            admin: app.admin(6).await,
            reels: 0,
            app,
        }
    }

    fn token(&self, visitor: Visitor) -> Option<String> {
        let person = match visitor {
            Visitor::Anonymous => return None,
            Visitor::InvalidToken => return Some("not-a-token".to_owned()),
            Visitor::NoEmail => return Some(self.app.token_without_email()),
            Visitor::Client => &self.client,
            Visitor::Owner => &self.owner.person,
            Visitor::OtherOwner => &self.other.person,
            Visitor::Pending => &self.pending.person,
            Visitor::Suspended => &self.suspended,
            Visitor::Admin => &self.admin,
        };
        Some(self.app.token(person))
    }

    /// Sends what would work for whoever may, and answers status and code.
    async fn visit(&mut self, route: &str, visitor: Visitor) -> String {
        let shop = match visitor {
            Visitor::Pending => self.pending.shop,
            _ => self.owner.shop,
        };
        self.reels += 1;
        let reel = self.app.reel(self.reels, shop, ReelRow::default()).await;
        let stream = self.app.stream(self.reels, shop, "UPCOMING").await;
        let (method, path) = route.split_once(' ').unwrap();
        let subject = match visitor {
            _ if path.starts_with("/share/streams") => stream,
            _ if !path.starts_with("/shops") => reel,
            // What administrators do to it is not to be the end of those who come later.
            Visitor::Admin => {
                let shop = self.app.owner(0x100 + self.reels).await.shop;
                // Somebody can be written to.
                let stated = "UPDATE shops SET email = id || '@example.com' WHERE id = $1";
                self.app.change(stated, shop).await;
                shop
            }
            _ => shop,
        };
        let path = path
            .replace("{id}", &subject.to_string())
            .replace("{shopId}", &shop.to_string())
            .replace("{streamId}", &stream.to_string())
            .replace("{conversationId}", &self.conversation)
            .replace("check-cuit", "check-cuit?cuit=30-71234567-1")
            .replace("reports/view", &format!("reports/view?path={REPORT}"))
            .replace("check-email", "check-email?email=a@example.com");
        let method: Method = method.parse().unwrap();
        let mut asked = self.app.ask(method, &path);
        if let Some(token) = self.token(visitor) {
            asked = asked.bearer(token);
        }
        if let Some(body) = self.body(route, shop).await {
            asked = asked.json(&body);
        }
        if let Some(form) = form(route, shop) {
            asked = asked.header("x-qa-report-token", QA_TOKEN).form(form);
        }
        asked.await.word()
    }

    async fn body(&self, route: &str, shop: Uuid) -> Option<Value> {
        match route {
            "POST /auth/onboarding/role" | "POST /auth/onboarding-intent" => {
                Some(json!({"intent": "STORE"}))
            }
            "POST /auth/forgot-password" | "POST /auth/send-verification" => {
                Some(json!({"email": "ana@example.com"}))
            }
            "POST /reels" => Some(self.app.new_video(shop).await),
            "POST /shops/self-register/validate" => Some(json!({
                "step": "contact", "payload": {"email": "a@example.com", "whatsapp": "1144445555"}
            })),
            "POST /shops/self-register" => Some(registration(self.reels)),
            "POST /shops" => Some(json!({"name": "Tienda nueva"})),
            "POST /shops/{id}/assign-owner" => {
                Some(json!({"email": self.app.client(0x99).await.email}))
            }
            said if said.starts_with("POST /shops/") && said.ends_with("-quota") => {
                Some(json!({"amount": 1}))
            }
            "POST /storage/reels/upload-url" => {
                Some(json!({"shopId": shop, "files": [{"fileName": "a.mp4"}]}))
            }
            "POST /storage/reels/confirm" => {
                self.app.stored(shop, "1-0-a.mp4", "video/mp4").await;
                Some(json!({"shopId": shop, "paths": [format!("shops/{shop}/1-0-a.mp4")]}))
            }
            "POST /storage/chat/upload-url" => Some(json!({
                "conversationId": self.conversation, "files": [{"fileName": "a.png"}]
            })),
            "POST /storage/chat/confirm" => {
                let path = format!(
                    "chat/{}/client/{}/1-0-a.png",
                    self.conversation, self.client.id
                );
                self.app.store(&path, "image/png", BYTES).await;
                Some(json!({"conversationId": self.conversation, "paths": [path]}))
            }
            said if said.starts_with("POST /chat/") && said.ends_with("/messages") => {
                Some(json!({"content": "hola"}))
            }
            _ => None,
        }
    }
}

fn form(route: &str, shop: Uuid) -> Option<Vec<u8>> {
    let parts = match route {
        "POST /storage/shops/upload" => Parts::default()
            .text("shopId", &shop.to_string())
            .file(("a.png", "image/png"), &picture(ImageFormat::Png)),
        "POST /storage/reports/upload" => Parts::default().file(("a.html", "text/html"), BYTES),
        _ => return None,
    };
    Some(parts.closed())
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let rows: BTreeSet<String> = TABLE.iter().map(|(route, _)| (*route).to_owned()).collect();
    let routes: BTreeSet<String> = operations().into_keys().collect();
    assert_eq!(rows, routes);
}

#[tokio::test]
async fn every_route_answers_everybody_as_the_table_says_and_the_document_knows() {
    let mut street = Street::new().await;
    let documented = operations();
    let mut wrong = Vec::new();
    for (route, cells) in TABLE {
        let known = responses(&documented[route]);
        for (visitor, expected) in Visitor::ALL.into_iter().zip(cells) {
            let answer = street.visit(route, visitor).await;
            if answer != expected {
                wrong.push(format!("{route} for {visitor:?}: {answer}, not {expected}"));
            }
            let status = answer.split(' ').next().unwrap_or_default();
            if !known.contains(status) {
                wrong.push(format!("{route} documents no {answer}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
