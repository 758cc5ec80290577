//! Who is calling: from a verified token and what we know of the account to a caller with a role.

mod email;
pub mod onboarding;
mod resolve;

use avvivo_kernel::{AccountId, ErrorKind, Fault, ShopId, Timestamp};

use crate::shops::ShopStanding;

pub use email::{Email, EmailError, VerificationMail};
pub use resolve::{AdminEmails, NewAccount, Resolution, resolve};

wire_enum! {
    /// The side of the market somebody is on.
    UserType {
        /// Buys.
        Client = "CLIENT",
        /// Sells.
        Shop = "SHOP",
        /// Runs the platform.
        Admin = "ADMIN",
    }
}

wire_enum! {
    /// What somebody may do.
    Role {
        /// Has not said yet whether they buy or sell.
        Undefined = "UNDEFINED",
        /// Buys.
        User = "USER",
        /// Sells, but their shop is not open.
        PendingStore = "PENDING_STORE",
        /// Sells.
        Store = "STORE",
        /// Moderates.
        Admin = "ADMIN",
        /// Administers.
        Superadmin = "SUPERADMIN",
    }
}

wire_enum! {
    /// What a client opens for somebody first.
    NextAction {
        /// Ask what they came for.
        OpenRoleOnboarding = "OPEN_ROLE_ONBOARDING",
        /// Help them to open their shop.
        OpenStoreOnboarding = "OPEN_STORE_ONBOARDING",
        /// The administrators' pages.
        GoAdminDashboard = "GO_ADMIN_DASHBOARD",
        /// Their shop's pages.
        GoStoreDashboard = "GO_STORE_DASHBOARD",
        /// The market.
        GoPublicHome = "GO_PUBLIC_HOME",
    }
}

impl Role {
    /// Whether something is left to be asked.
    pub fn requires_onboarding(self) -> bool {
        matches!(self, Self::Undefined | Self::PendingStore)
    }

    /// What a client opens first.
    pub fn next_action(self) -> NextAction {
        match self {
            Self::Undefined => NextAction::OpenRoleOnboarding,
            Self::PendingStore => NextAction::OpenStoreOnboarding,
            Self::Admin | Self::Superadmin => NextAction::GoAdminDashboard,
            Self::Store => NextAction::GoStoreDashboard,
            Self::User => NextAction::GoPublicHome,
        }
    }
}

wire_enum! {
    /// Whether an account may be used.
    AccountStatus {
        /// It may.
        Active = "ACTIVE",
        /// It may not, anywhere.
        Suspended = "SUSPENDED",
    }
}

wire_enum! {
    /// The rank of an administrator.
    AdminRole {
        /// Everything.
        Superadmin = "SUPERADMIN",
        /// Moderation.
        Moderator = "MODERATOR",
    }
}

/// What a verified token says of its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIdentity {
    /// The identity provider's id of the person.
    pub uid: String,
    /// Trimmed and lower-cased; none when the token has none.
    pub email: Option<String>,
    /// Whether the provider has seen the person use that address.
    pub email_verified: bool,
    /// When the token stops being valid.
    pub expires_at: Timestamp,
}

/// What we know of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Which one.
    pub id: AccountId,
    /// Its address, lower case.
    pub email: String,
    /// Whether who is linked to it has proven that address.
    pub email_proven: bool,
    /// The identity provider's id it is linked to.
    pub firebase_uid: Option<String>,
    /// As stored; the effective one is derived at each request.
    pub user_type: UserType,
    /// As stored; the effective one is derived at each request.
    pub role: Role,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// When it was last seen.
    pub last_login_at: Option<Timestamp>,
    /// Whether a buyer's profile exists.
    pub has_client_profile: bool,
    /// Its rank, when it administers.
    pub admin_role: Option<AdminRole>,
    /// Whether that is in force.
    pub admin_status: AccountStatus,
    /// The shop it owns.
    pub shop: Option<ShopStanding>,
}

impl Account {
    /// Whether somebody uses it, or did: not every account that was made for somebody's address has been.
    pub fn was_used(&self) -> bool {
        self.firebase_uid.is_some()
            || self.last_login_at.is_some()
            || self.has_client_profile
            || self.role == Role::User
            || self.status == AccountStatus::Suspended
    }
}

/// Somebody who may call, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Their account.
    pub account_id: AccountId,
    /// The identity provider's id.
    pub uid: String,
    /// The token's e-mail, lower-cased.
    pub email: String,
    /// Whether that e-mail is verified.
    pub email_verified: bool,
    /// Their side of the market.
    pub user_type: UserType,
    /// What they may do.
    pub role: Role,
    /// Their rank, when they administer.
    pub admin_role: Option<AdminRole>,
    /// The shop they own, open or not.
    pub shop_id: Option<ShopId>,
    /// When their token stops being valid.
    pub token_expires_at: Timestamp,
}

impl Caller {
    /// Whether they administer.
    pub fn is_admin(&self) -> bool {
        matches!(self.role, Role::Admin | Role::Superadmin)
    }

    /// The shop they act as: only while it is open.
    pub fn acting_shop(&self) -> Option<ShopId> {
        self.shop_id.filter(|_| self.role == Role::Store)
    }

    /// Administrators, and the owner of this very shop while it is open.
    pub fn must_run_shop(&self, shop: ShopId) -> Result<(), AccessError> {
        if self.is_admin() {
            return Ok(());
        }
        match self.acting_shop() {
            Some(own) if own == shop => Ok(()),
            Some(_) => Err(AccessError::NotYours),
            None => Err(AccessError::NotAllowed),
        }
    }

    /// Administrators, and the owner of this very shop, whether it is open or not: who waits to be let in completes its data.
    pub fn must_run_or_await(&self, shop: ShopId) -> Result<(), AccessError> {
        if self.shop_id == Some(shop) {
            return Ok(());
        }
        self.must_run_shop(shop)
    }

    /// As [`Caller::must_run_shop`], for things that belong to a shop: whoever is neither is told that it is not theirs.
    pub fn must_own(&self, shop: ShopId) -> Result<(), AccessError> {
        self.must_run_shop(shop)
            .map_err(|_: AccessError| AccessError::NotYours)
    }
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Nobody is signed in.
    #[error("authentication is required")]
    Anonymous,
    /// The token names no e-mail, so there is no account it could mean.
    #[error("the token has no e-mail")]
    NoEmail,
    /// The account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// The account administers no more, for now.
    #[error("the administrator is suspended")]
    AdminSuspended,
    /// The role does not allow it.
    #[error("the role does not allow this")]
    NotAllowed,
    /// It belongs to somebody else.
    #[error("it belongs to somebody else")]
    NotYours,
}

impl Fault for AccessError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Anonymous | Self::NoEmail => ErrorKind::Unauthenticated,
            Self::Suspended | Self::AdminSuspended | Self::NotAllowed | Self::NotYours => {
                ErrorKind::Forbidden
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Anonymous => "auth.required",
            Self::NoEmail => "auth.no_email",
            Self::Suspended => "auth.suspended",
            Self::AdminSuspended => "auth.admin_suspended",
            Self::NotAllowed => "auth.not_allowed",
            Self::NotYours => "auth.not_yours",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Anonymous => "Iniciá sesión para continuar.",
            Self::NoEmail => "Tu sesión no tiene un email válido. Volvé a iniciar sesión.",
            Self::Suspended => "Tu cuenta está suspendida. Escribinos si creés que es un error.",
            Self::AdminSuspended => "Tu cuenta administrativa está suspendida.",
            Self::NotAllowed => "Tu cuenta no tiene permiso para hacer esto.",
            Self::NotYours => "Esto pertenece a otra tienda.",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn shop(number: u128) -> ShopId {
        Uuid::from_u128(number).into()
    }

    fn caller(role: Role, shop_id: Option<ShopId>) -> Caller {
        let user_type = match role {
            Role::Undefined | Role::User | Role::PendingStore => UserType::Client,
            Role::Store => UserType::Shop,
            Role::Admin | Role::Superadmin => UserType::Admin,
        };
        Caller {
            account_id: Uuid::from_u128(7).into(),
            uid: "uid".to_owned(),
            email: "ana@example.com".to_owned(),
            email_verified: true,
            user_type,
            role,
            admin_role: None,
            shop_id,
            token_expires_at: "2026-03-10T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn who_runs_a_shop_and_who_awaits_it() {
        use AccessError::{NotAllowed, NotYours};
        let (own, other) = (Some(shop(1)), Some(shop(2)));
        for (role, owns, runs, awaits) in [
            (Role::Admin, None, Ok(()), Ok(())),
            (Role::Superadmin, None, Ok(()), Ok(())),
            (Role::Store, own, Ok(()), Ok(())),
            (Role::Store, other, Err(NotYours), Err(NotYours)),
            (Role::PendingStore, own, Err(NotAllowed), Ok(())),
            (Role::PendingStore, other, Err(NotAllowed), Err(NotAllowed)),
            (Role::PendingStore, None, Err(NotAllowed), Err(NotAllowed)),
            (Role::User, None, Err(NotAllowed), Err(NotAllowed)),
            (Role::Undefined, None, Err(NotAllowed), Err(NotAllowed)),
        ] {
            let caller = caller(role, owns);
            assert_eq!(caller.must_run_shop(shop(1)), runs, "{caller:?}");
            assert_eq!(caller.must_run_or_await(shop(1)), awaits, "{caller:?}");
            let owned = runs.map_err(|_: AccessError| NotYours);
            assert_eq!(caller.must_own(shop(1)), owned, "{caller:?}");
        }
    }
}
