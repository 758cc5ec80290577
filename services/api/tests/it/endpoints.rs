//! The table of endpoints: what the platform promises, where each is answered, and what tests it. It is believed because this
//! reads it; that every role is tested on every route is [`crate::matrix`]'s to see to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::openapi::operations;

const TABLE: &str = include_str!("../../ENDPOINTS.md");
/// The front half's endpoints are numbered F1 to F52, those of media and chat M1 to M29; what came since has no number.
const FRONT: usize = 52;
const MEDIA: usize = 29;

/// A line of the table.
struct Endpoint {
    numbers: Vec<&'static str>,
    name: &'static str,
    handler: &'static str,
    tests: Vec<&'static str>,
}

fn endpoints() -> Vec<Endpoint> {
    let cells = |line: &'static str| -> Vec<&'static str> {
        let inner = line.trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(str::trim).collect()
    };
    let quoted =
        |cell: &'static str| -> Vec<&'static str> { cell.split('`').skip(1).step_by(2).collect() };
    let lines = TABLE.lines().filter(|line| line.contains("| `"));
    lines
        .map(|line| {
            let [numbers, name, handler, tests] = cells(line)[..] else {
                panic!("four cells are wanted: {line}")
            };
            Endpoint {
                numbers: numbers.split_whitespace().collect(),
                name: quoted(name)[0],
                handler: quoted(handler)[0],
                tests: quoted(tests),
            }
        })
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The file of `a::b::c` below a folder, and the last word.
fn place(folder: &str, path: &str) -> (PathBuf, String) {
    let (module, last) = path.rsplit_once("::").unwrap();
    let file = format!("{folder}/{}.rs", module.replace("::", "/"));
    (root().join(file), last.to_owned())
}

/// Where handlers and tests are: in the api, or in the crate that is named before a slash.
fn located(path: &str, api: &str, elsewhere: &str) -> (PathBuf, String) {
    match path.split_once('/') {
        Some((service, path)) => place(&format!("services/{service}/{elsewhere}"), path),
        None => place(&format!("services/api/{api}"), path),
    }
}

#[test]
fn all_that_is_promised_is_in_the_table_once() {
    let endpoints = endpoints();
    let mut seen = BTreeMap::new();
    for number in endpoints.iter().flat_map(|endpoint| &endpoint.numbers) {
        *seen.entry((*number).to_owned()).or_insert(0) += 1;
    }
    let promised = (1..=FRONT)
        .map(|number| format!("F{number}"))
        .chain((1..=MEDIA).map(|number| format!("M{number}")));
    let promised: BTreeMap<String, i32> = promised.map(|number| (number, 1)).collect();
    assert_eq!(seen, promised);
    let names: BTreeSet<&str> = endpoints.iter().map(|endpoint| endpoint.name).collect();
    assert_eq!(names.len(), endpoints.len(), "an endpoint has two lines");
}

#[test]
fn what_is_in_the_table_is_answered_where_it_says() {
    let operations = operations();
    let mut documented = BTreeSet::new();
    for Endpoint { name, handler, .. } in endpoints() {
        let (file, function) = located(handler, "src/routes", "src");
        let source = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name}: no {handler}"));
        assert!(
            source.contains(&format!("async fn {function}(")),
            "{name}: no {handler}"
        );
        let (method, path) = name.split_once(' ').unwrap();
        if handler.contains('/') {
            continue;
        }
        assert!(operations.contains_key(name), "{name} is not answered");
        let marks = [method.to_lowercase(), format!("path = \"{path}\"")];
        let documents = |mark: &String| source.contains(mark.as_str());
        assert!(marks.iter().all(documents), "{name} is not in {handler}");
        documented.insert(name.to_owned());
    }
    let all: BTreeSet<String> = operations.into_keys().collect();
    assert_eq!(documented, all, "operations without a line in the table");
}

#[test]
fn the_tests_that_the_table_names_are_there() {
    for Endpoint { name, tests, .. } in endpoints() {
        assert!(!tests.is_empty(), "{name} has no test");
        for test in tests {
            let (file, function) = located(test, "tests/it", "tests/it");
            let source = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name}: no {test}"));
            let before = source
                .split_once(&format!("fn {function}()"))
                .map(|split| split.0);
            let is_test = before.is_some_and(|before| {
                let attribute = before.rsplit_once("#[").map(|split| split.1);
                attribute.is_some_and(|attribute| attribute.contains("test"))
            });
            assert!(is_test, "{name}: {test} is no test");
        }
    }
}
