//! The ports of an installation. They stay the same from one start to the next where they can; one of them must: addresses
//! of media are stored, so the object store has to be found again where it was.

use std::{fs, io, net::TcpListener};

use anyhow::Context as _;
use avvivo_local_servers::PortClaim;
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// Where they are written down.
const FILE: &str = "ports.json";

/// The port that people are told, unless they say otherwise.
const USUAL_PORT: u16 = 3000;

/// The ports of one installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    pub(crate) public: u16,
    pub(crate) google: u16,
    pub(crate) api: u16,
    pub(crate) api_grpc: u16,
    pub(crate) second_api: u16,
    pub(crate) second_api_grpc: u16,
    pub(crate) processor: u16,
    pub(crate) scheduler: u16,
    pub(crate) gateway: u16,
    pub(crate) second_gateway: u16,
}

/// The ports, claimed: from the drawing until this is dropped, no other platform of this machine draws them.
pub(crate) struct Claimed {
    pub(crate) ports: Ports,
    public: PortClaim,
    others: Vec<PortClaim>,
}

impl Claimed {
    /// Claims the ports of the last start where they are free, others where they are not; `wanted` is the public one.
    /// All are listened on until they are handed out, so none is drawn twice.
    pub(crate) fn of(place: &Place, wanted: Option<u16>) -> anyhow::Result<Self> {
        let earlier = read(place)?;
        let public = public(wanted, earlier.as_ref())?;
        let google = google(place, earlier.as_ref())?;
        let google_port = google.port();
        let mut others = vec![google];
        let mut keep = |port: fn(&Ports) -> u16| -> anyhow::Result<u16> {
            let claim = match earlier.as_ref().map(port) {
                Some(port) => PortClaim::of(port)?,
                None => None,
            };
            let claim = claim.map_or_else(PortClaim::free, Ok)?;
            let port = claim.port();
            others.push(claim);
            Ok(port)
        };
        let ports = Ports {
            public: public.port(),
            google: google_port,
            api: keep(|ports| ports.api)?,
            api_grpc: keep(|ports| ports.api_grpc)?,
            second_api: keep(|ports| ports.second_api)?,
            second_api_grpc: keep(|ports| ports.second_api_grpc)?,
            processor: keep(|ports| ports.processor)?,
            scheduler: keep(|ports| ports.scheduler)?,
            gateway: keep(|ports| ports.gateway)?,
            second_gateway: keep(|ports| ports.second_gateway)?,
        };
        place.write_whole(FILE, &serde_json::to_string_pretty(&ports)?)?;
        Ok(Self {
            ports,
            public,
            others,
        })
    }

    /// Stops listening on all ports but the public one: their servers are about to.
    pub(crate) fn hand_out(&mut self) {
        for claim in &mut self.others {
            claim.hand_out();
        }
    }

    /// Stops listening on the public one too, for a proxy that binds it.
    pub(crate) fn hand_out_public(&mut self) {
        self.public.hand_out();
    }

    /// The listener of the public port, which has been there since the drawing.
    pub(crate) fn public_listener(&mut self) -> anyhow::Result<TcpListener> {
        self.public
            .take_listener()
            .context("the public port was handed out already")
    }
}

/// Those of the last start. A file that cannot be read is no reason to move the object store.
fn read(place: &Place) -> anyhow::Result<Option<Ports>> {
    let path = place.file(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            let ports = serde_json::from_slice(&bytes);
            Ok(Some(ports.with_context(|| {
                format!("{} is broken", path.display())
            })?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn google(place: &Place, earlier: Option<&Ports>) -> anyhow::Result<PortClaim> {
    let Some(port) = earlier.map(|ports| ports.google) else {
        return Ok(PortClaim::free()?);
    };
    PortClaim::of(port)?.with_context(|| {
        format!(
            "port {port} is taken, and the addresses of all media in {} name it. Stop what is using it.",
            place.folder().display()
        )
    })
}

fn public(wanted: Option<u16>, earlier: Option<&Ports>) -> anyhow::Result<PortClaim> {
    if let Some(wanted) = wanted.filter(|port| *port != 0) {
        return PortClaim::of(wanted)?.with_context(|| {
            format!("port {wanted} is taken. Name another with --port, or stop what is using it.")
        });
    }
    let usual = earlier.map_or(USUAL_PORT, |ports| ports.public);
    Ok(PortClaim::of(usual)?.map_or_else(PortClaim::free, Ok)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_and_a_taken_one_moves_unless_media_name_it() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::open(&home.path().join("data")).unwrap();
        let mut first = Claimed::of(&place, Some(0)).unwrap();
        first.hand_out();
        let ports = first.ports.clone();
        drop(first);
        assert_eq!(Claimed::of(&place, None).unwrap().ports, ports);

        let _stranger = PortClaim::of(ports.api).unwrap().unwrap();
        let moved = Claimed::of(&place, None).unwrap().ports;
        assert_ne!(moved.api, ports.api);
        assert_eq!(moved.google, ports.google);

        let _stranger = PortClaim::of(ports.google).unwrap().unwrap();
        let refused = Claimed::of(&place, None).err().unwrap().to_string();
        assert!(
            refused.contains(&format!("port {} is taken", ports.google)),
            "{refused}"
        );
    }

    #[test]
    fn two_platforms_that_want_the_usual_port_get_two() {
        let home = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| {
            let place = Place::open(&home.path().join(name)).unwrap();
            Claimed::of(&place, None).unwrap()
        });
        assert_ne!(one.ports.public, other.ports.public);
    }
}
