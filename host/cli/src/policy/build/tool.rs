//! The tools that build policies of other languages than Rust: found, checked, run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};
use semver::Version;
use serde::Deserialize;

use super::super::new::check_name;
use crate::exit::Stop;

/// A tool, in the version that policies are built with.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

impl Tool {
    /// Refuses another version than the one that is pinned: what it makes may differ.
    pub(super) fn check_version(&self, found: &str, install: &str) -> Result<(), Stop> {
        let Self { name, version } = self;
        if found == *version {
            return Ok(());
        }
        let error = anyhow!("{name} {found} is installed, and policies are built with {name} {version}");
        Err(Stop::failed(error).hint(format!("Install that version: {install}")))
    }

    /// Says how to install the tool.
    pub(super) fn missing(&self, folder: &Path, install: &str) -> Stop {
        let error = anyhow!(
            "{} {}, which builds the policy, is not installed in {}",
            self.name,
            self.version,
            folder.display()
        );
        Stop::failed(error).hint(format!("Install it: {install}"))
    }

    /// Runs the tool. What it says is shown if it fails.
    pub(super) fn run(&self, command: &mut Command) -> Result<(), Stop> {
        let output = command.stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {}", self.name)).map_err(Stop::failed)?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        Err(Stop::refused(anyhow!("the policy does not build: {}: {said}", self.name)))
    }
}

/// The output of a program that says its version; none if there is no such program.
pub(super) fn said_by(program: &Path, arguments: &[&str]) -> Result<Option<String>, Stop> {
    match Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::failed(anyhow::Error::new(error).context(format!("cannot run {}", program.display())))),
    }
}

/// What the manifest of a project says to Callsign.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    policy: Option<String>,
    sdk: Option<String>,
}

impl Settings {
    /// The module with the policy; `usual` by default.
    pub(super) fn policy<'s>(&'s self, usual: &'s str) -> &'s str {
        self.policy.as_deref().unwrap_or(usual)
    }

    /// The folder of the SDK; `callsign` by default.
    pub(super) fn sdk(&self) -> &str {
        self.sdk.as_deref().unwrap_or("callsign")
    }
}

/// A project: its folder, and its name and version, which the component gets.
pub(super) struct Project {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) version: String,
    /// Where the SDK is.
    pub(super) sdk: PathBuf,
}

impl Project {
    /// Checks what a manifest says.
    pub(super) fn new(
        folder: &Path,
        manifest: &str,
        name: Option<&str>,
        version: Option<&str>,
        sdk: &str,
    ) -> Result<Self, Stop> {
        let place = folder.join(manifest);
        let refused = |error: anyhow::Error| Stop::refused(error.context(place.display().to_string()));
        let name = name.ok_or_else(|| refused(anyhow!("it gives no name")))?;
        check_name(name).map_err(refused)?;
        let version = version.ok_or_else(|| refused(anyhow!("it gives no version, such as 0.1.0")))?;
        Version::parse(version)
            .map_err(|_| refused(anyhow!("{version:?} is no version: give three numbers, such as 0.1.0")))?;
        let folder = folder.canonicalize().with_context(|| folder.display().to_string()).map_err(Stop::failed)?;
        let Ok(sdk) = folder.join(sdk).canonicalize() else {
            return Err(refused(anyhow!("the SDK is not in {sdk}"))
                .hint("`callsign policy new NAME --language ...` writes it into a project."));
        };
        Ok(Self { folder, name: name.into(), version: version.into(), sdk })
    }

    /// A folder of what is built, which exists.
    pub(super) fn target(&self) -> Result<PathBuf, Stop> {
        let target = self.folder.join("target");
        fs::create_dir_all(&target).with_context(|| target.display().to_string()).map_err(Stop::failed)?;
        Ok(target)
    }

    /// The contract of the project, or else that of this version.
    pub(super) fn contract(&self) -> Result<PathBuf, Stop> {
        let own = self.folder.join("wit/policy.wit");
        if own.is_file() {
            return Ok(own);
        }
        let path = self.target()?.join("policy.wit");
        write(&path, super::super::sdk::CONTRACT)?;
        Ok(path)
    }
}

pub(super) fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), Stop> {
    let cannot = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(cannot).map_err(Stop::failed)?;
    }
    fs::write(path, text).with_context(cannot).map_err(Stop::failed)
}

pub(super) fn read(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path).with_context(|| path.display().to_string()).map_err(Stop::refused)
}
