//! The first thing that somebody says of themselves: whether they buy or sell.

use avvivo_kernel::{ErrorKind, Fault, Timestamp};
use serde_json::Value;

use super::{Account, Role, UserType};
use crate::shops::ShopStanding;

wire_enum! {
    /// What somebody came for.
    Intent {
        /// To buy.
        User = "USER",
        /// To sell.
        Store = "STORE",
    }
}

impl Intent {
    /// Reads the field of a request; case and spaces around do not matter.
    pub fn read(value: Option<&Value>) -> Result<Self, OnboardingError> {
        value
            .and_then(Value::as_str)
            .and_then(|word| Self::parse(&word.trim().to_uppercase()))
            .ok_or(OnboardingError::InvalidIntent)
    }
}

/// What to store of an account whose bearer has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onboarded {
    /// Their side.
    pub user_type: UserType,
    /// Their role.
    pub role: Role,
    /// When they chose, which also is a login.
    pub completed_at: Timestamp,
    /// Whether they are welcomed by mail, after the commit.
    pub welcome: bool,
}

/// Decides on a choice. The caller is resolved again afterwards: the state of a shop wins over what its owner chose.
pub fn choose(
    intent: Intent,
    account: Option<&Account>,
    uid: &str,
    now: Timestamp,
) -> Result<Onboarded, OnboardingError> {
    // It may have been given to who has proven its address since the caller was let in.
    let theirs = account.filter(|account| account.firebase_uid.as_deref() == Some(uid));
    let account = theirs.ok_or(OnboardingError::AccountGone)?;
    if account.user_type == UserType::Admin
        || matches!(account.role, Role::Admin | Role::Superadmin)
    {
        return Err(OnboardingError::Administrative);
    }
    if !matches!(account.role, Role::Undefined | Role::PendingStore) {
        return Err(OnboardingError::AlreadyChosen);
    }
    let operable = account.shop.as_ref().is_some_and(ShopStanding::is_operable);
    let (user_type, role) = match intent {
        Intent::User => (UserType::Client, Role::User),
        Intent::Store if operable => (UserType::Shop, Role::Store),
        Intent::Store => (UserType::Client, Role::PendingStore),
    };
    Ok(Onboarded {
        user_type,
        role,
        completed_at: now,
        welcome: intent == Intent::User,
    })
}

/// Why a choice is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OnboardingError {
    /// Neither to buy nor to sell.
    #[error("neither USER nor STORE")]
    InvalidIntent,
    /// The account vanished meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// Administrators do not choose.
    #[error("the account administers")]
    Administrative,
    /// They have chosen before.
    #[error("the choice was made before")]
    AlreadyChosen,
}

impl Fault for OnboardingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidIntent => ErrorKind::Invalid,
            Self::AccountGone => ErrorKind::NotFound,
            Self::Administrative => ErrorKind::Forbidden,
            Self::AlreadyChosen => ErrorKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidIntent => "onboarding.invalid_intent",
            Self::AccountGone => "onboarding.account_gone",
            Self::Administrative => "onboarding.administrative",
            Self::AlreadyChosen => "onboarding.already_chosen",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::InvalidIntent => "Elegí si querés comprar o vender.",
            Self::AccountGone => "No encontramos tu cuenta. Volvé a iniciar sesión.",
            Self::Administrative => "El rol de una cuenta administrativa no se puede cambiar.",
            Self::AlreadyChosen => "Ya elegiste cómo usar tu cuenta.",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use avvivo_kernel::AccountId;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        identity::AccountStatus,
        shops::{PlanTier, RegistrationSource, ShopStatus, Verification},
    };

    fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn account(role: Role, shop: Option<ShopStatus>) -> Account {
        Account {
            id: AccountId::from(Uuid::from_u128(1)),
            email: "ana@example.com".to_owned(),
            email_proven: false,
            firebase_uid: Some("uid-9".to_owned()),
            user_type: UserType::Client,
            role,
            status: AccountStatus::Active,
            last_login_at: None,
            has_client_profile: false,
            admin_role: None,
            admin_status: AccountStatus::Active,
            shop: shop.map(|status| ShopStanding {
                id: Uuid::from_u128(2).into(),
                active: true,
                status,
                registration_source: RegistrationSource::Admin,
                verification: Verification::Verified,
                plan: "BASIC".to_owned(),
                plan_tier: PlanTier::Basico,
                contact_email: None,
            }),
        }
    }

    #[test]
    fn intents_are_read_whatever_their_case() {
        for (sent, read) in [
            (json!(" store "), Ok(Intent::Store)),
            (json!("User"), Ok(Intent::User)),
            (json!("foo"), Err(OnboardingError::InvalidIntent)),
            (json!(["USER"]), Err(OnboardingError::InvalidIntent)),
        ] {
            assert_eq!(Intent::read(Some(&sent)), read, "{sent}");
        }
        assert_eq!(Intent::read(None), Err(OnboardingError::InvalidIntent));
    }

    #[test]
    fn each_choice_gives_its_role() {
        use Role::{PendingStore, Store, Undefined, User};
        use UserType::{Client, Shop};
        let open = Some(ShopStatus::Active);
        let pending = Some(ShopStatus::PendingVerification);
        for (intent, role, shop, chosen) in [
            (Intent::User, Undefined, None, (Client, User, true)),
            (Intent::User, PendingStore, None, (Client, User, true)),
            (
                Intent::Store,
                Undefined,
                None,
                (Client, PendingStore, false),
            ),
            (
                Intent::Store,
                PendingStore,
                None,
                (Client, PendingStore, false),
            ),
            (Intent::Store, Undefined, open, (Shop, Store, false)),
            (
                Intent::Store,
                Undefined,
                pending,
                (Client, PendingStore, false),
            ),
        ] {
            let made = choose(intent, Some(&account(role, shop)), "uid-9", now()).unwrap();
            assert_eq!((made.user_type, made.role, made.welcome), chosen);
            assert_eq!(made.completed_at, now());
        }
    }

    #[test]
    fn a_choice_is_made_once_and_not_by_administrators() {
        let refused =
            |account: Option<Account>| choose(Intent::User, account.as_ref(), "uid-9", now());
        assert_eq!(refused(None), Err(OnboardingError::AccountGone));
        let unlinked = Account {
            firebase_uid: None,
            ..account(Role::Undefined, None)
        };
        assert_eq!(refused(Some(unlinked)), Err(OnboardingError::AccountGone));
        for role in [Role::User, Role::Store] {
            assert_eq!(
                refused(Some(account(role, None))),
                Err(OnboardingError::AlreadyChosen)
            );
        }
        let admin = Account {
            user_type: UserType::Admin,
            ..account(Role::Undefined, None)
        };
        assert_eq!(refused(Some(admin)), Err(OnboardingError::Administrative));
        let ranked = account(Role::Superadmin, None);
        assert_eq!(refused(Some(ranked)), Err(OnboardingError::Administrative));
    }
}
