//! `callsign module push`, `pull` and `list REPOSITORY`: components in OCI registries.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use callsign::{Inspection, Limits, ModuleStore};
use callsign_registry::{
    Client, Credentials, Described, Digest, MOST_SIGNATURE, Options, Place, Reference, ReferenceError, RegistryError,
    Repository, version_of,
};
use clap::Args;
use semver::Version;
use serde::Serialize;

use super::{line, read, stop, to_line};
use crate::exit::{Exit, Stop, print};
use crate::gateway::{compiler, unreadable};

pub(super) const PUSH: &str = "\
The form is that of `wkg`: a manifest, a config and one layer. A tag that is a
version must be the version of the component. Credentials are those of Docker:
config.json in the folder of DOCKER_CONFIG, or in ~/.docker.

Examples:
  callsign module push registry.example/acme/policy:1.0.0 policy.wasm
  callsign module push registry.example/acme/policy:1.0.0 policy.wasm \\
    --signature policy.wasm.minisig";

pub(super) const PULL: &str = "\
A tag is looked at once; what it names is verified by its digest. The component is
added to the store. Its signatures are not verified here: with --out they are
written beside the component, for `callsign module verify`.

Examples:
  callsign module pull registry.example/acme/policy:1.0.0
  callsign module pull registry.example/acme/policy@sha256:9f86d081... --json
  callsign module pull 127.0.0.1:5000/policy:1.0.0 --plain-http --out policy.wasm";

/// How registries are spoken to.
#[derive(Args)]
pub(crate) struct RegistryArguments {
    /// A PEM file with authorities that are trusted beside those of the system.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// A Docker configuration with credentials [default: where Docker has it].
    #[arg(long, value_name = "FILE")]
    docker_config: Option<PathBuf>,

    /// Speak plain HTTP, to a registry on a loopback address.
    #[arg(long)]
    plain_http: bool,

    /// A registry with copies, asked first: HOST[:PORT][/PATH].
    #[arg(long, value_name = "PLACE", value_parser = parsed::<Place>)]
    mirror: Option<Place>,

    /// How long all of it may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
}

#[derive(Args)]
pub(crate) struct PushArguments {
    /// Where to: a repository and a tag.
    #[arg(value_name = "REFERENCE", value_parser = parsed::<Reference>)]
    reference: Reference,

    /// The component.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A signature of the component, a `.minisig` file, to go with it; up to 8.
    #[arg(long = "signature", value_name = "FILE")]
    signatures: Vec<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    registry: RegistryArguments,
}

#[derive(Args)]
pub(crate) struct PullArguments {
    /// What: a repository, and a tag or a digest.
    #[arg(value_name = "REFERENCE", value_parser = parsed::<Reference>)]
    reference: Reference,

    /// Write the component here, and do not add it to the store.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    registry: RegistryArguments,
}

#[derive(Serialize)]
struct Pushed<'a> {
    reference: &'a Reference,
    digest: Digest,
}

#[derive(Serialize)]
struct PulledModule<'a, T: Serialize> {
    reference: &'a Reference,
    digest: Digest,
    signatures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
}

#[derive(Serialize)]
struct Tags<'a> {
    repository: &'a Repository,
    tags: Vec<TagLine>,
}

#[derive(Serialize)]
struct TagLine {
    tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
}

/// Reads an argument, for clap.
pub(super) fn parsed<T: std::str::FromStr<Err = ReferenceError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: ReferenceError| error.to_string())
}

impl RegistryArguments {
    fn client(&self, repository: &Repository) -> Result<Client, Stop> {
        let mut options = Options::default();
        if let Some(path) = &self.docker_config {
            options.credentials = Credentials::File(path.clone());
        }
        options.ca_file.clone_from(&self.ca_file);
        options.plain_http = self.plain_http;
        options.mirror.clone_from(&self.mirror);
        options.whole = std::time::Duration::from_secs(self.timeout);
        options.most = Limits::default().component as u64;
        if self.plain_http && !callsign_registry::is_loopback(repository.registry()) {
            let refused =
                anyhow!("{} is no loopback address: plain HTTP is spoken to this machine only", repository.registry());
            return Err(
                Stop::refused(refused).hint("Leave out --plain-http, and give --ca-file if its authority is your own.")
            );
        }
        Client::new(options).map_err(refused)
    }
}

/// A registry that has trouble is a failure; everything else is for who asked.
fn refused(error: RegistryError) -> Stop {
    if error.is_of_registry() { Stop::failed(error) } else { Stop::refused(error) }
}

pub(super) fn push(arguments: &PushArguments) -> Result<Exit, Stop> {
    let PushArguments { reference, file, signatures, json, registry } = arguments;
    let component = read(file)?;
    let inspection = Inspection::of(&component)
        .map_err(|error| Stop::refused(anyhow::Error::new(error).context(file.display().to_string())))?;
    let declared = inspection.version.as_deref().and_then(|text| text.parse::<Version>().ok());
    if let Some(version) = reference.tag().and_then(version_of).filter(|version| declared.as_ref() != Some(version)) {
        let has = inspection.version.as_deref().unwrap_or("no version");
        return Err(Stop::refused(anyhow!("the tag says {version}, and {} has {has}", file.display()))
            .hint("Bindings that follow a repository take the tag for the version: give both the same."));
    }
    let signatures = signatures.iter().map(|path| signature(path)).collect::<Result<Vec<_>, _>>()?;
    let about = Described {
        imports: inspection.imports.into_iter().map(|import| import.name).collect(),
        exports: inspection.exports,
    };
    let client = registry.client(reference.repository())?;
    let digest = client.push(reference, &component, &about, &signatures).map_err(refused)?;
    let text = match json {
        true => to_line(&Pushed { reference, digest })?,
        false => format!("{digest}  {reference}\n"),
    };
    print(&text).map(|()| Exit::Done)
}

fn signature(path: &Path) -> Result<String, Stop> {
    let text = fs::read_to_string(path).map_err(|source| unreadable("the signature", path, source))?;
    match text.len() <= MOST_SIGNATURE {
        true => Ok(text),
        false => {
            Err(Stop::refused(anyhow!("{} has more than {MOST_SIGNATURE} bytes, and is no signature", path.display())))
        }
    }
}

pub(super) fn pull(folder: &Path, arguments: &PullArguments) -> Result<Exit, Stop> {
    let PullArguments { reference, out, json, registry } = arguments;
    let pulled = registry.client(reference.repository())?.pull(reference).map_err(refused)?;
    let (digest, signatures) = (pulled.digest, pulled.signatures.len());
    let Some(path) = out else {
        let module = ModuleStore::open(folder).map_err(stop)?.with_compiler(compiler()?).add(&pulled.component);
        let module = module.map_err(stop)?;
        let text = match json {
            true => to_line(&PulledModule { reference, digest, signatures, module: Some(&module), file: None })?,
            false => format!("{}\n", line(&module)),
        };
        return print(&text).map(|()| Exit::Done);
    };
    let written = |path: &Path, bytes: &[u8]| {
        let failed =
            |error: std::io::Error| Stop::failed(anyhow::Error::new(error).context(path.display().to_string()));
        fs::write(path, bytes).map_err(failed)
    };
    written(path, &pulled.component)?;
    for (index, text) in pulled.signatures.iter().enumerate() {
        let mut name = path.as_os_str().to_owned();
        name.push(if index == 0 { ".minisig".to_owned() } else { format!(".{}.minisig", index + 1) });
        written(Path::new(&name), text.as_bytes())?;
    }
    let text = match json {
        true => to_line(&PulledModule::<()> { reference, digest, signatures, module: None, file: Some(path) })?,
        false => format!("{digest}  {}\n", path.display()),
    };
    print(&text).map(|()| Exit::Done)
}

/// The tags of a repository: versions first, from the oldest on, then the others by name.
pub(super) fn list(repository: &Repository, registry: &RegistryArguments, json: bool) -> Result<Exit, Stop> {
    let tags = registry.client(repository)?.tags(repository).map_err(refused)?;
    let mut tags: Vec<TagLine> = tags.into_iter().map(|tag| TagLine { tag: tag.name, version: tag.version }).collect();
    tags.sort_by(|one, other| {
        let key = |line: &TagLine| (line.version.is_none(), line.version.clone());
        key(one).cmp(&key(other)).then_with(|| one.tag.cmp(&other.tag))
    });
    let text = match json {
        true => to_line(&Tags { repository, tags })?,
        false => {
            let width = tags.iter().map(|line| line.tag.len()).max().unwrap_or_default();
            let line = |line: &TagLine| match &line.version {
                Some(version) => format!("{:width$}  {version}\n", line.tag),
                None => format!("{}\n", line.tag),
            };
            tags.iter().map(line).collect()
        }
    };
    print(&text).map(|()| Exit::Done)
}
