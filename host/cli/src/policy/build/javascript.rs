//! Builds the component of a JavaScript project, with `componentize-qjs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use callsign_componentize as componentize;
use serde::Deserialize;

use super::tool::{Project, Settings, Tool, read, said_by, write};
use super::{Built, no_policy};
use crate::exit::Stop;

const TOOL: Tool = Tool { name: "componentize-qjs", version: "0.4.5" };

const NO_POLICY: &str = "A policy is the default export of src/policy.js: a class with rules.";

/// The part of `package.json` that is needed.
#[derive(Deserialize)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    callsign: Settings,
}

/// The tool's own manifest.
#[derive(Deserialize)]
struct Installed {
    version: String,
}

pub(super) fn build(folder: &Path) -> Result<Built, Stop> {
    let place = folder.join("package.json");
    let manifest: Manifest =
        serde_json::from_str(&read(&place)?).map_err(|error| Stop::refused(anyhow!("{}: {error}", place.display())))?;
    let (policy, sdk) = (manifest.callsign.policy("src/policy.js"), manifest.callsign.sdk());
    let project = Project::new(folder, "package.json", manifest.name.as_deref(), manifest.version.as_deref(), sdk)?;
    if !project.folder.join(policy).is_file() {
        return Err(Stop::refused(anyhow!("{} has no {policy}", folder.display())).hint(NO_POLICY));
    }
    let tool = find(&project.folder, folder)?;
    let target = project.target()?;
    let (entry, raw) = (target.join("component.js"), target.join("component.wasm"));
    let from = |path: &Path| relative(&target, path);
    write(
        &entry,
        format!(
            "// Made by `callsign policy build`.\n\
             import Rules from {:?};\n\
             import {{ exportsOf }} from {:?};\n\
             import {{ host }} from {:?};\n\n\
             const made = exportsOf(Rules, host);\n\
             export const policy = made.policy;\n\
             export const explain = made.explain;\n",
            from(&project.folder.join(policy)),
            from(&project.sdk.join("component.js")),
            from(&project.sdk.join("host.js")),
        ),
    )?;
    // The tool may read the project and the SDK, and so what is around both.
    let root = project.folder.ancestors().find(|folder| project.sdk.starts_with(folder)).unwrap_or(&project.folder);
    let mut command = Command::new(tool);
    command.args(["--sync", "--stub-wasi", "--world", "explaining-policy", "--wit"]).arg(project.contract()?);
    command.arg("--module-root").arg(root).arg("--js").arg(&entry).arg("--output").arg(&raw);
    TOOL.run(&mut command)?;
    let refused = |error| no_policy(&project.name, NO_POLICY, error);
    let bytes = fs::read(&raw).with_context(|| raw.display().to_string()).map_err(Stop::failed)?;
    let component = componentize::javascript::unwrap(&bytes).map_err(refused)?;
    let made_by = [(TOOL.name, TOOL.version)];
    let component = componentize::stamp(&component, &project.name, &project.version, &made_by).map_err(refused)?;
    Ok(Built { component, name: project.name, version: project.version, target, hint: NO_POLICY })
}

/// The tool, which npm has installed in the project.
fn find(project: &Path, named: &Path) -> Result<PathBuf, Stop> {
    let install = format!("npm install --prefix {}", named.display());
    if said_by(Path::new("node"), &["--version"])?.is_none() {
        let error = anyhow!("Node.js, which runs {}, is not installed", TOOL.name);
        return Err(Stop::failed(error)
            .hint("Install Node.js 20 or newer with npm: https://nodejs.org, or apt install nodejs npm"));
    }
    let tool = project.join("node_modules/.bin").join(TOOL.name);
    let manifest = project.join("node_modules").join(TOOL.name).join("package.json");
    if !tool.exists() || !manifest.exists() {
        return Err(TOOL.missing(named, &install));
    }
    let installed: Installed = serde_json::from_str(&read(&manifest)?)
        .map_err(|error| Stop::failed(anyhow!("{}: {error}", manifest.display())))?;
    let install = format!("{install} --save-dev --save-exact {}@{}", TOOL.name, TOOL.version);
    TOOL.check_version(&installed.version, &install)?;
    Ok(tool)
}

/// A path as a module names it that is in a folder. Both are absolute.
fn relative(folder: &Path, path: &Path) -> String {
    let shared = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = path.components().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    let path = parts.join("/");
    if path.starts_with("..") { path } else { format!("./{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_from_the_folder_of_the_one_that_names_it() {
        for (path, expected) in [
            ("/a/b/target/x.js", "./x.js"),
            ("/a/b/src/policy.js", "../src/policy.js"),
            ("/a/sdk/index.js", "../../sdk/index.js"),
        ] {
            assert_eq!(relative(Path::new("/a/b/target"), Path::new(path)), expected);
        }
    }
}
