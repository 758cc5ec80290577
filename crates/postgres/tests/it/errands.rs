//! Errands: each kind in a lane of its own, rewritten only by who holds them; and what the map said.

use avvivo_domain::identity::Role;
use avvivo_postgres::{
    outbox::{
        self, Kind, Pending, PendingKind, Postponed,
        errands::{self, Errand, NewErrand},
    },
    places::{self, Looked},
    shops::addressees::{self, Addressee},
};
use chrono::TimeDelta;

use crate::support::{World, noon};

const CLAIM_TTL: TimeDelta = TimeDelta::seconds(90);

impl World {
    async fn errand(&self, errand: Errand, about: &str) -> NewErrand {
        let errand = NewErrand {
            id: self.id().into(),
            errand,
            about: about.to_owned(),
            payload: b"order".to_vec(),
            traceparent: None,
        };
        let mut tx = self.begin().await;
        errands::push(&mut tx, &errand, noon()).await.unwrap();
        assert!(tx.written().errands && !tx.written().jobs);
        tx.commit().await.unwrap();
        errand
    }

    async fn claimed(&self, errand: Errand, seconds: i64) -> Vec<Pending> {
        let now = noon() + TimeDelta::seconds(seconds);
        let mut tx = self.begin().await;
        let kind = Kind::Errands(errand);
        let rows = outbox::claim(&mut tx, kind, (now, now + CLAIM_TTL), 10).await;
        tx.commit().await.unwrap();
        rows.unwrap()
    }
}

#[tokio::test]
async fn each_kind_is_claimed_by_itself_and_another_that_waits_is_in_nobodys_way() {
    let world = World::new().await;
    let mail = world.errand(Errand::Mail, "welcome").await;
    let place = world.errand(Errand::Place, "a-shop").await;
    let mut conn = world.db.acquire().await.unwrap();
    for kind in [Kind::Events, Kind::Jobs] {
        let none = outbox::claim(&mut conn, kind, (noon(), noon()), 10).await;
        assert!(none.unwrap().is_empty());
    }
    let [row] = &world.claimed(Errand::Mail, 0).await[..] else {
        unreachable!("one mail waits")
    };
    assert_eq!(
        (row.id, &row.payload, row.attempts),
        (mail.id, &mail.payload, 1)
    );
    let what = PendingKind::Errand {
        errand: Errand::Mail,
        about: "welcome".to_owned(),
    };
    assert_eq!(row.what, what);
    let postponed = Postponed {
        id: row.id,
        next_attempt_at: noon() + TimeDelta::seconds(60),
        reason: "503".to_owned(),
    };
    outbox::postpone(&mut conn, &[postponed]).await.unwrap();
    let later = world.errand(Errand::Mail, "shop-invite").await;
    let ids = |rows: Vec<Pending>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(world.claimed(Errand::Mail, 1).await), [later.id]);
    assert_eq!(ids(world.claimed(Errand::Place, 1).await), [place.id]);

    let now = noon() + TimeDelta::seconds(1);
    let lag = outbox::lag(&mut conn, now).await.unwrap();
    assert_eq!(
        (lag.waiting, lag.errands_waiting, lag.errands_oldest_ms),
        (0, 3, 1_000)
    );
    outbox::set_refused(&mut conn, mail.id, "never", now)
        .await
        .unwrap();
    let lag = outbox::lag(&mut conn, now).await.unwrap();
    assert_eq!((lag.errands_waiting, lag.refused), (2, 1));
    assert_eq!(
        errands::waiting(&mut conn, Errand::Mail, 9).await.unwrap(),
        1
    );
    assert_eq!(
        errands::waiting(&mut conn, Errand::Place, 0).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn only_who_holds_an_errand_rewrites_it() {
    let world = World::new().await;
    let errand = world.errand(Errand::Mail, "welcome").await;
    let first = world.claimed(Errand::Mail, 0).await;
    let second = world.claimed(Errand::Mail, 90).await;
    assert_eq!((first[0].attempts, second[0].attempts), (1, 2));
    let mut conn = world.db.acquire().await.unwrap();
    assert!(
        !errands::rewrite(&mut conn, errand.id, 1, b"late")
            .await
            .unwrap()
    );
    assert!(
        errands::rewrite(&mut conn, errand.id, 2, b"kept")
            .await
            .unwrap()
    );
    outbox::confirm(&mut conn, &[errand.id]).await.unwrap();
    assert!(
        !errands::rewrite(&mut conn, errand.id, 2, b"gone")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn what_the_map_said_is_kept_and_renewed() {
    let world = World::new().await;
    let mut conn = world.db.acquire().await.unwrap();
    assert_eq!(places::find(&mut conn, "cuenca 612").await.unwrap(), None);
    for looked in [
        Looked {
            point: None,
            at: noon(),
        },
        Looked {
            point: Some((-34.6281, -58.4779)),
            at: noon() + TimeDelta::days(1),
        },
    ] {
        places::keep(&mut conn, "cuenca 612", looked).await.unwrap();
        let found = places::find(&mut conn, "cuenca 612").await.unwrap();
        assert_eq!(found, Some(looked));
    }
}

#[tokio::test]
async fn whom_an_address_is_for_is_found_by_whatever_uses_it() {
    let world = World::new().await;
    let mut conn = world.db.acquire().await.unwrap();
    let found = addressees::find(&mut conn, "a@b.c").await.unwrap();
    assert_eq!(found, Addressee::default());
    for (arrange, shop) in [
        (
            "INSERT INTO shops (id, name, slug, contact_email_private, created_at, updated_at)
             VALUES (gen_random_uuid(), 'Reservada', 'r', 'a@b.c', now(), now())",
            "Reservada",
        ),
        (
            "INSERT INTO shops (id, name, slug, email, created_at, updated_at)
             VALUES (gen_random_uuid(), 'Abierta', 'a', 'a@b.c', now(), now())",
            "Abierta",
        ),
    ] {
        sqlx::query(arrange).execute(world.pool()).await.unwrap();
        let found = addressees::find(&mut conn, "a@b.c").await.unwrap();
        assert_eq!(found.shop.as_deref(), Some(shop));
    }
    let account = "INSERT INTO accounts (id, email, role, created_at)
                   VALUES (gen_random_uuid(), 'a@b.c', 'PENDING_STORE', now())";
    sqlx::query(account).execute(world.pool()).await.unwrap();
    let found = addressees::find(&mut conn, "a@b.c").await.unwrap();
    assert_eq!(found.role, Some(Role::PendingStore));
}
