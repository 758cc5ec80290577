//! The document that describes the api.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::TestApp;

/// The operations of the document by method and path: `GET /reels`.
pub(crate) fn operations() -> BTreeMap<String, Value> {
    let document = serde_json::to_value(avvivo_api::openapi()).unwrap();
    operations_of(&document)
}

fn operations_of(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "patch", "delete"] {
            if let Some(operation) = item.get(method) {
                let name = format!("{} {path}", method.to_uppercase());
                found.insert(name, operation.clone());
            }
        }
    }
    found
}

/// The statuses that an operation documents.
pub(crate) fn responses(operation: &Value) -> BTreeSet<&str> {
    let responses = operation["responses"].as_object().unwrap();
    responses.keys().map(String::as_str).collect()
}

#[test]
fn routes_and_what_they_answer_change_on_purpose_only() {
    let lines = operations().into_iter().map(|(name, operation)| {
        let statuses: Vec<&str> = responses(&operation).into_iter().collect();
        format!("{name}: {}", statuses.join(" "))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn the_document_is_served_whole_and_refers_to_nothing_that_is_missing() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(operations_of(&document), operations());
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    assert!(references.contains("#/components/schemas/Problem"));
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str() {
                    Some(reference) if key == "$ref" => drop(found.insert(reference.to_owned())),
                    _ => collect_references(member, found),
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

/// Whether an answer is a page for people: what is shared is one even where there is nothing, a report only when there is.
fn pages(operation: &Value, status: &str) -> bool {
    let shared = operation["tags"][0] == "share" && ["200", "404"].contains(&status);
    shared || (operation["operationId"] == "view_report" && status == "200")
}

#[test]
fn every_operation_says_what_it_is_names_its_parameters_and_tells_refusals_as_problems() {
    let mut names = BTreeSet::new();
    for (name, operation) in operations() {
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{name}"
        );
        let id = operation["operationId"].as_str().unwrap();
        assert!(
            names.insert(id.to_owned()),
            "{id} is the id of two operations"
        );
        let declared: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let in_path: BTreeSet<&str> = name
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        assert_eq!(declared, in_path, "{name}");
        let statuses = responses(&operation);
        // What is gone is gone for everybody.
        let outcome = ["410", "201"]
            .into_iter()
            .find(|status| statuses.contains(status));
        let outcome = outcome.unwrap_or("200");
        for always in [outcome, "401", "403", "503"] {
            assert!(statuses.contains(always), "{name} documents no {always}");
        }
        assert!(
            name.starts_with("GET ") || statuses.contains("429"),
            "{name}"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            let kind = if pages(&operation, status) {
                "text/html"
            } else if status.as_str() < "400" {
                "application/json"
            } else {
                "application/problem+json"
            };
            assert!(response["content"].get(kind).is_some(), "{name} {status}");
        }
    }
}

#[tokio::test]
async fn the_documentation_can_be_read_in_a_browser() {
    let app = TestApp::start().await;
    let moved = app.get("/docs").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (303, Some("/docs/"))
    );
    let page = app.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    let script = app.get("/docs/swagger-initializer.js").await;
    assert!(String::from_utf8_lossy(&script.body).contains("/openapi.json"));
}
