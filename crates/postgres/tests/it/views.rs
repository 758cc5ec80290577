//! Views are counted once an account, however many ask at once.

use avvivo_postgres::{
    reels,
    views::{self, Recorded},
};
use futures::future::join_all;

use crate::support::{World, noon};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_views_at_once_by_one_account_count_once() {
    let world = World::new().await;
    let (reel, account) = (world.waiting().await, world.account().await);
    let views = (0..50).map(async |_| {
        let mut conn = world.db.acquire().await.unwrap();
        let view = views::record(&mut conn, world.id(), (reel, account), noon()).await;
        view.unwrap()
    });
    let views = join_all(views).await;
    let firsts = views.iter().filter(|view| **view == Recorded::First);
    assert_eq!(firsts.count(), 1);
    let again = views
        .iter()
        .filter(|view| matches!(view, Recorded::Again(_)));
    assert_eq!(again.count(), 49);
    assert_eq!(world.reel(reel).await.views, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_views_at_once_by_fifty_accounts_all_count() {
    let world = World::new().await;
    let reel = world.waiting().await;
    let views = (0..50).map(async |_| {
        let account = world.account().await;
        let mut conn = world.db.acquire().await.unwrap();
        let view = views::record(&mut conn, world.id(), (reel, account), noon()).await;
        view.unwrap()
    });
    let views = join_all(views).await;
    assert!(views.iter().all(|view| *view == Recorded::First));
    assert_eq!(world.reel(reel).await.views, 50);
    assert_eq!(world.count("SELECT count(*) FROM reel_views").await, 50);
}

#[tokio::test]
async fn a_reel_that_is_deleted_under_a_view_is_not_there() {
    let world = World::new().await;
    let (reel, account) = (world.waiting().await, world.account().await);
    let mut deleting = world.begin().await;
    reels::find_for_update(&mut deleting, reel).await.unwrap();
    let delete = async {
        world.somebody_waits().await;
        reels::delete(&mut deleting, reel, noon()).await.unwrap();
        deleting.commit().await.unwrap();
    };
    let view = async {
        let mut conn = world.db.acquire().await.unwrap();
        views::record(&mut conn, world.id(), (reel, account), noon()).await
    };
    let (view, ()) = tokio::join!(view, delete);
    assert_eq!(view.unwrap(), Recorded::NoSuchReel);
    assert_eq!(world.count("SELECT count(*) FROM reel_views").await, 0);
}
