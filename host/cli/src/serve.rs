//! `callsign serve`: the service, until it is told to end.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use callsign_service::{Config, Log, LogFormat, StartError};
use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::exit::{Exit, Stop, print, say};

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign serve
  callsign serve --catalog catalog.json
  callsign serve --print-config > callsign.toml
  callsign serve --config callsign.toml
  CALLSIGN_SERVE_LISTEN_ADDRESS=127.0.0.1:9000 callsign serve

Exit codes:
  0  ended as it was told to
  2  what was given was refused: usage, configuration, catalog, certificate
  3  something failed: an address or a store that cannot be opened";

/// What the service is started with.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The configuration, a TOML file; every key has a default
    #[arg(long, value_name = "FILE", env = "CALLSIGN_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Import a catalog into a platform that is empty
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,

    /// Print the configuration as it would be used, and end
    #[arg(long)]
    print_config: bool,

    /// Print the OpenAPI document of the service, and end
    #[arg(long, conflicts_with = "print_config")]
    print_openapi: bool,
}

pub(crate) fn run(arguments: &ServeArguments) -> Result<Exit, Stop> {
    if arguments.print_openapi {
        return print(&format!("{}\n", callsign_service::document())).map(|()| Exit::Done);
    }
    let config = load(arguments.config.as_deref())?;
    if arguments.print_config {
        return print(&config.to_toml()).map(|()| Exit::Done);
    }
    log_to_stderr(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Stop::failed)?;
    runtime.block_on(serve(config, arguments.catalog.as_deref()))
}

/// The configuration of a file and of the environment.
pub(crate) fn load(file: Option<&std::path::Path>) -> Result<Config, Stop> {
    // Names and values that are not text are nobody's configuration.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(file, environment)
        .map_err(|error| Stop::refused(error).hint("`callsign serve --print-config` prints every key with its value."))
}

async fn serve(config: Config, catalog: Option<&std::path::Path>) -> Result<Exit, Stop> {
    // Before anything is opened: who ends us early gets an orderly end too.
    let end = end().map_err(Stop::failed)?;
    let (running, started) = callsign_service::start(config, catalog).await.map_err(|error| match error {
        StartError::Refused(_) | StartError::Tls { .. } | StartError::RecipientKey { .. } => Stop::refused(error),
        error => Stop::failed(error),
    })?;
    let url = format!("{}://{}", started.scheme, started.address);
    if let Some(key) = &started.first_key {
        // On standard output, where whoever starts the service may keep it: it is not in the log.
        print(&format!("first key of the platform, shown this once: {key}\n"))?;
    }
    tracing::info!("listening on {url}; the documentation is at {url}/docs");
    running.until(end).await;
    tracing::info!("ended");
    Ok(Exit::Done)
}

/// Waits for SIGTERM or SIGINT.
fn end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn log_to_stderr(log: &Log) -> Result<(), Stop> {
    // The libraries below say much that is about themselves.
    let quiet = if log.level.contains(['=', ',']) { "" } else { ",fjall=warn,lsm_tree=warn" };
    let filter = EnvFilter::try_new(format!("{}{quiet}", log.level))
        .map_err(|error| Stop::refused(anyhow::anyhow!("log.level {:?}: {error}", log.level)))?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour);
    let set = match log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    if let Err(error) = set {
        say(&format!("callsign: no log: {error}\n"));
    }
    Ok(())
}
