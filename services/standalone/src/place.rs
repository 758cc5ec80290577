//! The data folder, and the ports that stay the same from one start to the next: addresses of media are stored, so the
//! object store must be found again where it was.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use avvivo_local_servers::free_port;
use serde::{Deserialize, Serialize};

/// Marks a folder as ours, so that `--reset` never deletes anybody else's.
const MARK: &str = "avvivo-data";

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

/// A data folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
}

impl Place {
    /// The folder at `path`, made when it is not there.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let place = Self::at(path)?;
        fs::create_dir_all(&place.folder)
            .with_context(|| format!("cannot make {}", place.folder.display()))?;
        fs::write(
            place.file(MARK),
            "Data of avvivo. Delete it with `scripts/dev --reset`.\n",
        )?;
        Ok(place)
    }

    /// The folder at `path`, whether or not it is there.
    pub(crate) fn at(path: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(path)?;
        Ok(Self { folder })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that only this user can read, and answers where it is.
    pub(crate) fn write_private(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.file(name);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(content.as_bytes())?;
        Ok(path)
    }

    /// Whether it is there; an error when it is, and is not ours.
    pub(crate) fn is_there(&self) -> anyhow::Result<bool> {
        let there = self.folder.exists();
        anyhow::ensure!(
            !there || self.file(MARK).exists(),
            "{} was not made by avvivo, so it stays. Delete it yourself if you are sure.",
            self.folder.display()
        );
        Ok(there)
    }

    /// Deletes it, if it is ours.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        if !self.is_there()? {
            return Ok(());
        }
        fs::remove_dir_all(&self.folder)
            .with_context(|| format!("cannot delete {}", self.folder.display()))
    }

    /// The ports: those of the last start where they are free, others where they are not.
    pub(crate) fn ports(&self, wanted: Option<u16>) -> anyhow::Result<Ports> {
        let file = self.file("ports.json");
        let earlier: Option<Ports> = fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let keep = |port: fn(&Ports) -> u16| match earlier.as_ref().map(port) {
            Some(port) if is_free(port) => Ok(port),
            _ => free_port(),
        };
        let ports = Ports {
            public: public_port(wanted, earlier.as_ref())?,
            google: keep(|ports| ports.google)?,
            api: keep(|ports| ports.api)?,
            api_grpc: keep(|ports| ports.api_grpc)?,
            second_api: keep(|ports| ports.second_api)?,
            second_api_grpc: keep(|ports| ports.second_api_grpc)?,
            processor: keep(|ports| ports.processor)?,
            scheduler: keep(|ports| ports.scheduler)?,
            gateway: keep(|ports| ports.gateway)?,
            second_gateway: keep(|ports| ports.second_gateway)?,
        };
        fs::write(&file, serde_json::to_vec_pretty(&ports)?)?;
        Ok(ports)
    }
}

fn public_port(wanted: Option<u16>, earlier: Option<&Ports>) -> anyhow::Result<u16> {
    if let Some(wanted) = wanted.filter(|port| *port != 0) {
        anyhow::ensure!(
            is_free(wanted),
            "port {wanted} is taken. Name another with --port, or stop what is using it."
        );
        return Ok(wanted);
    }
    let usual = earlier.map_or(USUAL_PORT, |ports| ports.public);
    if is_free(usual) {
        Ok(usual)
    } else {
        Ok(free_port()?)
    }
}

fn is_free(port: u16) -> bool {
    let bound: io::Result<TcpListener> = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bound.is_ok()
}
