//! What is written down of every change that somebody may have to answer for. Entries are added, never changed.

use avvivo_kernel::{AccountId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::identity::{Caller, UserType};

wire_enum! {
    /// What was done.
    AuditAction {
        /// A shop registered itself.
        SelfRegistered = "SELF_REGISTER_CREATED",
        /// An administrator made a shop.
        ShopCreated = "SHOP_CREATED",
        /// Its data changed.
        ShopEdited = "SHOP_EDITED",
        /// Its picture changed.
        ShopImageChanged = "SHOP_IMAGE_CHANGED",
        /// It was let in.
        ShopActivated = "SHOP_ACTIVATED",
        /// It was turned away.
        ShopRejected = "SHOP_REJECTED",
        /// Its owner confirmed its data.
        ShopAccepted = "SHOP_ACCEPTED",
        /// Its owner proved the e-mail.
        ShopOpenedByOwner = "SHOP_OPENED_BY_OWNER",
        /// It may not schedule for a while.
        AgendaSuspended = "AGENDA_SUSPENDED",
        /// It may again.
        AgendaSuspensionLifted = "AGENDA_SUSPENSION_LIFTED",
        /// It has another owner.
        OwnerAssigned = "SHOP_OWNER_ASSIGNED",
        /// It was deleted.
        ShopDeleted = "SHOP_DELETED",
        /// Its owner was invited by mail.
        InviteSent = "SHOP_INVITE_SENT",
        /// Its owner's key was reset.
        PasswordReset = "SHOP_PASSWORD_RESET",
        /// Quota was asked for or credited.
        QuotaPurchased = "QUOTA_PURCHASED",
        /// Somebody said whether they buy or sell.
        RoleChosen = "ACCOUNT_ROLE_CHOSEN",
        /// What somebody may do, or which sign-in is theirs, followed from something else that changed.
        RoleChanged = "ACCOUNT_ROLE_CHANGED",
        /// Somebody may no longer sign in, or may again.
        AccountStatusChanged = "ACCOUNT_STATUS_CHANGED",
        /// Everything that clients and shops had was thrown away, on a platform for tests.
        TestDataReset = "TEST_DATA_RESET",
    }
}

wire_enum! {
    /// What kind of thing it was done to.
    SubjectKind {
        /// A shop.
        Shop = "SHOP",
        /// An account.
        Account = "ACCOUNT",
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is signed in.
    Account {
        /// Their account.
        id: AccountId,
        /// Which side they were on.
        user_type: UserType,
    },
    /// Somebody who is not.
    Anonymous,
    /// Nobody: a job.
    System,
}

impl Actor {
    /// Who makes a request.
    pub fn of(caller: Option<&Caller>) -> Self {
        caller.map_or(Self::Anonymous, |caller| Self::Account {
            id: caller.account_id,
            user_type: caller.user_type,
        })
    }

    /// The word for what kind of actor it is.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account { user_type, .. } => user_type.as_str(),
            Self::Anonymous => "ANONYMOUS",
            Self::System => "SYSTEM",
        }
    }

    /// Reads [`Self::as_str`] and [`Self::account_id`] back.
    pub fn parse(word: &str, account: Option<AccountId>) -> Option<Self> {
        match (word, account) {
            ("ANONYMOUS", None) => Some(Self::Anonymous),
            ("SYSTEM", None) => Some(Self::System),
            (word, Some(id)) => {
                UserType::parse(word).map(|user_type| Self::Account { id, user_type })
            }
            (_, None) => None,
        }
    }

    /// The account, if there is one.
    pub fn account_id(self) -> Option<AccountId> {
        match self {
            Self::Account { id, .. } => Some(id),
            Self::Anonymous | Self::System => None,
        }
    }
}

/// Where an entry comes from: the same for all entries of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// What was done.
    pub action: AuditAction,
    /// Who did it.
    pub actor: Actor,
    /// To what kind of thing.
    pub subject_kind: SubjectKind,
    /// To which.
    pub subject_id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The fields that changed, as they were.
    pub before: Map<String, Value>,
    /// The same fields, as they are.
    pub after: Map<String, Value>,
}

impl AuditEntry {
    /// An entry of what changed between two states of a thing, either of which may not exist.
    pub fn of_change(
        action: AuditAction,
        occasion: Occasion,
        subject: (SubjectKind, Uuid),
        reason: Option<String>,
        before: Option<&impl Serialize>,
        after: Option<&impl Serialize>,
    ) -> Self {
        let (before, after) = diff(&fields(before), &fields(after));
        Self {
            action,
            actor: occasion.actor,
            subject_kind: subject.0,
            subject_id: subject.1,
            at: occasion.at,
            reason,
            before,
            after,
        }
    }
}

impl AuditEntry {
    /// With what else changed by it, as it was and as it is.
    #[must_use]
    pub fn with(mut self, field: &str, before: Value, after: Value) -> Self {
        self.before.insert(field.to_owned(), before);
        self.after.insert(field.to_owned(), after);
        self
    }
}

/// What is never written down, at any depth: secrets, and where somebody came from.
const UNWRITTEN: [&str; 9] = [
    "password",
    "passwordHash",
    "token",
    "secret",
    "resetLink",
    "signedUrl",
    "ip",
    "userAgent",
    "intakeMeta",
];

fn fields(thing: Option<&impl Serialize>) -> Map<String, Value> {
    // What cannot be written as an object has no fields to compare; our types can.
    let mut value = serde_json::to_value(thing).unwrap_or_default();
    strip(&mut value);
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !UNWRITTEN.contains(&key.as_str()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fields that differ, on both sides. A field that is nowhere is null there, and null is nowhere.
fn diff(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> (Map<String, Value>, Map<String, Value>) {
    let value =
        |side: &Map<String, Value>, key: &String| side.get(key).cloned().unwrap_or_default();
    let changed: Vec<String> = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)))
        .filter(|key| value(before, key) != value(after, key))
        .cloned()
        .collect();
    let side = |of: &Map<String, Value>| {
        let given = changed
            .iter()
            .map(|key| (key.clone(), value(of, key)))
            .filter(|(_, value)| !value.is_null());
        given.collect()
    };
    (side(before), side(after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entry(before: Option<&Value>, after: Option<&Value>) -> AuditEntry {
        let occasion = Occasion {
            actor: Actor::System,
            at: "2026-03-10T12:00:00Z".parse().unwrap(),
        };
        let subject = (SubjectKind::Shop, Uuid::from_u128(1));
        AuditEntry::of_change(
            AuditAction::ShopEdited,
            occasion,
            subject,
            None,
            before,
            after,
        )
    }

    #[test]
    fn actors_are_read_back_as_they_were_written() {
        let account = |user_type| Actor::Account {
            id: Uuid::from_u128(7).into(),
            user_type,
        };
        let people = UserType::ALL.iter().map(|user_type| account(*user_type));
        for actor in people.chain([Actor::Anonymous, Actor::System]) {
            assert_eq!(
                Actor::parse(actor.as_str(), actor.account_id()),
                Some(actor)
            );
        }
        assert_eq!(Actor::parse("ADMIN", None), None);
        assert_eq!(
            Actor::parse("SYSTEM", Some(Uuid::from_u128(7).into())),
            None
        );
    }

    #[test]
    fn only_what_changed_is_written_down() {
        let written = entry(
            Some(&json!({"name": "a", "plan": "ALTA", "gone": 1, "null": null})),
            Some(&json!({"name": "b", "plan": "ALTA", "new": [1]})),
        );
        assert_eq!(
            Value::Object(written.before),
            json!({"name": "a", "gone": 1})
        );
        assert_eq!(
            Value::Object(written.after),
            json!({"name": "b", "new": [1]})
        );
    }

    #[test]
    fn what_begins_is_written_whole_and_what_ends_too() {
        let thing = json!({"name": "a", "note": null});
        let begun = entry(None, Some(&thing));
        assert!(begun.before.is_empty());
        assert_eq!(Value::Object(begun.after), json!({"name": "a"}));
        let ended = entry(Some(&thing), None);
        assert_eq!(Value::Object(ended.before), json!({"name": "a"}));
        assert!(ended.after.is_empty());
    }

    #[test]
    fn secrets_are_never_written_down() {
        for key in UNWRITTEN {
            let written = entry(
                Some(&json!({ key: "a", "deep": {} })),
                Some(&json!({ key: "b", "deep": [{ key: "b", "x": 1 }] })),
            );
            assert_eq!(Value::Object(written.before), json!({"deep": {}}));
            assert_eq!(Value::Object(written.after), json!({"deep": [{"x": 1}]}));
        }
    }

    proptest! {
        #[test]
        fn a_thing_that_did_not_change_leaves_nothing(names in proptest::collection::vec("[a-z]{1,4}", 0..6)) {
            let thing: Value = names.iter().map(|name| (name.clone(), json!(1))).collect::<Map<_, _>>().into();
            let written = entry(Some(&thing), Some(&thing));
            prop_assert!(written.before.is_empty() && written.after.is_empty());
        }
    }
}
