//! The lives a buyer wants to be reminded of.

use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, answer::Answer, people::Person};

struct Buyer {
    app: TestApp,
    client: Person,
    shop: Uuid,
}

impl Buyer {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (client, owner) = (app.client(1).await, app.owner(2).await);
        Self {
            client,
            shop: owner.shop,
            app,
        }
    }

    async fn remind(&self, stream: impl ToString) -> Answer {
        let path = format!("/clients/me/reminders/{}", stream.to_string());
        let asked = self.app.post(&path).bearer(self.app.token(&self.client));
        asked.await
    }

    async fn forget(&self, stream: impl ToString) -> Value {
        let path = format!("/clients/me/reminders/{}", stream.to_string());
        let asked = self.app.delete(&path).bearer(self.app.token(&self.client));
        asked.await.ok()
    }

    async fn list(&self) -> Value {
        let asked = self.app.get("/clients/me/reminders");
        asked.bearer(self.app.token(&self.client)).await.ok()
    }

    /// What is queued for the buyer: status, how long before the live, and whether the text names it.
    async fn notifications(&self) -> Vec<(String, i64, bool)> {
        sqlx::query_as(
            "SELECT n.status::text, extract(epoch FROM s.scheduled_at - n.notify_at)::bigint / 60,
                    n.message LIKE 'Recordatorio activo: Liquidación de verano (%).'
             FROM notifications AS n INNER JOIN streams AS s ON s.id = n.ref_id
             WHERE n.account_id = $1 AND n.type = 'REMINDER' ORDER BY n.created_at, n.id",
        )
        .bind(self.client.id)
        .fetch_all(self.app.pool())
        .await
        .unwrap()
    }
}

fn queued() -> (String, i64, bool) {
    ("QUEUED".to_owned(), 15, true)
}

#[tokio::test]
async fn a_buyer_is_reminded_once_a_quarter_of_an_hour_before() {
    let buyer = Buyer::new().await;
    let live = buyer.app.stream(1, buyer.shop, "UPCOMING").await;
    join_all((0..4).map(|_| buyer.remind(live))).await;
    assert_eq!(buyer.remind(live).await.ok(), json!({"reminders": [live]}));
    assert_eq!(buyer.notifications().await, [queued()]);
    let list = buyer.list().await;
    let shown = &list["items"][0];
    assert_eq!(
        (&shown["streamId"], &shown["id"], &shown["status"]),
        (&json!(live), &json!(live), &json!("UPCOMING"))
    );
    assert_eq!(shown["shop"]["id"], json!(buyer.shop));
    assert!(shown["notifyAt"].as_str() < shown["scheduledAt"].as_str());
}

#[tokio::test]
async fn what_comes_next_comes_first() {
    let buyer = Buyer::new().await;
    let mut lives = Vec::new();
    for number in [3, 1, 2] {
        let live = buyer.app.stream(number, buyer.shop, "UPCOMING").await;
        buyer.remind(live).await.ok();
        lives.push(live);
    }
    lives.sort_unstable();
    let state = buyer.app.get("/clients/me");
    let state = state.bearer(buyer.app.token(&buyer.client)).await.ok();
    assert_eq!(state["reminders"], json!(lives));
}

#[tokio::test]
async fn only_announced_lives_are_reminded_of() {
    let buyer = Buyer::new().await;
    for (number, status) in [
        (1, "LIVE"),
        (2, "FINISHED"),
        (3, "CANCELLED"),
        (4, "BANNED"),
    ] {
        let live = buyer.app.stream(number, buyer.shop, status).await;
        let answer = buyer.remind(live).await;
        assert_eq!(answer.word(), "400 live.not_upcoming");
        assert_eq!(answer.json()["error"], json!({}));
    }
    for nothing in ["mock-1", "00000000-0000-0000-0000-00000000ffff"] {
        assert_eq!(buyer.remind(nothing).await.word(), "400 live.not_found");
    }
    assert_eq!(buyer.app.count("notifications").await, 0);
    assert_eq!(buyer.app.count("reminders").await, 0);
}

#[tokio::test]
async fn a_reminder_is_taken_back_with_its_notification_as_often_as_one_likes() {
    let buyer = Buyer::new().await;
    let live = buyer.app.stream(1, buyer.shop, "UPCOMING").await;
    buyer.remind(live).await.ok();
    for _ in 0..2 {
        assert_eq!(buyer.forget(live).await, json!({"reminders": []}));
    }
    assert_eq!(buyer.forget("mock-1").await, json!({"reminders": []}));
    let canceled = || ("CANCELED".to_owned(), 15, true);
    assert_eq!(buyer.notifications().await, [canceled()]);
    assert_eq!(buyer.list().await, json!({"items": []}));
    buyer.remind(live).await.ok();
    assert_eq!(buyer.notifications().await, [canceled(), queued()]);
}

#[tokio::test]
async fn asking_again_gives_the_queued_notification_the_new_time() {
    let buyer = Buyer::new().await;
    let live = buyer.app.stream(1, buyer.shop, "UPCOMING").await;
    buyer.remind(live).await.ok();
    let moved = "UPDATE streams SET scheduled_at = scheduled_at + interval '3 days' WHERE id = $1";
    buyer.app.change(moved, live).await;
    buyer.remind(live).await.ok();
    assert_eq!(buyer.notifications().await, [queued()]);
}

#[tokio::test]
async fn a_notification_that_went_out_goes_out_again_when_it_is_asked_for() {
    let buyer = Buyer::new().await;
    let live = buyer.app.stream(1, buyer.shop, "UPCOMING").await;
    buyer.remind(live).await.ok();
    let sent =
        "UPDATE notifications SET status = 'SENT', sent_at = now(), read = true WHERE ref_id = $1";
    buyer.app.change(sent, live).await;
    buyer.remind(live).await.ok();
    assert_eq!(buyer.notifications().await, [queued()]);
    let unread = "SELECT read::text FROM notifications WHERE ref_id = $1";
    assert_eq!(buyer.app.look(unread, live).await.as_deref(), Some("false"));
}

#[tokio::test]
async fn a_shop_that_is_deleted_reminds_nobody() {
    let buyer = Buyer::new().await;
    let live = buyer.app.stream(1, buyer.shop, "UPCOMING").await;
    buyer.remind(live).await.ok();
    let admin = buyer.app.admin(900).await;
    let path = format!("/shops/{}", buyer.shop);
    let asked = buyer.app.delete(&path).bearer(buyer.app.token(&admin));
    asked.await.ok();
    let status = "SELECT status::text FROM notifications WHERE ref_id = $1 AND type = 'REMINDER'";
    assert_eq!(buyer.app.look(status, live).await.unwrap(), "CANCELED");
}
