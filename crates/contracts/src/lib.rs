#![doc = include_str!("../README.md")]

pub mod audience;
pub mod cursor;

/// Events.
pub mod events {
    /// Version 1.
    pub mod v1 {
        include!("gen/avvivo.events.v1.rs");
    }
}

/// Jobs.
pub mod jobs {
    /// Version 1.
    pub mod v1 {
        include!("gen/avvivo.jobs.v1.rs");
    }
}

/// Calls between services.
pub mod internal {
    /// Version 1.
    pub mod v1 {
        include!("gen/avvivo.internal.v1.rs");
    }
}
