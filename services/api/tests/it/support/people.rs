//! Accounts, shops, and the tokens of their people.

use avvivo_domain::identity::{AccountStatus, Role, UserType};
use avvivo_postgres::samples::{SamplePerson, SampleShop, ensure_person, ensure_shop};
use gcp_local::FirebaseIdToken;
use serde_json::Value;
use uuid::Uuid;

use super::TestApp;

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) email: String,
}

impl Person {
    /// What their tokens say, to be changed.
    pub(crate) fn claims(&self) -> FirebaseIdToken {
        FirebaseIdToken {
            uid: self.email.clone(),
            email: Some(self.email.clone()),
            email_verified: true,
            ..FirebaseIdToken::default()
        }
    }
}

/// Somebody with a shop.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) person: Person,
    pub(crate) shop: Uuid,
}

/// Where the number of a shop begins; people's begin at zero.
const SHOPS: u128 = 0x1000;

impl TestApp {
    /// The `number`th person, who buys.
    pub(crate) async fn client(&self, number: u128) -> Person {
        let side = (UserType::Client, Role::User);
        self.person(number, side, AccountStatus::Active).await
    }

    /// The `number`th person, who administers.
    pub(crate) async fn admin(&self, number: u128) -> Person {
        let side = (UserType::Admin, Role::Superadmin);
        self.person(number, side, AccountStatus::Active).await
    }

    /// The `number`th person, who may not sign in.
    pub(crate) async fn suspended(&self, number: u128) -> Person {
        let side = (UserType::Client, Role::User);
        self.person(number, side, AccountStatus::Suspended).await
    }

    /// The `number`th person, whose shop is open and has the plan of most.
    pub(crate) async fn owner(&self, number: u128) -> Owner {
        let side = (UserType::Shop, Role::Store);
        let person = self.person(number, side, AccountStatus::Active).await;
        let id = Uuid::from_u128(SHOPS + number);
        let shop = SampleShop {
            id: id.into(),
            owner: person.id.into(),
            name: &format!("Telas Helguera {number}"),
            slug: &format!("telas-helguera-{number}"),
            plan: "BASIC",
            plan_tier: "BASICO",
            address: "Av. Avellaneda 3000",
            place: (-34.6287, -58.4762),
        };
        let mut conn = self.core.deps.db.acquire().await.unwrap();
        ensure_shop(&mut conn, shop, self.core.deps.clock.now())
            .await
            .unwrap();
        Owner { person, shop: id }
    }

    /// The `number`th person, whose shop still waits to be accepted.
    pub(crate) async fn pending(&self, number: u128) -> Owner {
        let owner = self.owner(number).await;
        self.change(
            "UPDATE shops SET status = 'PENDING_VERIFICATION' WHERE id = $1",
            owner.shop,
        )
        .await;
        owner
    }

    async fn person(
        &self,
        number: u128,
        (user_type, role): (UserType, Role),
        status: AccountStatus,
    ) -> Person {
        let id = Uuid::from_u128(number);
        let email = format!("person{number}@example.com");
        let sample = SamplePerson {
            id: id.into(),
            email: &email,
            name: "Marta R.",
            user_type,
            role,
            status,
        };
        let mut conn = self.core.deps.db.acquire().await.unwrap();
        ensure_person(&mut conn, sample, self.core.deps.clock.now())
            .await
            .unwrap();
        Person { id, email }
    }

    /// A token for an hour.
    pub(crate) fn token(&self, person: &Person) -> String {
        self.mint(&person.claims())
    }

    pub(crate) fn mint(&self, token: &FirebaseIdToken) -> String {
        self.gcp.issuer().firebase_id_token(token).unwrap()
    }

    /// A token whose time is over.
    pub(crate) fn expired_token(&self, person: &Person) -> String {
        self.mint(&FirebaseIdToken {
            expires_in_seconds: Some(-120),
            ..person.claims()
        })
    }

    /// A token of somebody who signed in without an address.
    pub(crate) fn token_without_email(&self) -> String {
        self.mint(&FirebaseIdToken {
            uid: "phone-only".to_owned(),
            ..FirebaseIdToken::default()
        })
    }
}

/// The members of an object, in their order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    object.keys().map(String::as_str).collect()
}
