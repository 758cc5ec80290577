//! From tokens to accounts.

use futures::future::join_all;
use gcp_local::FirebaseIdToken;
use serde_json::{Map, json};

use crate::support::TestApp;

fn newcomer() -> FirebaseIdToken {
    FirebaseIdToken {
        uid: "newcomer".to_owned(),
        email: Some(" Nueva@Example.COM ".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    }
}

#[tokio::test]
async fn ten_first_logins_at_once_make_one_account() {
    let app = TestApp::start().await;
    let token = app.mint(&newcomer());
    let logins = (0..10).map(|_| async { app.get("/reels/nothing").bearer(&token).await.word() });
    for answer in join_all(logins).await {
        assert_eq!(answer, "404 reel.not_found");
    }
    let accounts: Vec<(String, String, String)> =
        sqlx::query_as("SELECT email, user_type::text, role::text FROM accounts")
            .fetch_all(app.pool())
            .await
            .unwrap();
    let text = |word: &str| word.to_owned();
    assert_eq!(
        accounts,
        [(text("nueva@example.com"), text("CLIENT"), text("UNDEFINED"))]
    );
}

#[tokio::test]
async fn requests_of_a_settled_account_write_nothing() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let token = app.token(&client);
    app.get("/reels").bearer(&token).await.ok();
    // The version of the row changes with every write to it, and with a lock.
    let version = "SELECT xmin::text || ' ' || xmax::text FROM accounts WHERE id = $1";
    let settled = app.look(version, client.id).await;
    for _ in 0..5 {
        app.get("/reels").bearer(&token).await.ok();
    }
    assert_eq!(app.look(version, client.id).await, settled);
}

#[tokio::test]
async fn listed_addresses_administer_once_they_are_verified() {
    let app = TestApp::start_with(|settings| {
        settings.insert(
            "ADMIN_EMAILS",
            "boss@example.com, nueva@example.com".to_owned(),
        );
    })
    .await;
    let unproven = FirebaseIdToken {
        email_verified: false,
        uid: "impostor".to_owned(),
        email: Some("boss@example.com".to_owned()),
        ..FirebaseIdToken::default()
    };
    let impostor = app.get("/reels/admin").bearer(app.mint(&unproven)).await;
    assert_eq!(impostor.word(), "403 auth.not_allowed");
    app.get("/reels/admin")
        .bearer(app.mint(&newcomer()))
        .await
        .ok();
    let proven = FirebaseIdToken {
        email_verified: true,
        ..unproven
    };
    app.get("/reels/admin").bearer(app.mint(&proven)).await.ok();
    assert_eq!(app.count("admins").await, 2);
}

#[tokio::test]
async fn administrators_who_are_not_listed_keep_their_rank_and_get_the_lower_one_without_any() {
    let app = TestApp::start().await;
    let rank = "SELECT role::text FROM admins WHERE account_id = $1";
    let stored = "SELECT user_type::text || ' ' || role::text FROM accounts WHERE id = $1";
    let chief = app.admin(1).await;
    app.get("/reels/admin").bearer(app.token(&chief)).await.ok();
    assert_eq!(
        app.look(rank, chief.id).await.as_deref(),
        Some("SUPERADMIN")
    );

    let newest = app.admin(2).await;
    app.change("DELETE FROM admins WHERE account_id = $1", newest.id)
        .await;
    app.get("/reels/admin")
        .bearer(app.token(&newest))
        .await
        .ok();
    assert_eq!(
        app.look(rank, newest.id).await.as_deref(),
        Some("MODERATOR")
    );
    // The account is an administrator's; the rank is in its own table.
    let account = app.look(stored, newest.id).await;
    assert_eq!(account.as_deref(), Some("ADMIN ADMIN"));
}

#[tokio::test]
async fn an_unproven_address_opens_nobody_elses_account() {
    let app = TestApp::start().await;
    let admin = app.admin(1).await;
    let thief = FirebaseIdToken {
        uid: "thief".to_owned(),
        email_verified: false,
        ..admin.claims()
    };
    assert_eq!(
        app.get("/reels/admin")
            .bearer(app.mint(&thief))
            .await
            .word(),
        "401 auth.required"
    );
    let linked = app
        .look("SELECT firebase_uid FROM accounts WHERE id = $1", admin.id)
        .await;
    assert_eq!(linked, Some(admin.email));
}

#[tokio::test]
async fn a_suspension_and_its_end_count_from_the_next_request() {
    let app = TestApp::start().await;
    let client = app.client(1).await;
    let token = app.token(&client);
    app.get("/reels").bearer(&token).await.ok();
    app.change(
        "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1",
        client.id,
    )
    .await;
    assert_eq!(
        app.get("/reels").bearer(&token).await.word(),
        "403 auth.suspended"
    );
    app.change(
        "UPDATE accounts SET status = 'ACTIVE' WHERE id = $1",
        client.id,
    )
    .await;
    app.get("/reels").bearer(&token).await.ok();
}

#[tokio::test]
async fn only_tokens_of_our_project_and_time_are_believed() {
    let app = TestApp::start().await;
    let admin = app.admin(1).await;
    let with = |name: &str, value| FirebaseIdToken {
        claims: Map::from_iter([(name.to_owned(), value)]),
        ..admin.claims()
    };
    let service = app
        .gcp
        .issuer()
        .google_id_token(&admin.email, "local")
        .unwrap();
    let refused = [
        (
            "another project",
            app.mint(&FirebaseIdToken {
                project: Some("other".to_owned()),
                ..admin.claims()
            }),
        ),
        (
            "another issuer",
            app.mint(&with("iss", json!("https://elsewhere.example"))),
        ),
        (
            "another audience",
            app.mint(&with("aud", json!("elsewhere"))),
        ),
        ("no subject", app.mint(&with("sub", json!("")))),
        (
            "a subject that is too long",
            app.mint(&with("sub", json!("x".repeat(129)))),
        ),
        (
            "from the future",
            app.mint(&with("iat", json!(4_102_444_800_i64))),
        ),
        ("expired", app.expired_token(&admin)),
        ("a service's", service),
        ("cut", app.token(&admin).chars().take(200).collect()),
        ("nonsense", "a.b.c".to_owned()),
    ];
    for (what, token) in refused {
        let answer = app.get("/reels/admin").bearer(&token).await;
        assert_eq!(answer.word(), "401 auth.required", "{what}");
    }
    let token = app.token(&admin);
    for scheme in ["bearer", "BEARER", "Bearer ", "Token"] {
        let answer = app
            .get("/reels/admin")
            .header("authorization", format!("{scheme} {token}"))
            .await;
        assert_eq!(answer.word(), "401 auth.required", "{scheme}");
    }
    app.get("/reels/admin").bearer(&token).await.ok();
}

#[tokio::test]
async fn a_suspended_administrator_does_nothing_at_all() {
    let app = TestApp::start().await;
    let admin = app.admin(900).await;
    let token = app.token(&admin);
    app.get("/auth/me").bearer(&token).await.ok();
    let suspend = "UPDATE admins SET status = 'SUSPENDED' WHERE account_id = $1";
    app.change(suspend, admin.id).await;
    for path in ["/auth/me", "/audit", "/shops"] {
        let answer = app.get(path).bearer(&token).await;
        assert_eq!(answer.word(), "403 auth.admin_suspended", "{path}");
    }
}
