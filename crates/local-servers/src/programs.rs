//! Which of the distribution's programs are installed, and where.

use std::{
    env, fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian keeps the server programs of each PostgreSQL version; they are not on the `PATH`.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// A program that we run and do not ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// The PostgreSQL server, with `initdb` beside it.
    Postgres,
    /// The Redis server.
    Redis,
    /// The encoder.
    Ffmpeg,
    /// The prober that comes with it.
    Ffprobe,
    /// The reverse proxy.
    Nginx,
    /// Drops privileges and asks the kernel for a signal on the parent's death.
    Setpriv,
}

impl Program {
    /// The Debian package that brings it.
    pub fn package(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::Redis => "redis-server",
            Self::Ffmpeg | Self::Ffprobe => "ffmpeg",
            Self::Nginx => "nginx",
            Self::Setpriv => "util-linux",
        }
    }

    /// Its path, or the package to install.
    pub fn locate(self) -> Result<PathBuf, MissingPackages> {
        let found = match self {
            Self::Postgres => postgres_bin(None).map(|bin| bin.join("postgres")),
            Self::Redis => on_path("redis-server"),
            Self::Ffmpeg => on_path("ffmpeg"),
            Self::Ffprobe => on_path("ffprobe"),
            Self::Nginx => on_path("nginx"),
            Self::Setpriv => on_path("setpriv"),
        };
        found.ok_or_else(|| MissingPackages::of(self))
    }
}

/// Checks all of `programs` at once, so that one message names everything to install.
pub fn require(programs: &[Program]) -> Result<(), MissingPackages> {
    let mut packages = Vec::new();
    for missing in programs.iter().filter_map(|program| program.locate().err()) {
        packages.extend(missing.packages);
    }
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        Ok(())
    } else {
        Err(MissingPackages { packages })
    }
}

/// Packages that must be installed first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct MissingPackages {
    packages: Vec<&'static str>,
}

impl MissingPackages {
    pub(crate) fn of(program: Program) -> Self {
        Self {
            packages: vec![program.package()],
        }
    }

    /// The packages' names, sorted.
    pub fn packages(&self) -> &[&'static str] {
        &self.packages
    }
}

impl fmt::Display for MissingPackages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.packages.join(" ");
        write!(
            f,
            "not installed: {names}. Install with: sudo apt-get install {names} (or run scripts/setup)"
        )
    }
}

/// The folder with `initdb` and `postgres` of that major version, or of the newest one installed.
pub(crate) fn postgres_bin(version: Option<&str>) -> Option<PathBuf> {
    let is_server =
        |bin: &Path| is_program(&bin.join("initdb")) && is_program(&bin.join("postgres"));
    let mut installed: Vec<(u32, PathBuf)> = fs::read_dir(POSTGRES_VERSIONS)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(number, bin)| version.is_none_or(|v| v == number.to_string()) && is_server(bin))
        .collect();
    installed.sort();
    if let Some((_, bin)) = installed.pop() {
        return Some(bin);
    }
    // Other distributions put one version on the PATH.
    let bin = on_path("initdb")?.parent()?.to_owned();
    let fits = version.is_none_or(|version| major_version(&bin).as_deref() == Some(version));
    (is_server(&bin) && fits).then_some(bin)
}

/// What `postgres --version` says: `postgres (PostgreSQL) 15.18 (…)`.
fn major_version(bin: &Path) -> Option<String> {
    let output = Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (_, version) = text.split_once(") ")?;
    version.split(['.', ' ', '\n']).next().map(str::to_owned)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages_are_named_with_the_command_that_installs_them() {
        let missing = MissingPackages {
            packages: vec!["ffmpeg", "postgresql"],
        };
        assert_eq!(
            missing.to_string(),
            "not installed: ffmpeg postgresql. Install with: sudo apt-get install ffmpeg postgresql \
             (or run scripts/setup)"
        );
    }

    #[test]
    fn a_version_that_is_not_installed_is_not_replaced_by_another() {
        assert_eq!(postgres_bin(Some("9")), None);
        let newest = postgres_bin(None).unwrap();
        assert!(postgres_bin(major_version(&newest).as_deref()).is_some());
    }
}
