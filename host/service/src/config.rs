//! The configuration: a TOML file in which every key has a default, overridden by environment variables.

mod health;
mod log;
mod modules;
mod numbering;
mod overlay;
mod policy;
mod printed;
mod reason;
mod registry;
mod tenant;

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use callsign::Compiler;
use callsign_private::{FileError, file as private_file};
pub use callsign_registry::Places;
use callsign_store_address::StoreAddress;
use serde::{Deserialize, Serialize};
use toml::Table;
use utoipa::ToSchema;

pub use self::health::Health;
pub use self::log::{Log, LogFormat, Promise, Recipients};
pub use self::modules::{ModulesConfig, SignatureRule};
pub use self::numbering::NumberingConfig;
pub use self::policy::PolicyLimits;
pub use self::registry::RegistryConfig;
pub use self::tenant::Tenant;
use crate::store::CatalogAddress;

/// The prefix of environment variables that override the configuration: `CALLSIGN_SERVE_LISTEN_ADDRESS` is `address` in
/// `[listen]`.
pub const ENVIRONMENT: &str = "CALLSIGN_SERVE_";

/// How the service runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The data folder, for every store without an address of its own. Created if missing.
    #[schema(value_type = String)]
    pub data: PathBuf,
    /// Where the service listens.
    pub listen: Listen,
    /// Where the platform is stored.
    pub catalog: CatalogConfig,
    /// Where pins are stored.
    pub sticky: Sticky,
    /// Limits on input and load.
    pub limits: Limits,
    /// The limits of every policy, the standard one included.
    pub policy: PolicyLimits,
    /// What modules must have to be taken in and to run.
    pub modules: ModulesConfig,
    /// From which OCI registries modules may come.
    pub registry: RegistryConfig,
    /// What each tenant may use. 0 means no limit, except for `together_percent`.
    pub tenant: Tenant,
    /// Rate limits of each key.
    pub rate: Rate,
    /// How the health of senders follows from delivery receipts.
    pub health: Health,
    /// What the operator knows of the world's numbers beyond this release.
    pub numbering: NumberingConfig,
    /// What is logged: lines on standard error, and decisions.
    pub log: Log,
    /// Where modules are compiled. Not part of the file: the program sets it. Default in this process, which has no limits for
    /// memory and processor time.
    #[serde(skip)]
    pub compiler: Compiler,
}

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Listen {
    /// Address and port. Port 0 takes any free port; the log says which.
    #[schema(value_type = String)]
    pub address: SocketAddr,
    /// Another address, for `/healthz`, `/readyz` and `/metrics` alone. It is served by a thread of its own, without
    /// TLS, so the load of the main one cannot block it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub probes: Option<SocketAddr>,
    /// A PEM file with the certificate chain. With `key` it makes the service use TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub certificate: Option<PathBuf>,
    /// A PEM file with the certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub key: Option<PathBuf>,
}

/// Where the platform is stored, and how long its audit log is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CatalogConfig {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE` for a fleet, or the path of a SQLite file. Empty: `catalog.sqlite`
    /// in the data folder.
    #[serde(with = "or_empty")]
    #[schema(value_type = String, default = "")]
    pub store: Option<CatalogAddress>,
    /// How many days the audit log goes back; 0 is no bound.
    pub audit_days: u64,
    /// How many revisions the audit log has at most; 0 is no bound.
    pub audit_revisions: u64,
}

/// Where pins are stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Sticky {
    /// `postgres://...`, `redis://...` or `rediss://...` for a fleet, or the path of a folder. Empty: `pins` in the data
    /// folder.
    #[serde(with = "or_empty")]
    #[schema(value_type = String, default = "")]
    pub store: Option<StoreAddress>,
    /// A file with the key that recipients are hashed with. Without it a folder uses a key of its own, and databases
    /// store plain numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub recipient_key: Option<PathBuf>,
}

/// Limits on input and load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of a request's body.
    pub body_bytes: usize,
    /// The most bytes of an uploaded module. Default 24 MiB: one written in Python has 18.
    pub module_bytes: usize,
    /// The most bytes of an import of senders, and of a whole catalog.
    pub import_bytes: usize,
    /// The most messages of a request for decisions.
    pub messages: usize,
    /// The most connections at a time. More wait in the system's queue.
    pub connections: usize,
    /// The most connections of one address at a time; of an IPv6 address, its network of 64 bits counts. More are
    /// closed at once. 0 is no limit, for a service behind a proxy.
    pub connections_per_address: usize,
    /// The most requests in progress at a time.
    pub requests: usize,
    /// The most requests that wait for their turn. More get 503 at once.
    pub waiting: usize,
    /// How long a request may wait for its turn before it gets 503.
    pub waiting_milliseconds: u64,
    /// The most bytes of all bodies in memory together, those that are still arriving included, and of what is pulled from
    /// registries. More get 503 at once.
    pub bodies_bytes: usize,
    /// How long a client may take to send the head of a request, and how long an idle connection stays open.
    pub head_seconds: u64,
    /// How long a client may take to send the body of a request.
    pub body_seconds: u64,
    /// How long a client may read nothing of an answer, events included, before its connection is closed.
    pub write_seconds: u64,
    /// How long a request may be in progress.
    pub request_seconds: u64,
    /// How long requests in progress may go on when the service shuts down.
    pub drain_seconds: u64,
    /// The most listeners for events at a time.
    pub listeners: usize,
    /// The most elements of the platform: applications, entities, senders, associations and strategies together.
    pub elements: usize,
    /// The most memory of the instances of all policies, running and idle together. Tenants together may have three
    /// quarters of it.
    pub instance_bytes: usize,
}

/// Rate limits of each key. 0 means no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Rate {
    /// Management requests per second.
    pub management_per_second: u32,
    /// How many management requests may come at once.
    pub management_burst: u32,
    /// Messages to decide per second.
    pub messages_per_second: u32,
    /// How many messages may come at once.
    pub messages_burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "callsign-data".into(),
            listen: Listen::default(),
            catalog: CatalogConfig::default(),
            sticky: Sticky::default(),
            limits: Limits::default(),
            policy: PolicyLimits::default(),
            modules: ModulesConfig::default(),
            registry: RegistryConfig::default(),
            tenant: Tenant::default(),
            rate: Rate::default(),
            health: Health::default(),
            numbering: NumberingConfig::default(),
            log: Log::default(),
            compiler: Compiler::default(),
        }
    }
}

impl Default for CatalogConfig {
    fn default() -> Self {
        Self { store: None, audit_days: 400, audit_revisions: 10_000_000 }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { address: SocketAddr::from(([127, 0, 0, 1], 8080)), probes: None, certificate: None, key: None }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            module_bytes: 24 << 20,
            import_bytes: 64 << 20,
            messages: 1_000,
            connections: 10_000,
            connections_per_address: 1_000,
            requests: 256,
            waiting: 1_024,
            waiting_milliseconds: 1_000,
            bodies_bytes: 256 << 20,
            head_seconds: 10,
            body_seconds: 30,
            write_seconds: 10,
            request_seconds: 60,
            drain_seconds: 20,
            listeners: 256,
            elements: 5_000_000,
            instance_bytes: 2 << 30,
        }
    }
}

impl Limits {
    /// The most bytes of any body.
    pub(crate) fn largest_body(&self) -> usize {
        self.largest_body_of_tenants().max(self.import_bytes)
    }

    /// The most bytes of a body of a tenant, which imports nothing.
    pub(crate) fn largest_body_of_tenants(&self) -> usize {
        self.body_bytes.max(self.module_bytes)
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { management_per_second: 1_000, management_burst: 2_000, messages_per_second: 0, messages_burst: 0 }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has a password, and others can read it.
    #[error("the configuration has a password: {0}")]
    Open(FileError),
    /// It is not TOML, or has unknown keys or invalid values. The reason has no value of it, which may be a password.
    #[error("the configuration is refused: {reason}")]
    Unsound {
        /// What, and where.
        reason: String,
    },
}

impl Config {
    /// Reads a file, if one is given, and applies the environment variables over it.
    ///
    /// # Errors
    /// The file cannot be read, or something in it or in the environment is invalid.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let unsound = |reason: String| ConfigError::Unsound { reason };
        let (text, opened) = match file {
            Some(path) => {
                let (text, opened) =
                    read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
                (text, Some((path, opened)))
            }
            None => (String::new(), None),
        };
        // Reading the text first gives errors with lines and columns.
        let parsed = toml::Deserializer::parse(&text).map_err(|error| unsound(reason::of_text(&text, &error, None)))?;
        let given: Self = serde_path_to_error::deserialize(parsed)
            .map_err(|error| unsound(reason::of_text(&text, error.inner(), Some(error.path()))))?;
        if let (Some((path, opened)), true) = (opened, given.has_secret()) {
            private_file::check_secret(path, &opened).map_err(ConfigError::Open)?;
        }
        // Every key that there is, and over it what the file says as it says it: what is printed has no passwords.
        let mut table = Table::try_from(Self::default()).map_err(|error| unsound(error.to_string()))?;
        let own: Table = toml::from_str(&text).map_err(|error| unsound(reason::of_text(&text, &error, None)))?;
        overlay::overlay(&mut table, own);
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix(ENVIRONMENT) {
                overlay::put(&mut table, key, &value).map_err(|reason| unsound(format!("{name}: {reason}")))?;
                // Checked after each variable, so that an error can name it.
                let read: Result<Self, toml::de::Error> = table.clone().try_into();
                read.map_err(|error| unsound(format!("{name}: {}", reason::of(&error, None))))?;
            }
        }
        let config: Self = table.try_into().map_err(|error: toml::de::Error| unsound(reason::of(&error, None)))?;
        config.check().map_err(unsound)?;
        Ok(config)
    }

    /// The configuration as a TOML file: every key with what it is, its default and its value, with `***` for passwords.
    pub fn to_toml(&self) -> String {
        printed::text(self)
    }

    /// Whether an address in it has a password.
    fn has_secret(&self) -> bool {
        self.catalog.store.as_ref().is_some_and(CatalogAddress::has_secret)
            || self.sticky.store.as_ref().is_some_and(StoreAddress::has_secret)
    }

    /// Checks ranges, and values that depend on each other.
    fn check(&self) -> Result<(), String> {
        if self.listen.certificate.is_some() != self.listen.key.is_some() {
            return Err("listen.certificate and listen.key belong together: give both, or neither".into());
        }
        let limits = &self.limits;
        let positive = [
            ("body_bytes", limits.body_bytes as u64),
            ("module_bytes", limits.module_bytes as u64),
            ("import_bytes", limits.import_bytes as u64),
            ("messages", limits.messages as u64),
            ("connections", limits.connections as u64),
            ("requests", limits.requests as u64),
            ("head_seconds", limits.head_seconds),
            ("body_seconds", limits.body_seconds),
            ("write_seconds", limits.write_seconds),
            ("request_seconds", limits.request_seconds),
            ("elements", limits.elements as u64),
            ("instance_bytes", limits.instance_bytes as u64),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(format!("limits.{name} is 0, and would allow nothing"));
        }
        let largest = limits.largest_body();
        if limits.bodies_bytes < largest {
            return Err(format!("limits.bodies_bytes is less than the largest single body, {largest}"));
        }
        self.policy.check()?;
        self.registry.check(limits)?;
        self.tenant.check(limits)?;
        self.health.check()?;
        self.log.check()?;
        if limits.messages > 100_000 {
            return Err("limits.messages is at most 100000".into());
        }
        for (per_second, burst, name) in [
            (self.rate.management_per_second, self.rate.management_burst, "management"),
            (self.rate.messages_per_second, self.rate.messages_burst, "messages"),
        ] {
            if per_second > 0 && burst == 0 {
                return Err(format!("rate.{name}_burst is 0, and would allow nothing"));
            }
        }
        Ok(())
    }

    /// The address of the catalog store.
    pub(crate) fn catalog_store(&self) -> CatalogAddress {
        let own = || CatalogAddress::Sqlite(self.data.join("catalog.sqlite"));
        self.catalog.store.clone().unwrap_or_else(own)
    }
}

/// An address, or an empty text for none.
mod or_empty {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        match text.is_empty() {
            true => Ok(None),
            false => text.parse().map(Some).map_err(serde::de::Error::custom),
        }
    }
}

/// Opens and reads a file. It is returned too: what is checked of it later is of the file that was read.
fn read(path: &Path) -> std::io::Result<(String, File)> {
    let mut file = File::open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((text, file))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = std::env::temp_dir().join(format!("callsign-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}.toml", text.len() + environment.len()));
        std::fs::write(&file, text).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, private).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&file), environment)
    }

    #[test]
    fn every_key_has_a_default_and_what_is_printed_is_read_again() {
        let default = load("", &[]).unwrap();
        assert_eq!(default, Config::default());
        assert_eq!(load(&default.to_toml(), &[]).unwrap(), default);
    }

    #[test]
    fn the_environment_is_above_the_file() {
        let variables = [
            ("CALLSIGN_SERVE_LISTEN_ADDRESS", "127.0.0.1:1"),
            ("CALLSIGN_SERVE_LIMITS_BODY_BYTES", "7"),
            ("HOME", "x"),
        ];
        let config = load("[limits]\nbody_bytes = 5\nwaiting = 6", &variables).unwrap();
        assert_eq!((config.listen.address.port(), config.limits.body_bytes, config.limits.waiting), (1, 7, 6));
        let key = load("", &[("CALLSIGN_SERVE_STICKY_RECIPIENT_KEY", "/k")]).unwrap();
        assert_eq!(key.sticky.recipient_key, Some("/k".into()));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (text, variables, reason) in [
            ("[limits]\nbodybytes = 5", &[][..], "line 2"),
            ("limits = 5", &[], "line 1"),
            ("[limits]\nmessages = 0", &[], "limits.messages"),
            ("[listen]\ncertificate = \"c.pem\"", &[], "belong together"),
            ("[rate]\nmessages_per_second = 5", &[], "messages_burst"),
            ("", &[("CALLSIGN_SERVE_LIMIT_BODY", "5")], "CALLSIGN_SERVE_LIMIT_BODY"),
            ("", &[("CALLSIGN_SERVE_LIMITS_BODY_BYTES", "x")], "whole number"),
            ("", &[("CALLSIGN_SERVE_LISTEN_ADDRESS", "x")], "address"),
        ] {
            let error = load(text, variables).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn passwords_are_not_printed_and_stay_what_they_are() {
        for store in ["postgres://me:secret@db/x", "postgres://db/x?password=secret&user=me"] {
            let config = load(&format!("[catalog]\nstore = \"{store}\""), &[]).unwrap();
            assert!(config.to_toml().contains("postgres://me:***@db/x"), "{}", config.to_toml());
            assert!(!format!("{config:?}").contains("secret"), "{config:?}");
            let Some(CatalogAddress::Postgres(address)) = config.catalog.store else { panic!("another store") };
            assert_eq!(address.password().unwrap().expose(), "secret");
        }
    }
}
