//! The description, and the contracts that it is held against.

use std::collections::{BTreeMap, BTreeSet};

use avvivo_contracts::events::v1::Event;
use jsonschema::{Draft, Validator};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, ReflectMessage as _, Value as Field,
};
use serde_json::{Map, Value, json};

use crate::sse::Heard;

/// Messages that say something of the stream, and not that something happened.
const OF_THE_STREAM: &str = "x-stream";
const OF_AN_EVENT: &str = "x-payload";
/// Messages that say how many streams there are.
const OF_A_COUNT: &str = "x-count";

/// `proto/asyncapi.yaml`.
pub(super) struct Document {
    whole: Value,
    /// By the name of the event.
    messages: BTreeMap<String, Described>,
}

struct Described {
    message: Value,
    fields: Validator,
    data: Validator,
}

impl Document {
    /// Reads it; the examples in it are held against it at once.
    pub(super) fn read() -> Self {
        let whole: Value =
            serde_saphyr::from_str(include_str!("../../../../../proto/asyncapi.yaml")).unwrap();
        let listed = whole["components"]["messages"].as_object().unwrap();
        let messages = listed.values().map(|message| {
            let described = Described {
                fields: validator(&whole, &message["headers"]),
                data: validator(&whole, &message["payload"]),
                message: message.clone(),
            };
            for example in message["examples"].as_array().unwrap() {
                let fields = example.get("headers").cloned().unwrap_or_else(|| json!({}));
                described.check(&fields, &example["payload"]);
            }
            (name(message), described)
        });
        let messages: BTreeMap<_, _> = messages.collect();
        assert_eq!(messages.len(), listed.len(), "two messages of one name");
        Self { whole, messages }
    }

    /// The names of all messages.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.messages.keys().cloned().collect()
    }

    /// What messages have as `member`.
    pub(super) fn all(&self, member: &str) -> impl Iterator<Item = String> {
        let members = self.messages.values().filter_map(move |described| {
            described.message.get(member)?.as_str().map(str::to_owned)
        });
        members.collect::<Vec<_>>().into_iter()
    }

    /// Events of which no client is told.
    pub(super) fn untold(&self) -> impl Iterator<Item = String> {
        let untold = self.whole["x-untold"].as_array().unwrap().iter();
        untold.map(|payload| payload.as_str().unwrap().to_owned())
    }

    /// The names of messages that do not speak of the stream itself, and the members of their data, however deep.
    pub(super) fn events(&self) -> impl Iterator<Item = (&str, BTreeSet<String>)> {
        let events = self
            .messages
            .iter()
            .filter(|(_, described)| described.message.get(OF_THE_STREAM).is_none());
        events.map(|(name, described)| {
            let mut members = BTreeSet::new();
            self.collect_members(&described.message["payload"], &mut members);
            (name.as_str(), members)
        })
    }

    fn collect_members(&self, schema: &Value, members: &mut BTreeSet<String>) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let referred = self.whole.pointer(reference.trim_start_matches('#'));
            return self.collect_members(referred.unwrap(), members);
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            members.insert(name.clone());
            self.collect_members(member, members);
        }
        if let Some(items) = schema.get("items") {
            self.collect_members(items, members);
        }
    }

    /// Every message is of an event, of the stream or of a count, and of a channel; and no object may have what is not described.
    pub(super) fn is_complete(&self) {
        let mut referred = BTreeSet::new();
        for channel in self.whole["channels"].as_object().unwrap().values() {
            for message in channel["messages"].as_object().unwrap().values() {
                referred.insert(message["$ref"].as_str().unwrap().to_owned());
            }
        }
        for (key, message) in self.whole["components"]["messages"].as_object().unwrap() {
            let marks = [OF_AN_EVENT, OF_THE_STREAM, OF_A_COUNT];
            let of = marks.iter().filter(|mark| message.get(mark).is_some());
            assert_eq!(
                of.count(),
                1,
                "{key} is of an event, of the stream or of a count"
            );
            assert!(
                referred.contains(&format!("#/components/messages/{key}")),
                "{key} is in no channel"
            );
        }
        closed(&self.whole["components"]["schemas"], "schemas");
    }

    /// The name of a frame that is as described.
    pub(super) fn describes(&self, heard: &Heard) -> String {
        let is_described = self.messages.contains_key(&heard.event);
        assert!(is_described, "{heard:?} is not described");
        let mut fields = Map::new();
        fields.extend(heard.id.clone().map(|id| ("id".to_owned(), id.into())));
        fields.extend(heard.retry.map(|retry| ("retry".to_owned(), retry.into())));
        self.messages[&heard.event].check(&fields.into(), &heard.data);
        heard.event.clone()
    }
}

impl Described {
    fn check(&self, fields: &Value, data: &Value) {
        for (validator, instance) in [(&self.fields, fields), (&self.data, data)] {
            let faults: Vec<String> = validator
                .iter_errors(instance)
                .map(|fault| format!("{}: {fault}", fault.instance_path()))
                .collect();
            assert!(
                faults.is_empty(),
                "{}: {instance}: {faults:#?}",
                name(&self.message)
            );
        }
    }
}

fn name(message: &Value) -> String {
    message["name"].as_str().unwrap().to_owned()
}

/// A validator for what `reference` refers to in the document.
fn validator(whole: &Value, reference: &Value) -> Validator {
    let schema = json!({"$ref": reference["$ref"], "components": whole["components"]});
    let options = jsonschema::options().with_draft(Draft::Draft202012);
    options
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// Fails for an object of whose members not all are described.
fn closed(schema: &Value, place: &str) {
    match schema {
        Value::Object(members) => {
            let is_object = members.get("type").is_some_and(|kind| kind == "object");
            let is_closed = members.get("additionalProperties") == Some(&Value::Bool(false));
            assert!(!is_object || is_closed, "{place} lets anything in");
            for (name, member) in members {
                closed(member, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| closed(item, place)),
        _ => {}
    }
}

/// The contracts, as their source says.
pub(super) struct Contracts(DescriptorPool);

pub(super) fn contracts() -> Contracts {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let files = protox::compile(["avvivo/events/v1/event.proto"], [proto]).unwrap();
    Contracts(DescriptorPool::from_file_descriptor_set(files).unwrap())
}

impl Contracts {
    /// What an event may be of.
    pub(super) fn payloads(&self) -> impl Iterator<Item = FieldDescriptor> {
        let event = self
            .0
            .get_message_by_name("avvivo.events.v1.Event")
            .unwrap();
        let payload = event
            .oneofs()
            .find(|group| group.name() == "payload")
            .unwrap();
        payload.fields().collect::<Vec<_>>().into_iter()
    }

    /// What an event is of, and that.
    pub(super) fn payload_of(&self, event: &Event) -> (String, DynamicMessage) {
        let kind = self
            .0
            .get_message_by_name("avvivo.events.v1.Event")
            .unwrap();
        let event = DynamicMessage::decode(kind, event.encode_to_vec().as_slice()).unwrap();
        let field = self
            .payloads()
            .find(|field| event.has_field(field))
            .unwrap();
        let message = event.get_field(&field).as_message().unwrap().clone();
        (field.name().to_owned(), message)
    }
}

/// The paths of all fields, down to the last, that are as if nobody had set them.
pub(super) fn unset_fields(message: &DynamicMessage) -> Vec<String> {
    let descriptor = message.descriptor();
    let fields = descriptor.fields().flat_map(|field| {
        if !message.has_field(&field) {
            return vec![field.name().to_owned()];
        }
        let below = match message.get_field(&field).as_ref() {
            Field::Message(message) => unset_fields(message),
            Field::List(items) => items
                .iter()
                .filter_map(Field::as_message)
                .flat_map(unset_fields)
                .collect(),
            _ => Vec::new(),
        };
        let paths = below
            .into_iter()
            .map(|path| format!("{}.{path}", field.name()));
        paths.collect()
    });
    fields.collect()
}
