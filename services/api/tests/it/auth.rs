//! Who somebody is, and what they came for.

use avvivo_domain::identity::Role;
use futures::future::join_all;
use gcp_local::FirebaseIdToken;
use serde_json::{Value, json};

use crate::support::{TestApp, people::keys};

fn newcomer() -> FirebaseIdToken {
    FirebaseIdToken {
        uid: "newcomer".to_owned(),
        email: Some("nueva@example.com".to_owned()),
        email_verified: true,
        ..FirebaseIdToken::default()
    }
}

async fn me(app: &TestApp, token: &str) -> Value {
    app.get("/auth/me").bearer(token).await.ok()
}

#[tokio::test]
async fn a_shops_owner_is_told_who_they_are() {
    let app = TestApp::start().await;
    let owner = app.owner(2).await;
    let told = me(&app, &app.token(&owner.person)).await;
    assert_eq!(
        told,
        json!({
            "uid": owner.person.email, "email": owner.person.email, "emailVerified": true,
            "authUserId": owner.person.id, "userType": "SHOP", "role": "STORE", "status": "ACTIVE",
            "shopId": owner.shop, "requiresOnboarding": false, "nextAction": "GO_STORE_DASHBOARD",
        })
    );
    assert_eq!(
        keys(&told),
        [
            "uid",
            "email",
            "emailVerified",
            "authUserId",
            "userType",
            "role",
            "status",
            "shopId",
            "requiresOnboarding",
            "nextAction"
        ]
    );
}

#[tokio::test]
async fn everybody_is_told_what_to_open_first() {
    let app = TestApp::start().await;
    let (client, admin, pending) = (
        app.client(1).await,
        app.admin(2).await,
        app.pending(3).await,
    );
    for (token, role, next, asked) in [
        (app.token(&client), "USER", "GO_PUBLIC_HOME", false),
        (app.token(&admin), "SUPERADMIN", "GO_ADMIN_DASHBOARD", false),
        (
            app.token(&pending.person),
            "PENDING_STORE",
            "OPEN_STORE_ONBOARDING",
            true,
        ),
        (
            app.mint(&newcomer()),
            "UNDEFINED",
            "OPEN_ROLE_ONBOARDING",
            true,
        ),
    ] {
        let told = me(&app, &token).await;
        assert_eq!(
            (
                &told["role"],
                &told["nextAction"],
                &told["requiresOnboarding"]
            ),
            (&json!(role), &json!(next), &json!(asked))
        );
        assert_eq!(told.get("adminRole").is_some(), role == "SUPERADMIN");
    }
}

#[tokio::test]
async fn asking_for_what_one_keeps_makes_a_buyer() {
    let app = TestApp::start().await;
    let token = app.mint(&newcomer());
    assert_eq!(me(&app, &token).await["role"], "UNDEFINED");
    app.get("/clients/me").bearer(&token).await.ok();
    assert_eq!(me(&app, &token).await["role"], "USER");
    let found = sqlx::query_scalar::<_, Option<String>>(
        "SELECT onboarding_completed_at::text FROM accounts",
    );
    assert_eq!(found.fetch_one(app.pool()).await.unwrap(), None);
}

#[tokio::test]
async fn a_choice_is_read_leniently_and_sticks_once_they_buy() {
    let app = TestApp::start().await;
    let token = app.mint(&newcomer());
    let choose = async |path: &str, body: Value| app.post(path).bearer(&token).json(&body).await;
    let role = "/auth/onboarding/role";
    for nonsense in [json!({"intent": "foo"}), json!({}), json!({"intent": 7})] {
        let answer = choose(role, nonsense).await;
        assert_eq!(answer.word(), "400 onboarding.invalid_intent");
    }
    let seller = choose(role, json!({"intent": " store "})).await.ok();
    assert_eq!(seller["role"], "PENDING_STORE");
    let again = choose(role, json!({"intent": "STORE"})).await.ok();
    assert_eq!(again["role"], "PENDING_STORE");
    let other = "/auth/onboarding-intent";
    let buyer = choose(other, json!({"intent": "USER"})).await.ok();
    assert_eq!(
        (&buyer["role"], &buyer["userType"]),
        (&json!("USER"), &json!("CLIENT"))
    );
    assert_eq!(buyer["nextAction"], "GO_PUBLIC_HOME");
    let late = choose(role, json!({"intent": "USER"})).await;
    assert_eq!(late.word(), "409 onboarding.already_chosen");
    let written: Vec<(String, Value, Value)> = sqlx::query_as(
        "SELECT actor_type::text, before, after FROM audit_log WHERE action = 'ACCOUNT_ROLE_CHOSEN' ORDER BY at, id",
    )
    .fetch_all(app.pool())
    .await
    .unwrap();
    let entry = |from: Value, to: Value| ("CLIENT".to_owned(), from, to);
    assert_eq!(
        written,
        [
            entry(
                json!({"role": "UNDEFINED"}),
                json!({"role": "PENDING_STORE"})
            ),
            entry(json!({}), json!({})),
            entry(json!({"role": "PENDING_STORE"}), json!({"role": "USER"})),
        ]
    );
}

#[tokio::test]
async fn of_choices_made_at_once_the_first_counts() {
    let app = TestApp::start().await;
    let token = app.mint(&newcomer());
    me(&app, &token).await;
    let body = json!({"intent": "USER"});
    let choose = || async {
        let asked = app.post("/auth/onboarding/role").bearer(&token);
        asked.json(&body).await.word()
    };
    let mut answers = join_all((0..6).map(|_| choose())).await;
    answers.sort();
    assert_eq!(answers[0], "200");
    assert!(
        answers[1..]
            .iter()
            .all(|answer| answer == "409 onboarding.already_chosen")
    );
    assert_eq!(app.count("audit_log").await, 1);
}

#[tokio::test]
async fn an_address_that_is_not_verified_administers_nothing_and_opens_nobodys_account() {
    let app = TestApp::start_with(|settings| {
        settings.insert("ADMIN_EMAILS", "boss@example.com".to_owned());
    })
    .await;
    let client = app.client(1).await;
    let unproven = |uid: &str, email: &str| {
        app.mint(&FirebaseIdToken {
            uid: uid.to_owned(),
            email: Some(email.to_owned()),
            email_verified: false,
            ..FirebaseIdToken::default()
        })
    };
    let boss = me(&app, &unproven("impostor", "boss@example.com")).await;
    assert_eq!(
        (&boss["role"], boss.get("adminRole")),
        (&json!("UNDEFINED"), None)
    );
    let stolen = app
        .get("/auth/me")
        .bearer(unproven("thief", &client.email))
        .await;
    assert_eq!(stolen.word(), "401 auth.required");
    let linked = "SELECT firebase_uid FROM accounts WHERE id = $1";
    assert_eq!(app.look(linked, client.id).await, Some(client.email));
}

#[tokio::test]
async fn becoming_an_administrator_is_written_down() {
    let app = TestApp::start_with(|settings| {
        settings.insert("ADMIN_EMAILS", "person1@example.com".to_owned());
    })
    .await;
    let client = app.client(1).await;
    let told = me(&app, &app.token(&client)).await;
    assert_eq!(told["role"], "SUPERADMIN");
    me(&app, &app.token(&client)).await;
    let written: Vec<(String, Value, Value)> =
        sqlx::query_as("SELECT actor_type::text, before, after FROM audit_log")
            .fetch_all(app.pool())
            .await
            .unwrap();
    let before = json!({"userType": "CLIENT", "role": Role::User});
    let after = json!({"userType": "ADMIN", "role": "SUPERADMIN", "adminRole": "SUPERADMIN"});
    assert_eq!(written, [("SYSTEM".to_owned(), before, after)]);
}

/// What is told of an account, in this order.
const ACCOUNT_FIELDS: [&str; 19] = [
    "id",
    "email",
    "firebaseUid",
    "userType",
    "role",
    "status",
    "createdAt",
    "lastLoginAt",
    "onboardingCompletedAt",
    "adminRole",
    "adminStatus",
    "displayName",
    "profileCompletedAt",
    "city",
    "province",
    "shopId",
    "shopName",
    "shopStatus",
    "shopSource",
];

#[tokio::test]
async fn administrators_see_accounts_with_what_belongs_to_them() {
    let app = TestApp::start().await;
    let owner = app.owner(2).await;
    let client = app.client(1).await;
    let admin = app.admin(3).await;
    for (days, id) in [(3, owner.person.id), (2, client.id), (1, admin.id)] {
        sqlx::query(
            "UPDATE accounts SET created_at = now() - make_interval(days => $2) WHERE id = $1",
        )
        .bind(id)
        .bind(days)
        .execute(app.pool())
        .await
        .unwrap();
    }
    let token = app.token(&admin);
    let list = async |query: &str| {
        let path = format!("/auth/admin/users{query}");
        app.get(&path).bearer(&token).await
    };
    let all = list("").await;
    let ids = [admin.id, client.id, owner.person.id].map(|id| id.to_string());
    assert_eq!(all.ids(), ids);
    assert_eq!(list("?limit=abc").await.ids().len(), 3);
    assert_eq!(list("?limit=-4").await.ids(), ids[..1]);
    assert_eq!(list("?limit=2").await.ids(), ids[..2]);
    let all = all.ok();
    assert_eq!(keys(&all[0]), ACCOUNT_FIELDS);
    let told = |who: &Value, fields: &[&str]| {
        fields
            .iter()
            .map(|field| who[*field].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(&all[0], &["adminRole", "adminStatus", "shopId"]),
        [json!("SUPERADMIN"), json!("ACTIVE"), Value::Null]
    );
    assert_eq!(
        told(&all[1], &["displayName", "city", "adminRole"]),
        [json!("Marta R."), json!("Buenos Aires"), Value::Null]
    );
    assert_eq!(
        told(&all[2], &["shopId", "shopStatus", "shopSource"]),
        [json!(owner.shop), json!("ACTIVE"), json!("ADMIN")]
    );
}
