//! `callsign module verify`: says whether the signatures of a component count.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use callsign_private::file as private_file;
use callsign_signature::{
    KeyId, Keyring, MAX_BUNDLE_BYTES, MAX_KEY_BYTES, ModuleKey, NotTrusted, PublicKey, Signature, read_keys,
};
use clap::Args;
use serde::Serialize;

use super::{sign, statement, to_line};
use crate::exit::{Exit, Stop, print};
use crate::gateway::unreadable;

pub(super) const VERIFY: &str = "\
Each signature must be valid, as where a service takes a module in.

Examples:
  callsign module verify acme.wasm --public-key release.pub
  callsign module verify acme.wasm --public-key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
  callsign module verify acme.wasm --signature acme.sigstore.json --public-key cosign.pub
  callsign module verify acme.wasm --keys keys.toml --application shop --json

Exit codes:
  0  every signature is valid
  1  there is none, or one does not count
  2  bad input: a file that is no component, no signature or no key";

#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// The component.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A signature. May be given several times [default: FILE.minisig]
    #[arg(long, value_name = "FILE")]
    signature: Vec<PathBuf>,

    /// A public key of minisign or cosign: its file, or its line of Base64. May be given several times.
    #[arg(long, value_name = "FILE|KEY", required_unless_present = "keys")]
    public_key: Vec<String>,

    /// A file of keys, as `modules.keys` of a service names it.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,

    /// The application that the module is of, whose keys count too [default: the platform]
    #[arg(long, value_name = "ID", value_parser = crate::args::id)]
    application: Option<String>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// The report for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    valid: bool,
    name: &'a str,
    version: &'a str,
    digest: &'a str,
    /// The keys of the signatures; none if they are not valid.
    key_ids: Vec<KeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<Exit, Stop> {
    let statement = statement::of(&arguments.file, &super::read(&arguments.file)?)?;
    let mut keys = match &arguments.keys {
        Some(path) => key_file(path)?,
        None => Keyring::default(),
    };
    for text in &arguments.public_key {
        let key = ModuleKey::new("of the command line", public_key(text)?, None, (None, None));
        let added = key.map_err(Stop::refused)?;
        keys.add(added).map_err(Stop::refused)?;
    }
    let paths = match &arguments.signature[..] {
        [] => vec![sign::beside(&arguments.file)],
        paths => paths.to_vec(),
    };
    let signatures: Vec<Signature> = paths.iter().map(|path| signature(path)).collect::<Result<_, _>>()?;
    let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default();
    let verified: Result<Vec<KeyId>, NotTrusted> =
        keys.accept(&statement, arguments.application.as_deref(), &signatures, now);
    let report = Report {
        valid: verified.is_ok(),
        name: statement.name(),
        version: statement.version(),
        digest: statement.digest(),
        fault: verified.as_ref().err().map(ToString::to_string),
        key_ids: verified.unwrap_or_default(),
    };
    let text = match (arguments.json, &report.fault) {
        (true, _) => to_line(&report)?,
        (false, Some(fault)) => format!("{fault}\n"),
        (false, None) => {
            let ids: Vec<String> = report.key_ids.iter().map(ToString::to_string).collect();
            format!("{}@{} is signed with {}\n", report.name, report.version, ids.join(", "))
        }
    };
    print(&text)?;
    Ok(if report.valid { Exit::Done } else { Exit::InvalidMessages })
}

/// The keys of a file.
pub(crate) fn key_file(path: &Path) -> Result<Keyring, Stop> {
    let bytes = private_file::read_trusted(path).map_err(Stop::refused)?;
    let refused = |error: anyhow::Error| Stop::refused(error.context(format!("the keys {}", path.display())));
    let text = String::from_utf8(bytes).map_err(|_| refused(anyhow!("it is not UTF-8")))?;
    read_keys(&text).map_err(|error| refused(error.into()))
}

/// The signature in a file.
pub(crate) fn signature(path: &Path) -> Result<Signature, Stop> {
    let text = read_text("the signature", path, MAX_BUNDLE_BYTES)?;
    Signature::parse(&text)
        .map_err(|error| Stop::refused(anyhow::Error::new(error).context(path.display().to_string())))
}

fn public_key(text: &str) -> Result<PublicKey, Stop> {
    let path = Path::new(text);
    let read = match path.is_file() {
        true => read_text("the public key", path, MAX_KEY_BYTES)?,
        false => text.to_owned(),
    };
    PublicKey::parse(&read).map_err(|error| {
        // The text may be a path that was misspelt, or a secret key that nobody should see.
        Stop::refused(anyhow::Error::new(error).context("--public-key")).hint("Give the path of its file, or its line.")
    })
}

/// Reads a text, up to one byte more than the limit: what parses it refuses that with the right error.
fn read_text(what: &str, path: &Path, most: usize) -> Result<String, Stop> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|source| unreadable(what, path, source))?;
    String::from_utf8(bytes).map_err(|_| Stop::refused(anyhow!("{what} {} is not UTF-8", path.display())))
}
