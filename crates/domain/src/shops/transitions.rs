//! How a shop's standing changes. Each event is a function from the shop as it is to the shop as it becomes.
//!
//! | Event | From | status | visibility | verification | contacts public |
//! |---|---|---|---|---|---|
//! | [`activate`] | any | ACTIVE | LIT, DIMMED without a plan | VERIFIED | yes |
//! | [`reject`] | any | HIDDEN | HIDDEN | REJECTED | no |
//! | [`suspend_agenda`] | any but BANNED | `AGENDA_SUSPENDED` | | | |
//! | [`lift_suspension`] | any but BANNED | ACTIVE | LIT, DIMMED without a plan | VERIFIED | |
//! | [`accept`](super::accept::accept), data complete | `PENDING_VERIFICATION` | ACTIVE | LIT, DIMMED without a plan | VERIFIED | yes |
//! | [`accept`](super::accept::accept), otherwise | any | | | | |
//! | [`open_by_owner`] | as [`super::ShopStanding::opens_to`] | ACTIVE | LIT, DIMMED without a plan | VERIFIED | |
//!
//! What becomes of the owner's account is in [`super::owner`], of streams in [`super::agenda`].

use avvivo_kernel::{AccountId, Timestamp};

use super::{
    Plan, Shop, ShopError, ShopStatus, Suspension, Verification, Visibility, agenda::SuspensionDays,
};

/// What a rejected shop reads when nothing else is said.
const REJECTED: &str = "Solicitud rechazada";
/// What a suspended shop reads when nothing else is said.
const SUSPENDED: &str = "Agenda suspendida";

/// Lets a shop in.
pub fn activate(shop: &Shop, reason: Option<String>, now: Timestamp) -> Shop {
    Shop {
        contacts_public: true,
        active: true,
        ..opened(shop, reason, now)
    }
}

/// Turns a shop away.
pub fn reject(shop: &Shop, reason: Option<String>, now: Timestamp) -> Shop {
    Shop {
        status: ShopStatus::Hidden,
        visibility: Visibility::Hidden,
        verification: Verification::Rejected,
        contacts_public: false,
        status_reason: Some(reason.unwrap_or_else(|| REJECTED.to_owned())),
        status_changed_at: Some(now),
        updated_at: now,
        ..shop.clone()
    }
}

/// Keeps a shop from scheduling for a while. The streams that were announced for that time are moved:
/// see [`super::agenda::reschedule`].
pub fn suspend_agenda(
    shop: &Shop,
    days: SuspensionDays,
    reason: Option<String>,
    by: Option<AccountId>,
    now: Timestamp,
) -> Result<Shop, ShopError> {
    if shop.status == ShopStatus::Banned {
        return Err(ShopError::Banned);
    }
    let reason = reason.unwrap_or_else(|| SUSPENDED.to_owned());
    Ok(Shop {
        status: ShopStatus::AgendaSuspended,
        status_reason: Some(reason.clone()),
        status_changed_at: Some(now),
        suspension: Suspension {
            until: Some(days.end(now)),
            by,
            reason: Some(reason),
        },
        updated_at: now,
        ..shop.clone()
    })
}

/// Lets a shop schedule again.
pub fn lift_suspension(shop: &Shop, now: Timestamp) -> Result<Shop, ShopError> {
    if shop.status == ShopStatus::Banned {
        return Err(ShopError::Banned);
    }
    Ok(opened(shop, None, now))
}

/// Opens a shop whose owner has proven an address; none when it does not wait for that one.
pub fn open_by_owner(shop: &Shop, proven: &str, now: Timestamp) -> Option<Shop> {
    shop.standing().opens_to(proven).then(|| Shop {
        owner_accepted_at: Some(now),
        ..opened(shop, None, now)
    })
}

/// Open and checked, with no suspension.
fn opened(shop: &Shop, reason: Option<String>, now: Timestamp) -> Shop {
    Shop {
        status: ShopStatus::Active,
        visibility: lit(shop),
        verification: Verification::Verified,
        status_reason: reason,
        status_changed_at: Some(now),
        suspension: Suspension::default(),
        updated_at: now,
        ..shop.clone()
    }
}

/// As much as the plan lets be shown.
fn lit(shop: &Shop) -> Visibility {
    if shop.has_no_plan() {
        Visibility::Dimmed
    } else {
        Visibility::Lit
    }
}

/// The shop under another plan, in the words of who sets it. Unless somebody says how much is shown, a shop without a plan
/// is dimmed, and one that has a plan again is lit if it is open and checked.
pub fn change_plan(shop: &Shop, plan: &str, visibility_given: bool) -> Shop {
    let plan = Plan::stored(plan);
    let changed = Shop {
        plan_tier: Plan::read(&plan).tier(),
        plan,
        ..shop.clone()
    };
    let relit = changed.status == ShopStatus::Active
        && changed.verification == Verification::Verified
        && changed.visibility == Visibility::Dimmed;
    let visibility = if visibility_given {
        changed.visibility
    } else if relit {
        lit(&changed)
    } else {
        changed.effective_visibility()
    };
    Shop {
        visibility,
        ..changed
    }
}

#[cfg(test)]
mod tests;
