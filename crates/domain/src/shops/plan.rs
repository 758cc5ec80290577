//! What a plan means, however it is spelled: the one reading for tier, wallet and map.

use super::PlanTier;

wire_enum! {
    /// The word for a plan that clients compare.
    TierWord {
        /// Standard, and no plan.
        Estandar = "estandar",
        /// High visibility.
        Alta = "alta",
        /// Maximum visibility.
        Maxima = "maxima",
    }
}

/// The text under which "no plan" is stored when an administrator takes a plan away.
pub const NO_PLAN: &str = "SIN_PLAN";
/// The text under which shops that registered themselves begin.
pub const MAP_ONLY: &str = "MAP_ONLY";

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// On the map, nothing else.
    None,
    /// Standard.
    Standard,
    /// High visibility.
    High,
    /// Maximum visibility.
    Maximum,
}

impl Plan {
    /// Reads a plan as it was sold; case, accents, dashes and underscores do not matter. What is unknown is standard.
    pub fn read(text: &str) -> Self {
        let plan = fold(text);
        // A word of its own: a promotion is no professional plan.
        let pro = plan.split_whitespace().any(|word| word == "pro");
        if matches!(plan.trim(), "sin plan" | "map only" | "none" | "no plan") {
            Self::None
        } else if plan.contains("maxima") || pro {
            Self::Maximum
        } else if plan.contains("alta") || plan.contains("premium") {
            Self::High
        } else {
            Self::Standard
        }
    }

    /// The text to store for what an administrator sent: every way to say "no plan" is stored as one.
    pub fn stored(text: &str) -> String {
        let text = text.trim();
        if text.is_empty() || Self::read(text) == Self::None {
            NO_PLAN.to_owned()
        } else {
            text.to_owned()
        }
    }

    /// The tier that is stored with it.
    pub fn tier(self) -> PlanTier {
        match self {
            Self::None => PlanTier::None,
            Self::Standard => PlanTier::Basico,
            Self::High => PlanTier::Media,
            Self::Maximum => PlanTier::Maxima,
        }
    }

    /// The word that clients compare.
    pub fn word(self) -> TierWord {
        match self {
            Self::None | Self::Standard => TierWord::Estandar,
            Self::High => TierWord::Alta,
            Self::Maximum => TierWord::Maxima,
        }
    }

    /// How many lives a week it includes.
    pub fn weekly_lives(self) -> u32 {
        match self {
            Self::None | Self::Standard => 0,
            Self::High => 1,
            Self::Maximum => 3,
        }
    }

    /// How many reels a day it includes.
    pub fn daily_reels(self) -> u32 {
        match self {
            Self::None | Self::Standard => 1,
            Self::High => 3,
            Self::Maximum => 5,
        }
    }
}

/// Lower case, without accents, separators as spaces: plans are typed by people.
fn fold(text: &str) -> String {
    crate::text::match_form(&text.replace(['_', '-'], " "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plans_mean_the_same_however_they_are_spelled() {
        use PlanTier::{Basico, Maxima, Media};
        let nothing = (PlanTier::None, "estandar", 0, 1);
        let standard = (Basico, "estandar", 0, 1);
        let high = (Media, "alta", 1, 3);
        let maximum = (Maxima, "maxima", 3, 5);
        for (text, means) in [
            ("SIN_PLAN", nothing),
            ("map_only", nothing),
            ("None", nothing),
            ("NO-PLAN", nothing),
            ("BASIC", standard),
            ("Estándar", standard),
            ("BASICO", standard),
            ("MEDIA", standard),
            ("PROMO", standard),
            ("profesional", standard),
            ("sin plan de pago", standard),
            ("", standard),
            ("premium", high),
            ("Alta Visibilidad", high),
            ("ALTA_VISIBILIDAD", high),
            ("Promo Premium", high),
            ("Máxima-visibilidad", maximum),
            ("Ma\u{301}xima", maximum),
            ("PRO", maximum),
            ("pro plus", maximum),
            ("plan-pro", maximum),
        ] {
            let plan = Plan::read(text);
            let read = (
                plan.tier(),
                plan.word().as_str(),
                plan.weekly_lives(),
                plan.daily_reels(),
            );
            assert_eq!(read, means, "{text}");
        }
    }

    #[test]
    fn no_plan_is_stored_in_one_way() {
        for text in ["", "  ", "none", "MAP_ONLY", "no plan", "SIN_PLAN"] {
            assert_eq!(Plan::stored(text), "SIN_PLAN", "{text:?}");
        }
        assert_eq!(Plan::stored(" Alta "), "Alta");
    }

    proptest! {
        #[test]
        fn what_is_stored_means_the_same(text in "\\PC{1,30}") {
            prop_assume!(!text.trim().is_empty());
            prop_assert_eq!(Plan::read(&Plan::stored(&text)), Plan::read(&text));
        }
    }
}
