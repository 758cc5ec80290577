//! Providers that are away, refuse, or answer somebody who died meanwhile.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use avvivo_app::{
    identity::recover_password,
    outbox::DrainReport,
    shops::{edit_shop, reset_password},
};
use avvivo_contracts::audience::Audience;
use avvivo_domain::identity::Email;
use avvivo_ports::{
    IdentityAdmin, IdentityError, IdentityUser, Mail, MailError, MailId, Mailer,
    fakes::{FakeIdentityAdmin, FakeMailer},
};
use avvivo_postgres::outbox::{self, Lag};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::{sync::Notify, time::timeout};

use super::{EMAIL, email, object};
use crate::support::{LIMIT, World, code};

/// How long a claim of an errand holds.
const CLAIM_TTL: TimeDelta = TimeDelta::seconds(90);

fn report(handed_over: usize, postponed: usize, refused: usize) -> DrainReport {
    DrainReport {
        handed_over,
        postponed,
        refused,
    }
}

impl World {
    async fn asked_for(&self, people: &[&str]) {
        for person in people {
            self.provider_knows(person);
            let email = Email::parse(person).unwrap();
            recover_password::run(&self.deps, &email).await.unwrap();
        }
    }

    async fn lag(&self) -> Lag {
        let mut conn = self.deps.db.acquire().await.unwrap();
        outbox::lag(&mut conn, self.now()).await.unwrap()
    }
}

#[tokio::test]
async fn a_provider_that_is_away_delays_mails_and_nothing_else() {
    let world = World::with_everybody().await;
    let people = ["a@b.c", "b@b.c", "c@b.c", "d@b.c", "e@b.c", "f@b.c"];
    world.asked_for(&people).await;
    let mut tx = world.begin().await;
    world.announce_to(&mut tx, Audience::PublicReels).await;
    tx.commit().await.unwrap();
    world.mailer.fail_next(4);
    // Four are tried and found to wait; the event goes.
    let runner = world.runner(world.mailer.clone());
    assert_eq!(runner.drain().await.unwrap(), report(1, 4, 0));
    assert_eq!(world.bus.events().len(), 1);
    let lag = world.lag().await;
    assert_eq!((lag.waiting, lag.errands_waiting, lag.refused), (0, 6, 0));

    // Two that are not due yet wait longer than those behind them.
    assert_eq!(runner.drain().await.unwrap(), report(2, 0, 0));
    world.advance(TimeDelta::milliseconds(500));
    assert_eq!(runner.drain().await.unwrap(), report(4, 0, 0));
    assert_eq!(runner.drain().await.unwrap(), report(0, 0, 0));
    let mails = world.mailer.mails();
    let mut to: Vec<_> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, people);
    let mut keys: Vec<_> = mails.iter().map(|mail| &mail.idempotency_key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 6);
    // Each had one link, asked for once.
    assert_eq!(world.provider.links().len(), 6);
}

#[tokio::test]
async fn an_identity_provider_that_is_away_is_asked_again() {
    let world = World::with_everybody().await;
    world.asked_for(&[EMAIL]).await;
    world.provider.fail_next(1);
    let runner = world.runner(world.mailer.clone());
    assert_eq!(runner.drain().await.unwrap(), report(0, 1, 0));
    world.advance(TimeDelta::seconds(1));
    assert_eq!(runner.drain().await.unwrap(), report(1, 0, 0));
    assert_eq!(world.mailer.mails().len(), 1);
}

/// Hands mails over, and lets nobody know: as if the process were killed between the provider's answer and the table.
struct Deadly {
    to: Arc<FakeMailer>,
    took: Notify,
}

#[async_trait]
impl Mailer for Deadly {
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError> {
        self.to.send(mail).await?;
        self.took.notify_one();
        pending().await
    }
}

#[tokio::test]
async fn who_dies_after_sending_leaves_the_same_mail_under_the_same_key() {
    let world = World::with_everybody().await;
    world.asked_for(&[EMAIL]).await;
    let deadly = Arc::new(Deadly {
        to: world.mailer.clone(),
        took: Notify::new(),
    });
    let dying = world.runner(deadly.clone());
    tokio::select! {
        drained = dying.drain() => panic!("it did not die: {drained:?}"),
        took = timeout(LIMIT, deadly.took.notified()) => took.unwrap(),
    }
    let sent = world.mailer.mails();
    assert_eq!(sent.len(), 1);

    // While the claim holds nobody else takes it up.
    let other = world.runner(world.mailer.clone());
    assert_eq!(other.drain().await.unwrap(), report(0, 0, 0));
    world.advance(CLAIM_TTL);
    // The fake refuses another mail under a key that it knows.
    assert_eq!(other.drain().await.unwrap(), report(1, 0, 0));
    assert_eq!(world.mailer.mails(), sent);
    assert_eq!(world.provider.links().len(), 1);
    assert_eq!(world.mails_waiting().await, 0);
}

#[tokio::test]
async fn a_link_that_runs_out_while_the_provider_is_away_is_renewed_under_another_key() {
    let world = World::with_everybody().await;
    world.asked_for(&[EMAIL]).await;
    world.mailer.fail_next(1);
    let runner = world.runner(world.mailer.clone());
    assert_eq!(runner.drain().await.unwrap(), report(0, 1, 0));
    world.advance(TimeDelta::minutes(49));
    world.mailer.fail_next(1);
    assert_eq!(runner.drain().await.unwrap(), report(0, 1, 0));
    assert_eq!(world.provider.links().len(), 1, "it is still good");

    world.advance(TimeDelta::minutes(2));
    assert_eq!(runner.drain().await.unwrap(), report(1, 0, 0));
    let mail = world.mailer.mails().pop().unwrap();
    let links = world.provider.links();
    assert_eq!(links.len(), 2);
    assert!(mail.text.contains(&links[1]) && !mail.text.contains(&links[0]));
    assert!(mail.idempotency_key.ends_with(".2"), "{mail:?}");
}

/// Never takes what is for one address.
struct Choosy(Arc<FakeMailer>);

#[async_trait]
impl Mailer for Choosy {
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError> {
        if mail.to == EMAIL {
            let reason = "422 validation_error".to_owned();
            return Err(MailError::Refused { reason });
        }
        self.0.send(mail).await
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_is_set_aside_and_in_nobodys_way() {
    let world = World::with_everybody().await;
    world.asked_for(&[EMAIL, "b@b.c"]).await;
    let runner = world.runner(Arc::new(Choosy(world.mailer.clone())));
    assert_eq!(runner.drain().await.unwrap(), report(1, 0, 1));
    assert_eq!(runner.drain().await.unwrap(), report(0, 0, 0));
    let lag = world.lag().await;
    assert_eq!((lag.errands_waiting, lag.refused), (0, 1));
    let kept = "SELECT last_error || ' ' || destination FROM outbox WHERE refused_at IS NOT NULL";
    let kept: String = sqlx::query_scalar(kept)
        .fetch_one(world.pool())
        .await
        .unwrap();
    // What people and logs see of it has neither an address nor a link.
    assert_eq!(
        kept,
        "the mail provider refused the mail: 422 validation_error recover-password"
    );
}

#[tokio::test]
async fn a_mail_that_could_not_be_sent_for_a_day_is_set_aside() {
    let world = World::with_everybody().await;
    world.asked_for(&[EMAIL]).await;
    world.advance(TimeDelta::hours(23) + TimeDelta::seconds(1));
    let runner = world.runner(world.mailer.clone());
    assert_eq!(runner.drain().await.unwrap(), report(0, 0, 1));
    assert!(world.mailer.mails().is_empty());
}

/// Says how long to wait.
struct Busy(Duration);

#[async_trait]
impl Mailer for Busy {
    async fn send(&self, _: &Mail) -> Result<MailId, MailError> {
        Err(MailError::Unavailable {
            reason: "429 rate_limit_exceeded".to_owned(),
            retry_after: Some(self.0),
        })
    }
}

#[tokio::test]
async fn a_provider_says_how_long_to_wait_and_is_believed_for_an_hour() {
    for (wish, waited) in [
        (Duration::from_secs(30), TimeDelta::seconds(30)),
        (Duration::from_hours(9), TimeDelta::hours(1)),
    ] {
        let world = World::with_everybody().await;
        world.asked_for(&[EMAIL]).await;
        let busy = world.runner(Arc::new(Busy(wish)));
        assert_eq!(busy.drain().await.unwrap(), report(0, 1, 0));
        world.advance(waited - TimeDelta::milliseconds(1));
        let runner = world.runner(world.mailer.clone());
        assert_eq!(runner.drain().await.unwrap(), report(0, 0, 0));
        world.advance(TimeDelta::milliseconds(1));
        assert_eq!(runner.drain().await.unwrap(), report(1, 0, 0));
    }
}

#[tokio::test]
async fn strangers_cannot_have_any_number_of_mails_waiting() {
    let world = World::with_everybody().await;
    let full = "INSERT INTO outbox (id, kind, destination, payload, created_at, next_attempt_at)
                SELECT gen_random_uuid(), 'MAIL', 'recover-password', ''::bytea, now(), now()
                FROM generate_series(1, 10000)";
    sqlx::query(full).execute(world.pool()).await.unwrap();
    let refused = recover_password::run(&world.deps, &email()).await;
    assert_eq!(code(refused), "mail.unavailable");
    assert_eq!(world.mails_waiting().await, 10_000);
}

/// Makes the first link only when it is let go on.
struct Slow {
    provider: Arc<FakeIdentityAdmin>,
    slept: AtomicBool,
    asked: Notify,
    go_on: Notify,
}

#[async_trait]
impl IdentityAdmin for Slow {
    async fn find_by_email(&self, email: &str) -> Result<Option<IdentityUser>, IdentityError> {
        self.provider.find_by_email(email).await
    }

    async fn ensure_user(
        &self,
        email: &str,
        password: Option<&SecretString>,
    ) -> Result<IdentityUser, IdentityError> {
        self.provider.ensure_user(email, password).await
    }

    async fn password_reset_link(
        &self,
        email: &str,
        next: &str,
    ) -> Result<SecretString, IdentityError> {
        let link = self.provider.password_reset_link(email, next).await;
        if !self.slept.swap(true, Ordering::SeqCst) {
            self.asked.notify_one();
            self.go_on.notified().await;
        }
        link
    }

    async fn verification_link(
        &self,
        email: &str,
        next: Option<&str>,
    ) -> Result<SecretString, IdentityError> {
        self.provider.verification_link(email, next).await
    }
}

/// A provider that makes its first link only when it is let go on.
fn slow(world: &mut World) -> Arc<Slow> {
    let slow = Arc::new(Slow {
        provider: world.provider.clone(),
        slept: AtomicBool::new(false),
        asked: Notify::new(),
        go_on: Notify::new(),
    });
    world.deps.people = slow.clone();
    slow
}

#[tokio::test]
async fn an_address_that_changes_while_its_link_is_asked_for_gets_no_mail() {
    let mut world = World::with_everybody().await;
    let slow = slow(&mut world);
    let admin = world.admin().await;
    let shop = world.shop().open().await;
    let give = "UPDATE shops SET email = 'antes@example.com' WHERE id = $1";
    world.arrange(give, shop.id.as_uuid()).await;
    let changing = async {
        timeout(LIMIT, slow.asked.notified()).await.unwrap();
        // Nobody holds the shop meanwhile.
        let body = object(&json!({"email": "ahora@example.com"}));
        let edited = edit_shop::run(&world.deps, &admin, shop.id, &body);
        timeout(LIMIT, edited).await.unwrap().unwrap();
        slow.go_on.notify_one();
    };
    let (reset, ()) = tokio::join!(reset_password::run(&world.deps, &admin, shop.id), changing);
    let reset = reset.unwrap();
    assert_eq!(reset.link.expose_secret(), &world.provider.links()[1]);
    let mail = world.only_mail().await;
    assert_eq!(mail.to, "ahora@example.com");
    assert!(mail.text.contains(reset.link.expose_secret()));
    let written = "SELECT count(*) FROM audit_log WHERE action = 'SHOP_PASSWORD_RESET'";
    assert_eq!(world.count(written).await, 1);
}

#[tokio::test]
async fn who_was_taken_for_dead_sends_no_other_mail() {
    let mut world = World::with_everybody().await;
    world.asked_for(&[EMAIL]).await;
    let slow = slow(&mut world);
    let (late, other) = (
        world.runner(world.mailer.clone()),
        world.runner(world.mailer.clone()),
    );
    let ((), drained) = tokio::join!(
        async {
            timeout(LIMIT, slow.asked.notified()).await.unwrap();
            world.advance(CLAIM_TTL);
            world.mailer.fail_next(1);
            // It has kept its mail by now, and will send it.
            assert_eq!(other.drain().await.unwrap(), report(0, 1, 0));
            slow.go_on.notify_one();
        },
        late.drain()
    );
    assert_eq!(drained.unwrap(), report(0, 0, 0));
    assert!(world.mailer.mails().is_empty());
    world.advance(TimeDelta::seconds(2));
    assert_eq!(other.drain().await.unwrap(), report(1, 0, 0));
    let links = world.provider.links();
    assert_eq!(links.len(), 2);
    assert!(world.mailer.mails()[0].text.contains(&links[1]));
}
