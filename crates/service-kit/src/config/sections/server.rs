//! The listening side of a service.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use secrecy::SecretString;

use crate::config::{Reader, Section};

/// Where to listen and how to leave.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Port of the public listener.
    pub port: u16,
    /// Address to bind.
    pub bind: IpAddr,
    /// Time that open requests get after SIGTERM.
    pub drain: Duration,
    /// Unlocks the details of `/ready`, and `/metrics`.
    pub healthcheck_token: HealthcheckToken,
}

/// `HEALTHCHECK_TOKEN`, and what it means that there is none.
#[derive(Debug, Clone)]
pub enum HealthcheckToken {
    /// Whoever has it is told everything.
    Set(SecretString),
    /// None, where nobody but us looks: metrics are open.
    Unneeded,
    /// None, in production: metrics say how much business there is, and are for nobody.
    Missing,
}

impl ServerConfig {
    /// The address to bind.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }
}

/// The section with a port of its own, so that services share one host without settings:
/// `reader.section::<ServerOn<8081>>().0`.
#[derive(Debug, Clone)]
pub struct ServerOn<const PORT: u16>(pub ServerConfig);

impl<const PORT: u16> Section for ServerOn<PORT> {
    const TITLE: &'static str = "Server";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self(ServerConfig {
            port: reader
                .number("PORT", "Port of the HTTP listener; 0 takes a free one.")
                .default(
                    PORT,
                    "where its neighbours look locally; Cloud Run sets its own",
                ),
            bind: reader
                .parsed("BIND_ADDRESS", "Address to listen on.", "IP address")
                .default(
                    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                    "containers are reached from outside",
                ),
            drain: reader
                .seconds(
                    "DRAIN_SECONDS",
                    "Time that open requests get after SIGTERM.",
                )
                .between(Duration::ZERO, Duration::from_hours(1))
                .default(
                    Duration::from_secs(8),
                    "Cloud Run kills ten seconds after SIGTERM",
                ),
            healthcheck_token: HealthcheckToken::read(reader),
        })
    }
}

impl HealthcheckToken {
    fn read(reader: &mut Reader<'_>) -> Self {
        let token = reader
            .secret(
                "HEALTHCHECK_TOKEN",
                "Bearer token that unlocks the details of `/ready`, and `/metrics`, which in production answers nobody \
                 without it.",
            )
            .optional();
        match token {
            Some(token) => Self::Set(token),
            None if reader.production() => Self::Missing,
            None => Self::Unneeded,
        }
    }
}

impl Section for ServerConfig {
    const TITLE: &'static str = ServerOn::<3000>::TITLE;

    fn read(reader: &mut Reader<'_>) -> Self {
        ServerOn::<3000>::read(reader).0
    }
}
