//! `GET /testpanel` and `POST /testpanel/reset`

use avvivo_testkit::{Seen, wait_for};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    chat::open,
    support::{
        PATIENCE, TestApp,
        people::{Owner, Person},
        rows::ReelRow,
    },
};

/// A platform for tests with something of everything.
struct Lab {
    app: TestApp,
    admin: Person,
    client: Person,
    owner: Owner,
}

impl Lab {
    async fn furnished(for_tests: bool) -> Self {
        let app = TestApp::start_with(|settings| {
            settings.insert("TESTPANEL_RESET_ENABLED", for_tests.to_string());
        })
        .await;
        let (admin, client) = (app.admin(1).await, app.client(2).await);
        let (owner, _) = (app.owner(3).await, app.pending(4).await);
        app.reel(1, owner.shop, ReelRow::default()).await;
        let stream = app.stream(1, owner.shop, "FINISHED").await;
        open(&app, &client, owner.shop).await.ok();
        for path in [
            format!("/clients/me/favorites/{}", owner.shop),
            format!(
                "/clients/me/reminders/{}",
                app.stream(2, owner.shop, "UPCOMING").await
            ),
        ] {
            app.post(&path).bearer(app.token(&client)).await.ok();
        }
        sqlx::query("INSERT INTO stream_likes VALUES ($1, $2, now())")
            .bind(client.id)
            .bind(stream)
            .execute(app.pool())
            .await
            .unwrap();
        let review =
            "INSERT INTO reviews VALUES (gen_random_uuid(), $2, $3, $1, 5, 'lindo', now())";
        sqlx::query(review)
            .bind(client.id)
            .bind(stream)
            .bind(owner.shop)
            .execute(app.pool())
            .await
            .unwrap();
        Self {
            app,
            admin,
            client,
            owner,
        }
    }

    async fn reset(&self) -> crate::support::answer::Answer {
        self.app
            .post("/testpanel/reset")
            .bearer(self.app.token(&self.admin))
            .await
    }

    async fn counts(&self) -> Value {
        self.app
            .get("/testpanel")
            .bearer(self.app.token(&self.admin))
            .await
            .ok()
    }

    /// How many rows each table has that has any, but for what only grows.
    async fn rows(&self) -> Vec<(String, i64)> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
        )
        .fetch_all(self.app.pool())
        .await
        .unwrap();
        let mut rows = Vec::new();
        for table in tables {
            let count = format!("SELECT count(*) FROM {table}");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
                .fetch_one(self.app.pool())
                .await
                .unwrap();
            let grows = [
                "_sqlx_migrations",
                "audience_events",
                "audience_sequences",
                "outbox",
                "job_leases",
            ];
            if count > 0 && !grows.contains(&table.as_str()) {
                rows.push((table, count));
            }
        }
        rows
    }
}

#[tokio::test]
async fn administrators_see_how_much_there_is() {
    let lab = Lab::furnished(false).await;
    let expected = json!({"streams": 2, "reels": 1, "shops": 2, "users": 4, "reports": 0});
    assert_eq!(lab.counts().await, expected);
}

#[tokio::test]
async fn nothing_is_reset_unless_the_platform_is_for_tests() {
    let lab = Lab::furnished(false).await;
    let before = lab.rows().await;
    assert_eq!(lab.reset().await.word(), "403 testpanel.not_for_tests");
    assert_eq!(lab.rows().await, before);
}

#[tokio::test]
async fn a_reset_takes_everything_but_who_administers_and_who_had_a_shop() {
    let lab = Lab::furnished(true).await;
    lab.app.hears_events().await;
    assert_eq!(
        lab.app.get("/shops").await.ok().as_array().unwrap().len(),
        1
    );
    assert_eq!(lab.reset().await.ok(), json!({"reset": true}));
    let rows = lab.rows().await;
    let rows: Vec<(&str, i64)> = rows
        .iter()
        .map(|(table, count)| (table.as_str(), *count))
        .collect();
    assert_eq!(
        rows,
        [
            ("accounts", 3),
            ("admins", 1),
            ("audit_log", 1),
            ("object_tombstones", 1)
        ]
    );
    let audited = "SELECT action || ' ' || before::text || ' ' || after::text FROM audit_log WHERE actor_account_id = $1";
    assert_eq!(
        lab.app.look(audited, lab.admin.id).await.as_deref(),
        Some(
            "TEST_DATA_RESET {\"reels\": 1, \"shops\": 2, \"users\": 4, \"streams\": 2} \
             {\"reels\": 0, \"shops\": 0, \"users\": 3, \"streams\": 0}"
        )
    );
    // Caches hear of it, and so do streams of events.
    wait_for("the list to be empty", PATIENCE, async || {
        match lab.app.get("/shops").await.ok() {
            list if list == json!([]) => Seen::Done(()),
            list => Seen::NotYet(list),
        }
    })
    .await;
    let told: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audience_events WHERE audience = 'control:access'",
    )
    .fetch_one(lab.app.pool())
    .await
    .unwrap();
    assert_eq!(told, 3, "the client and two owners");
    let owner = lab
        .app
        .get("/auth/me")
        .bearer(lab.app.token(&lab.owner.person))
        .await
        .ok();
    assert_eq!(owner["role"], "PENDING_STORE");
    let client = lab
        .app
        .get("/auth/me")
        .bearer(lab.app.token(&lab.client))
        .await
        .ok();
    assert_eq!(client["role"], "UNDEFINED");
    // Again, and there is nothing to do.
    assert_eq!(lab.reset().await.ok(), json!({"reset": true}));
}

#[tokio::test]
async fn a_reset_that_something_is_in_the_way_of_takes_nothing() {
    let lab = Lab::furnished(true).await;
    for statement in [
        "CREATE TABLE keepsakes (account_id uuid REFERENCES accounts (id))",
        "INSERT INTO keepsakes SELECT account_id FROM clients",
    ] {
        sqlx::query(statement)
            .execute(lab.app.pool())
            .await
            .unwrap();
    }
    let before = lab.rows().await;
    assert_eq!(lab.reset().await.word(), "500 internal");
    assert_eq!(lab.rows().await, before);
}
