//! What everybody sees.

use avvivo_app::reels::read;
use avvivo_kernel::ShopId;
use avvivo_postgres::reels::ReelWithShop;
use serde_json::json;

use crate::support::World;

fn shops(found: &[ReelWithShop]) -> Vec<ShopId> {
    found.iter().map(|found| found.shop.id).collect()
}

#[tokio::test]
async fn reels_of_shops_that_are_out_of_sight_are_shown_to_nobody() {
    let world = World::new().await;
    let mut seen = Vec::new();
    for after in ["ACTIVE", "HIDDEN", "AGENDA_SUSPENDED", "BANNED"] {
        let shop = world.shop().open().await;
        world.published(&shop).await;
        sqlx::query("UPDATE shops SET status = $2::shop_status WHERE id = $1")
            .bind(shop.id.as_uuid())
            .bind(after)
            .execute(world.pool())
            .await
            .unwrap();
        if matches!(after, "ACTIVE" | "AGENDA_SUSPENDED") {
            seen.push(shop.id);
        }
    }
    seen.sort();

    let mut feed = shops(&read::feed(&world.deps, 80).await.unwrap());
    let mut showcase = shops(&read::showcase(&world.deps, 24).await.unwrap());

    feed.sort();
    showcase.sort();
    assert_eq!((feed, showcase), (seen.clone(), seen));
}

#[tokio::test]
async fn a_shop_that_is_banned_while_its_reel_is_rendered_announces_nothing() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let waiting = world.waiting(&shop).await;
    world
        .arrange(
            "UPDATE shops SET status = 'BANNED' WHERE id = $1",
            shop.id.as_uuid(),
        )
        .await;
    world.publish(&waiting).await;
    assert!(world.told_everybody().await.is_empty());
    assert_eq!(world.told(&shop).await.last().unwrap(), "ACTIVE DONE 100");
}

#[tokio::test]
async fn lists_leave_the_editors_state_out_and_single_reels_have_it() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut command = world.video(&shop);
    command.editor_state = Some(json!({"fit": "cover"}));
    let waiting = world.create(command).await.unwrap();
    let reel = world.publish(&waiting).await;
    let (deps, owner) = (&world.deps, &shop.owner);

    let lists = [
        read::feed(deps, 80).await.unwrap(),
        read::showcase(deps, 6).await.unwrap(),
        read::of_shop(deps, owner, shop.id, 120).await.unwrap(),
    ];
    for list in lists {
        assert_eq!(list.len(), 1);
        let listed = &list[0].reel;
        assert_eq!((listed.id, &listed.video_url), (reel.id, &reel.video_url));
        assert_eq!(
            (&listed.editor_state, &listed.render.report),
            (&None, &None)
        );
    }
    assert_eq!(read::one(deps, owner, reel.id).await.unwrap().reel, reel);
    let all = read::all(deps, None, 10).await.unwrap();
    assert_eq!(all.reels[0].reel, reel);
}
