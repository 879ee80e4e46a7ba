//! Connections, and which of their errors are worth a retry.

use std::fmt::Write as _;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin as Pinned;
use std::time::Duration;

use callsign_store_address::PostgresAddress;
use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{OpenError, StickyError};
use crate::retry::Attempt;

/// How a connection begins: its encryption, and the settings as far as the server knows them.
#[derive(Clone)]
pub(super) struct Session {
    tls: MakeRustlsConnect,
    /// Whether the settings last as long as the connection; else each transaction begins with them.
    lasts: bool,
    settings: Vec<(&'static str, String)>,
}

impl Session {
    /// Connections for reads and writes of pins. Their statements look up keys, so one plan serves all arguments.
    /// Sequential scans are off: a plan made while a table is small must not read the whole table later.
    pub(super) fn of_decisions(server: &Server, schema: &str, attempt: Duration) -> Self {
        let mut session = Self::new(server, schema, attempt);
        session.settings.push(("plan_cache_mode", "force_generic_plan".into()));
        for way in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
            session.settings.push((way, "off".into()));
        }
        session
    }

    /// Connections for listings and the background, where each statement is planned for its arguments.
    pub(super) fn of_background(server: &Server, schema: &str, attempt: Duration) -> Self {
        let mut session = Self::new(server, schema, attempt);
        session.settings.push(("plan_cache_mode", "force_custom_plan".into()));
        session
    }

    fn new(server: &Server, schema: &str, attempt: Duration) -> Self {
        let settings = vec![
            ("search_path", schema.into()),
            // A statement that we stopped waiting for must not take effect later.
            ("statement_timeout", attempt.as_millis().max(1).to_string()),
            ("default_transaction_isolation", "read committed".into()),
            ("jit", "off".into()),
        ];
        Self { tls: server.tls.clone(), lasts: server.prepares, settings }
    }

    /// The statement that applies the settings. Those that the server does not know are skipped, and `synchronous_commit`
    /// is raised from `off` to `on`.
    fn apply(&self) -> String {
        let mut sql = String::from("SELECT set_config(s.name, v.value, ");
        sql.push_str(if self.lasts { "false" } else { "true" });
        sql.push_str(") FROM (VALUES ");
        for (name, value) in &self.settings {
            let _ = write!(sql, "('{name}', '{value}'), ");
        }
        sql.push_str(
            "('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' \
             ELSE current_setting('synchronous_commit') END)) AS v (name, value) JOIN pg_settings s ON s.name = v.name",
        );
        sql
    }

    /// What begins a transaction.
    fn begin(&self) -> String {
        if self.lasts { "BEGIN".into() } else { format!("BEGIN; {}", self.apply()) }
    }
}

/// The settings of connections to an address.
pub(super) fn config(address: &PostgresAddress, connect_timeout: Duration) -> Result<Config, OpenError> {
    let mut config = address.client()?;
    // Of several hosts the primary: a standby may lag behind, so pins are never read from one.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.connect_timeout(connect_timeout).keepalives_idle(Duration::from_secs(30));
    if config.get_application_name().is_none() {
        config.application_name("callsign");
    }
    Ok(config)
}

/// How a server is spoken to.
#[derive(Clone)]
pub(super) struct Server {
    /// What encrypts connections.
    pub(super) tls: MakeRustlsConnect,
    /// Whether a session of the client is one of the server.
    prepares: bool,
}

impl Server {
    pub(super) fn of(address: &PostgresAddress) -> Result<Self, OpenError> {
        let tls = address
            .connector()
            .map_err(|error| OpenError::Tls { place: address.place(), reason: error.to_string() })?;
        Ok(Self { tls, prepares: address.prepares() })
    }
}

impl Connect for Session {
    fn connect(
        &self,
        config: &Config,
    ) -> Pinned<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    log::debug!("a connection to PostgreSQL ended: {}", describe(&error));
                }
            });
            // If the attempt is given up here, the client is dropped and the connection ends.
            if self.lasts {
                client.batch_execute(&self.apply()).await?;
            }
            Ok((client, task))
        })
    }
}

/// Connections with the same settings.
pub(super) struct Connections {
    pool: Pool,
    /// What begins a transaction.
    pub(super) begin: String,
    /// Whether statements may be prepared and run without a transaction around them.
    pub(super) prepares: bool,
}

/// At most this many connections, which are opened when they are needed.
pub(super) fn connections(config: &Config, session: Session, connections: usize) -> Result<Connections, OpenError> {
    let (begin, prepares) = (session.begin(), session.lasts);
    let manager =
        Manager::from_connect(config.clone(), session, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    // No time-out for waiting: it counts towards the attempt, which has one.
    let pool = Pool::builder(manager)
        .max_size(connections.max(1))
        .build()
        .map_err(|error| OpenError::Address { reason: error.to_string() })?;
    Ok(Connections { pool, begin, prepares })
}

/// A connection that goes back to its pool only after all its answers were read. Otherwise it is closed: the next user
/// would have to wait for the rest of the answers.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn of(connections: &Connections) -> Result<Self, PoolError> {
        Ok(Self(Some(connections.pool.get().await?)))
    }

    pub(super) fn done(mut self) {
        self.0 = None;
    }
}

impl Deref for Lease {
    type Target = Object;

    fn deref(&self) -> &Object {
        // `None` only in `done` and `drop`, which end the lease.
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

/// Decides whether another attempt may succeed after an error.
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

/// Whether another attempt may succeed after this error of the server. Errors of the connection have no code.
fn worth_another_try(code: &SqlState) -> bool {
    let class = &code.code()[..2];
    // 08: connection lost. 40: deadlock or serialization. 53: out of resources or connections. 55: locks. 57: shutdown,
    // start-up, time-out.
    matches!(class, "08" | "40" | "53" | "55" | "57")
        // The server became a standby; a proxy or a migration invalidated a prepared statement.
        || [&SqlState::READ_ONLY_SQL_TRANSACTION, &SqlState::INVALID_SQL_STATEMENT_NAME].contains(&code)
        || *code == SqlState::FEATURE_NOT_SUPPORTED
}

/// Whether the server certainly did nothing. An error with a code comes before the commit, except those that end the
/// connection (classes 08 and 57).
pub(super) fn was_refused(error: &PoolError) -> bool {
    let PoolError::Backend(error) = error else { return false };
    error.code().is_some_and(|code| !matches!(&code.code()[..2], "08" | "57"))
}

/// An error and its causes in one line.
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
