//! What becomes of the account of a shop's owner when the shop changes.

use avvivo_kernel::{AccountId, ShopId};

use super::{RegistrationSource, Shop, ShopError, ShopStatus};
use crate::identity::{AccountStatus, Role, UserType};

/// Who signs in to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Nobody does.
    Nobody,
    /// Somebody who has not proven the account's address, which may be anybody's.
    Unproven,
    /// Who has proven it.
    Proven,
}

/// What is stored of an owner's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerAccount {
    /// Which one.
    pub id: AccountId,
    /// Its side.
    pub user_type: UserType,
    /// Its role.
    pub role: Role,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// Whether it was a shop that suspended it.
    pub suspended_by_shop: bool,
    /// Who signs in to it.
    pub sign_in: SignIn,
}

impl OwnerAccount {
    /// One that is made for a shop, and that nobody has signed in to.
    pub fn new(id: AccountId, (user_type, role): (UserType, Role), status: AccountStatus) -> Self {
        Self {
            id,
            user_type,
            role,
            status,
            suspended_by_shop: status == AccountStatus::Suspended,
            sign_in: SignIn::Nobody,
        }
    }

    /// Free of what a shop did to it; not of what somebody decided about the person.
    fn reinstated(self) -> Self {
        if self.suspended_by_shop {
            Self {
                status: AccountStatus::Active,
                suspended_by_shop: false,
                ..self
            }
        } else {
            self
        }
    }
}

/// What to store of the owner after the shop changed; none when nothing changes. Only a shop that was banned or rejected
/// suspends its owner, only what a shop did ends with it, and administrators are left alone.
pub fn sync(shop: &Shop, owner: OwnerAccount) -> Option<OwnerAccount> {
    let synced = match account_status(shop.status) {
        _ if owner.user_type == UserType::Admin => owner,
        // A stranger may have registered it under this address; who proves it one day did nothing.
        AccountStatus::Suspended
            if owner.sign_in == SignIn::Nobody
                && shop.registration_source == RegistrationSource::SelfService =>
        {
            owner
        }
        AccountStatus::Suspended if owner.status == AccountStatus::Active => OwnerAccount {
            status: AccountStatus::Suspended,
            suspended_by_shop: true,
            ..owner
        },
        AccountStatus::Suspended => owner,
        AccountStatus::Active => sells_as(shop, owner).reinstated(),
    };
    (synced != owner).then_some(synced)
}

/// What a shop's status means for an account that has nothing but that shop.
pub fn account_status(status: ShopStatus) -> AccountStatus {
    match status {
        ShopStatus::Banned | ShopStatus::Hidden => AccountStatus::Suspended,
        ShopStatus::PendingVerification | ShopStatus::Active | ShopStatus::AgendaSuspended => {
            AccountStatus::Active
        }
    }
}

/// The side and role that the next request of the shop's owner would derive.
pub(crate) fn side(shop: &Shop) -> (UserType, Role) {
    if shop.standing().is_operable() {
        (UserType::Shop, Role::Store)
    } else {
        (UserType::Client, Role::PendingStore)
    }
}

/// The same account with that side and role.
pub(crate) fn sells_as(shop: &Shop, owner: OwnerAccount) -> OwnerAccount {
    let (user_type, role) = side(shop);
    OwnerAccount {
        user_type,
        role,
        ..owner
    }
}

/// The account as it is given a shop because of its address. Whoever signs in to it without having proven that address loses
/// it: anybody can register anybody's with the identity provider, and wait.
pub(crate) fn takes_over(shop: &Shop, account: OwnerAccount) -> OwnerAccount {
    OwnerAccount {
        sign_in: match account.sign_in {
            SignIn::Unproven => SignIn::Nobody,
            proven_or_nobody => proven_or_nobody,
        },
        ..sells_as(shop, account)
    }
}

/// Whose a new shop becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// Of an account that nobody has used, which is linked and otherwise left as it is: nobody has proven yet that the address
    /// is theirs.
    Linked(AccountId),
    /// Of an account that was there, as it is to be stored.
    Given(OwnerAccount),
    /// Of an account to be made.
    New {
        /// Its address; a technical one when the shop has none to give.
        email: String,
        /// Its side and role.
        sells_as: (UserType, Role),
        /// Whether it may be used.
        status: AccountStatus,
    },
}

impl Ownership {
    /// The account, if it is there already.
    pub(super) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Linked(account) => Some(*account),
            Self::Given(owner) => Some(owner.id),
            Self::New { .. } => None,
        }
    }
}

/// A shop with another owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The shop.
    pub shop: Shop,
    /// The new owner's account. Nobody is suspended by being given a shop.
    pub owner: OwnerAccount,
    /// The account of who owned it before, free of what the shop did to it.
    pub released: Option<OwnerAccount>,
}

/// Gives a shop to an account. `owns` is the shop that it has already, `previous` the account that loses this one.
pub fn assign(
    shop: &Shop,
    account: Option<OwnerAccount>,
    owns: Option<ShopId>,
    previous: Option<OwnerAccount>,
) -> Result<Assigned, ShopError> {
    let account = account.ok_or(ShopError::OwnerNotFound)?;
    if account.user_type == UserType::Admin {
        return Err(ShopError::OwnerAdministers);
    }
    if owns.is_some_and(|owned| owned != shop.id) {
        return Err(ShopError::OwnerHasShop);
    }
    Ok(Assigned {
        shop: Shop {
            owner: Some(account.id),
            ..shop.clone()
        },
        owner: takes_over(shop, account),
        released: previous
            .filter(|previous| previous.id != account.id && previous.user_type != UserType::Admin)
            .map(release),
    })
}

fn release(previous: OwnerAccount) -> OwnerAccount {
    OwnerAccount {
        user_type: UserType::Client,
        role: Role::PendingStore,
        ..previous.reinstated()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::shops::record::example;

    fn account(id: u128, user_type: UserType, role: Role) -> OwnerAccount {
        OwnerAccount {
            sign_in: SignIn::Proven,
            ..OwnerAccount::new(
                Uuid::from_u128(id).into(),
                (user_type, role),
                AccountStatus::Active,
            )
        }
    }

    fn suspended(by_shop: bool, account: OwnerAccount) -> OwnerAccount {
        OwnerAccount {
            status: AccountStatus::Suspended,
            suspended_by_shop: by_shop,
            ..account
        }
    }

    fn shop(status: ShopStatus) -> Shop {
        Shop {
            status,
            ..example::shop()
        }
    }

    #[test]
    fn the_account_follows_the_shop() {
        use AccountStatus::{Active, Suspended};
        use Role::{PendingStore, Store, User};
        use UserType::{Client, Shop};
        let buyer = account(7, Client, User);
        for (status, becomes) in [
            (ShopStatus::Active, (Shop, Store, Active)),
            (ShopStatus::AgendaSuspended, (Shop, Store, Active)),
            (
                ShopStatus::PendingVerification,
                (Client, PendingStore, Active),
            ),
            (ShopStatus::Hidden, (Client, User, Suspended)),
            (ShopStatus::Banned, (Client, User, Suspended)),
        ] {
            let synced = sync(&shop(status), buyer).unwrap();
            assert_eq!(
                (synced.user_type, synced.role, synced.status),
                becomes,
                "{status:?}"
            );
            assert_eq!(sync(&shop(status), synced), None);
        }
    }

    #[test]
    fn only_what_a_shop_did_to_its_owner_ends_with_it() {
        let owner = account(7, UserType::Shop, Role::Store);
        let buyer = account(9, UserType::Client, Role::User);
        for (by_shop, becomes) in [
            (true, AccountStatus::Active),
            (false, AccountStatus::Suspended),
        ] {
            let locked_out = suspended(by_shop, owner);
            let synced = sync(&example::shop(), locked_out).unwrap_or(locked_out);
            assert_eq!((synced.status, synced.suspended_by_shop), (becomes, false));
            // Whoever is suspended already stays so for the same reason.
            assert_eq!(sync(&shop(ShopStatus::Banned), locked_out), None);
            for status in [ShopStatus::Banned, ShopStatus::Active] {
                let given = assign(&shop(status), Some(buyer), None, Some(locked_out)).unwrap();
                assert_eq!(given.released.unwrap().status, becomes, "{status:?}");
            }
        }
    }

    #[test]
    fn who_never_signed_in_is_not_locked_out_by_a_shop_that_registered_under_their_address() {
        let nobody = OwnerAccount {
            sign_in: SignIn::Nobody,
            ..account(7, UserType::Client, Role::PendingStore)
        };
        let turned_away = |registration_source| Shop {
            registration_source,
            ..shop(ShopStatus::Hidden)
        };
        assert_eq!(
            sync(&turned_away(RegistrationSource::SelfService), nobody),
            None
        );
        let made = sync(&turned_away(RegistrationSource::Admin), nobody);
        assert_eq!(made.unwrap().status, AccountStatus::Suspended);
    }

    #[test]
    fn who_never_proved_an_address_is_not_given_a_shop_by_it() {
        for (sign_in, becomes) in [
            (SignIn::Nobody, SignIn::Nobody),
            (SignIn::Unproven, SignIn::Nobody),
            (SignIn::Proven, SignIn::Proven),
        ] {
            let nominee = OwnerAccount {
                sign_in,
                ..account(9, UserType::Client, Role::User)
            };
            let given = assign(&example::shop(), Some(nominee), None, None).unwrap();
            assert_eq!(given.owner.sign_in, becomes);
        }
    }

    #[test]
    fn switching_a_shop_off_suspends_nobody_and_administrators_never_are() {
        let off = Shop {
            active: false,
            ..example::shop()
        };
        let owner = account(7, UserType::Shop, Role::Store);
        let synced = sync(&off, owner).unwrap();
        assert_eq!(
            (synced.status, synced.role),
            (AccountStatus::Active, Role::PendingStore)
        );
        let admin = account(7, UserType::Admin, Role::Admin);
        assert_eq!(sync(&shop(ShopStatus::Banned), admin), None);
    }

    #[test]
    fn a_shop_is_given_away_and_frees_who_had_it() {
        let buyer = account(9, UserType::Client, Role::User);
        let before = suspended(true, account(7, UserType::Shop, Role::Store));
        let hidden = shop(ShopStatus::Hidden);
        let given = assign(&hidden, Some(buyer), None, Some(before)).unwrap();
        assert_eq!(given.shop.owner, Some(buyer.id));
        assert_eq!(
            (given.owner.status, given.owner.role),
            (AccountStatus::Active, Role::PendingStore)
        );
        let released = given.released.unwrap();
        assert_eq!(
            (released.status, released.role),
            (AccountStatus::Active, Role::PendingStore)
        );
        let open = assign(
            &example::shop(),
            Some(buyer),
            Some(example::shop().id),
            Some(before),
        )
        .unwrap();
        assert_eq!(
            (open.owner.user_type, open.owner.role),
            (UserType::Shop, Role::Store)
        );
        let same = assign(&example::shop(), Some(buyer), None, Some(buyer)).unwrap();
        assert_eq!(same.released, None);
        let admin = account(1, UserType::Admin, Role::Admin);
        assert_eq!(
            assign(&hidden, Some(buyer), None, Some(admin))
                .unwrap()
                .released,
            None
        );
    }

    #[test]
    fn not_everybody_may_own_a_shop() {
        let shop = example::shop();
        let buyer = account(9, UserType::Client, Role::User);
        let admin = account(9, UserType::Admin, Role::Admin);
        let refused = |account, owns| assign(&shop, account, owns, None).unwrap_err();
        assert_eq!(refused(None, None), ShopError::OwnerNotFound);
        assert_eq!(refused(Some(admin), None), ShopError::OwnerAdministers);
        let other = Some(Uuid::from_u128(3).into());
        assert_eq!(refused(Some(buyer), other), ShopError::OwnerHasShop);
    }
}
