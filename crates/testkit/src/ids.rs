//! Ids that tests can foretell.

use std::sync::atomic::{AtomicU64, Ordering};

use avvivo_kernel::IdSource;
use uuid::{Builder, Uuid};

/// Counts up: the same calls give the same ids, which sort by the order they were drawn.
#[derive(Debug)]
pub struct SequentialIds {
    next: AtomicU64,
}

impl SequentialIds {
    /// Ids that start at `first`, for tests that need two sources.
    pub fn starting_at(first: u64) -> Self {
        Self {
            next: AtomicU64::new(first),
        }
    }

    /// The id that a source draws as its `number`th (they count from 1).
    pub fn nth(number: u64) -> Uuid {
        // A well-formed version 7: the number in the last eight bytes, under the variant bits.
        Builder::from_u128(u128::from(number))
            .with_version(uuid::Version::SortRand)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid()
    }
}

impl Default for SequentialIds {
    fn default() -> Self {
        Self::starting_at(1)
    }
}

impl IdSource for SequentialIds {
    fn uuid(&self) -> Uuid {
        Self::nth(self.next.fetch_add(1, Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_repeat_from_run_to_run_and_sort_as_drawn() {
        let ids = SequentialIds::default();
        let first = ids.uuid();
        let second = ids.uuid();
        assert_eq!(first.to_string(), "00000000-0000-7000-8000-000000000001");
        assert!(first < second);
        assert_eq!(second, SequentialIds::nth(2));
    }
}
