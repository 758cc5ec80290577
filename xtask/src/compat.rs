//! Which differences between two sets of contracts break somebody who still speaks the old one.
//!
//! New messages, fields, values and calls break nobody. Everything else that shows on the wire, or in the JSON form
//! (names), does.

use std::collections::BTreeSet;

use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor,
};

/// Everything that `old` promised and `new` does not keep, as sentences.
pub(crate) fn breaks(old: &DescriptorPool, new: &DescriptorPool) -> Vec<String> {
    let mut found = Vec::new();
    for message in old.all_messages() {
        match new.get_message_by_name(message.full_name()) {
            Some(today) => message_breaks(&message, &today, &mut found),
            None => found.push(format!("message {} was removed", message.full_name())),
        }
    }
    for promised in old.all_enums() {
        match new.get_enum_by_name(promised.full_name()) {
            Some(today) => enum_breaks(&promised, &today, &mut found),
            None => found.push(format!("enum {} was removed", promised.full_name())),
        }
    }
    for service in old.services() {
        match new.get_service_by_name(service.full_name()) {
            Some(today) => service_breaks(&service, &today, &mut found),
            None => found.push(format!("service {} was removed", service.full_name())),
        }
    }
    found
}

/// The full names of everything that `new` has and `old` does not.
pub(crate) fn additions(old: &DescriptorPool, new: &DescriptorPool) -> Vec<String> {
    let known: BTreeSet<String> = names(old).collect();
    names(new).filter(|name| !known.contains(name)).collect()
}

fn names(pool: &DescriptorPool) -> impl Iterator<Item = String> {
    let messages = pool.all_messages().flat_map(|message| {
        let fields = message.fields().map(|field| field.full_name().to_owned());
        let mut names: Vec<String> = fields.collect();
        names.insert(0, message.full_name().to_owned());
        names
    });
    let enums = pool.all_enums().flat_map(|known| {
        let values = known.values().map(|value| value.full_name().to_owned());
        let mut names: Vec<String> = values.collect();
        names.insert(0, known.full_name().to_owned());
        names
    });
    let services = pool.services().flat_map(|service| {
        let calls = service.methods().map(|call| call.full_name().to_owned());
        let mut names: Vec<String> = calls.collect();
        names.insert(0, service.full_name().to_owned());
        names
    });
    messages.chain(enums).chain(services)
}

fn message_breaks(old: &MessageDescriptor, new: &MessageDescriptor, found: &mut Vec<String>) {
    for field in old.fields() {
        let name = field.full_name();
        match (
            new.get_field(field.number()),
            new.get_field_by_name(field.name()),
        ) {
            (Some(today), _) => field_breaks(&field, &today, found),
            (None, Some(today)) => {
                found.push(format!(
                    "field {name} was renumbered from {} to {}",
                    field.number(),
                    today.number()
                ));
            }
            (None, None) => found.push(format!("field {name} = {} was removed", field.number())),
        }
    }
}

fn field_breaks(old: &FieldDescriptor, new: &FieldDescriptor, found: &mut Vec<String>) {
    let name = old.full_name();
    if old.name() != new.name() {
        found.push(format!(
            "field {name} = {} is now called {}",
            old.number(),
            new.name()
        ));
    }
    let (was, is) = (kind_name(&old.kind()), kind_name(&new.kind()));
    if was != is {
        found.push(format!("field {name} was {was} and is {is}"));
    }
    let (was, is) = (shape(old), shape(new));
    if was != is {
        found.push(format!("field {name} was {was} and is {is}"));
    }
}

fn enum_breaks(old: &EnumDescriptor, new: &EnumDescriptor, found: &mut Vec<String>) {
    for value in old.values() {
        let name = value.full_name();
        match new.get_value(value.number()) {
            Some(today) if today.name() == value.name() => {}
            Some(today) => {
                found.push(format!(
                    "value {name} = {} is now called {}",
                    value.number(),
                    today.name()
                ));
            }
            None => found.push(format!("value {name} = {} was removed", value.number())),
        }
    }
}

fn service_breaks(old: &ServiceDescriptor, new: &ServiceDescriptor, found: &mut Vec<String>) {
    for call in old.methods() {
        match new.methods().find(|today| today.name() == call.name()) {
            None => found.push(format!("call {} was removed", call.full_name())),
            Some(today) if signature(&call) != signature(&today) => found.push(format!(
                "call {} was {} and is {}",
                call.full_name(),
                signature(&call),
                signature(&today)
            )),
            Some(_) => {}
        }
    }
}

/// How often a field may be there, and whether its absence shows.
fn shape(field: &FieldDescriptor) -> String {
    // A oneof of one optional field is how proto3 spells "optional" inside.
    let oneof = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic());
    match (field.cardinality(), oneof) {
        (_, Some(oneof)) => format!("in oneof {}", oneof.name()),
        (Cardinality::Repeated, None) => "repeated".to_owned(),
        (Cardinality::Required, None) => "required".to_owned(),
        (Cardinality::Optional, None) if field.supports_presence() => "optional".to_owned(),
        (Cardinality::Optional, None) => "always there".to_owned(),
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn signature(call: &MethodDescriptor) -> String {
    let side = |is_streaming: bool, message: MessageDescriptor| {
        format!(
            "{}{}",
            if is_streaming { "stream " } else { "" },
            message.full_name()
        )
    };
    format!(
        "{} → {}",
        side(call.is_client_streaming(), call.input()),
        side(call.is_server_streaming(), call.output())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "
        message Reel { string id = 1; int64 views = 2; repeated string tags = 3; State state = 4; }
        enum State { STATE_UNSPECIFIED = 0; STATE_ACTIVE = 1; }
        service Reels { rpc Get(Reel) returns (Reel); rpc Watch(Reel) returns (stream Reel); }";

    fn pool(body: &str) -> DescriptorPool {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("syntax = \"proto3\"; package p; {body}");
        std::fs::write(folder.path().join("a.proto"), text).unwrap();
        let compiled = protox::compile(["a.proto"], [folder.path()]).unwrap();
        DescriptorPool::from_file_descriptor_set(compiled).unwrap()
    }

    /// What breaks when `from` becomes `to` in the base.
    fn changing(from: &str, to: &str) -> Vec<String> {
        assert!(BASE.contains(from), "{from}");
        breaks(&pool(BASE), &pool(&BASE.replace(from, to)))
    }

    #[test]
    fn additions_break_nobody() {
        let grown = BASE
            .replace("State state = 4;", "State state = 4; string title = 5;")
            .replace("STATE_ACTIVE = 1;", "STATE_ACTIVE = 1; STATE_HIDDEN = 2;")
            .replace(
                "service Reels {",
                "message More {} service Reels { rpc List(More) returns (More);",
            );
        assert_eq!(breaks(&pool(BASE), &pool(&grown)), Vec::<String>::new());
    }

    #[test]
    fn additions_are_named_whole_and_by_part() {
        let grown = BASE
            .replace("State state = 4;", "State state = 4; string title = 5;")
            .replace("STATE_ACTIVE = 1;", "STATE_ACTIVE = 1; STATE_HIDDEN = 2;")
            .replace(
                "service Reels {",
                "message More {} service Reels { rpc List(More) returns (More);",
            );
        assert_eq!(
            additions(&pool(BASE), &pool(&grown)),
            ["p.Reel.title", "p.More", "p.STATE_HIDDEN", "p.Reels.List"]
        );
        assert_eq!(additions(&pool(&grown), &pool(BASE)), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_break_is_named() {
        let table = [
            ("int64 views = 2;", "", "field p.Reel.views = 2 was removed"),
            (
                "int64 views = 2;",
                "int64 views = 7;",
                "field p.Reel.views was renumbered from 2 to 7",
            ),
            (
                "int64 views = 2;",
                "int64 seen = 2;",
                "field p.Reel.views = 2 is now called seen",
            ),
            (
                "int64 views = 2;",
                "string views = 2;",
                "field p.Reel.views was int64 and is string",
            ),
            (
                "int64 views = 2;",
                "repeated int64 views = 2;",
                "field p.Reel.views was always there and is repeated",
            ),
            (
                "int64 views = 2;",
                "optional int64 views = 2;",
                "field p.Reel.views was always there and is optional",
            ),
            (
                "STATE_ACTIVE = 1;",
                "",
                "value p.STATE_ACTIVE = 1 was removed",
            ),
            (
                "STATE_ACTIVE = 1;",
                "STATE_ON = 1;",
                "value p.STATE_ACTIVE = 1 is now called STATE_ON",
            ),
            (
                "rpc Get(Reel) returns (Reel);",
                "",
                "call p.Reels.Get was removed",
            ),
            (
                "returns (stream Reel)",
                "returns (Reel)",
                "call p.Reels.Watch was p.Reel → stream p.Reel and is p.Reel → p.Reel",
            ),
        ];
        for (from, to, sentence) in table {
            assert_eq!(changing(from, to), [sentence]);
        }
    }

    #[test]
    fn whole_definitions_that_vanish_are_named() {
        assert_eq!(
            breaks(&pool(BASE), &pool("")),
            [
                "message p.Reel was removed",
                "enum p.State was removed",
                "service p.Reels was removed"
            ]
        );
    }
}
