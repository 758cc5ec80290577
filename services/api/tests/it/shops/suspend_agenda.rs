//! `POST /shops/{id}/suspend-agenda`: what becomes of the lives, and what is written down

use avvivo_domain::clients::reminder::in_words;
use avvivo_kernel::time::to_wire;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::Mall;
use crate::support::people::Owner;

/// A live, what became of it, from when to when, why and by whom.
type Event = (Uuid, String, DateTime<Utc>, DateTime<Utc>, String);

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

impl Suspended {
    /// The suspensions of the shop: from when, until when, what for, and by whom; the oldest first.
    async fn written(&self) -> Vec<(DateTime<Utc>, DateTime<Utc>, String, Option<Uuid>)> {
        sqlx::query_as(
            "SELECT start_at, end_at, reason, created_by FROM agenda_suspensions WHERE shop_id = $1 ORDER BY start_at",
        )
        .bind(self.owner.shop)
        .fetch_all(self.mall.app.pool())
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn a_suspension_is_written_down_with_what_it_did_to_each_live() {
    let suspended = Suspended::new().await;
    let admin = suspended.mall.admin.id;
    let written = suspended.written().await;
    let [(start, end, reason, by)] = &written[..] else {
        panic!("{written:?}")
    };
    assert_eq!((reason.as_str(), *by), ("Reportes validados", Some(admin)));
    assert_eq!(*end - *start, TimeDelta::days(30));
    assert_eq!(to_wire(*end), to_wire(suspended.until));
    let events: Vec<Event> = sqlx::query_as(
        "SELECT live_id, action::text, from_scheduled_at, to_scheduled_at, reason || ' ' || actor_type
         FROM live_schedule_events WHERE shop_id = $1 AND actor_id = $2 ORDER BY from_scheduled_at",
    )
    .bind(suspended.owner.shop)
    .bind(admin)
    .fetch_all(suspended.mall.app.pool())
    .await
    .unwrap();
    let (crowded, moved) = (
        suspended.live(suspended.crowded).await,
        suspended.live(suspended.inside).await,
    );
    let why = || "Sanción de agenda ADMIN".to_owned();
    // The one without a day would have gone as many weeks on.
    let wanted = crowded.2 + TimeDelta::weeks(4);
    let (pending, auto) = (
        "SET_PENDING_REPROGRAM".to_owned(),
        "AUTO_REPROGRAM".to_owned(),
    );
    let expected = [
        (suspended.crowded, pending, crowded.2, wanted, why()),
        (suspended.inside, auto, moved.3.unwrap(), moved.2, why()),
    ];
    assert_eq!(events, expected);
}

#[tokio::test]
async fn a_suspension_ends_when_it_is_lifted_let_in_or_replaced_and_there_is_one_at_a_time() {
    let suspended = Suspended::new().await;
    let (mall, id) = (&suspended.mall, json!(suspended.owner.shop));
    let suspend = async || drop(mall.act(&id, "suspend-agenda", &json!({"days": 5})).await);
    for end in ["suspend-agenda", "lift-suspension", "activate", "put"] {
        match end {
            "put" => drop(mall.put(&id, &json!({"agendaSuspendedUntil": null})).await),
            verb => drop(mall.act(&id, verb, &json!({"days": 5})).await),
        }
        if end != "suspend-agenda" {
            let open = "SELECT count(*)::text FROM agenda_suspensions WHERE shop_id = $1 AND end_at > now()";
            let open = mall.app.look(open, suspended.owner.shop).await;
            assert_eq!(open.as_deref(), Some("0"), "{end}");
            suspend().await;
        }
    }
    let written = suspended.written().await;
    assert_eq!(written.len(), 5);
    for pair in written.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?}");
    }
    // Its end moves with the shop's.
    let until = written[4].0 + TimeDelta::days(9);
    mall.put(&id, &json!({"agendaSuspendedUntil": to_wire(until)}))
        .await;
    assert_eq!(to_wire(suspended.written().await[4].1), to_wire(until));
    let overlapping = "INSERT INTO agenda_suspensions
        SELECT gen_random_uuid(), $1, now(), now() + interval '1 day', 'x', NULL, now()";
    let refused = sqlx::query(overlapping)
        .bind(suspended.owner.shop)
        .execute(mall.app.pool())
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("agenda_suspensions_do_not_overlap"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_suspension_and_its_events_go_with_the_shop() {
    let suspended = Suspended::new().await;
    let app = &suspended.mall.app;
    let path = format!("/shops/{}", suspended.owner.shop);
    app.delete(&path).bearer(suspended.mall.token()).await.ok();
    for table in ["agenda_suspensions", "live_schedule_events"] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
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
