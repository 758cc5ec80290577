//! The dependency law as a table: which of our crates may name which, and who may name the crates that would otherwise
//! spread. `crates/README.md` says why.

/// What a dependency is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is part of what is built.
    Product,
    /// Only tests need it.
    Tests,
}

/// One crate naming another in its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) purpose: Use,
    /// Whether `to` is in this workspace.
    pub(crate) is_ours: bool,
    /// The features of `to` that `from` asks for.
    pub(crate) features: Vec<String>,
}

const KERNEL: &[&str] = &["avvivo-kernel"];
const FACTS: &[&str] = &["avvivo-domain", "avvivo-contracts", "avvivo-kernel"];
const ADAPTER: &[&str] = &[
    "avvivo-ports",
    "avvivo-tokens",
    "avvivo-domain",
    "avvivo-contracts",
    "avvivo-kernel",
];
/// Names adapters on behalf of the services.
const WIRING: &[&str] = &[
    "avvivo-app",
    "avvivo-postgres",
    "avvivo-ports",
    "avvivo-gcp",
    "avvivo-redis",
    "avvivo-vendors",
    "avvivo-service-kit",
    "avvivo-tokens",
    "avvivo-domain",
    "avvivo-contracts",
    "avvivo-kernel",
];
const SERVICE: &[&str] = &[
    "avvivo-wiring",
    "avvivo-app",
    "avvivo-postgres",
    "avvivo-ports",
    "avvivo-media",
    "avvivo-gcp",
    "avvivo-redis",
    "avvivo-vendors",
    "avvivo-http-kit",
    "avvivo-service-kit",
    "avvivo-tokens",
    "avvivo-domain",
    "avvivo-contracts",
    "avvivo-kernel",
];
const GATEWAY_CRATE: &str = "avvivo-realtime-gateway";
/// The feature of `avvivo-wiring` that brings a database along.
const DATABASE_FEATURE: &str = "database";
/// The gateway has no database, so it cannot name what brings one.
const GATEWAY: &[&str] = &[
    "avvivo-wiring",
    "avvivo-ports",
    "avvivo-gcp",
    "avvivo-redis",
    "avvivo-http-kit",
    "avvivo-service-kit",
    "avvivo-tokens",
    "avvivo-domain",
    "avvivo-contracts",
    "avvivo-kernel",
];
const SERVICES: &[&str] = &[
    "avvivo-api",
    "avvivo-reels-processor",
    "avvivo-scheduler",
    "avvivo-realtime-gateway",
];

/// What each crate's product may name of ours.
const MAY_NAME: &[(&str, &[&[&str]])] = &[
    ("avvivo-kernel", &[]),
    ("avvivo-domain", &[KERNEL]),
    ("avvivo-contracts", &[KERNEL]),
    ("avvivo-ports", &[FACTS]),
    ("avvivo-postgres", &[FACTS]),
    ("avvivo-media", &[FACTS]),
    ("avvivo-pictures", &[KERNEL, &["avvivo-domain"]]),
    // What mails say is known before who sends them.
    ("avvivo-mail", &[KERNEL]),
    (
        "avvivo-app",
        &[
            FACTS,
            &[
                "avvivo-postgres",
                "avvivo-ports",
                "avvivo-media",
                "avvivo-pictures",
                "avvivo-mail",
            ],
        ],
    ),
    ("avvivo-tokens", &[KERNEL]),
    ("avvivo-service-kit", &[KERNEL]),
    (
        "avvivo-http-kit",
        &[KERNEL, &["avvivo-service-kit", "avvivo-tokens"]],
    ),
    ("avvivo-gcp", &[ADAPTER]),
    ("avvivo-redis", &[ADAPTER]),
    ("avvivo-vendors", &[ADAPTER]),
    ("avvivo-wiring", &[WIRING]),
    ("avvivo-api", &[SERVICE]),
    ("avvivo-reels-processor", &[SERVICE]),
    ("avvivo-scheduler", &[SERVICE]),
    (GATEWAY_CRATE, &[GATEWAY]),
    (
        "avvivo-standalone",
        &[SERVICE, SERVICES, &["gcp-local", "avvivo-local-servers"]],
    ),
    ("gcp-local", &[]),
    ("avvivo-local-servers", &[]),
    ("avvivo-testkit", &[KERNEL, &["avvivo-local-servers"]]),
    ("xtask", &[&["avvivo-local-servers"]]),
    // Measures services from outside, as programs.
    (
        "avvivo-bench",
        &[KERNEL, &["avvivo-contracts", "avvivo-local-servers"]],
    ),
];

/// What any crate's tests may name besides, except the crates that these are made of.
const TESTS_MAY_NAME: &[&str] = &["avvivo-testkit", "avvivo-local-servers", "gcp-local"];
const BELOW_THE_TESTKIT: &[&str] = &["avvivo-kernel", "avvivo-local-servers", "gcp-local"];

/// An outside crate that only some of ours may name.
struct Reserved {
    /// The crate, or all that start so when it ends in `-`.
    name: &'static str,
    product: &'static [&'static [&'static str]],
    tests: &'static [&'static [&'static str]],
    reason: &'static str,
}

const WITH_STANDALONE: &[&str] = &["avvivo-standalone"];
const GRPC: &[&[&str]] = &[
    SERVICES,
    WITH_STANDALONE,
    &["avvivo-contracts", "avvivo-service-kit", "gcp-local"],
    // It plays the api for the gateway.
    &["avvivo-bench"],
];

const RESERVED: &[Reserved] = &[
    Reserved {
        name: "sqlx",
        product: &[&["avvivo-postgres", "avvivo-testkit", "xtask"]],
        // Tests look at the rows that a use case left.
        tests: &[SERVICES, WITH_STANDALONE, &["avvivo-app"]],
        reason: "all SQL is in avvivo-postgres",
    },
    Reserved {
        name: "axum",
        product: &[
            SERVICES,
            WITH_STANDALONE,
            &["avvivo-http-kit", "avvivo-service-kit", "gcp-local"],
        ],
        // Adapters are tested against fake servers.
        tests: &[&[
            "avvivo-gcp",
            "avvivo-vendors",
            "avvivo-tokens",
            "avvivo-media",
        ]],
        reason: "HTTP is spoken at the edge",
    },
    Reserved {
        name: "google-cloud-",
        // Nothing is compiled after the benchmarks.
        product: &[&["avvivo-gcp", "avvivo-bench"]],
        tests: &[&["gcp-local"]],
        reason: "Google's crates stay behind avvivo-gcp, so that the rest compiles fast",
    },
    Reserved {
        name: "tonic",
        product: GRPC,
        tests: &[],
        reason: "gRPC is spoken at the edge",
    },
    Reserved {
        name: "tonic-prost-build",
        product: &[&["xtask"]],
        tests: &[],
        reason: "generated code is committed, so no build generates any",
    },
    Reserved {
        name: "tonic-",
        product: GRPC,
        tests: &[],
        reason: "gRPC is spoken at the edge",
    },
];

/// Everything in `packages` and `arrows` that the law forbids, as sentences that say what to do.
pub(crate) fn violations(packages: &[String], arrows: &[Arrow]) -> Vec<String> {
    let unknown = packages.iter().filter(|name| allowed_product(name).is_none()).map(|name| {
        format!("{name} has no place in the law: give it one in xtask/src/law.rs and crates/README.md")
    });
    let forbidden = arrows.iter().filter_map(|arrow| {
        if arrow.is_ours {
            ours_violation(arrow)
        } else {
            reserved_violation(arrow)
        }
    });
    unknown.chain(forbidden).collect()
}

fn ours_violation(arrow: &Arrow) -> Option<String> {
    let Arrow {
        from,
        to,
        purpose,
        features,
        ..
    } = arrow;
    if from == GATEWAY_CRATE && features.iter().any(|feature| feature == DATABASE_FEATURE) {
        return Some(format!(
            "{from} → {to} with {DATABASE_FEATURE}: the gateway has no database; ask the api over gRPC"
        ));
    }
    let allowed = allowed_product(from)?;
    let in_product = allowed.iter().any(|group| group.contains(&to.as_str()));
    let in_tests = *purpose == Use::Tests
        && TESTS_MAY_NAME.contains(&to.as_str())
        && !BELOW_THE_TESTKIT.contains(&from.as_str());
    if in_product || in_tests {
        return None;
    }
    let advice = if TESTS_MAY_NAME.contains(&to.as_str()) && *purpose == Use::Product {
        "make it a dev-dependency".to_owned()
    } else {
        let names: Vec<&str> = allowed
            .iter()
            .flat_map(|group| group.iter().copied())
            .collect();
        format!(
            "it may name {}; move the code down, or pass it in from above",
            if names.is_empty() {
                "nothing of ours".to_owned()
            } else {
                names.join(", ")
            }
        )
    };
    Some(format!("{from} → {to}: {advice}"))
}

fn reserved_violation(arrow: &Arrow) -> Option<String> {
    let Arrow {
        from, to, purpose, ..
    } = arrow;
    let rule = RESERVED.iter().find(|rule| rule.covers(to))?;
    let names = |groups: &[&[&str]]| groups.iter().any(|group| group.contains(&from.as_str()));
    if names(rule.product) || (*purpose == Use::Tests && names(rule.tests)) {
        return None;
    }
    Some(format!(
        "{from} → {to}: {}; ask a crate that may name it",
        rule.reason
    ))
}

impl Reserved {
    fn covers(&self, name: &str) -> bool {
        if self.name.ends_with('-') {
            name.starts_with(self.name)
        } else {
            name == self.name
        }
    }
}

fn allowed_product(name: &str) -> Option<&'static [&'static [&'static str]]> {
    MAY_NAME
        .iter()
        .find(|(package, _)| *package == name)
        .map(|(_, allowed)| *allowed)
}

#[cfg(test)]
mod tests;
