//! The four generation preconditions every operation accepts.
//!
//! `ifGenerationMatch=0` asks for the object not to exist: the one precondition that makes creating retries safe.

use serde::{Deserialize, Serialize};

use super::{error::StorageError, object::Object};

/// Expectations about the live version of an object (or, for the metageneration pair, of a bucket).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_field_names,
    reason = "the names Google gives its four parameters"
)]
pub(crate) struct Preconditions {
    pub(crate) generation_match: Option<i64>,
    pub(crate) generation_not_match: Option<i64>,
    pub(crate) metageneration_match: Option<i64>,
    pub(crate) metageneration_not_match: Option<i64>,
}

impl Preconditions {
    /// For operations that replace, change or remove what is there: every miss is a failed precondition.
    pub(crate) fn check_write(&self, current: Option<&Object>) -> Result<(), StorageError> {
        let (generation, metageneration) =
            current.map_or((0, 0), |o| (o.generation, o.metageneration));
        let holds = self
            .generation_match
            .is_none_or(|wanted| wanted == generation)
            && self
                .generation_not_match
                .is_none_or(|unwanted| unwanted != generation)
            && self
                .metageneration_match
                .is_none_or(|wanted| wanted == metageneration)
            && self
                .metageneration_not_match
                .is_none_or(|unwanted| unwanted != metageneration);
        if holds {
            Ok(())
        } else {
            Err(StorageError::PreconditionFailed)
        }
    }

    /// For reads: a version the caller says it has is "not modified" rather than a failure.
    pub(crate) fn check_read(&self, current: &Object) -> Result<(), StorageError> {
        self.check_versions(Some(current.generation), current.metageneration)
    }

    /// For reads of buckets, which have a metageneration only.
    pub(crate) fn check_bucket_read(&self, metageneration: i64) -> Result<(), StorageError> {
        self.check_versions(None, metageneration)
    }

    /// For changes of buckets.
    pub(crate) fn check_bucket_write(&self, metageneration: i64) -> Result<(), StorageError> {
        match self.check_versions(None, metageneration) {
            Err(StorageError::NotModified) => Err(StorageError::PreconditionFailed),
            other => other,
        }
    }

    fn check_versions(
        &self,
        generation: Option<i64>,
        metageneration: i64,
    ) -> Result<(), StorageError> {
        let missed = |wanted: Option<i64>, actual: Option<i64>| {
            wanted.is_some() && actual.is_some() && wanted != actual
        };
        if missed(self.generation_match, generation)
            || missed(self.metageneration_match, Some(metageneration))
        {
            return Err(StorageError::PreconditionFailed);
        }
        let held =
            |unwanted: Option<i64>, actual: Option<i64>| unwanted.is_some() && unwanted == actual;
        if held(self.generation_not_match, generation)
            || held(self.metageneration_not_match, Some(metageneration))
        {
            return Err(StorageError::NotModified);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::object::sample;

    #[test]
    fn zero_means_must_not_exist() {
        let create_only = Preconditions {
            generation_match: Some(0),
            ..Preconditions::default()
        };
        assert!(create_only.check_write(None).is_ok());
        assert!(matches!(
            create_only.check_write(Some(&sample())),
            Err(StorageError::PreconditionFailed)
        ));
        let replace_only = Preconditions {
            generation_not_match: Some(0),
            ..Preconditions::default()
        };
        assert!(replace_only.check_write(Some(&sample())).is_ok());
        assert!(matches!(
            replace_only.check_write(None),
            Err(StorageError::PreconditionFailed)
        ));
    }

    #[test]
    fn a_read_of_a_known_version_is_not_modified_and_of_another_fails() {
        let object = sample();
        let known = Preconditions {
            generation_not_match: Some(object.generation),
            ..Preconditions::default()
        };
        assert!(matches!(
            known.check_read(&object),
            Err(StorageError::NotModified)
        ));
        let other = Preconditions {
            metageneration_match: Some(99),
            ..Preconditions::default()
        };
        assert!(matches!(
            other.check_read(&object),
            Err(StorageError::PreconditionFailed)
        ));
        let right = Preconditions {
            generation_match: Some(object.generation),
            ..Preconditions::default()
        };
        assert!(right.check_read(&object).is_ok());
    }
}
