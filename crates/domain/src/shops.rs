//! Shops: what their plan means and what they may do.

pub mod accept;
pub mod agenda;
pub mod contacts;
pub mod create;
pub mod details;
pub mod edit;
mod error;
pub mod images;
pub mod intake;
pub mod lists;
pub mod location;
pub mod map;
pub mod owner;
pub mod plan;
pub mod purchase;
mod record;
pub mod transitions;
pub mod view;

use avvivo_kernel::ShopId;

pub use contacts::{SocialHandle, WhatsappLine};
pub use error::ShopError;
pub use plan::Plan;
pub use record::{Gallery, Shop, Suspension};

wire_enum! {
    /// Where a shop stands with the platform.
    ShopStatus {
        /// Registered, not yet accepted.
        PendingVerification = "PENDING_VERIFICATION",
        /// Open.
        Active = "ACTIVE",
        /// May not schedule or publish for a while.
        AgendaSuspended = "AGENDA_SUSPENDED",
        /// Rejected or taken down.
        Hidden = "HIDDEN",
        /// Thrown out.
        Banned = "BANNED",
    }
}

wire_enum! {
    /// What the plan is worth.
    PlanTier {
        /// No plan: on the map, nothing else.
        None = "NONE",
        /// Standard.
        Basico = "BASICO",
        /// High visibility.
        Media = "MEDIA",
        /// Maximum visibility.
        Maxima = "MAXIMA",
    }
}

wire_enum! {
    /// How the shop came to be.
    RegistrationSource {
        /// An administrator made it.
        Admin = "ADMIN",
        /// Its owner registered it.
        SelfService = "SELF_SERVICE",
    }
}

wire_enum! {
    /// How much of the shop is shown.
    Visibility {
        /// Everything.
        Lit = "LIT",
        /// On the map and in lists, without contacts.
        Dimmed = "DIMMED",
        /// Nothing.
        Hidden = "HIDDEN",
    }
}

wire_enum! {
    /// Whether somebody checked that the shop is what it says.
    Verification {
        /// Checked.
        Verified = "VERIFIED",
        /// Not yet.
        Unverified = "UNVERIFIED",
        /// Checked and refused.
        Rejected = "REJECTED",
    }
}

/// What decides what a shop may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopStanding {
    /// Which shop.
    pub id: ShopId,
    /// False once an administrator switched it off.
    pub active: bool,
    /// Where it stands.
    pub status: ShopStatus,
    /// How it came to be.
    pub registration_source: RegistrationSource,
    /// Whether it was checked.
    pub verification: Verification,
    /// The plan as it was sold.
    pub plan: String,
    /// What that is worth.
    pub plan_tier: PlanTier,
    /// The address that was given when it registered, lower case.
    pub contact_email: Option<String>,
}

impl ShopStanding {
    /// Whether the owner acts as the shop: it is open, or only its agenda is suspended.
    pub fn is_operable(&self) -> bool {
        self.active
            && matches!(
                self.status,
                ShopStatus::Active | ShopStatus::AgendaSuspended
            )
    }

    /// Whether nobody is shown its reels; the lists that leave them out say the same in SQL.
    pub fn is_out_of_sight(&self) -> bool {
        matches!(self.status, ShopStatus::Hidden | ShopStatus::Banned)
    }

    /// Whether the shop bought no plan.
    pub fn has_no_plan(&self) -> bool {
        self.plan_tier == PlanTier::None || Plan::read(&self.plan) == Plan::None
    }

    /// Whether the request of an owner who has proven this address opens the shop: it waits for that since it registered,
    /// and the address is the one that it gave. One that was turned away waits for an administrator.
    pub fn opens_to(&self, proven: &str) -> bool {
        self.active
            && self.status == ShopStatus::PendingVerification
            && self.registration_source == RegistrationSource::SelfService
            && self.verification == Verification::Unverified
            && self.contact_email.as_deref() == Some(proven)
    }

    /// How many reels a day the plan includes.
    pub fn daily_reels(&self) -> u32 {
        Plan::read(&self.plan).daily_reels()
    }
}
