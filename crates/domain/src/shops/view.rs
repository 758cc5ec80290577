//! Who sees what of a shop.

use avvivo_kernel::ShopId;
use serde_json::{Map, Value};

use super::{
    Shop, ShopStatus, SocialHandle, Suspension, Verification, Visibility, WhatsappLine, details,
};
use crate::identity::{Caller, UserType};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Anybody: nobody signed in, and buyers.
    Public,
    /// Who owns this shop, which is not open. In lists they see what buyers see.
    Applicant(ShopId),
    /// Who acts as this shop.
    Shop(ShopId),
    /// An administrator.
    Admin,
}

impl Viewer {
    /// Who makes a request.
    pub fn of(caller: Option<&Caller>) -> Self {
        match caller {
            Some(caller) if caller.is_admin() => Self::Admin,
            Some(caller) => match (caller.user_type, caller.shop_id) {
                (UserType::Shop, Some(shop)) => Self::Shop(shop),
                (_, Some(shop)) => Self::Applicant(shop),
                (_, None) => Self::Public,
            },
            None => Self::Public,
        }
    }

    /// Who they are to lists: the owner of a shop that is not open is like everybody.
    #[must_use]
    pub fn in_lists(self) -> Self {
        match self {
            Self::Applicant(_) => Self::Public,
            other => other,
        }
    }

    /// Whether lists show them shops in any state: the panels of shops look for their own there.
    pub fn lists_all(self) -> bool {
        matches!(self, Self::Shop(_) | Self::Admin)
    }

    /// Whether they run this shop, and see all of it.
    pub fn runs(self, shop: ShopId) -> bool {
        match self {
            Self::Admin => true,
            Self::Shop(own) | Self::Applicant(own) => own == shop,
            Self::Public => false,
        }
    }
}

/// Whether lists show the shop to everybody; they say the same in SQL.
pub fn is_public(shop: &Shop) -> bool {
    is_open(shop) && shop.status == ShopStatus::Active
}

/// Whether everybody finds the shop by its id. A suspended agenda takes it out of lists, and not away from those who follow it,
/// write to it, or have it open.
fn is_open(shop: &Shop) -> bool {
    let status = shop.status;
    shop.active
        && matches!(status, ShopStatus::Active | ShopStatus::AgendaSuspended)
        && shop.verification == Verification::Verified
        && matches!(shop.visibility, Visibility::Lit | Visibility::Dimmed)
}

/// Whether a change of a shop changes lists that everybody is shown: those of shops, and those of reels, which show their shops.
/// When it last changed, which they show, too, is not enough.
pub fn changes_lists(before: Option<&Shop>, after: Option<&Shop>) -> bool {
    let in_sight = |shop: &Shop| !shop.standing().is_out_of_sight();
    match (before, after) {
        (None, None) => false,
        (None, Some(made)) => is_public(made),
        (Some(gone), None) => in_sight(gone),
        (Some(before), Some(after)) => {
            (in_sight(before) || in_sight(after)) && seen(before) != seen(after)
        }
    }
}

/// A shop without what nobody else sees of it.
fn seen(shop: &Shop) -> Shop {
    Shop {
        owner: None,
        requires_email_fix: false,
        razon_social: None,
        cuit: None,
        normalized_address_base: None,
        status_reason: None,
        contact_email_private: None,
        contact_whatsapp_private: None,
        intake_meta: None,
        suspension: Suspension {
            until: shop.suspension.until,
            ..Suspension::default()
        },
        stream_quota: 0,
        reel_quota: 0,
        updated_at: shop.created_at,
        ..shop.clone()
    }
}

/// A shop for a viewer: what is none or empty here is left out or empty for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight<'a> {
    /// Where everybody may write to; left out when none.
    pub email: Option<&'a str>,
    /// Telephones, empty when they are not shown.
    pub whatsapp_lines: &'a [WhatsappLine],
    /// Networks, empty when they are not shown.
    pub social_handles: &'a [SocialHandle],
    /// Who runs it and how we reach them, and with that why it stands where it stands, and its quotas: for themselves and
    /// administrators.
    pub private: Option<Private<'a>>,
    /// The address in parts.
    pub address_details: Option<Map<String, Value>>,
}

/// What only who runs a shop sees; each is left out when none or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Private<'a> {
    /// `contactEmailPrivate`.
    pub contact_email: Option<&'a str>,
    /// `contactWhatsappPrivate`.
    pub contact_whatsapp: Option<&'a str>,
    /// `razonSocial`.
    pub razon_social: Option<&'a str>,
    /// `cuit`.
    pub cuit: Option<&'a str>,
}

/// What a viewer sees of a shop that is shown to them.
pub fn sight(shop: &Shop, viewer: Viewer) -> Sight<'_> {
    let runs = viewer.runs(shop.id);
    let contacts = runs || contacts_are_public(shop);
    Sight {
        email: given(shop.email.as_ref()).filter(|_| contacts),
        whatsapp_lines: if contacts { &shop.whatsapp_lines } else { &[] },
        social_handles: if contacts { &shop.social_handles } else { &[] },
        private: runs.then(|| Private {
            contact_email: given(shop.contact_email_private.as_ref()),
            contact_whatsapp: given(shop.contact_whatsapp_private.as_ref()),
            razon_social: given(shop.razon_social.as_ref()),
            cuit: given(shop.cuit.as_ref()),
        }),
        address_details: shop.address_details.as_ref().map(details::shown),
    }
}

/// Whether a shop is there at all for somebody who asks for it by its id: one that is not open only for who runs it.
pub fn may_see(shop: &Shop, viewer: Viewer) -> bool {
    viewer.runs(shop.id) || is_open(shop)
}

/// Whether everybody may read how to reach the shop: what is in effect decides, as on the map.
pub fn contacts_are_public(shop: &Shop) -> bool {
    shop.contacts_public && shop.effective_visibility() == Visibility::Lit
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{identity::Role, shops::record::example};

    const OTHER: Uuid = Uuid::from_u128(99);

    fn own() -> ShopId {
        example::shop().id
    }

    #[test]
    fn lists_change_with_what_everybody_sees() {
        let text = |text: &str| Some(text.to_owned());
        let shop = example::shop();
        let hidden = Shop {
            status: ShopStatus::Hidden,
            ..example::shop()
        };
        let changed = |change: fn(&mut Shop)| {
            let mut after = example::shop();
            change(&mut after);
            changes_lists(Some(&shop), Some(&after))
        };
        assert!(changed(|shop| shop.name.push('!')));
        assert!(changed(|shop| shop.minimum_purchase = 1));
        assert!(changed(|shop| shop.social_handles.clear()));
        assert!(!changed(|shop| shop.updated_at = example::now()));
        assert!(!changed(|shop| shop.cuit = None));
        assert!(!changed(|shop| shop.reel_quota = 9));
        for (before, after, changes) in [
            (None, Some(&shop), true),
            (None, Some(&hidden), false),
            (Some(&shop), None, true),
            (Some(&hidden), None, false),
            (Some(&shop), Some(&hidden), true),
            (Some(&hidden), Some(&shop), true),
            (Some(&shop), Some(&shop), false),
            (None, None, false),
        ] {
            assert_eq!(changes_lists(before, after), changes);
        }
        let renamed = Shop {
            logo_url: text("x"),
            ..hidden.clone()
        };
        assert!(!changes_lists(Some(&hidden), Some(&renamed)));
    }

    #[test]
    fn who_runs_the_shop_sees_all_and_others_only_public_contacts() {
        let lit = example::shop();
        let private = Shop {
            contacts_public: false,
            ..example::shop()
        };
        let dimmed = Shop {
            visibility: Visibility::Dimmed,
            ..example::shop()
        };
        let no_plan = Shop {
            plan: "SIN_PLAN".to_owned(),
            ..example::shop()
        };
        for (viewer, runs) in [
            (Viewer::Public, false),
            (Viewer::Shop(OTHER.into()), false),
            (Viewer::Applicant(OTHER.into()), false),
            (Viewer::Applicant(own()), true),
            (Viewer::Shop(own()), true),
            (Viewer::Admin, true),
        ] {
            for (shop, public) in [
                (&lit, true),
                (&private, false),
                (&dimmed, false),
                (&no_plan, false),
            ] {
                let sight = sight(shop, viewer);
                let contacts = runs || public;
                assert_eq!(sight.email.is_some(), contacts, "{viewer:?}");
                assert_eq!(sight.whatsapp_lines.len(), usize::from(contacts));
                assert_eq!(sight.social_handles.len(), usize::from(contacts));
                assert_eq!(sight.private.is_some(), runs);
                assert!(!sight.address_details.unwrap().contains_key("legacyUid"));
            }
        }
        let seen = sight(&lit, Viewer::Admin).private.unwrap();
        assert_eq!(
            (seen.cuit, seen.contact_whatsapp),
            (Some("30712345671"), None)
        );
        let blank = Shop {
            email: Some(String::new()),
            ..example::shop()
        };
        assert_eq!(sight(&blank, Viewer::Admin).email, None);
    }

    #[test]
    fn a_shop_that_is_not_public_is_there_only_for_who_runs_it() {
        assert!(is_public(&example::shop()));
        assert!(is_public(&Shop {
            visibility: Visibility::Dimmed,
            ..example::shop()
        }));
        for hidden in [
            Shop {
                active: false,
                ..example::shop()
            },
            Shop {
                status: ShopStatus::Banned,
                ..example::shop()
            },
            Shop {
                verification: Verification::Unverified,
                ..example::shop()
            },
            Shop {
                visibility: Visibility::Hidden,
                ..example::shop()
            },
        ] {
            assert!(!is_public(&hidden));
            for viewer in [Viewer::Public, Viewer::Shop(OTHER.into())] {
                assert!(!may_see(&hidden, viewer));
                assert!(may_see(&example::shop(), viewer));
            }
            for viewer in [Viewer::Admin, Viewer::Shop(own()), Viewer::Applicant(own())] {
                assert!(may_see(&hidden, viewer));
            }
        }
    }

    #[test]
    fn a_suspended_agenda_leaves_the_lists_and_can_still_be_found() {
        let suspended = Shop {
            status: ShopStatus::AgendaSuspended,
            ..example::shop()
        };
        assert!(!is_public(&suspended) && may_see(&suspended, Viewer::Public));
        let inactive = Shop {
            active: false,
            ..suspended
        };
        assert!(!may_see(&inactive, Viewer::Public));
    }

    #[test]
    fn viewers_follow_from_their_role() {
        let caller = |user_type, role, shop_id| Caller {
            account_id: example::owner(),
            uid: "u".to_owned(),
            email: "a@b.c".to_owned(),
            email_verified: true,
            user_type,
            role,
            admin_role: None,
            shop_id,
            token_expires_at: example::now(),
        };
        for (caller, viewer, all) in [
            (None, Viewer::Public, false),
            (
                Some(caller(UserType::Client, Role::User, None)),
                Viewer::Public,
                false,
            ),
            (
                Some(caller(UserType::Client, Role::PendingStore, Some(own()))),
                Viewer::Applicant(own()),
                false,
            ),
            (
                Some(caller(UserType::Shop, Role::Store, Some(own()))),
                Viewer::Shop(own()),
                true,
            ),
            (
                Some(caller(UserType::Admin, Role::Admin, None)),
                Viewer::Admin,
                true,
            ),
        ] {
            let seen = Viewer::of(caller.as_ref());
            assert_eq!((seen, seen.lists_all()), (viewer, all));
        }
    }
}
