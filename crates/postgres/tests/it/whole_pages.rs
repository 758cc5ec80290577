//! Pages of whole reels are bounded by what they weigh.

use avvivo_domain::reels::Reel;
use avvivo_kernel::ReelId;
use avvivo_postgres::reels::lists::{self, WholePage};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{World, noon};

/// A reel with an editor's state of about so many bytes, which compress well.
fn weighing(world: &World, shop: avvivo_kernel::ShopId, age: i64, bytes: usize) -> Reel {
    Reel {
        created_at: noon() - TimeDelta::minutes(age),
        editor_state: Some(json!({"text": "a".repeat(bytes)})),
        ..world.draft(shop)
    }
}

fn ids(page: &WholePage) -> Vec<ReelId> {
    page.reels.iter().map(|found| found.reel.id).collect()
}

#[tokio::test]
async fn a_page_ends_before_it_weighs_too_much_and_the_next_goes_on() {
    let world = World::new().await;
    let shop = world.shop().await;
    let mut reels = Vec::new();
    for (age, bytes) in [(1, 100), (2, 900_000), (3, 100), (4, 100)] {
        let reel = weighing(&world, shop, age, bytes);
        reels.push((reel.created_at, world.stored(&reel).await));
    }
    let mut conn = world.db.acquire().await.unwrap();
    let mut before = None;
    let mut pages = Vec::new();
    loop {
        let page = lists::list_all(&mut conn, before, 10, 1_000).await.unwrap();
        pages.push(ids(&page));
        if !page.more {
            break;
        }
        before = page
            .reels
            .last()
            .map(|last| (last.reel.created_at, last.reel.id));
    }
    let [a, b, c, d] = [0, 1, 2, 3].map(|place: usize| reels.get(place).unwrap().1);
    // One that is too large for any page has a page of its own.
    assert_eq!(pages, [vec![a], vec![b], vec![c, d]]);
}

#[tokio::test]
async fn a_page_with_room_is_bounded_by_its_number() {
    let world = World::new().await;
    let shop = world.shop().await;
    for age in [1, 2, 3] {
        world.stored(&weighing(&world, shop, age, 10)).await;
    }
    let mut conn = world.db.acquire().await.unwrap();
    let two = lists::list_all(&mut conn, None, 2, i64::MAX).await.unwrap();
    assert_eq!((two.reels.len(), two.more), (2, true));
    let all = lists::list_all(&mut conn, None, 4, i64::MAX).await.unwrap();
    assert_eq!((all.reels.len(), all.more), (3, false));
}
