//! `callsign module`: the modules of a store.

mod registry;
mod sign;
mod statement;
mod verify;

use std::collections::HashSet;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use callsign::{Inspection, Limits, Module, ModuleDigest, ModuleStore, PolicyError, StoreError};
use callsign_registry::Repository;
use clap::{Args, Subcommand};
use semver::{Version, VersionReq};
use serde::Serialize;

pub(crate) use self::sign::beside;
pub(crate) use self::verify::{key_file, signature};
use crate::exit::{Exit, Stop, print};
use crate::gateway::{compiler, unreadable};
use crate::provenance::ProvenanceReport;

pub(crate) const EXAMPLES: &str = "\
A module is a policy component whose metadata has a name and a semantic version.
A store is a folder of modules, addressed by the SHA-256 of their bytes. Several
programs can use it at once.

Examples:
  callsign module add acme.wasm
  callsign module list --store /srv/callsign/modules
  callsign module show acme@^1.2";

const EXITS: &str = "\
Exit codes:
  0  done
  2  bad input: usage, a component that is not a policy, a name and version that
     another module has, a module that is not in the store, an artifact of a
     registry that is refused
  3  another failure, such as a store that cannot be written, or a registry that
     does not answer";

const ADD: &str = "\
Each file is added or refused by itself. Adding a module that is already in the
store changes nothing.

Examples:
  callsign module add acme.wasm
  callsign module add --store /srv/callsign/modules build/*.wasm";

const LIST: &str = "\
Examples:
  callsign module list
  callsign module list registry.example/acme/policy
  callsign module list --json | jq -r '.modules[] | .name + \"@\" + .version'";

const SHOW: &str = "\
A name stands for its newest version that meets the requirement. Pre-releases
count only if the requirement names one. Anything that is not the name of a module
is read as a digest, or as its first 4 or more digits.

Examples:
  callsign module show acme
  callsign module show 'acme@>=1.2, <2'
  callsign module show 9f86d081 --json";

const REMOVE: &str = "\
Another module can then have the name and the version. A gateway that serves the
module keeps it until it is restarted.

Examples:
  callsign module remove acme@1.2.0
  callsign module remove 9f86d081884c7d65";

const GC: &str = "\
Removes the files of interrupted additions, and compiled code that is for removed
modules or for another version of Callsign. No module is removed.

Examples:
  callsign module gc --store /srv/callsign/modules";

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// The folder of the store.
    #[arg(
        long,
        value_name = "DIR",
        env = "CALLSIGN_STORE",
        hide_env_values = true,
        default_value = "./callsign-modules",
        global = true
    )]
    store: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Add components to the store.
    #[command(after_help = format!("{ADD}\n\n{EXITS}"))]
    Add {
        /// The components.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// List the modules of the store, by name and version, or the tags of a repository with their versions.
    #[command(after_help = format!("{LIST}\n\n{EXITS}"))]
    List {
        /// A repository of an OCI registry, in place of the store.
        #[arg(value_name = "REPOSITORY", value_parser = registry::parsed::<Repository>)]
        repository: Option<Repository>,

        #[command(flatten)]
        registry: registry::RegistryArguments,

        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Push a component to an OCI registry.
    #[command(after_help = format!("{}\n\n{EXITS}", registry::PUSH))]
    Push(registry::PushArguments),
    /// Pull a component from an OCI registry, into the store or a file.
    #[command(after_help = format!("{}\n\n{EXITS}", registry::PULL))]
    Pull(registry::PullArguments),
    /// Show a module.
    #[command(after_help = format!("{SHOW}\n\n{EXITS}"))]
    Show {
        /// Its digest, or its name and a requirement on its version.
        #[arg(value_name = "DIGEST|NAME[@REQ]")]
        module: String,

        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Print what signatures of a component are over.
    #[command(after_help = statement::STATEMENT)]
    Statement {
        /// The component.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Sign a component with a secret key of minisign.
    #[command(after_help = sign::SIGN)]
    Sign(sign::SignArguments),
    /// Say whether the signatures of a component count.
    #[command(after_help = verify::VERIFY)]
    Verify(verify::VerifyArguments),
    /// Remove a module.
    #[command(after_help = format!("{REMOVE}\n\n{EXITS}"))]
    Remove {
        /// Its digest, or its name and version.
        #[arg(value_name = "DIGEST|NAME@VERSION")]
        module: String,
    },
    /// Remove files that no module needs.
    #[command(after_help = format!("{GC}\n\n{EXITS}"))]
    Gc,
}

/// The report for programs.
#[derive(Serialize)]
struct Report<'a> {
    modules: &'a [Module],
}

/// The report of one module for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    module: &'a Module,
    #[serde(flatten)]
    provenance: ProvenanceReport<'a>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Stop> {
    let folder = &arguments.store;
    match &arguments.command {
        Command::Add { files } => add(&ModuleStore::open(folder).map_err(stop)?.with_compiler(compiler()?), files),
        Command::List { repository: Some(repository), registry, json } => registry::list(repository, registry, *json),
        Command::Push(arguments) => registry::push(arguments),
        Command::Pull(arguments) => registry::pull(folder, arguments),
        Command::List { repository: None, json, .. } => {
            let modules = existing(folder)?.list().map_err(stop)?;
            let text = if *json { to_line(&Report { modules: &modules })? } else { table(&modules) };
            print(&text).map(|()| Exit::Done)
        }
        Command::Show { module, json } => {
            let store = existing(folder)?;
            let module = find(&store, module)?;
            let inspection = Inspection::of(&store.read(&module).map_err(stop)?).map_err(Stop::failed)?;
            let provenance = ProvenanceReport::of(&inspection.provenance);
            let text = match json {
                true => to_line(&Shown { module: &module, provenance })?,
                false => describe(&module)? + &indented(&provenance.text()),
            };
            print(&text).map(|()| Exit::Done)
        }
        Command::Remove { module } => {
            let store = existing(folder)?;
            let (digest, label) = match module.parse::<ModuleDigest>() {
                // Without a look-up, so that a module whose record is damaged can be removed too.
                Ok(digest) => (digest, module.clone()),
                Err(_) => {
                    let found = find_exactly(&store, module)?;
                    (*found.digest(), line(&found))
                }
            };
            store.remove(&digest).map_err(stop)?;
            print(&format!("removed {label}\n")).map(|()| Exit::Done)
        }
        Command::Statement { file } => statement::run(file),
        Command::Sign(arguments) => sign::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Gc => {
            let collected = existing(folder)?.gc(&HashSet::new()).map_err(stop)?;
            let ending = if collected.files == 1 { "" } else { "s" };
            print(&format!("removed {} file{ending}, {} bytes\n", collected.files, collected.bytes))
                .map(|()| Exit::Done)
        }
    }
}

fn add(store: &ModuleStore, files: &[PathBuf]) -> Result<Exit, Stop> {
    let mut exit = Exit::Done;
    for path in files {
        match read(path).and_then(|component| store.add(&component).map_err(|error| stop_at(error, path))) {
            Ok(module) => print(&format!("{}\n", line(&module)))?,
            Err(stop) => exit = stop.report(),
        }
    }
    Ok(exit)
}

/// Reads a component, up to one byte more than the limit: the store refuses that with the right error.
fn read(path: &Path) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let most = Limits::default().component as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|source| unreadable("the component", path, source))
}

/// Opens a store that exists. Only `add` creates one.
fn existing(folder: &Path) -> Result<ModuleStore, Stop> {
    if folder.join("modules").is_dir() {
        return ModuleStore::open(folder).map_err(stop);
    }
    Err(Stop::refused(anyhow!("there is no module store in {}", folder.display()))
        .hint("Give its folder after --store or in CALLSIGN_STORE; `callsign module add FILE` makes one."))
}

/// Finds the module that `DIGEST|NAME[@REQ]` names.
fn find(store: &ModuleStore, text: &str) -> Result<Module, Stop> {
    let (name, requirement) = match text.split_once('@') {
        Some((name, requirement)) => match requirement.parse::<VersionReq>() {
            Ok(requirement) => (name, requirement),
            Err(error) => {
                return Err(Stop::refused(anyhow!("{requirement:?} is no requirement on a version: {error}"))
                    .hint("Give one such as 1.2, ^1.2, =1.2.0 or '>=1.2, <2' after the `@`."));
            }
        },
        None => (text, VersionReq::STAR),
    };
    match store.find(name, &requirement) {
        Err(StoreError::NotFound { .. }) if !text.contains('@') => by_digest(store, text),
        found => found.map_err(stop),
    }
}

/// Finds the module that `DIGEST|NAME@VERSION` names.
fn find_exactly(store: &ModuleStore, text: &str) -> Result<Module, Stop> {
    let Some((name, version)) = text.split_once('@') else { return by_digest(store, text) };
    let version: Version = version.parse().map_err(|error| {
        Stop::refused(anyhow!("{version:?} is no version: {error}")).hint("Give the whole version, such as 1.2.0.")
    })?;
    let modules = store.list().map_err(stop)?;
    let found = modules.into_iter().find(|module| module.name() == name && *module.version() == version);
    found.ok_or_else(|| stop(StoreError::NotFound { wanted: text.to_owned(), store: store.folder().to_owned() }))
}

fn by_digest(store: &ModuleStore, text: &str) -> Result<Module, Stop> {
    match store.get(text) {
        // Not a digest, so it was meant as a name.
        Err(StoreError::Digest { text }) => {
            Err(stop(StoreError::NotFound { wanted: text, store: store.folder().to_owned() }))
        }
        found => found.map_err(stop),
    }
}

fn stop(error: StoreError) -> Stop {
    match error {
        StoreError::Io { .. } | StoreError::Policy(PolicyError::Engine { .. }) => Stop::failed(error),
        StoreError::NotFound { .. } => {
            Stop::refused(error).hint("`callsign module list` lists the modules of the store.")
        }
        _ => Stop::refused(error),
    }
}

fn stop_at(error: StoreError, path: &Path) -> Stop {
    match error {
        StoreError::Io { .. } | StoreError::Policy(PolicyError::Engine { .. }) => Stop::failed(error),
        error => Stop::refused(anyhow::Error::new(error).context(path.display().to_string())),
    }
}

/// A module in one line.
fn line(module: &Module) -> String {
    format!("{}  {}@{}", module.digest(), module.name(), module.version())
}

fn table(modules: &[Module]) -> String {
    let labels = modules.iter().map(|module| format!("{}@{}", module.name(), module.version()));
    let labels: Vec<String> = labels.collect();
    let width = labels.iter().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (module, label) in modules.iter().zip(labels) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{label:width$}  {:>9} bytes  {}", module.size(), module.digest());
    }
    text
}

fn describe(module: &Module) -> Result<String, Stop> {
    // The record already formats the time.
    let record = serde_json::to_value(module).map_err(Stop::failed)?;
    let added = record["addedAt"].as_str().unwrap_or_default();
    Ok(format!(
        "{}@{}\n  digest     {}\n  size       {} bytes\n  interface  callsign:policy@{}\n  added      {added}\n",
        module.name(),
        module.version(),
        module.digest(),
        module.size(),
        module.interface()
    ))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn to_line(value: &impl Serialize) -> Result<String, Stop> {
    let mut line = serde_json::to_string(value).map_err(Stop::failed)?;
    line.push('\n');
    Ok(line)
}
