//! What is told but not kept, and who may hear what.

use avvivo_app::{
    chat::{Participant, open_conversation, say_typing},
    identity::change_status,
    realtime::topics,
};
use avvivo_contracts::audience::Audience;
use avvivo_domain::{
    audit::Actor,
    identity::{AccountStatus, Caller},
};
use avvivo_kernel::ConversationId;

use crate::support::{Shop, World, code, words};

struct Talk {
    world: World,
    client: Caller,
    shop: Shop,
    id: ConversationId,
}

async fn talk() -> Talk {
    let world = World::new().await;
    let client = world.client().await;
    let shop = world.shop().open().await;
    let opened = open_conversation::run(&world.deps, client.account_id, shop.id).await;
    let id = opened.unwrap().conversation.id;
    Talk {
        world,
        client,
        shop,
        id,
    }
}

#[tokio::test]
async fn typing_is_told_to_the_other_side_and_nowhere_written() {
    let talk = talk().await;
    let world = &talk.world;
    let client = Participant::client(talk.client.account_id);
    let shop = Participant::shop(talk.shop.owner.account_id, talk.shop.id);
    say_typing::run(&world.deps, client, talk.id, true)
        .await
        .unwrap();
    say_typing::run(&world.deps, shop, talk.id, false)
        .await
        .unwrap();

    let told = world.bus.events();
    assert_eq!(
        words(&told),
        ["typing by CLIENT for 6000", "typing by SHOP for 0"]
    );
    let audiences: Vec<_> = told.iter().map(|event| event.audience.clone()).collect();
    assert_eq!(
        audiences,
        [
            format!("shop:{}", talk.shop.id),
            format!("client:{}", talk.client.account_id)
        ]
    );
    assert!(told.iter().all(|event| event.sequence == 0));
    assert_eq!(world.count("SELECT count(*) FROM audience_events").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);

    let stranger = Participant::client(world.client().await.account_id);
    let refused = say_typing::run(&world.deps, stranger, talk.id, true).await;
    assert_eq!(code(refused), "chat.not_found");
    world.bus.fail_next(1);
    say_typing::run(&world.deps, client, talk.id, true)
        .await
        .expect("a bus that is away is nobody's fault");
}

#[tokio::test]
async fn a_client_is_watched_only_by_shops_they_talk_with() {
    let talk = talk().await;
    let world = &talk.world;
    let there = Audience::PresenceOfClient(talk.client.account_id);
    let other = world.shop().open().await;
    for (who, may) in [
        (&talk.client, true),
        (&talk.shop.owner, true),
        (&other.owner, false),
    ] {
        let heard = topics::run(&world.deps, who, &[there.to_string()]).await;
        match heard {
            Ok(audiences) => assert!(may && audiences == [there], "{audiences:?}"),
            Err(error) => {
                assert!(!may);
                assert_eq!(code(Err::<(), _>(error)), "realtime.topic_not_yours");
            }
        }
    }
}

#[tokio::test]
async fn a_change_of_status_is_announced_once() {
    let talk = talk().await;
    let world = &talk.world;
    let account = talk.client.account_id;
    for (status, is_news) in [
        (AccountStatus::Suspended, true),
        (AccountStatus::Suspended, false),
        (AccountStatus::Active, true),
    ] {
        let changed = change_status::run(&world.deps, Actor::System, account, status)
            .await
            .unwrap();
        assert_eq!(changed, is_news);
    }
    world.relay().drain().await.unwrap();
    assert_eq!(
        words(&world.bus.events()),
        ["access changed", "access changed"]
    );
    let written = "SELECT count(*) FROM audit_log WHERE action = 'ACCOUNT_STATUS_CHANGED'";
    assert_eq!(world.count(written).await, 2);
}
