//! Builds the component of a Python project, with `componentize-py`.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use callsign_componentize as componentize;
use serde::Deserialize;

use super::tool::{Project, Settings, Tool, read, said_by, write};
use super::{Built, no_policy};
use crate::exit::Stop;

const TOOL: Tool = Tool { name: "componentize-py", version: "0.25.1" };

const NO_POLICY: &str = "A policy is a class `Policy` in policy.py, with rules.";

/// The module that the tool begins with.
const ENTRY: &str = "callsign_component";

/// Folders of a project that are no part of the policy.
const LEFT_OUT: [&str; 4] = ["target", "tests", "venv", "__pycache__"];

/// The part of `pyproject.toml` that is needed.
#[derive(Deserialize)]
struct Manifest {
    project: Option<About>,
    #[serde(default)]
    tool: Tools,
}

#[derive(Deserialize)]
struct About {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize, Default)]
struct Tools {
    #[serde(default)]
    callsign: Settings,
}

pub(super) fn build(folder: &Path) -> Result<Built, Stop> {
    let place = folder.join("pyproject.toml");
    let manifest: Manifest =
        toml::from_str(&read(&place)?).map_err(|error| Stop::refused(anyhow!("{}: {error}", place.display())))?;
    let (policy, sdk) = (manifest.tool.callsign.policy("policy"), manifest.tool.callsign.sdk());
    let about = manifest.project.as_ref();
    let (name, version) =
        (about.and_then(|about| about.name.as_deref()), about.and_then(|about| about.version.as_deref()));
    let project = Project::new(folder, "pyproject.toml", name, version, sdk)?;
    let file = format!("{}.py", policy.replace('.', "/"));
    let is_identifier = |word: &str| {
        !word.is_empty()
            && !word.starts_with(|first: char| first.is_ascii_digit())
            && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if !policy.split('.').all(is_identifier) || !project.folder.join(&file).is_file() {
        return Err(Stop::refused(anyhow!("{} has no {file}", folder.display())).hint(NO_POLICY));
    }
    let tool = find(&project.folder, folder)?;
    let target = project.target()?;
    // The tool puts all that is in the folders that it reads into the component, so that is the policy and the SDK alone.
    let modules = target.join("modules");
    let _ = fs::remove_dir_all(&modules);
    copy(&project.folder, &modules, &project.sdk)?;
    copy(&project.sdk.join("callsign_policy"), &modules.join("callsign_policy"), Path::new(""))?;
    write(&modules.join(format!("{ENTRY}.py")), entry(policy))?;
    let raw = target.join("component.wasm");
    let mut command = Command::new(tool);
    command.arg("--wit-path").arg(project.contract()?).args(["--world", "explaining-policy", "componentize"]);
    command.arg("--stub-wasi").arg("--python-path").arg(&modules).arg("--output").arg(&raw).arg(ENTRY);
    // Else all that is installed beside the tool would be read too.
    command.current_dir(&modules).env_remove("VIRTUAL_ENV");
    TOOL.run(&mut command)?;
    let bytes = fs::read(&raw).with_context(|| raw.display().to_string()).map_err(Stop::failed)?;
    let made_by = [(TOOL.name, TOOL.version)];
    let component = componentize::stamp(&bytes, &project.name, &project.version, &made_by)
        .map_err(|error| no_policy(&project.name, NO_POLICY, error))?;
    Ok(Built { component, name: project.name, version: project.version, target, hint: NO_POLICY })
}

/// The module whose classes become the exports.
fn entry(policy: &str) -> String {
    include_str!("../template/python/component.txt").replace("{{policy}}", policy)
}

/// The tool: of the project's own environment, or else one on the path.
fn find(project: &Path, named: &Path) -> Result<PathBuf, Stop> {
    let own = project.join(".venv/bin").join(TOOL.name);
    let tool = if own.exists() { own } else { PathBuf::from(TOOL.name) };
    let named_folder = named.display();
    let install = format!(
        "python3 -m venv {named_folder}/.venv && {named_folder}/.venv/bin/pip install --requirement \
         {named_folder}/requirements.txt"
    );
    let Some(said) = said_by(&tool, &["--version"])? else { return Err(TOOL.missing(named, &install)) };
    TOOL.check_version(said.rsplit(' ').next().unwrap_or_default(), &install)?;
    Ok(tool)
}

/// Copies the modules of a folder, without the SDK, tests and what is built.
fn copy(from: &Path, to: &Path, sdk: &Path) -> Result<(), Stop> {
    let cannot = |path: &Path| format!("cannot read {}", path.display());
    for file in fs::read_dir(from).with_context(|| cannot(from)).map_err(Stop::failed)? {
        let path = file.with_context(|| cannot(from)).map_err(Stop::failed)?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with('.') || name.starts_with("test_") || LEFT_OUT.contains(&name) || path == sdk {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name), sdk)?;
        } else if name.ends_with(".py") && name != "testing.py" {
            write(&to.join(name), fs::read(&path).with_context(|| cannot(&path)).map_err(Stop::failed)?)?;
        }
    }
    Ok(())
}
