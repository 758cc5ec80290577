//! What people are told inside the product.

wire_enum! {
    /// What a notification is about.
    NotificationKind {
        /// Something that happened.
        System = "SYSTEM",
        /// A live that somebody wants to be reminded of.
        Reminder = "REMINDER",
        /// A purchase.
        Purchase = "PURCHASE",
    }
}
