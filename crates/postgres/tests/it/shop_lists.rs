//! What SQL says of shops again is what the domain says.

use avvivo_domain::shops::{ShopStatus, Verification, Visibility, lists::Page, view::is_public};
use avvivo_postgres::shops::lists::{self, Among};
use sqlx::AssertSqlSafe;

use crate::support::World;

const ALL: Page = Page {
    limit: Some(500),
    offset: 0,
};

/// One shop of each kind: five statuses, three verifications, three visibilities, switched on and off.
async fn every_kind(world: &World) {
    for status in ShopStatus::ALL {
        for verification in Verification::ALL {
            for visibility in Visibility::ALL {
                for active in [true, false] {
                    let id = world.id();
                    let insert = format!(
                        "INSERT INTO shops (id, name, slug, status, verification, visibility, active, created_at, updated_at)
                         VALUES ('{id}', 'Luna', '{id}', '{}', '{}', '{}', {active}, now(), now())",
                        status.as_str(),
                        verification.as_str(),
                        visibility.as_str(),
                    );
                    sqlx::query(AssertSqlSafe(insert))
                        .execute(world.pool())
                        .await
                        .unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn lists_for_everybody_have_the_shops_that_are_public_and_no_others() {
    let world = World::new().await;
    every_kind(&world).await;
    let mut tx = world.begin().await;
    let all = lists::list_all(&mut tx, ALL).await.unwrap();
    assert_eq!(all.len(), 90);
    let public: Vec<_> = all
        .into_iter()
        .filter(|listed| is_public(&listed.shop))
        .collect();
    let page = lists::list_public(&mut tx, ALL).await.unwrap();
    assert_eq!(page, public);
    let everything = Page { limit: None, ..ALL };
    assert_eq!(
        lists::list_public(&mut tx, everything).await.unwrap(),
        public
    );
    let letter = lists::list_letter(&mut tx, Among::Public, 'L', ALL).await;
    assert_eq!(letter.unwrap(), public);
    let count = lists::count_public(&mut tx).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), public.len());
    let second = Page {
        limit: Some(1),
        offset: 1,
    };
    assert_eq!(
        lists::list_public(&mut tx, second).await.unwrap(),
        public[1..]
    );
}
