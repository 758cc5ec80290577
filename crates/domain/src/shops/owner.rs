//! What becomes of the account of a shop's owner when the shop changes.

use avvivo_kernel::{AccountId, ShopId};

use super::{Shop, ShopError, ShopStatus};
use crate::identity::{AccountStatus, Role, UserType};

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
}

/// What to store of the owner after the shop changed; none when nothing changes. Only a shop that was banned or rejected
/// suspends its owner, and administrators are left alone.
pub fn sync(shop: &Shop, owner: OwnerAccount) -> Option<OwnerAccount> {
    let synced = match account_status(shop.status) {
        _ if owner.user_type == UserType::Admin => owner,
        AccountStatus::Suspended => OwnerAccount {
            status: AccountStatus::Suspended,
            ..owner
        },
        AccountStatus::Active => OwnerAccount {
            status: AccountStatus::Active,
            ..sells_as(shop, owner)
        },
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

/// The side and role that the owner's next request would derive.
pub(crate) fn sells_as(shop: &Shop, owner: OwnerAccount) -> OwnerAccount {
    let (user_type, role) = if shop.standing().is_operable() {
        (UserType::Shop, Role::Store)
    } else {
        (UserType::Client, Role::PendingStore)
    };
    OwnerAccount {
        user_type,
        role,
        ..owner
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
        owner: sells_as(shop, account),
        released: previous
            .filter(|previous| previous.id != account.id && previous.user_type != UserType::Admin)
            .map(|previous| release(shop.status, previous)),
    })
}

fn release(status: ShopStatus, previous: OwnerAccount) -> OwnerAccount {
    OwnerAccount {
        user_type: UserType::Client,
        role: Role::PendingStore,
        // What suspended them was the shop.
        status: match account_status(status) {
            AccountStatus::Suspended => AccountStatus::Active,
            AccountStatus::Active => previous.status,
        },
        ..previous
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::shops::record::example;

    fn account(id: u128, user_type: UserType, role: Role) -> OwnerAccount {
        OwnerAccount {
            id: Uuid::from_u128(id).into(),
            user_type,
            role,
            status: AccountStatus::Active,
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
        let suspended = OwnerAccount {
            status: Suspended,
            ..buyer
        };
        assert_eq!(
            sync(&shop(ShopStatus::Active), suspended).unwrap().status,
            Active
        );
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
        let before = OwnerAccount {
            status: AccountStatus::Suspended,
            ..account(7, UserType::Shop, Role::Store)
        };
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
        // Whatever suspended them, it was not an open shop.
        assert_eq!(open.released.unwrap().status, AccountStatus::Suspended);
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
