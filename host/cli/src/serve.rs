//! `callsign serve`: runs the service until SIGTERM or Ctrl-C.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use callsign::escape;
use callsign_private::FileError;
use callsign_service::{Config, Log, LogFormat, Reloaded, Reloader, StartError};
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::exit::{Exit, Stop, print, say};
use crate::gateway::compiler;
use crate::numbering::NumberingArguments;

pub(crate) const EXAMPLES: &str = "\
Examples:
  callsign serve
  callsign serve --catalog catalog.json
  callsign serve --print-config > callsign.toml
  callsign serve --config callsign.toml
  CALLSIGN_SERVE_LISTEN_ADDRESS=127.0.0.1:9000 callsign serve

Exit codes:
  0  ended by SIGTERM or Ctrl-C (SIGHUP takes the configuration over: limits,
     rates, the log level and the certificate)
  2  bad input: usage, configuration, catalog, certificate
  3  another failure: an address or a store that cannot be opened";

/// The arguments of `serve`.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The configuration, a TOML file; every key has a default
    #[arg(long, value_name = "FILE", env = "CALLSIGN_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Import a catalog into an empty platform
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,

    #[command(flatten)]
    numbering: NumberingArguments,

    /// Print the configuration that would be used, and exit
    #[arg(long)]
    print_config: bool,

    /// Print the OpenAPI document of the service, and exit
    #[arg(long, conflicts_with = "print_config")]
    print_openapi: bool,
}

pub(crate) fn run(arguments: &ServeArguments) -> Result<Exit, Stop> {
    if arguments.print_openapi {
        return print(&format!("{}\n", callsign_service::document())).map(|()| Exit::Done);
    }
    let mut config = load(arguments.config.as_deref())?;
    arguments.numbering.put_over(&mut config.numbering);
    if arguments.print_config {
        return print(&config.to_toml()).map(|()| Exit::Done);
    }
    config.compiler = compiler()?;
    let level = log_to_stderr(&config.log)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // These threads answer, and have their core before those of the bulk lane; this one accepts connections.
    runtime.enable_all().on_thread_start(|| drop(callsign_priority::hasten()));
    let _ = callsign_priority::hasten();
    runtime.build().map_err(Stop::failed)?.block_on(serve(config, arguments, level))
}

/// Loads the configuration from a file and from the environment.
pub(crate) fn load(file: Option<&std::path::Path>) -> Result<Config, Stop> {
    Config::load(file, environment())
        .map_err(|error| Stop::refused(error).hint("`callsign serve --print-config` prints every key with its value."))
}

/// The environment. Variables that are not Unicode cannot be meant for us.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

async fn serve(config: Config, arguments: &ServeArguments, level: LogLevel) -> Result<Exit, Stop> {
    // Before anything is opened, so that a signal during the start also ends in order.
    let end = end().map_err(Stop::failed)?;
    let hangups = signal(SignalKind::hangup()).map_err(Stop::failed)?;
    let (running, started) =
        callsign_service::start(config, arguments.catalog.as_deref()).await.map_err(|error| match error {
            StartError::Refused(_) | StartError::Tls { .. } | StartError::RecipientKey { .. } => Stop::refused(error),
            // What others can use too is closed by hand, and then it starts.
            StartError::File(ref found) if !matches!(found, FileError::Io { .. }) => Stop::refused(error),
            error => Stop::failed(error),
        })?;
    let url = format!("{}://{}", started.scheme, started.address);
    if let Some(key) = &started.first_key {
        // On standard output and not in the log, so that the key is not kept with the log.
        print(&format!("first key of the platform, shown this once: {}\n", key.expose()))?;
    }
    if let Some(probes) = started.probes {
        tracing::info!("probes are answered at http://{probes}");
    }
    tracing::info!("listening on {url}; the documentation is at {url}/docs");
    let reloads =
        tokio::spawn(reload(hangups, running.reloader(), arguments.config.clone(), arguments.numbering.clone(), level));
    running.until(end).await;
    reloads.abort();
    tracing::info!("ended");
    Ok(Exit::Done)
}

/// Waits for SIGTERM or SIGINT.
fn end() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Takes the configuration over at every SIGHUP.
async fn reload(
    mut hangups: Signal,
    reloader: Reloader,
    file: Option<PathBuf>,
    numbering: NumberingArguments,
    level: LogLevel,
) {
    while hangups.recv().await.is_some() {
        if let Err(reason) = reload_once(&reloader, file.as_deref(), &numbering, &level) {
            tracing::error!("the configuration is not taken over, and nothing is changed: {reason}");
        }
    }
}

fn reload_once(
    reloader: &Reloader,
    file: Option<&std::path::Path>,
    numbering: &NumberingArguments,
    level: &LogLevel,
) -> Result<(), String> {
    let mut config = Config::load(file, environment()).map_err(|error| error.to_string())?;
    numbering.put_over(&mut config.numbering);
    let filter = filter(&config.log).map_err(|error| format!("log.level: {error}"))?;
    let Reloaded { changed, needs_restart, certificate, .. } =
        reloader.reload(&config).map_err(|error| error.to_string())?;
    let list = |keys: &[String]| if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
    let certificate = if certificate { "; the certificate was read again" } else { "" };
    let tell = || {
        tracing::info!("the configuration is taken over: {} changed{certificate}", list(&changed));
        if !needs_restart.is_empty() {
            tracing::warn!("other values need a restart: {}", list(&needs_restart));
        }
    };
    // With the level that lets it through, the old one or the new one.
    let is_told = tracing::enabled!(tracing::Level::INFO);
    if is_told {
        tell();
    }
    level(filter)?;
    if !is_told {
        tell();
    }
    Ok(())
}

/// Exchanges the filter of the log.
type LogLevel = Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>;

fn filter(log: &Log) -> Result<EnvFilter, ParseError> {
    // The storage engine logs much about itself.
    let quiet = if log.level.contains(['=', ',']) { "" } else { ",fjall=warn,lsm_tree=warn" };
    EnvFilter::try_new(format!("{}{quiet}", log.level))
}

fn log_to_stderr(log: &Log) -> Result<LogLevel, Stop> {
    let filter = filter(log).map_err(|error| Stop::refused(anyhow::anyhow!("log.level: {error}")))?;
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || LogLine { colour }).with_ansi(colour);
    let (set, level): (_, LogLevel) = match log.format {
        LogFormat::Text => {
            let lines = lines.with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string())))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Box::new(move |filter| handle.reload(filter).map_err(|error| error.to_string())))
        }
    };
    if let Err(error) = set {
        say(&format!("callsign: no log: {error}\n"));
    }
    Ok(level)
}

/// Standard error, as the log writes to it: a line at a time, with hidden characters escaped as in JSON. Whatever a line
/// repeats, it stays one line, and no library that logs has to escape.
struct LogLine {
    /// Whether the line has colours of its own.
    colour: bool,
}

impl LogLine {
    fn escape(&self, line: &str) -> String {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if !self.colour {
            return escape::lines(line).replace('\n', "\\n") + end;
        }
        let mut pieces = line.split("\x1b[");
        let mut escaped = escape::lines(pieces.next().unwrap_or_default()).replace('\n', "\\n");
        for piece in pieces {
            // A colour and nothing else: digits up to an `m`.
            let is_colour = piece.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m');
            escaped.push_str(if is_colour { "\x1b[" } else { "\\u001b[" });
            escaped.push_str(&escape::lines(piece).replace('\n', "\\n"));
        }
        escaped + end
    }
}

impl Write for LogLine {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(self.escape(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_stays_one_line_whatever_it_repeats() {
        let plain = LogLine { colour: false };
        assert_eq!(plain.escape("a\nb\u{202e}c\x1b[31m\n"), "a\\nb\\u202ec\\u001b[31m\n");
        let coloured = LogLine { colour: true };
        assert_eq!(coloured.escape("\x1b[31mWARN\x1b[0m a\x1b[2Jb\n"), "\x1b[31mWARN\x1b[0m a\\u001b[2Jb\n");
    }
}
