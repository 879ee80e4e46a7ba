//! `callsign key`: the keys of a service.

use std::path::PathBuf;

use callsign::escape;
use callsign_service::{KeyInfo, Keys, KeysError, NewKey, Scope, StoreError};
use clap::{Args, Subcommand};

use crate::args::id;
use crate::backup::no_platform;
use crate::exit::{Exit, Stop, print};
use crate::serve;

pub(crate) const EXAMPLES: &str = "\
Scopes: application-entity:manage, sending-strategy:manage, numbers:manage,
decisions:make, modules:manage, sticky:manage, audit:read, keys:manage.

Examples:
  callsign key create gateway --scope decisions:make
  callsign key create acme --application acme --expires-in 90d
  callsign key list --json
  callsign key rotate 0123456789ab --overlap 1h
  callsign key revoke 0123456789ab";

/// Keys of a platform.
#[derive(Args)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    command: Command,

    /// The configuration of the service
    #[arg(long, value_name = "FILE", env = "CALLSIGN_CONFIG", global = true)]
    config: Option<PathBuf>,

    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Create a key; it is shown once
    Create {
        /// A name, for people
        #[arg(value_name = "NAME", value_parser = name)]
        name: String,

        /// What the key allows [default: every scope that its owner can have]
        #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
        scopes: Vec<Scope>,

        /// The application that the key belongs to; it sees nothing of others
        #[arg(long, value_name = "ID", value_parser = id)]
        application: Option<String>,

        /// When the key expires, such as 90d, 12h, 30m or 45s from now [default: never]
        #[arg(long, value_name = "TIME", value_parser = seconds)]
        expires_in: Option<u64>,
    },
    /// List the keys, without their secrets
    List,
    /// Give a key a new secret; it is shown once
    Rotate {
        /// The id of the key
        id: String,

        /// How long the old secret stays valid
        #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "0s")]
        overlap: u64,
    },
    /// Revoke a key
    Revoke {
        /// The id of the key
        id: String,
    },
}

pub(crate) fn run(arguments: &KeyArguments) -> Result<Exit, Stop> {
    let config = serve::load(arguments.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(Stop::failed)?.block_on(async {
        let keys = match arguments.command {
            // The first key may be made before the service starts.
            Command::Create { .. } => Keys::open_or_make(&config).await,
            _ => Keys::open(&config).await,
        };
        let keys = keys.map_err(stop)?;
        match &arguments.command {
            Command::Create { name, scopes, application, expires_in } => {
                let scopes = match (&scopes[..], application) {
                    ([], _) => Scope::ALL.to_vec(),
                    (scopes, _) => scopes.to_vec(),
                };
                let new =
                    NewKey { name: name.clone(), scopes, application: application.clone(), lifetime: *expires_in };
                let (info, secret) = keys.create(&new).await.map_err(stop)?;
                show(&info, secret.expose(), arguments.json)
            }
            Command::Rotate { id, overlap } => {
                let (info, secret) = keys.rotate(id, *overlap).await.map_err(stop)?;
                show(&info, secret.expose(), arguments.json)
            }
            Command::Revoke { id } => {
                keys.revoke(id).await.map_err(stop)?;
                print(&format!("revoked {id}\n")).map(|()| Exit::Done)
            }
            Command::List => list(&keys.list().await.map_err(stop)?, arguments.json),
        }
    })
}

fn stop(error: KeysError) -> Stop {
    match error {
        KeysError::Store(StoreError::NoPlatform { .. }) => no_platform(error),
        KeysError::NotFound { .. } | KeysError::NoApplication { .. } => Stop::refused(error),
        error => Stop::failed(error),
    }
}

fn show(info: &KeyInfo, secret: &str, json: bool) -> Result<Exit, Stop> {
    if json {
        let mut value = serde_json::to_value(info).map_err(Stop::failed)?;
        value["key"] = secret.into();
        return print(&format!("{value}\n")).map(|()| Exit::Done);
    }
    print(&format!("{} {}, shown this once:\n{secret}\n", info.key_id, info.name)).map(|()| Exit::Done)
}

fn list(keys: &[KeyInfo], json: bool) -> Result<Exit, Stop> {
    let mut text = String::new();
    for key in keys {
        if json {
            text.push_str(&serde_json::to_string(key).map_err(Stop::failed)?);
        } else {
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            let scopes = if scopes.len() == Scope::ALL.len() { "all scopes".to_owned() } else { scopes.join(" ") };
            let whose = key.application_id.as_ref().map_or("the platform".to_owned(), |id| format!("application {id}"));
            let end = key.expires_at.as_ref().map_or("never ends".to_owned(), |end| format!("ends {end}"));
            text.push_str(&format!("{}  {}: {whose}, {end}, {scopes}", key.key_id, key.name));
        }
        text.push('\n');
    }
    print(&text).map(|()| Exit::Done)
}

fn name(text: &str) -> Result<String, String> {
    let sound = (1..=255).contains(&text.chars().count()) && !text.contains(escape::is_escaped);
    if sound {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 255 characters, none of them a control or format character".into())
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    Scope::parse(text).ok_or_else(|| format!("the scopes are {}", scopes.join(", ")))
}

fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "a number and d, h, m or s, such as 90d".to_owned();
    let unit = match text.chars().last() {
        Some('d') => 86_400,
        Some('h') => 3_600,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|seconds| *seconds <= 100 * 365 * 86_400).ok_or_else(wrong)
}
