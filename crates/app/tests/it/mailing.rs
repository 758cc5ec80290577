//! Mails: ordered in the commit that causes them, written out once, sent once.

mod outages;

use std::sync::Arc;

use avvivo_app::{
    identity::{choose_role, prove_address, recover_password},
    outbox::DrainReport,
    shops::{create_shop, register_shop, reset_password, send_invite},
};
use avvivo_domain::{
    identity::{Caller, Email, Role, UserType, onboarding::Intent},
    shops::{Shop, create::NewShop, intake::meta::Origin},
};
use avvivo_ports::{IdentityUser, Mail};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use crate::support::{World, code};

pub(crate) const EMAIL: &str = "ana@example.com";

pub(crate) fn email() -> Email {
    Email::parse(EMAIL).unwrap()
}

pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

impl World {
    /// The provider knows somebody of that address.
    pub(crate) fn provider_knows(&self, email: &str) {
        self.provider.put(IdentityUser {
            uid: format!("uid-{email}"),
            email: email.to_owned(),
            email_verified: true,
            disabled: false,
        });
    }

    /// Runs errands, in as many claims as it takes.
    pub(crate) async fn run_errands(&self) -> DrainReport {
        let runner = self.runner(self.mailer.clone());
        let mut total = DrainReport::default();
        loop {
            let report = runner.drain().await.unwrap();
            total.handed_over += report.handed_over;
            total.postponed += report.postponed;
            total.refused += report.refused;
            if report.handed_over == 0 {
                return total;
            }
        }
    }

    /// Sends what waits and answers the one mail that has been sent.
    async fn only_mail(&self) -> Mail {
        self.run_errands().await;
        let mut mails = self.mailer.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.pop().unwrap()
    }

    pub(crate) async fn mails_waiting(&self) -> i64 {
        self.count("SELECT count(*) FROM outbox WHERE kind = 'MAIL'")
            .await
    }

    pub(crate) async fn registers(&self, caller: Option<&Caller>, name: &str, email: &str) -> Shop {
        let body = json!({
            "storeName": name, "razonSocial": "Hilos SRL", "cuit": "30712345671", "email": email,
            "whatsapp": "1144445555",
            "address": {"street": "Helguera", "number": "455", "city": "CABA", "province": "CABA"},
            "consents": {"termsAccepted": true, "contactAccepted": true},
            "socialHandles": {"instagram": "hilos"},
        });
        register_shop::run(&self.deps, caller, &object(&body), &Origin::default())
            .await
            .unwrap()
            .shop
    }

    pub(crate) async fn creates(&self, body: &Value) -> Shop {
        let request = NewShop::read(&object(body)).unwrap();
        let admin = self.admin().await;
        let created = create_shop::run(&self.deps, &admin, request).await;
        created.unwrap().shop
    }
}

fn has(mail: &Mail, words: &[&str]) {
    for word in words {
        assert!(mail.html.contains(word), "{word}: {}", mail.html);
        assert!(mail.text.contains(word), "{word}: {}", mail.text);
    }
}

#[tokio::test]
async fn who_came_to_buy_is_welcomed_once() {
    let world = World::with_everybody().await;
    let account = world.account("CLIENT", "UNDEFINED").await;
    let newcomer = world.caller(account, UserType::Client, Role::Undefined);
    choose_role::run(&world.deps, &newcomer, Intent::User)
        .await
        .unwrap();
    let mail = world.only_mail().await;
    assert_eq!(
        (mail.to.as_str(), mail.subject.as_str()),
        (newcomer.email.as_str(), "Bienvenido a Avellaneda en Vivo")
    );
    has(&mail, &["https://app.test"]);
    assert_eq!(world.mails_waiting().await, 0);
    let again = choose_role::run(&world.deps, &newcomer, Intent::User).await;
    assert_eq!(code(again), "onboarding.already_chosen");
    assert_eq!(world.only_mail().await, mail);
}

#[tokio::test]
async fn who_came_to_sell_is_not_welcomed_as_a_buyer() {
    let world = World::with_everybody().await;
    let account = world.account("CLIENT", "UNDEFINED").await;
    let newcomer = world.caller(account, UserType::Client, Role::Undefined);
    choose_role::run(&world.deps, &newcomer, Intent::Store)
        .await
        .unwrap();
    assert_eq!(world.mails_waiting().await, 0);
}

#[tokio::test]
async fn who_forgot_their_password_gets_a_link_under_the_key_of_the_order() {
    let world = World::with_everybody().await;
    world.provider_knows(EMAIL);
    recover_password::run(&world.deps, &email()).await.unwrap();
    assert!(world.provider.links().is_empty(), "nobody waits for a link");
    let order =
        "SELECT id::text FROM outbox WHERE kind = 'MAIL' AND destination = 'recover-password'";
    let order: String = sqlx::query_scalar(order)
        .fetch_one(world.pool())
        .await
        .unwrap();
    let mail = world.only_mail().await;
    assert_eq!((mail.to.as_str(), &mail.idempotency_key), (EMAIL, &order));
    assert_eq!(mail.subject, "Recuperacion de clave | Avellaneda en Vivo");
    let links = world.provider.links();
    assert!(links[0].ends_with("continueUrl=https://app.test/reset?intent=forgot_password"));
    assert!(mail.text.contains(&links[0]), "{}", mail.text);
}

#[tokio::test]
async fn nobody_is_written_to_whom_the_provider_does_not_know() {
    let world = World::with_everybody().await;
    recover_password::run(&world.deps, &email()).await.unwrap();
    prove_address::run(&world.deps, &email()).await.unwrap();
    let report = world.run_errands().await;
    assert_eq!((report.handed_over, report.refused), (2, 0));
    assert!(world.mailer.mails().is_empty());
    assert_eq!(world.mails_waiting().await, 0);
}

#[tokio::test]
async fn an_address_is_proven_as_what_it_is_used_for() {
    let buyer = "Confirma tu cuenta de usuario | Avellaneda en Vivo";
    let nameless = "Activa tu tienda | Avellaneda en Vivo";
    let named = "Activa tu tienda Tienda | Avellaneda en Vivo";
    for (arrange, subject) in [
        ("SELECT $1", buyer),
        (
            "INSERT INTO accounts (id, email, role, created_at) VALUES (gen_random_uuid(), $1, 'USER', now())",
            buyer,
        ),
        (
            "INSERT INTO accounts (id, email, role, created_at) VALUES (gen_random_uuid(), $1, 'PENDING_STORE', now())",
            nameless,
        ),
        (
            "INSERT INTO shops (id, name, slug, email, created_at, updated_at)
             VALUES (gen_random_uuid(), 'Tienda', 't', $1, now(), now())",
            named,
        ),
        (
            "INSERT INTO shops (id, name, slug, contact_email_private, created_at, updated_at)
             VALUES (gen_random_uuid(), 'Tienda', 't', $1, now(), now())",
            named,
        ),
    ] {
        let world = World::with_everybody().await;
        world.provider_knows(EMAIL);
        let arranged = sqlx::query(arrange).bind(EMAIL).execute(world.pool());
        arranged.await.unwrap();
        prove_address::run(&world.deps, &email()).await.unwrap();
        let mail = world.only_mail().await;
        assert_eq!(mail.subject, subject, "{arrange}");
        let links = world.provider.links();
        assert!(links[0].contains("verifyEmail") && !links[0].contains("continueUrl"));
        assert!(mail.text.contains(&links[0]));
    }
}

#[tokio::test]
async fn a_stranger_who_registers_a_shop_proves_the_address_they_gave() {
    let world = World::with_everybody().await;
    world.registers(None, "Luna <b>Azul</b> & Cía", EMAIL).await;
    let mail = world.only_mail().await;
    assert_eq!(mail.to, EMAIL);
    // The provider made their account, and its link verifies the address too.
    assert_eq!(world.provider.users().len(), 1);
    assert!(world.provider.links()[0].ends_with("intent=self_register"));
    assert!(
        mail.html
            .contains("Luna &#60;b&#62;Azul&#60;/b&#62; &#38; Cía")
    );
    assert!(!mail.html.contains("<b>Azul"));
    assert!(mail.text.contains("Luna <b>Azul</b> & Cía"));
}

#[tokio::test]
async fn who_is_signed_in_is_told_at_the_address_of_their_token() {
    for (given, says) in [
        ("somebody.else@example.com", "pendiente de revisión"),
        (EMAIL, "visible en modo estático"),
    ] {
        let world = World::with_everybody().await;
        let account = world.account("CLIENT", "PENDING_STORE").await;
        let caller = Caller {
            email: EMAIL.to_owned(),
            ..world.caller(account, UserType::Client, Role::PendingStore)
        };
        let shop = world.registers(Some(&caller), "Luna Azul", given).await;
        let mail = world.only_mail().await;
        assert_eq!(mail.to, EMAIL);
        assert_eq!(
            mail.subject,
            "Registro confirmado: Luna Azul | Avellaneda en Vivo"
        );
        has(
            &mail,
            &[&format!("https://app.test/tiendas/{}", shop.id), says],
        );
        assert!(world.provider.links().is_empty());
    }
}

#[tokio::test]
async fn whom_an_administrator_gives_a_shop_is_invited() {
    let world = World::with_everybody().await;
    world
        .creates(&json!({"name": "Luna Azul", "email": EMAIL}))
        .await;
    let mail = world.only_mail().await;
    assert_eq!(
        mail.subject,
        "Activa tu cuenta de tienda | Avellaneda en Vivo"
    );
    assert_eq!(mail.to, EMAIL);
    assert!(world.provider.links()[0].ends_with("intent=shop_invite"));
    // Without an address there is nobody to invite.
    world.creates(&json!({"name": "Sol"})).await;
    assert_eq!(world.mails_waiting().await, 0);
}

#[tokio::test]
async fn an_owner_is_invited_again() {
    let world = World::with_everybody().await;
    let shop = world.shop().open().await;
    let admin = world.admin().await;
    let refused = send_invite::run(&world.deps, &admin, shop.id).await;
    assert_eq!(code(refused), "shop.nobody_to_invite");
    let stated =
        "UPDATE shops SET email = 'ana@example.com', requires_email_fix = true WHERE id = $1";
    world.arrange(stated, shop.id.as_uuid()).await;
    send_invite::run(&world.deps, &admin, shop.id)
        .await
        .unwrap();
    let mail = world.only_mail().await;
    assert_eq!(mail.to, EMAIL);
    let written =
        "SELECT count(*) FROM audit_log WHERE action = 'SHOP_INVITE_SENT' AND actor_type = 'ADMIN'";
    assert_eq!(world.count(written).await, 1);
    let fixed = "SELECT count(*) FROM shops WHERE NOT requires_email_fix";
    assert_eq!(world.count(fixed).await, 1);
    let nowhere = send_invite::run(&world.deps, &admin, world.id().into()).await;
    assert_eq!(code(nowhere), "shop.not_found");
}

#[tokio::test]
async fn an_administrator_is_given_the_link_that_is_mailed() {
    let world = World::with_everybody().await;
    let shop = world.shop().open().await;
    let admin = world.admin().await;
    let refused = reset_password::run(&world.deps, &admin, shop.id).await;
    assert_eq!(code(refused), "shop.nobody_to_invite");
    let stated = "UPDATE shops SET email = 'ana@example.com' WHERE id = $1";
    world.arrange(stated, shop.id.as_uuid()).await;
    let reset = reset_password::run(&world.deps, &admin, shop.id)
        .await
        .unwrap();
    assert!(reset.email_sent);
    let mail = world.only_mail().await;
    assert_eq!(
        mail.subject,
        "Reset de clave de tienda | Avellaneda en Vivo"
    );
    assert!(mail.text.contains(reset.link.expose_secret()));
    assert_eq!(world.provider.links().len(), 1);
    let written = "SELECT count(*) FROM audit_log WHERE action = 'SHOP_PASSWORD_RESET' AND actor_type = 'ADMIN'";
    assert_eq!(world.count(written).await, 1);
}

#[tokio::test]
async fn without_a_provider_what_must_be_mailed_is_refused_and_the_rest_is_left_out() {
    let world = World::new().await;
    world.registers(None, "Luna Azul", EMAIL).await;
    let shop = world
        .creates(&json!({"name": "Sol", "email": "sol@example.com"}))
        .await;
    assert_eq!(world.mails_waiting().await, 0);
    let admin = world.admin().await;
    for refused in [
        recover_password::run(&world.deps, &email()).await,
        prove_address::run(&world.deps, &email()).await,
        send_invite::run(&world.deps, &admin, shop.id).await,
    ] {
        assert_eq!(code(refused), "mail.not_configured");
    }
    let refused = reset_password::run(&world.deps, &admin, shop.id).await;
    assert_eq!(code(refused), "sign_in.not_configured");
    // What waits in the table is left to who can send it.
    let able = World::with_everybody().await;
    recover_password::run(&able.deps, &email()).await.unwrap();
    able.relay().drain().await.unwrap();
    assert_eq!(able.mails_waiting().await, 1);
}

#[tokio::test]
async fn without_a_mail_provider_an_administrator_still_gets_a_link() {
    let mut world = World::with_everybody().await;
    let policy = Arc::make_mut(&mut world.deps.policy);
    policy.outside.mail = false;
    let shop = world
        .creates(&json!({"name": "Sol", "email": "sol@example.com"}))
        .await;
    let admin = world.admin().await;
    let reset = reset_password::run(&world.deps, &admin, shop.id)
        .await
        .unwrap();
    assert!(!reset.email_sent);
    assert_eq!(world.mails_waiting().await, 0);
}
