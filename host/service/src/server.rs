//! Starts, runs and stops the service.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callsign_private::{Access, Secret};

use crate::catalog_import;
use crate::change::{Change, Kind};
use crate::config::Config;
use crate::data_folder::{self, LockError, RESTORING};
use crate::decision_log::{DecisionLog, LogEvents};
use crate::http::{Listener, Probes};
use crate::key::{Key, Scope};
use crate::pin_socket::PinSocket;
use crate::pins;
use crate::reload::Reloader;
use crate::router::{self, Front, routes};
use crate::service::{Author, Plan, Service, StartError};
use crate::store::{Operator, Store};

/// How long what is being written at the end has to be written.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// A service that has started.
pub struct Running {
    service: Arc<Service>,
    front: Front,
    listener: Listener,
    probes: Option<Probes>,
    log_events: Option<LogEvents>,
    pin_socket: Option<PinSocket>,
    /// Locks the data folder as long as the service runs.
    _lock: File,
}

/// What a service reports when it has started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Started {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where probes are answered, if `listen.probes` is set.
    pub probes: Option<SocketAddr>,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The first key of the platform, if it had none. The secret is shown this once and not stored.
    pub first_key: Option<Secret>,
}

/// Opens the stores, loads the platform and listens. `catalog` is a file to import if the platform is empty.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config, catalog: Option<&Path>) -> Result<(Running, Started), StartError> {
    let data = data_folder::open(&config.data)?;
    let lock = data_folder::lock(&data).map_err(|error| match error {
        LockError::InUse => StartError::Refused(format!(
            "another service uses the data folder {}: end that one, or give this one another folder",
            config.data.display()
        )),
        LockError::File(error) => error.into(),
    })?;
    if data.has(RESTORING, Access::Readable)? {
        return Err(StartError::Refused(format!(
            "a backup was not restored to its end into {}: run `callsign restore` again",
            config.data.display()
        )));
    }
    let listener = Listener::open(&config).await?;
    let address = listener.address().unwrap_or(config.listen.address);
    let probes = config.listen.probes.map(Probes::open).transpose()?;
    let store = Arc::new(Store::open(&config.catalog_store(), Operator::Service).await?);
    let opening = config.clone();
    let sticky = tokio::task::spawn_blocking(move || pins::open(&opening)).await;
    let sticky = sticky.map_err(|error| StartError::Refused(error.to_string()))??;
    let opening = config.clone();
    let decision_log = tokio::task::spawn_blocking(move || DecisionLog::open(&opening)).await;
    let (decision_log, log_events) = decision_log.map_err(|error| StartError::Refused(error.to_string()))??.unzip();
    let service = Service::load(config, store, sticky, decision_log).await?;
    if let Some(path) = catalog {
        catalog_import::import(&service, path).await?;
    }
    let first_key = first_key(&service).await?;
    let probing = probes.as_ref().map(Probes::address);
    let started = Started { address, probes: probing, scheme: listener.scheme(), first_key };
    let pin_socket = PinSocket::open(&service.config.data);
    if let Err(error) = &pin_socket {
        tracing::warn!("`callsign backup` works only while this service does not run: no socket for pins: {error}");
    }
    // Here, so that what listens answers at once.
    let front = Front::new(&service);
    let pin_socket = pin_socket.ok();
    Ok((Running { service, front, listener, probes, log_events, pin_socket, _lock: lock }, started))
}

impl Running {
    /// What takes over another configuration while it runs.
    pub fn reloader(&self) -> Reloader {
        Reloader::new(Arc::clone(&self.service), Arc::clone(self.front.guard()), self.listener.tls())
    }

    /// Serves until `end`, then finishes the requests in progress.
    pub async fn until(self, end: impl Future<Output = ()>) {
        let bulk = &self.service.bulk;
        let follower = bulk.spawn(Arc::clone(&self.service).follow());
        let health = bulk.spawn(Arc::clone(&self.service).follow_health());
        let receipts = bulk.spawn(Arc::clone(&self.service).run_receipts());
        let creator = bulk.spawn(Arc::clone(&self.service).run_entity_autocreate());
        let repositories = bulk.spawn(Arc::clone(&self.service).follow_repositories());
        let audit = bulk.spawn(Arc::clone(&self.service).run_audit_retention());
        let fleet = bulk.spawn(Arc::clone(&self.service).tell_fleet(name_of_node(self.listener.address())));
        if let Some(events) = self.log_events {
            bulk.spawn(Arc::clone(&self.service).tell_of_decision_log(events));
        }
        if let Some(socket) = self.pin_socket {
            tokio::spawn(socket.serve(Arc::clone(&self.service)));
        }
        // Until the last request is finished, so that a load balancer sees why the main address takes no more.
        let probing =
            self.probes.map(|probes| probes.serve(&self.service.config.limits, router::probes(&self.service)));
        if let Some(Err(error)) = &probing {
            tracing::error!("probes are not answered: {error}");
        }
        self.listener.serve(&self.service, self.front, end).await;
        let _ = tokio::join!(follower, health, receipts, creator, repositories, audit, fleet);
        self.service.what_ifs.cancel_all();
        bulk.end(LAST_WRITES).await;
        if let Some(log) = &self.service.decision_log {
            // What was recorded is written, and its segment finished.
            let recorder = Arc::clone(log.recorder());
            let _ = tokio::task::spawn_blocking(move || recorder.close()).await;
        }
        if let Err(error) = self.service.store.close().await {
            tracing::debug!("the catalog is not closed in order: {error}");
        }
        drop(probing);
    }
}

/// What people call this node by: its host, where the system says it, and its address.
fn name_of_node(address: Option<SocketAddr>) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} {}", host.trim(), address.map(|address| address.to_string()).unwrap_or_default()).trim().to_owned()
}

/// The OpenAPI document, as JSON.
pub fn document() -> String {
    routes().1.to_pretty_json().unwrap_or_default()
}

/// Creates the first key if the platform has none.
async fn first_key(service: &Arc<Service>) -> Result<Option<Secret>, StartError> {
    if !service.state().keys.is_empty() {
        return Ok(None);
    }
    let refused = |reason: String| StartError::Refused(format!("the first key cannot be made: {reason}"));
    let (key, secret) = Key::new("first", &Scope::ALL, None, None).map_err(|error| refused(error.to_string()))?;
    let plan = move |view: &crate::service::View| {
        // Another node may have been first.
        let changes = match view.state.keys.is_empty() {
            true => vec![Change::put(Kind::Key, &*key.key_id, &key)],
            false => Vec::new(),
        };
        let made = !changes.is_empty();
        Ok(Plan::new(changes, made))
    };
    let made = service.change(Author::itself("the first key"), plan).await.map_err(|fault| refused(fault.text))?;
    Ok(made.then_some(secret))
}
