//! `/shops`

mod create;
mod edit;
mod freshness;
mod lists;
mod moderate;
mod own;
mod quota;
mod register;
mod register_steps;
mod suspend_agenda;

use serde_json::{Value, json};

use crate::support::{
    Settings, TestApp,
    people::{Owner, Person},
};

/// An api, an administrator's token, and shops that the administrator makes.
pub(crate) struct Mall {
    pub(crate) app: TestApp,
    pub(crate) admin: Person,
}

impl Mall {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn open_with(change: impl FnOnce(&mut Settings)) -> Self {
        let app = TestApp::start_with(change).await;
        let admin = app.admin(900).await;
        Self { app, admin }
    }

    pub(crate) fn token(&self) -> String {
        self.app.token(&self.admin)
    }

    /// Makes an open shop on a plan, with contacts, changed as `more` says.
    pub(crate) async fn shop(&self, name: &str, more: Value) -> Value {
        let mut body = json!({
            "name": name,
            "plan": "PREMIUM",
            "status": "ACTIVE",
            "minimumPurchase": 60000,
            "paymentMethods": ["Efectivo"],
            "socialHandles": {"instagram": "@lunaazul"},
            "whatsappLines": [{"label": "Ventas", "number": "5491144440101"}],
            "addressDetails": {
                "street": "Cuenca", "number": "612", "city": "CABA", "province": "CABA", "zip": "1406",
                "lat": -34.6281, "lng": -58.4779, "legacyUid": "20417",
            },
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = self
            .app
            .post("/shops")
            .bearer(self.token())
            .json(&body)
            .await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// As an administrator.
    pub(crate) async fn put(&self, id: &Value, body: &Value) -> Value {
        let path = format!("/shops/{}", id.as_str().unwrap());
        let asked = self.app.ask(http::Method::PUT, &path);
        asked.bearer(self.token()).json(body).await.ok()
    }

    /// As an administrator.
    pub(crate) async fn act(&self, id: &Value, verb: &str, body: &Value) -> Value {
        let path = format!("/shops/{}/{verb}", id.as_str().unwrap());
        self.app
            .post(&path)
            .bearer(self.token())
            .json(body)
            .await
            .ok()
    }

    /// How the audit names what was done to a thing, oldest first.
    pub(crate) async fn audited(&self, subject: &Value) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT action FROM audit_log WHERE subject_id = $1::uuid ORDER BY at, id",
        )
        .bind(subject.as_str().unwrap())
        .fetch_all(self.app.pool())
        .await
        .unwrap()
    }
}

/// Changes a shop in its owner's name.
pub(crate) async fn put_own(app: &TestApp, owner: &Owner, body: &Value) -> Value {
    app.ask(http::Method::PUT, &format!("/shops/{}", owner.shop))
        .bearer(app.token(&owner.person))
        .json(body)
        .await
        .ok()
}

/// A registration that the `number`th newcomer sends: nothing in it is anybody else's.
pub(crate) fn registration(number: u128) -> Value {
    let base = format!("30{:08}", 40_000_000 + number);
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let sum: u32 = base
        .chars()
        .zip(weights)
        .map(|(digit, weight)| digit.to_digit(10).unwrap() * weight)
        .sum();
    let last = match 11 - sum % 11 {
        11 => 0,
        10 => 9,
        digit => digit,
    };
    json!({
        "storeName": format!("Hilos {number}"),
        "razonSocial": "Hilos SRL",
        "cuit": format!("{base}{last}"),
        "email": format!("hilos{number}@example.com"),
        "whatsapp": format!("11{:08}", 40_000_000 + number),
        "address": {"street": "Helguera", "number": number.to_string(), "city": "CABA", "province": "CABA"},
        "consents": {"termsAccepted": true, "contactAccepted": true},
        "socialHandles": {"instagram": "hilos"},
        "intakeMeta": {"campaign": "feria", "auditTrail": ["forged"], "ip": "1.1.1.1"},
    })
}
