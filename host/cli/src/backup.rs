//! `callsign backup` and `callsign restore`: the platform of a service as a folder of files, and back.

use std::path::PathBuf;

use callsign_private::FileError;
use callsign_service::{BackupError, BackupSummary, StoreError};
use clap::Args;

use crate::exit::{Exit, Stop, print};
use crate::serve;

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign backup /var/backups/callsign/2026-11-27
  callsign backup /var/backups/callsign/2026-11-27 --config /etc/callsign/callsign.toml
  callsign restore /var/backups/callsign/2026-11-27 --config /etc/callsign/callsign.toml

Exit codes:
  0  done
  2  bad input: no platform here, a folder that is there already, a backup that
     is not whole
  3  another failure, such as a file that cannot be written";

/// The arguments of both commands.
#[derive(Args)]
pub(crate) struct BackupArguments {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The configuration of the service
    #[arg(long, value_name = "FILE", env = "CALLSIGN_CONFIG")]
    config: Option<PathBuf>,
}

pub(crate) fn back_up(arguments: &BackupArguments) -> Result<Exit, Stop> {
    let config = serve::load(arguments.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let made = runtime.map_err(Stop::failed)?.block_on(callsign_service::back_up(&config, &arguments.folder));
    let BackupSummary { revision, pins, .. } = made.map_err(stop)?;
    print(&format!("revision {revision} and {pins} pins are in {}\n", arguments.folder.display()))?;
    Ok(Exit::Done)
}

pub(crate) fn restore(arguments: &BackupArguments) -> Result<Exit, Stop> {
    let config = serve::load(arguments.config.as_deref())?;
    let restored = callsign_service::restore(&config, &arguments.folder).map_err(stop)?;
    let BackupSummary { revision, pins, .. } = restored;
    print(&format!("revision {revision} and {pins} pins are in {}\n", config.data.display()))?;
    Ok(Exit::Done)
}

fn stop(error: BackupError) -> Stop {
    match &error {
        BackupError::Store(StoreError::NoPlatform { .. }) => no_platform(error),
        BackupError::File(FileError::Io { .. }) | BackupError::Store(_) => Stop::failed(error),
        BackupError::Pins(_) | BackupError::Transfer(_) | BackupError::Service { .. } => Stop::failed(error),
        _ => Stop::refused(error),
    }
}

/// No platform is where the configuration says.
pub(crate) fn no_platform(error: impl Into<anyhow::Error>) -> Stop {
    Stop::refused(error).hint("Give the configuration of the service with --config, or run this in its folder.")
}
