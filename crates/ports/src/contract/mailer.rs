//! The contract of [`Mailer`].

use super::fresh;
use crate::{Mail, MailError, MailTag, Mailer};

/// A mail that no provider has a reason to refuse.
pub fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Bienvenida \u{b7} prueba".to_owned(),
        html: "<p>Hola, ¿qué tal?</p>".to_owned(),
        text: "Hola, ¿qué tal?".to_owned(),
        reply_to: None,
        idempotency_key: fresh("mail"),
        tags: vec![MailTag {
            name: "template",
            value: "contract".to_owned(),
        }],
    }
}

/// Two copies of a mail are one mail, with one id; a mail under another key is another.
pub async fn a_repeated_mail_is_one_mail(mailer: &dyn Mailer, to: &str) {
    let first = mail(to);
    let id = mailer.send(&first).await.unwrap();
    assert_eq!(mailer.send(&first).await.unwrap(), id);
    assert_ne!(mailer.send(&mail(to)).await.unwrap(), id);
}

/// A key belongs to the mail that was sent under it first.
pub async fn another_mail_under_the_same_key_is_refused(mailer: &dyn Mailer, to: &str) {
    let first = mail(to);
    mailer.send(&first).await.unwrap();
    let mut other = mail(to);
    other.idempotency_key = first.idempotency_key;
    other.text.push_str(" Otra cosa.");
    let refused = mailer.send(&other).await;
    assert!(
        matches!(refused, Err(MailError::Refused { .. })),
        "{refused:?}"
    );
}
