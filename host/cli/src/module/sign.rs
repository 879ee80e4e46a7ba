//! `callsign module sign`: signs a component with a secret key of minisign.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use callsign_private::{Secret, file as private_file};
use callsign_signature::{SecretKey, SignError};
use clap::Args;
use serde::Serialize;

use super::{statement, to_line};
use crate::exit::{Exit, Stop, print};

pub(super) const SIGN: &str = "\
The signature is over the component's name, version and SHA-256, and is written beside
the component as FILE.minisig, as minisign writes it. `minisign -G` makes a pair of keys.

The password of the key is read from the file of --password-file, or from the variable
CALLSIGN_SIGN_PASSWORD, or from the terminal. Neither it nor the key is ever printed.

Examples:
  callsign module sign acme.wasm --key release.key
  callsign module sign acme.wasm --key release.key --password-file password --json
  curl -H \"authorization: App $KEY\" -H \"callsign-signature: $(base64 -w0 acme.wasm.minisig)\" \\
    --data-binary @acme.wasm http://127.0.0.1:8080/v1/modules

Exit codes:
  0  signed
  2  bad input: a file that is no component, a file that is no secret key, a wrong
     password, a key or a password that other users can read
  3  another failure, such as a signature that cannot be written";

/// The variable with the password. Not an argument of the command line, which others can see.
const PASSWORD: &str = "CALLSIGN_SIGN_PASSWORD";

#[derive(Args)]
pub(crate) struct SignArguments {
    /// The component.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The file of the secret key, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The file of the key's password, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// A comment, which the signature protects [default: the time, and the module's name and version]
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,

    /// Where to write the signature [default: FILE.minisig]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// The report for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    name: &'a str,
    version: &'a str,
    digest: &'a str,
    key_id: String,
    comment: &'a str,
    signature: String,
}

pub(super) fn run(arguments: &SignArguments) -> Result<Exit, Stop> {
    let statement = statement::of(&arguments.file, &super::read(&arguments.file)?)?;
    let key = read_key(arguments)?;
    let comment = arguments.comment.clone().unwrap_or_else(|| {
        format!("timestamp:{}\t{}@{}", jiff::Timestamp::now().as_second(), statement.name(), statement.version())
    });
    let signature = key.sign(&statement, &comment).map_err(|error| match error {
        error @ SignError::Comment => Stop::refused(error),
        error => Stop::failed(error),
    })?;
    let out = arguments.out.clone().unwrap_or_else(|| beside(&arguments.file));
    let cannot = || format!("cannot write {}", out.display());
    fs::write(&out, signature.text()).with_context(cannot).map_err(Stop::failed)?;
    let report = Report {
        name: statement.name(),
        version: statement.version(),
        digest: statement.digest(),
        key_id: key.public_key().id().to_string(),
        comment: signature.comment(),
        signature: out.display().to_string(),
    };
    let text = match arguments.json {
        true => to_line(&report)?,
        false => {
            format!("signed {}@{} with the key {}: {}\n", report.name, report.version, report.key_id, report.signature)
        }
    };
    print(&text).map(|()| Exit::Done)
}

/// Where the signature of a component is, if nothing else is said.
pub(crate) fn beside(component: &Path) -> PathBuf {
    let mut path = component.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}

fn read_key(arguments: &SignArguments) -> Result<SecretKey, Stop> {
    let text = read_secret(&arguments.key)?;
    let refused = |error: SignError| {
        Stop::refused(anyhow::Error::new(error).context(format!("the key {}", arguments.key.display())))
    };
    let password = match &arguments.password_file {
        Some(path) => Some(read_secret(path)?),
        None => std::env::var(PASSWORD).ok().map(Secret::new),
    };
    match SecretKey::parse(text.expose(), password.as_ref()) {
        Err(SignError::NeedsPassword) => {
            let prompt = format!("Password of {}: ", arguments.key.display());
            // Without a terminal nobody can be asked.
            let typed = rpassword::prompt_password(prompt).map_err(|_| {
                refused(SignError::NeedsPassword)
                    .hint(format!("Give it in a file after --password-file, or in {PASSWORD}."))
            })?;
            SecretKey::parse(text.expose(), Some(&Secret::new(typed))).map_err(refused)
        }
        parsed => parsed.map_err(refused),
    }
}

/// A secret in a file, without the line feed at its end.
fn read_secret(path: &Path) -> Result<Secret, Stop> {
    let bytes = private_file::read_secret(path).map_err(Stop::refused)?;
    let text = String::from_utf8(bytes).map_err(|_| Stop::refused(anyhow!("{} is not UTF-8", path.display())))?;
    Ok(Secret::new(text.strip_suffix('\n').unwrap_or(&text)))
}
