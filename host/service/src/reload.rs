//! A configuration that is taken over while the service runs: at SIGHUP.
//!
//! Limits, rates and the certificate can be exchanged. What else differs is told, and needs a restart. A configuration with a
//! fault changes nothing.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio_rustls::TlsAcceptor;
use toml::{Table, Value};

use crate::config::{Config, ConfigError};
use crate::http::{Guard, tls};
use crate::service::{Bodies, Service, StartError};

/// Keys of `[limits]` that are used up at the start: how many connections and listeners there are.
const AT_START: [&str; 2] = ["limits.connections", "limits.listeners"];

/// Tables and keys that are exchanged.
const EXCHANGED: [&str; 5] = ["limits.", "rate.", "log.level", "listen.certificate", "listen.key"];

/// What a reload changed, by the names of keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// Keys whose new values are in use.
    pub changed: Vec<String>,
    /// Keys whose new values need a restart.
    pub needs_restart: Vec<String>,
    /// Whether the certificate was read again.
    pub certificate: bool,
}

/// Why a configuration is not taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// It cannot be read, or has a fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Certificate(#[from] StartError),
}

/// Takes configurations over. It stays valid as long as the service runs.
#[derive(Clone)]
pub struct Reloader {
    service: Arc<Service>,
    guard: Arc<Guard>,
    tls: Option<Arc<ArcSwap<TlsAcceptor>>>,
    /// What is in use.
    current: Arc<Mutex<Config>>,
}

impl Reloader {
    pub(crate) fn new(service: Arc<Service>, guard: Arc<Guard>, tls: Option<Arc<ArcSwap<TlsAcceptor>>>) -> Self {
        let current = Arc::new(Mutex::new(service.config.clone()));
        Self { service, guard, tls, current }
    }

    /// Takes a configuration over. The caller exchanges `log.level`, which belongs to the process.
    ///
    /// # Errors
    /// The certificate or its key cannot be used; then nothing is changed.
    pub fn reload(&self, config: &Config) -> Result<Reloaded, ReloadError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reloaded = Reloaded::default();
        for key in differing(&table(&current), &table(config)) {
            let exchanged = EXCHANGED.iter().any(|prefix| key.starts_with(prefix)) && !AT_START.contains(&&*key);
            // TLS is spoken or not from the start on.
            let exchanged = exchanged && (!key.starts_with("listen.") || self.speaks_tls_as(config));
            if exchanged { &mut reloaded.changed } else { &mut reloaded.needs_restart }.push(key);
        }
        // First what can fail.
        if let (Some(tls), Some(certificate), Some(key)) = (&self.tls, &config.listen.certificate, &config.listen.key) {
            tls.store(Arc::new(tls::acceptor(certificate, key)?));
            reloaded.certificate = true;
            current.listen.certificate = Some(certificate.clone());
            current.listen.key = Some(key.clone());
        }
        let mut limits = config.limits.clone();
        limits.connections = current.limits.connections;
        limits.listeners = current.limits.listeners;
        current.limits = limits.clone();
        current.rate = config.rate.clone();
        current.log.level.clone_from(&config.log.level);
        self.service.tenants.set_process_memory(limits.instance_bytes);
        self.service.limits.store(Arc::new(limits));
        self.service.bodies.store(Arc::new(Bodies::new(&current)));
        self.guard.reload(&current);
        Ok(reloaded)
    }

    fn speaks_tls_as(&self, config: &Config) -> bool {
        self.tls.is_some() == config.listen.certificate.is_some()
    }
}

fn table(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

/// The keys whose values differ, such as `limits.requests`.
fn differing(one: &Table, other: &Table) -> Vec<String> {
    let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut differing = Vec::new();
    for key in keys {
        match (one.get(key), other.get(key)) {
            (Some(Value::Table(one)), Some(Value::Table(other))) => {
                differing.extend(self::differing(one, other).into_iter().map(|inner| format!("{key}.{inner}")));
            }
            (one, other) if one != other => differing.push(key.clone()),
            _ => {}
        }
    }
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_by_its_key() {
        let (one, mut other) = (Config::default(), Config::default());
        other.limits.requests = 7;
        other.listen.probes = Some(([127, 0, 0, 1], 1).into());
        other.data = "elsewhere".into();
        assert_eq!(differing(&table(&one), &table(&other)), ["data", "limits.requests", "listen.probes"]);
        assert!(differing(&table(&one), &table(&one)).is_empty());
    }
}
