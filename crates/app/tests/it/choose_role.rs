//! Saying whether one buys or sells.

use avvivo_app::identity::choose_role;
use avvivo_domain::identity::{Caller, Role, UserType, onboarding::Intent};
use avvivo_kernel::AccountId;

use crate::support::{World, code, words};

async fn newcomer(world: &World) -> Caller {
    let account = world.account("CLIENT", "UNDEFINED").await;
    Caller {
        role: Role::Undefined,
        ..world.caller(account, UserType::Client, Role::Undefined)
    }
}

#[tokio::test]
async fn a_choice_changes_the_account_is_written_down_and_announced() {
    let world = World::new().await;
    let caller = newcomer(&world).await;

    let chosen = choose_role::run(&world.deps, &caller, Intent::User)
        .await
        .unwrap();

    assert_eq!(
        (chosen.user_type, chosen.role),
        (UserType::Client, Role::User)
    );
    let stored =
        "SELECT count(*) FROM accounts WHERE role = 'USER' AND onboarding_completed_at IS NOT NULL";
    assert_eq!(world.count(stored).await, 1);
    let written = "SELECT count(*) FROM audit_log WHERE action = 'ACCOUNT_ROLE_CHOSEN' AND actor_type = 'CLIENT' \
                   AND actor_account_id = subject_id AND after = '{\"role\": \"USER\"}'";
    assert_eq!(world.count(written).await, 1);
    world.relay().drain().await.unwrap();
    assert_eq!(words(&world.bus.events()), ["access changed"]);
    let again = choose_role::run(&world.deps, &caller, Intent::User).await;
    assert_eq!(code(again), "onboarding.already_chosen");
}

#[tokio::test]
async fn the_state_of_a_shop_wins_over_what_its_owner_chose() {
    let world = World::new().await;
    let shop = world.shop().status("PENDING_VERIFICATION").open().await;
    let stored = "UPDATE accounts SET role = 'PENDING_STORE', user_type = 'CLIENT' WHERE id = $1";
    world.arrange(stored, shop.owner.account_id.as_uuid()).await;
    let chosen = choose_role::run(&world.deps, &shop.owner, Intent::User)
        .await
        .unwrap();
    assert_eq!(
        (chosen.role, chosen.shop_id),
        (Role::PendingStore, Some(shop.id))
    );
}

#[tokio::test]
async fn who_is_gone_or_administers_chooses_nothing() {
    let world = World::new().await;
    let gone = Caller {
        account_id: AccountId::from(world.id()),
        ..newcomer(&world).await
    };
    let admin = world.admin().await;
    for (caller, expected) in [
        (gone, "onboarding.account_gone"),
        (admin, "onboarding.administrative"),
    ] {
        let refused = choose_role::run(&world.deps, &caller, Intent::Store).await;
        assert_eq!(code(refused), expected);
    }
    assert_eq!(world.count("SELECT count(*) FROM audit_log").await, 0);
}

#[tokio::test]
async fn who_was_unlinked_while_they_chose_does_not_link_themselves_again() {
    let world = World::new().await;
    let caller = newcomer(&world).await;
    let unlink = "UPDATE accounts SET firebase_uid = NULL WHERE id = $1";
    world.arrange(unlink, caller.account_id.as_uuid()).await;
    let refused = choose_role::run(&world.deps, &caller, Intent::User).await;
    assert_eq!(code(refused), "onboarding.account_gone");
    let linked = "SELECT count(*) FROM accounts WHERE firebase_uid IS NOT NULL";
    assert_eq!(world.count(linked).await, 0);
}
