//! Whoever changes shops and accounts takes them in one order, and whoever had to wait sees what became of them.

use std::time::Duration;

use avvivo_app::{
    clients::add_reminder,
    identity::resolve_caller,
    shops::{
        assign_owner::{self, Nominee},
        buy_quota::{self, Order},
        delete_shop, edit_shop,
        set_image::{self, SetImage},
        suspend_agenda,
    },
    testpanel,
};
use avvivo_domain::{
    identity::{Role, TokenIdentity},
    reels::Platform,
    shops::{
        Shop as Row, ShopStatus, SocialHandle, agenda::SuspensionDays, images::ImageKind,
        purchase::Pack,
    },
};
use avvivo_kernel::{AccountId, StreamId};
use avvivo_postgres::{
    Transaction, notifications, reels, reminders,
    shops::{
        lists,
        owners::{self, Named},
        set_reel_quota, write,
    },
    uploads, wallets,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Shop, World, code, in_folder};

/// Longer than a lock that is free takes, shorter than PostgreSQL takes to find a deadlock.
const PATIENCE: Duration = Duration::from_millis(700);

/// A PNG of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

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
    assert_eq!(given.unwrap().shop.owner, Some(buyer));
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

#[tokio::test]
async fn who_lost_a_shop_while_waiting_for_it_neither_changes_it_nor_buys_for_it() {
    let world = World::new().await;
    let buyer = world.account("CLIENT", "USER").await;
    for use_case in ["edit", "buy", "buy closed", "picture"] {
        let shop = world.shop().open().await;
        let mut other = world.begin().await;
        let before = lock_shop(&mut other, &shop).await;
        let after = if use_case == "buy closed" {
            Row {
                status: ShopStatus::Hidden,
                ..before.clone()
            }
        } else {
            Row {
                owner: Some(buyer),
                ..before.clone()
            }
        };
        write::save(&mut other, &before, &after).await.unwrap();
        let committing = async {
            world.somebody_waits().await;
            other.commit().await.unwrap();
        };
        let using = async {
            if use_case == "edit" {
                let body = json!({"minimumPurchase": 1});
                let body = body.as_object().unwrap();
                let edited = edit_shop::run(&world.deps, &shop.owner, shop.id, body).await;
                edited.map(drop)
            } else if use_case == "picture" {
                let command = SetImage {
                    caller: shop.owner.clone(),
                    shop: shop.id,
                    kind: ImageKind::Logo,
                    file: STANDARD.decode(PIXEL).unwrap().into(),
                };
                set_image::run(&world.deps, command).await.map(drop)
            } else {
                let order = Order {
                    pack: Pack::Reels,
                    amount: Some(json!(1)),
                    idempotency_key: None,
                };
                let bought = buy_quota::run(&world.deps, &shop.owner, shop.id, &order).await;
                bought.map(drop)
            }
        };
        let (refused, ()) = tokio::join!(using, committing);
        let expected = if use_case == "buy closed" {
            "auth.not_allowed"
        } else {
            "auth.not_yours"
        };
        assert_eq!(code(refused), expected, "{use_case}");
        let give_back = "UPDATE shops SET owner_account_id = NULL WHERE id = $1";
        world.arrange(give_back, shop.id.as_uuid()).await;
    }
    // What nobody shows goes, though it was stored.
    let drawn = "SELECT count(*) FROM object_tombstones WHERE path LIKE '%/images/logo-%'";
    assert_eq!(world.count(drawn).await, 1);
    let shown = "SELECT count(*) FROM shops WHERE logo_url IS NOT NULL";
    assert_eq!(world.count(shown).await, 0);
}

#[tokio::test]
async fn a_shop_takes_its_owners_account_before_the_tombstones_of_its_pictures() {
    let world = World::new().await;
    let admin = world.admin().await;
    let shop = world.shop().open().await;
    let path = in_folder(shop.id, "images/logo-1.jpg");
    // It is condemned, and somebody condemns it again.
    let paths = std::slice::from_ref(&path);
    let mut condemning = world.begin().await;
    let later = world.now() + TimeDelta::days(1);
    uploads::bury(&mut condemning, paths, later).await.unwrap();
    condemning.commit().await.unwrap();
    let mut condemning = world.begin().await;
    uploads::bury(&mut condemning, paths, world.now())
        .await
        .unwrap();
    let body = json!({"logoUrl": world.url(&path), "status": "HIDDEN"});
    let body = body.as_object().unwrap();
    let going_on = async {
        world.somebody_waits().await;
        // Whoever waits for the tombstone has the account already.
        let mut other = world.begin().await;
        let held = owners::find_for_update(&mut other, Named::Id(shop.owner.account_id));
        assert!(
            timeout(PATIENCE, held).await.is_err(),
            "the account is still free"
        );
        drop(other);
        condemning.commit().await.unwrap();
    };
    let edit = edit_shop::run(&world.deps, &admin, shop.id, body);
    let (edited, ()) = tokio::join!(edit, going_on);
    assert_eq!(edited.unwrap().shop.status, ShopStatus::Hidden);
}

#[tokio::test]
async fn a_reset_and_somebody_who_publishes_wait_for_each_other_in_turn() {
    let world = World::new().await;
    let admin = world.admin().await;
    let shop = world.shop().extras(2).open().await;
    world.published(&shop).await;
    // As a creation on its way: it has the wallet, and goes on to the shop.
    let mut publishing = world.begin().await;
    wallets::lock_reels(&mut publishing, shop.id).await.unwrap();
    let command = world.video(&shop);
    let going_on = async {
        world.somebody_waits().await;
        let quota = set_reel_quota(&mut publishing, shop.id, 1);
        timeout(PATIENCE, quota).await.unwrap().unwrap();
        publishing.commit().await.unwrap();
    };
    let (reset, published, ()) = tokio::join!(
        testpanel::reset(&world.deps, &admin),
        world.create(command),
        going_on
    );
    reset.unwrap();
    // Before the reset, or after it, when there is nobody to publish for.
    if published.is_err() {
        let shown = format!("{published:?}");
        assert_eq!(code(published), "shop.not_found", "{shown}");
    }
    assert_eq!(world.count("SELECT count(*) FROM shops").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM reels").await, 0);
}

#[tokio::test]
async fn a_shop_that_is_deleted_takes_its_reels_before_its_wallet() {
    let world = World::new().await;
    let admin = world.admin().await;
    let shop = world.shop().open().await;
    let reel = world.published(&shop).await;
    // As a rendering that gives up: the reel, then the wallet.
    let mut giving_up = world.begin().await;
    reels::find_for_update(&mut giving_up, reel.id)
        .await
        .unwrap();
    let going_on = async {
        world.somebody_waits().await;
        let wallet = timeout(PATIENCE, wallets::lock_reels(&mut giving_up, shop.id)).await;
        assert!(wallet.is_ok(), "somebody who waits for us holds the wallet");
        giving_up.commit().await.unwrap();
    };
    let (deleted, ()) = tokio::join!(delete_shop::run(&world.deps, &admin, shop.id), going_on);
    assert_eq!(deleted.unwrap().shop.id, shop.id);
    assert_eq!(world.count("SELECT count(*) FROM reels").await, 0);
    assert!(world.count("SELECT count(*) FROM object_tombstones").await > 0);
}

#[tokio::test]
async fn suspending_an_agenda_takes_lives_reminders_and_notices_in_the_order_of_buyers() {
    let world = World::new().await;
    let admin = world.admin().await;
    let shop = world.shop().open().await;
    let buyer = world.client().await.account_id;
    let live = StreamId::from(world.id());
    sqlx::query(
        "INSERT INTO streams (id, shop_id, title, scheduled_at, created_at) VALUES ($1, $2, 'Vivo', $3, $3)",
    )
    .bind(live.as_uuid())
    .bind(shop.id.as_uuid())
    .bind(world.now() + TimeDelta::days(1))
    .execute(world.pool())
    .await
    .unwrap();
    add_reminder::run(&world.deps, buyer, live).await.unwrap();
    // As a buyer who takes it back: the reminder, then the notice.
    let mut taking_back = world.begin().await;
    reminders::cancel(&mut taking_back, buyer, live)
        .await
        .unwrap();
    let going_on = async {
        world.somebody_waits().await;
        let notice = notifications::cancel_reminder(&mut taking_back, buyer, live);
        let notice = timeout(PATIENCE, notice).await;
        assert!(notice.is_ok(), "somebody who waits for us holds the notice");
        taking_back.commit().await.unwrap();
    };
    let days = SuspensionDays::read(None).unwrap();
    let (suspended, ()) = tokio::join!(
        suspend_agenda::run(&world.deps, &admin, shop.id, (days, None)),
        going_on
    );
    suspended.unwrap();
    let canceled = "SELECT count(*) FROM notifications WHERE status = 'CANCELED'";
    assert_eq!(world.count(canceled).await, 1);
}
