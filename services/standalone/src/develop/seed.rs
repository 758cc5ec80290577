//! A small believable data set, the same on every machine.

use avvivo_contracts::audience::Audience;
use avvivo_domain::identity::{AccountStatus, Role, UserType};
use avvivo_kernel::{AccountId, Clock as _, ShopId, SystemClock};
use avvivo_postgres::{
    Database, DatabaseOptions,
    samples::{SamplePerson, SampleShop, ensure_person, ensure_shop},
};
use gcp_local::{FirebaseIdToken, GcpLocal};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::settings::{ADMIN_EMAIL, PROJECT};

/// Tokens for curl are good for a day.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

const fn account(n: u128) -> Uuid {
    Uuid::from_u128(0x0a00_0000_0000_7000_8000_0000_0000_0000 + n)
}

const fn shop_id(n: u128) -> Uuid {
    Uuid::from_u128(0x0500_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// Somebody to be.
#[derive(Debug, Clone, Copy)]
struct Person {
    variable: Option<&'static str>,
    id: Uuid,
    email: &'static str,
    name: &'static str,
    user_type: UserType,
    role: Role,
    status: AccountStatus,
}

const PEOPLE: [Person; 8] = [
    Person {
        variable: Some("TOKEN_ADMIN"),
        id: account(1),
        email: ADMIN_EMAIL,
        name: "Administración",
        user_type: UserType::Admin,
        role: Role::Superadmin,
        status: AccountStatus::Active,
    },
    owner(
        Some("TOKEN_SHOP_1"),
        11,
        "helguera@avvivo.example",
        "Rosa Helguera",
    ),
    owner(
        Some("TOKEN_SHOP_2"),
        12,
        "nazca@avvivo.example",
        "Daniel Kim",
    ),
    owner(None, 13, "campana@avvivo.example", "Estela Campana"),
    client(
        Some("TOKEN_CLIENT_1"),
        21,
        "marta@avvivo.example",
        "Marta R.",
    ),
    client(
        Some("TOKEN_CLIENT_2"),
        22,
        "lucia@avvivo.example",
        "Lucía P.",
    ),
    client(None, 23, "jorge@avvivo.example", "Jorge T."),
    Person {
        status: AccountStatus::Suspended,
        ..client(
            Some("TOKEN_SUSPENDED"),
            31,
            "suspendida@avvivo.example",
            "Cuenta suspendida",
        )
    },
];

/// A place to buy.
#[derive(Debug, Clone, Copy)]
struct Shop {
    n: u128,
    owner: u128,
    name: &'static str,
    slug: &'static str,
    plan: &'static str,
    plan_tier: &'static str,
    address: &'static str,
    place: (f64, f64),
}

const SHOPS: [Shop; 3] = [
    Shop {
        n: 1,
        owner: 11,
        name: "Telas Helguera",
        slug: "telas-helguera",
        plan: "PRO",
        plan_tier: "MAXIMA",
        address: "Helguera 455",
        place: (-34.6287, -58.4762),
    },
    Shop {
        n: 2,
        owner: 12,
        name: "Moda Nazca",
        slug: "moda-nazca",
        plan: "PREMIUM",
        plan_tier: "MEDIA",
        address: "Av. Nazca 512",
        place: (-34.6275, -58.4753),
    },
    Shop {
        n: 3,
        owner: 13,
        name: "Cuero y Campana",
        slug: "cuero-y-campana",
        plan: "SIN_PLAN",
        plan_tier: "NONE",
        address: "Campana 330",
        place: (-34.6301, -58.4779),
    },
];

const fn owner(
    variable: Option<&'static str>,
    n: u128,
    email: &'static str,
    name: &'static str,
) -> Person {
    Person {
        variable,
        id: account(n),
        email,
        name,
        user_type: UserType::Shop,
        role: Role::Store,
        status: AccountStatus::Active,
    }
}

const fn client(
    variable: Option<&'static str>,
    n: u128,
    email: &'static str,
    name: &'static str,
) -> Person {
    Person {
        user_type: UserType::Client,
        role: Role::User,
        ..owner(variable, n, email, name)
    }
}

/// Puts the data set there. Doing it again changes nothing.
pub(super) async fn run(database_url: &str) -> anyhow::Result<()> {
    let db = Database::lazy(
        database_url,
        &DatabaseOptions {
            max_connections: 1,
            ..DatabaseOptions::default()
        },
    )?;
    db.migrate().await?;
    let now = SystemClock.now();
    let mut tx = db.begin().await?;
    for person in PEOPLE {
        let sample = SamplePerson {
            id: AccountId::from(person.id),
            email: person.email,
            name: person.name,
            user_type: person.user_type,
            role: person.role,
            status: person.status,
        };
        ensure_person(&mut tx, sample, now).await?;
    }
    for shop in SHOPS {
        let sample = SampleShop {
            id: ShopId::from(shop_id(shop.n)),
            owner: AccountId::from(account(shop.owner)),
            name: shop.name,
            slug: shop.slug,
            plan: shop.plan,
            plan_tier: shop.plan_tier,
            address: shop.address,
            place: shop.place,
        };
        ensure_shop(&mut tx, sample, now).await?;
    }
    tx.commit().await?;
    db.close().await;
    Ok(())
}

/// What to call with.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    /// Name and token, in a stable order.
    pub(super) tokens: Vec<(&'static str, String)>,
    /// Name and id.
    pub(super) ids: Vec<(&'static str, String)>,
}

impl Tokens {
    /// The token of that name.
    pub(super) fn named(&self, name: &str) -> &str {
        self.tokens
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, token)| token)
    }

    /// The id of that name.
    pub(super) fn id(&self, name: &str) -> &str {
        self.ids
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, id)| id)
    }
}

/// Has the identity provider know the people, so that mails to them have links. Those it knows stay as they are.
pub(super) async fn accounts(google: &GcpLocal) -> anyhow::Result<()> {
    let path = format!(
        "{}/identitytoolkit.googleapis.com/v1/projects/{PROJECT}/accounts",
        google.url()
    );
    let http = reqwest::Client::builder().no_proxy().build()?;
    for person in PEOPLE {
        let account =
            json!({"localId": person.email, "email": person.email, "emailVerified": true});
        let answer = http
            .post(&path)
            .bearer_auth("owner")
            .json(&account)
            .send()
            .await?;
        // 400: there is one.
        let status = answer.status();
        anyhow::ensure!(
            status.is_success() || status == reqwest::StatusCode::BAD_REQUEST,
            "{status} for an account"
        );
    }
    Ok(())
}

/// Signs tokens for the people that have a variable.
pub(super) fn tokens(google: &GcpLocal) -> anyhow::Result<Tokens> {
    let mut tokens = Vec::new();
    for person in PEOPLE {
        let Some(variable) = person.variable else {
            continue;
        };
        let token = google.issuer().firebase_id_token(&FirebaseIdToken {
            // The accounts above are linked to this id.
            uid: person.email.to_owned(),
            email: Some(person.email.to_owned()),
            email_verified: true,
            project: Some(PROJECT.to_owned()),
            expires_in_seconds: Some(TOKEN_SECONDS),
            ..FirebaseIdToken::default()
        })?;
        tokens.push((variable, token));
    }
    let ids = vec![
        ("SHOP_1_ID", shop_id(1).to_string()),
        ("SHOP_2_ID", shop_id(2).to_string()),
        ("CLIENT_1_ID", account(21).to_string()),
        ("CLIENT_2_ID", account(22).to_string()),
    ];
    Ok(Tokens { tokens, ids })
}

/// Somebody to be on `/dev/chat`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Card<'a> {
    /// As in the page's address.
    id: String,
    side: &'static str,
    name: &'static str,
    about: String,
    /// As the event stream calls them.
    channel: String,
    shop_id: Option<Uuid>,
    token: &'a str,
}

/// Those who can chat and have a token, in JSON.
pub(super) fn cards(tokens: &Tokens) -> anyhow::Result<String> {
    let cards = PEOPLE.iter().filter_map(|person| {
        let variable = person.variable?;
        let id = variable.strip_prefix("TOKEN_")?;
        let shop = SHOPS.iter().find(|shop| account(shop.owner) == person.id);
        let (side, channel) = match (person.user_type, person.status, shop) {
            (UserType::Shop, AccountStatus::Active, Some(shop)) => {
                ("SHOP", Audience::Shop(shop_id(shop.n).into()))
            }
            (UserType::Client, AccountStatus::Active, _) => {
                ("CLIENT", Audience::Client(person.id.into()))
            }
            _ => return None,
        };
        Some(Card {
            id: id.to_lowercase().replace('_', "-"),
            side,
            name: shop.map_or(person.name, |shop| shop.name),
            about: shop.map_or_else(
                || person.email.to_owned(),
                |shop| format!("{} · {}", person.name, shop.address),
            ),
            channel: channel.to_string(),
            shop_id: shop.map(|shop| shop_id(shop.n)),
            token: tokens.named(variable),
        })
    });
    Ok(serde_json::to_string(&cards.collect::<Vec<_>>())?)
}
