//! Addresses of Redis and Valkey.

use std::fmt;

use callsign_private::Secret;

use crate::error::AddressError;
use crate::text::{decode, encode, host, host_and_port};
use crate::tls::{SslMode, Tls, TlsOptions};

/// The form of an address.
pub(crate) const FORM: &str = "redis://USER:PASSWORD@HOST:PORT,HOST:PORT, or rediss:// for TLS";

/// The port of a server that names none.
const PORT: u16 = 6379;

/// The servers of a Redis or Valkey Cluster: `redis://USER:PASSWORD@HOST:PORT,HOST:PORT`. Any of them will do; the others are
/// found through them. `rediss://` encrypts, and takes `?sslrootcert=FILE` and the other options of [`Tls`]. The host is
/// checked (`sslmode=verify-full`) unless the address says `verify-ca` or `require`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    hosts: Vec<(String, u16)>,
    user: Option<String>,
    password: Option<Secret>,
    tls: Option<Tls>,
}

impl RedisAddress {
    /// Parses what follows the scheme.
    pub(crate) fn parse(text: &str, encrypted: bool) -> Result<Self, AddressError> {
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, query),
            None => (text, ""),
        };
        // The last @: names of hosts have none, and passwords may.
        let (login, hosts) = match text.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, text),
        };
        // Two logins, of the form that had one before each host.
        if login.is_some_and(|login| login.contains('@')) {
            return Err(AddressError::Host);
        }
        let (hosts, database) = hosts.split_once('/').unwrap_or((hosts, ""));
        if !matches!(database, "" | "0") {
            return Err(AddressError::Options("a cluster has only database 0: leave out what follows the hosts"));
        }
        let parts = hosts.split([',', ' ']).filter(|part| !part.is_empty());
        let hosts = parts.map(|part| host_and_port(part).map(|(host, port)| (host, port.unwrap_or(PORT))));
        let hosts: Vec<_> = hosts.collect::<Result<_, _>>()?;
        if hosts.is_empty() {
            return Err(AddressError::NoHost { expected: FORM });
        }
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            None => (None, None),
            Some((user, password)) => (Some(decode(user)?), Some(decode(password)?)),
        };
        let mut options = TlsOptions::default();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or(AddressError::Malformed { expected: FORM })?;
            if !options.take(name, &decode(value)?)? {
                return Err(AddressError::Option { known: "sslmode, sslrootcert, sslcert and sslkey, with rediss://" });
            }
        }
        let tls = match (encrypted, options.is_empty()) {
            (false, true) => None,
            (false, false) => return Err(AddressError::Options("options of TLS need rediss://")),
            (true, _) => Some(options.tls(SslMode::VerifyFull)?),
        };
        if tls.as_ref().is_some_and(|tls| matches!(tls.mode, SslMode::Disable | SslMode::Prefer)) {
            let expected = ": expected require, verify-ca or verify-full; redis:// is without TLS";
            return Err(AddressError::Value { option: "sslmode", expected });
        }
        Ok(Self {
            hosts,
            user: user.filter(|user| !user.is_empty()),
            password: password.filter(|password| !password.is_empty()).map(Secret::new),
            tls,
        })
    }

    /// The servers that it names, with their ports.
    pub fn hosts(&self) -> &[(String, u16)] {
        &self.hosts
    }

    /// The user; `None` is the default user.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// How connections are encrypted; `None` if they are not.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The servers, for messages: `redis://HOST:PORT,HOST:PORT`.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|(name, port)| format!("{}:{port}", host(name))).collect();
        format!("{}://{}", if self.tls.is_some() { "rediss" } else { "redis" }, hosts.join(","))
    }
}

/// The whole address, with `***` for the password.
impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let (scheme, hosts) = place.split_once("://").unwrap_or_default();
        write!(f, "{scheme}://")?;
        match (&self.user, &self.password) {
            (None, None) => {}
            (user, password) => {
                write!(f, "{}", encode(user.as_deref().unwrap_or_default()))?;
                if let Some(password) = password {
                    write!(f, ":{password}")?;
                }
                f.write_str("@")?;
            }
        }
        f.write_str(hosts)?;
        if let Some(tls) = &self.tls {
            tls.write_options(f, SslMode::VerifyFull, '?')?;
        }
        Ok(())
    }
}
