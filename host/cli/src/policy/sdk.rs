//! The SDKs for JavaScript and Python, which a new project gets a copy of: it then needs nothing but the pinned tool.
//!
//! Their folders are links to `guest/`, so that the package of this crate has the files.

/// The contract.
pub(super) const CONTRACT: &str = include_str!("../../wit/policy.wit");

/// A file of an SDK: its path in a project, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($from:literal, $to:literal: $($file:literal),+ $(,)?) => {
        &[$((concat!($to, $file), include_str!(concat!($from, $file)))),+]
    };
}

/// The SDK for JavaScript.
pub(super) const JAVASCRIPT: &[File] = files!("../../javascript/", "callsign/":
    "candidates.js", "component.js", "explain.js", "host.js", "index.d.ts", "index.js", "keys.js", "refusal.js", "selection.js",
    "spread.js", "standard.js", "strategy.js", "testing.d.ts", "testing.js", "views.js", "words.js",
);

/// The SDK for Python, with the types of the contract.
pub(super) const PYTHON: &[File] = files!("../../python/", "callsign/":
    "callsign_policy/__init__.py", "callsign_policy/candidates.py", "callsign_policy/component.py", "callsign_policy/explaining.py",
    "callsign_policy/host.py", "callsign_policy/py.typed", "callsign_policy/refusal.py", "callsign_policy/rules.py",
    "callsign_policy/selection.py", "callsign_policy/spread.py", "callsign_policy/standard.py", "callsign_policy/strategy.py",
    "callsign_policy/testing.py", "callsign_policy/views.py", "callsign_policy/words.py", "componentize_py_types.py",
    "wit_world/__init__.py", "wit_world/exports/__init__.py", "wit_world/exports/explain.py", "wit_world/exports/policy.py",
    "wit_world/imports/__init__.py", "wit_world/imports/attributes.py", "wit_world/imports/log.py", "wit_world/imports/messages.py",
    "wit_world/imports/senders.py", "wit_world/imports/settings.py", "wit_world/imports/signals.py", "wit_world/imports/sticky.py",
    "wit_world/imports/strategies.py", "wit_world/imports/times.py", "wit_world/imports/types.py",
);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// The source files under a folder, relative to it.
    fn sources(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                if !["__pycache__", "examples", "tests"].iter().any(|other| path.ends_with(other)) {
                    sources(root, &path, found);
                }
            } else if path
                .extension()
                .is_some_and(|ending| ["js", "ts", "py", "typed"].iter().any(|own| ending == *own))
            {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }

    #[test]
    fn a_new_project_gets_every_file_of_an_sdk() {
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest");
        for (sdk, folder) in [(JAVASCRIPT, "javascript/src"), (PYTHON, "python")] {
            let (root, mut found) = (guest.join(folder), Vec::new());
            sources(&root, &root, &mut found);
            found.sort();
            let mut given: Vec<PathBuf> =
                sdk.iter().map(|(path, _)| path.strip_prefix("callsign/").unwrap().into()).collect();
            given.sort();
            assert_eq!(given, found);
        }
    }
}
