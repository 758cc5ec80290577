//! Shops, clients and administrators.

use avvivo_domain::identity::{Caller, Role, UserType};
use avvivo_kernel::{AccountId, ShopId};
use chrono::TimeDelta;
use uuid::Uuid;

use super::World;

/// A shop and its owner.
pub(crate) struct Shop {
    pub(crate) id: ShopId,
    pub(crate) owner: Caller,
}

/// A shop to be: open and on a plan of one reel a day, unless said otherwise.
pub(crate) struct ShopBuilder<'a> {
    world: &'a World,
    plan: &'a str,
    status: &'a str,
    active: bool,
    extras: i32,
}

impl<'a> ShopBuilder<'a> {
    pub(crate) fn plan(self, plan: &'a str) -> Self {
        Self { plan, ..self }
    }

    pub(crate) fn status(self, status: &'a str) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn switched_off(self) -> Self {
        Self {
            active: false,
            ..self
        }
    }

    pub(crate) fn extras(self, extras: i32) -> Self {
        Self { extras, ..self }
    }

    pub(crate) async fn open(self) -> Shop {
        let world = self.world;
        let owner = world.account("SHOP", "STORE").await;
        let id = world.id();
        sqlx::query(
            "INSERT INTO shops (id, name, slug, owner_account_id, plan, status, active, created_at, updated_at)
             VALUES ($1, 'Tienda', $2, $3, $4, $5::shop_status, $6, $7, $7)",
        )
        .bind(id)
        .bind(format!("tienda-{id}"))
        .bind(owner.as_uuid())
        .bind(self.plan)
        .bind(self.status)
        .bind(self.active)
        .bind(world.now())
        .execute(world.pool())
        .await
        .unwrap();
        if self.extras > 0 {
            sqlx::query("INSERT INTO quota_wallets (shop_id, reel_extra_balance) VALUES ($1, $2)")
                .bind(id)
                .bind(self.extras)
                .execute(world.pool())
                .await
                .unwrap();
        }
        Shop {
            id: id.into(),
            owner: Caller {
                shop_id: Some(id.into()),
                ..world.caller(owner, UserType::Shop, Role::Store)
            },
        }
    }
}

impl World {
    pub(crate) fn shop(&self) -> ShopBuilder<'_> {
        ShopBuilder {
            world: self,
            plan: "BASIC",
            status: "ACTIVE",
            active: true,
            extras: 0,
        }
    }

    /// Makes it a shop that its owner registered, under their address.
    pub(crate) async fn registered_itself(&self, shop: &Shop) {
        self.arrange(
            "UPDATE shops SET registration_source = 'SELF_SERVICE', verification = 'UNVERIFIED',
             contact_email_private = (SELECT email FROM accounts WHERE id = owner_account_id) WHERE id = $1",
            shop.id.as_uuid(),
        )
        .await;
    }

    pub(crate) async fn account(&self, user_type: &str, role: &str) -> AccountId {
        let id = self.id();
        sqlx::query(
            "INSERT INTO accounts (id, email, email_proven, firebase_uid, user_type, role, created_at)
             VALUES ($1, $2, true, $2, $3::user_type, $4::account_role, $5)",
        )
        .bind(id)
        .bind(email(id))
        .bind(user_type)
        .bind(role)
        .bind(self.now())
        .execute(self.pool())
        .await
        .unwrap();
        id.into()
    }

    pub(crate) async fn client(&self) -> Caller {
        let account = self.account("CLIENT", "USER").await;
        self.caller(account, UserType::Client, Role::User)
    }

    pub(crate) async fn admin(&self) -> Caller {
        let account = self.account("ADMIN", "SUPERADMIN").await;
        self.caller(account, UserType::Admin, Role::Superadmin)
    }

    pub(crate) fn caller(&self, account: AccountId, user_type: UserType, role: Role) -> Caller {
        Caller {
            account_id: account,
            uid: email(account.as_uuid()),
            email: email(account.as_uuid()),
            email_verified: true,
            user_type,
            role,
            admin_role: None,
            shop_id: None,
            token_expires_at: self.now() + TimeDelta::hours(1),
        }
    }
}

fn email(account: Uuid) -> String {
    format!("{account}@example.com")
}
