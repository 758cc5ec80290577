//! The contract of [`IdentityAdmin`].

use secrecy::{ExposeSecret, SecretString};

use super::fresh;
use crate::{IdentityAdmin, IdentityError};

const CONTINUE: &str = "https://app.test/reset?intent=shop_invite";

fn address() -> String {
    format!("{}@example.com", fresh("person"))
}

/// Who was made once is found, and made no second time.
pub async fn a_user_is_made_once(admin: &dyn IdentityAdmin) {
    let email = address();
    assert_eq!(admin.find_by_email(&email).await.unwrap(), None);
    let made = admin.ensure_user(&email, None).await.unwrap();
    assert_eq!(made.email, email);
    assert!(!made.uid.is_empty());
    assert!(!made.email_verified && !made.disabled);
    let password = SecretString::from("a-long-password");
    let again = admin.ensure_user(&email, Some(&password)).await.unwrap();
    assert_eq!(again, made);
    assert_eq!(admin.find_by_email(&email).await.unwrap(), Some(made));
}

/// Two at once make one user.
pub async fn two_at_once_make_one_user(admin: &dyn IdentityAdmin) {
    let email = address();
    let (one, other) = tokio::join!(
        admin.ensure_user(&email, None),
        admin.ensure_user(&email, None)
    );
    assert_eq!(one.unwrap().uid, other.unwrap().uid);
}

/// A password that the provider does not accept makes no user.
pub async fn a_weak_password_is_refused(admin: &dyn IdentityAdmin) {
    let email = address();
    let weak = SecretString::from("1234");
    let refused = admin.ensure_user(&email, Some(&weak)).await;
    assert!(
        matches!(refused, Err(IdentityError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(admin.find_by_email(&email).await.unwrap(), None);
}

/// Links are for those who exist, and say what they are for and where they lead on.
pub async fn links_are_for_those_who_exist(admin: &dyn IdentityAdmin) {
    let email = address();
    let reset = admin.password_reset_link(&email, CONTINUE).await;
    assert_eq!(reset.unwrap_err(), IdentityError::UnknownUser);
    let verify = admin.verification_link(&email, None).await;
    assert_eq!(verify.unwrap_err(), IdentityError::UnknownUser);

    admin.ensure_user(&email, None).await.unwrap();
    let reset = admin.password_reset_link(&email, CONTINUE).await.unwrap();
    let reset = reset.expose_secret();
    assert!(reset.contains("mode=resetPassword"), "{reset}");
    assert!(reset.contains("oobCode="), "{reset}");
    assert!(reset.contains("shop_invite"), "{reset}");
    let verify = admin.verification_link(&email, None).await.unwrap();
    let verify = verify.expose_secret();
    assert!(verify.contains("mode=verifyEmail"), "{verify}");
    assert!(!verify.contains("continueUrl"), "{verify}");
}
