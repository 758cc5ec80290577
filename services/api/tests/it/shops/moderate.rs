//! `POST /shops/{id}/` activate, reject, suspend-agenda, lift-suspension, assign-owner

use avvivo_domain::clients::reminder::in_words;
use avvivo_kernel::time::to_wire;
use chrono::{DateTime, TimeDelta, Utc};
use gcp_local::FirebaseIdToken;
use serde_json::json;
use uuid::Uuid;

use super::Mall;
use crate::support::people::Owner;

#[tokio::test]
async fn a_rejected_shops_owner_is_locked_out_and_comes_back_with_it() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let (id, token) = (json!(owner.shop), mall.app.token(&owner.person));
    let rejected = mall
        .act(&id, "reject", &json!({"reason": "CUIT ajeno"}))
        .await;
    assert_eq!(
        (
            &rejected["status"],
            &rejected["visibilityState"],
            &rejected["verificationState"],
            &rejected["statusReason"]
        ),
        (
            &json!("HIDDEN"),
            &json!("HIDDEN"),
            &json!("REJECTED"),
            &json!("CUIT ajeno")
        )
    );
    let own = mall
        .app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await;
    assert_eq!(own.word(), "403 auth.suspended");
    let activated = mall.act(&id, "activate", &json!({})).await;
    assert_eq!(
        (&activated["status"], &activated["statusReason"]),
        (&json!("ACTIVE"), &json!(null))
    );
    mall.app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await
        .ok();
    assert_eq!(mall.audited(&id).await, ["SHOP_REJECTED", "SHOP_ACTIVATED"]);
    let account = json!(owner.person.id);
    assert_eq!(mall.audited(&account).await, ["ACCOUNT_STATUS_CHANGED"; 2]);
}

/// A live's id, status, time, first time and batch.
type Moved = (
    Uuid,
    String,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<Uuid>,
);

async fn live(mall: &Mall, shop: Uuid, in_days: f64) -> Uuid {
    sqlx::query_scalar(
        "INSERT INTO streams (id, shop_id, title, scheduled_at, created_at)
         VALUES (gen_random_uuid(), $1, 'Vivo', now() + $2 * interval '1 day', now()) RETURNING id",
    )
    .bind(shop)
    .bind(in_days)
    .fetch_one(mall.app.pool())
    .await
    .unwrap()
}

/// A shop whose agenda is suspended for thirty days.
struct Suspended {
    mall: Mall,
    owner: Owner,
    /// When it may schedule again.
    until: DateTime<Utc>,
    /// A live of that time, of which a buyer wanted to be reminded.
    inside: Uuid,
    /// Another one, for which there is no day.
    crowded: Uuid,
    /// One of later.
    outside: Uuid,
}

impl Suspended {
    async fn new() -> Self {
        let mall = Mall::open().await;
        let owner = mall.app.owner(1).await;
        let inside = live(&mall, owner.shop, 12.0).await;
        let outside = live(&mall, owner.shop, 60.0).await;
        // The day that the next one would be moved to is taken.
        let crowded = live(&mall, owner.shop, 3.0).await;
        live(&mall, owner.shop, 31.0).await;
        let token = mall.app.token(&mall.app.client(2).await);
        for live in [inside, crowded] {
            let path = format!("/clients/me/reminders/{live}");
            mall.app.post(&path).bearer(&token).await.ok();
        }
        let body = json!({"days": 30, "reason": "Reportes validados"});
        let suspended = mall.act(&json!(owner.shop), "suspend-agenda", &body).await;
        assert_eq!(
            (&suspended["status"], &suspended["agendaSuspendedReason"]),
            (&json!("AGENDA_SUSPENDED"), &json!("Reportes validados"))
        );
        let until = suspended["agendaSuspendedUntil"].as_str().unwrap();
        Self {
            until: until.parse().unwrap(),
            mall,
            owner,
            inside,
            crowded,
            outside,
        }
    }

    async fn live(&self, id: Uuid) -> Moved {
        sqlx::query_as(
            "SELECT id, status::text, scheduled_at, original_scheduled_at, reprogram_batch_id FROM streams WHERE id = $1",
        )
        .bind(id)
        .fetch_one(self.mall.app.pool())
        .await
        .unwrap()
    }

    /// When somebody is reminded of a live, how that notification stands, and whether it says when the live is.
    async fn reminded(&self, live: Uuid) -> (Option<DateTime<Utc>>, String, bool) {
        let (notify_at, status, message, at): (_, _, String, DateTime<Utc>) = sqlx::query_as(
            "SELECT r.notify_at, n.status::text, n.message, s.scheduled_at
             FROM reminders AS r JOIN streams AS s ON s.id = r.stream_id JOIN notifications AS n ON n.ref_id = s.id
             WHERE s.id = $1",
        )
        .bind(live)
        .fetch_one(self.mall.app.pool())
        .await
        .unwrap();
        (notify_at, status, message.contains(&in_words(at)))
    }
}

#[tokio::test]
async fn what_is_announced_for_a_suspension_is_moved_behind_it_in_the_same_commit() {
    let suspended = Suspended::new().await;
    let moved = suspended.live(suspended.inside).await;
    let behind = moved.2 - suspended.until;
    assert!(
        behind > TimeDelta::zero() && behind <= TimeDelta::days(7),
        "{moved:?}"
    );
    assert_eq!(moved.2 - moved.3.unwrap(), TimeDelta::days(21));
    let crowded = suspended.live(suspended.crowded).await;
    assert_eq!(crowded.1, "PENDING_REPROGRAMMATION");
    assert_eq!(crowded.4, moved.4);
    let outside = suspended.live(suspended.outside).await;
    assert_eq!((outside.4, outside.3), (None, None));
    // The owner still acts as the shop.
    let mall = &suspended.mall;
    let token = mall.app.token(&suspended.owner.person);
    mall.app
        .get("/chat/shop/conversations")
        .bearer(&token)
        .await
        .ok();
    let id = json!(suspended.owner.shop);
    let lifted = mall.act(&id, "lift-suspension", &json!({})).await;
    assert_eq!(
        (&lifted["status"], &lifted["agendaSuspendedUntil"]),
        (&json!("ACTIVE"), &json!(null))
    );
    assert_eq!(
        mall.audited(&id).await,
        ["AGENDA_SUSPENDED", "AGENDA_SUSPENSION_LIFTED"]
    );
}

#[tokio::test]
async fn a_reminder_says_when_a_moved_live_is_and_none_goes_out_for_one_without_a_day() {
    let suspended = Suspended::new().await;
    let moved = suspended.live(suspended.inside).await;
    let (notify_at, status, says_when) = suspended.reminded(suspended.inside).await;
    assert_eq!(notify_at, Some(moved.2 - TimeDelta::minutes(15)));
    assert_eq!((status.as_str(), says_when), ("QUEUED", true));
    let (notify_at, status, _) = suspended.reminded(suspended.crowded).await;
    assert_eq!((notify_at, status.as_str()), (None, "CANCELED"));
}

#[tokio::test]
async fn the_entry_of_a_suspension_names_the_lives_that_were_moved() {
    let suspended = Suspended::new().await;
    let written: serde_json::Value = sqlx::query_scalar(
        "SELECT jsonb_build_array(before -> 'lives', after -> 'lives') FROM audit_log WHERE action = 'AGENDA_SUSPENDED'",
    )
    .fetch_one(suspended.mall.app.pool())
    .await
    .unwrap();
    let named = |side: usize, id: Uuid| {
        let lives = written[side].as_array().unwrap();
        assert_eq!(lives.len(), 2);
        let live = lives.iter().find(|live| live["id"] == id.to_string());
        live.unwrap()["scheduledAt"].clone()
    };
    let moved = suspended.live(suspended.inside).await;
    let (before, after) = (moved.3.unwrap(), moved.2);
    assert_eq!(named(0, suspended.inside), to_wire(before));
    assert_eq!(named(1, suspended.inside), to_wire(after));
    assert!(named(0, suspended.crowded).is_string());
    assert!(named(1, suspended.crowded).is_null());
}

#[tokio::test]
async fn a_suspension_has_a_length_and_bans_are_not_lifted() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let ask = async |verb: &str, body| {
        let path = format!("/shops/{}/{verb}", owner.shop);
        mall.app
            .post(&path)
            .bearer(mall.token())
            .json(&body)
            .await
            .word()
    };
    for days in [json!(-1), json!("mucho"), json!(366)] {
        assert_eq!(
            ask("suspend-agenda", json!({"days": days})).await,
            "400 shop.invalid_days"
        );
    }
    assert_eq!(
        ask("toggle-penalty", json!({})).await,
        "410 shop.penalties_gone"
    );
    mall.app
        .change(
            "UPDATE shops SET status = 'BANNED' WHERE id = $1",
            owner.shop,
        )
        .await;
    assert_eq!(ask("lift-suspension", json!({})).await, "409 shop.banned");
}

#[tokio::test]
async fn a_shop_without_a_body_or_type_can_be_lifted() {
    let mall = Mall::open().await;
    let owner = mall.app.owner(1).await;
    let path = format!("/shops/{}/lift-suspension", owner.shop);
    mall.app
        .post(&path)
        .bearer(mall.token())
        .text("")
        .await
        .ok();
    mall.app.post(&path).bearer(mall.token()).await.ok();
}

#[tokio::test]
async fn a_shop_given_to_somebody_else_releases_who_had_it() {
    let mall = Mall::open().await;
    let (owner, buyer, other) = (
        mall.app.owner(1).await,
        mall.app.client(2).await,
        mall.app.owner(3).await,
    );
    let path = format!("/shops/{}/assign-owner", owner.shop);
    for (body, refusal) in [
        (json!({}), "400 shop.owner_not_found"),
        (
            json!({"email": "nobody@example.com"}),
            "400 shop.owner_not_found",
        ),
        (
            json!({"authUserId": mall.admin.id}),
            "400 shop.owner_administers",
        ),
        (
            json!({"authUserId": other.person.id}),
            "400 shop.owner_has_shop",
        ),
    ] {
        let answer = mall.app.post(&path).bearer(mall.token()).json(&body).await;
        assert_eq!(answer.word(), refusal, "{body}");
    }
    let body = json!({"authUserId": "no-such-id", "email": buyer.email.to_uppercase()});
    let given = mall
        .app
        .post(&path)
        .bearer(mall.token())
        .json(&body)
        .await
        .ok();
    assert_eq!(given["authUserId"], buyer.id.to_string());
    let sells = |person| {
        mall.app
            .get("/chat/shop/conversations")
            .bearer(mall.app.token(person))
    };
    sells(&buyer).await.ok();
    assert_eq!(sells(&owner.person).await.word(), "403 auth.not_allowed");
    assert_eq!(
        mall.audited(&json!(owner.shop)).await,
        ["SHOP_OWNER_ASSIGNED"]
    );
}

#[tokio::test]
async fn being_given_a_hidden_shop_suspends_nobody() {
    let mall = Mall::open().await;
    let (owner, buyer) = (mall.app.owner(1).await, mall.app.client(2).await);
    mall.act(&json!(owner.shop), "reject", &json!({})).await;
    let body = json!({"authUserId": buyer.id});
    mall.act(&json!(owner.shop), "assign-owner", &body).await;
    for person in [&buyer, &owner.person] {
        mall.app
            .get("/reels")
            .bearer(mall.app.token(person))
            .await
            .ok();
    }
}

/// Somebody's token of the identity provider.
fn token(uid: &str, email: &str, email_verified: bool) -> FirebaseIdToken {
    FirebaseIdToken {
        uid: uid.to_owned(),
        email: Some(email.to_owned()),
        email_verified,
        ..FirebaseIdToken::default()
    }
}

#[tokio::test]
async fn who_never_proved_an_address_does_not_get_the_shop_of_its_owner() {
    let mall = Mall::open().await;
    let me = async |token: &FirebaseIdToken| {
        let asked = mall.app.get("/auth/me").bearer(mall.app.mint(token));
        asked.await
    };
    for (number, given) in [(1, "created"), (2, "assigned")] {
        let email = format!("ventas{number}@example.com");
        // Anybody can register anybody's address with the identity provider.
        let stranger = token(&format!("stranger{number}"), &email, false);
        assert_eq!(me(&stranger).await.ok()["role"], "UNDEFINED");
        if given == "created" {
            mall.shop("Luna Azul", json!({"email": email})).await;
        } else {
            let shop = mall.shop("Luna Roja", json!({})).await;
            let body = json!({"email": email});
            mall.act(&shop["id"], "assign-owner", &body).await;
        }
        assert_eq!(me(&stranger).await.status, 401, "{given}");
        let owner = token(&format!("owner{number}"), &email, true);
        assert_eq!(me(&owner).await.ok()["role"], "STORE", "{given}");
        assert_eq!(me(&stranger).await.status, 401, "{given}");
        // They keep it when they are given another shop.
        let proven: bool = sqlx::query_scalar("SELECT email_proven FROM accounts WHERE email = $1")
            .bind(&email)
            .fetch_one(mall.app.pool())
            .await
            .unwrap();
        assert!(proven, "{given}");
    }
}

#[tokio::test]
async fn giving_a_banned_shop_away_ends_no_other_suspension() {
    let mall = Mall::open().await;
    let (owner, buyer) = (mall.app.owner(1).await, mall.app.client(2).await);
    mall.app
        .change(
            "UPDATE accounts SET status = 'SUSPENDED' WHERE id = $1",
            owner.person.id,
        )
        .await;
    mall.act(&json!(owner.shop), "reject", &json!({})).await;
    let body = json!({"authUserId": buyer.id});
    mall.act(&json!(owner.shop), "assign-owner", &body).await;
    let asked = mall.app.get("/reels").bearer(mall.app.token(&owner.person));
    assert_eq!(asked.await.word(), "403 auth.suspended");
}
