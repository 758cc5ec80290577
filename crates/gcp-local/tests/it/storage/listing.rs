//! Listing: order, prefixes, folding, pages.

use google_cloud_gax::paginator::ItemPaginator as _;
use serde_json::Value;

use super::bench::{Bench, RESOURCE};

async fn with_objects(names: &[&str]) -> Bench {
    let bench = Bench::start().await;
    for name in names {
        bench.put(name, "x").await;
    }
    bench
}

/// One page over JSON: objects, prefixes, token.
async fn page(bench: &Bench, query: &str) -> (Vec<String>, Vec<String>, Option<String>) {
    let url = bench.json_url(&format!("/o?{query}"));
    let answer: Value = bench
        .http
        .get(url)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let texts = |values: Option<&Value>, of: fn(&Value) -> &Value| -> Vec<String> {
        let values = values.and_then(Value::as_array).into_iter().flatten();
        values
            .map(|value| of(value).as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let name: fn(&Value) -> &Value = |item| item.get("name").unwrap_or(&Value::Null);
    let token = answer
        .get("nextPageToken")
        .and_then(Value::as_str)
        .map(str::to_owned);
    (
        texts(answer.get("items"), name),
        texts(answer.get("prefixes"), |p| p),
        token,
    )
}

#[tokio::test]
async fn names_come_in_order_page_by_page() {
    let bench = with_objects(&["b/2", "a", "b/10", "c", "b/1", "ñ", "Z"]).await;
    let mut names = Vec::new();
    let list = bench
        .control
        .list_objects()
        .set_parent(RESOURCE)
        .set_page_size(2);
    let mut objects = list.by_item();
    while let Some(object) = objects.next().await {
        names.push(object.unwrap().name);
    }
    assert_eq!(names, ["Z", "a", "b/1", "b/10", "b/2", "c", "ñ"]);
}

#[tokio::test]
async fn a_prefix_and_a_range_limit_what_is_listed() {
    let bench = with_objects(&["a/1", "a/2", "a/3", "a0", "b"]).await;
    assert_eq!(page(&bench, "prefix=a/").await.0, ["a/1", "a/2", "a/3"]);
    let (names, _, _) = page(&bench, "prefix=a/&startOffset=a/2&endOffset=a/3").await;
    assert_eq!(names, ["a/2"]);
    assert!(page(&bench, "prefix=zzz").await.0.is_empty());
}

#[tokio::test]
async fn a_delimiter_folds_names_into_prefixes_across_pages() {
    let bench = with_objects(&["a", "d/1", "d/2", "d/3", "e/x/1", "e/y", "f"]).await;
    let (names, prefixes, token) = page(&bench, "delimiter=/").await;
    assert_eq!(names, ["a", "f"]);
    assert_eq!(prefixes, ["d/", "e/"]);
    assert_eq!(token, None);

    let (mut seen, mut token) = (Vec::new(), Some(String::new()));
    while let Some(current) = token {
        let query = format!("delimiter=/&maxResults=1&pageToken={current}");
        let (names, prefixes, next) = page(&bench, &query).await;
        assert_eq!(names.len() + prefixes.len(), 1);
        seen.extend(names.into_iter().chain(prefixes));
        token = next;
    }
    assert_eq!(seen, ["a", "d/", "e/", "f"]);
    let (names, prefixes, _) = page(&bench, "delimiter=/&prefix=e/").await;
    assert_eq!(
        (names, prefixes),
        (vec!["e/y".to_owned()], vec!["e/x/".to_owned()])
    );
}

#[tokio::test]
async fn many_folded_names_cost_one_prefix() {
    let names: Vec<String> = (0..150).map(|number| format!("many/{number:03}")).collect();
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.extend(["zz-1", "zz-2"]);
    let bench = with_objects(&all).await;
    let (names, prefixes, _) = page(&bench, "delimiter=/").await;
    assert_eq!((names.len(), prefixes), (2, vec!["many/".to_owned()]));
    assert_eq!(
        page(&bench, "delimiter=%23").await.0.len(),
        152,
        "nothing to fold"
    );
}

#[tokio::test]
async fn a_broken_token_and_an_unknown_bucket_are_errors() {
    let bench = Bench::start().await;
    let broken = bench
        .http
        .get(bench.json_url("/o?pageToken=%21"))
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status().as_u16(), 400);
    let unknown = bench
        .control
        .list_objects()
        .set_parent("projects/_/buckets/nowhere");
    assert!(unknown.by_item().next().await.unwrap().is_err());
}
