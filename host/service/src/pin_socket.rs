//! The pins of a running service, for `callsign backup`: it has its folder of pins for itself, so another process asks it.
//!
//! A Unix socket in the data folder. Whoever connects gets every pin as a line of JSON and then the line `{"pins": N}`, by
//! which it sees that nothing is missing. Only the service's own user and root are answered.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use callsign::StickyStore;
use callsign::sticky::{Filter, each_pin};
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;

use crate::data_folder::PIN_SOCKET;
use crate::service::Service;

/// How long either side waits for the other one.
const PATIENCE: Duration = Duration::from_secs(60);

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    pins: u64,
}

/// The socket, until it is dropped.
pub(crate) struct PinSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl PinSocket {
    /// Opens it in the data folder, which the caller has locked: a socket that is there is of a process that is gone.
    ///
    /// # Errors
    /// It cannot be made, for example because the path has more than 107 bytes.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(PIN_SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers one after the other, until the service ends.
    pub(crate) async fn serve(self, service: Arc<Service>) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = service.ended() => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let may = stream.peer_cred().is_ok_and(|peer| peer.uid() == 0 || peer.uid() == this_user(&self.path));
            let Ok(stream) = stream.into_std() else { continue };
            if !may {
                tracing::warn!("another user asked for the pins at {}", self.path.display());
                continue;
            }
            let store = Arc::clone(&service.sticky);
            let sent = tokio::task::spawn_blocking(move || send(&*store, stream)).await;
            match sent {
                Ok(Ok(pins)) => tracing::info!("{pins} pins were handed to a backup"),
                Ok(Err(error)) => tracing::warn!("the pins were not handed to a backup: {error}"),
                Err(error) => tracing::error!("the pins were not handed to a backup: {error}"),
            }
        }
    }
}

impl Drop for PinSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The user of this process: the owner of what it made.
fn this_user(made: &Path) -> u32 {
    std::fs::symlink_metadata(made).map_or(u32::MAX, |made| std::os::unix::fs::MetadataExt::uid(&made))
}

fn send(store: &dyn StickyStore, stream: UnixStream) -> io::Result<u64> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut out = BufWriter::with_capacity(1 << 16, stream);
    let pins = write(store, &mut out)?;
    serde_json::to_writer(&mut out, &End { pins })?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(pins)
}

/// Writes every pin as a line.
pub(crate) fn write(store: &dyn StickyStore, out: &mut impl Write) -> io::Result<u64> {
    each_pin(store, &Filter::All, |record| writeln!(out, "{}", record.to_json())).map_err(io::Error::other)
}

/// Copies the pins of the service that uses a data folder, and returns how many there are.
///
/// # Errors
/// No service answers, or it breaks off.
pub(crate) fn copy(data: &Path, out: &mut impl Write) -> io::Result<u64> {
    let stream = UnixStream::connect(data.join(PIN_SOCKET))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::with_capacity(1 << 16, stream);
    let (mut line, mut pins) = (String::new(), 0);
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the service broke off; its log says why"));
        }
        match serde_json::from_str::<End>(&line) {
            Ok(End { pins: all }) if all == pins => return Ok(pins),
            Ok(End { pins: all }) => return Err(io::Error::other(format!("{pins} of {all} pins arrived"))),
            Err(_) => out.write_all(line.as_bytes())?,
        }
        pins += 1;
    }
}
