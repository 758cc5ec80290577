//! What tests of use cases take for a vendor keeps the vendors' contracts.

use avvivo_ports::{
    Coordinates, GeocodeError, Geocoder as _, IdentityAdmin as _, IdentityError, MailError,
    Mailer as _, Unconfigured,
    contract::{identity_admin, mailer},
    fakes::{FakeGeocoder, FakeIdentityAdmin, FakeMailer},
};

#[tokio::test]
async fn the_fake_mailer_keeps_the_contract() {
    let fake = FakeMailer::default();
    mailer::a_repeated_mail_is_one_mail(&fake, "ana@example.com").await;
    assert_eq!(fake.mails().len(), 2);
    mailer::another_mail_under_the_same_key_is_refused(&fake, "ana@example.com").await;
    fake.fail_next(1);
    let mail = mailer::mail("ana@example.com");
    assert!(matches!(
        fake.send(&mail).await,
        Err(MailError::Unavailable { .. })
    ));
    assert!(fake.send(&mail).await.is_ok());
}

#[tokio::test]
async fn the_fake_identity_provider_keeps_the_contract() {
    let fake = FakeIdentityAdmin::default();
    identity_admin::a_user_is_made_once(&fake).await;
    identity_admin::two_at_once_make_one_user(&fake).await;
    identity_admin::a_weak_password_is_refused(&fake).await;
    identity_admin::links_are_for_those_who_exist(&fake).await;
    assert_eq!((fake.users().len(), fake.links().len()), (3, 2));
    fake.fail_next(1);
    let away = fake.find_by_email("ana@example.com").await;
    assert!(matches!(away, Err(IdentityError::Unavailable { .. })));
}

#[tokio::test]
async fn the_fake_map_knows_what_it_was_told() {
    let fake = FakeGeocoder::default();
    let here = Coordinates::new(-34.6, -58.4).unwrap();
    fake.put("Cuenca 612", here);
    assert_eq!(fake.locate("Cuenca 612").await, Ok(Some(here)));
    assert_eq!(fake.locate("Helguera 455").await, Ok(None));
    fake.fail_next(1);
    let away = fake.locate("Cuenca 612").await;
    assert!(matches!(away, Err(GeocodeError::Unavailable { .. })));
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn without_a_provider_nothing_is_done() {
    let mail = mailer::mail("ana@example.com");
    assert_eq!(
        Unconfigured.send(&mail).await,
        Err(MailError::NotConfigured)
    );
    let nobody = Unconfigured.find_by_email("ana@example.com").await;
    assert_eq!(nobody, Err(IdentityError::NotConfigured));
}

#[test]
fn a_mail_does_not_print_what_it_says() {
    let printed = format!("{:?}", mailer::mail("ana@example.com"));
    assert!(printed.contains("idempotency_key"), "{printed}");
    for private in ["ana@", "Hola", "Bienvenida"] {
        assert!(!printed.contains(private), "{printed}");
    }
}
