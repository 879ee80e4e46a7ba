//! `callsign policy new`: writes a project to start a policy from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::language::Language;
use super::sdk::{self, File};
use crate::exit::{Exit, Stop, print, say};

/// The files of a crate. `{{...}}` is filled in.
const RUST: [File; 5] = [
    ("Cargo.toml", include_str!("template/manifest.txt")),
    ("src/lib.rs", include_str!("template/policy.txt")),
    ("cases.json", include_str!("template/cases.txt")),
    ("README.md", include_str!("template/readme.txt")),
    (".gitignore", "/target\n"),
];

/// The versions of the SDK and of the standard policy that a crate depends on. A test compares them with their manifests.
const SDK: &str = "0.1.0";
const STANDARD: &str = "1.0.0";

/// How a crate that takes the SDK from a registry takes it from a folder instead.
const PATCH: &str = "
# With these lines, the SDK of a checkout of Callsign instead of the one of crates.io:
# [patch.crates-io]
# callsign-policy = { path = \"../callsign/guest/sdk\" }
# callsign-standard = { path = \"../callsign/guest/standard\" }
";
/// The files of a JavaScript project, beside the contract and the SDK.
const JAVASCRIPT: [File; 6] = [
    ("package.json", include_str!("template/javascript/manifest.txt")),
    ("src/policy.js", include_str!("template/javascript/policy.txt")),
    ("test/policy.test.js", include_str!("template/javascript/test.txt")),
    ("cases.json", include_str!("template/cases.txt")),
    ("README.md", include_str!("template/javascript/readme.txt")),
    (".gitignore", "/target\n/node_modules\n"),
];

/// The files of a Python project, beside the contract and the SDK.
const PYTHON: [File; 7] = [
    ("pyproject.toml", include_str!("template/python/manifest.txt")),
    ("requirements.txt", include_str!("template/python/requirements.txt")),
    ("policy.py", include_str!("template/python/policy.txt")),
    ("test_policy.py", include_str!("template/python/test.txt")),
    ("cases.json", include_str!("template/cases.txt")),
    ("README.md", include_str!("template/python/readme.txt")),
    (".gitignore", "/target\n/.venv\n__pycache__/\n"),
];

/// The longest name of a crate, in bytes: the limit of registries.
const MAX_NAME: usize = 64;

pub(super) fn run(name: &str, language: Language, path: Option<&Path>, sdk: Option<&Path>) -> Result<Exit, Stop> {
    check_name(name).map_err(Stop::refused)?;
    if language != Language::Rust && sdk.is_some() {
        let stop = Stop::refused(anyhow!("--sdk is for Rust: a project in another language has the SDK inside"));
        return Err(stop.hint("Leave it out."));
    }
    let (policy, standard) = (format!("version = {SDK:?}"), format!("version = {STANDARD:?}"));
    let (policy, standard) = match sdk {
        Some(folder) => {
            let (sdk_path, standard_path) = paths_in(folder)?;
            (format!("{policy}, {sdk_path}"), format!("{standard}, {standard_path}"))
        }
        None => (policy, standard),
    };
    let patch = if sdk.is_some() { "" } else { PATCH };
    let folder = path.unwrap_or(Path::new(name));
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) || folder.is_file() {
        let stop = Stop::refused(anyhow!("{} is there already", folder.display()));
        return Err(stop.hint("Give another name, or another folder after --path."));
    }
    let (templates, copied): (&[File], &[File]) = match language {
        Language::Rust => (&RUST, &[]),
        Language::JavaScript => (&JAVASCRIPT, sdk::JAVASCRIPT),
        Language::Python => (&PYTHON, sdk::PYTHON),
    };
    for (file, template) in templates {
        let text = template
            .replace("{{name}}", name)
            .replace("{{crate}}", &name.replace('-', "_"))
            .replace("{{Policy}}", &camel_case(name))
            .replace("{{policy-dependency}}", &policy)
            .replace("{{standard-dependency}}", &standard)
            .replace("{{patch}}", patch);
        write(&folder.join(file), &text).map_err(Stop::failed)?;
    }
    for (file, text) in copied {
        write(&folder.join(file), text).map_err(Stop::failed)?;
    }
    if language != Language::Rust {
        write(&folder.join("wit/policy.wit"), sdk::CONTRACT).map_err(Stop::failed)?;
    } else if sdk.is_none() {
        say(&format!(
            "callsign: it takes callsign-policy {SDK} from crates.io; until that has it, or to take it from a checkout, give \
             --sdk DIR, or see [patch.crates-io] in its Cargo.toml\n"
        ));
    }
    print(&format!("{}\n", folder.display()))?;
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(cannot)?;
    }
    fs::write(path, text).with_context(cannot)
}

/// Checks that the registries of the languages and the contract accept the name.
pub(super) fn check_name(name: &str) -> anyhow::Result<()> {
    let sound = name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.len() <= MAX_NAME
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let reserved = ["callsign-policy", "callsign-standard", "serde", "core", "std", "alloc", "test", "proc-macro"];
    if !sound || reserved.contains(&name) || is_keyword(name) {
        return Err(anyhow!(
            "{name:?} cannot be the name of a policy: use lower-case letters, digits and dashes, starting with a letter, \
             such as quiet-hours"
        ));
    }
    Ok(())
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else enum extern false \
                            final fn for gen if impl in let loop macro match mod move mut override priv pub ref return \
                            self static struct super trait true try type typeof unsafe unsized use virtual where while \
                            yield";
    KEYWORDS.split(' ').any(|keyword| keyword == name)
}

/// `quiet-hours` as `QuietHours`.
fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(word).collect()
}

/// The paths of the SDK and of the standard policy in a checkout, as a manifest has them. `folder` is its root or its `guest/sdk`.
fn paths_in(folder: &Path) -> Result<(String, String), Stop> {
    let candidates = [folder.join("guest/sdk"), folder.to_owned()];
    let is_sdk = |folder: &&PathBuf| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.contains("name = \"callsign-policy\"") && folder.join("../standard/Cargo.toml").is_file()
    };
    let Some(sdk) = candidates.iter().find(is_sdk) else {
        let stop = Stop::refused(anyhow!("{} is not a checkout of Callsign", folder.display()));
        return Err(stop.hint("Give the folder that has guest/sdk in it."));
    };
    let dependency = |folder: PathBuf| -> anyhow::Result<String> {
        let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
        let folder = folder.to_str().with_context(|| format!("{} is not Unicode", folder.display()))?;
        // A JSON string is a TOML string.
        Ok(format!("path = {}", serde_json::to_string(folder)?))
    };
    let both = dependency(sdk.clone()).and_then(|policy| Ok((policy, dependency(sdk.join("../standard"))?)));
    both.map_err(Stop::refused)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails here says where")]
mod tests {
    use super::*;

    #[test]
    fn the_versions_that_a_crate_depends_on_are_those_of_the_sdk() {
        let workspace = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")).unwrap();
        assert!(workspace.contains(&format!("callsign-policy = {{ path = \"guest/sdk\", version = {SDK:?} }}")));
        assert!(
            workspace.contains(&format!("callsign-standard = {{ path = \"guest/standard\", version = {STANDARD:?} }}"))
        );
        assert_eq!(SDK, env!("CARGO_PKG_VERSION"), "the SDK has the version of the workspace");
        let standard =
            fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/standard/Cargo.toml")).unwrap();
        assert!(standard.contains(&format!("\nversion = {STANDARD:?}\n")));
    }

    #[test]
    fn names_are_those_of_crates() {
        for name in ["quiet-hours", "a", "ab2-split"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "Quiet", "1st", "-a", "a-", "a_b", "a/b", "..", "fn", "std", "serde", &"a".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(camel_case("quiet-hours2"), "QuietHours2");
    }
}
