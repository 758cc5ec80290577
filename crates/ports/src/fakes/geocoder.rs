//! A map with the places that a test puts on it.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;

use super::{held, take_failure};
use crate::{Coordinates, GeocodeError, Geocoder};

/// A map that is empty until told otherwise.
#[derive(Debug, Default)]
pub struct FakeGeocoder {
    places: Mutex<BTreeMap<String, Coordinates>>,
    asked: Mutex<Vec<String>>,
    failures: Mutex<u32>,
}

impl FakeGeocoder {
    /// Puts an address on the map.
    pub fn put(&self, address: &str, at: Coordinates) {
        held(&self.places).insert(address.to_owned(), at);
    }

    /// Makes the next `times` calls fail as if the service were away.
    pub fn fail_next(&self, times: u32) {
        *held(&self.failures) = times;
    }

    /// Every address asked for so far, in order.
    pub fn asked(&self) -> Vec<String> {
        held(&self.asked).clone()
    }
}

#[async_trait]
impl Geocoder for FakeGeocoder {
    async fn locate(&self, address: &str) -> Result<Option<Coordinates>, GeocodeError> {
        held(&self.asked).push(address.to_owned());
        if take_failure(&self.failures) {
            return Err(GeocodeError::Unavailable {
                reason: "told to fail".to_owned(),
                retry_after: None,
            });
        }
        Ok(held(&self.places).get(address).copied())
    }
}
