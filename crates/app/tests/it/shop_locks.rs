//! Whoever changes shops and accounts takes them in one order, and whoever had to wait sees what became of them.

use std::time::Duration;

use avvivo_app::{
    identity::resolve_caller,
    shops::assign_owner::{self, Nominee},
};
use avvivo_domain::{
    identity::{Role, TokenIdentity},
    reels::Platform,
    shops::{Shop as Row, SocialHandle},
};
use avvivo_kernel::AccountId;
use avvivo_postgres::{
    Transaction,
    shops::{
        lists,
        owners::{self, Named},
        write,
    },
};
use chrono::TimeDelta;
use tokio::time::timeout;

use crate::support::{Shop, World};

/// Longer than a lock that is free takes, shorter than PostgreSQL takes to find a deadlock.
const PATIENCE: Duration = Duration::from_millis(700);

async fn lock_account(tx: &mut Transaction, account: AccountId) {
    let locked = timeout(PATIENCE, owners::find_for_update(tx, Named::Id(account))).await;
    assert!(locked.is_ok(), "somebody who waits for us holds {account}");
}

async fn lock_shop(tx: &mut Transaction, shop: &Shop) -> Row {
    let locked = timeout(PATIENCE, lists::find_for_update(tx, shop.id)).await;
    let locked = locked.unwrap_or_else(|_| panic!("somebody who waits for us holds {}", shop.id));
    locked.unwrap().unwrap()
}

#[tokio::test]
async fn opening_a_shop_takes_the_shop_before_its_owners_account() {
    let world = World::new().await;
    let shop = world.shop().status("PENDING_VERIFICATION").open().await;
    world.registered_itself(&shop).await;
    let token = TokenIdentity {
        uid: shop.owner.uid.clone(),
        email: Some(shop.owner.email.clone()),
        email_verified: true,
        expires_at: world.now() + TimeDelta::hours(1),
    };
    let mut moderation = world.begin().await;
    lock_shop(&mut moderation, &shop).await;
    let moderating = async {
        world.somebody_waits().await;
        lock_account(&mut moderation, shop.owner.account_id).await;
        moderation.commit().await.unwrap();
    };
    let (caller, ()) = tokio::join!(resolve_caller::run(&world.deps, &token), moderating);
    assert_eq!(caller.unwrap().role, Role::Store);
}

#[tokio::test]
async fn shops_given_both_ways_at_once_take_accounts_in_one_order() {
    let world = World::new().await;
    let admin = world.admin().await;
    let buyer = world.account("CLIENT", "USER").await;
    let shop = world.shop().open().await;
    assert!(buyer.as_uuid() < shop.owner.account_id.as_uuid());
    // Gives another shop of the buyer's to the owner: the smaller id first, too.
    let mut other_way = world.begin().await;
    lock_account(&mut other_way, buyer).await;
    let nominee = Nominee {
        account: Some(buyer),
        email: None,
    };
    let giving = assign_owner::run(&world.deps, &admin, shop.id, &nominee);
    let going_on = async {
        world.somebody_waits().await;
        lock_account(&mut other_way, shop.owner.account_id).await;
        other_way.commit().await.unwrap();
    };
    let (given, ()) = tokio::join!(giving, going_on);
    assert_eq!(given.unwrap().owner, Some(buyer));
}

#[tokio::test]
async fn who_waited_for_a_shop_sees_what_became_of_its_contacts() {
    let world = World::new().await;
    let shop = world.shop().open().await;
    let mut first = world.begin().await;
    let before = lock_shop(&mut first, &shop).await;
    let handle = SocialHandle {
        platform: Platform::Instagram,
        handle: "telas".to_owned(),
    };
    let after = Row {
        social_handles: vec![handle],
        ..before.clone()
    };
    write::save(&mut first, &before, &after).await.unwrap();
    let mut second = world.begin().await;
    let committing = async {
        world.somebody_waits().await;
        first.commit().await.unwrap();
    };
    let (seen, ()) = tokio::join!(lists::find_for_update(&mut second, shop.id), committing);
    assert_eq!(seen.unwrap().unwrap(), after);
}
