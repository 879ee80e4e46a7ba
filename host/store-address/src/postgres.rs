//! Addresses of PostgreSQL: a URL, or the keywords and values of libpq.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use callsign_private::Secret;

use crate::error::AddressError;
use crate::text::{self, check_host, decode, encode, encode_value, host, host_and_port};
use crate::tls::{SslMode, Tls, TlsOptions};

/// The form of an address.
pub(crate) const FORM: &str = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/// The form of keywords.
const KEYWORDS: &str = "host=HOST port=PORT user=USER password='PASSWORD' dbname=DATABASE";

/// The options beside those that an address has fields for.
const OPTIONS: [&str; 13] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// All of them, for messages.
const KNOWN: &str = "host, hostaddr, port, user, password, dbname, sslmode, sslrootcert, sslcert, sslkey, sslnegotiation, \
                     channel_binding, application_name, connect_timeout, tcp_user_timeout, keepalives, keepalives_idle, \
                     keepalives_interval, keepalives_retries, target_session_attrs, load_balance_hosts, options and prepare";

/// A PostgreSQL database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE`, or `host=HOST user=USER ...`. Of several
/// hosts (`HOST:PORT,HOST:PORT`) the first that will do is used. [`Tls`] is asked for by `sslmode` and the options that
/// belong to it; the default is `prefer`, as in libpq. `prepare=false` is for a pooler between client and server, see
/// [`prepares`](Self::prepares).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    hosts: Vec<String>,
    /// One for all hosts, or one for each; none is 5432.
    ports: Vec<u16>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    /// Further options, with names of `OPTIONS`.
    options: Vec<(&'static str, String)>,
    unprepared: bool,
    tls: Tls,
}

/// Whether a text begins as keywords of libpq do.
pub(crate) fn is_keywords(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    })
}

/// What is known of an address while it is read.
#[derive(Default)]
struct Parts {
    hosts: Vec<String>,
    ports: Vec<u16>,
    user: Option<String>,
    password: Option<Secret>,
    database: Option<String>,
    options: Vec<(&'static str, String)>,
    unprepared: bool,
    tls: TlsOptions,
}

impl Parts {
    fn option(&mut self, name: &str, value: &str) -> Result<(), AddressError> {
        match name {
            "host" => {
                for name in value.split(',') {
                    check_host(name)?;
                    self.hosts.push(name.to_owned());
                }
            }
            "port" => {
                for port in value.split(',') {
                    self.ports.push(if port.is_empty() { 5432 } else { text::port(port)? });
                }
            }
            "user" => self.user = Some(value.to_owned()),
            "password" => self.password = Some(Secret::new(value)),
            "dbname" => self.database = Some(value.to_owned()),
            "prepare" => {
                self.unprepared = match value {
                    "true" => false,
                    "false" => true,
                    _ => return Err(AddressError::Value { option: "prepare", expected: "true or false" }),
                };
            }
            name => {
                if self.tls.take(name, value)? {
                    return Ok(());
                }
                let known = OPTIONS.into_iter().find(|known| *known == name);
                let name = known.ok_or(AddressError::Option { known: KNOWN })?;
                self.options.push((name, value.to_owned()));
            }
        }
        Ok(())
    }

    fn finish(mut self, expected: &'static str) -> Result<PostgresAddress, AddressError> {
        let addresses = self.options.iter().find(|(name, _)| *name == "hostaddr");
        if let (true, Some((_, addresses))) = (self.hosts.is_empty(), addresses) {
            // TLS checks the name that is given; here it is the address.
            self.hosts = addresses.split(',').map(str::to_owned).collect();
            self.hosts.iter().try_for_each(|name| check_host(name))?;
        }
        if self.hosts.is_empty() {
            return Err(AddressError::NoHost { expected });
        }
        if self.ports.len() > 1 && self.ports.len() != self.hosts.len() {
            return Err(AddressError::Options("there are neither as many ports as hosts nor one for all"));
        }
        // libpq ignores `sslmode` there: nobody listens on a socket of this machine.
        let is_local = self.hosts.iter().all(|host| host.starts_with('/'));
        let mut tls = self.tls.tls(SslMode::Prefer)?;
        if is_local {
            tls.mode = SslMode::Disable;
        }
        let address = PostgresAddress {
            hosts: self.hosts,
            ports: self.ports,
            user: self.user,
            password: self.password,
            database: self.database.filter(|name| !name.is_empty()),
            options: self.options,
            unprepared: self.unprepared,
            tls,
        };
        // The values that only the client knows.
        #[cfg(feature = "postgres")]
        address.client()?;
        Ok(address)
    }
}

impl PostgresAddress {
    /// Parses what follows `postgres://`.
    pub(crate) fn from_url(text: &str) -> Result<Self, AddressError> {
        let (head, query) = text.split_once('?').unwrap_or((text, ""));
        let mut parts = Parts::default();
        let (login, rest) = match head.split_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, head),
        };
        if let Some(login) = login {
            let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
            parts.user = Some(decode(user)?).filter(|user| !user.is_empty());
            parts.password = password.map(decode).transpose()?.map(Secret::new);
        }
        let (hosts, database) = rest.split_once('/').map_or((rest, None), |(hosts, name)| (hosts, Some(name)));
        parts.database = database.map(decode).transpose()?;
        let mut ports = Vec::new();
        for part in hosts.split(',').filter(|_| !hosts.is_empty()) {
            let (host, port) = host_and_port(part)?;
            parts.hosts.push(host);
            ports.push(port);
        }
        if ports.iter().any(Option::is_some) {
            parts.ports = ports.into_iter().map(|port| port.unwrap_or(5432)).collect();
        }
        for option in query.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').ok_or(AddressError::Malformed { expected: FORM })?;
            parts.option(&decode(name)?, &decode(value)?)?;
        }
        parts.finish(FORM)
    }

    /// Parses `keyword=value` pairs. A value with a space is in quotes, and `\` stands before a quote or a `\`.
    pub(crate) fn from_keywords(text: &str) -> Result<Self, AddressError> {
        let (mut parts, mut rest) = (Parts::default(), text.chars().peekable());
        while let Some((name, value)) = pair(&mut rest).ok_or(AddressError::Malformed { expected: KEYWORDS })? {
            parts.option(&name, &value)?;
        }
        parts.finish(KEYWORDS)
    }

    /// The hosts that it names.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The password.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Whether and how connections are encrypted.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Whether a session of the client is one of the server: true unless the address says `prepare=false`. Through a pooler
    /// that lends its connections for a transaction at a time, such as PgBouncer with `pool_mode = transaction`, it is
    /// not: what one client prepares or sets, another one finds, and none is told by `NOTIFY`.
    pub fn prepares(&self) -> bool {
        !self.unprepared
    }

    /// Server and database, for messages: `postgres://USER@HOST:PORT/DATABASE`.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = (self.hosts.iter().enumerate())
            .map(|(at, name)| format!("{}:{}", host(name), self.port(at).unwrap_or(5432)))
            .collect();
        let user = self.user.as_ref().map_or(String::new(), |user| format!("{}@", encode(user)));
        let database = self.database.as_ref().map_or(String::new(), |name| format!("/{}", encode(name)));
        format!("postgres://{user}{}{database}", hosts.join(","))
    }

    fn port(&self, host: usize) -> Option<u16> {
        self.ports.get(host).or(self.ports.first()).copied()
    }
}

/// The next keyword and its value. `Some(None)` at the end, `None` if the text is malformed.
fn pair(rest: &mut Peekable<Chars<'_>>) -> Option<Option<(String, String)>> {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    if rest.peek().is_none() {
        return Some(None);
    }
    let mut name = String::new();
    while let Some(c) = rest.next_if(|c| *c != '=') {
        name.push(c);
    }
    rest.next_if_eq(&'=')?;
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
    let is_quoted = rest.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match rest.next() {
            Some('\'') if is_quoted => break,
            None if is_quoted => return None,
            None => break,
            Some(c) if !is_quoted && c.is_whitespace() => break,
            Some('\\') => value.push(rest.next()?),
            Some(c) => value.push(c),
        }
    }
    Some(Some((name.trim_end().to_owned(), value)))
}

/// The whole address as a URL, with `***` for the password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if self.user.is_some() || self.password.is_some() {
            write!(f, "{}", encode(self.user.as_deref().unwrap_or_default()))?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        for (at, name) in self.hosts.iter().enumerate() {
            write!(f, "{}{}", if at > 0 { "," } else { "" }, host(name))?;
            if let Some(port) = self.port(at) {
                write!(f, ":{port}")?;
            }
        }
        if let Some(database) = &self.database {
            write!(f, "/{}", encode(database))?;
        }
        let mut mark = self.tls.write_options(f, SslMode::Prefer, '?')?;
        for (name, value) in &self.options {
            write!(f, "{mark}{name}={}", encode_value(value))?;
            mark = '&';
        }
        if self.unprepared {
            write!(f, "{mark}prepare=false")?;
        }
        Ok(())
    }
}

#[cfg(feature = "postgres")]
mod client {
    use tokio_postgres::Config;
    use tokio_postgres::config::SslMode as Encryption;
    use tokio_postgres_rustls::MakeRustlsConnect;

    use super::PostgresAddress;
    use crate::error::AddressError;
    use crate::tls::{SslMode, TlsError};

    impl PostgresAddress {
        /// The settings of the client.
        ///
        /// # Errors
        /// An option has a value that the client does not know. An address that was parsed has none.
        pub fn client(&self) -> Result<Config, AddressError> {
            // The client sets these options from text only: each alone first, so that an error can name it.
            let text =
                |option: &str, value: &str| format!("{option}='{}' ", value.replace('\\', "\\\\").replace('\'', "\\'"));
            for (option, value) in &self.options {
                let wrong = |_| AddressError::Value { option, expected: "" };
                text(option, value).parse::<Config>().map_err(wrong)?;
            }
            let all: String = self.options.iter().map(|(option, value)| text(option, value)).collect();
            let wrong = |_| AddressError::Options("its options do not go together");
            let mut config: Config = all.parse().map_err(wrong)?;
            for host in &self.hosts {
                config.host(host);
            }
            for port in &self.ports {
                config.port(*port);
            }
            if let Some(user) = &self.user {
                config.user(user);
            }
            if let Some(password) = &self.password {
                config.password(password.expose());
            }
            if let Some(database) = &self.database {
                config.dbname(database);
            }
            config.ssl_mode(match self.tls.mode {
                SslMode::Disable => Encryption::Disable,
                SslMode::Prefer => Encryption::Prefer,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Encryption::Require,
            });
            Ok(config)
        }

        /// What encrypts its connections. Reads the files that the address names.
        ///
        /// # Errors
        /// A file cannot be read, is too open, or is not what it should be.
        pub fn connector(&self) -> Result<MakeRustlsConnect, TlsError> {
            // PostgreSQL 17 asks for this name when a connection begins with TLS; others ignore it.
            Ok(MakeRustlsConnect::new(self.tls.client(&[b"postgresql"])?))
        }
    }
}
