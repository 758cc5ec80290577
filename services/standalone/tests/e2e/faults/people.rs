//! Who talks to whom.

use avvivo_contracts::audience::Audience;
use avvivo_domain::identity::{AccountStatus, Role, UserType};
use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_postgres::{
    Conn, Database, DatabaseOptions,
    samples::{SamplePerson, SampleShop, ensure_person, ensure_shop},
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::rest::Rest;

const SHOPS: u128 = 4;
const CLIENTS: u128 = 9;

/// Which side somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Client,
    Shop,
}

impl Side {
    /// Its word in paths.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Shop => "shop",
        }
    }
}

/// A client, or the owner of a shop.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) side: Side,
    /// What they hear.
    pub(super) audience: String,
    pub(super) token: String,
}

/// A client and a shop who talk.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) id: Uuid,
    client: usize,
    shop: usize,
}

/// Everybody.
pub(super) struct Cast {
    pub(super) people: Vec<Person>,
    pub(super) conversations: Vec<Conversation>,
}

impl Cast {
    /// Makes them, and has every client open a conversation with every shop.
    pub(super) async fn gather(database_url: &str, google_url: &str, rest: &Rest) -> Self {
        let db = Database::lazy(database_url, &DatabaseOptions::default()).unwrap();
        let mut tx = db.begin().await.unwrap();
        let mut people = Vec::new();
        let mut shops = Vec::new();
        for number in 1..=SHOPS {
            let (owner, shop) = (Uuid::from_u128(100 + number), Uuid::from_u128(number));
            let email = format!("tienda{number}@avvivo.example");
            account(&mut tx, (owner, &email), (UserType::Shop, Role::Store)).await;
            open_shop(&mut tx, shop, owner).await;
            people.push(Person {
                side: Side::Shop,
                audience: Audience::Shop(shop.into()).to_string(),
                token: token(google_url, &email).await,
            });
            shops.push(shop);
        }
        for number in 1..=CLIENTS {
            let id = Uuid::from_u128(200 + number);
            let email = format!("clienta{number}@avvivo.example");
            account(&mut tx, (id, &email), (UserType::Client, Role::User)).await;
            people.push(Person {
                side: Side::Client,
                audience: Audience::Client(id.into()).to_string(),
                token: token(google_url, &email).await,
            });
        }
        tx.commit().await.unwrap();
        db.close().await;
        let conversations = converse(&people, &shops, rest).await;
        Self {
            people,
            conversations,
        }
    }

    /// Who is on a side of a conversation.
    pub(super) fn who(&self, conversation: &Conversation, side: Side) -> &Person {
        match side {
            Side::Client => &self.people[conversation.client],
            Side::Shop => &self.people[conversation.shop],
        }
    }

    /// A conversation that somebody takes part in.
    pub(super) fn conversation_of(&self, person: usize) -> &Conversation {
        let mut theirs = self.conversations.iter();
        theirs
            .find(|talk| talk.client == person || talk.shop == person)
            .unwrap()
    }
}

async fn converse(people: &[Person], shops: &[Uuid], rest: &Rest) -> Vec<Conversation> {
    let mut conversations = Vec::new();
    for (client, person) in people.iter().enumerate() {
        if person.side != Side::Client {
            continue;
        }
        for (shop, id) in shops.iter().enumerate() {
            let path = format!("/chat/client/conversations/{id}/open");
            let opened = rest
                .ask(0, person, (Method::POST, &path), Some(&json!({})), None)
                .await
                .expect("nothing has been broken yet");
            let id = opened.ok()["id"].as_str().unwrap().parse().unwrap();
            conversations.push(Conversation { id, client, shop });
        }
    }
    conversations
}

async fn account(conn: &mut Conn, (id, email): (Uuid, &str), (user_type, role): (UserType, Role)) {
    let person = SamplePerson {
        id: id.into(),
        email,
        name: email,
        user_type,
        role,
        status: AccountStatus::Active,
    };
    ensure_person(conn, person, SystemClock.now())
        .await
        .unwrap();
}

async fn open_shop(conn: &mut Conn, id: Uuid, owner: Uuid) {
    let name = format!("Modas {}", id.as_u128());
    let shop = SampleShop {
        id: id.into(),
        owner: owner.into(),
        name: &name,
        slug: &name.replace(' ', "-").to_lowercase(),
        plan: "PRO",
        plan_tier: "MAXIMA",
        address: "Aranguren 3000",
        place: (-34.628, -58.476),
    };
    ensure_shop(conn, shop, SystemClock.now()).await.unwrap();
}

/// A token for a day, signed while nothing is broken.
async fn token(google_url: &str, email: &str) -> String {
    let wanted = json!({
        "uid": email, "email": email, "email_verified": true, "project": "avvivo-local", "expires_in": 86_400,
    });
    let url = format!("{google_url}/issuer/firebase/id-token");
    let answer = Client::new().post(url).json(&wanted).send().await.unwrap();
    let minted: Value = answer.json().await.unwrap();
    minted["id_token"].as_str().unwrap().to_owned()
}
