//! An owner confirms the data of their shop.

use avvivo_kernel::Timestamp;

use super::{
    Plan, RegistrationSource, Shop, ShopError, ShopStatus, details, transitions::activate,
};
use crate::{
    identity::{Caller, Email},
    text,
};

/// What came of somebody's confirming the shop's data.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The shop as it becomes.
    pub shop: Shop,
    /// Whether that let it in.
    pub approved: bool,
    /// For every administrator, when it is news.
    pub notice: Option<String>,
}

/// Confirms the shop's data: by its owner, or by an administrator while it has none. A pending shop whose data is complete
/// is let in by that: not by an owner whose address is unproven or not the one that was given when the shop registered itself,
/// and not once an administrator has said where it stands.
pub fn accept(shop: &Shop, by: &Caller, now: Timestamp) -> Result<Accepted, ShopError> {
    let may = match shop.owner {
        Some(owner) => owner == by.account_id,
        None => by.is_admin(),
    };
    if !may {
        return Err(ShopError::NotTheOwner);
    }
    let first = shop.owner_accepted_at.is_none();
    let confirmed = if first {
        Shop {
            owner_accepted_at: Some(now),
            updated_at: now,
            ..shop.clone()
        }
    } else {
        shop.clone()
    };
    let approved = shop.status == ShopStatus::PendingVerification
        && shop.active
        && missing_data(shop).is_empty()
        && may_let_in(shop, by);
    let (shop, outcome) = if approved {
        let plan_tier = Plan::read(&confirmed.plan).tier();
        let confirmed = Shop {
            plan_tier,
            ..confirmed
        };
        (activate(&confirmed, None, now), "quedó aprobada")
    } else {
        (confirmed, "está pendiente de revisión")
    };
    let notice = || format!("La tienda {} confirmó sus datos y {outcome}.", shop.name);
    Ok(Accepted {
        notice: (first || approved).then(notice),
        shop,
        approved,
    })
}

/// Whether somebody's word lets a pending shop in: an administrator's, or that of an owner who has proven their address, which
/// is the one that was given when the shop registered itself. Not once an administrator has said where it stands: it has
/// been pending since it came to be.
fn may_let_in(shop: &Shop, by: &Caller) -> bool {
    let theirs = match shop.registration_source {
        RegistrationSource::SelfService => {
            shop.contact_email_private.as_deref() == Some(by.email.as_str())
        }
        RegistrationSource::Admin => true,
    };
    let untouched = shop
        .status_changed_at
        .is_none_or(|changed| changed <= shop.created_at);
    by.is_admin() || (by.email_verified && theirs && untouched)
}

/// What of its data a shop lacks to be let in by its owner's word, by the names of fields.
pub fn missing_data(shop: &Shop) -> Vec<&'static str> {
    let there = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| !text::clean(text).is_empty())
    };
    let part = |key| details::part(shop.address_details.as_ref(), key).is_some();
    let email = shop.email.as_deref().and_then(Email::parse);
    [
        ("email", email.is_some() && !shop.requires_email_fix),
        ("name", !text::clean(&shop.name).is_empty()),
        ("razonSocial", there(&shop.razon_social)),
        ("cuit", there(&shop.cuit)),
        ("street", part("street")),
        ("number", part("number")),
        ("city", part("city")),
        ("province", part("province")),
        ("zip", part("zip")),
        ("minimumPurchase", shop.minimum_purchase > 0),
        ("paymentMethods", !shop.payment_methods.is_empty()),
    ]
    .into_iter()
    .filter(|(_, there)| !there)
    .map(|(field, _)| field)
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        identity::{Role, UserType},
        shops::{PlanTier, Verification, Visibility, record::example},
    };

    type Lose = fn(&mut Shop);

    fn now() -> Timestamp {
        example::now()
    }

    fn standing(shop: &Shop) -> (ShopStatus, Visibility, Verification, bool) {
        (
            shop.status,
            shop.visibility,
            shop.verification,
            shop.contacts_public,
        )
    }

    /// Who owns the example, with its address proven.
    fn owner() -> Caller {
        Caller {
            account_id: example::owner(),
            uid: "uid".to_owned(),
            email: "privado@lunaazul.com.ar".to_owned(),
            email_verified: true,
            user_type: UserType::Client,
            role: Role::PendingStore,
            admin_role: None,
            shop_id: Some(example::shop().id),
            token_expires_at: now(),
        }
    }

    fn admin() -> Caller {
        Caller {
            account_id: Uuid::from_u128(99).into(),
            user_type: UserType::Admin,
            role: Role::Admin,
            shop_id: None,
            ..owner()
        }
    }

    fn waiting() -> Shop {
        Shop {
            status: ShopStatus::PendingVerification,
            visibility: Visibility::Dimmed,
            verification: Verification::Unverified,
            contacts_public: false,
            ..example::shop()
        }
    }

    fn without_plan(shop: Shop) -> Shop {
        Shop {
            plan: "MAP_ONLY".to_owned(),
            plan_tier: PlanTier::None,
            ..shop
        }
    }

    #[test]
    fn a_complete_pending_shop_is_let_in_by_its_owner() {
        let done = accept(&waiting(), &owner(), now()).unwrap();
        assert!(done.approved);
        assert_eq!(
            standing(&done.shop),
            (
                ShopStatus::Active,
                Visibility::Lit,
                Verification::Verified,
                true
            )
        );
        assert_eq!(done.shop.owner_accepted_at, Some(now()));
        let told = "La tienda Luna Azul confirmó sus datos y quedó aprobada.";
        assert_eq!(done.notice.as_deref(), Some(told));
        // The tier may have been left behind by a change of plan.
        let stale = Shop {
            plan_tier: PlanTier::None,
            ..waiting()
        };
        let done = accept(&stale, &owner(), now()).unwrap();
        assert_eq!(
            (done.shop.plan_tier, done.shop.visibility),
            (PlanTier::Media, Visibility::Lit)
        );
        let mapped = accept(&without_plan(waiting()), &owner(), now()).unwrap();
        assert_eq!(mapped.shop.visibility, Visibility::Dimmed);
    }

    #[test]
    fn otherwise_accepting_only_leaves_its_date() {
        let early: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for shop in [
            example::shop(),
            Shop {
                active: false,
                ..waiting()
            },
            Shop {
                minimum_purchase: 0,
                ..waiting()
            },
        ] {
            let done = accept(&shop, &owner(), now()).unwrap();
            assert!(!done.approved);
            assert_eq!(standing(&done.shop), standing(&shop));
            assert_eq!(done.shop.owner_accepted_at, Some(now()));
            let notice = done.notice.unwrap();
            assert!(notice.ends_with("está pendiente de revisión."));
            let before = Shop {
                owner_accepted_at: Some(early),
                ..shop
            };
            let again = accept(&before, &owner(), now()).unwrap();
            // Nothing is new, so nobody is told.
            assert_eq!((again.shop, again.notice), (before, None));
        }
    }

    #[test]
    fn only_the_owner_accepts_or_an_administrator_while_there_is_none() {
        let other = Caller {
            account_id: Uuid::from_u128(99).into(),
            ..owner()
        };
        let refused = |shop: &Shop, by: &Caller| accept(shop, by, now()).err();
        assert_eq!(refused(&waiting(), &other), Some(ShopError::NotTheOwner));
        assert_eq!(refused(&waiting(), &admin()), Some(ShopError::NotTheOwner));
        let ownerless = Shop {
            owner: None,
            ..waiting()
        };
        assert_eq!(refused(&ownerless, &other), Some(ShopError::NotTheOwner));
        assert!(accept(&ownerless, &admin(), now()).unwrap().approved);
    }

    #[test]
    fn an_owner_lets_in_only_what_is_provably_theirs_and_nobody_judged() {
        let registered = Shop {
            registration_source: RegistrationSource::SelfService,
            ..waiting()
        };
        let judged = |shop: Shop| Shop {
            status_changed_at: Some(now()),
            ..shop
        };
        let unverified = Caller {
            email_verified: false,
            ..owner()
        };
        let somebody = Caller {
            email: "somebody@example.com".to_owned(),
            ..owner()
        };
        for (shop, by, approved) in [
            (registered.clone(), owner(), true),
            (registered.clone(), unverified.clone(), false),
            (registered.clone(), somebody.clone(), false),
            (judged(registered), owner(), false),
            (waiting(), owner(), true),
            (waiting(), somebody, true),
            (waiting(), unverified, false),
            (judged(waiting()), owner(), false),
        ] {
            let done = accept(&shop, &by, now()).unwrap();
            assert_eq!(done.approved, approved, "{by:?} {shop:?}");
        }
    }

    #[test]
    fn each_missing_part_is_named() {
        assert_eq!(missing_data(&example::shop()), Vec::<&str>::new());
        for key in ["street", "number", "city", "province", "zip"] {
            let mut shop = example::shop();
            let details = shop.address_details.as_mut().unwrap();
            details.insert(key.to_owned(), json!(" "));
            assert_eq!(missing_data(&shop), [key]);
        }
        let losses: [(Lose, &str); 8] = [
            (|shop| shop.email = None, "email"),
            (|shop| shop.email = Some("x".to_owned()), "email"),
            (|shop| shop.requires_email_fix = true, "email"),
            (|shop| shop.name = " ".to_owned(), "name"),
            (|shop| shop.razon_social = None, "razonSocial"),
            (|shop| shop.cuit = Some(String::new()), "cuit"),
            (|shop| shop.minimum_purchase = 0, "minimumPurchase"),
            (|shop| shop.payment_methods.clear(), "paymentMethods"),
        ];
        for (lose, missing) in losses {
            let mut shop = example::shop();
            lose(&mut shop);
            assert_eq!(missing_data(&shop), [missing]);
        }
    }
}
