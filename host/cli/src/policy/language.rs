//! The languages of policies.

use std::path::Path;

use anyhow::anyhow;
use clap::ValueEnum;

use crate::exit::Stop;

/// A language that policies are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
pub(super) enum Language {
    /// Rust: components of some 200 KB, which decide in microseconds.
    Rust,
    /// JavaScript: components of 2 MB, some ten times slower.
    JavaScript,
    /// Python: components of 18 MB, some ten times slower, and slow to compile.
    Python,
}

impl Language {
    const ALL: [Self; 3] = [Self::Rust, Self::JavaScript, Self::Python];

    /// The file of a project that names it and its version.
    pub(super) const fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::JavaScript => "package.json",
            Self::Python => "pyproject.toml",
        }
    }

    /// The language of the project in a folder, by its manifest. A crate may have a `package.json` for other reasons, so Rust
    /// comes first.
    ///
    /// # Errors
    /// The folder has none of the manifests.
    pub(super) fn of_project(folder: &Path) -> Result<Self, Stop> {
        Self::ALL.into_iter().find(|language| folder.join(language.manifest()).is_file()).ok_or_else(|| {
            let folder = folder.display();
            Stop::refused(anyhow!(
                "there is no policy in {folder}: it has no Cargo.toml, package.json or pyproject.toml"
            ))
            .hint("`callsign policy new NAME --language rust|javascript|python` writes one.")
        })
    }
}
