//! Lists of shops as pages go through them.

use serde_json::{Value, json};

use super::told;
use crate::{shops::Mall, support::answer::Answer};

impl Mall {
    /// As many open shops as that, whose names begin with a Z.
    async fn with_zs(self, count: u128) -> Self {
        for number in 1..=count {
            let owner = self.app.owner(number).await;
            let rename = "UPDATE shops SET name = 'Zapatos ' || slug, normalized_name = 'zapatos ' || slug WHERE id = $1";
            self.app.change(rename, owner.shop).await;
        }
        self
    }

    async fn letter(&self, query: &str) -> Value {
        let path = format!("/shops/by-letter{query}");
        self.app.get(&path).await.ok()
    }
}

fn many(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[tokio::test]
async fn a_letter_has_thirty_three_shops_a_page_unless_more_are_asked_for() {
    let mall = Mall::open().await.with_zs(60).await;
    let page = mall.letter("?letter=z").await;
    assert_eq!(many(&page["items"]), 33);
    assert_eq!(page["hasMore"], true);
    assert_eq!(page.get("limit"), None);
    let wide = mall.letter("?letter=Zoo&limit=500").await;
    assert_eq!(many(&wide["items"]), 60);
    assert_eq!(
        told(&wide, ["limit", "hasMore"]),
        [json!(500), json!(false)]
    );
    let rest = mall.letter("?letter=z&offset=33").await;
    assert_eq!(many(&rest["items"]), 27);
    assert_eq!(
        told(&rest, ["offset", "hasMore"]),
        [json!(33), json!(false)]
    );
    let odd = mall.letter("?letter=z&limit=dos&offset=tres").await;
    assert_eq!(many(&odd["items"]), 33);
    assert_eq!((odd.get("limit"), &odd["offset"]), (None, &json!(0)));
    let nothing = json!({"items": [], "hasMore": false, "offset": 0});
    assert_eq!(mall.letter("").await, nothing);
}

#[tokio::test]
async fn a_panel_that_asks_for_a_hundred_and_twenty_at_a_time_finds_every_shop() {
    let mall = Mall::open().await.with_zs(130).await;
    let mut found = Vec::new();
    for page in 0..20 {
        let path = format!("/shops?limit=120&offset={}", page * 120);
        let ids = mall.app.get(&path).bearer(mall.token()).await.ids();
        let full = ids.len() == 120;
        found.extend(ids);
        if !full {
            break;
        }
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 130);
    // Whoever asks without a number is given all there are.
    assert_eq!(many(&mall.app.get("/shops").await.ok()), 130);
}

#[tokio::test]
async fn only_strangers_are_told_where_their_list_of_shops_came_from() {
    let mall = Mall::open().await;
    mall.app.owner(1).await;
    mall.app.hears_events().await;
    let came = |answer: &Answer| {
        let word = |name| answer.header(name).map(str::to_owned);
        (word("x-cache"), word("x-cache-store"))
    };
    for path in ["/shops", "/shops/featured", "/shops/map-data"] {
        let words = |cache: &str, store: &str| (Some(cache.to_owned()), Some(store.to_owned()));
        let first = mall.app.get(path).await;
        assert_eq!(came(&first), words("MISS", "none"), "{path}");
        let second = mall.app.get(path).await;
        assert_eq!(came(&second), words("HIT", "memory"), "{path}");
        assert_eq!(first.ok(), second.ok());
        let admin = mall.app.get(path).bearer(mall.token()).await;
        assert_eq!(came(&admin), (None, None), "{path}");
    }
}
