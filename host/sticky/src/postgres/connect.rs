//! Addresses, connections, and what their errors mean.

use std::fmt::Write as _;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin as Pinned;
use std::time::Duration;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::error::{OpenError, StickyError};
use crate::retry::Attempt;

/// What is set for each connection, where the server knows it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    settings: Vec<(&'static str, String)>,
}

impl Session {
    /// Connections for decisions: their statements look keys up, so one plan serves any arguments, and no plan that was
    /// made when a table was small may read the whole of it later.
    pub(super) fn of_decisions(schema: &str, attempt: Duration) -> Self {
        let mut session = Self::new(schema, attempt);
        session.settings.push(("plan_cache_mode", "force_generic_plan".into()));
        for way in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
            session.settings.push((way, "off".into()));
        }
        session
    }

    /// Connections for everything else: each statement is planned for its arguments.
    pub(super) fn of_background(schema: &str, attempt: Duration) -> Self {
        let mut session = Self::new(schema, attempt);
        session.settings.push(("plan_cache_mode", "force_custom_plan".into()));
        session
    }

    fn new(schema: &str, attempt: Duration) -> Self {
        let settings = vec![
            ("search_path", schema.into()),
            // What is not waited for any more shall not happen later.
            ("statement_timeout", attempt.as_millis().max(1).to_string()),
            ("default_transaction_isolation", "read committed".into()),
            ("jit", "off".into()),
        ];
        Self { settings }
    }

    /// In one round trip. Names that the server does not know are passed over; a commit that is not waited for is.
    async fn begin(&self, client: &Client) -> Result<(), Error> {
        let mut sql = String::from("SELECT set_config(s.name, v.value, false) FROM (VALUES ");
        for (name, value) in &self.settings {
            let _ = write!(sql, "('{name}', '{value}'), ");
        }
        sql.push_str(
            "('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' \
             ELSE current_setting('synchronous_commit') END)) AS v (name, value) JOIN pg_settings s ON s.name = v.name",
        );
        client.batch_execute(&sql).await
    }
}

/// The configuration of an address.
pub(super) fn parse(address: &str, connect_timeout: Duration) -> Result<Config, OpenError> {
    // An error of the parser may repeat what it could not read, passwords too; it names the option only.
    let mut config: Config =
        address.trim().parse().map_err(|error: Error| OpenError::Address { reason: describe(&error) })?;
    let wrong = |reason: &str| Err(OpenError::Address { reason: reason.into() });
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return wrong("it names no host: postgres://USER:PASSWORD@HOST:PORT/DATABASE");
    }
    if config.get_ssl_mode() == SslMode::Require {
        return wrong(
            "sslmode=require, and this version speaks to PostgreSQL without TLS only: leave it out on loopback or a \
             network that is trusted, or put a TLS proxy (stunnel, pgbouncer) beside this process",
        );
    }
    config.ssl_mode(SslMode::Disable);
    // Of several hosts the one that writes; a standby may lag behind, so pins are never read from one.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.connect_timeout(connect_timeout).keepalives_idle(Duration::from_secs(30));
    if config.get_application_name().is_none() {
        config.application_name("callsign");
    }
    Ok(config)
}

/// Where a configuration leads to, without its password.
pub(super) fn place(config: &Config) -> String {
    let mut place = String::from("postgres://");
    if let Some(user) = config.get_user() {
        let _ = write!(place, "{user}@");
    }
    let named = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addressed = config.get_hostaddrs().iter().map(ToString::to_string);
    let hosts: Vec<String> = if config.get_hosts().is_empty() { addressed.collect() } else { named.collect() };
    for (index, host) in hosts.iter().enumerate() {
        let port = config.get_ports().get(index).or(config.get_ports().first()).copied().unwrap_or(5432);
        let _ = write!(place, "{}{host}:{port}", if index > 0 { "," } else { "" });
    }
    if let Some(database) = config.get_dbname() {
        let _ = write!(place, "/{database}");
    }
    place
}

impl Connect for Session {
    fn connect(
        &self,
        config: &Config,
    ) -> Pinned<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(NoTls).await?;
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    log::debug!("a connection to PostgreSQL ended: {}", describe(&error));
                }
            });
            // Also where this attempt is given up meanwhile: without its client the connection ends by itself.
            self.begin(&client).await?;
            Ok((client, task))
        })
    }
}

/// So many connections at most, opened when they are needed.
pub(super) fn pool(config: &Config, session: Session, connections: usize) -> Result<Pool, OpenError> {
    let manager =
        Manager::from_connect(config.clone(), session, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    // Waiting for a connection is a part of an attempt, which has its own end.
    Pool::builder(manager)
        .max_size(connections.max(1))
        .build()
        .map_err(|error| OpenError::Address { reason: error.to_string() })
}

/// A connection that goes back to its pool only when its answers were read to the end: behind an answer that is still
/// under way the next one would wait.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn of(pool: &Pool) -> Result<Self, PoolError> {
        Ok(Self(Some(pool.get().await?)))
    }

    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Deref for Lease {
    type Target = Object;

    fn deref(&self) -> &Object {
        // Taken by `done` and `drop` only, after which there is no lease.
        #[allow(clippy::expect_used, reason = "see above")]
        self.0.as_ref().expect("a lease that is not done")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Object {
        #[allow(clippy::expect_used, reason = "see above")]
        self.0.as_mut().expect("a lease that is not done")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// What an error means for the call.
pub(super) fn classify<T>(error: &PoolError) -> Attempt<T> {
    let reason = match error {
        PoolError::Backend(error) => describe(error),
        error => error.to_string(),
    };
    let error = match error {
        PoolError::Backend(error) => error,
        _ => return Attempt::Retry(StickyError::new(reason)),
    };
    if error.code().is_none_or(worth_another_try) {
        Attempt::Retry(StickyError::new(reason))
    } else {
        Attempt::Failed(StickyError::new(reason))
    }
}

/// Whether an error of the server may be gone at the next try. Errors of the connection have no code and always may.
fn worth_another_try(code: &SqlState) -> bool {
    let class = &code.code()[..2];
    // Connection exceptions; rolled back for others' sake (deadlock, serialization); no resources, too many connections;
    // locks; shutting down, starting up, timed out.
    matches!(class, "08" | "40" | "53" | "55" | "57")
        // Became a standby; a prepared statement that a proxy or a migration took away.
        || [&SqlState::READ_ONLY_SQL_TRANSACTION, &SqlState::INVALID_SQL_STATEMENT_NAME].contains(&code)
        || *code == SqlState::FEATURE_NOT_SUPPORTED
}

/// Whether the server says that it did not do what it was asked. It says so with a code, and all but the end of the
/// connection (class 57, 08) come before a commit.
pub(super) fn was_refused(error: &PoolError) -> bool {
    let PoolError::Backend(error) = error else { return false };
    error.code().is_some_and(|code| !matches!(&code.code()[..2], "08" | "57"))
}

/// An error with its cause, in one line.
pub(super) fn describe(error: &Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
