//! Where an address is on the map.

use std::time::Duration;

use async_trait::async_trait;
use avvivo_kernel::{ErrorKind, Fault};

/// A point on the map (WGS 84), in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    latitude: f64,
    longitude: f64,
}

impl Coordinates {
    /// `None` for what is no point on Earth.
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Self {
            latitude,
            longitude,
        })
    }

    /// North of the equator when positive.
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// East of Greenwich when positive.
    pub fn longitude(self) -> f64 {
        self.longitude
    }
}

/// Looks addresses up.
#[async_trait]
pub trait Geocoder: Send + Sync {
    /// The best match for `<street> <number>, <city>, <province>, <country>`; `None` when the map does not know it.
    async fn locate(&self, address: &str) -> Result<Option<Coordinates>, GeocodeError>;
}

/// Why nothing can be said about an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeocodeError {
    /// The map service is away, overloaded, or does not want to talk to us; or too many of us want to ask it at once.
    #[error("the geocoder is unavailable: {reason}")]
    Unavailable {
        /// What was seen, for logs.
        reason: String,
        /// Not sooner than this, where it is known.
        retry_after: Option<Duration>,
    },
    /// No answer in time.
    #[error("the geocoder did not answer in time")]
    Timeout,
}

impl Fault for GeocodeError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Timeout => ErrorKind::Timeout,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "geocoder.unavailable",
            Self::Timeout => "geocoder.timeout",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Unavailable { .. } => {
                "No pudimos validar la dirección en el mapa. Probá de nuevo en unos minutos."
            }
            Self::Timeout => {
                "El mapa tardó demasiado en validar la dirección. Probá de nuevo en unos minutos."
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_points_on_earth_are_coordinates() {
        assert!(Coordinates::new(-34.6281, -58.4779).is_some());
        assert!(Coordinates::new(90.0, 180.0).is_some());
        for (latitude, longitude) in [
            (90.1, 0.0),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert!(Coordinates::new(latitude, longitude).is_none());
        }
    }
}
