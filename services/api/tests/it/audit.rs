//! What administrators read of who changed what.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TestApp, answer::Answer, people::Person, people::keys};

struct Records {
    app: TestApp,
    admin: Person,
}

const SHOP: Uuid = Uuid::from_u128(0xA);
const ACCOUNT: Uuid = Uuid::from_u128(0xB);

impl Records {
    /// Thirty entries, a day between each and the next: ten of somebody who chose a role, twenty about a shop.
    async fn new() -> Self {
        let app = TestApp::start().await;
        sqlx::query(
            "INSERT INTO audit_log (id, at, actor_type, actor_account_id, action, subject_kind, subject_id, reason, after)
             SELECT gen_random_uuid(), timestamptz '2026-03-01 12:00Z' - make_interval(days => n),
                    CASE WHEN n % 3 = 0 THEN 'CLIENT' ELSE 'SYSTEM' END::audit_actor_type,
                    CASE WHEN n % 3 = 0 THEN $2 END,
                    CASE WHEN n % 3 = 0 THEN 'ACCOUNT_ROLE_CHOSEN' ELSE 'SHOP_ACTIVATED' END,
                    CASE WHEN n % 3 = 0 THEN 'ACCOUNT' ELSE 'SHOP' END::audit_subject_kind,
                    CASE WHEN n % 3 = 0 THEN $2 ELSE $1 END, 'porque sí', jsonb_build_object('n', n)
             FROM generate_series(0, 29) AS n",
        )
        .bind(SHOP)
        .bind(ACCOUNT)
        .execute(app.pool())
        .await
        .unwrap();
        let admin = app.admin(1).await;
        Self { app, admin }
    }

    async fn list(&self, query: &str) -> Answer {
        let path = format!("/audit{query}");
        let asked = self.app.get(&path).bearer(self.app.token(&self.admin));
        asked.await
    }

    /// Which of the entries are found, in their order.
    async fn found(&self, query: &str) -> Vec<i64> {
        numbers(&self.list(query).await.ok())
    }
}

fn numbers(list: &Value) -> Vec<i64> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry["after"]["n"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn entries_come_newest_first_and_say_all_there_is() {
    let records = Records::new().await;
    let list = records.list("?limit=1").await.ok();
    assert_eq!(
        keys(&list[0]),
        [
            "id",
            "at",
            "action",
            "actorType",
            "actorId",
            "subjectType",
            "subjectId",
            "reason",
            "before",
            "after"
        ]
    );
    assert_eq!(
        (
            &list[0]["actorType"],
            &list[0]["actorId"],
            &list[0]["reason"]
        ),
        (&json!("CLIENT"), &json!(ACCOUNT), &json!("porque sí"))
    );
    assert_eq!(list[0]["at"], "2026-03-01T12:00:00.000Z");
    assert_eq!(records.found("").await, (0..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn pages_follow_one_another_without_gaps_whatever_is_asked_for() {
    let records = Records::new().await;
    for (filter, expected) in [
        (String::new(), (0..30).collect::<Vec<i64>>()),
        (
            format!("&subjectId={SHOP}"),
            (0..30).filter(|n| n % 3 != 0).collect(),
        ),
        (format!("&actorId={ACCOUNT}"), (0..30).step_by(3).collect()),
        (
            "&action=SHOP_ACTIVATED".to_owned(),
            (0..30).filter(|n| n % 3 != 0).collect(),
        ),
        (format!("&subjectId={SHOP}&actorId={ACCOUNT}"), Vec::new()),
        (
            format!(
                "&subjectId={ACCOUNT}&action=ACCOUNT_ROLE_CHOSEN&from=2026-02-20T12:00:00Z&to=2026-03-01T12:00:00Z"
            ),
            vec![3, 6, 9],
        ),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let answer = records.list(&format!("?limit=4{filter}{cursor}")).await;
            seen.extend(numbers(&answer.ok()));
            match answer.header("x-next-cursor") {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{filter}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let records = Records::new().await;
    for query in [
        "?subjectId=x",
        "?actorId=x",
        "?action=x",
        "?from=x",
        "?from=-4800-01-01T00:00:00Z",
        "?to=-4800-01-01T00:00:00Z",
        "?to=ayer",
    ] {
        assert_eq!(
            records.list(query).await.word(),
            "400 field.invalid",
            "{query}"
        );
    }
    let answer = records.list("?cursor=x").await;
    assert_eq!(answer.word(), "400 request.bad_cursor");
    assert_eq!(records.found("?action=&limit=0").await.len(), 30);
}
