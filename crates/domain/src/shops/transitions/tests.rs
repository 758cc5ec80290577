//! The table, row by row.

use super::*;
use crate::shops::{PlanTier, RegistrationSource, record::example};

/// What the example gave as its address.
const PROVEN: &str = "privado@lunaazul.com.ar";

type Standing = (ShopStatus, Visibility, Verification, bool);

fn now() -> Timestamp {
    example::now()
}

fn standing(shop: &Shop) -> Standing {
    (
        shop.status,
        shop.visibility,
        shop.verification,
        shop.contacts_public,
    )
}

fn without_plan(shop: Shop) -> Shop {
    Shop {
        plan: "MAP_ONLY".to_owned(),
        plan_tier: PlanTier::None,
        ..shop
    }
}

fn waiting() -> Shop {
    Shop {
        status: ShopStatus::PendingVerification,
        visibility: Visibility::Dimmed,
        verification: Verification::Unverified,
        registration_source: RegistrationSource::SelfService,
        contacts_public: false,
        status_reason: Some("x".to_owned()),
        ..example::shop()
    }
}

fn suspended() -> Shop {
    let days = SuspensionDays::read(None).unwrap();
    suspend_agenda(&example::shop(), days, None, Some(example::owner()), now()).unwrap()
}

#[test]
fn each_event_leads_where_the_table_says() {
    use ShopStatus::{Active, AgendaSuspended, Hidden};
    let dark = (Hidden, Visibility::Hidden, Verification::Rejected, false);
    let lit = (Active, Visibility::Lit, Verification::Verified, true);
    let dimmed = (Active, Visibility::Dimmed, Verification::Verified, true);
    assert_eq!(standing(&reject(&example::shop(), None, now())), dark);
    assert_eq!(standing(&activate(&waiting(), None, now())), lit);
    assert_eq!(
        standing(&activate(&without_plan(waiting()), None, now())),
        dimmed
    );
    let rejected = reject(&example::shop(), None, now());
    assert_eq!(standing(&activate(&rejected, None, now())), lit);
    assert_eq!(
        standing(&suspended()),
        (
            AgendaSuspended,
            Visibility::Lit,
            Verification::Verified,
            true
        )
    );
    assert_eq!(
        standing(&lift_suspension(&suspended(), now()).unwrap()),
        lit
    );
    let lifted = lift_suspension(&without_plan(suspended()), now()).unwrap();
    assert_eq!(standing(&lifted), dimmed);
    let opened = open_by_owner(&waiting(), PROVEN, now()).unwrap();
    assert_eq!(
        standing(&opened),
        (Active, Visibility::Lit, Verification::Verified, false)
    );
    let opened = open_by_owner(&without_plan(waiting()), PROVEN, now()).unwrap();
    assert_eq!(
        standing(&opened),
        (Active, Visibility::Dimmed, Verification::Verified, false)
    );
}

#[test]
fn reasons_are_given_or_stand_in() {
    let because = |reason: &str| Some(reason.to_owned());
    let shop = example::shop();
    assert_eq!(
        reject(&shop, None, now()).status_reason,
        because("Solicitud rechazada")
    );
    assert_eq!(
        reject(&shop, because("x"), now()).status_reason,
        because("x")
    );
    assert_eq!(activate(&waiting(), None, now()).status_reason, None);
    assert_eq!(
        activate(&waiting(), because("x"), now()).status_reason,
        because("x")
    );
    assert_eq!(suspended().status_reason, because("Agenda suspendida"));
    assert_eq!(
        lift_suspension(&suspended(), now()).unwrap().status_reason,
        None
    );
    assert_eq!(
        open_by_owner(&waiting(), PROVEN, now())
            .unwrap()
            .status_reason,
        None
    );
}

#[test]
fn a_suspension_is_recorded_and_cleared_whole() {
    let suspension = suspended().suspension;
    assert_eq!(
        suspension.until,
        Some("2026-03-17T12:00:00Z".parse().unwrap())
    );
    assert_eq!(suspension.by, Some(example::owner()));
    assert_eq!(suspension.reason.as_deref(), Some("Agenda suspendida"));
    for cleared in [
        activate(&suspended(), None, now()),
        lift_suspension(&suspended(), now()).unwrap(),
    ] {
        assert_eq!(cleared.suspension, Suspension::default());
    }
}

#[test]
fn every_event_stamps_the_change() {
    let days = SuspensionDays::read(None).unwrap();
    for changed in [
        activate(&waiting(), None, now()),
        reject(&waiting(), None, now()),
        suspend_agenda(&waiting(), days, None, None, now()).unwrap(),
        lift_suspension(&waiting(), now()).unwrap(),
        open_by_owner(&waiting(), PROVEN, now()).unwrap(),
    ] {
        assert_eq!(
            (changed.status_changed_at, changed.updated_at),
            (Some(now()), now())
        );
    }
}

#[test]
fn only_activation_switches_a_shop_on() {
    let off = Shop {
        active: false,
        ..example::shop()
    };
    assert!(activate(&off, None, now()).active);
    assert!(!reject(&off, None, now()).active);
    assert!(!lift_suspension(&off, now()).unwrap().active);
}

#[test]
fn a_banned_shop_is_not_let_in_by_a_suspension() {
    let banned = Shop {
        status: ShopStatus::Banned,
        ..example::shop()
    };
    assert_eq!(lift_suspension(&banned, now()), Err(ShopError::Banned));
    let days = SuspensionDays::read(None).unwrap();
    assert_eq!(
        suspend_agenda(&banned, days, None, None, now()),
        Err(ShopError::Banned)
    );
}

#[test]
fn only_a_shop_that_waits_for_it_is_opened_by_its_owner() {
    assert_eq!(
        open_by_owner(&waiting(), PROVEN, now())
            .unwrap()
            .owner_accepted_at,
        Some(now())
    );
    for not_waiting in [
        Shop {
            active: false,
            ..waiting()
        },
        Shop {
            status: ShopStatus::Hidden,
            ..waiting()
        },
        Shop {
            registration_source: RegistrationSource::Admin,
            ..waiting()
        },
        Shop {
            verification: Verification::Verified,
            ..waiting()
        },
        Shop {
            verification: Verification::Rejected,
            ..waiting()
        },
        Shop {
            contact_email_private: None,
            ..waiting()
        },
    ] {
        assert_eq!(open_by_owner(&not_waiting, PROVEN, now()), None);
    }
    let other = "somebody@example.com";
    assert_eq!(open_by_owner(&waiting(), other, now()), None);
}

#[test]
fn a_plan_dims_and_lights_again() {
    let dimmed = change_plan(&example::shop(), "none", false);
    assert_eq!(
        (dimmed.plan.as_str(), dimmed.plan_tier),
        ("SIN_PLAN", PlanTier::None)
    );
    assert_eq!(dimmed.visibility, Visibility::Dimmed);
    let lit = change_plan(&dimmed, "ALTA", false);
    assert_eq!(
        (lit.plan_tier, lit.visibility),
        (PlanTier::Media, Visibility::Lit)
    );
    assert_eq!(
        change_plan(&example::shop(), "", true).visibility,
        Visibility::Lit
    );
    assert_eq!(
        change_plan(&dimmed, "ALTA", true).visibility,
        Visibility::Dimmed
    );
    for kept in [
        Shop {
            status: ShopStatus::AgendaSuspended,
            ..dimmed.clone()
        },
        Shop {
            verification: Verification::Unverified,
            ..dimmed.clone()
        },
    ] {
        assert_eq!(
            change_plan(&kept, "ALTA", false).visibility,
            Visibility::Dimmed
        );
    }
    let hidden = Shop {
        visibility: Visibility::Hidden,
        ..example::shop()
    };
    assert_eq!(
        change_plan(&hidden, "PRO", false).visibility,
        Visibility::Hidden
    );
}
